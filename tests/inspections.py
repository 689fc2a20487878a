"""Inspections made by hand, for tests of words."""

from __future__ import annotations

import numpy as np

from assistant.geometry import CELLS
from assistant.types import AnomalyMap, Box, Domain, Inspection, Mode, QueryImage, Region
from assistant.vocabulary.severity import severity_of

KINDS = ("scratch", "crack", "stain", "dent", "contamination", "hole", "missing part", "corrosion", "chip")
LESIONS = ("mass", "cyst", "exudate", "fluid", "haemorrhage", "opacity", "polyp", "atrophy", "calcification")


def region(
    number: int,
    cells: tuple[str, ...] = ("top left",),
    kind: str | None = "scratch",
    probability: float | None = 0.7,
    area: float = 0.03,
    peak: float = 0.95,
) -> Region:
    """A region with a made-up box."""
    severity = severity_of(area, peak, kind)
    return Region(number, Box(1, 1, 20, 20), area, cells, peak, 0.8 * peak, kind, probability, severity)


def regions(count: int, kinds: tuple[str, ...] = KINDS) -> tuple[Region, ...]:
    """``count`` regions of different kinds in different cells."""
    return tuple(
        region(i + 1, (CELLS[i % 9],), kinds[i % len(kinds)], 0.3 + 0.06 * (i % 9), 0.05 / (i + 1), 0.97 - 0.04 * i)
        for i in range(count)
    )


def inspection(
    score: float,
    found: tuple[Region, ...] = (),
    name: str | None = None,
    domain: Domain | None = None,
    mode: Mode = Mode.ZERO_SHOT,
) -> Inspection:
    """An inspection of a black picture, 32 rows by 48 columns."""
    image = QueryImage(np.zeros((32, 48, 3), np.uint8), "part.png", domain)
    empty = AnomalyMap(np.zeros((32, 48), np.float32))
    return Inspection(image, name, mode, score, None, found, empty, "tiny", "sha256:0")
