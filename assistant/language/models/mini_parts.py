"""A causal language model with what we train around it: projector, prompt learner, LoRA. Made, saved, loaded, injected.

A folder of trained parts holds ``projector.safetensors``, ``prompt_learner.safetensors``, the LoRA in PEFT's own layout
(``adapter_model.safetensors``, ``adapter_config.json``; absent when none was trained) and ``card.json``, which records the
towers they were trained on. Other towers are refused.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from assistant.config import LanguageConfig
from assistant.errors import ConfigError, WeightsError
from assistant.language.models.lora import half, load_lora, save_lora
from assistant.language.tokens.chat_template import Renderer, Slots
from assistant.language.tokens.injection import inject
from assistant.language.tokens.projector import IMAGE_TOKENS, Projector
from assistant.language.tokens.prompt_learner import PROMPT_TOKENS, PromptLearner, spread
from assistant.vision.checkpoint import Card

PROJECTOR, PROMPTS, CARD = "projector.safetensors", "prompt_learner.safetensors", "card.json"


@dataclass(frozen=True, eq=False)
class LanguageParts:
    """A language model that can be shown pictures and maps.

    Args:
        model: causal language model.
        tokenizer: its own.
        renderer: of its conversations.
        projector: pooled blocks to image tokens.
        prompt_learner: maps to prompt embeddings.
        image_id, anomaly_id: placeholder tokens.
        towers: name to SHA-256 of what the parts belong to.
    """

    model: Any
    tokenizer: Any
    renderer: Renderer
    projector: Projector
    prompt_learner: PromptLearner
    image_id: int
    anomaly_id: int
    towers: dict[str, str]

    def slots(self, anomaly: bool = True) -> Slots:
        """Placeholders of a picture, and of its map when told."""
        return Slots((self.image_id,) * IMAGE_TOKENS, (self.anomaly_id,) * PROMPT_TOKENS if anomaly else ())

    @contextmanager
    def shown(self, images: Tensor | Sequence[Tensor], prompts: Tensor | Sequence[Tensor]) -> Iterator[None]:
        """Run the model with image tokens and prompt embeddings in place; a tensor of no rows where a sample has none."""
        with inject(self.model, self.image_id, images), inject(self.model, self.anomaly_id, prompts):
            yield

    @property
    def base(self) -> dict[str, Any]:
        """What trained parts hang on beside the weights; see :func:`base_record`."""
        return base_record(self.tokenizer, (self.image_id, self.anomaly_id))

    @property
    def reserved(self) -> list[int]:
        """Tokens that are never to be written in an answer."""
        return [self.image_id, self.anomaly_id]


def base_record(tokenizer: Any, placeholders: Sequence[int], weights: str | None = None) -> dict[str, Any]:
    """What trained parts hang on: the chat template, the placeholder tokens, and the weights where no tower's hash names them.

    Args:
        tokenizer: or processor.
        placeholders: ids.
        weights: digest of the base model's files.
    """
    words = getattr(tokenizer, "tokenizer", tokenizer)
    template = getattr(tokenizer, "chat_template", None) or getattr(words, "chat_template", None) or ""
    text = template if isinstance(template, str) else json.dumps(template, sort_keys=True)
    record: dict[str, Any] = {
        "chat_template": hashlib.sha256(text.encode()).hexdigest(),
        "placeholders": {str(words.convert_ids_to_tokens(i)): i for i in placeholders},
    }
    return record if weights is None else record | {"weights": weights}


def check_base(recorded: dict[str, Any], found: dict[str, Any]) -> None:
    """Refuse parts of another base; parts that record none are let through.

    Raises:
        WeightsError: names what differs.
    """
    for name, value in found.items():
        if recorded and recorded.get(name) != value:
            told = name.replace("_", " ")
            raise WeightsError(
                f"parts made for a base model with this {told} ({_short(value)})", _short(recorded.get(name)),
                "load them with the model they were trained on, or train them anew",
            )  # fmt: skip


def _short(value: Any) -> str:
    return value[:12] if isinstance(value, str) else str(value)


def base_folder(config: LanguageConfig) -> tuple[Path, str]:
    """Where the base model of a preset lies, and the SHA-256 of its published weights.

    Raises:
        WeightsError: a base that cannot be had.
        ConfigError: a preset without a causal base model.
    """
    if config.kind == "embedded":
        from assistant.towers.weights import tower_hash, tower_path

        return tower_path(config.name), tower_hash(config.name)
    if config.kind == "local":
        file = Path(config.name) / "model.safetensors"
        if not file.is_file():
            raise WeightsError(f"a language model in {config.name}", "no model.safetensors", "check the preset")
        return file.parent, hashlib.sha256(file.read_bytes()).hexdigest()
    raise ConfigError("a preset with a causal language model", f"kind {config.kind}", "choose another preset")


def load_base(folder: Path, dtype: torch.dtype) -> tuple[Any, Any]:
    """Model and tokenizer of a folder, frozen, in evaluation mode.

    Raises:
        WeightsError: files that cannot be read.
    """
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils import logging

    bars = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        model: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=dtype, local_files_only=True)
    except (OSError, ValueError) as error:
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise WeightsError(
            f"a language model in {folder}", first, "fetch it: anomaly-assistant weights fetch"
        ) from error
    finally:
        if bars:
            logging.enable_progress_bar()
    return model.requires_grad_(False).eval(), tokenizer


def new_parts(
    config: LanguageConfig, block_width: int, towers: dict[str, str], dtype: torch.dtype = torch.float32, seed: int = 0
) -> LanguageParts:
    """Untrained parts around a preset's base model.

    Args:
        config: of the preset.
        block_width: four times the width of the visual encoder's patch tokens.
        towers: name to SHA-256 of the visual encoder's files.
        dtype: of the base model.
        seed: of everything random.
    """
    folder, digest = base_folder(config)
    model, tokenizer = load_base(folder, dtype)
    table = model.get_input_embeddings().weight.detach()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        projector = Projector(block_width, table.shape[1], spread(table))
    learner = PromptLearner.from_language_model(model, tokenizer, seed=seed)
    image_id, anomaly_id = (token_id(tokenizer, text) for text in (config.image_token, config.anomaly_token))
    known = {**towers, Path(config.name).name: digest}
    return LanguageParts(model, tokenizer, Renderer(tokenizer), projector, learner, image_id, anomaly_id, known)


def token_id(tokenizer: Any, text: str) -> int:
    """Id of a text that is one token of the vocabulary.

    Raises:
        ConfigError: it is several, or none.
    """
    ids = tokenizer(text, add_special_tokens=False).input_ids
    if len(ids) != 1:
        raise ConfigError("a placeholder that is one token of the vocabulary", text, "name another in the preset")
    return int(ids[0])


def save_parts(folder: Path, parts: LanguageParts, card: Card) -> None:
    """Write what was trained; floating point tensors in half precision."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, module in ((PROJECTOR, parts.projector), (PROMPTS, parts.prompt_learner)):
        save_file({k: half(v) for k, v in module.state_dict().items()}, folder / name)
    save_lora(folder, parts.model)
    (folder / CARD).write_text(json.dumps(asdict(replace(card, base=parts.base)), indent=1) + "\n")


