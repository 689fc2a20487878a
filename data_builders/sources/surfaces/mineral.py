"""Mineral surfaces: stone, asphalt, concrete and plaster."""

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
    toned,
)
from data_builders.sources.surfaces.noise import (
    Size,
    fractal_noise,
    pixel_grid,
    rotated_coordinates,
    sampled,
    shaded,
    smooth_step,
    streaks,
    value_noise,
    voronoi_cells,
    white_noise,
)


@dataclass(frozen=True, kw_only=True)
class StoneSlabDesign(SurfaceDesign):
    """Granite, terrazzo, gravel, or veined marble."""

    stone: str
    colours: tuple[Colour, ...]
    chip: float
    chip_share: float
    contrast: float
    veins: float
    angle: float


class StoneSlab(Surface):
    """Natural and artificial stone."""

    name = "stone_slab"
    design_type = StoneSlabDesign

    def design(self, rng: np.random.Generator) -> StoneSlabDesign:
        """Draw a slab."""
        stone = str(rng.choice(["granite", "terrazzo", "gravel", "marble"]))
        ground = draw_colour(rng, (0.0, 0.2), (0.0, 0.25), (0.3, 0.92))
        vivid = 0.45 if stone == "terrazzo" else 0.2
        others = tuple(draw_colour(rng, saturation=(0.0, vivid), value=(0.1, 0.95)) for _ in range(3))
        return StoneSlabDesign(
            object_name=stone if stone == "gravel" else f"{stone} slab",
            finish=draw_finish(rng, clouds=0.04, specks=5, tilt=0.3, grey=0.3),
            stone=stone,
            colours=(ground, *others),
            chip={"granite": 4.0, "terrazzo": 13.0, "gravel": 10.0, "marble": 60.0}[stone] * rng.uniform(0.7, 1.6),
            chip_share=rng.uniform(0.3, 0.8),
            contrast=rng.uniform(0.25, 1.0),
            veins=rng.uniform(0.15, 0.7),
            angle=rng.uniform(0, math.pi),
        )

    def paint(self, design: StoneSlabDesign, rng: np.random.Generator, size: Size) -> Paint:
        """Chips of several colours in a ground, or veins over clouds."""
        scale = scale_of(size)
        if design.stone == "marble":
            return self._marble(design, rng, size, scale)
        chip = max(design.chip * scale, 2.5)
        cells = voronoi_cells(rng, size, chip)
        pick = rng.choice(4, cells.count, p=[1 - design.chip_share, *([design.chip_share / 3] * 3)])
        palette = np.array(design.colours, np.float32)
        palette = palette[:1] + np.float32(design.contrast) * (palette - palette[:1])
        shades = palette[pick] * (1 + 0.08 * rng.standard_normal((cells.count, 1))).astype(np.float32)
        paint = shades.astype(np.float32)[cells.label]
        if design.stone == "terrazzo":
            wanted = rng.uniform(0.05, 0.3, cells.count).astype(np.float32) * np.float32(chip)
            body = smooth_step(cells.border_distance - cells.paint(wanted), -0.6, 0.6)
            ground = toned(design.colours[0], 1 + np.float32(0.03) * fractal_noise(rng, size, 10 * scale))
            paint = mixed(ground, paint, body)
        elif design.stone == "gravel":
            dome = smooth_step(cells.border_distance, -0.1 * chip, 0.4 * chip)
            tone = np.float32(0.35) + np.float32(0.65) * dome
            paint = lit(paint, tone + np.float32(0.25) * shaded(dome, design.angle, chip * 0.4))
        else:
            x, y = pixel_grid(size)
            shift = np.float32(0.35 * chip)
            dx, dy = value_noise(rng, size, 0.6 * chip), value_noise(rng, size, 0.6 * chip)
            paint = sampled(paint, x + shift * dx, y + shift * dy, wrap=False)
            paint = lit(paint, 1 + np.float32(0.05) * fractal_noise(rng, size, 24 * scale, 3))
        return lit(paint, 1 + np.float32(0.05) * white_noise(rng, size))

    def _marble(self, design: StoneSlabDesign, rng: np.random.Generator, size: Size, scale: float) -> Paint:
        """Clouds of two tones with ridged veins along one direction."""
        cell = design.chip * scale
        clouds = fractal_noise(rng, size, cell, octaves=5, gain=0.6)
        u, v = rotated_coordinates(size, design.angle + rng.normal(0, 0.15))
        drift = fractal_noise(rng, size, 1.4 * cell, octaves=4, gain=0.42)
        bent = v + np.float32(0.4 * cell) * drift + np.float32(0.25) * u
        wave = np.abs(np.sin(bent * np.float32(math.pi / (0.6 * cell)) + np.float32(rng.uniform(0, 6.3))))
        strength = np.float32(design.veins) * smooth_step(fractal_noise(rng, size, cell, 2), -2.0, 1.6)
        vein = (1 - smooth_step(wave, 0.0, 0.4)) * strength
        paint = mixed(design.colours[0], design.colours[1], np.float32(0.12 * design.contrast) * (clouds + 1))
        paint = mixed(paint, design.colours[2], np.clip(vein, 0, 1) * np.float32(design.contrast))
        return lit(paint, 1 + np.float32(0.015) * white_noise(rng, size))


@dataclass(frozen=True, kw_only=True)
class AsphaltDesign(SurfaceDesign):
    """Road surface seen from above."""

    colour: Colour
    stone: float
    contrast: float
    grain: float
    wear: float
    lane_angle: float
    lane_width: float
    patchy: float


