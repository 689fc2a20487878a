"""Colour fundus photographs: retina, optic disc, macula and the tree of vessels."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

from assistant.types import Domain
from data_builders.sources.phantoms.acquisition import picture, whole_parts
from data_builders.sources.phantoms.canvas import Field, blur, colour, ellipse_field, grid, noise, soft_step
from data_builders.types import Kind, Picture
from data_builders.walks import Walk

_SHIFT = 4


@dataclass(frozen=True)
class FundusDesign:
    """A fundus camera and the eyes it sees.

    Args:
        tone: RGB of the retina; pigment: strength of the choroid's pattern.
        side: 1 when the optic disc is on the right.
        disc: radius of the disc; distance: from the disc to the macula; cup: size of the cup within the disc.
        radius: of the aperture (1 is half the shorter side); flat: how much is cut off above and below.
        vignette: fall of light to the border; centred: whether the macula or the disc is in the middle.
        vessel_width, contrast: of the vessels.
        red_free: green-filter picture in greys.
    """

    tone: tuple[float, float, float]
    pigment: float
    side: int
    disc: float
    distance: float
    cup: float
    radius: float
    flat: float
    vignette: float
    centred: float
    vessel_width: float
    contrast: float
    red_free: bool


@dataclass(frozen=True)
class Landmarks:
    """Centres (x, y) of the optic disc and of the macula, which is beside it."""

    disc: tuple[float, float]
    macula: tuple[float, float]

    @property
    def side(self) -> int:
        """1 when the disc is on the right, else -1."""
        return 1 if self.disc[0] > self.macula[0] else -1

    @property
    def reach(self) -> float:
        """How far they are apart across the picture."""
        return abs(self.disc[0] - self.macula[0])


@dataclass(frozen=True)
class AvascularZone:
    """The disc around the macula that vessels keep out of."""

    centre: tuple[float, float]
    radius: float

    def holds(self, x: float, y: float) -> bool:
        """Whether (x, y) is in it."""
        return math.hypot(x - self.centre[0], y - self.centre[1]) < self.radius


class Fundus:
    """Colour photograph of the retina."""

    name = "fundus"
    kind = Kind.PHANTOM
    domain = Domain.MEDICAL

    def design(self, rng: np.random.Generator) -> FundusDesign:
        """Draw a camera and a typical eye."""
        red = float(rng.uniform(0.62, 0.92))
        green = red * float(rng.uniform(0.36, 0.56))
        disc = float(rng.uniform(0.125, 0.18))
        return FundusDesign(
            tone=(red, green, green * float(rng.uniform(0.25, 0.6))),
            pigment=float(rng.uniform(0.01, 0.06)),
            side=int(rng.choice([-1, 1])),
            disc=disc,
            distance=disc * float(rng.uniform(4.4, 5.2)),
            cup=float(rng.uniform(0.25, 0.5)),
            radius=float(rng.uniform(0.9, 1.25)),
            flat=float(rng.choice([0.0, 0.0, 0.08, 0.15])),
            vignette=float(rng.uniform(0.15, 0.5)),
            centred=float(rng.choice([0.0, 0.35, 0.6, 1.0], p=[0.3, 0.35, 0.25, 0.1])),
            vessel_width=float(rng.uniform(0.012, 0.019)),
            contrast=float(rng.uniform(0.32, 0.55)),
            red_free=bool(rng.random() < 0.06),
        )

    def render(self, design: FundusDesign, rng: np.random.Generator, size: tuple[int, int]) -> Picture:
        """Photograph one healthy eye."""
        x, y = grid(size)
        shift = (float(rng.normal(0, 0.02)), float(rng.normal(0, 0.02)))
        radius = design.radius
        outside = np.asarray(radius - np.sqrt(x * x + y * y), np.float32)
        aperture = soft_step(outside, 0.0, 0.015)
        aperture = aperture * soft_step(np.asarray(radius - design.flat - np.abs(y), np.float32), 0.0, 0.012)
        macula = (-design.side * design.distance * (1 - design.centred) * 0.5 + shift[0], shift[1])
        if design.centred == 0.0:
            macula = (shift[0], shift[1])
        distance = design.distance * float(rng.uniform(0.95, 1.05))
        disc = (macula[0] + design.side * distance, macula[1] - distance * float(rng.normal(0.10, 0.03)))
        eye = Landmarks(disc, macula)
        image = _retina(design, rng, x, y, macula, size)
        veins, arteries = _vessels(design, rng, eye, size)
        image = _optic_disc(image, design, rng, x, y, disc)
        for tree, strength, ratio in (
            (veins, design.contrast, (0.62, 1.0, 0.9)),
            (arteries, 0.7 * design.contrast, (0.42, 1.0, 0.95)),
        ):
            cover = (np.float32(strength) * tree)[..., None] * np.asarray(ratio, np.float32)
            image = image * (1 - cover)
        light = 1 - design.vignette * np.clip((x * x + y * y) / radius**2, 0, 1) ** 1.3
        light = light * (1 + 0.05 * noise(rng, size, 1.5)) * float(rng.uniform(0.94, 1.06))
        image = np.asarray(image * (light * aperture)[..., None], np.float32)
        if design.red_free:
            image = np.repeat(np.clip(image[..., 1:2] * 1.5, 0, 1), 3, axis=2)
        seen = np.asarray(aperture > 0.98)
        masks = {
            "retina": seen,
            "optic_disc": np.asarray(ellipse_field(x, y, disc, (design.disc * 0.93, design.disc)) > 0) & seen,
            "macula": np.asarray((x - macula[0]) ** 2 + (y - macula[1]) ** 2 < (1.3 * design.disc) ** 2) & seen,
            "vessels": np.asarray(np.maximum(veins, arteries) > 0.5) & seen,
        }
        return picture(colour(image), seen, "retinal fundus photograph", self.name, whole_parts(masks))


def _retina(
    design: FundusDesign,
    rng: np.random.Generator,
    x: Field,
    y: Field,
    macula: tuple[float, float],
    size: tuple[int, int],
) -> Float32[np.ndarray, "height width 3"]:
    """Background with the choroid's pattern, a darker macula and its reflex."""
    tone = np.asarray(design.tone, np.float32) * (1 + 0.03 * rng.standard_normal(3).astype(np.float32))
    long = max(size) / min(size)
    pattern = (
        0.6 * noise(rng, size, 5 * long, 2)
        + 0.6 * np.abs(noise(rng, size, 16 * long))
        + 0.25 * noise(rng, size, 60 * long, 2)
    )
    image = tone * (1 + design.pigment * pattern[..., None] * np.asarray([0.7, 1.2, 1.0], np.float32))
    away = np.sqrt((x - macula[0]) ** 2 + (y - macula[1]) ** 2) / (1.6 * design.disc)
    dark = float(rng.uniform(0.2, 0.34)) * np.exp(-(away**2)) + 0.14 * np.exp(-((away * 3.2) ** 2))
    image = image * (1 - dark[..., None] * np.asarray([0.6, 1.0, 0.8], np.float32))
    reflex = 0.10 * np.exp(-((away * 11) ** 2)) * float(rng.uniform(0, 1))
    return np.asarray(image + reflex[..., None], np.float32)


