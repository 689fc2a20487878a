"""B-mode ultrasound: echoes of tissue with speckle, computed along the beams and scan-converted to a fan or a rectangle."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float32

from assistant.types import Domain
from data_builders.sources.phantoms.acquisition import kept_inside, picture, speckle, whole_parts
from data_builders.sources.phantoms.canvas import Field, blur, ellipse_field, grey, noise, soft_step
from data_builders.types import Kind, Mask, Picture

FAN_PRESETS = ("liver", "kidney", "bladder")
LINEAR_PRESETS = ("thyroid", "breast", "muscle")


@dataclass(frozen=True)
class UltrasoundDesign:
    """A probe, a preset and a gain.

    Args:
        preset: liver, kidney, bladder (curved probe), thyroid, breast, muscle (linear probe).
        fan: sector picture; ``opening`` half angle in radians, ``apex`` radius of the probe as part of the depth.
        gain, dynamic: brightness and dynamic range of the log display.
        attenuation: loss with depth after gain correction.
        grain: speckle size as part of the shorter side.
        layers: thickness of the wall over the organ, part of the depth.
        echo: echogenicity of the organ; coarse: coarseness of its texture.
        focus: depth of the focus, 0..1; margin: free border, part of the size.
    """

    preset: str
    fan: bool
    opening: float
    apex: float
    gain: float
    dynamic: float
    attenuation: float
    grain: float
    layers: float
    echo: float
    coarse: float
    focus: float
    margin: float


class Ultrasound:
    """B-mode ultrasound."""

    name = "ultrasound"
    kind = Kind.PHANTOM
    domain = Domain.MEDICAL

    def design(self, rng: np.random.Generator) -> UltrasoundDesign:
        """Draw a probe and preset."""
        fan = bool(rng.random() < 0.5)
        return UltrasoundDesign(
            preset=str(rng.choice(FAN_PRESETS if fan else LINEAR_PRESETS)),
            fan=fan,
            opening=float(rng.uniform(0.45, 0.75)),
            apex=float(rng.uniform(0.12, 0.5)),
            gain=float(rng.uniform(0.85, 1.2)),
            dynamic=float(rng.uniform(0.28, 0.45)),
            attenuation=float(rng.uniform(0.1, 0.9)),
            grain=float(rng.uniform(0.0022, 0.0045)),
            layers=float(rng.uniform(0.1, 0.2)),
            echo=float(rng.uniform(0.35, 0.6)),
            coarse=float(rng.uniform(0.04, 0.13)),
            focus=float(rng.uniform(0.3, 0.8)),
            margin=0.0 if not fan and rng.random() < 0.6 else float(rng.uniform(0.02, 0.08)),
        )

    def render(self, design: UltrasoundDesign, rng: np.random.Generator, size: tuple[int, int]) -> Picture:
        """One frame of one healthy patient."""
        depth, across, inside = _beams(design, rng, size)
        rows = int(np.clip(size[0] * 1.1, 96, 420))
        columns = int(np.clip(size[1] * 1.0, 96, 360))
        r = np.linspace(0, 1, rows, dtype=np.float32)[:, None].repeat(columns, 1)
        a = np.linspace(-1, 1, columns, dtype=np.float32)[None, :].repeat(rows, 0)
        x = (a * (0.35 + 0.55 * r) if design.fan else 0.85 * a * min(2.0, max(0.5, size[1] / size[0]))).astype(
            np.float32
        )
        x = np.asarray(x + 0.02 * noise(rng, (rows, columns), 4), np.float32)
        z = np.asarray(r + 0.012 * noise(rng, (rows, columns), 4), np.float32)
        echo, organ, masks = _anatomy(design, rng, x, z)
        coarse = noise(rng, (rows, columns), 22, 2)
        echo = np.asarray(echo * (1 + design.coarse * coarse), np.float32)
        grain = max(0.6, design.grain * rows)
        spread = 1.2 + 1.4 * abs(0.5 - design.focus)
        pattern = speckle(rng, (rows, columns), (grain * 0.75, grain * spread))
        fall = 1 - design.attenuation * 0.45 * np.clip(r - 0.25, 0, 1) ** 1.4
        focus = 1 + 0.12 * np.exp(-(((r - design.focus) / 0.2) ** 2))
        seen = np.clip(echo, 0, 1.3) * fall * focus * design.gain * float(rng.uniform(0.94, 1.06))
        seen = np.asarray(seen + design.dynamic * np.clip(seen * 3, 0.12, 1) * np.log10(pattern + 0.08), np.float32)
        seen = np.asarray(seen * (1 - 0.25 * np.exp(-r * 60) * float(rng.uniform(0, 1))), np.float32)
        shown = _convert(np.asarray(np.clip(seen, 0, 1), np.float32), depth, across) * inside
        at = {name: _convert(mask.astype(np.float32), depth, across) * inside > 0.5 for name, mask in masks.items()}
        lesions = _convert(organ.astype(np.float32), depth, across) * inside > 0.5
        lesions = kept_inside(lesions, min(size) * 0.01)
        if not lesions.any():
            lesions = inside > 0.5
        pixels = grey(np.asarray(np.clip(blur(shown, 0.3), 0, 1), np.float32))
        parts = whole_parts({**at, "sector": inside > 0.5})
        return picture(pixels, lesions, f"ultrasound of the {design.preset}", self.name, parts)


def _beams(design: UltrasoundDesign, rng: np.random.Generator, size: tuple[int, int]) -> tuple[Field, Field, Field]:
    """Depth 0..1 and beam -1..1 of each pixel, and where the sector is (0..1)."""
    height, width = size
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    margin = design.margin * min(size)
    if not design.fan:
        depth = (y - margin) / (height - 1 - 2 * margin)
        across = (x - margin) / (width - 1 - 2 * margin) * 2 - 1
    else:
        half = min(design.opening, 0.75)
        reach = min((height - 2 * margin) / (1 + design.apex - design.apex * math.cos(half)), 1e9)
        limit = (width / 2 - margin) / ((1 + design.apex) * math.sin(half))
        reach = min(reach, max(limit, 0.45 * reach))
        radius = design.apex * reach
        total = radius + reach - radius * math.cos(half)
        top = (height - total) / 2 - radius * math.cos(half)
        dx, dy = x - width / 2, y - top
        distance = np.sqrt(dx * dx + dy * dy)
        depth = (distance - radius) / reach
        across = np.arctan2(dx, np.maximum(dy, 1e-3)) / half
        depth = np.where(dy > 0, depth, -1)
    inside = (depth >= 0) & (depth <= 1) & (np.abs(across) <= 1)
    return np.asarray(depth, np.float32), np.asarray(across, np.float32), inside.astype(np.float32)


def _convert(field: Float32[np.ndarray, "depths beams"], depth: Field, across: Field) -> Field:
    """Sample a beam picture at the pixels."""
    rows, columns = field.shape
    map_x = np.asarray((across + 1) / 2 * (columns - 1), np.float32)
    map_y = np.asarray(depth * (rows - 1), np.float32)
    return np.asarray(cv2.remap(field, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.float32)


def _over(echo: Field, cover: Field, value: float) -> Field:
    """``value`` painted where ``cover`` (0..1) is."""
    return np.asarray(echo + (value - echo) * cover, np.float32)


def _disc(
    x: Field, z: Field, rng: np.random.Generator, place: tuple[float, float, float, float], angle: float = 0.0
) -> Field:
    """Soft ellipse (x, z, radius x, radius z) with the patient's variation, 0..1."""
    cx, cz, rx, rz = place
    n = rng.normal(0, 1, 4).clip(-2, 2)
    centre = (cx + 0.02 * float(n[0]), cz + 0.015 * float(n[1]))
    field = ellipse_field(x, z, centre, (rx * (1 + 0.07 * float(n[2])), rz * (1 + 0.07 * float(n[3]))), angle)
    return soft_step(field, 0.0, 0.1)


