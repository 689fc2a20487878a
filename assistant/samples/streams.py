"""Data sets too large to be shuffled as a whole -> streams of samples, in an order that ``datasets`` draws from their shards.

Sets are mixed by weight, each process reads its share, and a stream that was stopped goes on with the very next sample. The order
of a pass follows from seed and pass alone: shards are shuffled, and within each block of samples the samples. A buffer of
``IterableDataset.shuffle`` is not used: its state does not hold what lies in it, so that samples get lost and others come twice.
Through ``datasets`` go indices alone; rows and pictures are read from the shard when they are asked for, which copies them once:
pictures in the columns would be copied several times, and a mixture of parquet streams sleeps five seconds at the end of a pass.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from assistant.errors import ConfigError, DataSetError
from assistant.samples.sets import Sample, SampleSet, open_set

BLOCK = 256
"""Samples that are shuffled among each other."""
_INDEX, _IN = "index", "set"
"""Columns of a stream: which sample, and of which set."""


@dataclass(frozen=True)
class Mixture:
    """What a stream reads.

    Args:
        sets: folders of data sets.
        split: part of them; all of it when None.
        weights: how often each set is drawn, relative; once every sample has come, the pass ends, and those of sets that are
            drawn more often come again. Without weights every sample comes once.
        seed: of all draws.
        shuffled: in random order; else in that of the shards, set after set.
        block: samples that are shuffled among each other; they are in memory together.
        rank: which process this is.
        world: processes.
    """

    sets: tuple[Path, ...]
    split: str | None = "train"
    weights: tuple[float, ...] | None = None
    seed: int = 0
    shuffled: bool = True
    block: int = BLOCK
    rank: int = 0
    world: int = 1

    def __post_init__(self) -> None:
        if self.weights is not None and len(self.weights) != len(self.sets):
            raise ConfigError(f"{len(self.sets)} weights, one a set", str(len(self.weights)), "mend the weights")
        if self.weights is not None and min(self.weights) <= 0:
            raise ConfigError("weights above 0", str(min(self.weights)), "leave a set out that is not to be read")
        if not 0 <= self.rank < self.world:
            raise ConfigError(f"a process from 0 to {self.world - 1}", str(self.rank), "mend rank and world")


class SampleStream:
    """Samples of a mixture, pass by pass; memory does not grow with the sets.

    Iterating gives one pass. :meth:`state_dict` between two samples, loaded into another stream of the same mixture, lets that go
    on with the next sample; the passes after it are those that would have followed.

    Args:
        mixture: what to read.
        sets: its sets, where they are open already.

    Raises:
        DataSetError: no data set, or a split that none of the sets has.
    """

    def __init__(self, mixture: Mixture, sets: Sequence[SampleSet] | None = None) -> None:
        self.mixture = mixture
        self._sets = [open_set(folder) for folder in mixture.sets] if sets is None else list(sets)
        self._epoch = 0
        self._resumed: Mapping[str, Any] | None = None
        self._running: Any = None
        self._start(0)

    def __iter__(self) -> Iterator[Sample]:
        return (sample for _, sample in self.drawn())

    @property
    def epoch(self) -> int:
        """Number of the pass that the next sample is of."""
        return self._epoch

    def drawn(self) -> Iterator[tuple[int, Sample]]:
        """One pass, each sample with the number of its set."""
        epoch = self._epoch
        running = self._start(epoch)
        if self._resumed is not None:
            running.load_state_dict(dict(self._resumed))
            self._resumed = None
        self._running = running
        for drawn in running:
            yield drawn[_IN], self._sets[drawn[_IN]].of_index(drawn[_INDEX])
        self._epoch, self._running = epoch + 1, None

    def set_epoch(self, epoch: int) -> None:
        """Let the next pass be this one, from its beginning."""
        self._epoch, self._resumed, self._running = epoch, None, None

    def state_dict(self) -> dict[str, Any]:
        """Where the stream is: plain values, for JSON."""
        inner = self._resumed if self._running is None else self._running.state_dict()
        return {"epoch": self._epoch, "inner": inner, "mixture": self._told()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on where another stream of the same mixture was.

        Raises:
            ConfigError: the state of another mixture.
        """
        if state["mixture"] != self._told():
            raise ConfigError("the state of the same mixture", "that of another one", "start the stream anew")
        self._epoch, self._resumed, self._running = int(state["epoch"]), state["inner"], None

    def _told(self) -> dict[str, Any]:
        """What must be equal for a state to fit."""
        mixture = self.mixture
        return {
            "samples": [len(each) for each in self._sets], "split": mixture.split, "seed": mixture.seed,
            "weights": None if mixture.weights is None else list(mixture.weights), "shuffled": mixture.shuffled,
            "block": mixture.block, "rank": mixture.rank, "world": mixture.world,
        }  # fmt: skip

    def _start(self, epoch: int) -> Any:
        """One pass, an ``IterableDataset`` of indices and numbers of sets."""
        import datasets
        from datasets.distributed import split_dataset_by_node

        mixture = self.mixture
        found = [self._part(number, each, epoch) for number, each in enumerate(self._sets)]
        parts = [part for part in found if part is not None]
        if not parts or (mixture.weights is not None and len(parts) < len(self._sets)):
            got = "none in the sets" if not parts else "none in some of the sets"
            raise DataSetError(f"samples of the split {mixture.split}", got, "name other sets, or another split")
        if len(parts) == 1:
            whole = parts[0]
        elif not mixture.shuffled and mixture.weights is None:
            whole = datasets.concatenate_datasets(parts)
        else:
            held = [len(each) for each, part in zip(self._sets, found, strict=True) if part is not None]
            sizes = np.array(mixture.weights or held, np.float64)
            whole = datasets.interleave_datasets(
                parts, probabilities=(sizes / sizes.sum()).tolist(), seed=mixture.seed + epoch,
                stopping_strategy="all_exhausted" if mixture.weights else "all_exhausted_without_replacement",
            )  # fmt: skip
        return split_dataset_by_node(whole, mixture.rank, mixture.world) if mixture.world > 1 else whole

    def _part(self, number: int, each: SampleSet, epoch: int) -> Any:
        """One set as an ``IterableDataset``; None where it has nothing of the split."""
        import datasets

        mixture, pieces = self.mixture, each.pieces(self.mixture.split, self.mixture.block)
        if not pieces:
            return None
        if mixture.shuffled:
            rng = np.random.default_rng([mixture.seed, epoch, number])
            pieces = [pieces[i] for i in rng.permutation(len(pieces))]
        columns = datasets.Features({name: datasets.Value("int64") for name in (_INDEX, _IN)})
        data = datasets.IterableDataset.from_generator(
            _indices, features=columns, gen_kwargs={"pieces": pieces, "number": number}
        )
        if not mixture.shuffled:
            return data
        mixed = partial(_mixed, seed=(mixture.seed, epoch, number))
        return data.map(mixed, batched=True, batch_size=mixture.block, features=columns)


def _indices(pieces: list[np.ndarray], number: int) -> Iterator[dict[str, int]]:
    for indices in pieces:
        yield from ({_INDEX: index, _IN: number} for index in indices.tolist())


def _mixed(batch: dict[str, list[int]], seed: tuple[int, ...]) -> dict[str, list[int]]:
    """A block in another order, drawn by a seed that its first index completes."""
    order = np.random.default_rng([*seed, batch[_INDEX][0]]).permutation(len(batch[_INDEX]))
    return {name: [values[i] for i in order] for name, values in batch.items()}