def _optic_disc(
    image: Float32[np.ndarray, "height width 3"],
    design: FundusDesign,
    rng: np.random.Generator,
    x: Field,
    y: Field,
    disc: tuple[float, float],
) -> Float32[np.ndarray, "height width 3"]:
    """Pale disc with a brighter cup, a soft rim and a faint halo."""
    radii = (design.disc * float(rng.uniform(0.88, 0.97)), design.disc * float(rng.uniform(0.96, 1.04)))
    field = ellipse_field(x, y, disc, radii)
    tone = np.asarray(design.tone, np.float32)
    rim = np.clip(tone * np.asarray([1.12, 1.45, 1.5], np.float32) + 0.06, 0, 1)
    cup = np.clip(tone * np.asarray([1.15, 1.85, 2.3], np.float32) + 0.10, 0, 1)
    halo = 0.16 * np.exp(-((np.clip(-field, 0, 9) / 0.6) ** 2))
    image = image * (1 + halo[..., None])
    cover = soft_step(field, 0.0, 0.16)[..., None]
    image = image + (rim - image) * cover * np.float32(0.92)
    centre = (disc[0] - design.side * 0.12 * design.disc, disc[1])
    size = design.cup * float(rng.uniform(0.88, 1.12))
    inner = soft_step(ellipse_field(x, y, centre, (radii[0] * size, radii[1] * size)), 0.0, 0.6)[..., None]
    return np.asarray(image + (cup - image) * inner * np.float32(0.9), np.float32)


