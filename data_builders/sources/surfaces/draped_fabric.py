"""Cloth photographed by hand: a pattern on woven or knitted ground with folds, shadows, seams and worn places."""

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
    lit,
    mixed,
    scale_of,
    shifted,
)
from data_builders.sources.surfaces.cloth_prints import TILES, draw_tile
from data_builders.sources.surfaces.drape import Drape, draw_drape, lay
from data_builders.sources.surfaces.noise import (
    Field,
    Size,
    fractal_noise,
    line_profile,
    sampled,
    smooth_step,
    split_periods,
    value_noise,
    white_noise,
)


@dataclass(frozen=True, kw_only=True)
class DrapedFabricDesign(SurfaceDesign):
    """A cloth and the way it is photographed; lengths are pixels of a 256 x 256 picture.

    Args:
        pattern: a key of ``cloth_prints.TILES``.
        colours: ground first.
        tile_seed: what the tile is drawn from.
        period: length of the pattern's repeat.
        ink_strength: how strongly the pattern covers the ground, 0..1.
        knitted: knitted ground, else woven.
        pitch: distance of threads or stitches.
        thread_depth: how dark the gaps between threads are, 0..1.
        thread_noise: unevenness of the yarn.
        wash: how much worn places pale, 0..1.
        seam: chance that a seam runs through the picture.
        turn: spread of the way the cloth is turned, radians.
        blur: sigma of the picture's softness.
    """

    pattern: str
    colours: tuple[Colour, ...]
    tile_seed: int
    period: float
    ink_strength: float
    knitted: bool
    pitch: float
    thread_depth: float
    thread_noise: float
    angle: float
    turn: float
    wash: float
    seam: float
    blur: float
    drape: Drape


class DrapedFabric(Surface):
    """Plain, striped, checked and printed cloth as it lies on a table or a body; no fold or shadow is a defect."""

    name = "draped_fabric"
    design_type = DrapedFabricDesign

    def design(self, rng: np.random.Generator) -> DrapedFabricDesign:
        """Draw a cloth."""
        pattern = str(rng.choice(list(TILES), p=[0.2, 0.15, 0.13, 0.05, 0.2, 0.1, 0.08, 0.09]))
        knitted = bool(rng.random() < 0.25)
        return DrapedFabricDesign(
            object_name=f"{pattern} {'knitted' if knitted else 'woven'} fabric",
            finish=draw_finish(rng, clouds=0.05, specks=2, grey=0.06),
            pattern=pattern,
            colours=_palette(rng, int(rng.integers(2, 6))),
            tile_seed=int(rng.integers(2**31)),
            period=float(np.exp(rng.uniform(math.log(36), math.log(230)))),
            ink_strength=rng.uniform(0.7, 1.0),
            knitted=knitted,
            pitch=float(np.exp(rng.uniform(math.log(3.6 if knitted else 2.4), math.log(9.0 if knitted else 5.5)))),
            thread_depth=rng.uniform(0.03, 0.3),
            thread_noise=rng.uniform(0.015, 0.08),
            angle=rng.uniform(0, math.pi) if rng.random() < 0.6 else float(rng.integers(2)) * math.pi / 2,
            turn=rng.uniform(0.02, 0.25),
            wash=rng.uniform(0.05, 0.35) if rng.random() < 0.45 else 0.0,
            seam=0.8 if rng.random() < 0.25 else 0.0,
            blur=rng.uniform(0, 0.9) if rng.random() < 0.7 else rng.uniform(0.9, 1.8),
            drape=draw_drape(rng),
        )

    def paint(self, design: DrapedFabricDesign, rng: np.random.Generator, size: Size) -> Paint:
        """The pattern on the cloth's own coordinates, threads, worn places and seams, then light and blur."""
        scale = scale_of(size)
        lie = lay(design.drape, rng, size)
        angle = design.angle + rng.normal(0, design.turn)
        c, s = np.float32(math.cos(angle)), np.float32(math.sin(angle))
        start = rng.uniform(0, 4000, 2).astype(np.float32)
        u, v = lie.x * c + lie.y * s + start[0], lie.y * c - lie.x * s + start[1]
        period = design.period * scale
        side = int(np.clip(round(period), 12, 640))
        tile = draw_tile(design.pattern, design.colours, design.tile_seed, side)
        ground = np.array(design.colours[0], np.float32)
        tile = np.asarray(ground + np.float32(design.ink_strength) * (tile - ground), np.float32)
        rough = np.float32(0.35 * scale)
        stretch = np.float32(side / period)
        across = np.mod((u + rough * white_noise(rng, size, 0.7)) * stretch, side)
        paint = sampled(tile, np.asarray(across, np.float32), np.asarray(np.mod(v * stretch, side), np.float32))
        tone = self._threads(design, rng, size, u / np.float32(scale), v / np.float32(scale))
        if design.wash:
            paint = _worn(paint, design.wash, rng, size, scale)
        if rng.random() < design.seam:
            tone = tone * _seam(rng, size, np.asarray(u - u.mean(), np.float32), v, scale)
        picture = lit(paint, np.asarray(tone * lie.tone, np.float32))
        if design.blur > 0.3:
            picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), design.blur * scale), np.float32)
        return picture

    def _threads(self, design: DrapedFabricDesign, rng: np.random.Generator, size: Size, u: Field, v: Field) -> Field:
        """Brightness of the ground's threads, about 1; its strength comes and goes as the camera's focus does."""
        scale = scale_of(size)
        pitch = np.float32(max(design.pitch, 2.6 / scale))
        u, v = u / pitch, v / pitch
        if design.knitted:
            _, place = split_periods(u)
            _, within = split_periods(np.asarray(1.3 * v - 1.1 * np.abs(place), np.float32))
            across = (np.abs(place) - np.float32(0.25)) * 4
            threads = 1 - 4 * within * within - np.float32(0.6) * across * across
        else:
            threads = np.cos(u * np.float32(2 * math.pi)) * np.cos(v * np.float32(2 * math.pi))
            threads = threads + np.float32(0.25) * line_profile(rng, v, 1.0)
            threads = threads + np.float32(0.25) * line_profile(rng, u, 1.0)
        seen = np.clip(1 + np.float32(0.35) * value_noise(rng, size, 70 * scale), 0.2, 1.6)
        tone = 1 + np.float32(0.6 * design.thread_depth) * threads * seen
        tone = tone + np.float32(design.thread_noise) * white_noise(rng, size, 0.6)
        return np.asarray(tone + np.float32(0.4 * design.thread_noise) * value_noise(rng, size, 5 * scale), np.float32)


