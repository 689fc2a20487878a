"""The reference that a picture is most like where it is most unusual, laid over it to be compared place by place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from jaxtyping import UInt8

from assistant.errors import AssistantError
from assistant.vision.heads import patch_coverage
from assistant.vision.references.nearest import nearest_reference
from demo.bench.correcting import region_mask
from demo.bench.sessions import Picture
from demo.incoming.uploads import display_name

if TYPE_CHECKING:
    from assistant.pipeline import Assistant

SIDE = 320
"""Longest side of the copies by which two pictures are laid over each other, pixels."""
ALIKE = 0.35
"""Correlation from which a laid-over reference is said to fit."""
_STEPS = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 60, 1e-5)
Rgb = UInt8[np.ndarray, "height width 3"]
Other = UInt8[np.ndarray, "tall wide 3"]


@dataclass(frozen=True, eq=False)
class Alongside:
    """A reference beside a picture.

    Args:
        pixels: of the reference, in the frame of the picture.
        name: of the reference.
        number: in the list of references, from 1.
        fits: whether what it shows lies where the picture shows it.
    """

    pixels: Rgb
    name: str
    number: int
    fits: bool


def alongside(assistant: Assistant, picture: Picture, longest: int) -> Alongside:
    """The reference that owns most matches of the worst region, or of the highest place, laid over the picture.

    Args:
        assistant: that judged the picture.
        picture: judged.
        longest: side of the pixels that are wanted at most.

    Raises:
        AssistantError: nothing to compare with.
    """
    setup, view, encoded = picture.setup, picture.view, picture.encoded
    profile = setup.built
    if (
        view is None
        or encoded is None
        or profile is None
        or profile.bank is None
        or setup.built_version != setup.version
    ):
        raise AssistantError("a picture judged by references", "one without", "add normal pictures under References")
    if not setup.references:
        raise AssistantError("reference pictures", "a profile, which holds none", "add the normal pictures themselves")
    scores = view.measured.anomaly_map.scores
    worst = (
        region_mask(view, view.inspection.regions[0].id) if view.inspection.regions else scores >= 0.98 * scores.max()
    )
    coverage = patch_coverage(worst, encoded.features.grid)
    localizer = assistant.detector.localizer
    number = nearest_reference(localizer, profile.bank, encoded.features, coverage, profile.window)
    reference = setup.references[min(number, len(setup.references) - 1)]
    pixels, likeness = laid_over(reference.pixels, _fitted(picture.image.pixels, longest))
    return Alongside(pixels, display_name(reference.source), number + 1, likeness >= ALIKE)


def laid_over(reference: Other, picture: Rgb) -> tuple[Rgb, float]:
    """The reference moved, turned and scaled onto the picture, and how far both correlate where both show something.

    Where it lies is found by the steps of ECC (Evangelidis and Psarakis, PAMI 2008) from where it is and from what ORB features
    say; the way of the highest correlation is taken, none at all among them.
    """
    height, width = picture.shape[:2]
    plain = cv2.resize(reference, (width, height), interpolation=cv2.INTER_AREA)
    scale = min(1.0, SIDE / max(height, width))
    size = (max(16, round(width * scale)), max(16, round(height * scale)))
    small, target = (_grey(one, size) for one in (plain, picture))
    found: list[tuple[float, np.ndarray | None]] = [(_likeness(small, target, None), None)]
    for start in (np.eye(2, 3, dtype=np.float32), _by_features(small, target)):
        if start is None:
            continue
        for way in (start, _refined(small, target, start)):
            if way is not None:
                found.append((_likeness(small, target, way), way))
    likeness, best = max(found, key=lambda one: one[0])
    if best is None:
        return np.asarray(plain, np.uint8), likeness
    large = np.vstack([best, [0, 0, 1]])
    grow = np.diag([width / size[0], height / size[1], 1.0])
    matrix = (grow @ large @ np.linalg.inv(grow))[:2]
    moved = cv2.warpAffine(
        plain, matrix, (width, height), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_CONSTANT
    )
    return np.asarray(moved, np.uint8), likeness


def _fitted(pixels: Rgb, longest: int) -> Other:
    scale = min(1.0, longest / max(pixels.shape[:2]))
    size = (max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale)))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


def _grey(pixels: Rgb, size: tuple[int, int]) -> np.ndarray:
    grey = cv2.cvtColor(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)
    return cv2.GaussianBlur(grey, (0, 0), 1.0)


def _likeness(small: np.ndarray, target: np.ndarray, way: np.ndarray | None) -> float:
    """Correlation of both where the moved one covers the picture; less is worth the less it covers."""
    moved, known = np.asarray(small, np.float32), np.ones(target.shape, np.float32)
    if way is not None:
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        size = (target.shape[1], target.shape[0])
        moved, known = (np.asarray(cv2.warpAffine(one, way, size, flags=flags), np.float32) for one in (moved, known))
    inside = known > 0.99
    if inside.mean() < 0.5:
        return -1.0
    one, other = moved[inside], target[inside].astype(np.float32)
    spread = float(one.std() * other.std())
    if spread < 1e-3:
        return 0.0
    correlation = float(((one - one.mean()) * (other - other.mean())).mean()) / spread
    return float(correlation * float(inside.mean()) ** 0.25)


def _refined(small: np.ndarray, target: np.ndarray, start: np.ndarray) -> np.ndarray | None:
    everywhere = np.full(target.shape, 255, np.uint8)
    try:
        return np.asarray(
            cv2.findTransformECC(target, small, start.astype(np.float32), cv2.MOTION_AFFINE, _STEPS, everywhere, 5)[1]
        )
    except cv2.error:  # it does not come to an end
        return None


def _by_features(small: np.ndarray, target: np.ndarray) -> np.ndarray | None:
    """Turn, scale and shift by ORB features; None where too few agree."""
    orb: Any = cv2.ORB.create(nfeatures=800)
    (points, told), (others, said) = orb.detectAndCompute(target, None), orb.detectAndCompute(small, None)
    if told is None or said is None or len(points) < 12 or len(others) < 12:
        return None
    pairs = cv2.BFMatcher(cv2.NORM_HAMMING, crossCheck=True).match(told, said)
    if len(pairs) < 12:
        return None
    start = np.array([points[pair.queryIdx].pt for pair in pairs], np.float32)
    end = np.array([others[pair.trainIdx].pt for pair in pairs], np.float32)
    way, inside = cv2.estimateAffinePartial2D(start, end, method=cv2.RANSAC, ransacReprojThreshold=4.0)
    return None if way is None or int(inside.sum()) < 10 else np.asarray(way, np.float32)
