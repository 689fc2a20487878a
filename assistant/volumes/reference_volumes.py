"""Normal volumes of one kind -> what another is compared with, and where the scores of whole normal scans lie."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Float32

from assistant.errors import ProfileError
from assistant.inquiry import Inquiry
from assistant.pictures.levels import joined as joined_levels
from assistant.pictures.pixels import DEFAULT_LIMITS, ImageLimits
from assistant.types import Levels
from assistant.vision.detector import Detector
from assistant.vision.experts.jitter import jittered
from assistant.vision.experts.normal_range import NormalPrior, NormalRange, Odds, conformal_p_value
from assistant.vision.localizer import Logits
from assistant.vision.references.reference_features import ReferenceFeatures
from assistant.volumes.contrast import UsualContrast, contrast_of, usual_contrast
from assistant.volumes.files.reading import VolumeSource
from assistant.volumes.matched_banks import MatchedBanks, ReferenceSlices, build_banks, evenly
from assistant.volumes.scan_score import SPREAD, Normal, raw_score, raw_sum
from assistant.volumes.slice_evidence import SliceEvidence
from assistant.volumes.usual_planes import UsualPlanes, on_grid
from assistant.volumes.volume import Volume

MOST = 50
"""Reference volumes."""
COPIED = 24
"""Slices of a lone reference that are judged as the same scanner would take them again."""
ENOUGH = 20
"""Reference volumes from which on a p-value says something."""
PRIOR = "top1"
"""Image score whose prior fits: the mean of the top 1 % of a map."""


SUMS = NormalPrior(lift=0.0, trust=0.5, scale=0.8, certainty=10.0, left_out=2.0, odds=Odds(1.0, 0.0, 0.0, 0.0, 0.0))
"""Of the highest sums in normal scans: on built heads they lie 0.4 to 1 apart, a reference's against three others 0.5 higher."""


@dataclass(frozen=True, eq=False)
class Joint:
    """What reference scans say of contrast, and of the sums with it.

    Args:
        usual: contrast along the axis.
        scores: the highest sum of each reference scan, judged by the others.
        range: where that of a normal scan lies.
    """

    usual: UsualContrast
    scores: tuple[float, ...]
    range: NormalRange


@dataclass(frozen=True, eq=False)
class AxisReferences:
    """What is known along one axis.

    Args:
        banks: of slices.
        usual: planes of the reference slices, each volume judged by the others; None of a lone one.
        scores: of the reference scans likewise; empty of a lone one.
        range: where a normal scan's score lies.
        joint: contrast and the sums with it; None of a lone one.
    """

    banks: MatchedBanks
    usual: UsualPlanes | None
    scores: tuple[float, ...]
    range: NormalRange
    joint: Joint | None = None

    def compared(self, evidence: SliceEvidence) -> SliceEvidence:
        """Evidence with what is unusual in the contrast of its slices."""
        slices = evidence.slices
        own = None if self.joint is None else contrast_of(slices.volume, slices.axis, slices.levels)
        if self.joint is None or own is None:
            return evidence
        return replace(evidence, unusual=self.joint.usual.unusual(own))

    def centred(self, evidence: SliceEvidence) -> SliceEvidence:
        """Planes less what normal slices show at the same place and share of the axis."""
        if self.usual is None:
            return evidence
        grid = (evidence.planes.shape[1], evidence.planes.shape[2])
        return replace(evidence, planes=evidence.planes - self.usual.at(evidence.shares, grid))