def _palette(rng: np.random.Generator, count: int) -> tuple[Colour, ...]:
    """Colours that are seen together: a pale or dark ground and inks that stand out, some of them kindred."""
    style = rng.choice(["bright", "muted", "dark ground", "pale ground"])
    low, high = {"bright": (0.3, 0.9), "muted": (0.05, 0.4), "dark ground": (0.1, 0.7), "pale ground": (0.0, 0.2)}[
        str(style)
    ]
    value = {"dark ground": (0.08, 0.35), "pale ground": (0.75, 0.97)}.get(str(style), (0.25, 0.9))
    ground = draw_colour(rng, saturation=(low, high), value=value)
    light = max(ground) > 0.55
    hue = rng.random()
    inks = []
    for index in range(count - 1):
        near = hue + rng.normal(0, 0.08) + (0.5 if index == 1 and rng.random() < 0.4 else 0.0)
        band = (near, near + 0.02) if rng.random() < 0.6 else (0.0, 1.0)
        reach = (0.12, 0.85) if light and rng.random() < 0.8 else (0.45, 1.0)
        inks.append(draw_colour(rng, band, (0.1, 0.55 if style == "muted" else 0.9), reach))
    return (ground, *inks)


def _worn(paint: Paint, wash: float, rng: np.random.Generator, size: Size, scale: float) -> Paint:
    """Places paled by washing: towards a lighter grey of the same cloth, without a border."""
    share = smooth_step(fractal_noise(rng, size, rng.uniform(50, 130) * scale, 3), -0.4, 1.6) * np.float32(wash)
    mean = [float(channel) for channel in paint.reshape(-1, 3).mean(0)]
    grey = sum(mean) / 3
    pale = shifted((0.5 * (grey + mean[0]), 0.5 * (grey + mean[1]), 0.5 * (grey + mean[2])), 1.35)
    return mixed(paint, pale, share)


def _seam(rng: np.random.Generator, size: Size, u: Field, v: Field, scale: float) -> Field:
    """A sewn edge along the cloth: a step in height, its shadow, puckers and one or two rows of stitches."""
    place = u - np.float32(rng.uniform(-90, 90) * scale)
    width = np.float32(rng.uniform(5, 14) * scale)
    tone = 1 - np.float32(0.3) * np.exp(-np.abs(place) / np.float32(1.6 * scale))
    tone += np.float32(0.1) * np.exp(-np.square((place - width / 2) / (0.4 * width)))
    pucker = np.sin(v / np.float32(rng.uniform(2.2, 4.5) * scale) + value_noise(rng, size, 18 * scale))
    tone += np.float32(0.06) * pucker * np.exp(-np.abs(place) / width)
    stitch = np.float32(rng.uniform(5, 9) * scale)
    _, along = split_periods(np.asarray(v / stitch, np.float32))
    shade = np.float32(rng.choice([-0.4, 0.35]))
    for row in (width, 2 * width)[: int(rng.integers(1, 3))]:
        line = 1 - smooth_step(np.abs(place - row), 0.5 * scale, 1.3 * scale)
        tone += shade * line * (1 - smooth_step(np.abs(along), 0.3, 0.42))
    return np.asarray(tone, np.float32)


DRAPED_FAMILIES = (DrapedFabric(),)
