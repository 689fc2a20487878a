"""Cable cross-sections and brush heads: bundles of strands and bristles."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from data_builders.sources.objects.drawing import (
    Canvas,
    Colour,
    Field,
    Placement,
    circle,
    radius_of,
    rounded_box,
    smoothstep,
)
from data_builders.sources.objects.family import ACTIONS, Drawing, Leeway, ObjectFamily, edited
from data_builders.sources.objects.metal_bodies import bevelled
from data_builders.sources.objects.shading import METALS, Light, Material, hue_colour, lit, random_colour, value_noise
from data_builders.sources.objects.stage import Line, design_line, set_stage
from data_builders.types import Edit, Mask

WIRE_COLOURS: tuple[Colour, ...] = (
    (0.42, 0.25, 0.14),
    (0.20, 0.38, 0.72),
    (0.55, 0.68, 0.18),
    (0.16, 0.16, 0.17),
    (0.62, 0.62, 0.62),
    (0.78, 0.18, 0.15),
    (0.90, 0.78, 0.20),
    (0.88, 0.88, 0.86),
    (0.90, 0.48, 0.14),
)
"""Brown, blue, yellow-green, black, grey, red, yellow, white, orange."""


@dataclass(frozen=True)
class CableDesign:
    """Conductors in a jacket: colours, radius of a conductor with its insulation, of its metal, strands across it."""

    line: Line
    jacket: Colour
    filler: Colour
    colours: tuple[Colour, ...]
    radius: float
    orbit: float
    metal_radius: float
    strands: int
    metal: Colour


def strand_height(x: Field, y: Field, radius: float, strand: float) -> Field:
    """Depth inside the nearest of the round strands packed within ``radius`` (units); 0 between them."""
    row_pitch = math.sqrt(3) * strand
    best = np.zeros(x.shape, dtype=np.float32)
    for offset in (0.0, 1.0):
        row = 2 * np.round((y / np.float32(row_pitch) - np.float32(offset)) / 2) + np.float32(offset)
        column = np.round(x / np.float32(2 * strand) - np.float32(offset / 2)) + np.float32(offset / 2)
        centre_x, centre_y = column * np.float32(2 * strand), row * np.float32(row_pitch)
        inside = radius_of(centre_x, centre_y) <= np.float32(radius - 0.8 * strand)
        best = np.maximum(best, (np.float32(strand) - radius_of(x - centre_x, y - centre_y)) * inside)
    return best


class CableSection(ObjectFamily):
    """The cut end of a cable with several coloured conductors."""

    name = "cable_section"
    object_name = "cable cross-section"
    actions = frozenset({"omit", "shift", "bend"})

    def design(self, rng: np.random.Generator) -> CableDesign:
        """Draw a cable of two to seven conductors."""
        count = int(rng.choice([2, 3, 3, 3, 4, 4, 5, 7]))
        order = rng.permutation(len(WIRE_COLOURS))
        around = count - 1 if count == 7 else count
        room = 0.84
        radius = room / (1 + 1 / math.sin(math.pi / around)) * 0.98
        return CableDesign(
            line=design_line(rng, zoom=(0.8, 0.94), free_rotation=0.3, right_angles=False),
            jacket=hue_colour(
                float(rng.random()), float(rng.uniform(0, 0.25)), float(rng.choice([0.15, 0.55, 0.75, 0.88]))
            ),
            filler=hue_colour(0.1, float(rng.uniform(0, 0.12)), float(rng.uniform(0.25, 0.85))),
            colours=tuple(WIRE_COLOURS[int(k)] for k in order[:count]),
            radius=radius,
            orbit=room - radius,
            metal_radius=radius * float(rng.uniform(0.56, 0.72)),
            strands=int(rng.integers(4, 8)),
            metal=METALS[int(rng.choice([3, 3, 0]))],
        )

    def draw(self, design: CableDesign, rng: np.random.Generator, size: tuple[int, int], edit: Edit | None) -> Drawing:
        """Draw the cut; its parts are the conductors (bend damages the insulation's roundness)."""
        canvas, light = set_stage(design.line, rng, size)
        patch = canvas.patch()
        cut = value_noise(rng, size, max(1.0, canvas.scale / 18), 3)
        count = len(design.colours)
        around = count - 1 if count == 7 else count
        jitter = rng.normal(0, 0.012, size=(count, 2))
        seeds = rng.integers(0, 2**31, size=count)
        turn = float(rng.normal(0, 0.03))
        conductors = []
        for k in range(count):
            orbit = 0.0 if k == around else design.orbit
            angle = turn + 2 * math.pi * k / around
            x, y = orbit * math.cos(angle) + float(jitter[k, 0]), orbit * math.sin(angle) + float(jitter[k, 1])
            conductors.append(Placement(x, y, float(jitter[k, 0]) * 20, seed=int(seeds[k])))
        tones = {int(seed): colour for seed, colour in zip(seeds, design.colours, strict=True)}
        outer = circle(patch.x, patch.y, 1.0)
        alpha = patch.cover(outer)
        patch.shadow(alpha, light.shadow_offset(0.1), 0.05, 0.5)
        jacket = lit(bevelled(outer, 0.06, 0.05), patch.px, Material(design.jacket, gloss=0.1, sharpness=10.0), light)
        patch.blend(jacket * (1 + np.float32(0.02) * cut)[..., None], alpha)
        core = circle(patch.x, patch.y, 0.86)
        depth = np.float32(0.75) + np.float32(0.25) * smoothstep(-0.02, -0.2, core)
        fill = np.asarray(design.filler, dtype=np.float32) * (depth * (1 + np.float32(0.05) * cut))[..., None]
        patch.blend(fill * np.float32(light.power + light.ambient) * np.float32(0.85), patch.cover(core))
        masks = []
        for conductor in edited(conductors, edit, Leeway(0.3 * design.radius, self.actions)):
            masks.append(self.draw_conductor(canvas, conductor, design, tones[conductor.seed], light))
        return Drawing(canvas, {"conductor": tuple(masks)})

    def draw_conductor(self, canvas: Canvas, at: Placement, design: CableDesign, colour: Colour, light: Light) -> Mask:
        """Insulation around a bundle of metal strands."""
        own = np.random.default_rng(at.seed)
        local = canvas.patch(at, design.radius * 1.25)
        squeeze = 1 + 0.2 * at.bend
        turn = np.arctan2(local.y, local.x)
        ripple = 1 + np.float32(0.012) * np.sin(3 * turn + np.float32(own.uniform(0, 6)))
        insulation = circle(local.x * np.float32(squeeze), local.y / np.float32(squeeze), design.radius) * ripple
        alpha = local.cover(insulation)
        local.shadow(alpha, light.shadow_offset(0.03), 0.03, 0.45)
        grain = value_noise(own, local.x.shape, max(1.0, local.px / 22), 2)
        material = Material(colour, gloss=0.2, sharpness=14.0)
        paint = lit(bevelled(insulation, 0.06, 0.035), local.px, material, light)
        local.blend(paint * (1 + np.float32(0.03) * grain)[..., None], alpha)
        metal_edge = circle(local.x, local.y, design.metal_radius)
        local.multiply(1 - np.float32(0.45) * local.cover(metal_edge))
        strand = design.metal_radius / design.strands
        drift = value_noise(own, local.x.shape, max(2.0, 1.6 * strand * local.px)) * np.float32(0.16 * strand)
        twist = np.roll(drift, 3, axis=0)
        height = strand_height(local.x + drift, local.y + twist, design.metal_radius, strand)
        copper = lit(
            height * np.float32(0.8), local.px, Material(design.metal, metal=0.85, gloss=0.3, overhead=0.8), light
        )
        local.blend(copper * (1 + np.float32(0.08) * grain)[..., None], smoothstep(0.0, 0.35 * strand, height))
        return local.mask(alpha)


@dataclass(frozen=True)
class BrushDesign:
    """A brush head: half sizes, tufts (x, y, colour index), bristles a tuft, their length and spread in units."""

    line: Line
    body: Colour
    half_width: float
    half_height: float
    tufts: tuple[tuple[float, float, int], ...]
    pitch: float
    colours: tuple[Colour, ...]
    bristles: int
    length: float
    spread: float


class Brush(ObjectFamily):
    """The head of a toothbrush or small technical brush, bristles towards the camera."""

    name = "brush"
    object_name = "toothbrush"
    actions = ACTIONS - {"rotate"}

    def design(self, rng: np.random.Generator) -> BrushDesign:
        """Draw a brush head with coloured tufts."""
        rows, columns = int(rng.integers(3, 6)), int(rng.integers(7, 12))
        pitch = 1.62 / columns
        half_height = min(0.6, rows * pitch / 2 + 0.14)
        colours = tuple(random_colour(rng, (0.05, 0.8), (0.6, 0.98)) for _ in range(int(rng.integers(2, 5))))
        scheme = str(rng.choice(["columns", "rows", "edge"]))
        tufts = []
        for r in range(rows):
            for c in range(columns):
                if abs(c - (columns - 1) / 2) > (columns - 2) / 2 and abs(r - (rows - 1) / 2) > (rows - 2) / 2:
                    continue
                group = {"columns": c // 2, "rows": r, "edge": int(r in (0, rows - 1))}[scheme]
                tufts.append(((c - (columns - 1) / 2) * pitch, (r - (rows - 1) / 2) * pitch, group % len(colours)))
        return BrushDesign(
            line=design_line(rng, zoom=(0.8, 0.95), free_rotation=0.05, styles=("black", "white", "plain", "gradient")),
            body=random_colour(rng, (0.0, 0.7), (0.6, 0.97)),
            half_width=0.97,
            half_height=half_height,
            tufts=tuple(tufts),
            pitch=pitch,
            colours=colours,
            bristles=int(rng.integers(28, 46)),
            length=float(rng.uniform(0.10, 0.22)),
            spread=float(rng.uniform(0.3, 0.42)),
        )

    def draw(self, design: BrushDesign, rng: np.random.Generator, size: tuple[int, int], edit: Edit | None) -> Drawing:
        """Draw the brush; its parts are the tufts."""
        canvas, light = set_stage(design.line, rng, size)
        patch = canvas.patch()
        lean = (float(rng.normal(0, 0.25)), float(rng.normal(0, 0.25)))
        seeds = rng.integers(0, 2**31, size=len(design.tufts))
        outer = rounded_box(patch.x, patch.y, design.half_width, design.half_height, design.half_height * 0.9)
        alpha = patch.cover(outer)
        patch.shadow(alpha, light.shadow_offset(0.2), 0.08, 0.45)
        patch.blend(
            lit(bevelled(outer, 0.12, 0.09), patch.px, Material(design.body, gloss=0.4, sharpness=30.0), light), alpha
        )
        tufts = [Placement(x, y, seed=int(seed)) for (x, y, _), seed in zip(design.tufts, seeds, strict=True)]
        colours = {int(seed): design.colours[group] for (_, _, group), seed in zip(design.tufts, seeds, strict=True)}
        changed = edited(tufts, edit, Leeway(design.pitch * 0.7, self.actions, gap=0.0))
        for tuft in changed:
            hole = canvas.patch(tuft, design.pitch * 0.6)
            distance = circle(hole.x, hole.y, 0.36 * design.pitch)
            hole.multiply(1 - np.float32(0.6) * smoothstep(0.12 * design.pitch, -0.05, distance))
        return Drawing(
            canvas, {"tuft": tuple(self.draw_tuft(canvas, t, design, colours[t.seed], lean, light) for t in changed)}
        )

    def draw_tuft(
        self,
        canvas: Canvas,
        at: Placement,
        design: BrushDesign,
        colour: Colour,
        lean: tuple[float, float],
        light: Light,
    ) -> Mask:
        """Bristles from the hole towards the camera, tips brighter than roots."""
        own = np.random.default_rng(at.seed)
        splay = 1 + 2.5 * abs(at.bend)
        local = canvas.patch(at, design.pitch + design.length * (1.2 + splay * 0.5))
        roots = own.normal(0, design.spread * design.pitch * 0.55, size=(design.bristles, 2))
        tips = roots * (1.25 + 0.9 * abs(at.bend)) + own.normal(0, 0.10 * design.length, size=roots.shape) * splay
        tips += np.asarray(lean) * design.length + np.asarray([at.bend * 1.6 * design.length, 0.0])
        cos, sin = math.cos(local.angle), math.sin(local.angle)
        turn = np.asarray([[cos, sin], [-sin, cos]]) * local.px * 16
        centre = (np.asarray(local.centre) - 0.5) * 16
        lines = np.round(np.stack([roots @ turn + centre, tips @ turn + centre], axis=1)).astype(np.int32)
        thickness = max(1, round(0.012 * local.px))
        shape = local.x.shape
        tone_image, cover_image = np.zeros(shape, dtype=np.uint8), np.zeros(shape, dtype=np.uint8)
        cv2.polylines(cover_image, list(lines), False, 255, thickness, cv2.LINE_AA, 4)
        tops = np.stack([(lines[:, 0] + lines[:, 1]) // 2, lines[:, 1]], axis=1)
        ends = np.stack([(lines[:, 0] + 7 * lines[:, 1]) // 8, lines[:, 1]], axis=1)
        for group, share in enumerate((0.74, 0.83, 0.92, 1.0)):
            for segments, brightness in ((lines, 150), (tops, 215), (ends, 255)):
                chosen = list(segments[group::4])
                cv2.polylines(tone_image, chosen, False, int(brightness * share), thickness, cv2.LINE_AA, 4)
        alpha = cover_image.astype(np.float32) / np.float32(255)
        tone = tone_image.astype(np.float32) / np.float32(255) * np.float32(light.power + light.ambient)
        local.shadow(alpha, light.shadow_offset(0.04), 0.02, 0.25)
        local.blend(
            np.asarray(colour, dtype=np.float32) * tone[..., None] / np.maximum(alpha, np.float32(0.25))[..., None],
            alpha,
        )
        return local.mask(alpha)
