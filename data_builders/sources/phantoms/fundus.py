"""Colour photographs of the back of the eye: optic disc, macula, branching vessels, round aperture."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from assistant.types import Domain
from data_builders.sources.phantoms.canvas import Field, blur, colour, ellipse_field, grid, noise, soft_step
from data_builders.types import Kind, Mask, Picture


@dataclass(frozen=True)
class FundusDesign:
    """A camera and the eyes it photographs.

    Args:
        tint: colour of the retina, RGB 0..1.
        right_eye: the disc lies on the right.
        disc: radius of the optic disc; cup: of its cup relative to it.
        field: radius of the aperture in half-sides; above 1 it is cut by the picture's border.
        vessel: contrast; tortuosity: winding of the vessels; tessellation: choroid seen through, 0..1.
        vignette: darkening to the rim; exposure: brightness.
    """

    tint: tuple[float, float, float]
    right_eye: bool
    disc: float
    cup: float
    field: float
    vessel: float
    tortuosity: float
    tessellation: float
    vignette: float
    exposure: float


class Fundus:
    """Fundus photograph."""

    name = "fundus"
    kind = Kind.PHANTOM
    domain = Domain.MEDICAL

    def design(self, rng: np.random.Generator) -> FundusDesign:
        """Draw a camera."""
        red = float(rng.uniform(0.62, 0.88))
        return FundusDesign(
            tint=(red, red * float(rng.uniform(0.40, 0.58)), red * float(rng.uniform(0.12, 0.30))),
            right_eye=bool(rng.integers(2)),
            disc=float(rng.uniform(0.10, 0.145)),
            cup=float(rng.uniform(0.3, 0.55)),
            field=float(rng.uniform(0.92, 1.12)),
            vessel=float(rng.uniform(0.35, 0.6)),
            tortuosity=float(rng.uniform(0.06, 0.16)),
            tessellation=float(max(0.0, rng.uniform(-0.4, 0.8))),
            vignette=float(rng.uniform(0.1, 0.45)),
            exposure=float(rng.uniform(0.85, 1.12)),
        )

    def render(self, design: FundusDesign, rng: np.random.Generator, size: tuple[int, int]) -> Picture:
        """Photograph one eye."""
        x, y = grid(size)
        sign = 1.0 if design.right_eye else -1.0
        disc_at = (sign * (0.48 + float(rng.normal(0, 0.04))), float(rng.normal(0, 0.04)))
        macula_at = (disc_at[0] - sign * (0.62 + float(rng.normal(0, 0.02))), disc_at[1] + 0.06)
        radius = np.sqrt(x * x + y * y)
        aperture = soft_step(-radius, -design.field, 0.02)
        image = np.asarray(design.tint, np.float32) * np.ones((*size, 3), np.float32)
        light = 1 - np.float32(design.vignette) * np.clip(radius, 0, 1.2) ** 2 + np.float32(0.05) * noise(rng, size, 2.5)
        pattern = noise(rng, size, 14, 3)
        image *= (light * (1 + np.float32(0.035 + 0.09 * design.tessellation) * pattern))[..., None]
        macula = np.exp(-((x - macula_at[0]) ** 2 + (y - macula_at[1]) ** 2) / np.float32(2 * 0.16**2))
        image *= 1 - macula[..., None] * np.asarray([0.22, 0.36, 0.4], np.float32)
        image, disc = _disc(image, design, rng, x, y, disc_at)
        vessels, reflex = _vessels(design, rng, size, disc_at, macula_at, sign)
        image *= 1 - vessels[..., None] * np.float32(design.vessel) * np.asarray([0.62, 1.05, 0.95], np.float32)
        image += 0.06 * reflex[..., None] * np.asarray([1.0, 0.8, 0.5], np.float32)
        inside = radius < design.field - 0.03
        return Picture(
            pixels=colour(np.clip(image * design.exposure, 0, 1) * aperture[..., None]),
            object_mask=inside & ~disc,
            object_name="retinal fundus photograph",
            family=self.name,
            kind=self.kind,
            domain=self.domain,
            parts={"optic disc": (disc,), "vessels": (vessels > 0.4,), "macula": ((macula > 0.5) & inside,)},
        )


def _disc(
    image: np.ndarray, design: FundusDesign, rng: np.random.Generator, x: Field, y: Field, at: tuple[float, float]
) -> tuple[np.ndarray, Mask]:
    """Bright disc with a paler cup and, at times, a crescent beside it."""
    size = (x.shape[0], x.shape[1])
    r = design.disc * float(rng.uniform(0.95, 1.05))
    wobble = np.float32(0.05) * noise(rng, size, 6)
    field = ellipse_field(x, y, at, (r * 0.93, r), 0.0) + wobble
    alpha = soft_step(field, 0.0, 0.16)[..., None]
    base = np.asarray([0.97, 0.80, 0.52], np.float32) * np.float32(rng.uniform(0.9, 1.0))
    image = image * (1 - 0.85 * alpha) + 0.85 * alpha * base
    cup = soft_step(ellipse_field(x, y, (at[0] * 1.01, at[1]), (r * design.cup, r * design.cup * 1.05)) + wobble, 0.0, 0.5)
    image = image + cup[..., None] * np.asarray([0.03, 0.12, 0.22], np.float32)
    if rng.random() < 0.25:
        ring = soft_step(ellipse_field(x, y, (at[0] * 0.95, at[1]), (r * 1.2, r * 1.15)), 0.0, 0.12)[..., None] * (1 - alpha)
        image = image * (1 + 0.18 * ring)
    return image, np.asarray(field > -0.05, bool)


def _vessels(
    design: FundusDesign,
    rng: np.random.Generator,
    size: tuple[int, int],
    disc: tuple[float, float],
    macula: tuple[float, float],
    sign: float,
) -> tuple[Field, Field]:
    """Arcades that leave the disc up and down and bend around the macula; veins thicker and darker than arteries."""
    dark, bright = np.zeros(size, np.uint8), np.zeros(size, np.uint8)
    half, scale = min(size) / 2, 8
    centre = np.asarray([size[1] / 2, size[0] / 2])

    def grow(x: float, y: float, heading: float, thick: float, level: int, depth: int, bend: float) -> None:
        points = [(x, y)]
        count = int(rng.integers(14, 24)) if depth else int(rng.integers(24, 34))
        for index in range(count):
            heading += bend + float(rng.normal(0, design.tortuosity))
            x, y = x + 0.038 * np.cos(heading), y + 0.038 * np.sin(heading)
            if (x - macula[0]) ** 2 + (y - macula[1]) ** 2 < 0.15**2:
                break
            points.append((x, y))
            if depth < 3 and thick > 0.005 and index > 2 and rng.random() < (0.20 if depth == 0 else 0.14):
                turn = float(rng.choice([-1.0, 1.0])) * float(rng.uniform(0.4, 0.9))
                grow(x, y, heading + turn, thick * 0.62, level, depth + 1, -0.3 * bend - 0.01 * turn)
            thick *= 0.975
        if len(points) < 2:
            return
        xy = np.round((np.asarray(points) * half + centre) * scale).astype(np.int32)
        pieces = np.array_split(np.arange(len(xy)), 3)
        for part, piece in enumerate(pieces):
            if not len(piece):
                continue
            run = xy[piece[0] : piece[-1] + 2]
            width = thick * half * 1.5 * (1.15 - 0.22 * part)
            cv2.polylines(dark, [run], False, int(level * min(1.0, 0.5 + width / 2)), max(1, round(width)), cv2.LINE_AA, 3)
            if level < 200 and width > 2:
                cv2.polylines(bright, [run], False, 160, 1, cv2.LINE_AA, 3)

    for vertical in (-1.0, 1.0):
        for level, thick, lean in ((235, 0.030, 0.0), (180, 0.022, 0.28)):
            start = -sign * 0.12 + sign * lean * 0.2 + float(rng.normal(0, 0.08))
            heading = float(np.arctan2(vertical, start))
            grow(disc[0], disc[1], heading, thick, level, 0, -vertical * sign * -0.045 * (1 if sign > 0 else 1) * -1)
        for level, thick in ((225, 0.018), (175, 0.014)):
            heading = float(np.arctan2(vertical * 0.9, sign * float(rng.uniform(0.5, 1.2))))
            grow(disc[0], disc[1], heading, thick, level, 1, 0.0)
    for _ in range(2):
        heading = float(np.pi if sign > 0 else 0.0) + float(rng.normal(0, 0.45))
        grow(disc[0], disc[1], heading, 0.007, 190, 2, 0.0)
    soften = 0.0022 * min(size)
    return blur(dark.astype(np.float32) / 255, soften), blur(bright.astype(np.float32) / 255, soften)