class Asphalt(Surface):
    """Asphalt road: fine low-contrast stones, worn wheel tracks, damp and dusty patches."""

    name = "asphalt"
    design_type = AsphaltDesign

    def design(self, rng: np.random.Generator) -> AsphaltDesign:
        """Draw a road."""
        return AsphaltDesign(
            object_name=str(rng.choice(["asphalt road", "road surface", "pavement"])),
            finish=draw_finish(rng, clouds=0.08, specks=10, grey=0.4),
            colour=draw_colour(rng, (0.05, 0.65), (0.0, 0.12), (0.25, 0.64)),
            stone=rng.uniform(2.2, 6.5),
            contrast=rng.uniform(0.05, 0.2),
            grain=rng.uniform(0.03, 0.1),
            wear=rng.uniform(0.0, 0.09),
            lane_angle=drawn_angle(rng, 0.7),
            lane_width=rng.uniform(0.5, 1.4),
            patchy=rng.uniform(0.005, 0.035),
        )

    def paint(self, design: AsphaltDesign, rng: np.random.Generator, size: Size) -> Paint:
        """Stones of many shades with dark binder between them, worn along the lane."""
        scale = scale_of(size)
        stone = max(design.stone * scale, 2.5)
        cells = voronoi_cells(rng, size, stone)
        shades = rng.standard_normal(cells.count).astype(np.float32)
        shades = np.where(shades > 1.3, shades * np.float32(1.6), shades * np.float32(0.7))
        stones = cells.paint(shades) * np.float32(0.6) - np.float32(0.6)
        stones += cells.border_distance / np.float32(stone * 0.3)
        density = 1 + np.float32(0.12) * fractal_noise(rng, size, 70 * scale, octaves=2)
        tone = 1 + np.float32(design.contrast * 0.6) * stones * density
        tone += np.float32(design.grain) * white_noise(rng, size, 0.5)
        tone += np.float32(0.4 * design.grain) * value_noise(rng, size, 2.5 * stone)
        tone += np.float32(design.patchy) * fractal_noise(rng, size, 90 * scale, octaves=5, gain=0.65)
        _, v = rotated_coordinates(size, design.lane_angle + rng.normal(0, design.finish.tilt))
        lane = v / np.float32(design.lane_width * max(size)) + np.float32(rng.normal(0, 0.2))
        tone += np.float32(design.wear) * np.cos(lane * np.float32(2 * math.pi))
        return toned(design.colour, tone)


@dataclass(frozen=True, kw_only=True)
class ConcreteDesign(SurfaceDesign):
    """Concrete or plaster and how it was finished."""

    colour: Colour
    mottle: float
    grain: float
    pores: float
    trowel: float
    trowel_angle: float
    relief: float
    light: float
    forms: float


class Concrete(Surface):
    """Concrete and plaster: mottling, air pores, trowel strokes, faint form lines."""

    name = "concrete"
    design_type = ConcreteDesign

    def design(self, rng: np.random.Generator) -> ConcreteDesign:
        """Draw a wall."""
        plaster = rng.random() < 0.4
        return ConcreteDesign(
            object_name="plaster wall" if plaster else "concrete surface",
            finish=draw_finish(rng, clouds=0.06, specks=8, grey=0.3),
            colour=draw_colour(rng, (0.04, 0.16), (0.0, 0.3 if plaster else 0.1), (0.45, 0.92 if plaster else 0.78)),
            mottle=rng.uniform(0.01, 0.055),
            grain=rng.uniform(0.01, 0.06),
            pores=rng.uniform(0.0, 0.35),
            trowel=rng.uniform(0.0, 0.03),
            trowel_angle=rng.uniform(0, math.pi),
            relief=rng.uniform(0.02, 0.35) if plaster else rng.uniform(0.0, 0.08),
            light=rng.uniform(0, 2 * math.pi),
            forms=rng.uniform(0.03, 0.15) if rng.random() < 0.2 else 0.0,
        )

    def paint(self, design: ConcreteDesign, rng: np.random.Generator, size: Size) -> Paint:
        """Mottling at many scales with small dark pores and lit relief."""
        scale = scale_of(size)
        mottle = fractal_noise(rng, size, 70 * scale, octaves=6, gain=0.65)
        tone = 1 + np.float32(design.mottle) * mottle + np.float32(design.grain) * white_noise(rng, size)
        relief = fractal_noise(rng, size, 12 * scale, octaves=4, gain=0.6)
        tone += np.float32(design.relief) * shaded(relief, design.light, 2.2 * scale)
        spots = value_noise(rng, size, max(3.2 * scale, 2.0))
        spots = spots + np.float32(0.2) * value_noise(rng, size, 40 * scale)
        tone -= np.float32(design.pores) * smooth_step(spots, 2.5, 3.1)
        angle = design.trowel_angle + rng.normal(0, 0.1)
        tone += np.float32(design.trowel) * streaks(rng, size, angle, 120 * scale, 5 * scale)
        if design.forms:
            _, v = rotated_coordinates(size, design.finish.tilt)
            v = v / np.float32(0.45 * max(size)) + np.float32(rng.uniform(5, 6))
            gap = np.abs(v - np.floor(v) - np.float32(0.5)) * np.float32(0.45 * max(size))
            tone -= np.float32(design.forms) * (1 - smooth_step(gap, 0.4, 2.2 * scale))
        return toned(design.colour, tone)


MINERAL_FAMILIES = (StoneSlab(), Asphalt(), Concrete())
