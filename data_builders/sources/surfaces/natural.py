"""Wood, leather, paper and cardboard."""

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

WOODS: dict[str, tuple[Colour, Colour]] = {
    "oak": ((0.78, 0.62, 0.42), (0.58, 0.42, 0.25)),
    "pine": ((0.90, 0.76, 0.52), (0.75, 0.53, 0.28)),
    "walnut": ((0.48, 0.34, 0.24), (0.28, 0.18, 0.12)),
    "beech": ((0.84, 0.68, 0.52), (0.73, 0.55, 0.39)),
    "cherry": ((0.70, 0.43, 0.28), (0.54, 0.29, 0.17)),
    "maple": ((0.90, 0.80, 0.66), (0.80, 0.67, 0.50)),
    "grey weathered": ((0.62, 0.60, 0.57), (0.42, 0.40, 0.38)),
}


@dataclass(frozen=True, kw_only=True)
class WoodDesign(SurfaceDesign):
    """Species, cut and boards."""

    light: Colour
    dark: Colour
    angle: float
    ring: float
    bend: float
    contrast: float
    pores: float
    fibre: float
    knot_rate: float
    board_width: float


class Wood(Surface):
    """Planed wood: rings drawn out along the grain, pores, fibres, rarely a sound knot; some of several boards."""

    name = "wood"
    design_type = WoodDesign

    def design(self, rng: np.random.Generator) -> WoodDesign:
        """Draw a wood."""
        species = str(rng.choice(list(WOODS)))
        light, dark = WOODS[species]
        factor = rng.uniform(0.75, 1.1)
        return WoodDesign(
            object_name=f"{species} wood",
            finish=draw_finish(rng, clouds=0.06, specks=6, grey=0.15),
            light=shifted(light, factor),
            dark=shifted(dark, factor),
            angle=drawn_angle(rng, 0.8),
            ring=float(np.exp(rng.uniform(math.log(7), math.log(40)))),
            bend=rng.uniform(0.3, 2.2),
            contrast=rng.uniform(0.25, 1.0),
            pores=rng.uniform(0.0, 0.45),
            fibre=rng.uniform(0.02, 0.09),
            knot_rate=0.5 if rng.random() < 0.12 else 0.0,
            board_width=rng.uniform(50, 150) if rng.random() < 0.25 else 0.0,
        )

    def paint(self, design: WoodDesign, rng: np.random.Generator, size: Size) -> Paint:
        """Late and early wood as an asymmetric wave across bent rings."""
        scale = scale_of(size)
        angle = design.angle + rng.normal(0, design.finish.tilt)
        u, v = rotated_coordinates(size, angle)
        board, seam = self._boards(design, rng, v, scale)
        ring = max(design.ring * scale, 4.0)
        bend = np.float32(design.bend * ring)
        across = v + bend * streaks(rng, size, angle, 190 * scale, 45 * scale)
        across += np.float32(0.15 * ring) * streaks(rng, size, angle, 50 * scale, 6 * scale)
        across += board * np.float32(3.7 * ring) + u * np.float32(rng.normal(0, 0.05))
        knot = np.zeros((), np.float32)
        if rng.random() < design.knot_rate:
            across, knot = self._knot(rng, u, v, across, ring)
        phase = across / np.float32(ring) + np.float32(rng.uniform(100, 200))
        phase = phase + np.float32(0.5) * value_noise(rng, size, 120 * scale)
        wave = phase - np.floor(phase)
        late = smooth_step(wave, 0.2, 0.85) * (1 - smooth_step(wave, 0.9, 1.0))
        late *= np.float32(0.8) + np.float32(0.2) * np.sin(np.floor(phase) * np.float32(2.4))
        fibres = streaks(rng, size, angle, 45 * scale, 1.2 * scale)
        share = np.float32(design.contrast) * late + np.float32(0.1) * fibres + np.float32(0.75) * knot
        share = np.clip(share, -0.3, 1.35)
        tone = 1 + np.float32(design.fibre) * (fibres + np.float32(0.4) * white_noise(rng, size))
        pores = streaks(rng, size, angle, 16 * scale, 1.1 * scale)
        tone -= np.float32(design.pores) * smooth_step(pores, 1.5, 2.3) * (np.float32(0.4) + np.float32(0.6) * late)
        tone = tone * (1 + np.float32(0.05) * np.sin(board * np.float32(5.1))) * seam
        return lit(mixed(design.light, design.dark, share), tone)

    def _boards(self, design: WoodDesign, rng: np.random.Generator, v: Field, scale: float) -> tuple[Field, Field]:
        """Index of the board at each pixel, and the brightness of the joints between boards."""
        if not design.board_width:
            return np.zeros_like(v), np.ones_like(v)
        width = np.float32(design.board_width * scale)
        position = v / width + np.float32(rng.uniform(20, 30))
        board = np.floor(position)
        gap = (np.float32(0.5) - np.abs(position - board - np.float32(0.5))) * width
        return board, 1 - np.float32(0.55) * (1 - smooth_step(gap, 0.3, 1.6 * max(scale, 0.6)))

    def _knot(self, rng: np.random.Generator, u: Field, v: Field, across: Field, ring: float) -> tuple[Field, Field]:
        """Rings led around a sound knot; returns the coordinate across the grain and the knot's darkness."""
        height, width = u.shape
        place = rng.uniform(-0.4, 0.4, 2) * min(height, width)
        radius = rng.uniform(0.03, 0.06) * min(height, width)
        du, dv = u - np.float32(place[0]), v - np.float32(place[1])
        distance = np.sqrt(du * du * np.float32(0.5) + dv * dv) / np.float32(radius)
        push = np.exp(-distance * np.float32(0.45)) * np.float32(2.2 * radius)
        inside = 1 - smooth_step(distance, 0.8, 1.3)
        led = across + push * np.tanh(dv / np.float32(radius))
        rings = distance * np.float32(radius * 2)
        return led * (1 - inside) + rings * inside, inside * np.float32(0.8)