def _line(field: Field, at: float, half: float) -> Field:
    """Ridge 0..1 where the field is near ``at``."""
    return np.asarray(np.exp(-(((field - at) / half) ** 2)), np.float32)


def _anatomy(
    design: UltrasoundDesign, rng: np.random.Generator, x: Field, z: Field
) -> tuple[Field, Mask, dict[str, Mask]]:
    """Echogenicity 0..1, where lesions may be, and tissues, over the beam picture."""
    wall = design.layers * float(rng.uniform(0.88, 1.12))
    echo = np.full(x.shape, design.echo, np.float32)
    skin = soft_step(np.asarray(-z, np.float32), -0.18 * wall, 0.02)
    fat = soft_step(np.asarray(-z, np.float32), -0.6 * wall, 0.03)
    muscle = soft_step(np.asarray(-z, np.float32), -wall, 0.03)
    echo = _over(echo, muscle, 0.30)
    fibres = noise(rng, (x.shape[0], 4), 40)[:, :1]
    echo = np.asarray(
        echo + muscle * (1 - fat) * 0.14 * np.clip(fibres + 0.4 * noise(rng, x.shape, 12), -1, 2), np.float32
    )
    echo = _over(echo, fat, 0.38)
    echo = _over(echo, skin, 0.75)
    echo = _over(echo, np.asarray(0.85 * _line(z, wall, 0.008), np.float32), 0.9)
    deep: Mask = np.asarray(z > wall + 0.02)
    masks: dict[str, Mask] = {"skin": skin > 0.5, "wall": (muscle > 0.5) & ~(skin > 0.5)}
    painter = {"liver": _liver, "kidney": _kidney, "bladder": _bladder, "thyroid": _thyroid}.get(
        design.preset, _layered
    )
    echo, organ, extra = painter(design, rng, x, z, echo, wall)
    masks.update(extra)
    return echo, np.asarray(organ & deep), masks


