"""Tiles of patterns that cloth is dyed or printed with: stripes, checks, flowers, leaves, dots, brush marks.

A tile is float32 (side, side, 3), RGB 0..1, and repeats at its borders.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import cv2
import numpy as np
from jaxtyping import Float32

from data_builders.sources.surfaces.base import Colour

Tile = Float32[np.ndarray, "side side 3"]
Points = list[tuple[float, float]]
FINE = 2
"""Tiles are drawn so many times larger, then reduced."""
SHIFT = 4
"""Fractional bits of the coordinates given to cv2."""


def draw_tile(kind: str, colours: tuple[Colour, ...], seed: int, side: int) -> Tile:
    """The tile of a design; ``colours[0]`` is the ground, the same seed gives the same tile."""
    return TILES[kind](colours, np.random.default_rng(seed), side)


def _plain(colours: tuple[Colour, ...], rng: np.random.Generator, side: int) -> Tile:
    return np.broadcast_to(np.array(colours[0], np.float32), (side, side, 3)).copy()


def _bands(colours: tuple[Colour, ...], rng: np.random.Generator, side: int) -> Float32[np.ndarray, "side 3"]:
    """A row of stripes of uneven width, mirrored about the middle as woven stripes often are."""
    count = int(rng.integers(2, 3 + 2 * len(colours)))
    edges = np.sort(rng.uniform(0, 1, count - 1))
    order = [int(rng.integers(len(colours))) if i % 2 else 0 for i in range(count)]
    place = np.linspace(0, 1, side, endpoint=False)
    if rng.random() < 0.6:
        place = np.abs(2 * place - 1)
    which = np.array(order)[np.searchsorted(edges, place)]
    bands = np.array(colours, np.float32)[which]
    return np.asarray(cv2.blur(bands[None], (2, 1), borderType=cv2.BORDER_REFLECT)[0], np.float32)


def _stripes(colours: tuple[Colour, ...], rng: np.random.Generator, side: int) -> Tile:
    return np.repeat(_bands(colours, rng, side)[None], side, axis=0)


def _checks(colours: tuple[Colour, ...], rng: np.random.Generator, side: int) -> Tile:
    warp = _bands(colours, rng, side)
    weft = warp if rng.random() < 0.75 else _bands(colours, rng, side)
    return np.asarray(0.5 * warp[None] + 0.5 * weft[:, None], np.float32)


def _gingham(colours: tuple[Colour, ...], rng: np.random.Generator, side: int) -> Tile:
    ground, ink = (np.array(c, np.float32) for c in (colours[0], colours[-1]))
    on = (np.arange(side) < side * rng.uniform(0.4, 0.6)).astype(np.float32)
    cover = 0.5 * (on[None, :, None] + on[:, None, None])
    return np.asarray(ground + cover * (ink - ground), np.float32)


Shape = tuple[Points, Colour]
"""The outline of a filled shape, in shares of the tile, and its colour."""


def _filled(ground: Colour, shapes: list[Shape], side: int) -> Tile:
    """Shapes over the ground, each also where it reaches over the tile's border."""
    fine = side * FINE
    canvas = np.full((fine, fine, 3), np.array(ground) * 255, np.uint8)
    for outline, colour in shapes:
        points = np.array(outline)
        for dx in (-1, 0, 1):
            for dy in (-1, 0, 1):
                moved = points + np.array((dx, dy))
                if (moved.max(0) < 0).any() or (moved.min(0) > 1).any():
                    continue
                fixed = np.rint(moved * fine * 2**SHIFT).astype(np.int32)
                cv2.fillPoly(canvas, [fixed], tuple(255 * c for c in colour), cv2.LINE_AA, SHIFT)
    small = cv2.resize(canvas, (side, side), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float32) / np.float32(255)


def _oval(x: float, y: float, length: float, width: float, angle: float, point: float = 1.0) -> Points:
    """An oval that starts at (x, y) and reaches ``length`` along ``angle``; ``point`` > 1 tapers its ends."""
    t = np.linspace(0, 2 * math.pi, 18, endpoint=False)
    u, v = length * (0.5 - 0.5 * np.cos(t)), width * np.sign(np.sin(t)) * np.abs(np.sin(t)) ** point
    c, s = math.cos(angle), math.sin(angle)
    return [(x + c * a - s * b, y + s * a + c * b) for a, b in zip(u.tolist(), v.tolist(), strict=True)]


def _disc(x: float, y: float, radius: float, wobble: float, rng: np.random.Generator) -> Points:
    t = np.linspace(0, 2 * math.pi, 22, endpoint=False)
    r = radius * (1 + wobble * np.sin(t * 2 + rng.uniform(0, 6)) + wobble * 0.7 * np.sin(t * 3 + rng.uniform(0, 6)))
    return list(zip((x + r * np.cos(t)).tolist(), (y + r * np.sin(t)).tolist(), strict=True))


