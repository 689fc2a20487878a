"""Bare metal things drawn on a patch: nuts and rings, shared by the families of one object and of many."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from data_builders.sources.objects.drawing import Field, Patch, circle, radius_of, regular_polygon, rgb, smoothstep
from data_builders.sources.objects.shading import Light, Material, lit, streaks


def groove_field(distance: Field, width: float, depth: float) -> Field:
    """A soft groove of ``depth`` where the signed ``distance`` to its line is near zero."""
    ratio = distance / np.float32(width)
    return np.float32(-depth) * np.exp(-ratio * ratio)


def bevelled(distance: Field, bevel: float, thickness: float) -> Field:
    """Height of a slab with round edges ``bevel`` wide; 0 outside."""
    depth = np.clip(-distance / np.float32(bevel), 0, 1)
    return np.float32(thickness) * np.sqrt(np.maximum(2 * depth - depth * depth, 0))


@dataclass(frozen=True)
class NutShape:
    """A hex nut from above, the flats one unit from the middle times 0.86.

    Args:
        hole: radius of the thread's crest.
        thread: depth of the thread.
        chamfer: radius where the corners begin to slope.
        collar: radius of a nylon ring inside; 0 for none.
    """

    hole: float
    thread: float
    chamfer: float
    collar: float


def draw_nut(
    patch: Patch,
    shape: NutShape,
    material: Material,
    light: Light,
    rng: np.random.Generator,
    hole_at: tuple[float, float] | None = (0.0, 0.0),
) -> Field:
    """Draw a nut with its shadow; returns the coverage of its silhouette. ``hole_at`` None leaves the hole out."""
    x, y = patch.x, patch.y
    radius = radius_of(x, y)
    outer = regular_polygon(x, y, 6, 0.86)
    slope = np.maximum(radius - np.float32(shape.chamfer), 0)
    height: Field = bevelled(outer, 0.05, 0.05) - np.float32(0.75) * slope
    texture = np.float32(0.010) * streaks(rng, radius, patch.px * 0.5)
    silhouette = patch.cover(outer)
    if hole_at is None:
        alpha = silhouette
    else:
        hole = circle(x - np.float32(hole_at[0]), y - np.float32(hole_at[1]), shape.hole)
        alpha = silhouette * (1 - patch.cover(hole))
        height = height - np.float32(0.10) * smoothstep(0.09, 0.0, hole)
    patch.shadow(alpha, light.shadow_offset(0.13), 0.06, 0.55)
    paint = lit(height + texture / np.float32(patch.px) * 4, patch.px, material, light)
    paint = paint * (1 + texture[..., None] * 3)
    patch.blend(paint, alpha)
    if hole_at is not None:
        draw_thread(patch, hole, shape, material, light)
    return silhouette


def draw_thread(patch: Patch, hole: Field, shape: NutShape, material: Material, light: Light) -> None:
    """The thread inside a hole: rings that darken towards the open middle."""
    depth = shape.thread
    rings = np.float32(0.5) + np.float32(0.5) * np.cos(hole * np.float32(2 * math.pi / (depth / 2.2)))
    to_x, to_y, _ = light.vector
    radius = radius_of(patch.x, patch.y) + np.float32(1e-4)
    # the wall that faces the lamp is the far one
    facing = np.float32(0.55) - np.float32(0.45) * (patch_direction(patch, to_x, to_y) / radius)
    tone = (np.float32(0.10) + np.float32(0.55) * rings * facing) * np.clip(1 + hole / np.float32(depth * 1.5), 0.25, 1)
    band = patch.cover(hole) * (1 - patch.cover(hole + np.float32(depth)))
    patch.blend(tone[..., None] * np.asarray(material.colour, dtype=np.float32), band, solid=True)
    patch.multiply(1 - np.float32(0.55) * patch.cover(hole + np.float32(depth)))
    if shape.collar > 0:
        ring = np.abs(hole + np.float32(depth * 0.5)) - np.float32(shape.collar)
        blue = rgb((0.25, 0.45, 0.75)) * (np.float32(0.6) + np.float32(0.4) * facing)[..., None]
        patch.blend(blue, patch.cover(ring))


def patch_direction(patch: Patch, to_x: float, to_y: float) -> Field:
    """Component of the local position along a direction given in the picture's frame (units)."""
    cos, sin = math.cos(patch.angle), math.sin(patch.angle)
    return np.float32(cos * to_x + sin * to_y) * patch.x + np.float32(cos * to_y - sin * to_x) * patch.y


def draw_ring(
    patch: Patch, inner: float, profile: str, material: Material, light: Light, rng: np.random.Generator
) -> Field:
    """Draw a washer ("flat") or O-ring ("round") of outer radius 1; returns its coverage."""
    radius = radius_of(patch.x, patch.y)
    middle, half = (1 + inner) / 2, (1 - inner) / 2
    distance = np.abs(radius - np.float32(middle)) - np.float32(half)
    turned = streaks(rng, radius + np.float32(0.02) * patch.x, patch.px * 0.6)
    if profile == "round":
        ratio = np.clip((radius - np.float32(middle)) / np.float32(half), -0.98, 0.98)
        height = np.float32(half) * np.sqrt(1 - ratio * ratio)
    else:
        height = bevelled(distance, min(0.06, half * 0.5), 0.05)
    alpha = patch.cover(distance)
    patch.shadow(alpha, light.shadow_offset(0.07), 0.035, 0.5)
    paint = lit(height, patch.px, material, light)
    patch.blend(paint * (1 + np.float32(0.035) * turned[..., None]), alpha)
    return alpha