@dataclass(frozen=True, eq=False)
class VolumeReferences:
    """Normal volumes of one kind.

    Args:
        axes: canonical axis -> what is known along it.
        count: volumes.
        spacing_mm, shape: of the first one, to tell another kind by.
        levels: that all are drawn with, where their values have one unit; None where each has its own.
        overkill: share of normal scans that may be called anomalous.
        map_scale: calibrated logits a unit of the map.
        warnings: about the set, one line each.
    """

    axes: dict[int, AxisReferences]
    count: int
    spacing_mm: tuple[float, float, float]
    shape: tuple[int, int, int]
    levels: Levels | None
    overkill: float
    map_scale: float
    warnings: tuple[str, ...] = ()

    def of(self, axis: int) -> AxisReferences:
        """What is known along an axis.

        Raises:
            ProfileError: nothing.
        """
        if axis not in self.axes:
            known = ", ".join(map(str, self.axes))
            do = "give references whose slices lie as the scan's do, or choose --axes"
            raise ProfileError(f"slices along axis {known}, as the references have", f"axis {axis}", do)
        return self.axes[axis]

    def normal(self, axis: int) -> Normal:
        """Where normal scans lie along an axis."""
        return _normal(self.of(axis).range, self.overkill, self.map_scale)

    def joint_threshold(self, axis: int) -> float | None:
        """The sum of log-odds from which on a scan is anomalous; None where contrast is not known."""
        joint = self.of(axis).joint
        return None if joint is None else joint.range.limit(self.overkill)

    def p_value(self, axis: int, raw: float) -> float | None:
        """Conformal p-value of a scan's score along one axis; None with fewer than :data:`ENOUGH` references."""
        known = self.of(axis)
        scores = known.scores if known.joint is None else known.joint.scores
        return conformal_p_value(raw, scores) if len(scores) >= ENOUGH else None


def build_references(
    detector: Detector,
    volumes: Sequence[Volume | VolumeSource],
    axes: Sequence[int] | None,
    inquiry: Inquiry,
    limits: ImageLimits = DEFAULT_LIMITS,
) -> VolumeReferences:
    """Encode reference volumes slice by slice, build banks along each axis, judge each volume by the others.

    Args:
        detector: that encodes them.
        volumes: normal ones of one kind, read or to be read: one is in memory at a time.
        axes: canonical; the first volume's main one when None.
        inquiry: object name and phrases, overkill, whether places in the plane are compared too.
        limits: what a volume may cost.

    Raises:
        ProfileError: none, too many, or volumes whose slices were taken along different axes.
        ImageError: one that cannot be read.
    """
    if not volumes or len(volumes) > MOST:
        raise ProfileError(f"1 to {MOST} reference volumes", str(len(volumes)), "give normal scans with --references")
    seen = [_glance(one if isinstance(one, Volume) else one.read(limits)) for one in volumes]
    chosen = tuple(axes) if axes is not None else (seen[0].axis,)
    units = all(one.units for one in seen)
    levels = joined_levels([one.levels for one in seen]) if units else None
    return VolumeReferences(
        axes={axis: _along(detector, volumes, axis, levels, inquiry, limits) for axis in chosen},
        count=len(volumes),
        spacing_mm=seen[0].spacing_mm,
        shape=seen[0].shape,
        levels=levels,
        overkill=inquiry.overkill,
        map_scale=detector.calibration.weighed_map.scale,
        warnings=_alike(seen),
    )


@dataclass(frozen=True)
class _Seen:
    """What is kept of a reference volume before it is let go."""

    source: str
    axis: int
    spacing_mm: tuple[float, float, float]
    shape: tuple[int, int, int]
    levels: Levels
    units: bool


def _glance(volume: Volume) -> _Seen:
    return _Seen(volume.title, volume.main_axis, volume.spacing_mm, volume.shape, volume.levels, volume.units)


def _alike(seen: Sequence[_Seen]) -> tuple[str, ...]:
    told = [f"reference {one.source} was taken along another axis" for one in seen if one.axis != seen[0].axis]
    for one in seen[1:]:
        if one.axis == seen[0].axis and other_spacing(one.spacing_mm, seen[0].spacing_mm):
            words = " and ".join(" x ".join(f"{side:.3g}" for side in some.spacing_mm) for some in (one, seen[0]))
            told.append(f"reference {one.source} has another spacing than the first ({words} mm)")
    return tuple(told)


def other_spacing(one: Sequence[float], other: Sequence[float]) -> bool:
    """Whether two spacings differ by half or more along an axis."""
    return any(not 1 / 1.5 < a / b < 1.5 for a, b in zip(one, other, strict=True))


