"""Brain slices: axial, sagittal and coronal, under the usual MRI contrasts and CT, with or without the skull."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from assistant.types import Domain
from data_builders.sources.phantoms.brain_axial import axial
from data_builders.sources.phantoms.brain_head import Head
from data_builders.sources.phantoms.brain_planes import coronal, sagittal
from data_builders.sources.phantoms.brain_tissue import PARENCHYMA, PART_LABELS, Tissue, paint
from data_builders.sources.phantoms.canvas import Field, Labels, View, blur, grey, noise, parts_of, remap, remap_labels
from data_builders.types import Kind, Picture

LEVEL_REACH = 0.2
"""How far a render's slice may lie from the design's: 4 % of the head's height, which is 5 levels."""
_REGIONS = (0.0, 0.75, 1.5, 2.6, 3.6, 5.0)
"""Levels between which the same structures show."""


@dataclass(frozen=True)
class BrainDesign:
    """A scanner protocol and the patients it sees.

    Args:
        plane: axial, sagittal or coronal.
        contrast: t1, t1_contrast, t2, flair, pd or ct.
        stripped: skull removed in software; the brain alone on black.
        level: slice position, 0..5 (see :func:`brain_axial.axial`); renders stay within ``LEVEL_REACH`` of it.
        front: position of a coronal slice, 0..1.
        head: build of the average patient; variation: how much patients differ, 0..1.
        zoom, stretch: how much of the picture the head fills, and its aspect.
        resolution: acquired pixels along the picture's shorter side, relative to its size.
        window: (low, high, gamma) of the display.
        shading: strength of the bias field.
        background: grey level outside the head.
        smoothing: blur of the acquisition as part of the shorter side.
    """

    plane: str
    contrast: str
    stripped: bool
    level: float
    front: float
    head: Head
    variation: float
    zoom: float
    stretch: float
    resolution: float
    window: tuple[float, float, float]
    shading: float
    background: float
    smoothing: float


class BrainScan:
    """Brain MRI (now and then CT)."""

    name = "brain_mri"
    kind = Kind.PHANTOM
    domain = Domain.MEDICAL

    def design(self, rng: np.random.Generator) -> BrainDesign:
        """Draw a protocol; axial is the most common plane."""
        plane = str(rng.choice(["axial", "coronal", "sagittal"], p=[0.72, 0.13, 0.15]))
        contrast = str(
            rng.choice(["t1", "t1_contrast", "t2", "flair", "pd", "ct"], p=[0.2, 0.24, 0.22, 0.2, 0.06, 0.08])
        )
        stripped = plane == "axial" and contrast != "ct" and bool(rng.random() < 0.28)
        age = float(rng.beta(1.6, 2.2))
        head = Head(
            width=float(rng.uniform(0.57, 0.64)),
            length=float(rng.uniform(0.71, 0.79)),
            skull=float(rng.uniform(0.045, 0.075)),
            scalp=float(rng.uniform(0.03, 0.07)),
            gap=0.008 + 0.028 * age,
            ventricle=0.6 + 1.1 * age,
            sulcus=0.008 + 0.016 * age,
            ribbon=float(rng.uniform(0.042, 0.058)),
            egg=float(rng.uniform(0.04, 0.13)),
            roundness=float(rng.uniform(2.1, 2.45)),
        )
        return BrainDesign(
            plane=plane,
            contrast=contrast,
            stripped=stripped,
            level=float(rng.uniform(0.9 if stripped else 0.0, 4.9)),
            front=float(rng.uniform(0, 1)),
            head=head,
            variation=float(rng.uniform(0.3, 1.0)),
            zoom=float(rng.uniform(0.92, 1.18)) * (1.12 if stripped else 1.0),
            stretch=float(rng.uniform(0.94, 1.08)),
            resolution=float(rng.choice([0.55, 0.75, 1.0, 1.0])),
            window=(float(rng.uniform(-0.02, 0.05)), float(rng.uniform(0.72, 1.12)), float(rng.uniform(0.8, 1.3))),
            shading=0.0 if contrast == "ct" else float(rng.uniform(0.02, 0.16)),
            background=float(rng.choice([0.0, 0.0, 0.015, 0.03])),
            smoothing=float(rng.uniform(0.0022, 0.0045)),
        )

    def render(self, design: BrainDesign, rng: np.random.Generator, size: tuple[int, int]) -> Picture:
        """Scan one patient of the protocol."""
        side = int(np.clip(min(size) * 1.2, 200, 460))
        head = _patient(design, rng)
        if design.plane == "axial":
            labels = axial(head, _near(design.level, rng), side, rng)
        elif design.plane == "coronal":
            labels = coronal(head, float(np.clip(design.front + rng.uniform(-0.04, 0.04), 0, 1)), side, rng)
        else:
            labels = sagittal(head, side, rng)
        if design.stripped:
            labels = _strip(labels)
        field = blur(paint(labels, design.contrast, rng), design.smoothing * side)
        view = View(
            zoom=design.zoom * float(rng.uniform(0.97, 1.03)),
            rotation=float(rng.normal(0, 0.05)),
            offset=(float(rng.normal(0, 0.02)), float(rng.normal(0, 0.02))),
            warp=0.008 + 0.008 * design.variation,
            warp_cells=3.0,
            stretch=design.stretch,
        )
        maps = view.maps(rng, size, side)
        seen = _acquire(remap(field, maps), design, rng)
        tissue = remap_labels(labels, maps)
        return Picture(
            pixels=grey(seen),
            object_mask=_inside(tissue),
            object_name=f"{design.plane} brain {'CT' if design.contrast == 'ct' else 'MRI'} slice",
            family=self.name,
            kind=self.kind,
            domain=self.domain,
            parts=parts_of(tissue, PART_LABELS),
        )


