"""What the slices of a scan say: each encoded once, others let on between two. Another threshold needs no second look."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from assistant.inquiry import ANYTHING, Inquiry
from assistant.types import Levels, QueryImage
from assistant.volumes.volume import Slices, Volume
from demo.scans.kept import KeptScan

if TYPE_CHECKING:
    from assistant.vision.detector import Detector
    from assistant.volumes.finding import VolumeInspection
    from assistant.volumes.reference_volumes import VolumeReferences
    from assistant.volumes.slice_evidence import SliceEvidence

Turn = Callable[[int, int], None]
"""Called before a slice is looked at, with its number and how many there are: others get their turn."""


@dataclass(frozen=True, eq=False)
class TurnTaking(Volume):
    """A volume whose slices are looked at in turns with what others want looked at.

    Args:
        turn: called before each.
    """

    turn: Turn = field(default=lambda number, count: None)

    def slices(self, axis: int | None = None, levels: Levels | None = None) -> Slices:
        """Slices across an axis."""
        return _TurnTakingSlices(self, self.main_axis if axis is None else axis, levels or self.levels, self.turn)


class _TurnTakingSlices(Slices):
    def __init__(self, volume: Volume, axis: int, levels: Levels, turn: Turn) -> None:
        super().__init__(volume, axis, levels)
        self._turn = turn

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, int):
            self._turn(range(len(self))[index], len(self))
        return super().__getitem__(index)

    def empty(self, number: int) -> bool:
        return Slices(self.volume, self.axis, self.levels).empty(number)  # waits for nobody


def in_turns(volume: Volume, turn: Turn) -> Volume:
    """The same volume, whose slices are looked at in turns."""
    values = {name: getattr(volume, name) for name in Volume.__dataclass_fields__}
    return TurnTaking(**values, turn=turn)


def asked_of_scans(inquiry: Inquiry) -> tuple[Inquiry, tuple[str, ...]]:
    """What is asked of a scan: all but what pictures alone are asked, and what to tell of that."""
    told = () if inquiry.spacing_mm is None else ("has a scale of its own: the millimetres told do not count",)
    if inquiry.detail.closer:
        told = (*told, "was looked at slice by slice, each as a whole: looking closer does not count")
    return replace(inquiry, spacing_mm=None, score=ANYTHING.score, detail=ANYTHING.detail), told


@dataclass(eq=False)
class Scan:
    """A scan on the bench.

    Args:
        kept: where it lies.
        axis: canonical, of the slice in view.
        index: of the slice in view.
        levels: that slices are drawn with; the scan's own when None.
        window: name of these levels; empty for the scan's own and for those that were dragged to.
        evidence: what its slices said, along the axis they were taken along; None before.
        asked: what that evidence was asked, and beside which references.
        found: at the usual threshold; None before.
        at: under the threshold of its view.
        progress: slices looked at and all of them, while it is being looked at.
        leafed: a person chose which slice is in view.
        gone: it was taken off, and is looked at no more.
        turn: number of the question after its slice that was answered last.
    """

    kept: KeptScan
    axis: int
    index: int
    levels: Levels | None = None
    window: str = ""
    evidence: SliceEvidence | None = None
    asked: object = None
    found: VolumeInspection | None = None
    at: VolumeInspection | None = None
    progress: tuple[int, int] = (0, 0)
    leafed: bool = False
    gone: bool = False
    turn: int = 0

    @classmethod
    def opened(cls, kept: KeptScan) -> Scan:
        """A scan with its middle slice in view, until it is known which is the worst."""
        axis = kept.volume.main_axis
        return cls(kept, axis, kept.volume.shape[axis] // 2)

    @property
    def count(self) -> int:
        """Slices along the axis in view."""
        return self.kept.volume.shape[self.axis]

    @property
    def image(self) -> QueryImage:
        """The slice in view, as the scan is judged."""
        return self.kept.volume.slices(self.axis)[self.index]

    @property
    def nbytes(self) -> int:
        """Bytes of what is in memory; voxels lie on disk."""
        found = 0 if self.found is None else 2 * self.found.scores.nbytes
        kept = {} if self.evidence is None else self.evidence.kept
        return found + sum(level.nbytes for one in kept.values() for level in one.features.levels)

    def move(self, index: object, axis: object = None) -> None:
        """Bring another slice into view; along another axis the middle one, or that named. What there is none of is left out."""
        if isinstance(axis, int | float) and int(axis) in (0, 1, 2) and int(axis) != self.axis:
            self.axis = int(axis)
            self.index = self.count // 2
        if isinstance(index, int | float) and index == index:
            self.index = min(max(0, int(index)), self.count - 1)

    def rest(self) -> None:
        """Let go of tokens; what the slices said stays."""
        if self.evidence is not None:
            self.evidence.kept.clear()

    def look(
        self, detector: Detector, inquiry: Inquiry, references: VolumeReferences | None, asked: object, turn: Turn
    ) -> None:
        """Judge it; slices are encoded where another thing was asked of them.

        Args:
            detector: that encodes.
            inquiry: of scans (:func:`asked_of_scans`).
            references: normal scans; None for none.
            asked: equal for the same inquiry and references.
            turn: called before each slice.

        Raises:
            AssistantError: a scan that cannot be judged.
        """
        from assistant.volumes.inspecting import look

        if self.evidence is None or self.asked != asked:
            volume = self.kept.volume
            inquiry.require_overview("of a scan", "inspect its slices one by one")
            evidence = look(detector, in_turns(volume, turn), volume.main_axis, inquiry, references)
            self.evidence = replace(evidence, slices=volume.slices(volume.main_axis, evidence.slices.levels))
            self.asked, self.found = asked, None
        if self.found is None:
            self.found = self.at = self.under(detector, 0.5, inquiry, references)

    def under(
        self, detector: Detector, threshold: float, inquiry: Inquiry, references: VolumeReferences | None
    ) -> VolumeInspection:
        """What its slices say under a threshold, moved so that it is at 0.5."""
        from assistant.volumes.inspecting import concluded

        assert self.evidence is not None, "looked at"
        volume = self.kept.volume
        return concluded(detector, volume, [self.evidence], inquiry, references, threshold)
