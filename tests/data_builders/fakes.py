"""A source and defects of a few lines each: what the core is tested with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assistant.types import Domain
from data_builders.config import BuildConfig, parse_config
from data_builders.families import Families
from data_builders.types import Defect, Kind, Picture


@dataclass(eq=False)
class PlainSource:
    """A flat colour with a little grain; the design is its colour."""

    name: str = "plain"
    kind: Kind = Kind.SURFACE
    domain: Domain = Domain.INDUSTRIAL

    def design(self, rng: np.random.Generator) -> tuple[int, int, int]:
        red, green, blue = rng.integers(60, 180, 3)
        return int(red), int(green), int(blue)

    def render(self, design: tuple[int, int, int], rng: np.random.Generator, size: tuple[int, int]) -> Picture:
        grain = rng.integers(-3, 4, (*size, 1))
        pixels = np.clip(np.array(design) + grain, 0, 255).astype(np.uint8)
        return Picture(pixels, np.ones(size, bool), f"{self.name} sheet", self.name, self.kind, self.domain)


@dataclass(eq=False)
class Square:
    """A dark square."""

    name: str = "square"
    type: str = "hole"
    domains: frozenset[Domain] = frozenset({Domain.INDUSTRIAL})

    def applies(self, picture: Picture) -> bool:
        return True

    def apply(self, picture: Picture, rng: np.random.Generator) -> Defect | None:
        height, width = picture.pixels.shape[:2]
        top, left, side = int(rng.integers(height - 12)), int(rng.integers(width - 12)), int(rng.integers(6, 12))
        mask = np.zeros((height, width), bool)
        mask[top : top + side, left : left + side] = True
        pixels = picture.pixels.copy()
        pixels[mask] = 10
        return Defect(pixels, mask, self.type, self.name, {"side": side, "ratio": float(rng.random()), "sharp": True})


@dataclass(eq=False)
class Nothing(Square):
    """A defect that never finds a place."""

    name: str = "nothing"

    def apply(self, picture: Picture, rng: np.random.Generator) -> Defect | None:
        return None


def fake_families() -> Families:
    """Two sources and two defects that work, so that one of each can be held out."""
    return Families((PlainSource(), PlainSource(name="other")), (Square(), Square(name="dark", type="burn"), Nothing()))


def config(**options: object) -> BuildConfig:
    """A small configuration that suits the fake families."""
    plain: dict[str, object] = {
        "count": 12,
        "size": 64,
        "references": 1,
        "domains": ["industrial"],
        "validation_share": 0.25,
    }
    return parse_config(plain | options, "test")
