"""Reference pictures -> a profile: encoded, kept in a bank, each judged by the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from assistant.errors import ProfileError
from assistant.inquiry import ANYTHING, SCORES, Inquiry
from assistant.pictures.images import load_image
from assistant.towers.encoder import PatchFeatures
from assistant.types import QueryImage
from assistant.vision.anomaly_map import pooled_logit
from assistant.vision.detector import Detector
from assistant.vision.encoded_query import Picture
from assistant.vision.heads import patch_coverage
from assistant.vision.references.memory_bank import MemoryBank, build_bank
from assistant.vision.references.profile import AnomalousReference, Profile

FIXED_WINDOW = 0.08
"""With a fixed camera a match lies within this share of the side."""
EXPECTED_NORMAL = -1.0
"""Calibrated image logit that normals should have on average: 1.28 standard deviations (0.8 among pictures of one product of the
validation split) below the threshold, so that about one normal in ten is above it."""


@torch.inference_mode()
def build_profile(
    detector: Detector,
    references: Sequence[Picture],
    inquiry: Inquiry = ANYTHING,
    anomalous: Sequence[AnomalousReference] = (),
) -> Profile:
    """Encode references, build the bank, judge each by the others.

    Of a single reference under a free camera turned copies are searched too; several show themselves how normals differ.

    Args:
        detector: what encodes them.
        references: normal pictures.
        inquiry: object name and phrases of their own scores; whether the camera is fixed.
        anomalous: pictures of the defect looked for, with or without masks.

    Raises:
        ProfileError: no reference.
    """
    pictures = [p if isinstance(p, QueryImage) else load_image(p) for p in references]
    if not pictures:
        raise ProfileError("at least one reference picture", "none", "give one with --references")
    settings = detector.preset.references
    originals = [detector.patch_features(p) for p in pictures]
    turned = []
    turns = settings.rotations if not inquiry.fixed_camera and len(pictures) == 1 else 1
    for i, picture in enumerate(pictures):
        for quarter in range(1, turns):
            turned.append((i, detector.patch_features(rotated(picture, quarter))))
    bank = build_bank(
        detector.localizer,
        originals,
        turned,
        settings.rows,
        settings.variance,
        torch.Generator().manual_seed(0),
    )
    window = FIXED_WINDOW if inquiry.fixed_camera else None
    normal = _scored_by_others(detector, bank, originals, inquiry, window)
    profile = Profile(
        preset=detector.preset.name,
        weights=detector.weights,
        object_name=inquiry.object_name,
        bank=bank,
        normal_logits=normal,
        offset=_offset(normal.get("blend", ())),
        window=window,
    )
    return with_anomalous(detector, profile, anomalous)


@torch.inference_mode()
def with_anomalous(detector: Detector, profile: Profile | None, anomalous: Sequence[AnomalousReference]) -> Profile:
    """A profile joined by anomalous references; of them alone where there is none.

    Raises:
        ProfileError: neither, or a mask that does not fit its picture.
    """
    if not anomalous:
        if profile is None:
            raise ProfileError("references or anomalous references", "neither", "give one with --references")
        return profile
    joined = profile or Profile(detector.preset.name, detector.weights, None, None, {}, 0.0, None)
    keys = _anomalous_keys(detector, anomalous, joined.bank)
    if joined.anomalous_keys is not None:
        keys = torch.cat([joined.anomalous_keys.to(keys.device), keys], 1)
    return replace(joined, anomalous_keys=keys)


def _anomalous_keys(
    detector: Detector, anomalous: Sequence[AnomalousReference], bank: MemoryBank | None
) -> Float[Tensor, "levels rows match_width"]:
    """Patches under the masks; without a mask, the tenth of patches that text or references find most anomalous."""
    rows = []
    for one in anomalous:
        features = detector.patch_features(one.image)
        if one.mask is not None:
            if one.mask.shape != one.image.pixels.shape[:2] or not one.mask.any():
                raise ProfileError(
                    f"a mask of {one.image.pixels.shape[:2]} with some pixels set", f"{one.mask.shape}", "mend the mask"
                )
            weight = patch_coverage(one.mask, features.grid)
            chosen = weight >= min(0.5, float(weight.max()))
        else:
            evidence = detector.localizer.text_evidence(
                features.levels, detector.anchors.states(None)[None], features.grid
            )
            match = None if bank is None else bank.match(detector.localizer, features)
            logits = detector.localizer(evidence, features.levels, match)
            flat = logits.map.flatten()
            chosen = flat >= flat.quantile(0.9)
        rows.append(
            torch.stack([detector.localizer.project_for_match(i, t[0, chosen]) for i, t in enumerate(features.levels)])
        )
    return torch.cat(rows, 1)


def _scored_by_others(
    detector: Detector, bank: MemoryBank, originals: Sequence[PatchFeatures], inquiry: Inquiry, window: float | None
) -> dict[str, tuple[float, ...]]:
    """Calibrated image logits of each reference against the others, by every score; empty of a single one."""
    if len(originals) < 2:
        return {}
    anchors = detector.anchors.states(inquiry.object_name, inquiry.look_for)[None]
    rows = []
    for i, features in enumerate(originals):
        evidence = detector.localizer.text_evidence(features.levels, anchors, features.grid)
        match = bank.match(detector.localizer, features, window, leave_out=i)
        logits = detector.localizer(evidence, features.levels, match)
        rows.append([detector.calibration.of_image(s, True)(pooled_logit(logits, 0, s)) for s in SCORES])
    return dict(zip(SCORES, zip(*rows, strict=True), strict=True))


def _offset(normal: Sequence[float]) -> float:
    """How far the references' own logits lie above what normals should have, shrunk where they are few."""
    if not normal:
        return 0.0
    return max(0.0, float(np.mean(normal)) - EXPECTED_NORMAL) * len(normal) / (len(normal) + 2)


def rotated(picture: QueryImage, quarter: int) -> QueryImage:
    """The picture turned by quarters of a circle."""
    return QueryImage(np.ascontiguousarray(np.rot90(picture.pixels, quarter)), picture.source, picture.domain)
