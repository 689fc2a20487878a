"""Textiles: woven, knitted and printed fabric."""

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
    rotated_coordinates,
    smooth_step,
    split_periods,
    value_noise,
    voronoi_cells,
    white_noise,
)

WEAVES: dict[str, tuple[tuple[int, ...], ...]] = {
    "plain": ((1, 0), (0, 1)),
    "twill": ((1, 1, 0), (0, 1, 1), (1, 0, 1)),
    "denim": ((1, 1, 1, 0), (0, 1, 1, 1), (1, 0, 1, 1), (1, 1, 0, 1)),
    "basket": ((1, 1, 0, 0), (1, 1, 0, 0), (0, 0, 1, 1), (0, 0, 1, 1)),
    "herringbone": ((1, 1, 0, 0, 1, 1), (0, 1, 1, 1, 1, 0), (0, 0, 1, 1, 0, 0), (1, 0, 0, 0, 0, 1)),
    "satin": ((0, 1, 1, 1, 1), (1, 1, 0, 1, 1), (1, 1, 1, 1, 0), (1, 0, 1, 1, 1), (1, 1, 1, 0, 1)),
}
"""1 where the warp yarn (along v) lies on top of the weft yarn (along u)."""


def cloth_coordinates(
    rng: np.random.Generator, size: Size, angle: float, scale: float, slack: float
) -> tuple[Field, Field]:
    """Coordinates along and across the cloth, with a random phase and gently bent by ``slack`` pixels."""
    u, v = rotated_coordinates(size, angle)
    start = rng.uniform(2000, 3000, 2)
    u = u + (np.float32(slack) * value_noise(rng, size, 90 * scale) + np.float32(start[0]))
    v = v + (np.float32(slack) * value_noise(rng, size, 90 * scale) + np.float32(start[1]))
    return u, v


def yarn_shades(rng: np.random.Generator, index: np.ndarray, spread: float) -> Field:
    """A brightness factor a yarn, looked up by yarn index."""
    shades = (1 + spread * rng.standard_normal(512)).astype(np.float32)
    return np.asarray(shades[index % 512], np.float32)


@dataclass(frozen=True, kw_only=True)
class WovenFabricDesign(SurfaceDesign):
    """Weave, yarns and their colours."""

    weave: str
    warp: Colour
    weft: Colour
    angle: float
    pitch: float
    aspect: float
    depth: float
    slub: float
    spread: float


class WovenFabric(Surface):
    """Plain, twill, denim, basket, herringbone and satin weaves."""

    name = "woven_fabric"
    design_type = WovenFabricDesign

    def design(self, rng: np.random.Generator) -> WovenFabricDesign:
        """Draw a cloth."""
        weave = str(rng.choice(list(WEAVES)))
        warp = draw_colour(rng, saturation=(0.0, 0.75))
        weft = shifted(warp, rng.uniform(0.75, 1.3))
        if weave == "denim":
            warp = draw_colour(rng, (0.56, 0.66), (0.3, 0.75), (0.2, 0.6))
            weft = draw_colour(rng, (0.5, 0.7), (0.0, 0.15), (0.65, 0.95))
        elif rng.random() < 0.3:
            weft = draw_colour(rng, saturation=(0.0, 0.8))
        return WovenFabricDesign(
            object_name=f"{weave} woven fabric" if weave != "denim" else "denim",
            finish=draw_finish(rng, clouds=0.05, specks=5),
            weave=weave,
            warp=warp,
            weft=weft,
            angle=drawn_angle(rng, 0.55),
            pitch=float(np.exp(rng.uniform(math.log(3.2), math.log(13)))),
            aspect=rng.uniform(0.75, 1.3),
            depth=rng.uniform(0.2, 0.75),
            slub=rng.uniform(0.02, 0.2),
            spread=rng.uniform(0.01, 0.06),
        )

    def paint(self, design: WovenFabricDesign, rng: np.random.Generator, size: Size) -> Paint:
        """Rounded yarns over and under each other, each with its own shade and uneven thickness."""
        scale = scale_of(size)
        pitch = max(design.pitch * scale, 3.0)
        angle = design.angle + rng.normal(0, design.finish.tilt)
        u, v = cloth_coordinates(rng, size, angle, scale, 0.25 * pitch)
        u, v = u / np.float32(pitch), v / np.float32(pitch * design.aspect)
        (column, u), (row, v) = split_periods(u), split_periods(v)
        weave = np.array(WEAVES[design.weave], np.bool_)
        over = weave[row % weave.shape[0], column % weave.shape[1]]
        across, along = np.where(over, u, v), np.where(over, v, u)
        slub = np.float32(design.slub)
        round_ = 1 - 4 * across * across * (1 + slub * value_noise(rng, size, (2.5 * pitch, 2.5 * pitch)))
        bulge = 1 - np.float32(1.4) * along * along
        tone = np.float32(1 - design.depth) + np.float32(design.depth) * round_ * bulge * np.float32(1.25)
        tone = tone * (1 + np.float32(0.5) * slub * white_noise(rng, size, 0.5))
        warp_shade = yarn_shades(rng, column, design.spread)
        weft_shade = yarn_shades(rng, row, design.spread)
        tone = tone * np.where(over, warp_shade, weft_shade)
        share = over.astype(np.float32)
        return lit(mixed(design.weft, design.warp, share), tone)


