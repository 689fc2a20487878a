"""Repeating prints on sheet, film and wallpaper."""

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
    lit,
    mixed,
    plain,
    scale_of,
)
from data_builders.sources.surfaces.noise import (
    Size,
    fractal_noise,
    rotated_coordinates,
    sampled,
    value_noise,
    white_noise,
)


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
        return lit(paint, tone)

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


PRINTED_FAMILIES = (PrintedPattern(),)
