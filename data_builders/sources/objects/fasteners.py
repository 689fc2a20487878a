"""Hex nuts from above, screws from the side, plates with holes."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from data_builders.sources.objects.drawing import Field, Patch, Placement, rounded_box, smoothstep
from data_builders.sources.objects.family import Drawing, ImpossibleEditError, Leeway, ObjectFamily, edited
from data_builders.sources.objects.metal_bodies import NutShape, bevelled, draw_nut
from data_builders.sources.objects.shading import Material, lit, random_colour, streaks, value_noise
from data_builders.sources.objects.stage import Line, design_line, set_stage
from data_builders.sources.objects.turned import metal, punch
from data_builders.types import Edit

HOLE_ACTIONS = frozenset({"omit", "shift", "extra"})


@dataclass(frozen=True)
class NutDesign:
    """A hex nut, plain or with a nylon collar."""

    line: Line
    material: Material
    shape: NutShape


def design_nut_shape(rng: np.random.Generator) -> NutShape:
    """Draw the proportions of a nut."""
    return NutShape(
        hole=float(rng.uniform(0.42, 0.56)),
        thread=float(rng.uniform(0.07, 0.11)),
        chamfer=float(rng.uniform(0.82, 0.9)),
        collar=float(rng.choice([0.0, 0.0, 0.0, 0.035])),
    )


class HexNut(ObjectFamily):
    """A hex nut from above."""

    name = "hex_nut"
    object_name = "hex nut"
    actions = frozenset({"omit", "shift"})

    def design(self, rng: np.random.Generator) -> NutDesign:
        """Draw a nut."""
        return NutDesign(
            line=design_line(rng, zoom=(0.6, 0.85), free_rotation=0.5, right_angles=False),
            material=metal(rng, (0, 1, 1, 2, 5, 6)),
            shape=design_nut_shape(rng),
        )

    def draw(self, design: NutDesign, rng: np.random.Generator, size: tuple[int, int], edit: Edit | None) -> Drawing:
        """Draw the nut; its part is the threaded hole (omit leaves it blind, shift makes it eccentric)."""
        canvas, light = set_stage(design.line, rng, size, design.material.tone)
        grain = value_noise(rng, size, max(1.0, canvas.scale / 25), 3)
        below = canvas.pixels.copy()
        patch = canvas.patch()
        holes = edited([Placement(0.0, 0.0)], edit, Leeway(0.2, frozenset({"omit", "shift"})))
        hole_at = (holes[0].x, holes[0].y) if holes else None
        silhouette = draw_nut(patch, design.shape, design.material, light, rng, hole_at)
        patch.multiply(1 + np.float32(0.02) * grain * silhouette)
        if not hole_at:
            return Drawing(canvas)
        local = canvas.patch(holes[0], design.shape.hole * 1.2)
        return Drawing(canvas, {"hole": (punch(local, design.shape.hole - design.shape.thread, below, light),)})


@dataclass(frozen=True)
class ScrewDesign:
    """A screw lying along x, head to the left; lengths in units."""

    line: Line
    material: Material
    head: str
    head_length: float
    head_radius: float
    radius: float
    shank: float
    pitch: float
    depth: float
    pointed: bool


class Screw(ObjectFamily):
    """A screw or bolt from the side."""

    name = "screw"
    object_name = "screw"
    actions = frozenset({"omit", "bend", "shift"})

    def design(self, rng: np.random.Generator) -> ScrewDesign:
        """Draw a bolt, a pan-head machine screw, or a pointed wood screw."""
        radius = float(rng.uniform(0.11, 0.17))
        head = str(rng.choice(["hex", "pan", "countersunk", "cylinder"]))
        pitch = radius * float(rng.uniform(0.42, 0.75))
        return ScrewDesign(
            line=design_line(rng, zoom=(0.76, 0.93), free_rotation=0.35, right_angles=False),
            material=metal(rng, (0, 1, 2, 5, 6)),
            head=head,
            head_length=radius * float(rng.uniform(1.1, 1.7)),
            head_radius=radius * float(rng.uniform(1.7, 2.1)),
            radius=radius,
            shank=float(rng.uniform(0.0, 0.5)),
            pitch=pitch,
            depth=min(0.25 * radius, 0.5 * pitch),
            pointed=head in ("countersunk", "pan") and bool(rng.random() < 0.6),
        )

    def draw(self, design: ScrewDesign, rng: np.random.Generator, size: tuple[int, int], edit: Edit | None) -> Drawing:
        """Draw the screw; its parts are the turns of the thread."""
        canvas, light = set_stage(design.line, rng, size, design.material.tone)
        grain = value_noise(rng, size, max(1.0, canvas.scale / 40), 2)
        roll = float(rng.random()) if design.line.angle_spread > 3 else 0.1 * float(rng.random())
        patch = canvas.patch()
        start = -1 + design.head_length + design.shank * (2 - design.head_length)
        turns = int((1.0 - start) / design.pitch) - 1
        factor = np.ones(turns + 4, dtype=np.float32)
        moved = np.zeros(turns + 4, dtype=np.float32)
        if edit is not None:
            self.edit_turns(edit, turns, factor, moved)
        half_width, turn = self.profile(design, patch, start, roll, factor, moved)
        ratio = np.clip(patch.y / np.maximum(half_width, np.float32(1e-3)), -1, 1)
        height = half_width * np.sqrt(1 - np.float32(0.985) * ratio * ratio)
        if design.head == "hex":
            height = np.where(patch.x < -1 + design.head_length, self.hex_head(design, patch), height).astype(
                np.float32
            )
        ends = np.abs(patch.x) - np.float32(1.0)
        alpha = patch.cover(np.maximum(np.abs(patch.y) - half_width, ends))
        patch.shadow(alpha, light.shadow_offset(design.radius * 0.9), 0.05, 0.55)
        paint = lit(height, patch.px, design.material, light)
        patch.blend(paint * (1 + np.float32(0.02) * grain)[..., None], alpha)
        threaded = (alpha > 0.5) & (patch.x > start)
        parts = tuple(threaded & (turn == k) for k in range(1, turns + 1))
        return Drawing(canvas, {"thread": parts})

    def edit_turns(self, edit: Edit, turns: int, factor: np.ndarray, moved: np.ndarray) -> None:
        """Flatten (omit), batter (bend) or displace (shift) one to three turns."""
        if edit.part >= turns:
            raise ImpossibleEditError
        touched = slice(edit.part + 1, edit.part + 2 + int(2 * edit.amount))
        if edit.action == "omit":
            factor[touched] = 0.0
        elif edit.action == "bend":
            factor[touched] = 0.6 - 0.6 * edit.amount
        else:
            moved[touched] = (0.25 + 0.2 * edit.amount) * (1 if math.cos(edit.direction) >= 0 else -1)

    def profile(
        self, design: ScrewDesign, patch: Patch, start: float, roll: float, factor: np.ndarray, moved: np.ndarray
    ) -> tuple[Field, np.ndarray]:
        """Half width of the outline seen at each pixel (units), and the turn of the thread there."""
        x, y = patch.x, patch.y
        around = np.arcsin(np.clip(y / np.float32(design.radius), -1, 1)) / np.float32(2 * math.pi)
        phase = (x - np.float32(start)) / np.float32(design.pitch) - around + np.float32(roll)
        turn = np.clip(np.floor(phase + np.float32(0.5)).astype(np.int32), 0, len(factor) - 1)
        offset = np.abs(phase - np.round(phase) - moved[turn])
        crest = np.clip(1.25 - np.float32(3.2) * np.abs(offset), 0, 1)
        core = np.float32(design.radius - design.depth)
        threaded = core + np.float32(design.depth) * crest * factor[turn] * smoothstep(start, start + design.pitch, x)
        radius: Field = np.where(x < start, np.float32(design.radius - 0.35 * design.depth), threaded)
        if design.pointed:
            radius = radius * np.clip((1 - x) / np.float32(0.32), 0, 1) ** np.float32(0.75)
        else:
            radius = radius - np.float32(design.radius * 0.35) * smoothstep(0.93, 1.0, x)
        along = (x + 1) / np.float32(design.head_length)
        if design.head == "countersunk":
            taper = np.clip(along, 0, 1)
            head: Field = np.float32(design.head_radius) + np.float32(design.radius - design.head_radius) * taper
        elif design.head == "pan":
            head = np.float32(design.head_radius) * np.clip(along * 2.2, 0.02, 1) ** np.float32(0.4)
        else:
            head = np.float32(design.head_radius) * (1 - np.float32(0.12) * smoothstep(0.15, 0.0, along))
        return np.where(along < 1, head, radius).astype(np.float32), turn

    def hex_head(self, design: ScrewDesign, patch: Patch) -> Field:
        """Height of a hexagonal head seen across its corners: one facet up, two to the sides."""
        across = np.abs(patch.y) / np.float32(design.head_radius)
        slope = np.float32(1.2) * np.maximum(across - np.float32(0.5), 0)
        return np.asarray(np.float32(design.head_radius) * (np.float32(0.87) - slope))


@dataclass(frozen=True)
class PlateDesign:
    """A plate with holes: half sizes in units, hole centres as (x, y)."""

    line: Line
    material: Material
    half_width: float
    half_height: float
    corner: float
    holes: tuple[tuple[float, float], ...]
    hole_radius: float
    spacing: float
    brushing: float


class PerforatedPlate(ObjectFamily):
    """A sheet-metal or plastic plate with a pattern of holes."""

    name = "perforated_plate"
    object_name = "perforated plate"
    actions = HOLE_ACTIONS

    def design(self, rng: np.random.Generator) -> PlateDesign:
        """Draw a plate with a grid or a ring of holes."""
        half_width, half_height = 1.0, float(rng.uniform(0.55, 1.0))
        if rng.random() < 0.7:
            columns = int(rng.integers(2, 7))
            spacing = 1.62 / columns
            rows = max(1, int(2 * half_height * 0.86 / spacing))
            stagger = 0.25 * spacing if rng.random() < 0.3 else 0.0
            holes = [
                ((c - (columns - 1) / 2) * spacing + stagger * (1 if r % 2 else -1), (r - (rows - 1) / 2) * spacing)
                for r in range(rows)
                for c in range(columns)
            ]
        else:
            count = int(rng.integers(4, 11))
            circle_radius = half_height * 0.62
            spacing = min(2 * math.pi * circle_radius / count, 0.5)
            turns = [2 * math.pi * k / count for k in range(count)]
            holes = [(circle_radius * math.cos(t), circle_radius * math.sin(t)) for t in turns] + [(0.0, 0.0)]
        paint = Material(random_colour(rng, (0.05, 0.55)), gloss=float(rng.uniform(0.1, 0.3)), sharpness=15.0)
        return PlateDesign(
            line=design_line(rng, zoom=(0.68, 0.86), free_rotation=0.25),
            material=metal(rng, (0, 1, 1, 2, 3, 5)) if rng.random() < 0.75 else paint,
            half_width=half_width,
            half_height=half_height,
            corner=float(rng.uniform(0.03, 0.25)),
            holes=tuple(holes),
            hole_radius=spacing * float(rng.uniform(0.2, 0.32)),
            spacing=spacing,
            brushing=float(rng.uniform(0.01, 0.05)),
        )

    def draw(self, design: PlateDesign, rng: np.random.Generator, size: tuple[int, int], edit: Edit | None) -> Drawing:
        """Draw the plate; its parts are the holes."""
        canvas, light = set_stage(design.line, rng, size, design.material.tone)
        patch = canvas.patch()
        brushed = streaks(rng, patch.y + np.float32(0.004) * patch.x + np.float32(rng.uniform(0, 5)), patch.px * 0.7)
        grain = value_noise(rng, size, max(1.0, canvas.scale / 3), 2)
        below = canvas.pixels.copy()
        outer = rounded_box(patch.x, patch.y, design.half_width, design.half_height, design.corner)
        alpha = patch.cover(outer)
        patch.shadow(alpha, light.shadow_offset(0.07), 0.04, 0.5)
        paint = lit(bevelled(outer, 0.025, 0.02), patch.px, design.material, light)
        texture = np.float32(design.brushing) * brushed + np.float32(0.025) * grain
        patch.blend(paint * (1 + texture)[..., None], alpha)
        edge = 1.3 * design.hole_radius
        leeway = Leeway(
            step=0.5 * design.spacing,
            allowed=HOLE_ACTIONS,
            fits=lambda x, y: abs(x) < design.half_width - edge and abs(y) < design.half_height - edge,
            gap=2.2 * design.hole_radius,
        )
        holes = edited([Placement(x, y) for x, y in design.holes], edit, leeway)
        masks = tuple(
            punch(canvas.patch(hole, design.hole_radius * 1.5), design.hole_radius, below, light) for hole in holes
        )
        return Drawing(canvas, {"hole": masks})
