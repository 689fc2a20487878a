"""Metal and ceramic surfaces: brushed, machined, cast, and dim ferrite ceramics."""

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
    scale_of,
    toned,
)
from data_builders.sources.surfaces.noise import (
    Size,
    fractal_noise,
    line_profile,
    pixel_grid,
    rotated_coordinates,
    shaded,
    smooth_step,
    streaks,
    value_noise,
    white_noise,
)

METALS: dict[str, Colour] = {
    "steel": (0.62, 0.64, 0.66),
    "aluminium": (0.74, 0.75, 0.76),
    "brass": (0.75, 0.62, 0.32),
    "copper": (0.76, 0.48, 0.34),
    "titanium": (0.55, 0.53, 0.52),
    "iron": (0.38, 0.38, 0.39),
}


def draw_metal(rng: np.random.Generator, value: tuple[float, float] = (0.55, 1.2)) -> tuple[str, Colour]:
    """A metal's name and its colour, brighter or darker by a factor from ``value``."""
    name = str(rng.choice(list(METALS)))
    factor = rng.uniform(*value)
    red, green, blue = (min(0.95, channel * factor) for channel in METALS[name])
    return name, (red, green, blue)


@dataclass(frozen=True, kw_only=True)
class BrushedMetalDesign(SurfaceDesign):
    """Parallel hairlines; lengths in pixels of a 256 x 256 picture."""

    colour: Colour
    angle: float
    line_width: float
    line_length: float
    contrast: float
    band: float
    band_width: float


class BrushedMetal(Surface):
    """Sheet with a hairline finish and, on some, a broad highlight across the lines."""

    name = "brushed_metal"
    design_type = BrushedMetalDesign

    def design(self, rng: np.random.Generator) -> BrushedMetalDesign:
        """Draw a sheet."""
        metal, colour = draw_metal(rng)
        if rng.random() < 0.2:
            metal, colour = "anodised aluminium", draw_colour(rng, saturation=(0.3, 0.8), value=(0.3, 0.8))
        return BrushedMetalDesign(
            object_name=f"brushed {metal} sheet",
            finish=draw_finish(rng, clouds=0.05, grey=0.3),
            colour=colour,
            angle=drawn_angle(rng),
            line_width=rng.uniform(0.8, 2.5),
            line_length=float(np.exp(rng.uniform(math.log(25), math.log(400)))),
            contrast=float(np.exp(rng.uniform(math.log(0.02), math.log(0.13)))),
            band=rng.uniform(0.05, 0.4) if rng.random() < 0.5 else 0.0,
            band_width=rng.uniform(0.15, 0.5),
        )

    def paint(self, design: BrushedMetalDesign, rng: np.random.Generator, size: Size) -> Paint:
        """Two layers of streaks, uneven in strength, under a soft highlight."""
        scale = scale_of(size)
        angle = design.angle + rng.normal(0, design.finish.tilt)
        fine = streaks(rng, size, angle, design.line_length * scale, design.line_width * scale)
        broad = streaks(rng, size, angle, design.line_length * scale * 2.5, design.line_width * scale * 5)
        density = 1 + np.float32(0.08) * value_noise(rng, size, 80 * scale)
        tone = 1 + np.float32(design.contrast) * density * (fine + 0.5 * broad + 0.3 * white_noise(rng, size))
        if design.band:
            u, _ = rotated_coordinates(size, angle)
            half = design.band_width * max(size)
            offset = rng.normal(0, 0.15 * half)
            tone += np.float32(design.band) * np.exp(-(((u - offset) / np.float32(half)) ** 2))
        return toned(design.colour, tone)


@dataclass(frozen=True, kw_only=True)
class MachinedMetalDesign(SurfaceDesign):
    """Tool marks: circles (turned), shifted arcs (milled) or straight passes (planed)."""

    colour: Colour
    process: str
    centre: tuple[float, float]
    radius: float
    angle: float
    pitch: float
    regular: float
    contrast: float
    glint: float


