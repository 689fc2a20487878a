"""Stages ``align`` and ``instruct`` from a recipe to a folder of language parts: read, train, keep the best, save."""

from __future__ import annotations

import hashlib
import random
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from safetensors.torch import load_file

from assistant.checkpoint import Card
from assistant.clip import load_clip
from assistant.config import Preset, load_preset
from assistant.errors import DataSetError
from assistant.language_parts import LanguageParts, add_lora, load_parts, lora_parameters, new_parts, save_parts
from training.language import LanguageStage
from training.language_data import CONVERSATIONS, EVIDENCE, Sample, read_language_set, read_replay, read_tensors
from training.loop import LoopConfig, run

if TYPE_CHECKING:
    from training.train import LanguageRecipe


def run_language(recipe: LanguageRecipe, resume: bool, command: str) -> None:
    """Train the language parts of a recipe and write ``out/checkpoint``; the card tells the ``command``."""
    preset, _ = load_preset(recipe.preset)
    samples = some(
        [s for folder in recipe.data.sets for s in read_language_set(folder)], recipe.data.limit, recipe.loop.seed
    )
    if not any(s.validation for s in samples):
        raise DataSetError("conversations for validation", "none", "raise the limit or build more pictures")
    replay = read_replay(recipe.data.replay) if recipe.data.replay else []
    parts = start_parts(recipe, preset, samples)
    stage = LanguageStage(
        parts, samples, replay, recipe.data, recipe.batch_size, recipe.loop.mixed_precision, recipe.lora.rate
    )
    done = run(stage, LoopConfig(**recipe.loop.model_dump()), recipe.out, resume)
    stage.module.load_state_dict(load_file(recipe.out / "best.safetensors"))
    metrics = stage.validate()
    card = Card(
        preset=preset.name,
        towers=parts.towers,
        command=command,
        recipe=recipe.model_dump(mode="json"),
        data=[_digest(folder) for folder in recipe.data.sets],
        scores=metrics,
        history=done.history or [],
    )
    save_parts(recipe.out / "checkpoint", parts, card)
    print({name: round(value, 4) for name, value in metrics.items()})


def some(samples: list[Sample], limit: int | None, seed: int) -> list[Sample]:
    """At most ``limit`` samples: all those of a picture, of pictures in random order."""
    of: dict[Path | None, list[Sample]] = {}
    for sample in samples:
        of.setdefault(sample.tensors, []).append(sample)
    pictures = list(of.values())
    random.Random(seed).shuffle(pictures)
    return [sample for picture in pictures for sample in picture][:limit]


def start_parts(recipe: LanguageRecipe, preset: Preset, samples: list[Sample]) -> LanguageParts:
    """Parts to train: untrained or of an earlier run, with a LoRA for ``instruct``, on the machine's accelerator."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    dtype = torch.bfloat16 if recipe.loop.mixed_precision == "bf16" else torch.float32
    first = next(s.tensors for s in samples if s.tensors is not None)
    block_width = read_tensors(first)[1].shape[1]
    towers = load_clip(preset.tower, torch.float32, torch.device("cpu")).hashes
    torch.manual_seed(recipe.loop.seed)
    if recipe.start is not None:
        parts = load_parts(recipe.start, preset.language, block_width, towers, dtype, merge=False)
    else:
        parts = new_parts(preset.language, block_width, towers, dtype, recipe.loop.seed)
    if recipe.stage == "instruct" and not lora_parameters(parts.model):
        add_lora(parts.model, recipe.lora.rank, recipe.lora.alpha, recipe.loop.seed)
    parts.model.to(device)
    parts.projector.to(device)
    parts.prompt_learner.to(device)
    if recipe.checkpointing:
        parts.model.activation_checkpointing_enable({"use_reentrant": False})
        parts.model.train()  # in evaluation mode nothing is checkpointed; the model has no dropout
    return parts


def _digest(folder: Path) -> str:
    """SHA-256 of a language set's words: which set it was."""
    return hashlib.sha256((folder / EVIDENCE).read_bytes() + (folder / CONVERSATIONS).read_bytes()).hexdigest()