def _vessel_spots(
    echo: Field, rng: np.random.Generator, x: Field, z: Field, count: int, wall: float
) -> tuple[Field, Mask]:
    """Dark tubes cut across or along, some with bright walls."""
    lumen = np.zeros(x.shape, bool)
    for _ in range(count):
        radius = float(rng.uniform(0.012, 0.035))
        place = (
            float(rng.uniform(-0.7, 0.7)),
            float(rng.uniform(wall + 0.12, 0.9)),
            radius * float(rng.uniform(1, 5)),
            radius,
        )
        field = ellipse_field(x, z, place[:2], place[2:], float(rng.normal(0, 0.6)))
        if rng.random() < 0.4:
            echo = _over(echo, soft_step(field, -0.3, 0.3), 0.8)
        cover = soft_step(field, 0.0, 0.3)
        echo = _over(echo, cover, 0.06)
        lumen |= cover > 0.5
    return echo, lumen


def _liver(
    design: UltrasoundDesign, rng: np.random.Generator, x: Field, z: Field, echo: Field, wall: float
) -> tuple[Field, Mask, dict[str, Mask]]:
    echo, vessels = _vessel_spots(echo, rng, x, z, int(rng.integers(4, 9)), wall)
    arch = z + 0.35 * (x - 0.15 * float(rng.normal(0, 1))) ** 2
    bottom = 0.86 + float(rng.normal(0, 0.015))
    echo = _over(echo, soft_step(np.asarray(arch, np.float32), bottom, 0.02), 0.22)
    echo = _over(echo, _line(np.asarray(arch, np.float32), bottom, 0.012), 1.0)
    organ = np.asarray((arch < bottom - 0.02) & ~vessels)
    return echo, organ, {"liver": organ, "vessels": vessels, "diaphragm": np.asarray(np.abs(arch - bottom) < 0.012)}


def _kidney(
    design: UltrasoundDesign, rng: np.random.Generator, x: Field, z: Field, echo: Field, wall: float
) -> tuple[Field, Mask, dict[str, Mask]]:
    angle = float(rng.normal(0.1, 0.08))
    centre, radii = (
        (float(rng.normal(0, 0.03)), 0.52 + float(rng.normal(0, 0.015))),
        (_varied(rng, 0.46), _varied(rng, 0.22)),
    )
    field = ellipse_field(x, z, centre, radii, angle)
    capsule, cortex = _line(field, 0.0, 0.04), soft_step(field, 0.0, 0.06)
    echo = _over(echo, np.asarray(0.6 * capsule, np.float32), 0.9)
    echo = _over(echo, cortex, 0.8 * design.echo)
    turn = np.arctan2(z - centre[1], x - centre[0])
    pyramids = soft_step(np.asarray(np.cos(turn * 9 + float(rng.uniform(0, 6))), np.float32), 0.3, 0.6) * _line(
        field, 0.38, 0.13
    )
    echo = _over(echo, np.asarray(0.7 * pyramids, np.float32), 0.16)
    ragged = np.asarray(field + 0.06 * noise(rng, x.shape, 14, 2), np.float32)
    sinus = soft_step(ragged, 0.58, 0.16)
    echo = _over(echo, sinus, 0.88)
    kidney = np.asarray(field > 0.02)
    return echo, kidney, {"kidney": kidney, "sinus": sinus > 0.5}


def _bladder(
    design: UltrasoundDesign, rng: np.random.Generator, x: Field, z: Field, echo: Field, wall: float
) -> tuple[Field, Mask, dict[str, Mask]]:
    n = rng.normal(0, 1, 4).clip(-2, 2)
    centre = (0.03 * float(n[0]), wall + 0.30 + 0.015 * float(n[1]))
    field = ellipse_field(x, z, centre, (0.42 + 0.03 * float(n[2]), 0.24 + 0.015 * float(n[3])))
    echo = _over(echo, soft_step(field, -0.12, 0.08), 0.5)
    lumen = soft_step(field, 0.0, 0.05)
    shadow = soft_step(np.asarray(0.36 - np.abs(x - centre[0]), np.float32), 0.0, 0.15) * (z > centre[1])
    echo = np.asarray(echo * (1 + 0.35 * shadow), np.float32)
    echo = _over(echo, lumen, 0.03)
    echo = np.asarray(echo + 0.14 * lumen * np.exp(-(z - centre[1] + 0.24) * 14), np.float32)
    bladder = lumen > 0.5
    return echo, np.asarray(field > -0.12), {"bladder": bladder, "bladder_wall": np.asarray((field > -0.12) & ~bladder)}