@dataclass(frozen=True, kw_only=True)
class LeatherDesign(SurfaceDesign):
    """Pebble and sheen of a hide."""

    colour: Colour
    pebble: float
    relief: float
    crease: float
    fine: float
    light: float
    stretch: float
    sheen: float


class Leather(Surface):
    """Pebbled leather and its imitations."""

    name = "leather"
    design_type = LeatherDesign

    def design(self, rng: np.random.Generator) -> LeatherDesign:
        """Draw a hide."""
        natural = rng.random() < 0.65
        tan = draw_colour(rng, (0.02, 0.1), (0.3, 0.75), (0.15, 0.75))
        colour = tan if natural else draw_colour(rng, value=(0.1, 0.8))
        return LeatherDesign(
            object_name=str(rng.choice(["leather", "grained leather", "imitation leather"])),
            finish=draw_finish(rng, clouds=0.07, specks=4, tilt=0.4, grey=0.2),
            colour=colour,
            pebble=float(np.exp(rng.uniform(math.log(4), math.log(16)))),
            relief=rng.uniform(0.12, 0.6),
            crease=rng.uniform(0.1, 0.5),
            fine=rng.uniform(0.02, 0.08),
            light=rng.uniform(0, 2 * math.pi),
            stretch=rng.uniform(0.7, 1.6),
            sheen=rng.uniform(0.0, 0.12),
        )

    def paint(self, design: LeatherDesign, rng: np.random.Generator, size: Size) -> Paint:
        """Warped cells as pebbles with creases between them, lit from one side."""
        scale = scale_of(size)
        pebble = max(design.pebble * scale * (1 + rng.normal(0, 0.04)), 3.0)
        cells = voronoi_cells(rng, size, pebble, stretch=design.stretch)
        bump = smooth_step(cells.border_distance, -0.2, 0.45 * pebble)
        bump = bump + np.float32(0.15) * cells.paint(rng.standard_normal(cells.count).astype(np.float32))
        x, y = pixel_grid(size)
        shift = np.float32(0.22 * pebble)
        bump = np.asarray(
            sampled(
                bump,
                x + shift * value_noise(rng, size, 0.7 * pebble),
                y + shift * value_noise(rng, size, 0.7 * pebble),
                wrap=False,
            ),
            np.float32,
        )
        bump = bump + np.float32(0.12) * fractal_noise(rng, size, pebble, octaves=3, gain=0.8)
        strength = 1 + np.float32(0.12) * fractal_noise(rng, size, 80 * scale, octaves=2)
        tone = 1 + np.float32(design.relief * 1.1) * strength * shaded(bump, design.light, pebble * 0.16)
        tone -= np.float32(design.crease) * (1 - smooth_step(bump, 0.0, 0.55)) * strength * np.float32(0.8)
        tone += np.float32(design.fine) * white_noise(rng, size, 0.5)
        paint = toned(design.colour, tone)
        if design.sheen:
            paint += np.float32(design.sheen) * smooth_step(tone, 1.1, 1.7)[..., None]
        return paint


