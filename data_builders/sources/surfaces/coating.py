"""Painted, printed, moulded and clear sheets, and an abstract texture that stands for no material in particular."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
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
    plain,
    scale_of,
    shifted,
    toned,
)
from data_builders.sources.surfaces.noise import (
    Size,
    fractal_noise,
    rotated_coordinates,
    sampled,
    shaded,
    smooth_step,
    spectral_noise,
    streaks,
    value_noise,
    warped,
    white_noise,
)


@dataclass(frozen=True, kw_only=True)
class PaintedPanelDesign(SurfaceDesign):
    """Paint or moulded plastic on a gently curved panel."""

    coat: str
    colour: Colour
    reflected: Colour
    curve: float
    curve_angle: float
    curve_width: float
    peel: float
    peel_cell: float
    flake: float
    light: float


class PaintedPanel(Surface):
    """Painted or plastic panel: a soft reflection across it, orange peel, metallic flake or moulded grain."""

    name = "painted_panel"
    design_type = PaintedPanelDesign

    def design(self, rng: np.random.Generator) -> PaintedPanelDesign:
        """Draw a panel."""
        coat = str(rng.choice(["gloss paint", "metallic paint", "powder coat", "grained plastic", "smooth plastic"]))
        relief = {"gloss paint": 0.012, "metallic paint": 0.015, "powder coat": 0.1, "grained plastic": 0.25, "smooth plastic": 0.01}
        colour = draw_colour(rng, saturation=(0.0, 0.9), value=(0.08, 0.95))
        return PaintedPanelDesign(
            object_name=f"{coat} panel" if "paint" in coat else f"{coat} part",
            finish=draw_finish(rng, clouds=0.02, specks=4, tilt=0.06, grey=0.2),
            coat=coat,
            colour=colour,
            reflected=draw_colour(rng, saturation=(0.0, 0.15), value=(0.7, 1.0)),
            curve=rng.uniform(0.0, 0.5),
            curve_angle=rng.uniform(0, 2 * math.pi),
            curve_width=rng.uniform(0.25, 1.0),
            peel=relief[coat] * rng.uniform(0.4, 1.6),
            peel_cell=rng.uniform(2.5, 7.0),
            flake=rng.uniform(0.04, 0.18) if coat == "metallic paint" else 0.008,
            light=rng.uniform(0, 2 * math.pi),
        )

    def paint(self, design: PaintedPanelDesign, rng: np.random.Generator, size: Size) -> Paint:
        """Body colour, a reflection band bent with the panel, relief and flake."""
        scale = scale_of(size)
        u, v = rotated_coordinates(size, design.curve_angle + rng.normal(0, design.finish.tilt))
        reach = np.float32(design.curve_width * max(size))
        middle = u + np.float32(rng.normal(0, 0.12)) * reach + v * v / (reach * 6)
        band = np.exp(-((middle / reach) ** 2) * 2)
        cell = max(design.peel_cell * scale, 2.0)
        relief = fractal_noise(rng, size, cell, octaves=2, gain=0.6)
        tone = 1 + np.float32(design.peel) * shaded(relief, design.light, cell * 0.5) - np.float32(0.25) * (1 - band)
        flake = white_noise(rng, size) * (1 + np.float32(0.2) * value_noise(rng, size, 30 * scale))
        tone += np.float32(design.flake) * (flake + np.float32(0.5) * np.maximum(flake - np.float32(1.6), 0))
        paint = toned(design.colour, tone)
        share = np.float32(design.curve) * band * band * (1 + np.float32(design.peel) * relief)
        return mixed(paint, design.reflected, np.clip(share, 0, 1))


@dataclass(frozen=True, kw_only=True)
class PrintedPatternDesign(SurfaceDesign):
    """A repeating motif printed on sheet, film or wallpaper; shapes in motif units 0..1."""

    ground: Colour
    inks: tuple[Colour, ...]
    shapes: tuple[tuple[str, int, float, float, float, float], ...]
    period: float
    aspect: float
    angle: float
    stagger: float
    ink_grain: float
    edge: float


class PrintedPattern(Surface):
    """Repeating print: each motif a few shapes; ink lies unevenly and the register wanders a little."""

    name = "printed_pattern"
    design_type = PrintedPatternDesign

    def design(self, rng: np.random.Generator) -> PrintedPatternDesign:
        """Draw a print."""
        kinds = ["disc", "ring", "bar", "square", "diamond", "star", "arc"]
        inks = tuple(draw_colour(rng) for _ in range(int(rng.integers(1, 4))))
        shapes = tuple(
            (
                str(rng.choice(kinds)),
                int(rng.integers(len(inks))),
                rng.uniform(0.15, 0.85),
                rng.uniform(0.15, 0.85),
                rng.uniform(0.06, 0.26),
                rng.uniform(0, 180),
            )
            for _ in range(int(rng.integers(1, 6)))
        )
        return PrintedPatternDesign(
            object_name=str(rng.choice(["printed sheet", "printed film", "wallpaper", "patterned laminate"])),
            finish=draw_finish(rng, clouds=0.025, specks=4, grey=0.12),
            ground=draw_colour(rng, saturation=(0.0, 0.5), value=(0.3, 0.98)),
            inks=inks,
            shapes=shapes,
            period=float(np.exp(rng.uniform(math.log(28), math.log(110)))),
            aspect=rng.uniform(0.75, 1.35),
            angle=drawn_angle(rng, 0.6),
            stagger=float(rng.choice([0.0, 0.5])),
            ink_grain=rng.uniform(0.02, 0.12),
            edge=rng.uniform(0.2, 0.8),
        )

    def paint(self, design: PrintedPatternDesign, rng: np.random.Generator, size: Size) -> Paint:
        """The motif as one cover map an ink, sampled over the sheet."""
        scale = scale_of(size)
        width = design.period * scale
        height = width * design.aspect
        covers = self._motif(design, (max(12, round(height * 1.5)), max(12, round(width * 1.5))))
        rows, columns = covers[0].shape
        u, v = rotated_coordinates(size, design.angle + rng.normal(0, design.finish.tilt))
        wander = np.float32(0.35 * scale)
        u = u + wander * value_noise(rng, size, 60 * scale) + np.float32(rng.uniform(0, width))
        v = v + wander * value_noise(rng, size, 60 * scale) + np.float32(rng.uniform(0, height))
        grain = white_noise(rng, size, 0.4)
        paint = plain(design.ground, size)
        rough = np.float32(design.edge) * value_noise(rng, size, 1.5 * scale)
        for cover, ink in zip(covers, design.inks, strict=True):
            slip = rng.normal(0, 0.3 * scale, 2)
            down = (v + np.float32(slip[1]) + np.float32(0.3) * rough) / np.float32(height)
            along = (u + np.float32(slip[0]) + np.float32(0.3) * rough) / np.float32(width)
            along = along + np.floor(down) * np.float32(design.stagger)
            x = (along - np.floor(along)) * np.float32(columns - 1)
            y = (down - np.floor(down)) * np.float32(rows - 1)
            share = sampled(cover, np.asarray(x, np.float32), np.asarray(y, np.float32))
            thin = 1 - np.float32(design.ink_grain) * (np.float32(0.5) * np.abs(grain) + np.float32(0.3))
            paint = mixed(paint, ink, share * thin)
        tone = 1 + np.float32(0.012) * grain + np.float32(0.012) * fractal_noise(rng, size, 20 * scale, 3)
        return paint * tone[..., None]

    def _motif(self, design: PrintedPatternDesign, size: Size) -> list[np.ndarray]:
        """Cover of each ink over one period, 0..1; shapes run over the border to the other side."""
        rows, columns = size
        covers = [np.zeros((3 * rows, 3 * columns), np.uint8) for _ in design.inks]
        for kind, ink, x, y, radius, turn in design.shapes:
            reach = radius * min(size)
            for down in range(3):
                for across in range(3):
                    centre = (across + x) * columns, (down + y) * rows
                    draw_shape(covers[ink], kind, centre, reach, turn)
        middle = slice(rows, 2 * rows), slice(columns, 2 * columns)
        return [np.ascontiguousarray(cover[middle]).astype(np.float32) / np.float32(255) for cover in covers]


def draw_shape(canvas: np.ndarray, kind: str, centre: tuple[float, float], radius: float, turn: float) -> None:
    """Draw one filled or outlined shape of value 255 on a uint8 canvas; ``turn`` in degrees."""
    point = round(centre[0] * 16), round(centre[1] * 16)
    thick = max(1, round(radius * 0.35))
    if kind == "disc":
        cv2.circle(canvas, point, round(radius * 16), 255, -1, cv2.LINE_AA, 4)
    elif kind == "ring":
        cv2.circle(canvas, point, round(radius * 16), 255, thick, cv2.LINE_AA, 4)
    elif kind == "arc":
        axes = round(radius * 20), round(radius * 12)
        cv2.ellipse(canvas, point, axes, turn, 20, 250, 255, thick, cv2.LINE_AA, 4)
    else:
        count, inner = {"bar": (4, 1.0), "square": (4, 1.0), "diamond": (4, 1.0), "star": (10, 0.45)}[kind]
        angles = np.arange(count) * 2 * np.pi / count
        reach = np.where(np.arange(count) % 2, inner, 1.0) * radius
        x, y = np.cos(angles) * reach, np.sin(angles) * reach
        if kind == "bar":
            x, y = np.array([-1.3, 1.3, 1.3, -1.3]) * radius, np.array([-0.3, -0.3, 0.3, 0.3]) * radius
        elif kind == "diamond":
            y = y * 0.6
        c, s = math.cos(math.radians(turn)), math.sin(math.radians(turn))
        corners = np.stack([x * c - y * s + centre[0], x * s + y * c + centre[1]], axis=1) * 16
        cv2.fillPoly(canvas, [np.round(corners).astype(np.int32)], (255,), cv2.LINE_AA, 4)


@dataclass(frozen=True, kw_only=True)
class ClearSheetDesign(SurfaceDesign):
    """Glass, film or polished wafer: almost even."""

    colour: Colour
    other: Colour
    ramp: float
    ramp_angle: float
    haze: float
    grain: float
    flow: float
    flow_angle: float


class ClearSheet(Surface):
    """Glass, clear film, coated foil: nearly uniform, a soft ramp, faint flow lines, dust specks."""

    name = "clear_sheet"
    design_type = ClearSheetDesign

    def design(self, rng: np.random.Generator) -> ClearSheetDesign:
        """Draw a sheet."""
        colour = draw_colour(rng, saturation=(0.0, 0.35), value=(0.12, 0.95))
        return ClearSheetDesign(
            object_name=str(rng.choice(["glass pane", "clear film", "polished wafer", "display panel", "coated foil"])),
            finish=draw_finish(rng, clouds=0.02, specks=5, grey=0.4),
            colour=colour,
            other=shifted(colour, rng.uniform(0.7, 1.35)),
            ramp=rng.uniform(0.0, 0.8),
            ramp_angle=rng.uniform(0, 2 * math.pi),
            haze=rng.uniform(0.0, 0.03),
            grain=rng.uniform(0.002, 0.012),
            flow=rng.uniform(0.0, 0.015),
            flow_angle=drawn_angle(rng, 0.8),
        )

    def paint(self, design: ClearSheetDesign, rng: np.random.Generator, size: Size) -> Paint:
        """Two close tones, blended across the sheet."""
        scale = scale_of(size)
        u, _ = rotated_coordinates(size, design.ramp_angle + rng.normal(0, 0.08))
        share = np.float32(0.5) + u * np.float32(design.ramp / max(size)) + np.float32(rng.normal(0, 0.05))
        tone = 1 + np.float32(design.haze) * fractal_noise(rng, size, 110 * scale, octaves=3)
        tone += np.float32(design.grain) * white_noise(rng, size)
        angle = design.flow_angle + rng.normal(0, design.finish.tilt)
        tone += np.float32(design.flow) * streaks(rng, size, angle, 500 * scale, 6 * scale)
        return mixed(design.colour, design.other, np.asarray(share, np.float32)) * tone[..., None]


@dataclass(frozen=True, kw_only=True)
class AbstractTextureDesign(SurfaceDesign):
    """A texture of noise: kind, scale and colours."""

    noise: str
    dark: Colour
    light: Colour
    tint: Colour
    cell: float
    gain: float
    slope: float
    contrast: float
    angle: float
    stretch: float
    warp: float


class AbstractTexture(Surface):
    """Fractal, ridged, band-limited or streaked noise in arbitrary colours."""

    name = "abstract_texture"
    design_type = AbstractTextureDesign

    def design(self, rng: np.random.Generator) -> AbstractTextureDesign:
        """Draw a texture."""
        return AbstractTextureDesign(
            object_name="textured surface",
            finish=draw_finish(rng, clouds=0.05, specks=4, tilt=0.1, grey=0.2),
            noise=str(rng.choice(["fractal", "ridged", "spectral", "band", "streaked"])),
            dark=draw_colour(rng, value=(0.05, 0.6)),
            light=draw_colour(rng, value=(0.4, 1.0)),
            tint=draw_colour(rng),
            cell=float(np.exp(rng.uniform(math.log(5), math.log(70)))),
            gain=rng.uniform(0.45, 0.9),
            slope=rng.uniform(0.3, 1.6),
            contrast=float(np.exp(rng.uniform(math.log(0.06), math.log(0.45)))),
            angle=drawn_angle(rng, 0.3),
            stretch=rng.uniform(3, 12),
            warp=rng.uniform(0.0, 0.6),
        )

    def paint(self, design: AbstractTextureDesign, rng: np.random.Generator, size: Size) -> Paint:
        """One noise field through a ramp of two colours, a second one for the tint."""
        scale = scale_of(size)
        cell = max(design.cell * scale, 2.5)
        if design.noise in ("fractal", "ridged"):
            field = fractal_noise(rng, size, cell, 5, design.gain, ridged=design.noise == "ridged")
        elif design.noise == "spectral":
            field = spectral_noise(rng, size, design.slope)
        elif design.noise == "band":
            field = spectral_noise(rng, size, 0.0, (0.35 * cell + 2, 0.35 * cell + 4 + 0.4 * cell))
        else:
            angle = design.angle + rng.normal(0, design.finish.tilt)
            field = streaks(rng, size, angle, 0.4 * cell * design.stretch, 0.4 * cell)
            field = field + np.float32(0.5) * streaks(rng, size, angle, 0.15 * cell * design.stretch, 0.15 * cell)
        if design.warp and design.noise != "spectral":
            field = np.asarray(warped(rng, field, 2 * cell, design.warp * cell), np.float32)
        share = np.clip(np.float32(0.5) + np.float32(design.contrast) * field, -0.1, 1.1)
        paint = mixed(design.dark, design.light, share)
        hue = smooth_step(fractal_noise(rng, size, 1.5 * cell, 3), 0.0, 2.0)
        paint = mixed(paint, design.tint, hue * np.float32(design.contrast * 0.8))
        return paint * (1 + np.float32(0.02) * white_noise(rng, size))[..., None]


COATING_FAMILIES = (PaintedPanel(), PrintedPattern(), ClearSheet(), AbstractTexture())
