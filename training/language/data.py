"""Language sets on disk as frozen samples: conversations, evidence text, maps and pooled blocks of pictures; and replay.

A language set is a folder of :mod:`training.predict` (``evidence.jsonl``, a safetensors file a picture) with the
``conversations.jsonl`` of :mod:`data_builders.dialogues` beside them, joined by index. One picture in twenty is for validation.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from torch import Tensor

from assistant.errors import DataSetError

EVIDENCE, CONVERSATIONS, INSPECTIONS = "evidence.jsonl", "conversations.jsonl", "inspections.jsonl"
VALIDATION_EVERY = 20
SORTED_TOGETHER = 32
"""Batches that are sorted by length together: enough to pad little, few enough to stay random."""

ALIKE = 4
"""Batches of like length that follow each other, so that processes wait little for each other."""


@dataclass(frozen=True)
class LanguageSample:
    """One conversation to learn from.

    Args:
        messages: ``{role, content}``, user and assistant in turn.
        tensors: file with ``map`` (48, 48) and ``image_tokens`` (64, block_width); None for replay.
        evidence: the facts in words; empty for replay.
        score: calibrated image score, [0, 1].
        ended: the last answer is whole, so its end is to be learned.
        validation: for validation only.
        picture: the picture itself, for models that see for themselves.
    """

    messages: tuple[dict[str, str], ...]
    tensors: Path | None
    evidence: str
    score: float
    ended: bool = True
    validation: bool = False
    picture: Path | None = None


@dataclass(frozen=True)
class Corpus:
    """Conversations of both splits: on pictures, and general ones of the base model's own to replay."""

    samples: Sequence[LanguageSample]
    replay: Sequence[LanguageSample] = ()


@dataclass(frozen=True)
class SamplePlan:
    """Samples of one picture, or of replay, and how they are shown: with evidence text, with prompt embeddings."""

    samples: tuple[LanguageSample, ...]
    text: bool
    embeddings: bool

    @property
    def picture(self) -> LanguageSample | None:
        """A sample of the picture; None for replay."""
        return self.samples[0] if self.samples[0].tensors is not None else None

    @property
    def length(self) -> int:
        """Characters, roughly what they cost together."""
        said = sum(len(m["content"]) for s in self.samples for m in s.messages)
        one = self.picture
        return said + (300 if one else 0) + (len(one.evidence) if one and self.text else 0)


def read_jsonl(path: Path) -> list[dict[str, Any]]:
    """Rows of a JSON Lines file.

    Raises:
        DataSetError: missing, or a line that is no JSON object.
    """
    if not path.is_file():
        raise DataSetError(f"a file {path.name}", f"none in {path.parent}", "make it first")
    lines = path.read_text(encoding="utf-8").rstrip("\n").split("\n")
    return [json_row(line, f"line {number} of {path.name}") for number, line in enumerate(lines, 1)]


def json_row(line: str | bytes, told: str) -> dict[str, Any]:
    """A line as a JSON object; ``told`` says which it is where it is none.

    Raises:
        DataSetError: no JSON object.
    """
    try:
        row = json.loads(line)
    except ValueError as error:
        raise DataSetError("a JSON object a line", told, "make it again") from error
    if not isinstance(row, dict):
        raise DataSetError("a JSON object a line", told, "make it again")
    return row


def read_language_set(folder: Path) -> list[LanguageSample]:
    """Samples of a language set, a conversation each, by index.

    Raises:
        DataSetError: missing files or fields, or conversations of pictures that are not in the set.
    """
    known = {row["index"]: row for row in read_jsonl(folder / EVIDENCE)}
    samples = []
    for number, row in enumerate(read_jsonl(folder / CONVERSATIONS), 1):
        samples += samples_of_row(folder, row, known.get(row.get("index")), f"line {number} of {CONVERSATIONS}")
    if not samples:
        raise DataSetError("at least one conversation", f"none in {folder.name}", "make it again")
    return samples


def samples_of_row(
    folder: Path, row: Mapping[str, Any], about: Mapping[str, Any] | None, told: str
) -> list[LanguageSample]:
    """Conversations of a line.

    Args:
        folder: of the set.
        row: the line.
        about: its picture's line of evidence; None where there is none.
        told: which line it is.

    Raises:
        DataSetError: missing fields, or a picture that is not in the set.
    """
    try:
        if about is None:
            raise KeyError(row["index"])
        index = int(row["index"])
        return [
            LanguageSample(
                tuple({"role": str(m["role"]), "content": str(m["content"])} for m in messages),
                folder / f"{index:07d}.safetensors", about["evidence"], float(about["score"]),
                validation=is_held(index), picture=Path(about["source"]) if "source" in about else None,
            )
            for messages in row["conversations"]
        ]  # fmt: skip
    except (KeyError, TypeError, ValueError) as error:
        got = f"{told} ({error})"
        raise DataSetError(f"conversations of pictures in {EVIDENCE}", got, "make it again") from error


