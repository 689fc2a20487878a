"""How the camera is mounted and how large its pictures are."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, TypeVar, cast

import numpy as np

from data_builders.config import BuildConfig
from data_builders.types import Kind

Array = TypeVar("Array", bound=np.ndarray[Any, np.dtype[Any]])


@dataclass(frozen=True)
class Orientation:
    """How the camera is mounted: quarter turns and mirroring, the same for the query, its masks and its references."""

    quarter_turns: int = 0
    mirrored: bool = False

    @classmethod
    def draw(cls, kind: Kind, rng: np.random.Generator) -> Orientation:
        """Surfaces any way round, objects mostly upright and never mirrored (print on them), phantoms never turned."""
        turns, mirrored = int(rng.integers(4)), bool(rng.random() < 0.5)
        if kind is Kind.SURFACE:
            return cls(turns, mirrored)
        if kind is Kind.OBJECT:
            return cls(turns if rng.random() < 0.4 else 0)
        return cls(0, mirrored and bool(rng.random() < 0.4))

    def before(self, size: tuple[int, int]) -> tuple[int, int]:
        """(height, width) to render so that the turned picture has ``size``."""
        return size if self.quarter_turns % 2 == 0 else (size[1], size[0])

    def apply(self, array: Array) -> Array:
        """Turn a picture or a mask."""
        turned = np.rot90(array, self.quarter_turns)
        return cast(Array, np.ascontiguousarray(turned[:, ::-1] if self.mirrored else turned))


def draw_size(config: BuildConfig, kind: Kind, rng: np.random.Generator) -> tuple[int, int]:
    """(height, width): about side * side pixels; a quarter of the surfaces up to 1:3, some objects up to 3:4."""
    side = int(rng.integers(config.size_range[0], config.size_range[1] + 1))
    share, most = {Kind.SURFACE: (0.25, 3.0), Kind.OBJECT: (0.15, 4 / 3), Kind.PHANTOM: (0.1, 4 / 3)}[kind]
    stretched, ratio = rng.random() < share, math.exp(rng.uniform(-math.log(most), math.log(most)))
    if not stretched:
        return side, side
    return max(16, round(side / math.sqrt(ratio))), max(16, round(side * math.sqrt(ratio)))
