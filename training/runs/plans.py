"""Whose batches come next: lists of an epoch's plans shared out to the processes, or lanes of a stream."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import cycle, islice
from typing import Any, TypeVar

from assistant.errors import ConfigError
from training.runs.recipe import LoopConfig
from training.runs.streaming import Source, State

Value = TypeVar("Value")


class Plans(ABC):
    """Plans of the batches of this process.

    Args:
        config: numbers of the loop.
        rank: which process this is.
        world: processes.
    """

    def __init__(self, config: LoopConfig, rank: int, world: int) -> None:
        self.config, self.rank, self.world = config, rank, world

    @property
    @abstractmethod
    def steps(self) -> int:
        """Optimizer steps of an epoch."""

    @abstractmethod
    def of_epoch(self, number: int, first: int) -> tuple[int, Iterator[Any]]:
        """How many batches this process has in an epoch, and their plans from the ``first`` on."""

    @abstractmethod
    def learned(self) -> None:
        """Note that an optimizer step was made of the plans that came first of those not noted yet."""

    @abstractmethod
    def states(self) -> list[State] | None:
        """Where the lanes of all processes are; None without any. Collective."""

    @abstractmethod
    def resume(self, states: list[State] | None) -> None:
        """Go on where lanes were."""


class Listed(Plans):
    """Plans of an epoch as a stage lists them by the epoch's number and the seed."""

    def __init__(self, epoch: Callable[[int, int], Iterable[Any]], config: LoopConfig, rank: int, world: int) -> None:
        super().__init__(config, rank, world)
        self._epoch = epoch

    @property
    def steps(self) -> int:
        """Those of the first epoch."""
        return len(self._mine(0)) // self.config.accumulate

    def of_epoch(self, number: int, first: int) -> tuple[int, Iterator[Any]]:
        """The same for the same number."""
        plans = self._mine(number)
        return len(plans), iter(plans[first:])

    def learned(self) -> None:
        """Lists hang on the epoch alone: nothing to note."""

    def states(self) -> list[State] | None:
        """None."""
        return None

    def resume(self, states: list[State] | None) -> None:
        """Nothing to go on with."""

    def _mine(self, number: int) -> list[Any]:
        """This process's share: the same number of whole accumulation groups for every process."""
        plans = list(self._epoch(number, self.config.seed))
        together = self.world * self.config.accumulate
        return plans[self.rank : len(plans) // together * together : self.world]


class Streamed(Plans):
    """Plans of the lanes of this process in turn; lanes go on over the ends of epochs."""

    def __init__(self, source: Source[Any], config: LoopConfig, rank: int, world: int) -> None:
        super().__init__(config, rank, world)
        count = config.accumulate * world
        mine = range(rank, count, world)
        self._batches = source.batches // count * config.accumulate
        self._lanes = [source.lane(number, count, config.seed) for number in mine] if self._batches else []
        self._states: list[State] = []
        self._handed: deque[State] = deque()

    @property
    def steps(self) -> int:
        """As many as full batches of all samples make."""
        return self._batches // self.config.accumulate

    def of_epoch(self, number: int, first: int) -> tuple[int, Iterator[Any]]:
        """Those that follow, whatever the epoch."""
        return self._batches, self._following()

    def _following(self) -> Iterator[Any]:
        for lane in cycle(self._lanes):
            plan, state = next(lane)
            self._handed.append(state)
            yield plan

    def learned(self) -> None:
        """One batch a lane, in the order in which they were handed out."""
        self._states = [self._handed.popleft() for _ in self._lanes]

    def states(self) -> list[State] | None:
        """In the order of the lanes."""
        from accelerate.utils import gather_object

        found: list[State] = gather_object(self._states)
        return by_lane(found, self.world)

    def resume(self, states: list[State] | None) -> None:
        """Each lane behind the last batch that was learned from."""
        if not states:
            return
        self._states = states[self.rank :: self.world]
        self._handed.clear()
        for lane, state in zip(self._lanes, self._states, strict=True):
            lane.load_state_dict(state)


def by_lane(found: Sequence[Value], world: int) -> list[Value]:
    """What the processes gave, each for its lanes in turn, in the order of the lanes.

    >>> by_lane(["lane 0", "lane 2", "lane 1", "lane 3"], 2)
    ['lane 0', 'lane 1', 'lane 2', 'lane 3']
    """
    each = len(found) // world
    return [found[n % world * each + n // world] for n in range(len(found))]


def plans_of(stage: Any, config: LoopConfig, rank: int, world: int) -> Plans:
    """Those of a stage in one of so many processes.

    Raises:
        ConfigError: fewer than one optimizer step takes.
    """
    source: Source[Any] | None = getattr(stage, "source", None)
    plans = Listed(stage.epoch, config, rank, world) if source is None else Streamed(source, config, rank, world)
    if not plans.steps:
        raise ConfigError("enough samples for one optimizer step", "fewer", "lower accumulate or build more")
    return plans


def first_plans(stage: Any, config: LoopConfig, count: int | None = None) -> list[Any]:
    """Plans of the first batches of a run in one process: so many, or those of an epoch."""
    source: Source[Any] | None = getattr(stage, "source", None)
    if source is None:
        return list(stage.epoch(0, config.seed))[:count]
    lane = source.lane(0, 1, config.seed)
    return [plan for plan, _ in islice(lane, source.batches if count is None else min(count, source.batches))]
