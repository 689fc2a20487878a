"""The production line: backdrop, lamp, zoom and pose, and how far they vary from one picture to the next."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from data_builders.sources.objects.drawing import Canvas, Colour, Field, Paint, smoothstep
from data_builders.sources.objects.shading import Light, hue_colour, streaks, value_noise

BACKDROPS = ("plain", "gradient", "table", "brushed", "conveyor", "black", "white")
LEAST_CONTRAST = 0.18
MOST_TURN = 0.6
"""How far a loosely laid object may turn either way, radians."""
MOST_SHIFT = 0.8
"""How much of the room beside it a loosely laid object takes, as a share."""


@dataclass(frozen=True)
class Backdrop:
    """What lies under the object.

    Args:
        style: one of :data:`BACKDROPS`.
        colour: its main colour.
        texture: strength of its texture.
        grain: width of the texture, as a share of the short side.
        angle: direction of gradient, brushing or belt, radians.
    """

    style: str
    colour: Colour
    texture: float
    grain: float
    angle: float


@dataclass(frozen=True)
class Line:
    """One camera over one line.

    Args:
        zoom: object units a half short side.
        zoom_spread: relative deviation of the zoom.
        angle: usual pose, radians.
        angle_spread: largest deviation from it, radians; pi for free rotation.
        shift_spread: largest shift, in half short sides.
        light: the usual lamp.
        light_spread: relative deviation of its power.
        backdrop: what lies under the object.
    """

    zoom: float
    zoom_spread: float
    angle: float
    angle_spread: float
    shift_spread: float
    light: Light
    light_spread: float
    backdrop: Backdrop


def design_backdrop(rng: np.random.Generator, styles: tuple[str, ...] = BACKDROPS) -> Backdrop:
    """Draw a backdrop of one of the styles."""
    style = str(rng.choice(styles))
    muted = rng.random() < 0.7
    colour = hue_colour(
        float(rng.random()), float(rng.uniform(0, 0.12 if muted else 0.42)), float(rng.uniform(0.2, 0.9))
    )
    if style == "black":
        colour = hue_colour(float(rng.random()), 0.15, float(rng.uniform(0.02, 0.09)))
    elif style == "white":
        colour = hue_colour(float(rng.random()), 0.02, float(rng.uniform(0.9, 0.98)))
    elif style == "conveyor":
        colour = hue_colour(
            float(rng.choice([0.33, 0.6, 0.1])), float(rng.uniform(0, 0.45)), float(rng.uniform(0.12, 0.5))
        )
    return Backdrop(
        style=style,
        colour=colour,
        texture=float(rng.uniform(0.01, 0.05)),
        grain=float(rng.uniform(0.006, 0.03)),
        angle=float(rng.uniform(0, 2 * math.pi)),
    )


def design_line(
    rng: np.random.Generator,
    zoom: tuple[float, float] = (0.66, 0.86),
    free_rotation: float = 0.35,
    styles: tuple[str, ...] = BACKDROPS,
    right_angles: bool = True,
) -> Line:
    """Draw a production line.

    Args:
        rng: randomness.
        zoom: range of the zoom.
        free_rotation: probability that parts arrive in any orientation.
        styles: allowed backdrops.
        right_angles: the usual pose is a multiple of a quarter turn; otherwise any angle.
    """
    free = rng.random() < free_rotation
    usual = float(rng.choice([0.0, 0.0, 0.5, 1.0])) * math.pi if right_angles else float(rng.uniform(0, 2 * math.pi))
    warmth = float(rng.uniform(-0.05, 0.05))
    chosen_zoom = float(rng.uniform(*zoom))
    loose = float(rng.random()) ** 2  # 0 in a fixture, 1 laid down by hand
    return Line(
        zoom=chosen_zoom,
        zoom_spread=float(rng.uniform(0.0, 0.025)),
        angle=usual,
        angle_spread=math.pi if free else 0.01 + MOST_TURN * loose,
        shift_spread=max(0.01, (0.1 + MOST_SHIFT * loose) * (1 - chosen_zoom)),
        light=Light(
            azimuth=float(rng.uniform(0, 2 * math.pi)),
            elevation=float(rng.uniform(0.75, 1.25)),
            power=float(rng.uniform(0.5, 0.75)),
            ambient=float(rng.uniform(0.35, 0.5)),
            tint=(1 + warmth, 1.0, 1 - warmth),
        ),
        light_spread=float(rng.uniform(0.01, 0.05)),
        backdrop=design_backdrop(rng, styles),
    )


def contrasting(backdrop: Backdrop, tone: float) -> Backdrop:
    """The backdrop, lighter or darker where an object of this brightness (0..1) would hardly show on it."""
    brightness = sum(backdrop.colour) / 3
    if abs(brightness - tone) >= LEAST_CONTRAST:
        return backdrop
    target = tone - LEAST_CONTRAST if tone > 0.45 else tone + LEAST_CONTRAST
    red, green, blue = (min(1.0, part * target / max(brightness, 0.02)) for part in backdrop.colour)
    style = "plain" if backdrop.style in ("black", "white") else backdrop.style
    return replace(backdrop, style=style, colour=(red, green, blue))


def set_stage(
    line: Line, rng: np.random.Generator, size: tuple[int, int], tone: float | None = None
) -> tuple[Canvas, Light]:
    """A picture of ``size`` (height, width) with only the backdrop, the pose of the next object, and the light.

    ``tone``: brightness of the object, 0..1; the backdrop keeps its distance from it.
    """
    height, width = size
    half = min(height, width) / 2
    light = replace(
        line.light,
        azimuth=line.light.azimuth + float(rng.normal(0, 0.05)),
        power=line.light.power * (1 + line.light_spread * float(rng.uniform(-1, 1))),
        ambient=line.light.ambient * (1 + line.light_spread * float(rng.uniform(-1, 1))),
    )
    backdrop = line.backdrop if tone is None else contrasting(line.backdrop, tone)
    shift = rng.uniform(-1, 1, size=2) * line.shift_spread * half
    canvas = Canvas(
        pixels=paint_backdrop(backdrop, light, rng, size),
        scale=half * line.zoom * (1 + line.zoom_spread * float(rng.uniform(-1, 1))),
        centre=(width / 2 + float(shift[0]), height / 2 + float(shift[1])),
        angle=line.angle + line.angle_spread * float(rng.uniform(-1, 1)),
    )
    return canvas, light


def paint_backdrop(backdrop: Backdrop, light: Light, rng: np.random.Generator, size: tuple[int, int]) -> Paint:
    """The backdrop under this light; the phase of its texture is free."""
    height, width = size
    short = min(size)
    cos, sin = np.float32(math.cos(backdrop.angle)), np.float32(math.sin(backdrop.angle))
    columns = (np.arange(width, dtype=np.float32) - np.float32(width / 2)) / np.float32(short)
    rows = ((np.arange(height, dtype=np.float32) - np.float32(height / 2)) / np.float32(short))[:, None]
    along: Field = cos * columns + sin * rows
    across: Field = cos * rows - sin * columns
    to_x, to_y, _ = light.vector
    tone: Field = 1 + np.float32(0.09) * (np.float32(to_x) * columns + np.float32(to_y) * rows)
    tone = tone * (1 + np.float32(0.05) * np.float32(rng.uniform(-1, 1)) * columns)
    grain = max(1.0, backdrop.grain * short)
    strength = np.float32(backdrop.texture)
    if backdrop.style == "gradient":
        tone = tone * (1 + np.float32(0.45) * along) + np.float32(0.2) * strength * value_noise(rng, size, 1.0)
    elif backdrop.style == "table":
        tone = tone + strength * value_noise(rng, size, grain, 2) + strength * value_noise(rng, size, short / 3)
    elif backdrop.style == "brushed":
        tone = tone + strength * streaks(rng, across + np.float32(rng.uniform(0, 9)), short * 0.6)
        tone = tone + strength * value_noise(rng, size, short / 4)
    elif backdrop.style == "conveyor":
        tone = tone * belt(along, across, backdrop.grain, float(rng.uniform(0, 9)))
        tone = tone + np.float32(0.7) * strength * value_noise(rng, size, max(1.0, grain / 2), 2)
    else:
        tone = tone + np.float32(0.12) * strength * value_noise(rng, size, 1.5)
    gain = np.float32((light.power + light.ambient) / 1.05)
    colour = np.asarray(backdrop.colour, dtype=np.float32) * np.asarray(light.tint, dtype=np.float32)
    return np.asarray(np.maximum(tone * gain, 0)[..., None] * colour)


def belt(along: Field, across: Field, grain: float, phase: float) -> Field:
    """Brightness of a conveyor belt: woven dimples, or ribs for coarse grain."""
    pitch = np.float32(2 * math.pi / (0.02 + 2 * grain))
    moving = along + np.float32(phase)
    if grain > 0.02:
        rib = np.sin(moving * pitch)
        return 1 + np.float32(0.16) * smoothstep(0.2, 0.9, rib) - np.float32(0.1) * smoothstep(0.2, 0.9, -rib)
    return np.asarray(1 + np.float32(0.07) * np.sin(moving * pitch) * np.sin(across * pitch))