@torch.inference_mode()
def _along(
    detector: Detector,
    volumes: Sequence[Volume | VolumeSource],
    axis: int,
    levels: Levels | None,
    inquiry: Inquiry,
    limits: ImageLimits,
) -> AxisReferences:
    slices = ReferenceSlices(volumes, axis, levels, limits)
    with ReferenceFeatures(detector.patch_features, slices) as features:
        banks, texts = build_banks(detector, slices, features, inquiry)
        usual = _judged_by_others(detector, slices, features, texts, banks) if len(volumes) > 1 else None
    left_out = [] if usual is None else [_score(usual, slices, volume) for volume in range(len(volumes))]
    copies = [] if left_out else [_copied(detector, slices, banks, inquiry)]
    prior = detector.calibration.normal[PRIOR]
    prior = replace(prior, scale=prior.scale * SPREAD)
    expected = copies or [sum(left_out) / len(left_out) - prior.left_out / len(left_out) - prior.lift]
    found = AxisReferences(banks, usual, tuple(left_out), prior.given(left_out, expected))
    if usual is None:
        return found
    normal = _normal(found.range, inquiry.overkill, detector.calibration.weighed_map.scale)
    return replace(found, joint=_joint(usual, slices, normal))


def _normal(known: NormalRange, overkill: float, map_scale: float) -> Normal:
    return Normal(max(known.even, known.limit(overkill)), known.slope, map_scale)


def _joint(usual: UsualPlanes, slices: ReferenceSlices, normal: Normal) -> Joint | None:
    """Contrast of the reference scans, and the sums with it, each judged by the others; None where one shows nothing."""
    contrasts = []
    for volume in range(int(usual.owners.max()) + 1):
        one = slices.slices(volume)
        contrasts.append(contrast_of(one.volume, one.axis, one.levels))
    known = usual_contrast(contrasts)
    if known is None:
        return None
    scores = []
    for volume, contrast in enumerate(known.references):
        numbers = [place.number for place in slices.places if place.volume == volume]
        unusual = known.unusual(contrast, leave_out=volume)[numbers]
        scores.append(raw_sum(_centred(usual, volume), slices.step_mm[volume], unusual, normal))
    return Joint(known, tuple(scores), SUMS.given(scores, [(sum(scores) - SUMS.left_out) / len(scores)]))


def _centred(usual: UsualPlanes, volume: int) -> Float32[np.ndarray, "slices rows columns"]:
    """Planes of a reference scan, less what the others show."""
    own = usual.owners == volume
    planes = usual.planes[own]
    others = usual.at(usual.shares[own], (planes.shape[1], planes.shape[2]), leave_out=volume)
    centred: Float32[np.ndarray, "slices rows columns"] = planes - others
    return centred


def _judged_by_others(
    detector: Detector, slices: ReferenceSlices, features: ReferenceFeatures, texts: Sequence[Logits],
    banks: MatchedBanks,
) -> UsualPlanes:  # fmt: skip
    """Planes of all reference slices, each volume judged by the others."""
    first: tuple[int, int] | None = None
    planes = []
    for index, place in enumerate(slices.places):
        logits = banks.judged(detector, features[index], texts[index], place.share, leave_out=place.volume)
        plane = logits.map[0].float().cpu().numpy()
        first = first or (plane.shape[0], plane.shape[1])
        planes.append(on_grid(plane, first))
    shares = np.array([place.share for place in slices.places], np.float32)
    owners = np.array([place.volume for place in slices.places])
    return UsualPlanes(np.stack(planes), shares, owners)


def _score(usual: UsualPlanes, slices: ReferenceSlices, volume: int) -> float:
    """The score of a reference scan, less what the others show."""
    return raw_score(_centred(usual, volume), slices.step_mm[volume])


def _copied(detector: Detector, slices: ReferenceSlices, banks: MatchedBanks, inquiry: Inquiry) -> float:
    """The score of a lone reference scan as it would be taken again."""
    anchors = detector.anchors.states(inquiry.object_name, inquiry.look_for)[None]
    planes = []
    for index in evenly(range(len(slices)), COPIED):
        features = detector.patch_features(jittered(slices[index], index))
        evidence = detector.localizer.text_evidence(features.levels, anchors, features.grid)
        text = detector.localizer.zero_shot(evidence)
        logits = banks.judged(detector, features, text, slices.places[index].share)
        planes.append(logits.map[0].float().cpu().numpy())
    return raw_score(np.stack(planes), slices.step_mm[0] * max(1, len(slices) - 1) / max(1, len(planes) - 1))