def is_held(index: int) -> bool:
    """Whether a picture is for validation.

    >>> [index for index in range(60) if is_held(index)]
    [19, 39, 59]
    """
    return index % VALIDATION_EVERY == VALIDATION_EVERY - 1


def fault_of(sample: LanguageSample, there: bool) -> str | None:
    """Why a conversation cannot be used; None where it can. ``there`` says whether the file of its picture is."""
    if sample.tensors is not None and not there:
        return f"no file {sample.tensors.name}"
    roles = [m["role"] for m in sample.messages]
    if not roles or roles != ["user", "assistant"] * (len(roles) // 2):
        return f"roles {', '.join(roles) or 'none'} instead of user and assistant in turn"
    return None


MOST_BAD = 0.1
"""A run leaves out at most this share of its conversations."""


def require_few(faults: Sequence[str], every: int) -> None:
    """Refuse sets of which too much cannot be used.

    Raises:
        DataSetError: more than a tenth.
    """
    if len(faults) > MOST_BAD * every:
        got = f"{len(faults)} of {every} bad, first {faults[0]}"
        raise DataSetError("conversations that can be used", got, "make them again")


def read_replay(path: Path) -> list[LanguageSample]:
    """The base model's own answers to general prompts, from :mod:`training.replay`."""
    try:
        return [
            LanguageSample(
                ({"role": "user", "content": row["prompt"]}, {"role": "assistant", "content": row["answer"]}),
                None, "", 0.0, bool(row.get("ended", True)), is_held(number),
            )
            for number, row in enumerate(read_jsonl(path))
            if row["answer"]
        ]  # fmt: skip
    except KeyError as error:
        raise DataSetError("rows with prompt and answer", f"no {error} in {path.name}", "make it again") from error


def read_tensors(path: Path) -> tuple[Tensor, Tensor]:
    """Map (1, 48, 48) and pooled blocks (64, block_width) of a picture, float32.

    Raises:
        DataSetError: no such file or tensors.
    """
    try:
        with safe_open(path, "pt") as handle:
            return handle.get_tensor("map").float()[None], handle.get_tensor("image_tokens").float()
    except Exception as error:
        raise DataSetError(f"map and image_tokens in {path.name}", str(error), "run training.predict again") from error


def grouped(samples: Sequence[LanguageSample], together: int, rng: random.Random) -> list[tuple[LanguageSample, ...]]:
    """Samples of one picture together, and those of replay: at most ``together`` each, drawn by chance, every sample once."""
    order = list(samples)
    rng.shuffle(order)
    of: dict[Path | None, list[LanguageSample]] = {}
    for sample in order:
        of.setdefault(sample.tensors, []).append(sample)
    return [tuple(found[i : i + together]) for found in of.values() for i in range(0, len(found), together)]


def drawn(
    samples: tuple[LanguageSample, ...], rng: random.Random, text_dropped: float, embeddings_dropped: float
) -> SamplePlan:
    """Samples of one picture with evidence text or prompt embeddings dropped by chance, never both."""
    if samples[0].tensors is None:
        return SamplePlan(samples, False, False)
    text = rng.random() >= text_dropped
    return SamplePlan(samples, text, not text or rng.random() >= embeddings_dropped)


def mixed(
    samples: Sequence[LanguageSample], replay: Sequence[LanguageSample], share: float, rng: random.Random
) -> list[LanguageSample]:
    """Every sample once, and replay drawn to ``share`` of the whole."""
    if not replay or share <= 0:
        return list(samples)
    count = round(len(samples) * share / (1 - share))
    again: list[LanguageSample] = []
    while len(again) < count:
        again += rng.sample(list(replay), min(len(replay), count - len(again)))
    return [*samples, *again]


def length_sorted(planned: Sequence[SamplePlan], batch_size: int, rng: random.Random) -> Iterator[list[SamplePlan]]:
    """Batches of like length, in random order, each planned once."""
    order = list(planned)
    rng.shuffle(order)
    made: list[list[SamplePlan]] = []
    together = batch_size * SORTED_TOGETHER
    for start in range(0, len(order), together):
        near = sorted(order[start : start + together], key=lambda p: p.length)
        made += [near[i : i + batch_size] for i in range(0, len(near), batch_size)]
    runs = [made[i : i + ALIKE] for i in range(0, len(made), ALIKE)]
    rng.shuffle(runs)
    yield from (batch for run in runs for batch in run)


def stacked(paths: Sequence[Path]) -> tuple[Tensor, Tensor]:
    """Maps (batch, 1, 48, 48) and blocks (batch, 64, block_width) of pictures."""
    read = [read_tensors(path) for path in paths]
    return torch.stack([m for m, _ in read]), torch.stack([b for _, b in read])