class MachinedMetal(Surface):
    """Turned, milled or planed metal with tool marks and the glint that moves with the light."""

    name = "machined_metal"
    design_type = MachinedMetalDesign

    def design(self, rng: np.random.Generator) -> MachinedMetalDesign:
        """Draw a part."""
        metal, colour = draw_metal(rng)
        process = str(rng.choice(["turned", "milled", "planed"], p=[0.45, 0.35, 0.2]))
        inside = rng.random() < 0.45
        reach = 0.3 if inside else 1.6
        turn = rng.uniform(0, 2 * math.pi)
        return MachinedMetalDesign(
            object_name=f"{process} {metal} face",
            finish=draw_finish(rng, clouds=0.05, grey=0.4),
            colour=colour,
            process=process,
            centre=(0.5 + reach * math.cos(turn) * rng.random(), 0.5 + reach * math.sin(turn)),
            radius=rng.uniform(80, 400),
            angle=drawn_angle(rng, 0.4),
            pitch=float(np.exp(rng.uniform(math.log(3.0), math.log(16)))),
            regular=rng.uniform(0.1, 0.9),
            contrast=rng.uniform(0.03, 0.14),
            glint=rng.uniform(0.0, 0.35),
        )

    def paint(self, design: MachinedMetalDesign, rng: np.random.Generator, size: Size) -> Paint:
        """Tool marks as a profile over the tool's path, lit from two sides."""
        scale = scale_of(size)
        height, width = size
        wander = rng.normal(0, 0.01, 2)
        centre = ((design.centre[0] + wander[0]) * width, (design.centre[1] + wander[1]) * height)
        angle = design.angle + rng.normal(0, design.finish.tilt)
        if design.process == "turned":
            x, y = pixel_grid(size)
            dx, dy = x - np.float32(centre[0]), y - np.float32(centre[1])
            path = np.sqrt(dx * dx + dy * dy)
            double = (dx * dx - dy * dy) * math.cos(2 * angle) + 2 * dx * dy * math.sin(2 * angle)
            glint = double / (path * path + np.float32(20 * scale))
        else:
            u, v = rotated_coordinates(size, angle)
            if design.process == "milled":
                radius = max(design.radius * scale, 0.75 * math.hypot(height, width))
                path = u + np.sqrt(np.maximum(radius * radius - v * v, 1))
                glint = np.cos(v * np.float32(3 / radius))
            else:
                path = v
                glint = np.cos(u * np.float32(2.5 / max(size)) + np.float32(rng.normal(0, 0.3)))
        pitch = max(design.pitch * scale, 3.0)
        phase = path * np.float32(2 * math.pi / pitch) + 0.6 * value_noise(rng, size, 60 * scale)
        marks = np.cos(phase + np.float32(rng.uniform(0, 6.3)))
        passes = line_profile(rng, path, pitch)
        fine = line_profile(rng, path, max(1.0, pitch / 4))
        regular = np.float32(design.regular)
        tone = regular * marks + (1 - regular) * passes + 0.5 * fine + 0.25 * white_noise(rng, size)
        density = 1 + np.float32(0.1) * value_noise(rng, size, 70 * scale)
        tone = 1 + np.float32(design.contrast) * tone * density + np.float32(design.glint) * glint
        return toned(design.colour, tone)


@dataclass(frozen=True, kw_only=True)
class CastMetalDesign(SurfaceDesign):
    """Relief of a casting or blasted part."""

    colour: Colour
    grain: float
    roughness: float
    mottle: float
    light: float
    pits: float


class CastMetal(Surface):
    """Cast, blasted or ground metal: grainy relief with tonal mottling and fine pits."""

    name = "cast_metal"
    design_type = CastMetalDesign

    def design(self, rng: np.random.Generator) -> CastMetalDesign:
        """Draw a casting."""
        metal, colour = draw_metal(rng, (0.45, 1.15))
        kind = str(rng.choice(["cast", "sandblasted", "forged"]))
        return CastMetalDesign(
            object_name=f"{kind} {metal} surface",
            finish=draw_finish(rng, clouds=0.07, specks=8, grey=0.5),
            colour=colour,
            grain={"cast": 3.5, "sandblasted": 1.0, "forged": 7.0}[kind] * rng.uniform(0.6, 1.6),
            roughness=rng.uniform(0.02, 0.16),
            mottle=rng.uniform(0.005, 0.045),
            light=rng.uniform(0, 2 * math.pi),
            pits=rng.uniform(0, 0.25),
        )

    def paint(self, design: CastMetalDesign, rng: np.random.Generator, size: Size) -> Paint:
        """A lit fractal relief, darker in its hollows."""
        scale = scale_of(size)
        grain = max(design.grain * scale, 1.2)
        relief = fractal_noise(rng, size, grain * 4, octaves=4, gain=0.7)
        tone = 1 + np.float32(design.roughness * 2.0) * shaded(relief, design.light, grain * 0.5)
        tone += np.float32(design.mottle) * fractal_noise(rng, size, 60 * scale, octaves=4, gain=0.6)
        tone -= np.float32(design.pits) * smooth_step(relief, 1.6, 2.6)
        tone += np.float32(0.2 * design.roughness) * white_noise(rng, size)
        return toned(design.colour, tone)


