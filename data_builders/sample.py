"""One sample: a normal or defective picture, its masks and records, and further pictures of the same normal product.

A sample depends on the configuration's seed and on its index only: not on the worker, nor on other samples.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import cv2
import numpy as np

from assistant.geometry import mask_box, mask_cells
from assistant.types import Box, Domain, Severity
from assistant.vocabulary.severity import severity_of
from data_builders.benign import add_benign
from data_builders.capture import (
    Capture,
    develop,
    draw_capture,
    is_colourless,
    noise_of,
    shot,
    unevenly_lit,
    without_noise,
)
from data_builders.config import BuildConfig
from data_builders.families import Pool
from data_builders.framing import Orientation, draw_size
from data_builders.types import Defect, DefectFamily, Kind, Mask, Picture, Pixels

LEAST_CONTRAST = 6.0
"""Grey levels by which a defect must stand out after the camera, at the 90th percentile of its mask."""
LEAST_SIGNAL = 1.2
"""Contrast a defect must have in standard deviations of the camera's noise."""
MARGIN = 8
"""Pixels around a defect that are developed with it."""
LEAST_OF_TEXTURE = 0.5
"""Contrast that a faded defect keeps, in standard deviations of the picture under it."""
LEAST_PIXELS = 8
"""Smallest mask of a defect, pixels."""


@dataclass(frozen=True)
class DefectRecord:
    """A synthetic defect as the data set states it.

    Args:
        type: a name of the vocabulary.
        family: the defect family that made it.
        box: source pixels, half-open.
        area_fraction: share of the picture's pixels, (0, 1].
        cells: places of the 3x3 grid.
        severity: by the rule in :mod:`assistant.vocabulary.severity`, with the peak score of :func:`peak_of_contrast`.
        contrast: grey levels of difference, 90th percentile inside the mask, as the camera shows it without noise.
        seed: of the generator that painted it.
        parameters: the numbers it was made with.
    """

    type: str
    family: str
    box: Box
    area_fraction: float
    cells: tuple[str, ...]
    severity: Severity
    contrast: float
    seed: int
    parameters: Mapping[str, float | int | str | bool]


@dataclass(frozen=True, eq=False)
class Sample:
    """A sample in memory.

    Args:
        index: position in the data set.
        seed: of the data set.
        split: train or validation.
        pixels: the query picture, RGB 0..255.
        defect_masks: one mask a defect, in the order of ``defects``; they may overlap.
        defects: records; empty for a normal sample.
        references: normal pictures of the same product, the same size.
        aligned: the one reference is a template: the same specimen without defects, through a fixed camera.
        object_name, family, kind, domain: of the source.
        product: number shared by the samples with these references; None where each sample has its own.
    """

    index: int
    seed: int
    split: str
    pixels: Pixels
    defect_masks: tuple[Mask, ...]
    defects: tuple[DefectRecord, ...]
    references: tuple[Pixels, ...]
    aligned: bool
    object_name: str
    family: str
    kind: Kind
    domain: Domain
    product: int | None = None

    @property
    def mask(self) -> Mask:
        """Where any defect is."""
        union = np.zeros(self.pixels.shape[:2], bool)
        for mask in self.defect_masks:
            union |= mask
        return union


