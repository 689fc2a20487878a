"""Mineral and cellular surfaces: tiles, stone, asphalt, concrete, foam."""

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
    shifted,
    toned,
)
from data_builders.sources.surfaces.noise import (
    Field,
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
class TiledWallDesign(SurfaceDesign):
    """Tiles, grout and how they are laid."""

    colour: Colour
    grout: Colour
    width: float
    aspect: float
    bond: float
    joint: float
    angle: float
    spread: float
    pattern: float
    bevel: float
    grain: float


class TiledWall(Surface):
    """Ceramic tiles or bricks in a grid or running bond, with grout."""

    name = "tiled_wall"
    design_type = TiledWallDesign

    def design(self, rng: np.random.Generator) -> TiledWallDesign:
        """Draw a wall."""
        kind = str(rng.choice(["tiles", "mosaic", "bricks"]))
        brick = kind == "bricks"
        colour = draw_colour(rng, (0.0, 0.09), (0.3, 0.7), (0.4, 0.75)) if brick else draw_colour(
            rng, saturation=(0.0, 0.65), value=(0.25, 0.97)
        )
        grout = draw_colour(rng, (0.05, 0.15), (0.0, 0.15), (0.25, 0.9))
        width = {"tiles": rng.uniform(48, 130), "mosaic": rng.uniform(15, 36), "bricks": rng.uniform(45, 100)}[kind]
        return TiledWallDesign(
            object_name={"tiles": "tiled surface", "mosaic": "mosaic", "bricks": "brick wall"}[kind],
            finish=draw_finish(rng, clouds=0.05, specks=6),
            colour=colour,
            grout=grout,
            width=width,
            aspect=rng.uniform(0.35, 0.5) if brick else float(rng.choice([1.0, 1.0, 0.5, 0.75])),
            bond=0.5 if brick else float(rng.choice([0.0, 0.0, 0.5, 0.33])),
            joint=rng.uniform(1.0, 3.0) * (1.4 if brick else 1.0),
            angle=drawn_angle(rng, 0.8),
            spread=rng.uniform(0.0, 0.12),
            pattern=rng.uniform(0.0, 0.12),
            bevel=rng.uniform(0.0, 0.3),
            grain=rng.uniform(0.01, 0.06 if not brick else 0.12),
        )

    def paint(self, design: TiledWallDesign, rng: np.random.Generator, size: Size) -> Paint:
        """Each tile with its own shade, a bevel towards the light, rough grout between."""
        scale = scale_of(size)
        width = design.width * scale
        height = width * design.aspect
        angle = design.angle + rng.normal(0, design.finish.tilt)
        start = rng.uniform(20, 30, 2)
        u, v = rotated_coordinates(size, angle)
        wobble = np.float32(0.25 * scale)
        u, v = u + wobble * value_noise(rng, size, 12 * scale), v + wobble * value_noise(rng, size, 12 * scale)
        v = v / np.float32(height) + np.float32(start[1])
        row = np.floor(v)
        u = u / np.float32(width) + np.float32(start[0]) + row * np.float32(design.bond)
        column = np.floor(u)
        fu, fv = (u - column - np.float32(0.5)) * np.float32(width), (v - row - np.float32(0.5)) * np.float32(height)
        inset = np.minimum(np.float32(width / 2) - np.abs(fu), np.float32(height / 2) - np.abs(fv))
        joint = max(design.joint * scale, 1.0)
        tile = smooth_step(inset, joint * 0.5, joint * 0.5 + max(0.9 * scale, 0.7))
        index = np.mod(row * 37 + column * 11, 509).astype(np.int32)
        shade = (1 + design.spread * rng.standard_normal(509)).astype(np.float32)[index]
        grain = white_noise(rng, size)
        surface = shade * (1 + np.float32(design.pattern) * fractal_noise(rng, size, 26 * scale, 4, 0.65))
        surface += np.float32(design.grain) * grain
        edge = 1 - smooth_step(inset, joint * 0.5, joint * 0.5 + 3.0 * scale)
        lit = np.where(np.abs(fu) * np.float32(design.aspect) > np.abs(fv), np.sign(fu), np.sign(fv))
        surface -= np.float32(design.bevel) * edge * lit
        mortar = 1 + np.float32(0.06) * value_noise(rng, size, 3 * scale) + np.float32(0.04) * grain
        return mixed(toned(design.grout, mortar), toned(design.colour, surface), tile)


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
        others = tuple(
            draw_colour(rng, saturation=(0.0, 0.45 if stone == "terrazzo" else 0.2), value=(0.1, 0.95)) for _ in range(3)
        )
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
            paint = mixed(toned(design.colours[0], 1 + np.float32(0.03) * fractal_noise(rng, size, 10 * scale)), paint, body)
        elif design.stone == "gravel":
            dome = smooth_step(cells.border_distance, -0.1 * chip, 0.4 * chip)
            tone = np.float32(0.35) + np.float32(0.65) * dome + np.float32(0.25) * shaded(dome, design.angle, chip * 0.4)
            paint = paint * tone[..., None]
        else:
            x, y = pixel_grid(size)
            shift = np.float32(0.35 * chip)
            dx, dy = value_noise(rng, size, 0.6 * chip), value_noise(rng, size, 0.6 * chip)
            paint = sampled(paint, x + shift * dx, y + shift * dy, wrap=False)
            paint = paint * (1 + np.float32(0.08) * fractal_noise(rng, size, 24 * scale, 3))[..., None]
        fine = 1 + np.float32(0.05) * white_noise(rng, size)
        return np.asarray(paint * fine[..., None], np.float32)

    def _marble(self, design: StoneSlabDesign, rng: np.random.Generator, size: Size, scale: float) -> Paint:
        """Clouds of two tones with ridged veins along one direction."""
        cell = design.chip * scale
        clouds = fractal_noise(rng, size, cell, octaves=5, gain=0.6)
        u, v = rotated_coordinates(size, design.angle + rng.normal(0, 0.15))
        bent = v + np.float32(0.5 * cell) * clouds + np.float32(0.25) * u
        wave = np.abs(np.sin(bent * np.float32(math.pi / (0.9 * cell)) + np.float32(rng.uniform(0, 6.3))))
        strength = np.float32(design.veins) * smooth_step(fractal_noise(rng, size, cell, 2), -0.8, 1.4)
        vein = (1 - smooth_step(wave, 0.0, 0.28)) * strength
        paint = mixed(design.colours[0], design.colours[1], np.float32(0.12 * design.contrast) * (clouds + 1))
        paint = mixed(paint, design.colours[2], np.clip(vein, 0, 1) * np.float32(design.contrast))
        return paint * (1 + np.float32(0.015) * white_noise(rng, size))[..., None]


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
            colour=draw_colour(rng, (0.05, 0.65), (0.0, 0.12), (0.25, 0.72)),
            stone=rng.uniform(2.2, 6.5),
            contrast=rng.uniform(0.05, 0.28),
            grain=rng.uniform(0.03, 0.13),
            wear=rng.uniform(0.0, 0.12),
            lane_angle=drawn_angle(rng, 0.7),
            lane_width=rng.uniform(0.25, 0.7),
            patchy=rng.uniform(0.01, 0.06),
        )

    def paint(self, design: AsphaltDesign, rng: np.random.Generator, size: Size) -> Paint:
        """Stones of many shades with dark binder between them, worn along the lane."""
        scale = scale_of(size)
        stone = max(design.stone * scale, 2.5)
        cells = voronoi_cells(rng, size, stone)
        shades = rng.standard_normal(cells.count).astype(np.float32)
        shades = np.where(shades > 1.3, shades * np.float32(1.6), shades * np.float32(0.7))
        stones = cells.paint(shades) * np.float32(0.6) - np.float32(0.5) + cells.border_distance / np.float32(stone * 0.3)
        density = 1 + np.float32(0.25) * fractal_noise(rng, size, 70 * scale, octaves=2)
        tone = 1 + np.float32(design.contrast * 0.6) * stones * density
        tone += np.float32(design.grain) * (white_noise(rng, size, 0.5) + np.float32(0.5) * value_noise(rng, size, 2.5 * stone))
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
            mottle=rng.uniform(0.015, 0.1),
            grain=rng.uniform(0.01, 0.06),
            pores=rng.uniform(0.0, 0.35),
            trowel=rng.uniform(0.0, 0.05),
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
        spots = spots + np.float32(0.5) * value_noise(rng, size, 40 * scale)
        tone -= np.float32(design.pores) * smooth_step(spots, 2.7, 3.3)
        angle = design.trowel_angle + rng.normal(0, 0.1)
        tone += np.float32(design.trowel) * streaks(rng, size, angle, 120 * scale, 5 * scale)
        if design.forms:
            _, v = rotated_coordinates(size, design.finish.tilt)
            v = v / np.float32(0.45 * max(size)) + np.float32(rng.uniform(5, 6))
            gap = np.abs(v - np.floor(v) - np.float32(0.5)) * np.float32(0.45 * max(size))
            tone -= np.float32(design.forms) * (1 - smooth_step(gap, 0.4, 2.2 * scale))
        return toned(design.colour, tone)


