"""Several small things in one picture: nuts, washers, capsules, tablets or candles, in a grid or scattered."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from data_builders.sources.objects.drawing import (
    Canvas,
    Colour,
    Field,
    Patch,
    Placement,
    circle,
    radius_of,
    rounded_box,
    smoothstep,
)
from data_builders.sources.objects.family import ACTIONS, Drawing, Leeway, ObjectFamily, edited
from data_builders.sources.objects.fasteners import design_nut_shape
from data_builders.sources.objects.metal_bodies import NutShape, bevelled, draw_nut, draw_ring
from data_builders.sources.objects.pharma import CapsuleShape, design_capsule_shape, draw_capsule
from data_builders.sources.objects.shading import Light, Material, hue_colour, lit, random_colour, value_noise, varied
from data_builders.sources.objects.stage import Line, design_line, set_stage
from data_builders.sources.objects.turned import metal
from data_builders.types import Edit, Mask

NAMES = {"nut": "hex nuts", "washer": "washers", "capsule": "capsules", "tablet": "tablets", "candle": "candles"}


@dataclass(frozen=True)
class AssortmentDesign:
    """Instances of one thing: centres in units, their radius, how far they turn and wander."""

    line: Line
    thing: str
    centres: tuple[tuple[float, float], ...]
    radius: float
    turn: float
    wander: float
    material: Material
    nut: NutShape
    capsule: CapsuleShape
    colour: Colour
    inner: float


def grid_centres(rng: np.random.Generator) -> tuple[tuple[tuple[float, float], ...], float]:
    """Rows and columns, and the pitch."""
    columns, rows = int(rng.integers(2, 6)), int(rng.integers(2, 6))
    pitch = 1.9 / max(columns, rows)
    return tuple(
        ((c - (columns - 1) / 2) * pitch, (r - (rows - 1) / 2) * pitch) for r in range(rows) for c in range(columns)
    ), pitch


def scattered_centres(rng: np.random.Generator) -> tuple[tuple[tuple[float, float], ...], float]:
    """Places that keep their distance, and that distance."""
    pitch = float(rng.uniform(0.36, 0.62))
    centres: list[tuple[float, float]] = []
    for _ in range(150):
        x, y = (float(v) for v in rng.uniform(-0.9, 0.9, size=2))
        if all(math.hypot(x - a, y - b) > pitch for a, b in centres):
            centres.append((x, y))
        if len(centres) == 16:
            break
    return tuple(centres), pitch


class Assortment(ObjectFamily):
    """Several instances of one small part."""

    name = "assortment"
    object_name = "small parts"
    actions = ACTIONS - {"bend"}

    def design(self, rng: np.random.Generator) -> AssortmentDesign:
        """Draw a tray of parts."""
        scattered = bool(rng.random() < 0.4)
        centres, pitch = scattered_centres(rng) if scattered else grid_centres(rng)
        thing = str(rng.choice(list(NAMES)))
        return AssortmentDesign(
            line=design_line(rng, zoom=(0.82, 0.95), free_rotation=0.1),
            thing=thing,
            centres=centres,
            radius=pitch * float(rng.uniform(0.36, 0.43)),
            turn=math.pi if scattered or rng.random() < 0.4 else 0.12,
            wander=0.0 if scattered else pitch * float(rng.uniform(0.0, 0.03)),
            material=metal(rng, (0, 1, 2, 5, 6)),
            nut=design_nut_shape(rng),
            capsule=design_capsule_shape(rng),
            colour=hue_colour(float(rng.random()), float(rng.uniform(0, 0.4)), float(rng.uniform(0.75, 0.96)))
            if thing == "candle"
            else random_colour(rng, (0.0, 0.6), (0.65, 0.96)),
            inner=float(rng.uniform(0.45, 0.6)),
        )

    def describe(self, design: AssortmentDesign) -> str:
        """The things' plural."""
        return NAMES[design.thing]

    def draw(
        self, design: AssortmentDesign, rng: np.random.Generator, size: tuple[int, int], edit: Edit | None
    ) -> Drawing:
        """Draw the parts; each instance is a part."""
        shiny = design.thing in ("nut", "washer")
        tone = design.material.tone if shiny else sum(design.colour) / 3
        canvas, light = set_stage(design.line, rng, size, None if design.thing == "capsule" else tone)
        count = len(design.centres)
        wander = rng.normal(0, 1, size=(count, 2)) * design.wander
        turns = rng.uniform(-design.turn, design.turn, size=count)
        seeds = rng.integers(0, 2**31, size=count)
        instances = [
            Placement(
                x + float(wander[k, 0]), y + float(wander[k, 1]), float(turns[k]), design.radius, seed=int(seeds[k])
            )
            for k, (x, y) in enumerate(design.centres)
        ]
        leeway = Leeway(
            step=1.1 * design.radius if edit is not None and edit.action == "shift" else 2.2 * design.radius,
            allowed=self.actions,
            fits=lambda x, y: max(abs(x), abs(y)) < 1.0,
            gap=1.5 * design.radius,
        )
        changed = edited(instances, edit, leeway)
        return Drawing(canvas, {"instance": tuple(self.draw_instance(canvas, at, design, light) for at in changed)})

    def draw_instance(self, canvas: Canvas, at: Placement, design: AssortmentDesign, light: Light) -> Mask:
        """One instance, varied by its seed."""
        own = np.random.default_rng(at.seed)
        patch = canvas.patch(at, 1.35)
        if design.thing == "nut":
            below = patch.pixels.copy()
            silhouette = draw_nut(patch, design.nut, design.material, light, own)
            opening = patch.cover(circle(patch.x, patch.y, design.nut.hole - design.nut.thread))
            patch.blend(below * np.float32(0.55), opening)
            return patch.mask(silhouette)
        if design.thing == "washer":
            return patch.mask(draw_ring(patch, design.inner, "flat", design.material, light, own))
        if design.thing == "capsule":
            return patch.mask(draw_capsule(patch, design.capsule, light, own))
        draw = draw_candle if design.thing == "candle" else draw_round_tablet
        return patch.mask(draw(patch, varied(own, design.colour, 0.015), light, own))


