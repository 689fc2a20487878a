"""Chips in packages with legs, and connectors with rows of pins."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from data_builders.sources.objects.drawing import (
    Canvas,
    Colour,
    Field,
    Placement,
    circle,
    rounded_box,
    smoothstep,
)
from data_builders.sources.objects.family import ACTIONS, Drawing, Leeway, ObjectFamily, edited
from data_builders.sources.objects.metal_bodies import bevelled
from data_builders.sources.objects.shading import (
    METALS,
    Light,
    Material,
    hue_colour,
    lit,
    random_colour,
    value_noise,
    varied,
)
from data_builders.sources.objects.stage import Line, design_line, set_stage
from data_builders.types import Edit, Mask

LETTERS = "ABCDEFGHKLMNPRSTUVXZ0123456789"


def bent(x: Field, y: Field, bend: float, length: float) -> Field:
    """The coordinate across a part along x from 0 to ``length``, after bending it sideways."""
    along = np.clip(x / np.float32(length), 0, 1.3)
    return y - np.float32(bend * 0.35 * length) * along * along


def along_side(edit: Edit | None, legs: list[Placement]) -> Edit | None:
    """The edit with its direction turned along the side of the body its leg is on: legs stay attached."""
    if edit is None or edit.part >= len(legs):
        return edit
    sign = 1 if math.cos(edit.direction) >= 0 else -1
    return replace(edit, direction=legs[edit.part].angle + sign * math.pi / 2)


def print_text(canvas: Canvas, text: str, at: tuple[float, float], height: float, width: float, colour: Colour) -> None:
    """Print a line of text centred at ``at`` (object units), no wider than ``width``."""
    step = min(0.85 * height, width / max(1, len(text)))
    for index, character in enumerate(text):
        local = canvas.patch(Placement(at[0] + (index - (len(text) - 1) / 2) * step, at[1]), height)
        local.blend(colour, local.glyph(character, min(height, 1.3 * step), 0, 2) * np.float32(0.8))


@dataclass(frozen=True)
class ChipDesign:
    """A package: half sizes of the body, legs a side, their pitch and size in units."""

    line: Line
    body: Colour
    half_width: float
    half_height: float
    four_sided: bool
    legs: int
    pitch: float
    leg_width: float
    leg_length: float
    lines: tuple[str, ...]
    ink: Colour
    marker: str


class Chip(ObjectFamily):
    """An integrated circuit in a moulded package, from above."""

    name = "chip"
    object_name = "integrated circuit"
    actions = ACTIONS - {"rotate"}

    def design(self, rng: np.random.Generator) -> ChipDesign:
        """Draw a dual or quad package."""
        quad = bool(rng.random() < 0.45)
        half_width = 0.74 if quad else 0.95
        half_height = 0.74 if quad else float(rng.uniform(0.36, 0.6))
        legs = int(rng.integers(6, 16)) if quad else int(rng.integers(4, 12))
        pitch = 1.75 * half_width / legs
        code = [
            "".join(rng.choice(list(LETTERS), size=int(rng.integers(4, 9)))) for _ in range(int(rng.integers(1, 4)))
        ]
        return ChipDesign(
            line=design_line(rng, zoom=(0.72, 0.9), free_rotation=0.1),
            body=hue_colour(float(rng.random()), float(rng.uniform(0, 0.15)), float(rng.uniform(0.1, 0.24))),
            half_width=half_width,
            half_height=half_height,
            four_sided=quad,
            legs=legs,
            pitch=pitch,
            leg_width=pitch * float(rng.uniform(0.2, 0.28)),
            leg_length=0.22 if quad else float(rng.uniform(0.2, 0.3)),
            lines=tuple(code),
            ink=hue_colour(0.12, float(rng.uniform(0, 0.2)), float(rng.uniform(0.55, 0.85))),
            marker=str(rng.choice(["dot", "notch", "dot"])),
        )

    def draw(self, design: ChipDesign, rng: np.random.Generator, size: tuple[int, int], edit: Edit | None) -> Drawing:
        """Draw the chip; its parts are the legs."""
        canvas, light = set_stage(design.line, rng, size, sum(design.body) / 3)
        grain = value_noise(rng, size, max(1.0, canvas.scale / 70), 2)
        cloud = value_noise(rng, size, canvas.scale / 2)
        legs = self.legs(design)
        sideways = edit if edit is not None and edit.action == "bend" else along_side(edit, legs)
        changed = edited(legs, sideways, Leeway(design.pitch * 0.5, self.actions, gap=0.4 * design.pitch))
        masks = tuple(self.draw_leg(canvas, leg, design, light) for leg in changed)
        patch = canvas.patch()
        outer = rounded_box(patch.x, patch.y, design.half_width, design.half_height, 0.03)
        height = bevelled(outer, 0.06, 0.07)
        if design.marker == "dot":
            at = (0.15 - design.half_width, design.half_height - 0.15)
            dimple = circle(patch.x - np.float32(at[0]), patch.y - np.float32(at[1]), 0.055)
        else:
            dimple = circle(patch.x + np.float32(design.half_width), patch.y, 0.1)
        height -= np.float32(0.03) * smoothstep(0.015, -0.015, dimple)
        alpha = patch.cover(outer)
        patch.shadow(alpha, light.shadow_offset(0.12), 0.05, 0.45)
        paint = lit(height, patch.px, Material(design.body, gloss=0.10, sharpness=9.0), light)
        patch.blend(paint * (1 + np.float32(0.06) * grain + np.float32(0.03) * cloud)[..., None], alpha)
        space = 1.3 * design.half_height / max(1, len(design.lines))
        for row, text in enumerate(design.lines):
            y = (row - (len(design.lines) - 1) / 2) * space
            print_text(canvas, text, (0.06, y), min(0.6 * space, 0.3), 1.5 * design.half_width, design.ink)
        return Drawing(canvas, {"leg": masks})

    def legs(self, design: ChipDesign) -> list[Placement]:
        """Where each leg leaves the body, pointing outwards."""
        offsets = [(k - (design.legs - 1) / 2) * design.pitch for k in range(design.legs)]
        legs = [Placement(u, design.half_height - 0.02, math.pi / 2) for u in offsets]
        legs += [Placement(u, 0.02 - design.half_height, -math.pi / 2) for u in offsets]
        if design.four_sided:
            legs += [Placement(design.half_width - 0.02, u, 0.0) for u in offsets]
            legs += [Placement(0.02 - design.half_width, u, math.pi) for u in offsets]
        return legs

    def draw_leg(self, canvas: Canvas, leg: Placement, design: ChipDesign, light: Light) -> Mask:
        """One gull-wing leg: shoulder, slope, foot."""
        local = canvas.patch(leg, design.leg_length * 1.7)
        across = bent(local.x, local.y, leg.bend, design.leg_length)
        middle = design.leg_length / 2
        distance = rounded_box(local.x - np.float32(middle), across, middle, design.leg_width, 0.01)
        along = local.x / np.float32(design.leg_length)
        height = np.float32(0.09) * smoothstep(0.75, 0.25, along) + bevelled(distance, design.leg_width * 0.8, 0.02)
        alpha = local.cover(distance)
        local.shadow(alpha, light.shadow_offset(0.05), 0.02, 0.4)
        local.blend(lit(height, local.px, Material(METALS[0], metal=0.9, gloss=0.3, overhead=0.75), light), alpha)
        return local.mask(alpha)


@dataclass(frozen=True)
class ConnectorDesign:
    """A housing with rows of contacts, seen from the mating side."""

    line: Line
    housing: Colour
    half_width: float
    half_height: float
    columns: int
    rows: int
    pitch: float
    pin: float
    contact: str
    metal: Colour
    keys: tuple[float, ...]
    flange: bool


class Connector(ObjectFamily):
    """A plug or header with rows of pins."""

    name = "connector"
    object_name = "connector"
    actions = ACTIONS - {"rotate"}

    def design(self, rng: np.random.Generator) -> ConnectorDesign:
        """Draw a connector with pins or sockets."""
        rows = int(rng.integers(1, 4))
        columns = int(rng.integers(4, 13))
        half_width = 0.95
        pitch = min(1.66 / columns, 0.36)
        half_width = max(0.5, pitch * columns / 2 + 0.14)
        half_height = pitch * rows / 2 + float(rng.uniform(0.12, 0.18))
        housing = (
            random_colour(rng, (0.3, 0.8), (0.4, 0.8))
            if rng.random() < 0.5
            else hue_colour(0.1, 0.08, float(rng.choice([0.13, 0.2, 0.85])))
        )
        return ConnectorDesign(
            line=design_line(rng, zoom=(0.78, 0.93), free_rotation=0.1),
            housing=housing,
            half_width=half_width,
            half_height=half_height,
            columns=columns,
            rows=rows,
            pitch=pitch,
            pin=pitch * float(rng.uniform(0.2, 0.27)),
            contact=str(rng.choice(["pin", "pin", "socket"])),
            metal=METALS[int(rng.choice([0, 2, 2]))],
            keys=tuple(float(k) for k in rng.uniform(-0.7, 0.7, size=int(rng.integers(1, 3)))),
            flange=bool(rng.random() < 0.4),
        )

    def draw(
        self, design: ConnectorDesign, rng: np.random.Generator, size: tuple[int, int], edit: Edit | None
    ) -> Drawing:
        """Draw the connector; its parts are the contacts."""
        canvas, light = set_stage(design.line, rng, size, sum(design.housing) / 3)
        patch = canvas.patch()
        grain = value_noise(rng, size, max(1.0, canvas.scale / 50), 2)
        seeds = rng.integers(0, 1000, size=design.rows * design.columns)
        slack = rng.normal(0, 0.012 * design.pitch, size=(design.rows * design.columns, 2))
        outer = rounded_box(patch.x, patch.y, design.half_width, design.half_height, 0.05)
        if design.flange:
            outer = np.minimum(outer, rounded_box(patch.x, patch.y, 1.0, design.half_height * 0.6, 0.08))
        for key in design.keys:
            notch = rounded_box(
                patch.x - np.float32(key * design.half_width), patch.y + np.float32(design.half_height), 0.05, 0.05
            )
            outer = np.maximum(outer, -notch)
        well = rounded_box(patch.x, patch.y, design.half_width - 0.07, design.half_height - 0.07, 0.03)
        height = bevelled(outer, 0.03, 0.03) - np.float32(0.1) * smoothstep(0.015, -0.015, well)
        alpha = patch.cover(outer)
        patch.shadow(alpha, light.shadow_offset(0.16), 0.05, 0.5)
        paint = lit(height, patch.px, Material(varied(rng, design.housing, 0.01), gloss=0.15, sharpness=14.0), light)
        floor = 1 - np.float32(0.35) * smoothstep(0.0, -0.05, well)
        patch.blend(paint * (floor * (1 + np.float32(0.015) * grain))[..., None], alpha)
        contacts = [
            Placement(
                (c - (design.columns - 1) / 2) * design.pitch + float(slack[r * design.columns + c, 0]),
                (r - (design.rows - 1) / 2) * design.pitch + float(slack[r * design.columns + c, 1]),
                seed=int(seeds[r * design.columns + c]),
            )
            for r in range(design.rows)
            for c in range(design.columns)
        ]
        leeway = Leeway(
            step=design.pitch * 0.5,
            allowed=self.actions,
            fits=lambda x, y: abs(x) < design.half_width - 0.1 and abs(y) < design.half_height - 0.1,
            gap=0.0,
        )
        changed = edited(contacts, edit, leeway)
        return Drawing(canvas, {"pin": tuple(self.draw_contact(canvas, contact, design, light) for contact in changed)})

    def draw_contact(self, canvas: Canvas, at: Placement, design: ConnectorDesign, light: Light) -> Mask:
        """A square pin with its dark foot, or a socket with a metal lining; a bent pin leans over."""
        local = canvas.patch(at, design.pitch * 1.3)
        tone = 1 + 0.05 * math.sin(at.seed)
        colour: Colour = (design.metal[0] * tone, design.metal[1] * tone, design.metal[2] * tone)
        material = Material(colour, metal=0.9, gloss=0.45, sharpness=20.0, overhead=0.8)
        foot = rounded_box(local.x, local.y, design.pin * 1.35, design.pin * 1.35, 0.01)
        local.multiply(1 - np.float32(0.55) * local.cover(foot))
        if design.contact == "socket":
            rim = bevelled(foot, design.pin * 0.3, 0.02)
            lining = local.cover(foot)
            local.blend(lit(rim, local.px, material, light), lining)
            local.blend(
                (0.03, 0.03, 0.035), local.cover(rounded_box(local.x, local.y, design.pin, design.pin * 0.8, 0.01))
            )
            return local.mask(lining)
        lean = at.bend * design.pitch * 0.8
        ratio = np.clip(local.x / np.float32(lean), 0, 1) if abs(lean) > 1e-6 else np.zeros_like(local.x)
        tip = rounded_box(
            local.x - ratio * np.float32(lean), local.y - ratio * np.float32(0.4 * lean), design.pin, design.pin, 0.01
        )
        height = bevelled(tip, design.pin * 0.7, design.pin * 0.7)
        alpha = local.cover(tip)
        local.shadow(alpha, light.shadow_offset(0.05), 0.015, 0.5)
        local.blend(lit(height, local.px, material, light), alpha)
        return local.mask(alpha)