@dataclass(frozen=True, kw_only=True)
class KnitDesign(SurfaceDesign):
    """Stitches and colours of a knit."""

    colour: Colour
    stripe: Colour
    stripe_rows: int
    angle: float
    pitch: float
    aspect: float
    depth: float
    rib: int
    fuzz: float


class Knit(Surface):
    """Stockinette and ribbed knits: columns of V-shaped stitches."""

    name = "knit"
    design_type = KnitDesign

    def design(self, rng: np.random.Generator) -> KnitDesign:
        """Draw a knit."""
        colour = draw_colour(rng, saturation=(0.0, 0.8))
        striped = rng.random() < 0.3
        return KnitDesign(
            object_name="knitted fabric",
            finish=draw_finish(rng, clouds=0.06, specks=3),
            colour=colour,
            stripe=draw_colour(rng, saturation=(0.0, 0.8)) if striped else colour,
            stripe_rows=int(rng.integers(2, 9)) if striped else 0,
            angle=drawn_angle(rng, 0.75),
            pitch=float(np.exp(rng.uniform(math.log(7), math.log(24)))),
            aspect=rng.uniform(0.6, 0.95),
            depth=rng.uniform(0.3, 0.8),
            rib=int(rng.choice([0, 0, 2, 3, 4])),
            fuzz=rng.uniform(0.03, 0.15),
        )

    def paint(self, design: KnitDesign, rng: np.random.Generator, size: Size) -> Paint:
        """Two slanted legs a stitch; ribs turn every few columns into valleys."""
        scale = scale_of(size)
        pitch = max(design.pitch * scale, 5.0)
        angle = design.angle + rng.normal(0, design.finish.tilt)
        u, v = cloth_coordinates(rng, size, angle, scale, 0.22 * pitch)
        u, v = u / np.float32(pitch), v / np.float32(pitch * design.aspect)
        _, side = split_periods(u)
        leg = v - np.float32(1.1) * np.abs(side) + np.float32(0.04) * white_noise(rng, size, 0.8)
        row, within = split_periods(leg)
        across = (np.abs(side) - np.float32(0.25)) * 4
        height = np.sqrt(np.maximum(1 - np.float32(3.4) * within * within, 0))
        height *= 1 - np.float32(0.75) * across * across
        tone = np.float32(1 - design.depth) + np.float32(design.depth * 1.15) * height
        ply = np.cos((leg * 5 + side * 9) * np.float32(2 * math.pi / 2))
        tone += np.float32(0.05 * design.depth) * ply
        if design.rib:
            tone *= 1 + np.float32(0.28) * np.cos(u * np.float32(2 * math.pi / design.rib))
        tone *= yarn_shades(rng, row, 0.025) * (1 + np.float32(design.fuzz) * white_noise(rng, size, 0.6))
        if not design.stripe_rows:
            return toned(design.colour, tone)
        share = ((row // design.stripe_rows) % 2).astype(np.float32)
        return lit(mixed(design.colour, design.stripe, share), tone)


@dataclass(frozen=True, kw_only=True)
class PrintedFabricDesign(SurfaceDesign):
    """A print (stripes, checks, dots, patches) on a fine cloth."""

    print_kind: str
    ground: Colour
    first: Colour
    second: Colour
    angle: float
    period: float
    fill: float
    weave_pitch: float
    weave_depth: float
    bleed: float


class PrintedFabric(Surface):
    """Cloth with a printed or dyed motif; ink sinks in unevenly."""

    name = "printed_fabric"
    design_type = PrintedFabricDesign

    def design(self, rng: np.random.Generator) -> PrintedFabricDesign:
        """Draw a print."""
        kind = str(rng.choice(["stripes", "checks", "dots", "chevrons", "patches", "lattice"]))
        return PrintedFabricDesign(
            object_name=f"fabric printed with {kind}",
            finish=draw_finish(rng, clouds=0.04, specks=3, grey=0.12),
            print_kind=kind,
            ground=draw_colour(rng, saturation=(0.0, 0.7), value=(0.3, 0.98)),
            first=draw_colour(rng),
            second=draw_colour(rng),
            angle=drawn_angle(rng, 0.5),
            period=float(np.exp(rng.uniform(math.log(16), math.log(70)))),
            fill=rng.uniform(0.25, 0.6),
            weave_pitch=rng.uniform(2.6, 5.0),
            weave_depth=rng.uniform(0.05, 0.3),
            bleed=rng.uniform(0.2, 1.0),
        )

    def paint(self, design: PrintedFabricDesign, rng: np.random.Generator, size: Size) -> Paint:
        """The print by distance fields, its edges softened and broken by the weave."""
        scale = scale_of(size)
        period = design.period * scale
        angle = design.angle + rng.normal(0, design.finish.tilt)
        u, v = cloth_coordinates(rng, size, angle, scale, 0.03 * period + 0.5 * scale)
        weave = np.float32(2 * math.pi / max(design.weave_pitch * scale, 2.8))
        cloth = np.cos(u * weave) * np.cos(v * weave)
        rough = np.float32(design.bleed / period) * (np.float32(0.6) * value_noise(rng, size, 2.5 * scale) + cloth)
        ink, other = self._print(design, rng, size, u / np.float32(period), v / np.float32(period), rough)
        paint = mixed(design.ground, design.first, ink)
        if other is not None:
            paint = mixed(paint, design.second, other)
        tone = 1 + np.float32(design.weave_depth) * cloth + np.float32(0.03) * white_noise(rng, size)
        tone += np.float32(0.04) * ink * value_noise(rng, size, 12 * scale)
        return lit(paint, tone)

    def _print(
        self, design: PrintedFabricDesign, rng: np.random.Generator, size: Size, u: Field, v: Field, rough: Field
    ) -> tuple[Field, Field | None]:
        """Cover of the two inks, 0..1."""
        column, row = np.floor(u), np.floor(v)
        fu, fv = np.abs(u - column - np.float32(0.5)), np.abs(v - row - np.float32(0.5))
        half, soft = design.fill / 2, 0.04
        if design.print_kind == "stripes":
            thin = np.abs(fv - np.float32(0.45)) + rough * np.float32(0.5)
            return 1 - smooth_step(fv + rough, half - soft, half + soft), 1 - smooth_step(thin, 0.02, 0.05)
        if design.print_kind == "checks":
            warp, weft = (1 - smooth_step(field + rough, half - soft, half + soft) for field in (fu, fv))
            return warp * np.float32(0.6), weft * np.float32(0.6)
        if design.print_kind == "dots":
            radius = np.sqrt(fu * fu + fv * fv) + rough
            odd = np.mod(column + row, 2)
            dot = 1 - smooth_step(radius, half * 0.8 - soft, half * 0.8 + soft)
            return dot * odd, dot * (1 - odd)
        if design.print_kind == "chevrons":
            zigzag = v + fu
            within = np.abs(zigzag - np.floor(zigzag) - np.float32(0.5)) + rough
            return 1 - smooth_step(within, half - soft, half + soft), None
        if design.print_kind == "lattice":
            p, q = u + v, u - v
            lines = [np.abs(f - np.floor(f) - np.float32(0.5)) + rough for f in (p, q)]
            cover = 1 - smooth_step(np.minimum(*lines), half * 0.3, half * 0.3 + soft)
            dot = 1 - smooth_step(np.maximum(*lines) * -1, -0.42, -0.38)
            return cover, 1 - dot
        cells = voronoi_cells(rng, size, max(design.period * scale_of(size) * 0.6, 6))
        border = cells.border_distance / np.float32(max(design.period * scale_of(size), 10)) + rough
        pick = cells.paint(rng.integers(0, 2, cells.count).astype(np.float32))
        cover = smooth_step(border, 0.04, 0.1)
        return cover * pick, cover * (1 - pick)


TEXTILE_FAMILIES = (WovenFabric(), Knit(), PrintedFabric())