def draw_candle(patch: Patch, colour: Colour, light: Light, rng: np.random.Generator) -> Field:
    """A tea light from above: metal cup, wax, wick."""
    outer = circle(patch.x, patch.y, 0.95)
    alpha = patch.cover(outer)
    patch.shadow(alpha, light.shadow_offset(0.3), 0.1, 0.5)
    cup = lit(bevelled(outer, 0.1, 0.1), patch.px, Material((0.85, 0.86, 0.88), metal=0.9, gloss=0.3), light)
    patch.blend(cup, alpha)
    wax_edge = circle(patch.x, patch.y, 0.86)
    cloud = value_noise(rng, patch.x.shape, max(2.0, patch.px / 2), 2)
    height = np.float32(-0.08) * smoothstep(-0.12, 0.0, -np.abs(wax_edge)) - np.float32(0.06) * np.exp(
        -((radius_of(patch.x, patch.y) * 4) ** 2)
    )
    wax = lit(height, patch.px, Material(colour, gloss=0.12, sharpness=10.0), light)
    patch.blend(wax * (1 + np.float32(0.02) * cloud)[..., None], patch.cover(wax_edge))
    turn = float(rng.uniform(0, math.pi))
    along = patch.x * np.float32(math.cos(turn)) + patch.y * np.float32(math.sin(turn))
    across = patch.y * np.float32(math.cos(turn)) - patch.x * np.float32(math.sin(turn))
    wick = patch.cover(rounded_box(along - np.float32(0.08), across, 0.13, 0.045, 0.04))
    patch.shadow(wick, light.shadow_offset(0.15), 0.04, 0.3)
    patch.blend((0.88, 0.86, 0.8), wick)
    return alpha


def draw_round_tablet(patch: Patch, colour: Colour, light: Light, rng: np.random.Generator) -> Field:
    """A domed tablet with a score line."""
    outer = circle(patch.x, patch.y, 0.92)
    depth = np.clip(-outer / np.float32(0.92), 0, 1)
    height = np.float32(0.2) * np.sqrt(np.maximum(2 * depth - depth * depth, 0))
    height -= np.float32(0.07) * np.exp(-((patch.x / np.float32(0.07)) ** 2))
    powder = value_noise(rng, patch.x.shape, 1.3)
    alpha = patch.cover(outer)
    patch.shadow(alpha, light.shadow_offset(0.25), 0.09, 0.5)
    paint = lit(height, patch.px, Material(colour, gloss=0.08, sharpness=10.0), light)
    patch.blend(paint * (1 + np.float32(0.01) * powder)[..., None], alpha)
    return alpha
