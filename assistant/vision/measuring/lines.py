"""The line that a region of the anomaly map lies on, found in the picture's own pixels: where it starts, ends, how wide it is.

The map is made of patches and blurred, so its component is an order of magnitude wider than a scratch and ends early or late.
A line is looked for inside it in the picture, followed, and measured along itself: at each point the lightness of the line less
that of its two sides. It ends where that contrast does, pulled towards the end of the component where the surface is rough.
Coordinates are (x, y), centres of pixels at whole numbers, in the frame of the lightness given.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float, Float32
from scipy import ndimage

from assistant.types import THRESHOLD
from assistant.vision.measuring.ridges import best_chord, find_ridges, ridge_path, spread_of

LOOKED_AT = 14.0
"""Side of a patch in the reduced picture where lines are looked for, pixels: the cost does not grow with the picture."""
OVERSHOOT = 0.2
"""How far the component ends beyond a line, in patches; the median over built scratches."""
OVERSHOOT_SPREAD = 0.5
"""Standard deviation of that, in patches."""
CAP = 8.0
"""The most that the component's end counts, in half squared deviations: it may be another defect's."""
GRAIN = 3.0
"""Pixels along the line whose noise is one draw."""
LEAST_STEP = 1e-3
"""Contrast of what is no line, in lightness."""
ONE_SIDED = 0.25
"""Share of its contrast that a line has against each of its sides."""
STEP_CAP = 6.0
"""The most that one pixel along the line counts for or against it."""


@dataclass(frozen=True, eq=False)
class Line:
    """A line in a picture.

    Args:
        points: (x, y) a pixel apart from one end to the other, pixels.
        width: full width at half of its contrast, pixels, at least 1.
        contrast: lightness of the line less that of its sides, in standard deviations of that difference off the line.
        patchiness: how far the sides themselves differ from the surroundings, as a share of the line's difference from its
            sides: near 0 for a line on a surface, large for what lies inside or along a blob.
    """

    points: Float[np.ndarray, "points 2"]
    width: float
    contrast: float
    patchiness: float


@dataclass(frozen=True, eq=False)
class _Contrast:
    """A path across which lightness was looked at.

    Args:
        step: what each point says for (positive) or against being on the line.
        sides: lightness on the left and the right of the line.
        mean, noise: of the contrast, on the line and off it.
        width: full width at half of the contrast, pixels.
    """

    step: Float[np.ndarray, " points"]
    sides: Float[np.ndarray, "points 2"]
    mean: float
    noise: float
    width: float


def trace_line(
    lightness: Float32[np.ndarray, "height width"],
    scores: Float32[np.ndarray, "height width"],
    inside: Bool[np.ndarray, "height width"],
    patch: float,
) -> Line | None:
    """The line that stands out most in a region; None where nothing in it is like a line.

    Args:
        lightness: of the region and at least two patches around it, CIELAB, 0..100.
        scores: calibrated map there.
        inside: the region; never empty.
        patch: side of a patch of the encoder, pixels of the picture.
    """
    scale = min(1.0, LOOKED_AT / patch)
    size = (max(1, round(lightness.shape[1] * scale)), max(1, round(lightness.shape[0] * scale)))
    small = cv2.resize(lightness, size, interpolation=cv2.INTER_AREA) if scale < 1 else lightness
    member = cv2.resize(inside.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST).astype(bool)
    if min(size) < 8 or not member.any():
        return None
    ridges = find_ridges(small, member, patch * scale)
    margin = max(3, int(patch * scale / 2))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * margin + 1, 2 * margin + 1))
    near = cv2.dilate(member.astype(np.uint8), disc).astype(bool)
    paths = [ridge_path(ridges, near, member, max(6, margin)), best_chord(ridges, member, 0.7 * margin)]
    outside = cv2.resize(near.astype(np.uint8), lightness.shape[::-1], interpolation=cv2.INTER_NEAREST) == 0
    signed = lightness if ridges.bright else -lightness
    surface = _surface(signed, outside if outside.any() else ~inside)
    found = []
    for path in paths:
        if path is None:
            continue
        even = evenly(smoothed(evenly(path)))
        measured = _along(signed, scores, surface, (even + 0.5) / scale - 0.5, patch)
        if measured is not None:
            found.append(measured)
    return max(found, key=lambda line: line.contrast * len(line.points) ** 0.5, default=None)


def evenly(path: Float[np.ndarray, "points 2"]) -> Float[np.ndarray, "other 2"]:
    """Points of a path about a pixel apart."""
    far = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(path, axis=0).T))])
    places = np.linspace(0, far[-1], max(2, round(far[-1]) + 1))
    return np.stack([np.interp(places, far, path[:, 0]), np.interp(places, far, path[:, 1])], 1)


def smoothed(path: Float[np.ndarray, "points 2"], sigma: float = 8.0) -> Float[np.ndarray, "points 2"]:
    """A path without the staircase of pixels; its ends stay."""
    count = len(path)
    sigma = min(sigma, count / 4)
    reach = min(count - 1, int(3 * sigma))
    before, after = 2 * path[0] - path[reach:0:-1], 2 * path[-1] - path[-2 : -reach - 2 : -1]
    whole = ndimage.gaussian_filter1d(np.concatenate([before, path, after]), sigma, axis=0)
    return np.asarray(whole[reach : reach + count])


def _along(
    lightness: Float32[np.ndarray, "height width"],
    scores: Float32[np.ndarray, "height width"],
    surface: Float[np.ndarray, " coefficients"],
    path: Float[np.ndarray, "points 2"],
    patch: float,
) -> Line | None:
    """Where a bright line along a path and its straight continuations starts and ends; None where the region is not met."""
    path = evenly(path)
    if len(path) < 4:
        return None
    path = _continued(path, int(patch + 0.1 * len(path)))
    places = path.astype(np.float32)
    on_map = cv2.remap(scores, places[:, :1], places[:, 1:], cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)[:, 0]
    met = np.flatnonzero(on_map >= THRESHOLD)
    if met.size < 3:
        return None
    height, width = lightness.shape
    seen = (path >= 0).all(1) & (path[:, 0] <= width - 1) & (path[:, 1] <= height - 1)
    reach, middle = met[-1] + 1 - met[0], (met[-1] + 1 + met[0]) / 2
    half = max(reach / 2 - OVERSHOOT * patch, 0.15 * reach)
    across, offsets = _profiles(lightness, path, max(8, int(patch / 2)))
    low, high = int(middle - half), max(int(middle + half), int(middle - half) + 3)
    for _ in range(4):
        contrast = _contrast(across, offsets, seen, (low, high))
        ends = _ends(contrast.step, (middle - half, middle + half), OVERSHOOT_SPREAD * patch)
        if ends == (low, high):
            break
        low, high = ends
    points = path[low:high]
    apart = np.median(contrast.sides[low:high] - (points @ surface[:2] + surface[2])[:, None], axis=0)
    patchiness = float(np.abs(apart).max()) / contrast.mean
    return Line(points, contrast.width, contrast.mean / contrast.noise, patchiness)


def _surface(
    lightness: Float32[np.ndarray, "height width"], outside: Bool[np.ndarray, "height width"]
) -> Float[np.ndarray, " coefficients"]:
    """The plane through the lightness of the surroundings: its slopes along x and y, and its value at (0, 0)."""
    rows, columns = np.nonzero(outside)
    some = slice(None, None, 1 + rows.size // 4000)
    places = np.stack([columns[some], rows[some], np.ones(rows[some].size)], 1)
    values = lightness[rows[some], columns[some]].astype(np.float64)
    kept = np.ones(values.size, bool)
    plane: np.ndarray = np.zeros(3)
    for _ in range(3):
        if kept.sum() < 10:
            break
        plane = np.linalg.lstsq(places[kept], values[kept], rcond=None)[0]
        rest = values - places @ plane
        kept = np.abs(rest) <= 2.5 * spread_of(rest) + 1e-6
    return plane


def _continued(path: Float[np.ndarray, "points 2"], count: int) -> Float[np.ndarray, "other 2"]:
    """A path with ``count`` more pixels at both ends, straight on."""
    back = max(2, min(40, len(path) // 3))

    def onward(end: np.ndarray, inner: np.ndarray) -> np.ndarray:
        way = (end - inner) / max(float(np.hypot(*(end - inner))), 1e-9)
        return np.asarray(end + way * np.arange(1, count + 1)[:, None])

    return np.concatenate([onward(path[0], path[back])[::-1], path, onward(path[-1], path[-1 - back])])


def _profiles(
    lightness: Float32[np.ndarray, "height width"], path: Float[np.ndarray, "points 2"], half: int
) -> tuple[Float32[np.ndarray, "points offsets"], Float[np.ndarray, " offsets"]]:
    """Lightness across a path at each of its points, every half pixel to ``half`` pixels on both sides."""
    along = np.gradient(path, axis=0)
    along /= np.maximum(np.hypot(along[:, 0], along[:, 1]), 1e-9)[:, None]
    offsets = np.arange(-half, half + 0.01, 0.5)
    x = (path[:, None, 0] - offsets * along[:, None, 1]).astype(np.float32)
    y = (path[:, None, 1] + offsets * along[:, None, 0]).astype(np.float32)
    return cv2.remap(lightness, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101), offsets


def _contrast(
    across: Float32[np.ndarray, "points offsets"],
    offsets: Float[np.ndarray, " offsets"],
    seen: Bool[np.ndarray, " points"],
    span: tuple[int, int],
) -> _Contrast:
    """The contrast along a path whose points ``span`` (half-open) are thought to be the line.

    With contrast ``c`` at a point, ``m`` on the line and standard deviation ``s`` off it, the logarithm of the likelihood of
    line against surface is (c - m/2) m / s**2. A clear line is followed to a smaller share of ``m`` than its half: lines
    taper to their ends.
    """
    low, high = span
    full, centre = _width(across[low:high].mean(0), offsets)
    aside = np.abs(offsets - centre)
    side = (aside > full / 2 + 2) & (aside <= full / 2 + 2 + max(6, full))
    if not (side & (offsets < centre)).any() or not (side & (offsets > centre)).any():
        side = aside > 0
    on = across[:, aside <= max(0.5, full / 3)].mean(1)
    contrast = on - np.median(across[:, side], axis=1)
    sides = np.stack([across[:, side & way].mean(1) for way in (offsets < centre, offsets > centre)], 1)
    mean = max(float(np.median(contrast[low:high])), LEAST_STEP)
    if float(on[low:high].mean() - sides[low:high].mean(0).max()) < ONE_SIDED * mean:
        mean = LEAST_STEP  # an edge between two tones
    off = np.concatenate([contrast[:low][seen[:low]], contrast[high:][seen[high:]]])
    noise = max(spread_of(off) if off.size > 12 else spread_of(contrast - mean), 1e-2)
    share = min(max(2.0 * noise / mean, 0.15), 0.45)
    likelihood = (contrast - share * mean) * mean / max(noise, 0.1 * mean) ** 2 / GRAIN
    step = np.where(seen, np.clip(likelihood, -STEP_CAP, STEP_CAP), -STEP_CAP)
    return _Contrast(step, sides, mean, noise, full)


def _width(profile: Float[np.ndarray, " offsets"], offsets: Float[np.ndarray, " offsets"]) -> tuple[float, float]:
    """Full width at half maximum of a bright line's profile, and where its middle is, pixels."""
    above = profile - np.median(profile[np.abs(offsets) > offsets[-1] / 2])
    middle = np.flatnonzero(np.abs(offsets) <= 4)
    top = int(middle[np.argmax(above[middle])])
    half = above[top] / 2
    if half <= 0:
        return 1.0, 0.0
    left = right = top
    while left > 0 and above[left - 1] > half:
        left -= 1
    while right < len(above) - 1 and above[right + 1] > half:
        right += 1

    def crossing(inner: int, outer: int) -> float:
        if not 0 <= outer < len(above):
            return float(offsets[inner])
        share = (above[inner] - half) / (above[inner] - above[outer])
        return float(offsets[inner] + share * (offsets[outer] - offsets[inner]))

    first, last = crossing(left, left - 1), crossing(right, right + 1)
    return max(1.0, last - first), (first + last) / 2


def _ends(step: Float[np.ndarray, " points"], expected: tuple[float, float], spread: float) -> tuple[int, int]:
    """The most likely half-open span of a line: sum of ``step`` inside, less how far the ends are from those expected."""
    total = np.concatenate([[0.0], np.cumsum(step)])
    place = np.arange(total.size)
    first, last = (np.minimum((place - one) ** 2 / (2 * spread**2), CAP) for one in expected)
    middle = min(max(int(sum(expected) / 2), 1), total.size - 2)
    low = int(np.argmax((-total - first)[: middle + 1]))
    high = middle + int(np.argmax((total - last)[middle:]))
    return low, max(high, min(low + 3, len(step)))