def load_parts(
    folder: Path,
    config: LanguageConfig,
    block_width: int,
    towers: dict[str, str],
    dtype: torch.dtype,
    merge: bool = True,
) -> LanguageParts:
    """Trained parts around a preset's base model.

    Args:
        folder: written by :func:`save_parts`.
        config: of the preset.
        block_width: four times the width of the visual encoder's patch tokens.
        towers: name to SHA-256 of the visual encoder's files.
        dtype: of the model that runs.
        merge: add the LoRA into the base weights (in float32), which is faster; else keep it apart, for more training.

    Raises:
        WeightsError: missing or damaged files, other shapes, or parts trained on other towers.
    """
    parts = new_parts(config, block_width, towers, torch.float32 if merge else dtype)
    try:
        card = json.loads((folder / CARD).read_text())
        projector, prompts = load_file(folder / PROJECTOR), load_file(folder / PROMPTS)
    except (OSError, json.JSONDecodeError, SafetensorError) as error:
        what = f"{PROJECTOR}, {PROMPTS} and {CARD} in {folder.name}"
        raise WeightsError(what, str(error).splitlines()[0], "train or install again") from error
    if card.get("towers") != parts.towers:
        raise WeightsError(
            "language parts made for these towers", f"parts made for {card.get('towers')}", "train them anew"
        )
    check_base(card.get("base") or {}, parts.base)
    width = parts.prompt_learner.width
    load_lora(parts.model, folder, merge)
    if merge:
        parts.model.to(dtype).requires_grad_(False).eval()
    return LanguageParts(
        parts.model, parts.tokenizer, parts.renderer, Projector.from_state(projector, block_width, width),
        PromptLearner.from_state(prompts, width), parts.image_id, parts.anomaly_id, parts.towers,
    )  # fmt: skip
