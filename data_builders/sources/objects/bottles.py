"""Bottle mouths seen from above: rings of glass around a dark opening."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from data_builders.sources.objects.drawing import Colour, Field, Patch, radius_of, smoothstep
from data_builders.sources.objects.family import Drawing, ObjectFamily
from data_builders.sources.objects.shading import Material, hue_colour, lit, streaks, value_noise
from data_builders.sources.objects.stage import Line, design_line, set_stage
from data_builders.types import Edit


@dataclass(frozen=True)
class BottleDesign:
    """A bottle: radii in units of the shoulder's (1), colours of glass and content."""

    line: Line
    glass: Colour
    content: Colour
    lip_outer: float
    lip_inner: float
    thread: float
    lamps: tuple[tuple[float, float, float, float], ...]
    clarity: float


class BottleMouth(ObjectFamily):
    """The mouth of a glass bottle or jar under a ring of lamps.

    ``lamps``: (angle, half width in radians, strength, radius) of the reflections; they do not turn with the bottle.
    """

    name = "bottle_mouth"
    object_name = "bottle"

    def design(self, rng: np.random.Generator) -> BottleDesign:
        """Draw a bottle; reflections belong to the station."""
        hue = float(rng.choice([0.07, 0.09, 0.3, 0.36, 0.55, 0.1]))
        lip_outer = float(rng.uniform(0.6, 0.82))
        lip_inner = lip_outer * float(rng.uniform(0.66, 0.8))
        count = int(rng.integers(2, 7))
        start = float(rng.uniform(0, 2 * math.pi))
        ring = [
            (
                start + 2 * math.pi * k / count + float(rng.normal(0, 0.08)),
                float(rng.uniform(0.12, 0.9 * math.pi / count)),
                float(rng.uniform(0.35, 1.0)),
                float(rng.uniform(0.25, 0.75)),
            )
            for k in range(count)
        ]
        return BottleDesign(
            line=design_line(
                rng, zoom=(0.84, 0.95), free_rotation=1.0, styles=("black", "white", "plain"), right_angles=False
            ),
            glass=hue_colour(hue, float(rng.uniform(0.15, 0.85)), float(rng.uniform(0.25, 0.7))),
            content=hue_colour(hue, float(rng.uniform(0.2, 0.7)), float(rng.uniform(0.01, 0.12))),
            lip_outer=lip_outer,
            lip_inner=lip_inner,
            thread=float(rng.choice([0.0, 0.035])),
            lamps=tuple(ring),
            clarity=float(rng.uniform(0.0, 0.35)),
        )

    def draw(self, design: BottleDesign, rng: np.random.Generator, size: tuple[int, int], edit: Edit | None) -> Drawing:
        """Draw the bottle from above; parts: the lip and the opening."""
        canvas, light = set_stage(design.line, rng, size)
        patch = canvas.patch()
        radius = radius_of(patch.x, patch.y)
        turn = np.arctan2(patch.y, patch.x)
        wobble = value_noise(rng, size, canvas.scale / 2.5)
        grain = value_noise(rng, size, 1.2)
        rings = streaks(rng, radius + np.float32(0.004) * wobble, 26.0)
        below = canvas.pixels.copy()
        alpha = patch.cover(radius - 1)
        patch.shadow(alpha, light.shadow_offset(0.08), 0.06, 0.4)
        height = self.height(design, radius, turn)
        glass = lit(
            height, patch.px, Material(design.glass, metal=0.35, gloss=0.5, sharpness=18.0, overhead=0.5), light
        )
        depth = smoothstep(0.75, 1.0, radius) * np.float32(0.55) + np.float32(0.3)
        glass = glass * (depth * (1 + np.float32(0.10) * rings))[..., None]
        glass = glass + np.float32(design.clarity) * (below - glass) * smoothstep(0.9, 1.0, radius)[..., None]
        patch.blend(glass * (1 + np.float32(0.006) * grain)[..., None], alpha)
        lip = np.abs(radius - np.float32((design.lip_outer + design.lip_inner) / 2)) - np.float32(
            (design.lip_outer - design.lip_inner) / 2
        )
        self.add_reflections(design, patch, radius, turn + np.float32(canvas.angle), lip, wobble)
        opening = radius - np.float32(design.lip_inner)
        self.draw_opening(design, patch, radius, opening, wobble)
        masks = patch.mask(patch.cover(lip)), patch.mask(patch.cover(opening))
        return Drawing(canvas, {"lip": masks[:1], "opening": masks[1:]})

    def height(self, design: BottleDesign, radius: Field, turn: Field) -> Field:
        """Shoulder, neck, thread and round lip (units)."""
        middle = np.float32((design.lip_outer + design.lip_inner) / 2)
        half = np.float32((design.lip_outer - design.lip_inner) / 2)
        bead = np.sqrt(np.maximum(1 - ((radius - middle) / half) ** 2, 0)) * half * np.float32(0.9)
        shoulder = np.float32(-0.5) * np.maximum(radius - np.float32(design.lip_outer + 0.03), 0) ** 2
        edge = np.float32(-0.25) * smoothstep(0.9, 1.0, radius)
        spiral = radius - np.float32(design.lip_outer + 0.09) - np.float32(0.02) * turn / np.float32(math.pi)
        thread = np.float32(design.thread) * np.exp(-((spiral / np.float32(0.025)) ** 2))
        return np.asarray(bead + shoulder + edge + thread, dtype=np.float32)

    def add_reflections(
        self, design: BottleDesign, patch: Patch, radius: Field, turn: Field, lip: Field, wobble: Field
    ) -> None:
        """Lamps mirrored as bright arcs on the lip and, fainter, on the shoulder."""
        half = (design.lip_outer - design.lip_inner) / 2
        glow = np.zeros(radius.shape, dtype=np.float32)
        for angle, width, strength, place in design.lamps:
            away = np.abs((turn - np.float32(angle - math.pi)) % np.float32(2 * math.pi) - np.float32(math.pi))
            arc = smoothstep(width + 0.05, width - 0.05, away)
            at = np.float32(design.lip_inner + 2 * half * (0.25 + 0.5 * place))
            line = (radius - at - np.float32(0.006) * wobble) / np.float32(0.3 * half)
            line *= line
            glow += np.float32(strength) * arc * np.exp(-line * line)
            outer = (radius - np.float32(0.9) - np.float32(0.004) * wobble) / np.float32(0.025)
            outer *= outer
            glow += np.float32(0.4 * strength) * arc * np.exp(-outer * outer)
        rim = np.exp(-((lip / np.float32(0.018)) ** 2))
        glow = np.clip(glow + np.float32(0.22) * rim, 0, 1)
        patch.blend((0.97, 0.97, 0.94), glow, solid=False)

    def draw_opening(self, design: BottleDesign, patch: Patch, radius: Field, opening: Field, wobble: Field) -> None:
        """The dark inside with a faint bottom and the mirrored lamp."""
        inner = np.float32(design.lip_inner)
        tone = np.float32(0.6) + np.float32(0.9) * np.exp(
            -(((radius - inner * np.float32(0.55)) / (inner * np.float32(0.07))) ** 2)
        )
        tone = tone + np.float32(0.7) * smoothstep(0.82, 0.98, radius / inner) + np.float32(0.12) * wobble
        colour = np.asarray(design.content, dtype=np.float32) * np.maximum(tone, 0)[..., None]
        wall = np.exp(-(((radius / inner - np.float32(0.9)) / np.float32(0.06)) ** 2)) * np.float32(0.12)
        patch.blend(colour + wall[..., None] * np.asarray(design.glass, dtype=np.float32), patch.cover(opening))
