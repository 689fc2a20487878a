"""Language sets that are streamed: lines are read when they are asked for, so that memory grows with some 40 bytes a picture."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from assistant.errors import DataSetError
from assistant.samples.rows import Row
from assistant.samples.sets import Sample, SampleSet
from assistant.samples.streams import Mixture
from training.language.data import (
    CONVERSATIONS,
    EVIDENCE,
    LanguageSample,
    fault_of,
    is_held,
    json_row,
    require_few,
    samples_of_row,
)
from training.runs.recipe import LanguageRecipe
from training.runs.streaming import Drawn, Form, Source

WINDOW = 32
"""Batches whose pictures are drawn together: enough to pad little."""


class LanguageSet(SampleSet):
    """Pictures of a language set with the conversations on them, a line each; every line is looked at once.

    Args:
        folder: of the set.

    Raises:
        DataSetError: missing files or fields, or conversations of pictures that are not in the set.
    """

    def __init__(self, folder: Path) -> None:
        evidence = {row.get("index"): start for start, row in _lines(folder / EVIDENCE)}
        spoken = [(start, row.get("index")) for start, row in _lines(folder / CONVERSATIONS)]
        self._starts = np.array([(start, evidence.get(index, -1)) for start, index in spoken], np.int64)
        super().__init__(folder, "files", np.arange(len(spoken)))
        self.faults: list[str] = []
        """Why conversations are left out, one entry each."""
        self.conversations = np.zeros(len(spoken), np.int32)
        """Those of each line that can be used."""
        self.held = np.zeros(len(spoken), bool)
        """Lines of pictures that are for validation."""
        for number, one in enumerate(self):
            every = self._every(one.row)
            there = bool(every) and every[0].tensors is not None and every[0].tensors.is_file()
            reasons = [reason for sample in every if (reason := fault_of(sample, there)) is not None]
            self.faults += reasons
            self.conversations[number] = len(every) - len(reasons)
            self.held[number] = is_held(int(one.row["index"]))
        if not len(self):
            raise DataSetError("at least one conversation", f"none in {folder.name}", "make it again")

    def __len__(self) -> int:
        return len(self._starts)

    def __getitem__(self, number: int) -> Sample:
        said, told = (int(start) for start in self._starts[number])
        row = _row_at(self.folder / CONVERSATIONS, said)
        row |= {"line": number + 1, "about": None if told < 0 else _row_at(self.folder / EVIDENCE, told)}
        return Sample(row, lambda name: (self.folder / name).read_bytes(), self.folder.__truediv__)

    def rows(self) -> Iterator[Row]:
        """Lines in order, each with its picture's line of evidence under ``about``."""
        return (dict(one.row) for one in self)

    def pieces(self, split: str | None, size: int) -> list[np.ndarray]:
        """So many lines each."""
        chosen = self.conversations > 0
        if split is not None:
            chosen &= self.held == (split == "validation")
        found = self._indices[chosen]
        return [found[at : at + size] for at in range(0, len(found), size)]

    def samples(self, one: Sample) -> list[LanguageSample]:
        """Conversations of a line that can be used."""
        return [sample for sample in self._every(one.row) if fault_of(sample, there=True) is None]

    def _every(self, row: Any) -> list[LanguageSample]:
        return samples_of_row(self.folder, row, row["about"], f"line {row['line']} of {CONVERSATIONS}")


def _lines(path: Path) -> Iterator[tuple[int, Row]]:
    """Lines of a table, each with the place where it begins; empty ones at the end are none."""
    if not path.is_file():
        raise DataSetError(f"a file {path.name}", f"none in {path.parent}", "make it first")
    start, blank = 0, 0
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if line == b"\n":
                blank = blank or number
            elif blank:
                raise DataSetError("a JSON object a line", f"line {blank} of {path.name}", "make it again")
            else:
                yield start, json_row(line, f"line {number} of {path.name}")
            start += len(line)


def _row_at(path: Path, start: int) -> Row:
    with path.open("rb") as file:
        file.seek(start)
        return json_row(file.readline(), f"the line at byte {start} of {path.name}")


@dataclass(frozen=True, eq=False)
class ConversationStream:
    """Language sets whose conversations for training are streamed.

    Args:
        sets: open.
        held: conversations for validation, of pictures drawn by chance.
        faults: why others are left out.
        counts: conversations and pictures a split.
    """

    sets: Sequence[LanguageSet]
    held: list[LanguageSample]
    faults: list[str]
    counts: dict[str, Any]

    def samples(self, drawn: Sequence[Drawn]) -> list[LanguageSample]:
        """Conversations of a window."""
        return [sample for one in drawn for sample in self.sets[one.owner].samples(one.sample)]

    def source(self, recipe: LanguageRecipe, form: Form[Any], together: int, replayed: float) -> Source[Any]:
        """Batches of the conversations.

        Args:
            recipe: of the run.
            form: makes plans of a window.
            together: conversations that are one sequence, at most.
            replayed: share of the conversations that are replayed.
        """
        talks = [each.conversations[~each.held] for each in self.sets]
        again = sum(int(found.sum()) for found in talks) * replayed / (1 - replayed)
        sequences = sum(int((-(-found // together)).sum()) for found in talks) + int(again / together)
        batches = sequences // recipe.batch_size
        mixture = Mixture(recipe.data.sets, "train", recipe.data.weights, recipe.loop.seed)
        return Source(mixture, self.sets, form, WINDOW * recipe.batch_size, batches)


def open_conversations(recipe: LanguageRecipe) -> ConversationStream:
    """The sets of a recipe, each line of them looked at.

    Raises:
        DataSetError: sets that do not follow the contract, or nothing to train or validate on.
    """
    sets = [LanguageSet(folder) for folder in recipe.data.sets]
    for each in sets:
        if not each.pieces("train", 1):
            raise DataSetError("conversations to train on", f"none in {each.folder.name}", "leave that set out")
    places = [(each, int(at)) for each in sets for piece in each.pieces("validation", WINDOW) for at in piece]
    if not places:
        raise DataSetError("conversations for validation", "none", "build more pictures")
    some = random.Random(recipe.loop.seed).sample(places, min(len(places), recipe.data.validation))
    held = [sample for each, at in some for sample in each.samples(each[at])]
    counts: dict[str, dict[str, int]] = {"conversations": {}, "pictures": {}}
    for name, validation in (("train", False), ("validation", True)):
        chosen = [each.conversations[each.held == validation] for each in sets]
        counts["conversations"][name] = sum(int(found.sum()) for found in chosen)
        counts["pictures"][name] = sum(int((found > 0).sum()) for found in chosen)
    faults = [reason for each in sets for reason in each.faults]
    require_few(faults, len(faults) + sum(counts["conversations"].values()))
    return ConversationStream(sets, held, faults, counts)
