"""Facts made at random, for tests of conversations."""

from __future__ import annotations

from typing import Any

import numpy as np

from assistant.geometry import CELLS
from assistant.types import Box, Domain, Mode, Region
from assistant.vocabulary.defect_types import INDUSTRIAL_TYPES, MEDICAL_TYPES
from assistant.vocabulary.severity import severity_of
from data_builders.words.facts import Facts

NAMES = {
    Domain.INDUSTRIAL: ("hex nut", "small parts", "fabric printed with dots", None, "cut-pile carpet"),
    Domain.MEDICAL: ("brain MRI slice", "ultrasound of the breast", None),
}


def random_facts(rng: np.random.Generator, count: int | None = None, **fixed: Any) -> Facts:
    """Facts of any kind: normal, with up to nine regions, borderline, diffuse, of unknown or foreign kinds."""
    domain = fixed.pop("domain", Domain.MEDICAL if rng.random() < 0.35 else Domain.INDUSTRIAL)
    if count is None:
        count = 0 if rng.random() < 0.4 else int(rng.integers(1, 10 if rng.random() < 0.3 else 4))
    chance = rng.random()
    score = float(rng.uniform(0.5, 1.0)) if count else float(rng.uniform(0.0, 0.4999))
    if chance < 0.12:
        score = 1 - score - 1e-6
    names = NAMES[domain]
    mode = list(Mode)[int(rng.integers(3))]
    untyped = rng.random() < 0.08
    regions = tuple(random_region(rng, number + 1, domain, untyped) for number in range(count))
    count_known = mode is Mode.FEW_SHOT
    values: dict[str, Any] = {
        "object_name": names[int(rng.integers(len(names)))], "domain": domain, "mode": mode, "score": score,
        "regions": regions, "width": 320, "height": 240,
        "reference_count": [None, 1, 3][int(rng.integers(3))] if count_known else None,
    }  # fmt: skip
    return Facts(**(values | fixed))


def random_region(rng: np.random.Generator, number: int, domain: Domain, untyped: bool) -> Region:
    """A region with cells, area and box that need not fit each other in size, only in place."""
    cell = int(rng.integers(9))
    row, column = divmod(cell, 3)
    cells = (CELLS[cell],) if rng.random() < 0.7 else (CELLS[cell], CELLS[3 * row + (column + 1) % 3])
    x, y = column * 107 + 5, row * 80 + 5
    types = list(INDUSTRIAL_TYPES if domain is Domain.INDUSTRIAL else MEDICAL_TYPES)
    kind = types[int(rng.integers(len(types)))] if rng.random() > 0.04 else "missing solder"
    area, peak = float(10 ** rng.uniform(-4, -0.7)), float(rng.uniform(0.5, 1.0))
    probability = round(float(rng.random()), 2)
    return Region(
        number, Box(x, y, x + 60, y + 40), area, cells, peak, 0.9 * peak, None if untyped else kind,
        None if untyped else probability, severity_of(area, peak, kind),
    )  # fmt: skip