@dataclass(frozen=True, kw_only=True)
class FoamDesign(SurfaceDesign):
    """Pores of a foam or sponge."""

    colour: Colour
    pore: float
    depth: float
    open_share: float
    light: float
    fine: float
    kind_name: str


class Foam(Surface):
    """Foam and sponge: dark pores of mixed sizes between bright walls."""

    name = "foam"
    design_type = FoamDesign

    def design(self, rng: np.random.Generator) -> FoamDesign:
        """Draw a foam."""
        kind = str(rng.choice(["foam", "sponge", "bead foam"]))
        return FoamDesign(
            object_name={"foam": "foam sheet", "sponge": "sponge", "bead foam": "polystyrene foam"}[kind],
            finish=draw_finish(rng, clouds=0.06, specks=3, tilt=0.3),
            colour=draw_colour(rng, saturation=(0.0, 0.1 if kind == "bead foam" else 0.75), value=(0.3, 0.97)),
            pore=float(np.exp(rng.uniform(math.log(3.5), math.log(12)))) * (2.0 if kind == "bead foam" else 1.0),
            depth=rng.uniform(0.15, 0.6),
            open_share=rng.uniform(0.25, 0.85),
            light=rng.uniform(0, 2 * math.pi),
            fine=rng.uniform(0.02, 0.08),
            kind_name=kind,
        )

    def paint(self, design: FoamDesign, rng: np.random.Generator, size: Size) -> Paint:
        """Large and small pores; beads bulge instead."""
        scale = scale_of(size)
        pore = max(design.pore * scale, 3.0)
        cells = voronoi_cells(rng, size, pore)
        depth = np.float32(design.depth)
        if design.kind_name == "bead foam":
            dome = smooth_step(cells.border_distance, -0.1 * pore, 0.45 * pore)
            shade = cells.paint((0.02 * rng.standard_normal(cells.count)).astype(np.float32))
            tone = 1 + shade - depth * np.float32(0.35) * (1 - dome) + depth * np.float32(0.3) * shaded(dome, design.light, pore / 4)
        else:
            opened = (rng.random(cells.count) < design.open_share) * rng.uniform(0.4, 1.0, cells.count)
            large = self._holes(cells.border_distance, pore) * cells.paint(opened.astype(np.float32))
            small_cells = voronoi_cells(rng, size, max(pore * 0.42, 2.5))
            deep = rng.uniform(0, 0.9, small_cells.count).astype(np.float32)
            small = self._holes(small_cells.border_distance, pore * 0.42) * small_cells.paint(deep)
            hollow = np.maximum(large, np.float32(0.6) * small)
            tone = 1 - depth * hollow - depth * np.float32(0.25) * shaded(hollow, design.light, pore * 0.25)
        tone += np.float32(design.fine) * (white_noise(rng, size, 0.5) + fractal_noise(rng, size, 40 * scale, 3))
        return toned(shifted(design.colour, 1.05), tone)

    def _holes(self, border_distance: Field, cell: float) -> Field:
        """1 deep inside a pore, 0 on the walls."""
        return smooth_step(border_distance, 0.06 * cell, 0.3 * cell)


MINERAL_FAMILIES = (TiledWall(), StoneSlab(), Asphalt(), Concrete(), Foam())
