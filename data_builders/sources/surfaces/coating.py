"""Painted, moulded and clear sheets, and an abstract texture that stands for no material in particular."""

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
    Size,
    fractal_noise,
    rotated_coordinates,
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
        relief = {"powder coat": 0.1, "grained plastic": 0.25}.get(coat, 0.012)
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
            peel=relief * rng.uniform(0.4, 1.6),
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
            flow=rng.uniform(0.0, 0.01),
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
        return lit(mixed(design.colour, design.other, np.asarray(share, np.float32)), tone)


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
            warp=rng.uniform(0.0, 0.35),
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
        return lit(paint, 1 + np.float32(0.02) * white_noise(rng, size))


COATING_FAMILIES = (PaintedPanel(), ClearSheet(), AbstractTexture())