@dataclass(frozen=True, kw_only=True)
class PaperDesign(SurfaceDesign):
    """Paper, recycled board or corrugated cardboard."""

    colour: Colour
    fibre: float
    formation: float
    flecks: float
    fleck_colour: Colour
    flute: float
    flute_depth: float
    angle: float
    emboss: float


class Paper(Surface):
    """Paper and cardboard: fibres, cloudy formation, flecks of recycled stock, flutes showing through."""

    name = "paper"
    design_type = PaperDesign

    def design(self, rng: np.random.Generator) -> PaperDesign:
        """Draw a sheet."""
        kind = str(rng.choice(["white paper", "kraft paper", "cardboard", "recycled board", "coloured paper"]))
        brown = kind in ("kraft paper", "cardboard")
        colour = (
            draw_colour(rng, (0.07, 0.11), (0.25, 0.5), (0.5, 0.8))
            if brown
            else draw_colour(rng, (0.05, 0.18), (0.0, 0.12), (0.7, 0.97))
        )
        if kind == "coloured paper":
            colour = draw_colour(rng, saturation=(0.15, 0.8), value=(0.4, 0.95))
        recycled = kind == "recycled board" or (brown and rng.random() < 0.4)
        return PaperDesign(
            object_name=kind,
            finish=draw_finish(rng, clouds=0.03, specks=6, grey=0.2),
            colour=colour,
            fibre=rng.uniform(0.008, 0.05),
            formation=rng.uniform(0.003, 0.035),
            flecks=rng.uniform(0.05, 0.35) if recycled else 0.0,
            fleck_colour=shifted(colour, rng.uniform(0.35, 0.75)),
            flute=rng.uniform(9, 24) if kind == "cardboard" else 0.0,
            flute_depth=rng.uniform(0.008, 0.04),
            angle=drawn_angle(rng, 0.8),
            emboss=rng.uniform(0.02, 0.12) if rng.random() < 0.3 else 0.0,
        )

    def paint(self, design: PaperDesign, rng: np.random.Generator, size: Size) -> Paint:
        """Fibres in two directions over cloudy formation."""
        scale = scale_of(size)
        angle = design.angle + rng.normal(0, design.finish.tilt)
        along = streaks(rng, size, angle + rng.normal(0, 0.2), 12 * scale, 1.2 * scale)
        across = streaks(rng, size, angle + 1.1 + rng.normal(0, 0.2), 9 * scale, 1.2 * scale)
        fibres = along + np.float32(0.7) * across + np.float32(0.5) * white_noise(rng, size)
        tone = 1 + np.float32(design.fibre) * fibres
        tone += np.float32(design.formation) * fractal_noise(rng, size, 14 * scale, octaves=3, gain=0.7)
        if design.flute:
            u, _ = rotated_coordinates(size, angle)
            bent = u + np.float32(1.2 * scale) * value_noise(rng, size, 80 * scale)
            wave = np.cos(bent * np.float32(2 * math.pi / (design.flute * scale)) + np.float32(rng.uniform(0, 6.3)))
            tone += np.float32(design.flute_depth) * wave * (1 + np.float32(0.3) * value_noise(rng, size, 50 * scale))
        if design.emboss:
            relief = value_noise(rng, size, max(5 * scale, 2))
            tone += np.float32(design.emboss) * shaded(relief, 0.8, scale * 2)
        paint = toned(design.colour, tone)
        if design.flecks:
            pieces = streaks(rng, size, angle + 0.4, 5 * scale, 1.6 * scale)
            others = streaks(rng, size, angle - 0.7, 8 * scale, 1.0 * scale)
            cover = smooth_step(pieces, 2.0, 2.5) + smooth_step(others, 2.0, 2.5)
            paint = mixed(paint, design.fleck_colour, np.float32(2 * design.flecks) * np.minimum(cover, 1))
        return paint


NATURAL_FAMILIES = (Wood(), Leather(), Paper())
