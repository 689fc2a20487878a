"""Slices of a volume along one axis, each encoded once -> logits of their patch grids. Pictures are let go as it goes."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float32

from assistant.errors import ImageError
from assistant.inquiry import Inquiry
from assistant.vision.detector import Detector
from assistant.vision.encoded_query import EncodedQuery
from assistant.volumes.volume import Slices

KEPT = 4
"""Encoded slices that are kept for naming regions; others are encoded again."""


@dataclass(frozen=True, eq=False)
class SliceEvidence:
    """What the slices along an axis say.

    Args:
        slices: all of them.
        numbers: of those that show something, in their order.
        images: an image logit each.
        planes: logits of the patch grid of each.
        kept: the encoded slices with the highest image logits, by number.
        timing_ms: milliseconds a stage, of all of them together.
        unusual: logarithm of unusual contrast in all slices; None where nothing is known of it.
    """

    slices: Slices
    numbers: tuple[int, ...]
    images: Float32[np.ndarray, " looked"]
    planes: Float32[np.ndarray, "looked rows columns"]
    kept: dict[int, EncodedQuery]
    timing_ms: dict[str, float]
    unusual: Float32[np.ndarray, "slices height width"] | None = None

    @property
    def shares(self) -> Float32[np.ndarray, " looked"]:
        """Where each lies between the first and the last slice that shows something, [0, 1]."""
        first, last = self.numbers[0], self.numbers[-1]
        return (np.array(self.numbers, np.float32) - first) / max(1, last - first)

    @property
    def step_mm(self) -> float:
        """Millimetres from slice to slice."""
        return self.slices.volume.spacing_mm[self.slices.axis]


Said = Callable[[EncodedQuery, float], tuple[float, Float32[np.ndarray, "rows columns"]]]
"""An encoded slice and its share of the axis -> image logit and logits of the patch grid."""


def look_along(detector: Detector, slices: Slices, inquiry: Inquiry, said: Said) -> SliceEvidence:
    """Encode each slice that shows something once.

    Args:
        detector: that encodes them.
        slices: along one axis.
        inquiry: what is asked of each.
        said: what they say.

    Raises:
        ImageError: nothing is to be seen on any slice.
    """
    numbers = tuple(number for number in range(len(slices)) if not slices.empty(number))
    if not numbers:
        raise ImageError(
            "a volume that shows something", f"none in {slices.volume.title}", "check its window and values"
        )
    span = max(1, numbers[-1] - numbers[0])
    images, planes, timing = [], [], {"decode": 0.0, "encode": 0.0, "map": 0.0}
    best: list[tuple[float, int, EncodedQuery]] = []
    for number, encoded in _encoded(detector, slices, numbers, inquiry):
        image, plane = said(encoded, (number - numbers[0]) / span)
        images.append(image)
        planes.append(plane)
        for stage, spent in encoded.timing_ms.items():
            timing[stage] = timing.get(stage, 0.0) + spent
        (heapq.heappush if len(best) < KEPT else heapq.heappushpop)(best, (image, number, encoded))
    kept = {number: encoded for _, number, encoded in best}
    return SliceEvidence(slices, numbers, np.array(images, np.float32), np.stack(planes), kept, timing)


def _encoded(
    detector: Detector, slices: Slices, numbers: tuple[int, ...], inquiry: Inquiry
) -> Iterator[tuple[int, EncodedQuery]]:
    for number in numbers:
        picture = slices[number]
        yield number, detector.encode(replace(picture, deep=None), inquiry)


def filled(evidence: SliceEvidence, values: np.ndarray, nothing: float) -> np.ndarray:
    """Values of the slices looked at -> of all slices along the axis; those between two that were looked at follow the first."""
    out = np.full((len(evidence.slices), *values.shape[1:]), nothing, np.float32)
    for place, number in enumerate(evidence.numbers):
        after = evidence.numbers[place + 1] if place + 1 < len(evidence.numbers) else number + 1
        out[number:after] = values[place]
    return out
