"""Technical surfaces: rubber mats and knurls, perforated sheet and mesh."""

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
    mixed,
    scale_of,
    toned,
)
from data_builders.sources.surfaces.metal import draw_metal
from data_builders.sources.surfaces.noise import (
    Field,
    Size,
    fractal_noise,
    rotated_coordinates,
    shaded,
    smooth_step,
    streaks,
    value_noise,
    white_noise,
)


def lattice(
    rng: np.random.Generator, size: Size, angle: float, pitch: float, slack: float, staggered: bool
) -> tuple[Field, Field]:
    """``(fu, fv)``: pixels from the nearest lattice point, with random phase and ``slack`` pixels of wander."""
    scale = scale_of(size)
    u, v = rotated_coordinates(size, angle)
    start = rng.uniform(20, 30, 2)
    step = pitch * (math.sqrt(3) / 2 if staggered else 1.0)
    v = v / np.float32(step) + np.float32(start[1])
    u = u / np.float32(pitch) + np.float32(start[0])
    if slack:
        v = v + np.float32(slack / step) * value_noise(rng, size, 50 * scale)
        u = u + np.float32(slack / pitch) * value_noise(rng, size, 50 * scale)
    row = np.floor(v)
    if staggered:
        u = u + np.float32(0.5) * np.mod(row, 2)
    fu, fv = u - np.floor(u) - np.float32(0.5), v - row - np.float32(0.5)
    return np.asarray(fu * np.float32(pitch), np.float32), np.asarray(fv * np.float32(step), np.float32)


@dataclass(frozen=True, kw_only=True)
class RubberMatDesign(SurfaceDesign):
    """Moulded relief of a mat or grip."""

    relief: str
    colour: Colour
    pitch: float
    angle: float
    depth: float
    fill: float
    light: float
    grain: float
    staggered: bool


class RubberMat(Surface):
    """Rubber or knurled grip: ribs, coins, diamonds or pyramids, with dust and flow marks."""

    name = "rubber_mat"
    design_type = RubberMatDesign

    def design(self, rng: np.random.Generator) -> RubberMatDesign:
        """Draw a mat."""
        relief = str(rng.choice(["ribs", "coins", "diamonds", "pyramids", "bars"]))
        colour = draw_colour(rng, saturation=(0.0, 0.2), value=(0.12, 0.4))
        if rng.random() < 0.35:
            colour = draw_colour(rng, saturation=(0.3, 0.85), value=(0.3, 0.8))
        material = "rubber mat" if relief != "pyramids" else "knurled surface"
        return RubberMatDesign(
            object_name=material,
            finish=draw_finish(rng, clouds=0.08, specks=9, grey=0.3),
            relief=relief,
            colour=colour,
            pitch=float(np.exp(rng.uniform(math.log(9), math.log(42)))),
            angle=drawn_angle(rng, 0.5),
            depth=rng.uniform(0.2, 0.7),
            fill=rng.uniform(0.45, 0.75),
            light=rng.uniform(0, 2 * math.pi),
            grain=rng.uniform(0.02, 0.09),
            staggered=bool(rng.random() < 0.4),
        )

    def paint(self, design: RubberMatDesign, rng: np.random.Generator, size: Size) -> Paint:
        """The relief as a height field lit from one side."""
        scale = scale_of(size)
        pitch = max(design.pitch * scale, 6.0)
        angle = design.angle + rng.normal(0, design.finish.tilt)
        fu, fv = lattice(rng, size, angle, pitch, 0.02 * pitch, design.staggered and design.relief != "ribs")
        half, soft = 0.5 * design.fill * pitch, 0.09 * pitch
        if design.relief == "ribs":
            height = 1 - smooth_step(np.abs(fv), half - soft, half + soft)
        elif design.relief == "coins":
            height = 1 - smooth_step(np.sqrt(fu * fu + fv * fv), half - soft, half + soft)
        elif design.relief == "diamonds":
            height = 1 - smooth_step(np.abs(fu) + np.abs(fv) * np.float32(1.4), half - soft, half + soft)
        elif design.relief == "bars":
            bar = np.maximum(np.abs(fu) - np.float32(0.36 * pitch), 0) + np.abs(fv) * np.float32(1.6)
            height = 1 - smooth_step(bar, half * 0.5 - soft, half * 0.5 + soft)
        else:
            height = 1 - np.maximum(np.abs(fu), np.abs(fv)) / np.float32(0.5 * pitch)
        height = np.asarray(height, np.float32)
        wear = 1 + np.float32(0.12) * fractal_noise(rng, size, 60 * scale, octaves=3)
        tone = np.float32(1 - 0.35 * design.depth) + np.float32(0.35 * design.depth) * height
        tone += np.float32(design.depth * 1.1) * wear * shaded(height, design.light, pitch * 0.12)
        tone += np.float32(design.grain) * white_noise(rng, size, 0.5)
        tone += np.float32(0.6 * design.grain) * fractal_noise(rng, size, 8 * scale, 3)
        return toned(design.colour, tone)


@dataclass(frozen=True, kw_only=True)
class PerforatedSheetDesign(SurfaceDesign):
    """Holes punched in a sheet, or a woven wire mesh."""

    form: str
    colour: Colour
    behind: Colour
    pitch: float
    hole: float
    angle: float
    staggered: bool
    contrast: float
    light: float
    slack: float


