"""Training rows of data sets that are too large to be looked at by number; those of the validation split are held.

Every row is read once before a run, its pictures are not: what the run has to know of all of them is told then. Memory grows with
the validation split alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from assistant.errors import DataSetError
from assistant.samples.sets import SampleSet, open_set
from assistant.samples.streams import Mixture, SampleStream
from training.localizer.data import DataRow, iter_rows, of_set, row_of
from training.runs.recipe import DataConfig
from training.runs.streaming import Drawn, Form, Source

WINDOW = 64
"""Batches of samples that are drawn together: many enough that few of one shape are left over."""


@dataclass(frozen=True, eq=False)
class RowStream:
    """Data sets whose training rows are streamed.

    Args:
        mixture: of them.
        sets: of it, open.
        held: rows of the validation split, all.
        training: rows to train on, in number.
        counts: as of :func:`~training.localizer.sifting.counts_of`, of both splits.
        names: of the objects in them.
        types: kinds of defects in them.
    """

    mixture: Mixture
    sets: Sequence[SampleSet]
    held: list[DataRow]
    training: int
    counts: dict[str, Any]
    names: tuple[str, ...]
    types: tuple[str, ...]

    def some(self, most: int, first_set: bool = False) -> list[DataRow]:
        """The first training rows of a pass; of the first set alone where that is asked for."""
        mixture, sets = self.mixture, self.sets
        if first_set:
            mixture, sets = Mixture(mixture.sets[:1], seed=mixture.seed), sets[:1]
        found = islice(SampleStream(mixture, sets).drawn(), most)
        return [drawn_row(Drawn(0, owner, sample)) for owner, sample in found]

    def source(self, form: Form[Any], batch_size: int) -> Source[Any]:
        """Batches of the rows."""
        return Source(self.mixture, self.sets, form, WINDOW * batch_size, self.training // batch_size)


def drawn_row(one: Drawn) -> DataRow:
    """A row as of its set, like those of a run that reads by number."""
    return of_set(row_of(one.sample, f"sample {one.sample.row.get('index')} of set {one.owner + 1}"), one.owner)


def open_stream(data: DataConfig, seed: int) -> RowStream:
    """The sets of a recipe, each row of them looked at.

    Raises:
        DataSetError: sets that do not follow the contract, or one without a row to train on.
    """
    sets = [open_set(folder) for folder in data.sets]
    held, kinds, names = list[DataRow](), Counter[tuple[str, bool]](), set[str]()
    types = Counter[str]()
    for number, each in enumerate(sets):
        before = kinds["train", True] + kinds["train", False]
        for row in iter_rows(each):
            if row.split == "validation":
                held.append(of_set(row, number))
            if row.split in ("train", "validation"):
                kinds[row.split, bool(row.types)] += 1
                types.update(row.types)
                names.add(row.object_name)
        if kinds["train", True] + kinds["train", False] == before:
            raise DataSetError("rows to train on in every set", f"none in {each.folder.name}", "leave it out")
    training = kinds["train", True] + kinds["train", False]
    counts: dict[str, Any] = {}
    for (split, anomalous), count in sorted(kinds.items()):
        counts.setdefault(split, {"normal": 0, "anomalous": 0})["anomalous" if anomalous else "normal"] = count
    counts["types"] = dict(types.most_common())
    mixture = Mixture(data.sets, "train", data.weights, seed)
    return RowStream(mixture, sets, held, training, counts, tuple(sorted(names)), tuple(sorted(types)))
