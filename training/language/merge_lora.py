"""A LoRA added into the weights of its base model: a plain transformers folder that any program loads.

Projector and prompt learner are no part of a transformers model; they are written beside it, in ``anomaly_assistant``.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import torch

from assistant.config import LanguageConfig, load_preset
from assistant.language.models.hub_parts import new_vlm_parts
from assistant.language.models.lora import load_lora
from assistant.language.models.mini_parts import base_folder, base_record, check_base, load_base, token_id
from assistant.vision.checkpoint import Card
from training.runs.trained_parts import base_of, lora_parts, read_card


def merge_parts(run: Path, out: Path, preset: str | None = None, dtype: torch.dtype = torch.bfloat16) -> Path:
    """Write the merged model.

    Args:
        run: run folder, or folder of language parts.
        out: folder, empty or absent.
        preset: whose language model; that of the run when None.
        dtype: of the written weights; adding is done in float32.

    Returns:
        The folder.

    Raises:
        ConfigError: no LoRA there, a folder in use, or a preset without such a model.
        WeightsError: a LoRA of another base model.
    """
    parts = lora_parts(run, out)
    language = load_preset(preset or base_of(run))[0].language
    model, words = _base(language, parts)
    load_lora(model, parts)
    model.to(dtype).save_pretrained(out)
    words.save_pretrained(out)
    beside = out / "anomaly_assistant"
    beside.mkdir()
    for path in parts.iterdir():
        if path.suffix in (".safetensors", ".json") and not path.name.startswith("adapter_"):
            shutil.copyfile(path, beside / path.name)
    return out


def checked_folder(language: LanguageConfig, card: Card) -> Path:
    """Folder of a base model that is not of a hub, whose weights are those that the parts were trained on.

    Raises:
        WeightsError: others, or none.
    """
    folder, digest = base_folder(language)
    check_base({"weights": card.towers.get(Path(language.name).name)}, {"weights": digest})
    return folder


def _base(language: LanguageConfig, parts: Path) -> tuple[Any, Any]:
    """The base model in float32, not quantised, with its tokenizer or processor, checked against the card of the parts."""
    card = read_card(parts)
    if language.kind == "hub":
        plain = language.model_copy(update={"quantization": "none"})
        found = new_vlm_parts(plain, torch.float32, device=torch.device("cpu"))
        check_base(card.base or {"weights": ""}, found.base)
        return found.model, found.processor
    folder = checked_folder(language, card)
    model, words = load_base(folder, torch.float32)
    ids = tuple(token_id(words, text) for text in (language.image_token, language.anomaly_token))
    check_base(card.base, base_record(words, ids))
    return model, words