def _thyroid(
    design: UltrasoundDesign, rng: np.random.Generator, x: Field, z: Field, echo: Field, wall: float
) -> tuple[Field, Mask, dict[str, Mask]]:
    echo = _over(echo, soft_step(z, wall, 0.04), 0.3)
    echo = np.asarray(echo + 0.05 * soft_step(z, wall, 0.04) * noise(rng, x.shape, 18, 2), np.float32)
    gland = np.zeros(x.shape, bool)
    for side in (-1, 1):
        lobe = _disc(x, z, rng, (side * 0.36, wall + 0.27, 0.25, 0.19), side * -0.15)
        echo = _over(echo, lobe, min(0.75, design.echo + 0.16))
        gland |= lobe > 0.5
    isthmus = _disc(x, z, rng, (0.0, wall + 0.13, 0.25, 0.055))
    echo = _over(echo, isthmus, min(0.75, design.echo + 0.14))
    trachea = ellipse_field(x, z, (0.02 * float(rng.normal(0, 1)), wall + 0.36), (0.17, 0.18))
    echo = _over(echo, soft_step(trachea, 0.0, 0.06), 0.1)
    echo = _over(echo, np.asarray(_line(trachea, 0.03, 0.05) * (z < wall + 0.36), np.float32), 0.95)
    vessels = np.zeros(x.shape, bool)
    for side in (-1, 1):
        tube = _disc(x, z, rng, (side * 0.70, wall + 0.33, 0.085, 0.075))
        echo = _over(_over(echo, soft_step(np.asarray(tube, np.float32), 0.05, 0.1), 0.7), tube, 0.05)
        vessels |= tube > 0.5
    gland = np.asarray((gland | (isthmus > 0.5)) & (trachea < 0) & ~vessels)
    return echo, gland, {"gland": gland, "vessels": vessels, "trachea": trachea > 0}


def _layered(
    design: UltrasoundDesign, rng: np.random.Generator, x: Field, z: Field, echo: Field, wall: float
) -> tuple[Field, Mask, dict[str, Mask]]:
    """Breast (gland between layers of fat) or muscle with its fibres."""
    below = soft_step(z, wall, 0.05)
    if design.preset == "muscle":
        slant = z + 0.12 * x + 0.02 * noise(rng, x.shape, 5)
        stripes = np.sin(np.asarray(slant * float(rng.uniform(90, 120)) + 1.5 * noise(rng, x.shape, 9, 2), np.float32))
        echo = _over(echo, below, 0.28)
        echo = np.asarray(
            echo + below * 0.2 * np.clip(stripes - 0.2, 0, 1) * (1 + 0.5 * noise(rng, x.shape, 16)), np.float32
        )
        bone = 0.85 + 0.03 * float(rng.normal(0, 1)) + 0.08 * x * x
        middle = np.asarray(z - 0.55 - 0.05 * x - 0.015 * noise(rng, x.shape, 3), np.float32)
        echo = _over(echo, _line(middle, 0.0, 0.012), 0.85)
    else:
        lobes = np.asarray(noise(rng, x.shape, 9, 2), np.float32)
        gland = below * soft_step(np.asarray(0.72 - z + 0.03 * lobes, np.float32), 0.0, 0.06)
        echo = _over(echo, below, 0.3)
        echo = np.asarray(_over(echo, gland, design.echo + 0.08) + 0.04 * gland * lobes, np.float32)
        bone = 0.86 + 0.02 * float(rng.normal(0, 1)) + 0.02 * x
    deep = np.asarray(z - bone, np.float32)
    echo = _over(echo, soft_step(deep, 0.0, 0.02), 0.08)
    echo = _over(echo, np.asarray(0.9 * _line(deep, 0.0, 0.012), np.float32), 0.95)
    organ = np.asarray((deep < -0.02) & (z > wall))
    return echo, organ, {design.preset: organ}


def _varied(rng: np.random.Generator, value: float, spread: float = 0.05) -> float:
    """``value`` with natural variation."""
    return value * (1 + spread * float(np.clip(rng.normal(), -2, 2)))
