"""Stages ``align`` and ``instruct`` from a recipe to language parts and a preset: read, train, keep the best, save."""

from __future__ import annotations

import hashlib
import logging
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from safetensors.torch import load_file

from assistant.config import Preset, load_preset
from assistant.errors import DataSetError
from assistant.language.models.hub_parts import save_vlm_parts
from assistant.language.models.lora import add_lora, lora_parameters
from assistant.language.models.mini_parts import LanguageParts, load_parts, new_parts, save_parts
from assistant.towers.clip import load_clip
from assistant.vision.checkpoint import Card
from training.language.data import (
    CONVERSATIONS,
    EVIDENCE,
    Corpus,
    LanguageSample,
    fault_of,
    read_language_set,
    read_replay,
    read_tensors,
    require_few,
)
from training.language.mini_stage import MiniStage
from training.language.packing import use_plain_attention
from training.language.sets import ConversationStream, open_conversations
from training.runs.cards import notes_on
from training.runs.clock import Clock
from training.runs.continuation import identity_of, require_folder
from training.runs.folder import BEST
from training.runs.loop import run
from training.runs.processes import processes
from training.runs.record import RunMaterial
from training.runs.recorded_run import run_recorded
from training.runs.streaming import Source
from training.runs.trained_parts import hash_of_parts, start_of

_LOG = logging.getLogger(__name__)

if TYPE_CHECKING:
    from training.runs.recipe import Call, LanguageRecipe


@dataclass(frozen=True, eq=False)
class LanguageWork:
    """What a run of the stage stands on.

    Args:
        recipe: as run.
        preset: of the recipe.
        stage: what is trained.
        towers: what the parts belong to.
        save: writes the trained parts and their card into a folder.
        reload: puts the trained parts of a folder into a stage of their own, as another process would.
        clock: where the time goes.
        start: ``sha256:…`` of the trained parts it begins with; empty for none.
    """

    recipe: LanguageRecipe
    preset: Preset
    stage: Any
    towers: dict[str, str]
    save: Callable[[Path, Card], None]
    reload: Callable[[Path], Any]
    clock: Clock
    start: str = ""


def run_language(recipe: LanguageRecipe, call: Call) -> None:
    """Train the language parts of a recipe, write ``out/checkpoint`` and ``out/preset``; the card tells the command.

    Raises:
        ConfigError: a folder with another run, or with one that is not to be resumed; nothing in it has changed.
    """
    processes()
    stream = open_conversations(recipe) if recipe.data.streaming else None
    samples, faults = read_samples(recipe) if stream is None else (stream.held, stream.faults)
    data = {str(folder): digest_of(folder) for folder in recipe.data.sets}
    if recipe.data.replay is not None and recipe.data.replay.is_file():
        data[str(recipe.data.replay)] = hashlib.sha256(recipe.data.replay.read_bytes()).hexdigest()
    identity = identity_of(recipe, data)
    require_folder(recipe, identity, call.resume)
    counts = counts_of(samples) if stream is None else stream.counts
    run_recorded(
        recipe, call, identity, RunMaterial(counts, faults),
        lambda: open_language(recipe, samples, stream), lambda work: train_language(work, call),
    )  # fmt: skip


def read_samples(recipe: LanguageRecipe) -> tuple[list[LanguageSample], list[str]]:
    """Conversations of the recipe's sets, shuffled by picture, up to the limit; and those left out, with the reason.

    Raises:
        DataSetError: sets that cannot be read, nothing to train or validate on, or more than a tenth bad.
    """
    every = [s for folder in recipe.data.sets for s in read_language_set(folder)]
    there = {path: path.is_file() for path in {s.tensors for s in every} if path is not None}
    samples, faults = list[LanguageSample](), list[str]()
    for sample in every:
        reason = fault_of(sample, sample.tensors is None or there[sample.tensors])
        if reason is None:
            samples.append(sample)
        else:
            faults.append(reason)
    require_few(faults, len(every))
    samples = some(samples, recipe.data.limit, recipe.loop.seed)
    if not any(s.validation for s in samples):
        raise DataSetError("conversations for validation", "none", "raise the limit or build more pictures")
    if all(s.validation for s in samples):
        raise DataSetError("conversations to train on", "none", "raise the limit or build more pictures")
    return samples, faults


def counts_of(samples: list[LanguageSample]) -> dict[str, Any]:
    """Conversations and pictures a split."""
    split = {True: "validation", False: "train"}
    return {
        "conversations": dict(Counter(split[s.validation] for s in samples)),
        "pictures": dict(Counter(split[v] for v in {s.tensors: s.validation for s in samples}.values())),
    }


