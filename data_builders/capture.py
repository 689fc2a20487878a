"""What a camera does to a scene: light, optics, sensor, processing, compression. Photometric only: nothing moves.

A :class:`Capture` belongs to a design, so that the query and its references look taken by one camera; each shot jitters
a little. It is applied after defects, so that defects carry the same blur and noise as what surrounds them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import cv2
import numpy as np
from jaxtyping import Float32

from data_builders.types import Kind, Pixels

Plane = Float32[np.ndarray, "height width"]


@dataclass(frozen=True)
class Capture:
    """Camera effects; the defaults change nothing.

    Args:
        resolution: share of the pixels' side kept by down- and upsampling, (0, 1].
        nearest_up: enlarge with blocky instead of smooth pixels.
        defocus: Gaussian sigma, pixels.
        motion: length of the motion streak, pixels; below 2 there is none.
        motion_angle: radians.
        read_noise: standard deviation of signal-independent noise, grey levels.
        shot_noise: variance a grey level of signal-dependent noise.
        noise_grain: sigma of the noise's correlation, pixels.
        colour_noise: share of the noise that differs between channels, [0, 1].
        exposure: gain.
        white_balance: gains of red, green, blue.
        vignetting: loss of light in the corners, [0, 1].
        gradient: change of light from one side to the other, [0, 1].
        gradient_angle: radians.
        gamma: exponent on values scaled to [0, 1].
        contrast: gain around the middle grey.
        offset: grey levels added.
        sharpening: amount of unsharp masking.
        grey: the camera sees no colour.
        jpeg_quality: 1..100; 0 for none.
        jitter: scale of the differences between shots.
        uneven: how far the light of each shot falls unevenly, in its own way; standard deviation of a share of the light.
        light: logarithms of the gains at the nodes of a 3x3 grid over the picture, row by row, of one shot; () for none.
    """

    resolution: float = 1.0
    nearest_up: bool = False
    defocus: float = 0.0
    motion: float = 0.0
    motion_angle: float = 0.0
    read_noise: float = 0.0
    shot_noise: float = 0.0
    noise_grain: float = 0.0
    colour_noise: float = 0.5
    exposure: float = 1.0
    white_balance: tuple[float, float, float] = (1.0, 1.0, 1.0)
    vignetting: float = 0.0
    gradient: float = 0.0
    gradient_angle: float = 0.0
    gamma: float = 1.0
    contrast: float = 1.0
    offset: float = 0.0
    sharpening: float = 0.0
    grey: bool = False
    jpeg_quality: int = 0
    jitter: float = 1.0
    uneven: float = 0.0
    light: tuple[float, ...] = ()


def draw_capture(rng: np.random.Generator, kind: Kind, colourless: bool, strength: float = 1.0) -> Capture:
    """Camera of a design: most are good, a quarter are middling, a tenth are bad.

    Args:
        rng: draws the camera.
        kind: scanners (phantoms) have neither lamps nor lenses: no vignetting, no motion, no colour cast.
        colourless: the scene is grey; the camera then keeps it grey.
        strength: scale of all effects; 0 for a perfect camera.
    """
    level = strength * float(rng.choice([0.35, 1.0, 2.0], p=[0.65, 0.25, 0.10]))
    if level == 0:
        return Capture(jitter=0.0)

    def some(chance: float, high: float) -> float:
        return float(rng.uniform(0, high) * level) if rng.random() < chance else 0.0

    lens = kind is not Kind.PHANTOM
    cast = np.exp(rng.normal(0, 0.03 * level, 3)) if lens and not colourless else np.ones(3)
    return Capture(
        resolution=max(0.35, 1 - some(0.35, 0.35)),
        nearest_up=bool(rng.random() < 0.1),
        defocus=some(0.35, 0.8),
        motion=some(0.12, 4.0) if lens else 0.0,
        motion_angle=float(rng.uniform(0, math.pi)),
        read_noise=float(rng.uniform(0.2, 1.0)) + some(0.5, 5.0),
        shot_noise=some(0.5, 0.25),
        noise_grain=float(rng.uniform(0.5, 1.1)) if rng.random() < 0.3 else 0.0,
        colour_noise=0.0 if colourless else float(rng.uniform(0.1, 0.9)),
        exposure=float(np.exp(rng.normal(0, 0.10 * level))),
        white_balance=(float(cast[0]), float(cast[1]), float(cast[2])),
        vignetting=min(0.6, some(0.4, 0.25)) if lens else 0.0,
        gradient=min(0.6, some(0.45, 0.3)) if lens else some(0.2, 0.1),
        gradient_angle=float(rng.uniform(0, 2 * math.pi)),
        gamma=float(np.exp(rng.normal(0, 0.10 * level))),
        contrast=float(np.exp(rng.normal(-0.01, 0.08 * level))),
        offset=float(rng.normal(0, 4 * level)),
        sharpening=some(0.25, 0.6),
        grey=bool(colourless or (lens and rng.random() < 0.12)),
        jpeg_quality=int(rng.integers(max(35, 90 - int(30 * level)), 97)) if rng.random() < 0.55 else 0,
        jitter=float(rng.uniform(0.2, 1.0)) * min(1.0, strength),
    )  # fmt: skip


def is_colourless(pixels: Pixels) -> bool:
    """Whether a picture holds only greys (channels within 2 levels everywhere it was sampled)."""
    sample = pixels[::7, ::7].astype(np.int16)
    return bool((sample.max(2) - sample.min(2)).max() <= 2)


def shot(capture: Capture, rng: np.random.Generator) -> Capture:
    """The same camera at another moment: light, focus and noise differ slightly."""
    j = capture.jitter
    common = float(np.exp(rng.normal(0, 0.02 * j)))
    cast = np.ones(3) if capture.grey else np.exp(rng.normal(0, 0.006 * j, 3))
    balance = tuple(float(a * b) for a, b in zip(capture.white_balance, cast, strict=True))
    light = () if capture.uneven == 0 else _uneven_light(capture.uneven, rng)
    return replace(
        capture,
        light=light,
        exposure=capture.exposure * common,
        white_balance=(balance[0], balance[1], balance[2]),
        defocus=capture.defocus * float(np.exp(rng.normal(0, 0.12 * j))),
        motion_angle=capture.motion_angle + float(rng.normal(0, 0.2 * j)),
        gradient=capture.gradient * float(np.exp(rng.normal(0, 0.15 * j))),
        gradient_angle=capture.gradient_angle + float(rng.normal(0, 0.1 * j)),
        offset=capture.offset + float(rng.normal(0, 1.0 * j)),
    )


def unevenly_lit(capture: Capture, kind: Kind, rng: np.random.Generator) -> Capture:
    """The same camera where the light moves: each shot has its own slow fall of light (weaker in a scanner)."""
    strength = float(rng.uniform(0.05, 0.22)) * (0.4 if kind is Kind.PHANTOM else 1.0)
    return replace(capture, uneven=strength)


def _uneven_light(strength: float, rng: np.random.Generator) -> tuple[float, ...]:
    """A slope in any direction, a fall towards the corners about a middle of its own, and a little of neither."""
    x, y = np.meshgrid([-1.0, 0.0, 1.0], [-1.0, 0.0, 1.0])
    angle, middle = rng.uniform(0, 2 * math.pi), rng.uniform(-0.6, 0.6, 2)
    slope = rng.normal(0, strength) * (math.cos(angle) * x + math.sin(angle) * y)
    fall = -abs(rng.normal(0, 0.6 * strength)) * ((x - middle[0]) ** 2 + (y - middle[1]) ** 2)
    gains = slope + fall + rng.normal(0, 0.25 * strength, (3, 3))
    return tuple(float(g) for g in np.clip(gains - gains.mean(), -0.7, 0.7).ravel())


def without_noise(capture: Capture) -> Capture:
    """The same camera with even light, no noise and no compression: what it would show of a detail anywhere."""
    return replace(capture, read_noise=0.0, shot_noise=0.0, vignetting=0.0, gradient=0.0, jpeg_quality=0, light=())


def noise_of(capture: Capture, level: float) -> float:
    """Standard deviation of the noise at a brightness of ``level`` grey levels."""
    return math.sqrt(capture.read_noise**2 + capture.shot_noise * max(level, 0.0))


def develop(pixels: Pixels, capture: Capture, rng: np.random.Generator) -> Pixels:
    """The picture a camera makes of a scene; the same size, nothing moved."""
    scene = _lit(_optics(pixels, capture), capture)
    scene = _with_noise(scene, capture, rng)
    developed = cv2.LUT(np.clip(scene + 0.5, 0, 255).astype(np.uint8), _tone_curve(capture))
    if capture.grey:
        developed = cv2.cvtColor(cv2.cvtColor(developed, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    if capture.sharpening > 0.02:
        soft = cv2.GaussianBlur(developed, (0, 0), 1.2)
        developed = cv2.addWeighted(developed, 1 + capture.sharpening, soft, -capture.sharpening, 0)
    if capture.jpeg_quality:
        packed = cv2.imencode(".jpg", developed, [cv2.IMWRITE_JPEG_QUALITY, capture.jpeg_quality])[1]
        developed = np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), np.uint8)
        if capture.grey:
            developed = cv2.cvtColor(developed[..., 1], cv2.COLOR_GRAY2RGB)
    return np.ascontiguousarray(developed, np.uint8)


def _optics(pixels: Pixels, capture: Capture) -> Pixels:
    height, width = pixels.shape[:2]
    seen: Pixels = pixels
    if capture.defocus > 0.25:
        seen = np.asarray(cv2.GaussianBlur(seen, (0, 0), capture.defocus), np.uint8)
    if capture.motion >= 2:
        seen = np.asarray(cv2.filter2D(seen, -1, _streak(capture.motion, capture.motion_angle)), np.uint8)
    if capture.resolution < 0.98:
        small = (max(16, round(width * capture.resolution)), max(16, round(height * capture.resolution)))
        up = cv2.INTER_NEAREST if capture.nearest_up else cv2.INTER_LINEAR
        seen = np.asarray(
            cv2.resize(cv2.resize(seen, small, interpolation=cv2.INTER_AREA), (width, height), interpolation=up),
            np.uint8,
        )
    return seen


def _streak(length: float, angle: float) -> Plane:
    side = 2 * math.ceil(length / 2) + 1
    kernel = np.zeros((side, side), np.float32)
    middle, half = side // 2, length / 2
    dx, dy = math.cos(angle) * half, math.sin(angle) * half
    scale = 16
    start = (round((middle - dx) * scale), round((middle - dy) * scale))
    end = (round((middle + dx) * scale), round((middle + dy) * scale))
    cv2.line(kernel, start, end, 1.0, 1, cv2.LINE_8, 4)
    return np.asarray(kernel / kernel.sum(), np.float32)


def _lit(pixels: Pixels, capture: Capture) -> Float32[np.ndarray, "height width 3"]:
    height, width = pixels.shape[:2]
    gains = np.float32(capture.exposure) * np.asarray(capture.white_balance, np.float32)
    scene = pixels.astype(np.float32) * gains
    if capture.vignetting > 0.01 or capture.gradient > 0.01:
        x = np.linspace(-1, 1, width, dtype=np.float32)[None, :]
        y = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
        slope = np.float32(math.cos(capture.gradient_angle)) * x + np.float32(math.sin(capture.gradient_angle)) * y
        falloff = 1 - np.float32(capture.vignetting / 2) * (x * x + y * y)
        scene *= (falloff * (1 + np.float32(capture.gradient / 2) * slope))[..., None]
    if capture.light:
        scene *= np.exp(_spread(capture.light, height, width))[..., None]
    return scene


def _spread(light: tuple[float, ...], height: int, width: int) -> Plane:
    """Parabolas through the nodes of the grid along both sides."""

    def weights(size: int) -> np.ndarray:
        t = np.linspace(-1, 1, size, dtype=np.float32)
        return np.stack([t * (t - 1) / 2, 1 - t * t, t * (t + 1) / 2], 1)

    grid = np.asarray(light, np.float32).reshape(3, 3)
    return np.asarray(weights(height) @ grid @ weights(width).T, np.float32)


def _with_noise(
    scene: Float32[np.ndarray, "height width 3"], capture: Capture, rng: np.random.Generator
) -> Float32[np.ndarray, "height width 3"]:
    if capture.read_noise < 0.05 and capture.shot_noise < 0.001:
        return scene
    height, width = scene.shape[:2]
    noise = rng.standard_normal((height, width, 1), np.float32)
    if capture.colour_noise > 0.3 and not capture.grey:
        mix = np.float32(capture.colour_noise)
        noise = noise * np.float32(math.sqrt(1 - mix * mix)) + rng.standard_normal((height, width, 3), np.float32) * mix
    if capture.noise_grain > 0.3:
        sigma = capture.noise_grain
        blurred = cv2.GaussianBlur(noise, (0, 0), sigma).reshape(noise.shape)
        noise = blurred * np.float32(math.sqrt(1 + 4 * math.pi * sigma * sigma) * 0.8)
    if capture.shot_noise < 0.001:
        return np.asarray(scene + noise * np.float32(capture.read_noise), np.float32)
    level = np.sqrt(np.maximum(scene, 0) * np.float32(capture.shot_noise) + np.float32(capture.read_noise**2))
    return np.asarray(scene + noise * level, np.float32)


def _tone_curve(capture: Capture) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    x = np.arange(256) / 255.0
    y = (x**capture.gamma - 0.5) * capture.contrast + 0.5 + capture.offset / 255
    return np.clip(np.rint(y * 255), 0, 255).astype(np.uint8)
