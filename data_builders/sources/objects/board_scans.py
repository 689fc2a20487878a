"""Bare circuit boards as an inspection scanner thresholds them: copper white, gaps black, nothing else.

Edits of a trace, at the place along it that ``direction`` / 2 pi tells:
omit - a gap (open circuit), longer with ``amount``; bend - a hole inside the copper (pin hole) below amount 0.5, a bite
at its edge (mouse bite) above; extra - a stub (spur) below 0.5, a bridge to the next copper (short) above.
Edits of a pad: omit, shift, extra (spurious copper elsewhere), bend (a bite).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import UInt8

from data_builders.sources.objects.drawing import Canvas, Placement, blurred
from data_builders.sources.objects.family import ACTIONS, Drawing, ImpossibleEditError, Leeway, ObjectFamily, edited
from data_builders.sources.objects.routing import Trace, point_on, route
from data_builders.sources.objects.shading import value_noise
from data_builders.types import Edit, Mask

Copper = UInt8[np.ndarray, "rows columns"]
Point = tuple[float, float]
SUPERSAMPLING = 2
FIXED_POINT_BITS = 4


@dataclass(frozen=True)
class ScanDesign:
    """A layout: traces and pads (x, y, radius, drill radius) in units; copper white or black."""

    traces: tuple[Trace, ...]
    pads: tuple[tuple[float, float, float, float], ...]
    width: float
    pitch: float
    zoom: float
    copper_white: bool
    roughness: float
    angle_spread: float


class Plotter:
    """Draws copper on an image ``factor`` times the picture, in the pose of a canvas."""

    def __init__(self, canvas: Canvas, factor: int) -> None:
        height, width = canvas.covered.shape
        self.image: Copper = np.zeros((height * factor, width * factor), dtype=np.uint8)
        self.scale = canvas.scale * factor
        self.centre = (canvas.centre[0] * factor - 0.5, canvas.centre[1] * factor - 0.5)
        self.cos, self.sin = math.cos(canvas.angle), math.sin(canvas.angle)

    def pixel(self, point: Point) -> Point:
        """Column and row of a point given in units."""
        return (
            self.centre[0] + self.scale * (self.cos * point[0] - self.sin * point[1]),
            self.centre[1] + self.scale * (self.sin * point[0] + self.cos * point[1]),
        )

    def line(self, points: Trace, width: float, value: int) -> None:
        """A polyline with round joints."""
        fixed = np.round(np.asarray([self.pixel(p) for p in points]) * (1 << FIXED_POINT_BITS)).astype(np.int32)
        thickness = max(1, round(width * self.scale))
        cv2.polylines(self.image, [fixed], False, value, thickness, cv2.LINE_8, FIXED_POINT_BITS)

    def disc(self, point: Point, radius: float, value: int) -> None:
        """A filled circle."""
        column, row = (round(part * (1 << FIXED_POINT_BITS)) for part in self.pixel(point))
        fixed = max(1, round(radius * self.scale * (1 << FIXED_POINT_BITS)))
        cv2.circle(self.image, (column, row), fixed, value, -1, cv2.LINE_8, FIXED_POINT_BITS)

    def value_at(self, point: Point) -> int:
        """What is drawn at a point; -1 outside the image."""
        column, row = (round(part) for part in self.pixel(point))
        inside = 0 <= row < self.image.shape[0] and 0 <= column < self.image.shape[1]
        return int(self.image[row, column]) if inside else -1


class BoardScan(ObjectFamily):
    """A thresholded scan of a bare circuit board; the board fills the picture."""

    name = "board_scan"
    object_name = "bare circuit board"
    actions = ACTIONS - {"rotate"}

    def design(self, rng: np.random.Generator) -> ScanDesign:
        """Draw a layout."""
        grid = int(rng.integers(11, 24))
        pitch = 2 / grid
        traces = route(rng, grid, wanted=int(grid * rng.uniform(1.2, 2.4)))
        width = pitch * float(rng.uniform(0.26, 0.42))
        pads = []
        for trace in traces:
            for end in (trace[0], trace[-1]):
                if rng.random() < 0.8:
                    radius = pitch * float(rng.choice([0.34, 0.4]))
                    pads.append((end[0], end[1], radius, radius * 0.45 if rng.random() < 0.5 else 0.0))
        return ScanDesign(
            traces=traces,
            pads=tuple(pads),
            width=width,
            pitch=pitch,
            zoom=float(rng.uniform(1.0, 1.3)),
            copper_white=bool(rng.random() < 0.75),
            roughness=float(rng.uniform(0.02, 0.08)),
            angle_spread=float(rng.uniform(0.0, 0.012)),
        )

    def draw(self, design: ScanDesign, rng: np.random.Generator, size: tuple[int, int], edit: Edit | None) -> Drawing:
        """Draw the scan; its parts are traces, then pads."""
        height, width = size
        shift = rng.normal(0, 0.004, size=2) * max(size)
        canvas = Canvas(
            pixels=np.zeros((height, width, 3), dtype=np.float32),
            scale=0.5 * max(size) * design.zoom,
            centre=(width / 2 + float(shift[0]), height / 2 + float(shift[1])),
            angle=design.angle_spread * float(rng.uniform(-1, 1)),
        )
        ragged = value_noise(rng, size, max(1.2, canvas.scale * design.width / 5), 2)
        pads = [Placement(x, y, seed=index) for index, (x, y, _, _) in enumerate(design.pads)]
        leeway = Leeway(design.pitch, self.actions, gap=0.8 * design.pitch)
        changed = edited(pads, edit, leeway, first=len(design.traces))
        plot = self.plot(design, canvas, changed, edit)
        shrunk = cv2.resize(plot.image, (width, height), interpolation=cv2.INTER_AREA)
        coverage = blurred(shrunk.astype(np.float32) / np.float32(255), 0.7)
        copper = coverage + np.float32(design.roughness) * ragged > np.float32(0.5)
        canvas.pixels[...] = (copper == design.copper_white)[..., None]
        canvas.covered[...] = True
        if edit is not None:
            return Drawing(canvas)
        return Drawing(canvas, self.masks(design, canvas, copper))

    def plot(self, design: ScanDesign, canvas: Canvas, pads: list[Placement], edit: Edit | None) -> Plotter:
        """All copper, the edited trace first so that damage to it spares its neighbours."""
        plot = Plotter(canvas, SUPERSAMPLING)
        chosen = edit.part if edit is not None and edit.part < len(design.traces) else -1
        if edit is not None and chosen >= 0:
            plot.line(design.traces[chosen], design.width, 255)
            if edit.action in ("omit", "bend"):
                self.remove_copper(design, plot, design.traces[chosen], edit)
        for index, trace in enumerate(design.traces):
            if index != chosen:
                plot.line(trace, design.width, 255)
        for pad in pads:
            self.draw_pad(design, plot, pad)
        if edit is not None and chosen >= 0 and edit.action not in ("omit", "bend"):
            self.add_copper(design, plot, design.traces[chosen], edit)
        return plot

    def draw_pad(self, design: ScanDesign, plot: Plotter, pad: Placement) -> None:
        """A round pad, its drill, and a bite when bent."""
        _, _, radius, drill = design.pads[pad.seed]
        plot.disc((pad.x, pad.y), radius, 255)
        if drill:
            plot.disc((pad.x, pad.y), drill, 0)
        if pad.bend:
            turn = pad.bend * math.pi
            plot.disc(
                (pad.x + radius * math.cos(turn), pad.y + radius * math.sin(turn)), radius * 0.6 * abs(pad.bend), 0
            )

    def place(self, plot: Plotter, trace: Trace, edit: Edit) -> tuple[Point, Point]:
        """Point and direction where the edit lies: in view, and away from the pads at the trace's ends.

        Raises:
            ImpossibleEditError: when only the ends show.
        """
        wanted = (edit.direction / (2 * math.pi)) % 1.0
        for step in range(8):
            point, direction = point_on(trace, 0.22 + 0.56 * ((wanted + 0.125 * step) % 1.0))
            if plot.value_at(point) >= 0:
                return point, direction
        raise ImpossibleEditError

    def remove_copper(self, design: ScanDesign, plot: Plotter, trace: Trace, edit: Edit) -> None:
        """Open circuit, pin hole or mouse bite."""
        (x, y), (dx, dy) = self.place(plot, trace, edit)
        width = design.width
        if edit.action == "omit":
            half = width * (0.45 + 1.1 * edit.amount)
            plot.line(((x - half * dx, y - half * dy), (x + half * dx, y + half * dy)), width * 1.5, 0)
        elif edit.amount < 0.5:
            plot.disc((x, y), width * (0.2 + 0.3 * edit.amount), 0)
        else:
            side = 0.5 * width * (1 if math.cos(5 * edit.direction) >= 0 else -1)
            plot.disc((x - side * dy, y + side * dx), width * (0.15 + 0.45 * edit.amount), 0)

    def add_copper(self, design: ScanDesign, plot: Plotter, trace: Trace, edit: Edit) -> None:
        """Spur, or a short to the nearest copper beside the trace.

        Raises:
            ImpossibleEditError: when there is no copper within two pitches, or the action makes no sense for a trace.
        """
        if edit.action != "extra":
            raise ImpossibleEditError
        (x, y), (dx, dy) = self.place(plot, trace, edit)
        first = 1 if math.cos(5 * edit.direction) >= 0 else -1
        width = design.width
        if edit.amount < 0.5:
            length = width * (0.9 + 1.2 * edit.amount)
            plot.line(((x, y), (x - first * dy * length, y + first * dx * length)), width * 0.55, 255)
            return
        for side in (first, -first):
            for step in np.arange(0.9 * width, 2 * design.pitch, 0.15 * width):
                there = (x - side * dy * float(step), y + side * dx * float(step))
                if plot.value_at(there) == 255:
                    plot.line(((x, y), there), width * (0.3 + 0.5 * edit.amount), 255)
                    return
        raise ImpossibleEditError

    def masks(self, design: ScanDesign, canvas: Canvas, copper: Mask) -> dict[str, tuple[Mask, ...]]:
        """Masks of traces and pads at the picture's resolution."""
        traces, pads = [], []
        for trace in design.traces:
            plot = Plotter(canvas, 1)
            plot.line(trace, design.width, 1)
            traces.append((plot.image > 0) & copper)
        for x, y, radius, _ in design.pads:
            plot = Plotter(canvas, 1)
            plot.disc((x, y), radius, 1)
            pads.append(plot.image > 0)
        return {"trace": tuple(traces), "pad": tuple(pads)}