def _vessels(
    design: FundusDesign, rng: np.random.Generator, eye: Landmarks, size: tuple[int, int]
) -> tuple[Field, Field]:
    """Veins and arteries, 0..1: arcades above and below the macula and branches to the nose."""
    trees: list[Field] = []
    for kind in range(2):
        canvas = np.zeros(size, np.uint8)
        width = design.vessel_width * (1.0 if kind == 0 else 0.72)
        for up in (-1, 1):
            lift = float(rng.uniform(0.8, 1.0)) * (0.92 if kind else 1.0)
            _arcade(canvas, rng, eye, up * lift, width * float(rng.uniform(0.9, 1.1)))
            heading = math.atan2(up * float(rng.uniform(0.5, 1.2)), eye.side * 1.0)
            _branch(canvas, rng, Walk(eye.disc, heading, float(rng.uniform(0.7, 1.1)), width * 0.72, 2))
        trees.append(blur(canvas.astype(np.float32) / np.float32(255), max(0.35, 0.0018 * min(size))))
    return trees[0], trees[1]


def _arcade(
    canvas: UInt8[np.ndarray, "height width"], rng: np.random.Generator, eye: Landmarks, lift: float, width: float
) -> None:
    """One temporal arcade that bends around the macula and sends branches both ways."""
    disc, side, reach = eye.disc, eye.side, eye.reach
    zone = AvascularZone(eye.macula, 0.22 * reach)
    steps = 34
    t = np.linspace(0, 1.0, steps)
    sway = np.cumsum(rng.normal(0, 0.010, steps))
    px = disc[0] - side * reach * (1.75 * t**1.15) + side * 0.18 * reach * np.sin(np.pi * np.clip(t * 3, 0, 1))
    py = (
        disc[1]
        + lift * reach * 0.80 * np.sin(np.clip(t * 1.15, 0, 1) ** 0.6 * np.pi / 2) * (1 - 0.62 * t**2.2)
        + sway * (t > 0.1)
    )
    for index in range(steps - 1):
        now = width * (1 - 0.62 * index / steps)
        _segment(canvas, (px[index], py[index]), (px[index + 1], py[index + 1]), now)
        if index > 4 and rng.random() < 0.30:
            along = math.atan2(py[index + 1] - py[index], px[index + 1] - px[index])
            turn = float(rng.choice([-1, 1])) * float(rng.uniform(0.5, 1.0))
            start = (float(px[index]), float(py[index]))
            walk = Walk(start, along + turn, float(rng.uniform(0.25, 0.6)), now * 0.62, 1)
            _branch(canvas, rng, walk, 0.02, zone)


def _branch(
    canvas: UInt8[np.ndarray, "height width"],
    rng: np.random.Generator,
    walk: Walk,
    bend: float = 0.0,
    zone: AvascularZone | None = None,
) -> None:
    """A winding vessel that thins and forks, ``bend`` radians a step; it stops short of ``zone``."""
    step = 0.035
    (x, y), heading = walk.start, walk.heading
    curve = float(rng.normal(0, 0.03)) + bend * float(rng.choice([-1, 1]))
    count = max(3, round(walk.length / step))
    for index in range(count):
        heading += curve + float(rng.normal(0, 0.09))
        nx, ny = x + step * math.cos(heading), y + step * math.sin(heading)
        if zone is not None and zone.holds(nx, ny):
            return
        now = walk.width * (1 - 0.6 * index / count)
        _segment(canvas, (x, y), (nx, ny), now)
        x, y = nx, ny
        if walk.forks and index > 2 and rng.random() < 0.13:
            turn = float(rng.choice([-1, 1])) * float(rng.uniform(0.4, 0.8))
            fork = Walk((x, y), heading + turn, walk.length * 0.5, now * 0.7, walk.forks - 1)
            _branch(canvas, rng, fork, zone=zone)


def _segment(
    canvas: UInt8[np.ndarray, "height width"],
    start: tuple[float, float],
    end: tuple[float, float],
    width: float,
) -> None:
    """A piece of a vessel; thinner than a pixel is drawn fainter."""
    height, columns = canvas.shape
    half = min(height, columns) / 2
    scale = half * (1 << _SHIFT)
    points = [(round(float(p[0]) * scale + columns * 8), round(float(p[1]) * scale + height * 8)) for p in (start, end)]
    pixels = 2 * width * half
    level = 255 if pixels >= 1 else max(90, round(255 * pixels))
    cv2.line(canvas, points[0], points[1], level, max(1, round(pixels)), cv2.LINE_AA, _SHIFT)
