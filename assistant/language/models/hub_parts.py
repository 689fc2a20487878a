"""A transformers image-text-to-text model with what we train on it: prompt learner and LoRA. Made, saved, loaded, quantised.

The model comes from a hub by name or from a folder in the same layout. Only safetensors are read and no code that comes with a
model is run. Trained parts record a digest of the model's files, its chat template and the placeholder; others are refused.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from assistant.config import LanguageConfig
from assistant.errors import ConfigError, WeightsError
from assistant.language.models.hub_inputs import end_of_turn
from assistant.language.models.lora import half, load_lora, save_lora
from assistant.language.models.mini_parts import CARD, PROMPTS, base_record, check_base
from assistant.language.tokens.chat_template import ChatFormat, Renderer
from assistant.language.tokens.prompt_learner import PromptLearner
from assistant.vision.checkpoint import Card

PLACEHOLDERS = ("<|repo_name|>", "<|file_sep|>", "<repo_name>", "<file_sep>")
"""Tokens of known vocabularies that no conversation uses, tried after the preset's own."""
NOT_QUANTIZED = [r"(?:.*\.)?(?:lm_head|visual|vision_tower|vision_model|multi_modal_projector|connector|image_newline)"]
"""Regular expressions of what stays as it is: the head, the vision tower and what joins it to the language model."""
SAMPLES, SAMPLE_BYTES = 64, 4096
"""Pieces of a weights file that its digest reads: minutes would pass over every byte of a large model."""


@dataclass(frozen=True, eq=False)
class VlmParts:
    """A model that sees for itself and is also shown the map.

    Args:
        model: image-text-to-text model, frozen but for a LoRA.
        processor: its own.
        renderer: of its conversations.
        prompt_learner: maps to prompt embeddings.
        anomaly_id: placeholder token.
        weights: digest of the model's files.
    """

    model: Any
    processor: Any
    renderer: Renderer
    prompt_learner: PromptLearner
    anomaly_id: int
    weights: str

    @property
    def tokenizer(self) -> Any:
        """Of the processor."""
        return self.processor.tokenizer

    @property
    def towers(self) -> dict[str, str]:
        """What the parts belong to."""
        return {"language": self.weights}

    @property
    def base(self) -> dict[str, Any]:
        """What trained parts hang on."""
        return base_record(self.processor, (self.anomaly_id,), self.weights)


def load_vlm(
    config: LanguageConfig, dtype: torch.dtype | None = None, device: torch.device | None = None, sees: bool = True
) -> tuple[Any, Any]:
    """Model and processor of a preset, frozen, in evaluation mode; the tokenizer in place of a processor of words alone.

    Args:
        config: of the preset; ``name`` is that of a hub or a folder.
        dtype: of the weights that are not quantised; as saved when None.
        device: a GPU when there is one.
        sees: whether it is a model of pictures and words; a causal one otherwise.

    Raises:
        WeightsError: a model that cannot be had, is incomplete, or is of another kind.
    """
    from transformers import AutoModelForCausalLM, AutoModelForImageTextToText, AutoProcessor, AutoTokenizer

    where = device or torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        processor: Any = (AutoProcessor if sees else AutoTokenizer).from_pretrained(config.name)
        made: Any = (AutoModelForImageTextToText if sees else AutoModelForCausalLM).from_pretrained(
            config.name, dtype=dtype or "auto", use_safetensors=True, output_loading_info=True,
            **_quantization(config, where), **_attention(where),
        )  # fmt: skip
    except Exception as error:  # transformers raises many kinds for a folder with something wrong in it
        raise _unusable(config, error) from error
    if sees and not (hasattr(processor, "image_processor") and hasattr(processor, "tokenizer")):
        raise WeightsError(f"a processor of pictures and words in {config.name}", type(processor).__name__, _MEND)
    model, missing = made[0], sorted(made[1]["missing_keys"])
    if missing:
        raise WeightsError(f"every tensor of {config.name}", f"{len(missing)} missing, first {missing[0]}", _MEND)
    if config.quantization == "none":
        model.to(where)
    return model.requires_grad_(False).eval(), processor


_MEND = "fetch the model again or check the preset's `language.name`"


def _unusable(config: LanguageConfig, error: Exception) -> WeightsError:
    lines = [line for line in str(error).splitlines() if line.strip()]
    return WeightsError(
        f"a language model in safetensors, {config.name}", (lines or [type(error).__name__])[0][:200], _MEND
    )


def _attention(device: torch.device) -> dict[str, Any]:
    if device.type == "cuda" and find_spec("flash_attn"):
        return {"attn_implementation": "flash_attention_2"}
    return {}


