"""Objects seen whole against a background: lifting them off it, taking them apart, and setting the pieces down again."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np

from data_builders.defects.industrial.parts import grown
from data_builders.defects.painting import Layer, box_of
from data_builders.defects.shapes import Alpha, floats
from data_builders.types import Kind, Mask, Picture

SMALL = 64
"""Side at which the colour behind an object is estimated, pixels."""


@dataclass(frozen=True, eq=False)
class Frame:
    """Main axes of an object.

    Args:
        x, y: centre, pixels.
        angle: of the long axis, radians.
        length, width: standard deviations along and across it, times two; pixels.
    """

    x: float
    y: float
    angle: float
    length: float
    width: float


def stands_free(picture: Picture, least: float = 0.03, most: float = 0.72) -> bool:
    """Whether the picture is of an object with background all around; ``least`` and ``most``: its share of the picture."""
    if picture.kind is not Kind.OBJECT or not least <= float(picture.object_mask.mean()) <= most:
        return False
    border = np.concatenate([picture.object_mask[[0, -1]].ravel(), picture.object_mask[:, [0, -1]].ravel()])
    return float(border.mean()) < 0.1


def frame_of(mask: Mask) -> Frame:
    """Main axes of a mask that is not empty."""
    ys, xs = np.nonzero(mask)
    spread = np.cov(np.stack([xs, ys]).astype(np.float64)) + 1e-6 * np.eye(2)
    values, vectors = np.linalg.eigh(spread)
    angle = math.atan2(float(vectors[1, 1]), float(vectors[0, 1]))
    return Frame(float(xs.mean()), float(ys.mean()), angle, 2 * math.sqrt(values[1]), 2 * math.sqrt(values[0]))


def axes(mask: Mask, frame: Frame) -> tuple[Alpha, Alpha]:
    """Distance of each pixel along and across the long axis from the centre, pixels."""
    height, width = mask.shape
    x = np.arange(width, dtype=np.float32)[None, :] - np.float32(frame.x)
    y = np.arange(height, dtype=np.float32)[:, None] - np.float32(frame.y)
    cos, sin = np.float32(math.cos(frame.angle)), np.float32(math.sin(frame.angle))
    return np.asarray(cos * x + sin * y, np.float32), np.asarray(cos * y - sin * x, np.float32)


def margin_of(mask: Mask) -> int:
    """Pixels around an object that its shadow and its soft edge may darken."""
    return max(4, round(0.04 * float(min(mask.shape))))


def background(picture: Picture) -> Layer:
    """The picture without its object: colours smoothly continued from around it, detail mirrored at its outline."""
    pixels, cover = picture.pixels, grown(picture.object_mask, margin_of(picture.object_mask))
    height, width = cover.shape
    if cover.all():
        return np.asarray(pixels, np.float32)
    free = (~cover).astype(np.float32)
    sigma = 0.04 * min(height, width)
    weight = np.asarray(cv2.GaussianBlur(free, (0, 0), sigma), np.float32)
    blurred = np.asarray(cv2.GaussianBlur(pixels * free[..., None], (0, 0), sigma), np.float32)
    tone = blurred / np.maximum(weight, 1e-4)[..., None]
    near = weight > 0.15
    small = cv2.resize(np.where(near[..., None], tone, 0), (SMALL, SMALL), interpolation=cv2.INTER_AREA)
    known = cv2.resize(near.astype(np.uint8), (SMALL, SMALL), interpolation=cv2.INTER_NEAREST)
    smooth = np.clip(small, 0, 255).astype(np.uint8)
    filled = cv2.inpaint(
        smooth, np.asarray(1 - cv2.erode(known, np.ones((3, 3), np.uint8)), np.uint8), 3, cv2.INPAINT_NS
    )
    far = cv2.resize(np.asarray(filled, np.float32), (width, height), interpolation=cv2.INTER_CUBIC)
    mix = np.clip(weight / 0.3, 0, 1)[..., None]
    behind = tone * mix + far * (1 - mix)
    rows, columns = _mirrored(cover)
    detail = np.where(cover[..., None], 0.0, np.asarray(pixels, np.float32) - behind)[rows, columns]
    return np.asarray(np.where(cover[..., None], behind + detail, pixels), np.float32)


def _mirrored(cover: Mask) -> tuple[np.ndarray, np.ndarray]:
    """Row and column that each covered pixel has on the other side of the nearest uncovered one."""
    _, labels = cv2.distanceTransformWithLabels(cover.astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    ys, xs = np.nonzero(~cover)
    place = np.zeros(int(labels.max()) + 1, np.int64)
    place[labels[ys, xs]] = np.arange(ys.size)
    nearest = place[labels]
    rows, columns = np.indices(cover.shape)
    height, width = cover.shape
    return (
        _folded(2 * ys[nearest] - rows, height),
        _folded(2 * xs[nearest] - columns, width),
    )


def _folded(index: np.ndarray, size: int) -> np.ndarray:
    """Indices reflected at both borders."""
    period = np.abs(index) % (2 * size - 2)
    return np.asarray(np.minimum(period, 2 * size - 2 - period))


def soft(mask: Mask) -> Alpha:
    """Alpha of a mask with an edge as soft as a lens makes it."""
    return np.asarray(cv2.GaussianBlur(mask.astype(np.float32), (0, 0), 0.7), np.float32)


def cleared(picture: Picture, gone: Mask) -> Layer:
    """The picture with ``gone`` and the shadow around it replaced by the background, the rest of the object untouched."""
    behind, kept = background(picture), np.asarray(picture.object_mask & ~gone, bool)
    around = grown(gone, margin_of(gone)).astype(np.float32)
    alpha = np.asarray(cv2.GaussianBlur(around, (0, 0), 1.2), np.float32)
    alpha = np.maximum(alpha, soft(gone)) * (1 - soft(kept))
    pixels = np.asarray(picture.pixels, np.float32)
    return np.asarray(pixels + alpha[..., None] * (behind - pixels), np.float32)


def laid(layer: Layer, source: np.ndarray, piece: Mask, moves: tuple[float, float, float]) -> tuple[Layer, Mask]:
    """A piece of ``source`` laid onto a layer.

    Args:
        layer: what lies below.
        source: the picture the piece is from.
        piece: mask of it.
        moves: shift right and down in pixels, turn about the centre of the piece in radians.

    Returns:
        The layer with it, and where it now lies.
    """
    dx, dy, turn = moves
    ys, xs = np.nonzero(piece)
    height, width = piece.shape
    matrix = np.asarray(
        cv2.getRotationMatrix2D((float(xs.mean()), float(ys.mean())), math.degrees(turn), 1.0), np.float32
    )
    matrix[:, 2] += floats([dx, dy])
    alpha = np.asarray(cv2.warpAffine(soft(piece), matrix, (width, height)), np.float32)
    full = np.asarray(source, np.float32)
    moved = np.asarray(cv2.warpAffine(full, matrix, (width, height), borderMode=cv2.BORDER_REFLECT_101), np.float32)
    return np.asarray(layer + alpha[..., None] * (moved - layer), np.float32), np.asarray(alpha > 0.02, bool)


def specimens(mask: Mask, least: float = 0.004) -> list[Mask]:
    """Connected pieces of a mask with at least that share of the picture: the things a picture of several shows."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    big = [i for i in range(1, count) if stats[i, cv2.CC_STAT_AREA] >= least * mask.size]
    return [np.asarray(labels == i, bool) for i in big] or [mask]


