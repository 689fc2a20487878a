"""Assembled circuit boards in colour: traces under solder mask, pads, components, printed legend."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from data_builders.sources.objects.board_scans import Plotter
from data_builders.sources.objects.drawing import (
    Canvas,
    Colour,
    Field,
    Placement,
    blurred,
    circle,
    rounded_box,
    smoothstep,
)
from data_builders.sources.objects.electronics import print_text
from data_builders.sources.objects.family import ACTIONS, Drawing, Leeway, ObjectFamily, edited
from data_builders.sources.objects.metal_bodies import bevelled
from data_builders.sources.objects.routing import Node, Trace, route, to_units
from data_builders.sources.objects.shading import METALS, Light, Material, hue_colour, lit, random_colour, value_noise
from data_builders.sources.objects.stage import Line, design_line, set_stage
from data_builders.sources.objects.turned import punch
from data_builders.types import Edit, Mask

FOOTPRINTS: dict[str, tuple[float, float]] = {
    "resistor": (0.11, 0.055),
    "capacitor": (0.10, 0.06),
    "chip": (0.26, 0.2),
    "can": (0.15, 0.15),
    "diode": (0.1, 0.06),
}
"""Half width and half height of each component in units."""


@dataclass(frozen=True)
class Component:
    """A part on the board: kind, place, orientation in quarter turns, its printed name and colour."""

    kind: str
    x: float
    y: float
    quarter: int
    label: str
    colour: Colour


@dataclass(frozen=True)
class BoardDesign:
    """A board of half sizes 1 x ``half_height`` with its layout."""

    line: Line
    mask_colour: Colour
    half_height: float
    traces: tuple[Trace, ...]
    trace_width: float
    components: tuple[Component, ...]
    pads: tuple[tuple[float, float], ...]
    pad_radius: float
    metal: Colour
    mounting: float
    legend: Colour


def component_colour(kind: str, rng: np.random.Generator) -> Colour:
    """Body colour by kind."""
    if kind == "capacitor":
        return hue_colour(0.08, float(rng.uniform(0.3, 0.55)), float(rng.uniform(0.5, 0.75)))
    if kind == "diode":
        return random_colour(rng, (0.5, 0.9), (0.6, 0.95))
    return hue_colour(0.6, 0.05, float(rng.uniform(0.09, 0.17)))


def place_components(rng: np.random.Generator, half_height: float, wanted: int) -> list[Component]:
    """Components side by side without touching."""
    placed: list[Component] = []
    boxes: list[tuple[float, float, float, float]] = []
    for _ in range(wanted * 6):
        if len(placed) == wanted:
            break
        kind = str(rng.choice(list(FOOTPRINTS), p=[0.36, 0.27, 0.15, 0.1, 0.12]))
        quarter = int(rng.integers(0, 2))
        half = FOOTPRINTS[kind] if quarter == 0 else FOOTPRINTS[kind][::-1]
        x = float(np.round(rng.uniform(half[0] - 0.86, 0.86 - half[0]) / 0.05) * 0.05)
        y = float(np.round(rng.uniform(half[1] + 0.14 - half_height, half_height - 0.14 - half[1]) / 0.05) * 0.05)
        if any(abs(x - bx) < half[0] + bw + 0.07 and abs(y - by) < half[1] + bh + 0.07 for bx, by, bw, bh in boxes):
            continue
        boxes.append((x, y, half[0], half[1]))
        label = {"resistor": "R", "capacitor": "C", "chip": "U", "can": "C", "diode": "D"}[kind] + str(
            int(rng.integers(1, 60))
        )
        placed.append(Component(kind, x, y, quarter, label, component_colour(kind, rng)))
    return placed


class CircuitBoard(ObjectFamily):
    """An assembled printed circuit board from above."""

    name = "circuit_board"
    object_name = "printed circuit board"
    actions = ACTIONS - {"bend"}

    def design(self, rng: np.random.Generator) -> BoardDesign:
        """Draw a board."""
        half_height = float(rng.uniform(0.6, 1.0))
        components = place_components(rng, half_height, int(rng.integers(6, 15)))
        grid = int(rng.integers(18, 30))
        blocked: set[Node] = set()
        for i in range(grid):
            for j in range(grid):
                x, y = to_units(i, grid), to_units(j, grid)
                if abs(x) > 0.93 or abs(y) > half_height - 0.06:
                    blocked.add((i, j))
        traces = route(rng, grid, int(grid * rng.uniform(1.0, 1.6)), blocked)
        ends = [end for trace in traces for end in (trace[0], trace[-1])]
        free = [
            end
            for end in ends
            if all(abs(end[0] - c.x) > 0.2 + 0.08 * (c.kind == "chip") or abs(end[1] - c.y) > 0.2 for c in components)
        ]
        hue = float(rng.choice([0.36, 0.38, 0.33, 0.6, 0.0, 0.12, 0.7]))
        return BoardDesign(
            line=design_line(rng, zoom=(0.78, 0.95) if rng.random() < 0.6 else (1.2, 1.6), free_rotation=0.08),
            mask_colour=hue_colour(hue, float(rng.uniform(0.55, 0.9)), float(rng.uniform(0.16, 0.48))),
            half_height=half_height,
            traces=traces,
            trace_width=0.9 / grid * float(rng.uniform(0.4, 0.8)),
            components=tuple(components),
            pads=tuple(free),
            pad_radius=0.72 / grid,
            metal=METALS[int(rng.choice([0, 2, 5]))],
            mounting=float(rng.choice([0.0, 0.055, 0.07])),
            legend=(0.92, 0.92, 0.9),
        )

    def draw(self, design: BoardDesign, rng: np.random.Generator, size: tuple[int, int], edit: Edit | None) -> Drawing:
        """Draw the board; its parts are components, then pads, then mounting holes."""
        canvas, light = set_stage(design.line, rng, size)
        weave = value_noise(rng, size, max(1.0, canvas.scale / 60), 2)
        slack = rng.normal(0, (0.006, 0.006, 0.02), size=(len(design.components), 3)).tolist()
        below = canvas.pixels.copy()
        self.draw_substrate(design, canvas, weave, light)
        pads = [Placement(x, y) for x, y in design.pads]
        count = len(design.components)
        step = 2.2 * design.pad_radius
        inside = self.inside(design)
        new_pads = edited(pads, edit, Leeway(step, self.actions - {"rotate"}, inside, gap=step), first=count)
        pad_masks = tuple(self.draw_pad(canvas, pad, design, light) for pad in new_pads)
        for part in design.components:
            self.draw_lands(canvas, part, design, light)
        places = [
            Placement(c.x + slack[k][0], c.y + slack[k][1], c.quarter * math.pi / 2 + slack[k][2], seed=k)
            for k, c in enumerate(design.components)
        ]
        placed = edited(places, edit, Leeway(0.12, self.actions, inside, turn=1.0, gap=0.1))
        bodies = tuple(self.draw_component(canvas, at, design, light) for at in placed)
        mounts = [Placement(sx * 0.9, sy * (design.half_height - 0.1)) for sx in (-1, 1) for sy in (-1, 1)]
        mounts = mounts if design.mounting else []
        first = count + len(pads)
        new_mounts = edited(mounts, edit, Leeway(0.1, frozenset({"omit", "shift"})), first)
        holes = tuple(punch(canvas.patch(m, design.mounting * 1.6), design.mounting, below, light) for m in new_mounts)
        parts = {"component": bodies, "pad": pad_masks, "mounting hole": holes}
        return Drawing(canvas, {name: masks for name, masks in parts.items() if masks})

    def inside(self, design: BoardDesign) -> Callable[[float, float], bool]:
        """Predicate: a place well within the board."""
        return lambda x, y: abs(x) < 0.85 and abs(y) < design.half_height - 0.12

    def draw_substrate(self, design: BoardDesign, canvas: Canvas, weave: Field, light: Light) -> None:
        """Laminate, copper under the solder mask, printed frames and names."""
        patch = canvas.patch()
        outer = rounded_box(patch.x, patch.y, 1.0, design.half_height, 0.03)
        alpha = patch.cover(outer)
        patch.shadow(alpha, light.shadow_offset(0.06), 0.04, 0.5)
        plot = Plotter(canvas, 1)
        for trace in design.traces:
            plot.line(trace, design.trace_width, 255)
        copper = blurred(plot.image.astype(np.float32) / np.float32(255), 0.6)
        base = np.asarray(design.mask_colour, dtype=np.float32)
        lighter = base * np.float32(1.25) + np.float32(0.05)
        albedo = base + (lighter - base) * copper[..., None]
        height = np.float32(0.008) * copper + bevelled(outer, 0.015, 0.02)
        paint = lit(
            height, patch.px, Material((1.0, 1.0, 1.0), gloss=0.12, sharpness=20.0), light, albedo.astype(np.float32)
        )
        patch.blend(paint * (1 + np.float32(0.02) * weave)[..., None], alpha)
        for part in design.components:
            half = FOOTPRINTS[part.kind]
            local = canvas.patch(Placement(part.x, part.y, part.quarter * np.pi / 2), max(half) + 0.1)
            frame = np.abs(rounded_box(local.x, local.y, half[0] + 0.035, half[1] + 0.035, 0.02)) - np.float32(0.006)
            local.blend(design.legend, local.cover(frame) * np.float32(0.8))
            print_text(
                canvas, part.label, (part.x, part.y - half[part.quarter % 2 == 0] - 0.085), 0.075, 0.2, design.legend
            )

    def draw_pad(self, canvas: Canvas, at: Placement, design: BoardDesign, light: Light) -> Mask:
        """A plated ring with its drill hole."""
        local = canvas.patch(at, design.pad_radius * 1.6)
        outer = circle(local.x, local.y, design.pad_radius)
        metal = lit(
            bevelled(outer, design.pad_radius * 0.5, 0.012),
            local.px,
            Material(design.metal, metal=0.8, gloss=0.25),
            light,
        )
        alpha = local.cover(outer)
        local.blend(metal, alpha)
        local.blend((0.05, 0.05, 0.05), local.cover(outer + np.float32(design.pad_radius * 0.52)))
        return local.mask(alpha)

    def draw_lands(self, canvas: Canvas, part: Component, design: BoardDesign, light: Light) -> None:
        """The solder lands a component sits on; they show when it is missing."""
        half = FOOTPRINTS[part.kind]
        local = canvas.patch(Placement(part.x, part.y, part.quarter * np.pi / 2), max(half) + 0.08)
        if part.kind == "chip":
            rows = np.abs(np.abs(local.y) - np.float32(half[1] - 0.01)) - np.float32(0.035)
            distance = np.maximum(rows, np.maximum(np.abs(local.x) - np.float32(half[0]), tooth_distance(local.x)))
        else:
            distance = rounded_box(
                np.abs(local.x) - np.float32(half[0] * 0.8), local.y, half[0] * 0.3, half[1] * 0.95, 0.01
            )
        metal = lit(bevelled(distance, 0.02, 0.015), local.px, Material(design.metal, metal=0.6, gloss=0.3), light)
        local.blend(metal, local.cover(distance))

    def draw_component(self, canvas: Canvas, at: Placement, design: BoardDesign, light: Light) -> Mask:
        """The body of a component with its terminals and marking."""
        part = design.components[at.seed]
        half = FOOTPRINTS[part.kind]
        local = canvas.patch(at, max(half) + 0.12)
        material = Material(part.colour, gloss=0.2, sharpness=18.0)
        tin = Material(METALS[0], metal=0.7, gloss=0.3)
        if part.kind == "can":
            body = circle(local.x, local.y, half[0])
            alpha = local.cover(body)
            local.shadow(alpha, light.shadow_offset(0.1), 0.03, 0.5)
            local.blend(lit(bevelled(body, 0.04, 0.05), local.px, tin, light), alpha)
            local.blend((0.08, 0.08, 0.1), alpha * smoothstep(0.08, 0.09, local.x))
            return local.mask(alpha)
        chip = part.kind == "chip"
        body = rounded_box(
            local.x, local.y, half[0] * (1.0 if chip else 0.95), half[1] * (0.78 if chip else 0.8), 0.008
        )
        alpha = local.cover(body)
        if part.kind == "chip":
            ends = np.maximum(np.abs(local.y) - np.float32(half[1] + 0.01), np.abs(local.x) - np.float32(half[0]))
            legs = np.maximum(ends, tooth_distance(local.x))
            local.blend(lit(bevelled(legs, 0.015, 0.02), local.px, tin, light), local.cover(legs))
        local.shadow(alpha, light.shadow_offset(0.05), 0.02, 0.5)
        local.blend(lit(bevelled(body, 0.02, 0.02), local.px, material, light), alpha)
        if part.kind == "chip":
            dot = circle(local.x + np.float32(0.8 * half[0]), local.y - np.float32(0.5 * half[1]), 0.02)
            local.blend((0.5, 0.5, 0.5), local.cover(dot) * np.float32(0.6))
        else:
            caps = np.maximum(body, np.float32(0.62 * half[0]) - np.abs(local.x))
            local.blend(lit(bevelled(body, 0.02, 0.02), local.px, tin, light), local.cover(caps))
        if part.kind in ("chip", "resistor"):
            mark_component(canvas, at, part.label[1:] if part.kind == "resistor" else part.label)
        return local.mask(alpha)


def mark_component(canvas: Canvas, at: Placement, text: str) -> None:
    """Print a short code on the body of a component."""
    for k, character in enumerate(text):
        shift = (k - (len(text) - 1) / 2) * 0.05
        place = Placement(at.x + shift * math.cos(at.angle), at.y + shift * math.sin(at.angle), at.angle)
        local = canvas.patch(place, 0.06)
        local.blend((0.85, 0.85, 0.82), local.glyph(character, 0.055) * np.float32(0.8))


def tooth_distance(x: Field) -> Field:
    """Signed distance of legs 0.065 apart along x."""
    return np.abs((x / np.float32(0.065)) % 1 - np.float32(0.5)) * np.float32(0.065) - np.float32(0.016)
