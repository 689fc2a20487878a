"""Spur gears from above, with teeth and lightening holes."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from data_builders.sources.objects.drawing import Field, Patch, Placement, circle, radius_of, smoothstep
from data_builders.sources.objects.family import Drawing, ImpossibleEditError, Leeway, ObjectFamily, edited
from data_builders.sources.objects.metal_bodies import bevelled
from data_builders.sources.objects.shading import (
    Material,
    lit,
    random_colour,
    streaks,
    value_noise,
)
from data_builders.sources.objects.stage import Line, design_line, set_stage
from data_builders.sources.objects.turned import metal, punch
from data_builders.types import Edit


@dataclass(frozen=True)
class GearDesign:
    """A spur gear: teeth, bore with keyway, lightening holes."""

    line: Line
    material: Material
    teeth: int
    depth: float
    bore: float
    keyway: float
    web: float
    holes: int
    hole_radius: float


class Gear(ObjectFamily):
    """A spur gear from above."""

    name = "gear"
    object_name = "gear"
    actions = frozenset({"omit", "shift", "bend", "extra"})

    def design(self, rng: np.random.Generator) -> GearDesign:
        """Draw a metal or plastic gear."""
        plastic = Material(random_colour(rng, (0.0, 0.5), (0.3, 0.95)), gloss=0.2)
        teeth = int(rng.integers(14, 40))
        return GearDesign(
            line=design_line(rng, zoom=(0.7, 0.88), free_rotation=0.6, right_angles=False),
            material=metal(rng, (0, 1, 2, 4, 6)) if rng.random() < 0.75 else plastic,
            teeth=teeth,
            depth=min(0.16, 3.2 / teeth) * float(rng.uniform(0.85, 1.1)),
            bore=float(rng.uniform(0.13, 0.24)),
            keyway=float(rng.choice([0.0, 0.05, 0.07])),
            web=float(rng.uniform(0.02, 0.06)),
            holes=int(rng.choice([0, 3, 4, 5, 6])),
            hole_radius=float(rng.uniform(0.08, 0.12)),
        )

    def draw(self, design: GearDesign, rng: np.random.Generator, size: tuple[int, int], edit: Edit | None) -> Drawing:
        """Draw the gear; the parts are teeth (omit, bend, shift) and lightening holes (omit, shift, extra)."""
        canvas, light = set_stage(design.line, rng, size, design.material.tone)
        patch = canvas.patch()
        radius = radius_of(patch.x, patch.y)
        turned = streaks(rng, radius, patch.px * 0.4)
        grain = value_noise(rng, size, max(1.0, canvas.scale / 30), 2)
        below = canvas.pixels.copy()
        outline, tooth_index, crown = self.outline(design, patch, radius, edit)
        bore = circle(patch.x, patch.y, design.bore)
        key = np.maximum(
            np.abs(patch.x) - np.float32(design.keyway), np.abs(patch.y + np.float32(design.bore)) - np.float32(0.08)
        )
        opening = np.minimum(bore, key) if design.keyway else bore
        body = np.maximum(outline, -opening)
        root = 1 - design.depth
        hub = design.bore + 0.12
        height = bevelled(body, 0.03, 0.03)
        height -= (
            np.float32(design.web) * smoothstep(hub, hub + 0.04, radius) * smoothstep(root - 0.1, root - 0.14, radius)
        )
        alpha = patch.cover(body)
        patch.shadow(alpha, light.shadow_offset(0.09), 0.04, 0.55)
        paint = lit(height, patch.px, design.material, light)
        patch.blend(paint * (1 + np.float32(0.03) * turned + np.float32(0.015) * grain)[..., None], alpha)
        teeth = tuple((tooth_index == tooth) & crown & (alpha > 0.5) for tooth in range(design.teeth))
        middle = (hub + root - 0.1) / 2 + 0.02
        holes = [
            Placement(middle * math.cos(turn), middle * math.sin(turn))
            for turn in (np.arange(design.holes) + 0.5) * 2 * math.pi / max(1, design.holes)
        ]
        leeway = Leeway(
            step=0.26,
            allowed=frozenset({"omit", "shift", "extra"}),
            fits=lambda x, y: abs(math.hypot(x, y) - middle) < 0.06,
            gap=2.2 * design.hole_radius,
        )
        changed = edited(holes, edit, leeway, first=design.teeth)
        cuts = tuple(
            punch(canvas.patch(hole, design.hole_radius * 1.4), design.hole_radius, below, light) for hole in changed
        )
        return Drawing(canvas, {"tooth": teeth} | ({"hole": cuts} if cuts else {}))

    def outline(
        self, design: GearDesign, patch: Patch, radius: Field, edit: Edit | None
    ) -> tuple[Field, np.ndarray, np.ndarray]:
        """Signed distance of the toothed disc, the tooth each pixel belongs to, and where teeth are."""
        strength = np.ones(design.teeth, dtype=np.float32)
        moved = np.zeros(design.teeth, dtype=np.float32)
        if edit is not None and edit.part < design.teeth:
            if edit.action not in ("omit", "bend", "shift"):
                raise ImpossibleEditError
            if edit.action == "omit":
                strength[edit.part] = 0.0
            elif edit.action == "bend":
                strength[edit.part] = 0.75 - 0.6 * edit.amount
            else:
                moved[edit.part] = (0.12 + 0.15 * edit.amount) * (1 if math.cos(edit.direction) >= 0 else -1)
        turn = np.arctan2(patch.y, patch.x) * np.float32(design.teeth / (2 * math.pi))
        index = np.floor(turn + np.float32(0.5)).astype(np.int32) % design.teeth
        offset = turn - np.round(turn) - moved[index]
        # tooth flanks: half width 0.30 of the pitch at the root, 0.16 at the tip
        root = 1 - design.depth
        rise = np.clip((np.float32(0.31) - np.abs(offset)) / np.float32(0.13), 0, 1)
        edge = np.float32(root) + np.float32(design.depth) * rise * strength[index]
        slope = np.sqrt(
            1 + ((rise > 0) & (rise < 1)) * np.float32((design.depth * design.teeth / (0.13 * 2 * math.pi)) ** 2)
        )
        return ((radius - edge) / slope).astype(np.float32), index, radius > np.float32(root)
