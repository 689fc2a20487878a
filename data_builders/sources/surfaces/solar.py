"""Solar cells under electroluminescence."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from data_builders.sources.surfaces.base import (
    Paint,
    Surface,
    SurfaceDesign,
    draw_finish,
    scale_of,
)
from data_builders.sources.surfaces.noise import (
    Field,
    Size,
    fractal_noise,
    line_profile,
    pixel_grid,
    rotated_coordinates,
    sampled,
    smooth_step,
    value_noise,
    voronoi_cells,
    white_noise,
)


@dataclass(frozen=True, kw_only=True)
class SolarCellDesign(SurfaceDesign):
    """A photovoltaic cell glowing under current: mono- or polycrystalline."""

    poly: bool
    level: float
    busbars: int
    busbar_width: float
    busbar_tone: float
    fingers: float
    finger_depth: float
    vertical: bool
    grain: float
    grain_depth: float
    falloff: float
    margin: float
    chamfer: float
    rounded: bool
    sensor_grain: float


class SolarCell(Surface):
    """One solar cell by electroluminescence: busbars, finger lines, crystal grains or a smooth fall to the edges."""

    name = "solar_cell"
    design_type = SolarCellDesign

    def design(self, rng: np.random.Generator) -> SolarCellDesign:
        """Draw a cell."""
        poly = bool(rng.random() < 0.55)
        return SolarCellDesign(
            object_name="polycrystalline solar cell" if poly else "monocrystalline solar cell",
            finish=draw_finish(rng, clouds=0.06, specks=3, tilt=0.006, grey=1.0),
            poly=poly,
            level=rng.uniform(0.35, 0.72),
            busbars=int(rng.choice([2, 3, 3, 4, 5])),
            busbar_width=rng.uniform(3.0, 7.0),
            busbar_tone=rng.uniform(0.08, 0.5),
            fingers=rng.uniform(3.2, 6.0),
            finger_depth=rng.uniform(0.0, 0.08),
            vertical=bool(rng.random() < 0.4),
            grain=rng.uniform(16, 42),
            grain_depth=rng.uniform(0.08, 0.3) if poly else rng.uniform(0.0, 0.02),
            falloff=rng.uniform(0.05, 0.45),
            margin=rng.uniform(0.0, 0.035),
            chamfer=rng.uniform(0.08, 0.16) if not poly and rng.random() < 0.6 else 0.0,
            rounded=bool(rng.random() < 0.6),
            sensor_grain=rng.uniform(0.01, 0.035),
        )

    def paint(self, design: SolarCellDesign, rng: np.random.Generator, size: Size) -> Paint:
        """Glow, grains and contacts inside the outline of the cell."""
        scale = scale_of(size)
        height, width = size
        tilt = rng.normal(0, design.finish.tilt)
        centre = (width * (0.5 + rng.normal(0, 0.004)), height * (0.5 + rng.normal(0, 0.004)))
        u, v = rotated_coordinates(size, tilt, centre)
        x, y = u / np.float32(width), v / np.float32(height)
        tone = 1 - np.float32(design.falloff * rng.uniform(0.85, 1.15)) * (x * x + y * y) * np.float32(1.6)
        tone += np.float32(0.025) * fractal_noise(rng, size, 90 * scale, octaves=3)
        if design.grain_depth:
            tone += np.float32(design.grain_depth) * self._grains(design, rng, size, scale)
        along, across, length = (v, x, width) if design.vertical else (u, y, height)
        finger_axis = v if design.vertical else u
        pitch = max(design.fingers * scale, 2.8)
        lines = np.cos(finger_axis * np.float32(2 * math.pi / pitch) + np.float32(rng.uniform(0, 6.3)))
        uneven = 1 + np.float32(0.5) * line_profile(rng, finger_axis, pitch)
        tone += np.float32(design.finger_depth) * lines * uneven
        tone += np.float32(0.25 * design.finger_depth) * line_profile(rng, along, pitch)
        bar = (across + np.float32(0.5)) * np.float32(design.busbars)
        gap = np.abs(bar - np.floor(bar) - np.float32(0.5)) * np.float32(length / design.busbars)
        half = 0.5 * design.busbar_width * scale
        inside_bar = 1 - smooth_step(np.asarray(gap, np.float32), half - 0.7, half + 0.7)
        shadow = np.exp(-gap / np.float32(9 * scale)) * np.float32(0.12)
        tone = (tone - shadow) * (1 - inside_bar * np.float32(1 - design.busbar_tone))
        tone = tone * self._outline(design, x, y)
        tone = tone * np.float32(design.level) + np.float32(design.sensor_grain) * white_noise(rng, size, 0.4)
        tone = np.asarray(tone + np.float32(0.03), np.float32)
        return np.asarray(cv2.merge([tone, tone, tone]), np.float32)

    def _grains(self, design: SolarCellDesign, rng: np.random.Generator, size: Size, scale: float) -> Field:
        """Blotches of crystal grains with dark dislocation clusters inside some of them."""
        cell = design.grain * scale
        cells = voronoi_cells(rng, size, cell, stretch=rng.uniform(0.8, 1.3))
        flat = cells.paint(rng.standard_normal(cells.count).astype(np.float32)) * np.float32(0.4)
        edges = np.exp(-cells.border_distance / np.float32(2 * scale))
        x, y = pixel_grid(size)
        shift = np.float32(0.25 * cell)
        flat = np.asarray(flat - np.float32(0.35) * edges, np.float32)
        dx, dy = value_noise(rng, size, 0.5 * cell), value_noise(rng, size, 0.5 * cell)
        bent = sampled(flat, x + shift * dx, y + shift * dy, wrap=False)
        clusters = fractal_noise(rng, size, 0.8 * cell, octaves=4, gain=0.75)
        dark = np.maximum(clusters - np.float32(0.35), 0)
        return np.asarray(bent - np.float32(0.8) * dark + np.float32(0.2), np.float32)

    def _outline(self, design: SolarCellDesign, x: Field, y: Field) -> Field:
        """1 on the cell, near 0 on the gap around it and at chamfered or rounded corners."""
        edge = np.maximum(np.abs(x), np.abs(y)) - np.float32(0.5 - design.margin)
        if design.chamfer:
            reach = 0.5 - design.margin
            radius = math.hypot(reach, reach - 0.8 * design.chamfer)
            round_ = np.sqrt(x * x + y * y) - np.float32(radius)
            corner = (
                round_
                if design.rounded
                else (np.abs(x) + np.abs(y) - np.float32(1 - 2 * design.margin - design.chamfer)) * np.float32(0.7)
            )
            edge = np.maximum(edge, corner)
        elif not design.margin:
            return np.ones_like(x)
        return np.float32(1) - np.float32(0.92) * smooth_step(np.asarray(edge, np.float32), -0.003, 0.004)


SOLAR_FAMILIES = (SolarCell(),)
