"""Baked goods: biscuits and crackers, each of its own outline and browning, pricked in a pattern that the product fixes."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from data_builders.sources.objects.drawing import (
    Colour,
    Field,
    Patch,
    Placement,
    blurred,
    radius_of,
    rounded_box,
    smoothstep,
)
from data_builders.sources.objects.family import ACTIONS, Drawing, Leeway, ObjectFamily, edited
from data_builders.sources.objects.shading import Material, hue_colour, lit, value_noise, varied
from data_builders.sources.objects.stage import Line, design_line, set_stage
from data_builders.types import Edit, Mask

HOLE = 0.035
"""Radius of a prick, units."""


@dataclass(frozen=True)
class BiscuitDesign:
    """A biscuit of about two units across.

    Args:
        line: camera and belt.
        colour: of the pale middle.
        shape: round, square or oblong.
        aspect: height a width.
        petals: waves of the outline; 0 for none.
        ragged: how far the outline of a specimen strays, units.
        browning: how much darker the rim is, [0, 1].
        uneven: how much the browning differs over a specimen and between specimens, [0, 1].
        holes: where it is pricked: (x, y) for each.
        pieces: how many pieces of chocolate or fruit lie anywhere in it.
        piece_colour: of these.
        rough: height of the crumb's relief, units.
    """

    line: Line
    colour: Colour
    shape: str
    aspect: float
    petals: int
    ragged: float
    browning: float
    uneven: float
    holes: tuple[tuple[float, float], ...]
    pieces: int
    piece_colour: Colour
    rough: float


class Biscuit(ObjectFamily):
    """A biscuit or cracker; its parts are the pricked holes and the pieces in it."""

    name = "biscuit"
    object_name = "biscuit"
    actions = ACTIONS - {"bend", "rotate"}

    def design(self, rng: np.random.Generator) -> BiscuitDesign:
        """Draw a plain, pricked or filled biscuit."""
        shape = str(rng.choice(["round", "square", "oblong"], p=[0.5, 0.25, 0.25]))
        aspect = {"round": 1.0, "square": 1.0, "oblong": float(rng.uniform(0.5, 0.75))}[shape]
        pricked, filled = [(True, False), (False, True), (True, True), (False, False)][
            int(rng.choice(4, p=[0.45, 0.35, 0.1, 0.1]))
        ]
        dark = rng.random() < 0.2
        return BiscuitDesign(
            line=design_line(rng, zoom=(0.52, 0.7) if shape == "square" else (0.64, 0.86), free_rotation=0.6, right_angles=False),
            colour=hue_colour(
                float(rng.uniform(0.07, 0.12)), float(rng.uniform(0.35, 0.6)),
                float(rng.uniform(0.3, 0.45) if dark else rng.uniform(0.72, 0.95)),
            ),
            shape=shape,
            aspect=aspect,
            petals=int(rng.integers(12, 40)) if shape == "round" and rng.random() < 0.4 else 0,
            ragged=float(rng.uniform(0.005, 0.03)),
            browning=float(rng.uniform(0.1, 0.5)),
            uneven=float(rng.uniform(0.05, 0.3)),
            holes=_pattern(rng, shape, aspect) if pricked else (),
            pieces=int(rng.integers(5, 15)) if filled else 0,
            piece_colour=hue_colour(
                float(rng.choice([0.05, 0.07, 0.95])), float(rng.uniform(0.4, 0.7)), float(rng.uniform(0.15, 0.35))
            ),
            rough=float(rng.uniform(0.004, 0.016)),
        )  # fmt: skip

    def draw(
        self, design: BiscuitDesign, rng: np.random.Generator, size: tuple[int, int], edit: Edit | None
    ) -> Drawing:
        """Draw one specimen: its outline, crumb and browning are its own."""
        canvas, light = set_stage(design.line, rng, size, sum(design.colour) / 3)
        patch = canvas.patch()
        outer = _outline(design, patch, rng)
        crumb = value_noise(rng, size, max(1.5, canvas.scale / 40), 3)
        clouds = value_noise(rng, size, max(4.0, canvas.scale / 3), 2)
        baked = design.browning * (1 + design.uneven * float(rng.uniform(-1, 1)))
        base = varied(rng, design.colour, 0.02)
        pieces = [
            Placement(*spot, float(rng.uniform(0, 6)), seed=int(rng.integers(99))) for spot in _spots(design, rng)
        ]
        alpha = patch.cover(outer)
        depth = np.clip(-outer / np.float32(0.3), 0, 1)
        height = np.float32(0.14) * np.sqrt(np.maximum(2 * depth - depth * depth, 0)) + np.float32(design.rough) * crumb
        hole_masks: list[Mask] = []
        tone = (
            1 - np.float32(baked) * (1 - smoothstep(0.0, 0.28, -outer)) - np.float32(design.uneven * 0.5) * clouds * 0.5
        )
        leeway = Leeway(0.22, self.actions, _inside(design))
        for hole in edited([Placement(x, y) for x, y in design.holes], edit, leeway):
            away = radius_of(patch.x - np.float32(hole.x), patch.y - np.float32(hole.y))
            deep = 1 - smoothstep(0.5 * HOLE, 1.5 * HOLE, away)
            height -= np.float32(0.05) * deep
            tone = tone * (1 - np.float32(0.55) * (1 - smoothstep(0.4 * HOLE, 1.2 * HOLE, away)))
            hole_masks.append(patch.mask(np.asarray(away < 1.2 * HOLE, np.float32)))
        colour = np.asarray(base, np.float32) * np.clip(tone, 0.15, 1.3)[..., None]
        piece_masks: list[Mask] = []
        for piece in edited(pieces, edit, leeway, first=len(design.holes)):
            lump = _lump(patch, piece)
            height += np.float32(0.05) * blurred(lump, 0.02 * canvas.scale)
            colour = colour + lump[..., None] * (np.asarray(design.piece_colour, np.float32) - colour)
            piece_masks.append(patch.mask(lump * alpha))
        patch.shadow(alpha, light.shadow_offset(0.14), 0.05, 0.5)
        material = Material((1.0, 1.0, 1.0), gloss=0.03, sharpness=8.0)
        patch.blend(lit(height, patch.px, material, light, np.asarray(colour, np.float32)), alpha)
        parts = {"hole": tuple(hole_masks), "piece": tuple(piece_masks)}
        return Drawing(canvas, {name: masks for name, masks in parts.items() if masks})


def _pattern(rng: np.random.Generator, shape: str, aspect: float) -> tuple[tuple[float, float], ...]:
    """Pricks on rings of a round biscuit, on a grid of another."""
    if shape == "round":
        rings = [(0.0, 1)] * int(rng.integers(0, 2)) + [
            (0.3, int(rng.integers(3, 7))),
            (0.62, int(rng.integers(6, 13))),
        ]
        return tuple(
            (radius * math.cos(2 * math.pi * k / count), radius * math.sin(2 * math.pi * k / count))
            for radius, count in rings[: int(rng.integers(2, len(rings) + 1))]
            for k in range(count)
        )
    columns, rows = int(rng.integers(3, 6)), int(rng.integers(2, 4 if aspect < 0.9 else 6))
    xs, ys = np.linspace(-0.7, 0.7, columns), np.linspace(-0.66 * aspect, 0.66 * aspect, rows)
    return tuple((float(x), float(y)) for y in ys for x in xs)


def _spots(design: BiscuitDesign, rng: np.random.Generator) -> list[tuple[float, float]]:
    """Where the pieces of one specimen lie: anywhere inside, not on one another."""
    found: list[tuple[float, float]] = []
    for _ in range(20 * design.pieces):
        x, y = float(rng.uniform(-0.75, 0.75)), float(rng.uniform(-0.75, 0.75)) * design.aspect
        apart = all(math.hypot(x - a, y - b) > 0.26 for a, b in found)
        if apart and _inside(design)(x, y) and len(found) < design.pieces:
            found.append((x, y))
    return found


def _inside(design: BiscuitDesign) -> Callable[[float, float], bool]:
    def fits(x: float, y: float) -> bool:
        if design.shape == "round":
            return math.hypot(x, y) < 0.8
        return abs(x) < 0.82 and abs(y) < 0.82 * design.aspect

    return fits


def _outline(design: BiscuitDesign, patch: Patch, rng: np.random.Generator) -> Field:
    """Signed distance from the outline of one specimen, units."""
    angle = np.arctan2(patch.y, patch.x)
    stray = np.zeros_like(patch.x)
    for wave in range(2, 12):
        strength = rng.normal(0, design.ragged) / math.sqrt(wave)
        stray += np.float32(strength) * np.cos(wave * angle + np.float32(rng.uniform(0, 2 * math.pi)))
    if design.petals:
        stray += np.float32(0.022) * np.cos(np.float32(design.petals) * angle)
    if design.shape == "round":
        return np.asarray(radius_of(patch.x, patch.y) - np.float32(0.96) - stray, np.float32)
    return np.asarray(rounded_box(patch.x, patch.y, 0.96, 0.96 * design.aspect, 0.14) - stray, np.float32)


def _lump(patch: Patch, piece: Placement) -> Field:
    """Cover of an irregular piece, 0..1."""
    x, y = patch.x - np.float32(piece.x), patch.y - np.float32(piece.y)
    own = np.random.default_rng(piece.seed)
    angle = np.arctan2(y, x) + np.float32(piece.angle)
    reach = float(own.uniform(0.06, 0.12))
    edge = (
        1 + np.float32(0.25) * np.cos(2 * angle) + np.float32(0.12) * np.cos(3 * angle + np.float32(own.uniform(0, 6)))
    )
    return patch.cover(np.asarray(radius_of(x, y) - np.float32(reach) * edge, np.float32))