def _near(level: float, rng: np.random.Generator) -> float:
    """A slice close to ``level`` that shows the same structures."""
    index = int(np.clip(np.searchsorted(_REGIONS, level, side="right") - 1, 0, len(_REGIONS) - 2))
    moved = level + float(rng.uniform(-LEVEL_REACH, LEVEL_REACH))
    return float(np.clip(moved, _REGIONS[index], _REGIONS[index + 1] - 1e-3))


def _patient(design: BrainDesign, rng: np.random.Generator) -> Head:
    """A patient near the protocol's average one."""
    spread = design.variation
    draw = rng.normal(0, 1, 8).clip(-2, 2) * spread
    head = design.head
    return replace(
        head,
        width=head.width * (1 + 0.02 * draw[0]),
        length=head.length * (1 + 0.02 * draw[1]),
        gap=head.gap * (1 + 0.2 * draw[2]),
        ventricle=float(np.clip(head.ventricle * (1 + 0.16 * draw[3]), 0.5, 1.9)),
        sulcus=head.sulcus * (1 + 0.15 * draw[4]),
        scalp=head.scalp * (1 + 0.1 * draw[5]),
        skull=head.skull * (1 + 0.07 * draw[6]),
        lean=0.012 * draw[7],
    )


def _strip(labels: Labels) -> Labels:
    """Everything outside the brain and its inner fluid set to air."""
    brain = np.isin(labels, np.asarray((*PARENCHYMA, Tissue.VENTRICLE, Tissue.CHOROID), np.uint8)).astype(np.uint8)
    size = max(3, labels.shape[0] // 40) | 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    keep = cv2.morphologyEx(brain, cv2.MORPH_CLOSE, kernel)
    return np.where(keep > 0, labels, np.uint8(Tissue.AIR)).astype(np.uint8)


def _acquire(field: Field, design: BrainDesign, rng: np.random.Generator) -> Field:
    """Coil shading, ghosting, acquisition resolution and display window."""
    size = (field.shape[0], field.shape[1])
    field = field * (1 + np.float32(design.shading) * noise(rng, size, 1.6).clip(-2, 2))
    if design.contrast != "ct" and rng.random() < 0.25:
        shift = int(size[0] * rng.uniform(0.04, 0.5))
        field = field + np.float32(rng.uniform(0.008, 0.03)) * np.roll(field, shift, axis=0)
    if design.resolution < 1.0:
        small = (max(48, round(size[1] * design.resolution)), max(48, round(size[0] * design.resolution)))
        field = cv2.resize(field, small, interpolation=cv2.INTER_AREA)
        field = cv2.resize(field, (size[1], size[0]), interpolation=cv2.INTER_CUBIC)
    low, high, gamma = design.window
    shown = np.clip((field - np.float32(low)) / np.float32(high - low), 0, 1) ** np.float32(gamma)
    return np.asarray(shown + np.float32(design.background) * (1 - shown), np.float32)


def _inside(tissue: Labels) -> np.ndarray:
    """Where lesions may be: the brain with its ventricles and the sulci closed over, since a lesion fills both."""
    inner = np.isin(tissue, np.asarray((*PARENCHYMA, Tissue.VENTRICLE, Tissue.CHOROID), np.uint8)).astype(np.uint8)
    size = max(3, min(tissue.shape) // 20) | 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    closed = cv2.morphologyEx(
        cv2.copyMakeBorder(inner, size, size, size, size, cv2.BORDER_CONSTANT), cv2.MORPH_CLOSE, kernel
    )
    outside = np.isin(tissue, np.asarray((Tissue.AIR, Tissue.FAT, Tissue.BONE, Tissue.MARROW, Tissue.DURA), np.uint8))
    return np.asarray((closed[size:-size, size:-size] > 0) & ~outside, bool)