def _places(rng: np.random.Generator, count: int) -> list[tuple[float, float]]:
    """Places spread over the tile, the distance of each to the others kept large."""
    kept: list[tuple[float, float]] = []
    for _ in range(count):
        tries = rng.uniform(0, 1, (12, 2))
        if kept:
            apart = np.abs(tries[:, None] - np.array(kept)[None])
            room = np.minimum(apart, 1 - apart)
            tries = tries[[int(np.argmax(np.square(room).sum(-1).min(1)))]]
        kept.append((float(tries[0, 0]), float(tries[0, 1])))
    return kept


def _flowers(colours: tuple[Colour, ...], rng: np.random.Generator, side: int) -> Tile:
    shapes: list[Shape] = []
    inks = colours[1:]
    leaf, heart = inks[int(rng.integers(len(inks)))], inks[int(rng.integers(len(inks)))]
    count, size = int(rng.integers(3, 10)), rng.uniform(0.1, 0.22)
    petals, breadth, taper = int(rng.integers(4, 9)), rng.uniform(0.25, 0.6), rng.uniform(0.7, 1.6)
    for x, y in _places(rng, count):
        radius, turn = size * rng.uniform(0.5, 1.1), rng.uniform(0, 6.3)
        bloom = inks[int(rng.integers(len(inks)))]
        shade: Colour = (bloom[0] * 0.75, bloom[1] * 0.72, bloom[2] * 0.75)
        for k in range(int(rng.integers(0, 4))):
            way = turn + 2.1 * k + rng.uniform(-0.4, 0.4)
            shapes.append((_oval(x, y, radius * 2.1, 0.03 * radius + 0.004, way), leaf))
            tip = x + radius * 1.1 * math.cos(way), y + radius * 1.1 * math.sin(way)
            shapes.append((_oval(*tip, radius * 1.1, radius * 0.28, way + rng.uniform(-0.5, 0.5), 1.4), leaf))
        for k in range(petals):
            way = turn + 2 * math.pi * k / petals + rng.uniform(-0.08, 0.08)
            shapes.append((_oval(x, y, radius, radius * breadth, way, taper), bloom))
            shapes.append((_oval(x, y, radius * 0.6, radius * breadth * 0.35, way, taper), shade))
        shapes.append((_disc(x, y, radius * 0.24, 0.08, rng), heart))
    return _filled(colours[0], shapes, side)


def _leaves(colours: tuple[Colour, ...], rng: np.random.Generator, side: int) -> Tile:
    shapes: list[Shape] = []
    size, slim, taper = rng.uniform(0.12, 0.35), rng.uniform(0.12, 0.4), rng.uniform(0.9, 1.8)
    course, spread = rng.uniform(0, 6.3), rng.choice([0.3, 1.0, 3.1])
    for x, y in _places(rng, int(rng.integers(6, 22))):
        way, length = course + rng.uniform(-spread, spread), size * rng.uniform(0.6, 1.2)
        ink = colours[int(rng.integers(1, len(colours)))]
        shapes.append((_oval(x, y, length, length * slim, way, taper), ink))
        shapes.append((_oval(x, y, length * 0.9, 0.006, way), colours[0]))
    return _filled(colours[0], shapes, side)


def _dots(colours: tuple[Colour, ...], rng: np.random.Generator, side: int) -> Tile:
    cells, radius, wobble = int(rng.integers(2, 5)), rng.uniform(0.15, 0.42), rng.choice([0.0, 0.06, 0.15])
    loose = rng.choice([0.0, 0.0, 0.25])
    shapes: list[Shape] = []
    for row in range(cells):
        for column in range(cells):
            x = (column + 0.5 * (row % 2) + rng.normal(0, loose + 1e-9)) / cells
            y = (row + rng.normal(0, loose + 1e-9)) / cells
            ink = colours[1 + (row * cells + column) % (len(colours) - 1)]
            shapes.append((_disc(x, y, radius / cells, wobble, rng), ink))
    return _filled(colours[0], shapes, side)


def _brush(colours: tuple[Colour, ...], rng: np.random.Generator, side: int) -> Tile:
    """Blots laid over each other: camouflage, batik, animal skins."""
    size, wobble = rng.uniform(0.05, 0.2), rng.uniform(0.1, 0.35)
    shapes: list[Shape] = [
        (
            _disc(x, y, size * rng.uniform(0.5, 1.3), wobble, rng),
            colours[int(rng.integers(1, len(colours)))],
        )
        for x, y in _places(rng, int(rng.integers(8, 26)))
    ]
    return _filled(colours[0], shapes, side)


TILES: dict[str, Callable[[tuple[Colour, ...], np.random.Generator, int], Tile]] = {
    "plain": _plain,
    "striped": _stripes,
    "checked": _checks,
    "gingham": _gingham,
    "floral": _flowers,
    "leaf-printed": _leaves,
    "dotted": _dots,
    "blot-printed": _brush,
}
"""Pattern kinds by the word that describes the cloth."""