def sample_from_pools(config: BuildConfig, index: int, found: Mapping[str, Pool]) -> Sample:
    """Make a sample with references of its own out of the pools of :func:`data_builders.families.pools`."""
    streams = np.random.SeedSequence([config.seed, index]).spawn(7)
    choose, designing, rendering, painting, marking, camera, lamp = (np.random.default_rng(s) for s in streams)
    split = config.split_of(index)
    pool = found[split]
    source = pool.sources[int(choose.choice(len(pool.sources), p=pool.source_chances))]
    size = draw_size(config, source.kind, choose)
    count = int(choose.integers(config.reference_range[0], config.reference_range[1] + 1))
    anomalous = bool(choose.random() < config.defect_probability)
    turn = Orientation.draw(source.kind, choose)
    design = source.design(designing)
    picture = source.render(design, rendering, turn.before(size))
    uneven = bool(lamp.random() < config.uneven_light_probability)
    capture = draw_capture(camera, source.kind, is_colourless(picture.pixels), config.capture_strength)
    capture = unevenly_lit(capture, source.kind, lamp) if uneven else capture
    defects = paint_defects(picture, pool, config, capture, painting) if anomalous else []
    scene = defects[-1][0].pixels if defects else picture.pixels
    benign = config.benign_probability
    query = turn.apply(finish(scene, source.kind, capture, benign, marking, camera))
    masks = tuple(turn.apply(defect.mask) for defect, _, _ in defects)
    records = tuple(
        record_of(d, seed, contrast, mask) for (d, seed, contrast), mask in zip(defects, masks, strict=True)
    )
    references = []
    mixed = bool(choose.random() < config.mixed_reference_probability)
    aligned = bool(choose.random() < config.template_probability)
    if aligned:
        moved = _shifted(picture.pixels, rendering)
        references.append(turn.apply(finish(moved, source.kind, capture, 0.0, marking, camera)))
    for _ in range(0 if aligned else count):
        if mixed:
            design = source.design(designing)
        scene = source.render(design, rendering, turn.before(size)).pixels
        if mixed:
            capture = draw_capture(camera, source.kind, is_colourless(scene), config.capture_strength)
            capture = unevenly_lit(capture, source.kind, lamp) if uneven else capture
        references.append(turn.apply(finish(scene, source.kind, capture, benign, marking, camera)))
    return Sample(
        index=index, seed=config.seed, split=split, pixels=query, defect_masks=masks, defects=records,
        references=tuple(references), aligned=aligned, object_name=picture.object_name, family=source.name, kind=source.kind,
        domain=source.domain,
    )  # fmt: skip


def paint_defects(
    picture: Picture, pool: Pool, config: BuildConfig, capture: Capture, rng: np.random.Generator
) -> list[tuple[Defect, int, float]]:
    """Paint one or more defects one after another; those that ``capture`` would hide are not painted.

    Returns:
        (defect, its seed, its contrast in grey levels) for each; the last one's pixels hold them all. Empty when no
        defect of the pool found a believable place.
    """
    chances = np.asarray(config.defects.counts) / sum(config.defects.counts)
    wanted = 1 + int(rng.choice(len(chances), p=chances))
    painted: list[tuple[Defect, int, float]] = []
    canvas = picture
    last: DefectFamily | None = None
    for _ in range(wanted):
        order = _order(pool, rng)
        if last is not None and rng.random() < 0.5:
            order.insert(0, last)
        found = _first_that_works(canvas, order, capture, rng, config.faint_probability)
        if found is None:
            break
        defect, seed, contrast, last = found
        painted.append((defect, seed, contrast))
        canvas = replace(canvas, pixels=defect.pixels, rerender=None)
    return painted


def _order(pool: Pool, rng: np.random.Generator) -> list[DefectFamily]:
    """Defect families in a random order that favours heavy ones (Efraimidis and Spirakis: keys u ** (1 / weight))."""
    keys = [rng.random() ** (1 / w) if w > 0 else -1.0 for w in pool.defect_weights]
    return [pool.defects[i] for i in np.argsort(keys)[::-1] if keys[i] >= 0]


def _first_that_works(
    picture: Picture, order: list[DefectFamily], capture: Capture, rng: np.random.Generator, faint: float
) -> tuple[Defect, int, float, DefectFamily] | None:
    for family in order:
        if picture.domain not in family.domains or not family.applies(picture):
            continue
        seed = int(rng.integers(2**31))
        defect = family.apply(picture, np.random.default_rng(seed))
        if defect is None or int(defect.mask.sum()) < LEAST_PIXELS:
            continue
        contrast = contrast_of(picture.pixels, defect.pixels, defect.mask, capture)
        least = max(LEAST_CONTRAST, LEAST_SIGNAL * noise_of(capture, float(defect.pixels[defect.mask].mean())))
        if faint and rng.random() < faint:
            defect = fade(picture.pixels, defect, contrast, least, float(rng.random()))
            contrast = contrast_of(picture.pixels, defect.pixels, defect.mask, capture)
        if contrast >= least:
            return defect, seed, contrast, family
    return None