def one_specimen(mask: Mask, rng: np.random.Generator) -> Mask:
    """The mask of one thing of those that a picture shows."""
    found = specimens(mask)
    return found[int(rng.integers(len(found)))]


def joined(masks: Iterable[Mask]) -> Mask:
    """Union of masks, at least one."""
    first, *others = masks
    union = first.copy()
    for mask in others:
        union |= mask
    return union


def largest(mask: Mask) -> Mask:
    """The largest connected piece of a mask."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    if count < 2:
        return mask
    return np.asarray(labels == 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA])), bool)


def fracture(mask: Mask, rng: np.random.Generator, angle: float, offset: float) -> Alpha:
    """Signed distance from an irregular line: its two sides are the pieces of a break.

    Args:
        mask: of the object.
        rng: draws the jags.
        angle: direction of the line's normal, radians.
        offset: of the line from the object's centre along its normal, pixels.
    """
    frame = frame_of(mask)
    along, across = axes(mask, Frame(frame.x, frame.y, angle, frame.length, frame.width))
    rows, columns = box_of(mask) or (slice(None), slice(None))
    side = max(rows.stop - rows.start, columns.stop - columns.start)
    jag = np.zeros_like(across)
    for step, size in ((0.5, 0.09), (0.17, 0.035), (0.05, 0.012)):
        knots = rng.normal(0, size * side, 64).astype(np.float32)
        place = across / np.float32(step * side) + np.float32(32)
        jag += np.interp(place, np.arange(64), knots).astype(np.float32)
    return np.asarray(along - np.float32(offset) - jag, np.float32)