def _quantization(config: LanguageConfig, device: torch.device) -> dict[str, Any]:
    """Options of ``from_pretrained``; the language model is quantised, the vision tower is not.

    Raises:
        WeightsError: without the package bitsandbytes.
    """
    if config.quantization == "none":
        return {}
    if find_spec("bitsandbytes") is None:
        raise WeightsError(
            f"the package bitsandbytes for {config.quantization}", "none", "pip install 'anomaly-assistant[quantized]'"
        )
    from transformers import BitsAndBytesConfig

    chosen: Any = (
        BitsAndBytesConfig(load_in_8bit=True, llm_int8_skip_modules=NOT_QUANTIZED)
        if config.quantization == "int8"
        else BitsAndBytesConfig(
            load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=torch.bfloat16,
            bnb_4bit_use_double_quant=True, llm_int8_skip_modules=NOT_QUANTIZED,
        )
    )  # fmt: skip
    return {"quantization_config": chosen, "device_map": {"": device}}


def new_vlm_parts(
    config: LanguageConfig, dtype: torch.dtype | None = None, seed: int = 0, device: torch.device | None = None
) -> VlmParts:
    """Untrained parts on a preset's model.

    Raises:
        WeightsError: a model that cannot be had.
        ConfigError: a vocabulary without a token to spare, or a chat template that cannot be followed.
    """
    model, processor = load_vlm(config, dtype, device)
    learner = PromptLearner.from_language_model(model, processor.tokenizer, seed=seed).to(model.device)
    try:
        renderer = Renderer(processor.tokenizer, ChatFormat.of(processor, end_of_turn(processor)))
    except (ValueError, TypeError, KeyError) as error:  # of transformers and of the template itself
        raise _unusable(config, error) from error
    return VlmParts(model, processor, renderer, learner, placeholder(config, model, processor), digest(config.name))


def placeholder(config: LanguageConfig, model: Any, processor: Any) -> int:
    """A token that no conversation uses: the preset's, one of :data:`PLACEHOLDERS`, or a row beyond the vocabulary.

    Raises:
        ConfigError: none of these.
    """
    vocabulary: dict[str, int] = processor.tokenizer.get_vocab()
    for text in (config.anomaly_token, *PLACEHOLDERS):
        if text in vocabulary:
            return vocabulary[text]
    rows = int(model.get_input_embeddings().weight.shape[0])
    if rows > max(vocabulary.values()) + 1:
        return rows - 1
    raise ConfigError("a placeholder that is one token of the vocabulary", config.anomaly_token, "name another")


def digest(name: str) -> str:
    """SHA-256 over the names, sizes, headers and evenly spaced pieces of a model's safetensors files.

    Raises:
        WeightsError: no such files.
    """
    folder = Path(name)
    if not folder.is_dir():
        from huggingface_hub import snapshot_download

        folder = Path(snapshot_download(name, allow_patterns=["*.safetensors"], local_files_only=True))
    whole = hashlib.sha256()
    files = sorted(folder.glob("*.safetensors"))
    if not files:
        raise WeightsError(f"safetensors files of {name}", "none", _MEND)
    for path in files:
        size = path.stat().st_size
        whole.update(f"{path.name} {size}".encode())
        with path.open("rb") as file:
            head = int.from_bytes(file.read(8), "little")
            whole.update(file.read(min(head, size)))
            for number in range(SAMPLES):
                file.seek(min(size, 8 + head + (size - head - 8) * number // SAMPLES))
                whole.update(file.read(SAMPLE_BYTES))
    return whole.hexdigest()


def save_vlm_parts(folder: Path, parts: VlmParts, card: Card) -> None:
    """Write what was trained; floating point tensors in half precision."""
    folder.mkdir(parents=True, exist_ok=True)
    save_file({k: half(v) for k, v in parts.prompt_learner.state_dict().items()}, folder / PROMPTS)
    save_lora(folder, parts.model)
    (folder / CARD).write_text(json.dumps(asdict(replace(card, base=parts.base)), indent=1) + "\n")


def load_vlm_parts(
    folder: Path,
    config: LanguageConfig,
    dtype: torch.dtype | None = None,
    device: torch.device | None = None,
    merge: bool = False,
) -> VlmParts:
    """Trained parts on a preset's model.

    Args:
        folder: written by :func:`save_vlm_parts`.
        config: of the preset.
        dtype: of the weights that are not quantised; as saved when None.
        device: a GPU when there is one.
        merge: add the LoRA into the weights, which is faster, where they are not quantised; else it stays apart.

    Raises:
        WeightsError: missing or damaged files, or parts of another model, template or placeholder.
    """
    try:
        card = json.loads((folder / CARD).read_text())
        state = load_file(folder / PROMPTS)
    except (OSError, json.JSONDecodeError, SafetensorError) as error:
        what = f"{PROMPTS} and {CARD} in {folder.name}"
        raise WeightsError(what, str(error).splitlines()[0], "train or install again") from error
    parts = new_vlm_parts(config, dtype, device=device)
    check_base(card.get("base") or {"weights": ""}, parts.base)
    load_lora(parts.model, folder, merge and config.quantization == "none")
    parts.model.requires_grad_(False).eval()
    width = parts.model.get_input_embeddings().weight.shape[1]
    return replace(parts, prompt_learner=PromptLearner.from_state(state, width).to(parts.model.device))
