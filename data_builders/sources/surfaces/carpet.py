"""Carpet and felt."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from data_builders.sources.surfaces.base import (
    Colour,
    Paint,
    Surface,
    SurfaceDesign,
    draw_colour,
    draw_finish,
    drawn_angle,
    lit,
    mixed,
    scale_of,
    shifted,
)
from data_builders.sources.surfaces.noise import (
    Size,
    fractal_noise,
    shaded,
    smooth_step,
    streaks,
    voronoi_cells,
    white_noise,
)


@dataclass(frozen=True, kw_only=True)
class CarpetDesign(SurfaceDesign):
    """Pile (loops, cut pile or felted fibres) and its colours."""

    pile: str
    colour: Colour
    fleck: Colour
    fleck_share: float
    loop: float
    angle: float
    depth: float
    light: float


class Carpet(Surface):
    """Loop and cut-pile carpet, and felt."""

    name = "carpet"
    design_type = CarpetDesign

    def design(self, rng: np.random.Generator) -> CarpetDesign:
        """Draw a carpet."""
        pile = str(rng.choice(["loop", "cut", "felt"]))
        colour = draw_colour(rng, saturation=(0.0, 0.6), value=(0.15, 0.8))
        fleck = shifted(colour, rng.uniform(0.6, 1.5)) if rng.random() < 0.6 else draw_colour(rng)
        return CarpetDesign(
            object_name={"loop": "loop carpet", "cut": "cut-pile carpet", "felt": "felt"}[pile],
            finish=draw_finish(rng, clouds=0.09, specks=6, tilt=0.3),
            pile=pile,
            colour=colour,
            fleck=fleck,
            fleck_share=float(rng.choice([0.0, 0.1, 0.3, 0.5])),
            loop=rng.uniform(3.5, 9),
            angle=drawn_angle(rng),
            depth=rng.uniform(0.15, 0.6),
            light=rng.uniform(0, 2 * math.pi),
        )

    def paint(self, design: CarpetDesign, rng: np.random.Generator, size: Size) -> Paint:
        """Loops as round cells; cut pile as fine fractal relief; felt as crossing fibres."""
        scale = scale_of(size)
        depth = np.float32(design.depth)
        loop = max(design.loop * scale, 3.0)
        if design.pile == "loop":
            cells = voronoi_cells(rng, size, loop, jitter=0.6)
            tone = np.float32(1.1) - depth * cells.centre_distance / np.float32(loop * 0.6)
            tone *= cells.paint((1 + 0.07 * rng.standard_normal(cells.count)).astype(np.float32))
            pick = cells.paint((rng.random(cells.count) < design.fleck_share).astype(np.float32))
        else:
            turn = rng.uniform(0, math.pi)
            fleck = streaks(rng, size, turn, loop * (0.6 if design.pile == "cut" else 2.0), max(0.3 * loop, 1.2))
            start = 1.7 - 2.6 * design.fleck_share
            pick = np.float32(0.7) * smooth_step(fleck, start - 0.6, start + 0.6)
            if not design.fleck_share:
                pick = np.zeros_like(fleck)
            if design.pile == "cut":
                relief = fractal_noise(rng, size, loop, octaves=3, gain=0.8)
                lean = fractal_noise(rng, size, 70 * scale, octaves=2)
                tone = 1 + depth * np.float32(0.35) * relief + depth * shaded(relief, design.light, 0.4)
                tone += np.float32(0.07) * lean
            else:
                fibres = [streaks(rng, size, turn + k * math.pi / 4, 14 * scale, 1.1 * scale) for k in range(4)]
                tone = 1 + depth * np.float32(0.13) * (fibres[0] + fibres[1] + fibres[2] + fibres[3])
        tone *= 1 + np.float32(0.06) * white_noise(rng, size)
        return lit(mixed(design.colour, design.fleck, pick), tone)


CARPET_FAMILIES = (Carpet(),)
