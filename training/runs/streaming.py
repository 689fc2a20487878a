"""Batches of data sets that are streamed: endless, formed of a window of samples at a time, resumed at the very next one.

A pass over the sets follows the other, and windows go on over their ends. Of the batches of an optimizer step over all processes
each is a lane's, which reads its own share of the sets whichever process it belongs to: two processes learn what one does that
accumulates two batches. Knows neither pictures nor words.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from assistant.errors import DataSetError
from assistant.samples.sets import Sample, SampleSet
from assistant.samples.streams import Mixture, SampleStream

Plan = TypeVar("Plan")
State = dict[str, Any]
"""Where a lane is: plain values, for JSON."""


@dataclass(frozen=True, eq=False)
class Drawn:
    """A sample as it came.

    Args:
        epoch: number of the pass.
        owner: number of its set.
        sample: itself; its pictures are not read yet.
    """

    epoch: int
    owner: int
    sample: Sample


Form = Callable[[Sequence[Drawn], random.Random], Iterable[Plan]]
"""Plans of the batches of a window, the same for the same samples and draws."""


class Lane(Generic[Plan]):
    """Batches of one share of a stream, endless; each comes with the state after it.

    Args:
        stream: of the share.
        form: makes plans of a window.
        window: samples.
        seed: of what ``form`` draws.

    Raises:
        DataSetError: a share without a sample, where the first batch is asked for.
    """

    def __init__(self, stream: SampleStream, form: Form[Plan], window: int, seed: str) -> None:
        self._stream, self._form, self._window, self._seed = stream, form, window, seed
        self._number, self._done = 0, 0
        self._running: Iterator[Drawn] = iter(())
        self._made = self._plans()

    def __iter__(self) -> Iterator[tuple[Plan, State]]:
        return self

    def __next__(self) -> tuple[Plan, State]:
        return next(self._made)

    def load_state_dict(self, state: State) -> None:
        """Go on behind the batch that a state came with.

        Raises:
            ConfigError: the state of another stream.
        """
        self._stream.load_state_dict(state["stream"])
        self._number, self._done = int(state["window"]), int(state["batches"])
        self._running, self._made = iter(()), self._plans()

    def _plans(self) -> Iterator[tuple[Plan, State]]:
        while True:
            begun = self._stream.state_dict()
            samples = self._next_window()
            plans = self._form(samples, random.Random(f"{self._seed}/{self._number}"))
            for count, plan in enumerate(plans, 1):
                if count > self._done:
                    yield plan, {"stream": begun, "window": self._number, "batches": count}
            self._number, self._done = self._number + 1, 0

    def _next_window(self) -> list[Drawn]:
        drawn: list[Drawn] = []
        empty = 0
        while len(drawn) < self._window:
            one = next(self._running, None)
            if one is not None:
                drawn.append(one)
                empty = 0
                continue
            empty += 1
            if empty > MOST_EMPTY:
                raise DataSetError("a sample for every batch of an optimizer step", "fewer", "build more")
            epoch = self._stream.epoch
            self._running = (Drawn(epoch, owner, sample) for owner, sample in self._stream.drawn())
        return drawn


MOST_EMPTY = 2
"""Passes without a sample that may follow each other: one that a state resumes at its end, and the first of all."""


@dataclass(frozen=True, eq=False)
class Source(Generic[Plan]):
    """What a stage streams.

    Args:
        mixture: sets and how they are mixed; for one lane.
        sets: those sets, open.
        form: makes plans of a window.
        window: samples that are shuffled among each other and made batches of.
        batches: of a pass over all the sets, about: what an epoch is.
    """

    mixture: Mixture
    sets: Sequence[SampleSet]
    form: Form[Plan]
    window: int
    batches: int

    def lane(self, number: int, count: int, seed: int) -> Lane[Plan]:
        """The n-th of so many shares."""
        mixture = replace(self.mixture, seed=seed, block=self.window, rank=number, world=count)
        return Lane(SampleStream(mixture, self.sets), self.form, self.window, f"{seed}/{number}")
