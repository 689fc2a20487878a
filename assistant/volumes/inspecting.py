"""A volume -> what is said of it: slices encoded once, joined across them, scored as one thing."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
import torch
from jaxtyping import Float32

from assistant.errors import ConfigError
from assistant.geometry import mask_cells
from assistant.inquiry import ANYTHING, Inquiry
from assistant.types import THRESHOLD, AnomalyMap, Box, Inspection, Mode
from assistant.vision.anomaly_map import image_score
from assistant.vision.detector import Detector
from assistant.vision.encoded_query import EncodedQuery
from assistant.vision.measuring.measures import measured
from assistant.vision.regions import RegionMask, find_regions
from assistant.volumes.finding import VolumeInspection, VolumeRegion
from assistant.volumes.joining import Part, find_parts, numbered, score_volume, together, width_in_slices
from assistant.volumes.reference_volumes import VolumeReferences, other_spacing
from assistant.volumes.scan_score import ScanScore, joined, lowered, with_contrast
from assistant.volumes.slice_evidence import KEPT, SliceEvidence, look_along
from assistant.volumes.volume import Volume


def chosen_axes(volume: Volume, asked: str | Sequence[int] | None) -> tuple[int, ...]:
    """Axes to look along: ``all``, some by number, or the main one.

    Raises:
        ConfigError: another axis.
    """
    if asked is None or asked == "main":
        return (volume.main_axis,)
    main = volume.main_axis
    if asked == "all":
        return (main, *(axis for axis in range(3) if axis != main))
    axes = tuple(int(one) for one in asked if str(one).isdecimal())
    if not axes or len(axes) != len(asked) or not set(axes) <= {0, 1, 2} or len(set(axes)) != len(axes):
        raise ConfigError("axes of 0, 1 and 2, or all", repr(asked), "write for example --axes 2, or --axes all")
    return axes


def inspect_volume(
    detector: Detector,
    volume: Volume,
    inquiry: Inquiry = ANYTHING,
    references: VolumeReferences | None = None,
    axes: str | Sequence[int] | None = None,
) -> VolumeInspection:
    """Inspect one volume.

    Args:
        detector: that encodes slices.
        volume: read.
        inquiry: what is asked of it.
        references: normal volumes of the same kind, built for the same axes; None for text alone.
        axes: as :func:`chosen_axes` takes them.

    Raises:
        ImageError: nothing to be seen on it, or slices too small to look at.
        ConfigError: axes that there are none of, or a closer look.
        ProfileError: references that were built for other axes.
    """
    inquiry.require_overview("of a scan", "inspect its slices one by one")
    along = chosen_axes(volume, axes)
    looks = [look(detector, volume, axis, inquiry, references) for axis in along]
    return concluded(detector, volume, looks, inquiry, references)


def concluded(
    detector: Detector,
    volume: Volume,
    looks: Sequence[SliceEvidence],
    inquiry: Inquiry = ANYTHING,
    references: VolumeReferences | None = None,
    threshold: float = THRESHOLD,
) -> VolumeInspection:
    """What slices that were looked at, along one axis or several, say of their volume.

    Under another threshold all logits are moved, so that what was at it is at 0.5.
    """
    started = time.perf_counter()
    moved = math.log(threshold / (1 - threshold))
    found = [lowered(_scored(one, references), moved) for one in looks]
    own = float(np.mean([one.logit for one in found]))
    volumes = [score_volume(one.planes, look.slices) for one, look in zip(found, looks, strict=True)]
    logits = together(volumes, volume.shape)
    first, evidence = found[0], looks[0]
    parts = find_parts(logits, volume, evidence.slices) if own >= 0 else []
    worst = evidence.numbers[int(first.slices.argmax())] if not parts else parts[0].region.worst_slice
    timing = _summed(looks)
    timing["join"] = (time.perf_counter() - started) * 1000
    with torch.inference_mode():
        regions = tuple(_named(detector, evidence, part, inquiry) for part in parts)
    return VolumeInspection(
        volume=volume,
        mode=Mode.ZERO_SHOT if references is None else Mode.FEW_SHOT,
        score=image_score(own),
        regions=regions,
        axes=tuple(one.slices.axis for one in looks),
        slice_scores=_told(first, evidence),
        scores=np.asarray(1 / (1 + np.exp(-np.clip(logits, -30, 30))), np.float32),
        numbers=numbered(parts, logits.shape),
        smoothing_mm=width_in_slices(evidence.step_mm) * evidence.step_mm,
        worst=replace(_picture(detector, evidence, worst, first, inquiry), threshold=threshold),
        worst_slice=worst,
        preset=detector.preset.name,
        weights=detector.weights,
        references=None if references is None else references.count,
        p_value=None if references is None else references.p_value(evidence.slices.axis, first.raw),
        warnings=(*volume.warnings, *_warnings(volume, evidence, references)),
        timing_ms=timing,
    )


def look(
    detector: Detector,
    volume: Volume,
    axis: int,
    inquiry: Inquiry = ANYTHING,
    references: VolumeReferences | None = None,
) -> SliceEvidence:
    """What the slices along an axis say, each encoded once, by text alone or beside the references."""
    if references is None:
        return look_along(detector, volume.slices(axis), inquiry, lambda encoded, _: detector.text_logits(encoded))
    known = references.of(axis)

    def said(encoded: EncodedQuery, share: float) -> tuple[float, Float32[np.ndarray, "rows columns"]]:
        with torch.inference_mode():
            text = detector.localizer.zero_shot(encoded.evidence)
            logits = known.banks.judged(detector, encoded.features, text, share)
        return float(logits.image[0]), logits.map[0].float().cpu().numpy()

    evidence = known.centred(look_along(detector, volume.slices(axis, references.levels), inquiry, said))
    return known.compared(evidence)


def _scored(evidence: SliceEvidence, references: VolumeReferences | None) -> ScanScore:
    """The scan's score along one axis."""
    if references is None:
        return joined(evidence, None)
    found, threshold = joined(evidence, references.normal(evidence.slices.axis)), None
    if evidence.unusual is not None:
        threshold = references.joint_threshold(evidence.slices.axis)
    if evidence.unusual is None or threshold is None:
        return found
    return with_contrast(found, evidence.numbers, evidence.unusual, threshold)