@dataclass(frozen=True, kw_only=True)
class FerriteCeramicDesign(SurfaceDesign):
    """A dim, almost even grey tile, ground along one axis."""

    level: float
    grain: float
    grain_size: float
    lines: float
    vertical: bool
    fall: float
    falloff: float
    chamfer: float
    chamfer_sides: int
    chamfer_tone: float


class FerriteCeramic(Surface):
    """Ferrite ceramic such as magnetic tiles: dim, low contrast, light falling off, faint chamfer lines."""

    name = "ferrite_ceramic"
    design_type = FerriteCeramicDesign

    def design(self, rng: np.random.Generator) -> FerriteCeramicDesign:
        """Draw a tile."""
        return FerriteCeramicDesign(
            object_name=str(rng.choice(["magnetic tile", "ferrite tile", "ceramic core"])),
            finish=draw_finish(rng, clouds=0.06, specks=4, tilt=0.012, grey=1.0),
            level=rng.uniform(0.16, 0.55),
            grain=rng.uniform(0.012, 0.06),
            grain_size=rng.uniform(0.6, 2.2),
            lines=rng.uniform(0.0, 0.05),
            vertical=bool(rng.random() < 0.7),
            fall=rng.uniform(-0.4, 0.4),
            falloff=rng.uniform(0.0, 0.45),
            chamfer=rng.uniform(0.03, 0.14),
            chamfer_sides=int(rng.choice([0, 1, 2, 2])),
            chamfer_tone=rng.uniform(-0.35, 0.3),
        )

    def paint(self, design: FerriteCeramicDesign, rng: np.random.Generator, size: Size) -> Paint:
        """Grain and grinding lines under a curved fall of light, with chamfers along the long sides."""
        scale = scale_of(size)
        height, width = size
        tilt = rng.normal(0, design.finish.tilt)
        u, v = rotated_coordinates(size, tilt + (math.pi / 2 if design.vertical else 0.0))
        along, across = (height, width) if design.vertical else (width, height)
        u, v = u / np.float32(along), v / np.float32(across)
        tone = 1 + np.float32(design.fall * rng.uniform(0.8, 1.2)) * u
        tone -= np.float32(design.falloff) * (2 * v + np.float32(rng.normal(0, 0.1))) ** 2 * np.float32(0.6)
        tone += np.float32(design.grain) * white_noise(rng, size, max(design.grain_size * scale * 0.5, 0.4))
        tone += np.float32(design.grain * 0.6) * fractal_noise(rng, size, 30 * scale, octaves=3)
        tone += np.float32(design.lines) * line_profile(rng, v * np.float32(across), 1.5 * scale) * np.float32(0.6)
        for side in range(design.chamfer_sides):
            edge = 0.5 - design.chamfer + rng.normal(0, 0.008)
            signed = v if side == 0 else -v
            tone += np.float32(design.chamfer_tone * 0.6) * smooth_step(signed, edge - 0.008, edge + 0.008)
            tone += np.float32(0.12 * abs(design.chamfer_tone)) * np.exp(-(((signed - edge) / 0.006) ** 2))
        tone = tone * np.float32(design.level)
        return np.asarray(cv2.merge([tone, tone, tone]), np.float32)


METAL_FAMILIES = (BrushedMetal(), MachinedMetal(), CastMetal(), FerriteCeramic())
