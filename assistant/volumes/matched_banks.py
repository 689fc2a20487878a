"""Reference volumes -> banks of their slices along the axis: a slice is compared with slices at the same share of other scans.

Shares are counted between the first and the last slice with something on it, so that scans of other lengths compare. Banks
overlap: each holds slices of half a section more at either end.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import overload

import torch
from jaxtyping import Float
from torch import Tensor

from assistant.errors import ProfileError
from assistant.inquiry import Inquiry
from assistant.pictures.pixels import ImageLimits
from assistant.towers.encoder import PatchFeatures
from assistant.types import Levels, QueryImage
from assistant.vision.detector import Detector
from assistant.vision.experts.gate import text_summary, told_of
from assistant.vision.experts.opinions import Opinions, opinions, said_nearby
from assistant.vision.localizer import Logits
from assistant.vision.references.growing_bank import GrowingBank
from assistant.vision.references.memory_bank import MemoryBank
from assistant.vision.references.reference_features import ReferenceFeatures
from assistant.volumes.files.reading import VolumeSource
from assistant.volumes.volume import Slices, Volume

SECTIONS = 8
"""Sections of the axis, each with a bank of its own."""
ROWS = 2048
"""Patches of a bank at most."""
MOST_SLICES = 64
"""Slices of a reference volume at most, evenly chosen."""
FIXED_WINDOW = 0.08


@dataclass(frozen=True)
class ReferenceSlice:
    """One slice of a reference volume: whose, which, and at which share of the axis."""

    volume: int
    number: int
    share: float


class ReferenceSlices(Sequence[QueryImage]):
    """Slices of several volumes one after the other; one volume is in memory at a time.

    Args:
        volumes: read or to be read.
        axis: canonical.
        levels: that all are drawn with; their own when None.
        limits: what a volume may cost.
    """

    def __init__(
        self, volumes: Sequence[Volume | VolumeSource], axis: int, levels: Levels | None, limits: ImageLimits
    ) -> None:
        self._volumes, self._axis, self._levels, self._limits = volumes, axis, levels, limits
        self._open: tuple[int, Slices] | None = None
        self.places: list[ReferenceSlice] = []
        self.step_mm: list[float] = []
        for number in range(len(volumes)):
            slices = self.slices(number)
            inside = [index for index in range(len(slices)) if not slices.empty(index)]
            if not inside:
                raise ProfileError(
                    "reference volumes that show something", f"none in {slices.volume.source}", "leave it out"
                )
            span = max(1, inside[-1] - inside[0])
            kept = evenly(inside, MOST_SLICES)
            self.places += [ReferenceSlice(number, index, (index - inside[0]) / span) for index in kept]
            usual = (kept[-1] - kept[0]) / max(1, len(kept) - 1)
            self.step_mm.append(slices.volume.spacing_mm[axis] * max(1.0, usual))

    def slices(self, volume: int) -> Slices:
        """Slices of one volume, read now unless it was the last one."""
        if self._open is None or self._open[0] != volume:
            one = self._volumes[volume]
            read = one if isinstance(one, Volume) else one.read(self._limits)
            self._open = volume, read.slices(self._axis, self._levels)
        return self._open[1]

    def __len__(self) -> int:
        return len(self.places)

    @overload
    def __getitem__(self, index: int) -> QueryImage: ...
    @overload
    def __getitem__(self, index: slice) -> list[QueryImage]: ...
    def __getitem__(self, index: int | slice) -> QueryImage | list[QueryImage]:
        if isinstance(index, slice):
            return [self[number] for number in range(*index.indices(len(self)))]
        place = self.places[index]
        return self.slices(place.volume)[place.number]


@dataclass(frozen=True, eq=False)
class MatchedBanks:
    """Banks along the axis.

    Args:
        banks: of :data:`SECTIONS` sections; their owners are volumes.
        classes: volume of each class token of each bank.
        experts: how far each expert is believed, one answer for all sections.
        volumes: how many.
        window: largest distance in position of a match; None for any.
    """

    banks: tuple[MemoryBank, ...]
    classes: tuple[Tensor, ...]
    experts: Float[Tensor, " experts"]
    volumes: int
    window: float | None

    def judged(
        self, detector: Detector, features: PatchFeatures, text: Logits, share: float, leave_out: int | None = None
    ) -> Logits:
        """Weighed logits of a slice at a share of the axis, against all volumes or all but one."""
        number = section(share)
        bank = self.banks[number]
        match = bank.match(detector.localizer, features, self.window, leave_out, self.classes[number])
        match = replace(match, shots=match.shots.clamp(max=float(self.volumes)))
        found: Opinions = opinions(detector.localizer, features.levels, text, match)
        return found.weighed(self.experts)


def section(share: float) -> int:
    """Which section a share of the axis lies in.

    >>> section(0.0), section(0.5), section(1.0)
    (0, 4, 7)
    """
    return min(SECTIONS - 1, max(0, int(share * SECTIONS)))


def evenly(numbers: Sequence[int], most: int) -> list[int]:
    """At most so many of the numbers, evenly chosen, the ends among them.

    >>> evenly(range(10), 4)
    [0, 3, 6, 9]
    """
    if len(numbers) <= most:
        return list(numbers)
    return [numbers[round(i * (len(numbers) - 1) / (most - 1))] for i in range(most)]


@torch.inference_mode()
def build_banks(
    detector: Detector, slices: ReferenceSlices, features: ReferenceFeatures, inquiry: Inquiry
) -> tuple[MatchedBanks, list[Logits]]:
    """Banks of all sections, and what the text expert says of each slice.

    Args:
        detector: what encodes them.
        slices: of the reference volumes.
        features: of them in the same order.
        inquiry: object name and phrases; whether places in the plane are compared too.
    """
    volumes = max(place.volume for place in slices.places) + 1
    anchors = detector.anchors.states(inquiry.object_name, inquiry.look_for)[None]
    texts: list[Logits] = []
    for one in features:
        evidence = detector.localizer.text_evidence(one.levels, anchors, one.grid)
        texts.append(detector.localizer.zero_shot(evidence))
    banks, classes, told = [], [], []
    for number in range(SECTIONS):
        members = list(_members(slices.places, number))
        growing = GrowingBank(detector.localizer, ROWS, detector.preset.references.variance)
        for index in members:
            growing.add(features[index], said_nearby(texts[index].map)[0])
        bank = growing.bank()
        owners = torch.tensor([slices.places[index].volume for index in members], device=bank.owner.device)
        banks.append(replace(bank, owner=owners[bank.owner]))
        classes.append(owners)
        summary = torch.cat([text_summary(texts[index]) for index in members])
        told.append(told_of(volumes, summary, bank.statistics, bank.class_spread))
    about = torch.stack(told).mean(0)
    experts = detector.calibration.gate(about.cpu()).to(about.device)
    window = FIXED_WINDOW if inquiry.fixed_camera else None
    return MatchedBanks(tuple(banks), tuple(classes), experts, volumes, window), texts


def _members(places: Sequence[ReferenceSlice], number: int) -> Iterator[int]:
    """Slices of a section and half a section around it; the nearest three of each volume where it has none there."""
    low, high = (number - 0.5) / SECTIONS, (number + 1.5) / SECTIONS
    middle = (number + 0.5) / SECTIONS
    for volume in range(max(place.volume for place in places) + 1):
        own = [index for index, place in enumerate(places) if place.volume == volume]
        inside = [index for index in own if low <= places[index].share <= high]
        yield from inside or sorted(sorted(own, key=lambda index: abs(places[index].share - middle))[:3])