def _told(found: ScanScore, evidence: SliceEvidence) -> tuple[float | None, ...]:
    scores: list[float | None] = [None] * len(evidence.slices)
    for number, logit in zip(evidence.numbers, found.slices, strict=True):
        scores[number] = image_score(float(logit))
    return tuple(scores)


def _encoded(detector: Detector, evidence: SliceEvidence, number: int, inquiry: Inquiry) -> EncodedQuery:
    """A slice as it was encoded, or encoded again where it was let go."""
    if number not in evidence.kept:
        if len(evidence.kept) >= 2 * KEPT:
            evidence.kept.pop(next(iter(evidence.kept)))
        evidence.kept[number] = detector.encode(evidence.slices[number], inquiry)
    return evidence.kept[number]


def _named(detector: Detector, evidence: SliceEvidence, part: Part, inquiry: Inquiry) -> VolumeRegion:
    """A region with kind and severity, by its worst slice."""
    encoded = _encoded(detector, evidence, part.region.worst_slice, inquiry)
    rows, columns = np.flatnonzero(part.mask.any(1)), np.flatnonzero(part.mask.any(0))
    height, width = evidence.slices.shape
    down, across = height / part.mask.shape[0], width / part.mask.shape[1]
    box = Box(
        int(columns[0] * across), int(rows[0] * down),
        min(width, math.ceil((columns[-1] + 1) * across)), min(height, math.ceil((rows[-1] + 1) * down)),
    )  # fmt: skip
    flat = RegionMask(
        part.mask, box, float(part.mask.mean()), mask_cells(part.mask), part.region.peak_score, part.region.mean_score
    )
    (named,) = detector.name_regions(encoded, [flat])
    return replace(part.region, type=named.type, type_probability=named.type_probability, severity=named.severity)


def _picture(
    detector: Detector, evidence: SliceEvidence, number: int, found: ScanScore, inquiry: Inquiry
) -> Inspection:
    """The worst slice as a picture, with its part of the score volume as its map."""
    encoded = _encoded(detector, evidence, number, inquiry)
    height, width = evidence.slices.shape
    large = cv2.resize(found.planes[number], (width, height), interpolation=cv2.INTER_LINEAR)
    anomaly_map = AnomalyMap(np.asarray(1 / (1 + np.exp(-np.clip(large, -30, 30))), np.float32))
    regions = find_regions(anomaly_map) if found.logit >= 0 else []
    with torch.inference_mode():
        named = measured(
            detector.name_regions(encoded, regions), encoded.image, anomaly_map, regions, encoded.features.grid
        )
    place = evidence.numbers.index(number)
    return Inspection(
        image=encoded.image,
        object_name=inquiry.object_name,
        mode=Mode.ZERO_SHOT,
        image_score=image_score(float(found.slices[place])),
        p_value=None,
        regions=named,
        anomaly_map=anomaly_map,
        preset=detector.preset.name,
        weights=detector.weights,
        timing_ms=dict(encoded.timing_ms),
    )


def _summed(looks: Sequence[SliceEvidence]) -> dict[str, float]:
    timing: dict[str, float] = {}
    for one in looks:
        for stage, spent in one.timing_ms.items():
            timing[stage] = timing.get(stage, 0.0) + spent
    return timing


def _warnings(volume: Volume, evidence: SliceEvidence, references: VolumeReferences | None) -> tuple[str, ...]:
    """What was left out, and what speaks against the references."""
    told = []
    left = len(evidence.slices) - len(evidence.numbers)
    if left:
        told.append(
            f"shows nothing on {left} of its {len(evidence.slices)} slices; "
            f"{'it was' if left == 1 else 'they were'} not looked at"
        )
    if references is None:
        return tuple(told)
    if other_spacing(volume.spacing_mm, references.spacing_mm):
        words = [" x ".join(f"{side:.3g}" for side in some) for some in (volume.spacing_mm, references.spacing_mm)]
        told.append(f"has another spacing than the reference scans ({words[0]} mm beside {words[1]} mm)")
    if volume.units and references.levels is None:
        told.append("has values of an absolute unit (Hounsfield) where the reference scans have none")
    return (*told, *references.warnings)
