"""Capsules and tablets."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from data_builders.sources.objects.drawing import (
    Colour,
    Field,
    Patch,
    Placement,
    blurred,
    rgb,
    rounded_box,
    smoothstep,
    stadium,
)
from data_builders.sources.objects.family import ACTIONS, Drawing, Leeway, ObjectFamily, edited
from data_builders.sources.objects.metal_bodies import groove_field
from data_builders.sources.objects.shading import Light, Material, hue_colour, lit, random_colour, value_noise, varied
from data_builders.sources.objects.stage import Line, design_line, set_stage
from data_builders.types import Edit

LETTERS = "ABCDEFGHKLMNPRSTUVXZ0123456789"


@dataclass(frozen=True)
class CapsuleShape:
    """A two-part capsule of half length 1: radius and colours of its halves."""

    radius: float
    left: Colour
    right: Colour
    seam: float
    gloss: float


def design_capsule_shape(rng: np.random.Generator) -> CapsuleShape:
    """Draw proportions and colours."""
    left = random_colour(rng, (0.4, 0.95), (0.35, 0.95))
    pale = hue_colour(float(rng.random()), float(rng.uniform(0.0, 0.25)), float(rng.uniform(0.85, 0.97)))
    return CapsuleShape(
        radius=float(rng.uniform(0.3, 0.4)),
        left=left,
        right=pale if rng.random() < 0.5 else random_colour(rng, (0.3, 0.9), (0.4, 0.95)),
        seam=float(rng.uniform(-0.08, 0.2)),
        gloss=float(rng.uniform(0.35, 0.7)),
    )


def draw_capsule(patch: Patch, shape: CapsuleShape, light: Light, rng: np.random.Generator) -> Field:
    """Draw a capsule along x with its shadow; returns its coverage."""
    cap = smoothstep(shape.seam + 0.01, shape.seam - 0.01, patch.x)
    distance = stadium(patch.x, patch.y, 1 - shape.radius, shape.radius) - np.float32(0.012) * cap
    depth = np.clip(-distance / np.float32(shape.radius), 0, 1)
    height = np.float32(shape.radius) * np.sqrt(np.maximum(2 * depth - depth * depth, 0)) * np.float32(0.9)
    height += np.float32(0.012) * cap
    left, right = rgb(varied(rng, shape.left, 0.015)), rgb(varied(rng, shape.right, 0.015))
    albedo = right + (left - right) * cap[..., None]
    ridge = np.exp(-(((patch.x - np.float32(shape.seam - 0.13)) / np.float32(0.012)) ** 2))
    height -= np.float32(0.006) * ridge
    alpha = patch.cover(distance)
    patch.shadow(alpha, light.shadow_offset(shape.radius * 0.7), 0.09, 0.5)
    material = Material((1.0, 1.0, 1.0), gloss=shape.gloss, sharpness=55.0)
    paint = lit(height, patch.px, material, light, np.asarray(albedo, dtype=np.float32))
    patch.blend(paint * (np.float32(0.8) + np.float32(0.2) * smoothstep(0.0, 0.25, depth))[..., None], alpha)
    return alpha


@dataclass(frozen=True)
class CapsuleDesign:
    """A printed capsule."""

    line: Line
    shape: CapsuleShape
    text: str
    ink: Colour
    font: int
    letter_height: float


class Capsule(ObjectFamily):
    """A two-colour capsule with a printed code."""

    name = "capsule"
    object_name = "capsule"
    actions = ACTIONS - {"bend"}

    def design(self, rng: np.random.Generator) -> CapsuleDesign:
        """Draw a capsule."""
        shape = design_capsule_shape(rng)
        dark = sum(shape.right) < 1.2
        return CapsuleDesign(
            line=design_line(rng, zoom=(0.75, 0.93), free_rotation=0.2),
            shape=shape,
            text="".join(rng.choice(list(LETTERS), size=int(rng.integers(2, 5)))),
            ink=(0.95, 0.95, 0.95) if dark else hue_colour(float(rng.random()), float(rng.uniform(0, 0.6)), 0.18),
            font=int(rng.integers(0, 3)),
            letter_height=shape.radius * float(rng.uniform(0.5, 0.75)),
        )

    def draw(
        self, design: CapsuleDesign, rng: np.random.Generator, size: tuple[int, int], edit: Edit | None
    ) -> Drawing:
        """Draw the capsule; its parts are the printed letters."""
        canvas, light = set_stage(design.line, rng, size)
        patch = canvas.patch()
        grain = value_noise(rng, size, max(1.0, canvas.scale / 20), 2)
        alpha = draw_capsule(patch, design.shape, light, rng)
        patch.multiply(1 + np.float32(0.008) * grain * alpha)
        middle = (design.shape.seam + 1 - 0.5 * design.shape.radius) / 2
        roll = float(rng.uniform(-0.25, 0.25)) * design.shape.radius
        step = min(design.letter_height * 0.95, 0.62 / len(design.text))
        letters = [
            Placement(middle + (k - (len(design.text) - 1) / 2) * step, roll, seed=ord(character))
            for k, character in enumerate(design.text)
        ]
        limit = design.shape.radius * 0.6
        leeway = Leeway(step * 1.1, self.actions, fits=lambda x, y: abs(x) < 0.8 and abs(y) < limit)
        masks = []
        for letter in edited(letters, edit, leeway):
            local = canvas.patch(letter, design.letter_height)
            ink = local.glyph(chr(letter.seed), min(design.letter_height, step * 1.3), design.font, 3)
            local.blend(design.ink, ink * np.float32(0.88))
            masks.append(local.mask(ink))
        return Drawing(canvas, {"letter": tuple(masks)})


@dataclass(frozen=True)
class TabletDesign:
    """A tablet of half width 1 and half height ``aspect``; ``score`` 0, 1 (line) or 2 (cross)."""

    line: Line
    colour: Colour
    aspect: float
    corner: float
    dome: float
    score: int
    text: str
    font: int
    speckle: float
    gloss: float


class Tablet(ObjectFamily):
    """A pressed tablet with score line or embossed code."""

    name = "tablet"
    object_name = "tablet"
    actions = ACTIONS - {"bend"}

    def design(self, rng: np.random.Generator) -> TabletDesign:
        """Draw a round, oval or oblong tablet."""
        aspect = float(rng.choice([1.0, 1.0, 0.8, 0.6, 0.48]))
        pale = hue_colour(float(rng.random()), float(rng.uniform(0, 0.25)), float(rng.uniform(0.82, 0.97)))
        score = int(rng.choice([0, 1, 1, 2]))
        count = int(rng.integers(2, 4)) if score == 0 else 2 if score == 1 else 0
        return TabletDesign(
            line=design_line(rng, zoom=(0.62, 0.86), free_rotation=0.35, right_angles=False),
            colour=pale if rng.random() < 0.6 else random_colour(rng, (0.25, 0.6), (0.6, 0.92)),
            aspect=aspect,
            corner=aspect if rng.random() < 0.85 else 0.3 * aspect,
            dome=float(rng.uniform(0.08, 0.28)),
            score=score,
            text="".join(rng.choice(list(LETTERS), size=count)) if rng.random() < 0.75 else "",
            font=int(rng.integers(0, 2)),
            speckle=float(rng.choice([0.0, 0.02, 0.06])),
            gloss=float(rng.uniform(0.03, 0.25)),
        )

    def draw(self, design: TabletDesign, rng: np.random.Generator, size: tuple[int, int], edit: Edit | None) -> Drawing:
        """Draw the tablet; its parts are the score lines and the embossed letters."""
        canvas, light = set_stage(design.line, rng, size, sum(design.colour) / 3)
        patch = canvas.patch()
        powder = value_noise(rng, size, 1.5, 1)
        speckles = value_noise(rng, size, max(1.5, canvas.scale / 45))
        outer = rounded_box(patch.x, patch.y, 1.0, design.aspect, design.corner)
        depth = np.clip(-outer / np.float32(design.aspect), 0, 1)
        height = np.float32(design.dome) * np.sqrt(np.maximum(2 * depth - depth * depth, 0))
        height += np.float32(0.05) * smoothstep(0.0, 0.06, -outer)
        height += np.float32(0.0011) * powder * np.float32(100 / canvas.scale)
        lines = [Placement(0.0, 0.0, math.pi / 2), Placement(0.0, 0.0, 0.0)][: design.score]
        letters = [
            Placement(
                (k - (len(design.text) - 1) / 2) * (0.95 if design.score else 0.42), 0.0, 0.0, seed=ord(character)
            )
            for k, character in enumerate(design.text)
        ]

        def inside(x: float, y: float) -> bool:
            return abs(x) < 0.6 and abs(y) < 0.6 * design.aspect

        score_masks = []
        for line in edited(lines, edit, Leeway(0.28, self.actions, turn=0.6)):
            local = canvas.patch(line)
            across = np.abs(local.y)
            groove = groove_field(across, 0.045, 0.055) * patch.cover(outer + np.float32(0.02))
            height += groove
            score_masks.append((across < 0.05) & (outer < 0))
        letter_masks = []
        tall = min(0.5, 0.75 * design.aspect)
        for letter in edited(letters, edit, Leeway(0.25, self.actions, inside), first=len(lines)):
            local = canvas.patch(letter, tall)
            pressed = local.glyph(chr(letter.seed), tall, design.font, 3)
            height[local.window] -= np.float32(0.035) * blurred(pressed, 0.012 * canvas.scale)
            letter_masks.append(local.mask(pressed))
        alpha = patch.cover(outer)
        patch.shadow(alpha, light.shadow_offset(0.2), 0.07, 0.5)
        material = Material(varied(rng, design.colour, 0.012), gloss=design.gloss, sharpness=12.0)
        paint = lit(height, patch.px, material, light)
        freckles = 1 - np.float32(design.speckle * 3) * smoothstep(1.4, 2.2, speckles)
        patch.blend(paint * (freckles + np.float32(0.006) * powder)[..., None], alpha)
        parts = {"score line": tuple(score_masks), "letter": tuple(letter_masks)}
        return Drawing(canvas, {name: masks for name, masks in parts.items() if masks})