def fade(before: Pixels, defect: Defect, contrast: float, least: float, amount: float) -> Defect:
    """A defect with less contrast: its change of the picture times one factor.

    Args:
        before: the picture without it.
        defect: as drawn.
        contrast: of it, grey levels.
        least: contrast that can be told from noise; a defect on a lively texture keeps :data:`LEAST_OF_TEXTURE` of its deviation.
        amount: 0 leaves it as it is, 1 leaves the least; between them the contrast falls by equal factors.
    """
    under = before[defect.mask].astype(np.float32).mean(-1)
    floor = max(1.2 * least, LEAST_OF_TEXTURE * float(under.std()))
    share = min(1.0, floor / contrast) ** amount if contrast > 0 else 1.0
    faded = before + (defect.pixels.astype(np.float32) - before) * np.float32(share)
    parameters = {**defect.parameters, "faded_to": round(share, 3)}
    return replace(defect, pixels=np.rint(faded).clip(0, 255).astype(np.uint8), parameters=parameters)


def contrast_of(before: Pixels, after: Pixels, mask: Mask, capture: Capture) -> float:
    """Largest difference over the channels, grey levels, 90th percentile in the mask, in a noiseless camera."""
    box = mask_box(mask)
    rows = slice(max(0, box.y_min - MARGIN), box.y_max + MARGIN)
    columns = slice(max(0, box.x_min - MARGIN), box.x_max + MARGIN)
    camera, unused = without_noise(capture), np.random.default_rng(0)
    seen = [develop(np.ascontiguousarray(p[rows, columns]), camera, unused) for p in (before, after)]
    change = cv2.absdiff(seen[0], seen[1]).max(-1)[mask[rows, columns]]
    return float(np.percentile(change, 90))


def peak_of_contrast(contrast: float) -> float:
    """Peak score a sure detector would give: 0.5 for what is barely seen, towards 1 for strong contrast."""
    return 0.5 + 0.5 * (1 - math.exp(-contrast / 30))


def _shifted(scene: Pixels, rng: np.random.Generator) -> Pixels:
    """The scene moved by at most a hundredth of its side: how well templates are aligned."""
    most = max(scene.shape[:2]) / 100
    matrix = np.array([[1, 0, rng.uniform(-most, most)], [0, 1, rng.uniform(-most, most)]])
    size = (scene.shape[1], scene.shape[0])
    return np.asarray(cv2.warpAffine(scene, matrix, size, borderMode=cv2.BORDER_REFLECT_101), np.uint8)


def finish(
    scene: Pixels,
    kind: Kind,
    capture: Capture,
    benign: float,
    marking: np.random.Generator,
    camera: np.random.Generator,
) -> Pixels:
    """Harmless marks with probability ``benign``, then the camera: the same path for queries and references."""
    if marking.random() < benign:
        scene = add_benign(scene, marking, kind, float(marking.uniform(0.3, 1.0)))
    return develop(scene, shot(capture, camera), camera)


def record_of(defect: Defect, seed: int, contrast: float, mask: Mask) -> DefectRecord:
    """What the data set states of a defect of that seed and contrast (grey levels), its mask turned as the picture."""
    return DefectRecord(
        type=defect.type, family=defect.family, box=mask_box(mask), area_fraction=(area := float(mask.mean())),
        cells=mask_cells(mask), severity=severity_of(area, peak_of_contrast(contrast), defect.type),
        contrast=contrast, seed=seed, parameters=dict(defect.parameters),
    )  # fmt: skip