def open_language(
    recipe: LanguageRecipe, samples: list[LanguageSample], stream: ConversationStream | None = None
) -> LanguageWork:
    """The stage of a recipe.

    Args:
        recipe: of the run.
        samples: of both splits; for validation alone where the others are streamed.
        stream: of the conversations to train on; None where ``samples`` has them.

    Raises:
        ConfigError, WeightsError: a preset, model or trained parts that cannot be had.
    """
    preset, folder = load_preset(recipe.preset)
    corpus = Corpus(samples, read_replay(recipe.data.replay) if recipe.data.replay else [])
    start = None if recipe.start is None else start_of(recipe.start, folder, preset.language.parts)
    hub = preset.language.kind == "hub"

    def parts_from(trained: Path | None) -> Any:
        if not hub:
            return start_parts(recipe, preset, samples, trained)
        from training.language.hub_stage import require_pictures, start_vlm

        require_pictures(samples, random.Random(0))
        return start_vlm(recipe, preset, trained)

    def stage_of(parts: Any) -> Any:
        from training.language.hub_stage import VlmStage

        kind = VlmStage if hub else MiniStage
        bits = recipe.loop.mixed_precision
        return kind(parts, corpus, recipe.data, recipe.batch_size, bits, recipe.lora.rate)

    def save(out: Path, card: Card) -> None:
        (save_vlm_parts if hub else save_parts)(out, parts, card)

    parts = parts_from(start)
    stage = stage_of(parts)
    stage.trained = start is not None
    if stream is not None:
        stage.source = source_of(stream, recipe, stage)
    began = "" if start is None else hash_of_parts(start)
    return LanguageWork(recipe, preset, stage, parts.towers, save, lambda f: stage_of(parts_from(f)), Clock(), began)


def source_of(stream: ConversationStream, recipe: LanguageRecipe, stage: Any) -> Source[Any]:
    """What a stage streams: conversations of a window, planned as those of an epoch are."""
    return stream.source(
        recipe, lambda drawn, rng: stage.planned(stream.samples(drawn), rng), stage.together, stage.replayed
    )


def train_language(work: LanguageWork, call: Call) -> Card | None:
    """Train and save; the card of what was made, None in all processes but the first."""
    recipe, stage = work.recipe, work.stage
    done = run(stage, recipe.loop, recipe.out, call.resume, work.clock)
    processes().wait_for_everyone()
    if not processes().is_main_process:
        return None
    stage.module.load_state_dict(load_file(recipe.out / BEST))
    metrics = stage.validate()
    before = {k: v for k, v in done.history[0].items() if k in metrics} if stage.trained else {}
    card = Card(
        preset=work.preset.name,
        towers=work.towers,
        command=call.command,
        recipe=recipe.model_dump(mode="json"),
        data=[digest_of(folder) for folder in recipe.data.sets],
        scores=metrics,
        history=done.history,
        before=before,
        notes=notes_on(before, metrics),
        start=work.start,
    )
    work.save(recipe.out / "checkpoint", card)
    _LOG.info("%s", {name: round(value, 4) for name, value in metrics.items()})
    return card


def some(samples: list[LanguageSample], limit: int | None, seed: int) -> list[LanguageSample]:
    """At most ``limit`` samples: all those of a picture, of pictures in random order."""
    of: dict[Path | None, list[LanguageSample]] = {}
    for sample in samples:
        of.setdefault(sample.tensors, []).append(sample)
    pictures = list(of.values())
    random.Random(seed).shuffle(pictures)
    return [sample for picture in pictures for sample in picture][:limit]


def start_parts(
    recipe: LanguageRecipe, preset: Preset, samples: list[LanguageSample], start: Path | None
) -> LanguageParts:
    """Parts to train: untrained or of an earlier run, with a LoRA for ``instruct``, on the machine's accelerator."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    dtype = torch.bfloat16 if recipe.loop.mixed_precision == "bf16" else torch.float32
    first = next(s.tensors for s in samples if s.tensors is not None)
    block_width = read_tensors(first)[1].shape[1]
    towers = load_clip(preset.tower, torch.float32, torch.device("cpu")).hashes
    torch.manual_seed(recipe.loop.seed)
    if start is not None:
        parts = load_parts(start, preset.language, block_width, towers, dtype, merge=False)
    else:
        parts = new_parts(preset.language, block_width, towers, dtype, recipe.loop.seed)
    if recipe.stage == "instruct" and not lora_parameters(parts.model):
        add_lora(parts.model, recipe.lora.rank, recipe.lora.alpha, recipe.loop.seed)
    parts.model.to(device)
    parts.projector.to(device)
    parts.prompt_learner.to(device)
    if device.type == "cpu" and dtype == torch.bfloat16:
        use_plain_attention(parts.model)
    if recipe.checkpointing:
        parts.model.activation_checkpointing_enable({"use_reentrant": False})
        parts.model.train()  # in evaluation mode nothing is checkpointed; the model has no dropout
    return parts


def digest_of(folder: Path) -> str:
    """SHA-256 of a language set's words: which set it was."""
    digest = hashlib.sha256()
    for name in (EVIDENCE, CONVERSATIONS):
        with (folder / name).open("rb") as file:
            while block := file.read(2**20):
                digest.update(block)
    return digest.hexdigest()
