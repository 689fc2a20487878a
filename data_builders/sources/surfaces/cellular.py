"""Surfaces of many like pieces: tiled walls, and foams."""

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
    rotated_coordinates,
    shaded,
    smooth_step,
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
        colour = (
            draw_colour(rng, (0.0, 0.09), (0.3, 0.7), (0.4, 0.75))
            if brick
            else draw_colour(rng, saturation=(0.0, 0.65), value=(0.25, 0.97))
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
            pattern=rng.uniform(0.0, 0.07),
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
            tone = 1 + shade - depth * np.float32(0.35) * (1 - dome)
            tone += depth * np.float32(0.3) * shaded(dome, design.light, pore / 4)
        else:
            opened = (rng.random(cells.count) < design.open_share) * rng.uniform(0.4, 1.0, cells.count)
            large = self._holes(cells.border_distance, pore) * cells.paint(opened.astype(np.float32))
            small_cells = voronoi_cells(rng, size, max(pore * 0.42, 2.5))
            deep = rng.uniform(0, 0.9, small_cells.count).astype(np.float32)
            small = self._holes(small_cells.border_distance, pore * 0.42) * small_cells.paint(deep)
            hollow = np.maximum(large, np.float32(0.6) * small)
            tone = 1 - depth * hollow - depth * np.float32(0.25) * shaded(hollow, design.light, pore * 0.25)
        tone += np.float32(design.fine) * white_noise(rng, size, 0.5)
        tone += np.float32(0.4 * design.fine) * fractal_noise(rng, size, 40 * scale, 3)
        return toned(shifted(design.colour, 1.05), tone)

    def _holes(self, border_distance: Field, cell: float) -> Field:
        """1 deep inside a pore, 0 on the walls."""
        return smooth_step(border_distance, 0.06 * cell, 0.3 * cell)


CELLULAR_FAMILIES = (TiledWall(), Foam())