class PerforatedSheet(Surface):
    """Perforated sheet, woven wire mesh and grids."""

    name = "perforated_sheet"
    design_type = PerforatedSheetDesign

    def design(self, rng: np.random.Generator) -> PerforatedSheetDesign:
        """Draw a sheet."""
        form = str(rng.choice(["round", "square", "slot", "wire"]))
        _, colour = draw_metal(rng)
        behind = draw_colour(rng, saturation=(0.0, 0.3), value=(0.02, 0.25))
        if rng.random() < 0.3:
            colour = draw_colour(rng, saturation=(0.0, 0.4), value=(0.08, 0.4))
            behind = draw_colour(rng, saturation=(0.0, 0.2), value=(0.7, 0.95))
        elif rng.random() < 0.25:
            colour = draw_colour(rng, saturation=(0.2, 0.8), value=(0.4, 0.9))
        return PerforatedSheetDesign(
            object_name="wire mesh" if form == "wire" else "perforated sheet",
            finish=draw_finish(rng, clouds=0.05, specks=3, grey=0.4),
            form=form,
            colour=colour,
            behind=behind,
            pitch=float(np.exp(rng.uniform(math.log(9), math.log(44)))),
            hole=rng.uniform(0.4, 0.72),
            angle=drawn_angle(rng, 0.6) + float(rng.choice([0.0, 0.0, math.pi / 4])),
            staggered=bool(rng.random() < 0.5),
            contrast=rng.uniform(0.01, 0.06),
            light=rng.uniform(0, 2 * math.pi),
            slack=rng.uniform(0.0, 0.03),
        )

    def paint(self, design: PerforatedSheetDesign, rng: np.random.Generator, size: Size) -> Paint:
        """Holes show what lies behind; their rims catch the light. Wires pass over and under."""
        scale = scale_of(size)
        pitch = max(design.pitch * scale, 6.0)
        angle = design.angle + rng.normal(0, design.finish.tilt)
        grain = np.float32(design.contrast) * streaks(rng, size, angle, 40 * scale, 1.5 * scale)
        grain += np.float32(design.contrast * 0.6) * white_noise(rng, size)
        back = toned(design.behind, 1 + np.float32(0.03) * fractal_noise(rng, size, 40 * scale, 3))
        if design.form == "wire":
            cover, tone = self._wire(design, rng, size, angle, pitch)
            return mixed(back, toned(design.colour, tone + grain), cover)
        fu, fv = lattice(rng, size, angle, pitch, design.slack * pitch, design.staggered)
        radius = 0.5 * design.hole * pitch
        if design.form == "round":
            inside = np.float32(radius) - np.sqrt(fu * fu + fv * fv)
        elif design.form == "square":
            inside = np.float32(radius) - np.maximum(np.abs(fu), np.abs(fv))
        else:
            along = np.maximum(np.abs(fu) - np.float32(0.2 * pitch), 0)
            inside = np.float32(radius * 0.55) - np.sqrt(along * along + fv * fv)
        hole = smooth_step(np.asarray(inside, np.float32), -0.6, 0.6)
        rim = smooth_step(np.asarray(inside, np.float32), -0.12 * pitch, 0.06 * pitch)
        tone = 1 + grain + np.float32(0.5) * shaded(rim, design.light, pitch * 0.08)
        return mixed(toned(design.colour, np.asarray(tone, np.float32)), back, hole)

    def _wire(
        self, design: PerforatedSheetDesign, rng: np.random.Generator, size: Size, angle: float, pitch: float
    ) -> tuple[Field, Field]:
        """Cover and brightness of wires woven plainly."""
        u, v = rotated_coordinates(size, angle)
        start = rng.uniform(20, 30, 2)
        slack = np.float32(design.slack)
        u = u / np.float32(pitch) + slack * value_noise(rng, size, 40) + np.float32(start[0])
        v = v / np.float32(pitch) + slack * value_noise(rng, size, 40) + np.float32(start[1])
        column, row = np.floor(u), np.floor(v)
        fu, fv = u - column - np.float32(0.5), v - row - np.float32(0.5)
        half = (1 - design.hole) * 0.5
        soft = 0.8 / pitch
        down = np.asarray(1 - smooth_step(np.abs(fu), half - soft, half + soft), np.float32)
        across = np.asarray(1 - smooth_step(np.abs(fv), half - soft, half + soft), np.float32)
        wave = np.cos((fv + row + column) * np.float32(math.pi)), np.cos((fu + row + column + 1) * np.float32(math.pi))
        top = np.mod(column + row, 2) == 0
        over = np.where(top, down > 0.5, across <= 0.5)
        bends = np.where(over, np.abs(wave[0]), np.abs(wave[1]))
        side = np.where(over, fu, fv) / np.float32(half)
        tone = (1 - np.float32(0.6) * side * side) * (np.float32(0.85) + np.float32(0.12) * bends)
        return np.maximum(down, across), np.asarray(np.clip(tone, 0.2, 1.2), np.float32)


TECHNICAL_FAMILIES = (RubberMat(), PerforatedSheet())
