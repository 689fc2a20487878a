"""B-scans of the retina by optical coherence tomography: layers, fovea, vessel shadows, speckle."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assistant.types import Domain
from data_builders.sources.phantoms.canvas import Field, blur, grey, noise
from data_builders.types import Kind, Picture

# name, thickness relative to the retina, brightness
_LAYERS = (
    ("nerve fibre layer", 0.12, 0.78),
    ("ganglion cell layer", 0.17, 0.48),
    ("inner nuclear layer", 0.13, 0.26),
    ("outer plexiform layer", 0.08, 0.50),
    ("outer nuclear layer", 0.23, 0.20),
    ("ellipsoid zone", 0.07, 0.82),
    ("outer segments", 0.07, 0.42),
    ("pigment epithelium", 0.13, 0.95),
)


@dataclass(frozen=True)
class OctDesign:
    """A device and the eyes it scans.

    Args:
        thickness: of the retina as part of the height.
        position: height of the retina in the picture, 0..1; curve: bow of the eye wall.
        fovea: depth of the pit, 0 where the scan misses it; fovea_width: of the pit as part of the width.
        contrast, black: display window; speckle: strength; grain: speckle grain in pixels at 256 px.
        choroid: brightness below the retina; decay: how fast it fades; invert: dark on white.
        tilt: typical slope.
    """

    thickness: float
    position: float
    curve: float
    fovea: float
    fovea_width: float
    contrast: float
    black: float
    speckle: float
    grain: float
    choroid: float
    decay: float
    invert: bool
    tilt: float


class RetinalOct:
    """Retinal OCT B-scan."""

    name = "retinal_oct"
    kind = Kind.PHANTOM
    domain = Domain.MEDICAL

    def design(self, rng: np.random.Generator) -> OctDesign:
        """Draw a device."""
        return OctDesign(
            thickness=float(rng.uniform(0.20, 0.34)),
            position=float(rng.uniform(0.36, 0.56)),
            curve=float(rng.uniform(-0.02, 0.10)),
            fovea=float(rng.choice([0.0, rng.uniform(0.35, 0.7)], p=[0.3, 0.7])),
            fovea_width=float(rng.uniform(0.10, 0.2)),
            contrast=float(rng.uniform(0.75, 1.05)),
            black=float(rng.uniform(0.0, 0.12)),
            speckle=float(rng.uniform(0.12, 0.42)),
            grain=float(rng.uniform(0.6, 1.4)),
            choroid=float(rng.uniform(0.3, 0.62)),
            decay=float(rng.uniform(0.10, 0.26)),
            invert=bool(rng.random() < 0.06),
            tilt=float(rng.uniform(-0.08, 0.08)),
        )

    def render(self, design: OctDesign, rng: np.random.Generator, size: tuple[int, int]) -> Picture:
        """Scan one eye."""
        height, width = size
        x = np.linspace(-1, 1, width, dtype=np.float32)
        borders = _borders(design, rng, x)
        y = np.linspace(0, 1, height, dtype=np.float32)[:, None]
        signal = np.zeros(size, np.float32)
        sharp = np.float32(0.006)
        parts = {}
        for index, (name, _, bright) in enumerate(_LAYERS):
            top, bottom = borders[index][None, :], borders[index + 1][None, :]
            inside = np.clip((y - top) / sharp + 0.5, 0, 1) * np.clip((bottom - y) / sharp + 0.5, 0, 1)
            along = 1 + np.float32(0.10) * noise(rng, (1, width), 7)
            signal = signal + np.float32(bright) * inside * along
            parts[name] = ((y >= top) & (y < bottom),)
        signal = signal + _choroid(design, rng, y, borders[-1][None, :], size)
        vitreous = np.float32(0.03) * (1 + 0.3 * noise(rng, size, 4)) * (y < borders[0][None, :])
        signal = (signal + vitreous) * _shadows(rng, x, y, borders[0][None, :])
        signal = _speckled(signal.astype(np.float32), design, rng)
        retina = (y >= borders[0][None, :]) & (y < borders[-1][None, :])
        return Picture(
            pixels=grey(1 - signal if design.invert else signal),
            object_mask=retina,
            object_name="retinal OCT scan",
            family=self.name,
            kind=self.kind,
            domain=self.domain,
            parts={"retina": (retina,), **{name: masks for name, masks in parts.items() if masks[0].any()}},
        )


def _borders(design: OctDesign, rng: np.random.Generator, x: np.ndarray) -> list[np.ndarray]:
    """Depth of each layer border by column, (width,) each, as part of the height."""
    width = len(x)
    tilt = design.tilt + float(rng.normal(0, 0.02))
    middle = design.position + float(rng.normal(0, 0.03))
    wave = 0.004 * noise(rng, (1, width), 4)[0]
    base = middle + design.thickness / 2 + tilt * x + design.curve * (0.3 - x * x) * -1 + wave
    centre = float(rng.normal(0, 0.15))
    pit = np.exp(-(((x - centre) / (2 * design.fovea_width)) ** 2)) if design.fovea else np.zeros_like(x)
    rim = np.exp(-((np.abs(x - centre) - 3.4 * design.fovea_width) ** 2) / (2 * (1.6 * design.fovea_width) ** 2))
    swell = 1 + 0.10 * rim * (design.fovea > 0) + 0.03 * noise(rng, (1, width), 3)[0] - 0.10 * np.abs(x)
    depth = [base]
    for index in range(len(_LAYERS) - 1, -1, -1):
        share = _LAYERS[index][1] * design.thickness * swell
        if index <= 3:
            share = share * (1 - min(0.97, design.fovea * 1.45) * pit)
        if index == 4:
            share = share * (1 + 0.30 * design.fovea * pit)
        ripple = 0.0016 * noise(rng, (1, width), 14)[0]
        depth.append(depth[-1] - np.maximum(share, 0.004) + ripple)
    return [d.astype(np.float32) for d in depth[::-1]]


def _choroid(design: OctDesign, rng: np.random.Generator, y: np.ndarray, floor: np.ndarray, size: tuple[int, int]) -> Field:
    """Vessel-mottled glow that fades with depth."""
    below = np.clip((y - floor) / 0.006, 0, 1)
    fade = np.exp(-np.clip(y - floor, 0, 1) / np.float32(design.decay))
    lumen = noise(rng, size, 16, 2)
    mottle = 1 - np.float32(0.42) * np.clip(lumen - 0.2, 0, 1.5)
    return np.asarray(design.choroid * below * fade * mottle, np.float32)


def _shadows(rng: np.random.Generator, x: np.ndarray, y: np.ndarray, top: np.ndarray) -> Field:
    """Dark columns below superficial vessels."""
    total = np.ones((y.shape[0], x.shape[0]), np.float32)
    for _ in range(int(rng.integers(0, 6))):
        centre, half = float(rng.uniform(-1, 1)), float(rng.uniform(0.008, 0.025))
        column = np.exp(-(((x - centre) / half) ** 2))[None, :]
        total *= 1 - np.float32(rng.uniform(0.2, 0.5)) * column * (y > top + 0.02)
    return total * (1 + np.float32(0.10) * noise(rng, (1, x.shape[0]), 5)).astype(np.float32)


def _speckled(signal: Field, design: OctDesign, rng: np.random.Generator) -> Field:
    """Multiplicative and floor speckle, then the display window."""
    grain = design.grain * min(signal.shape) / 256 * 0.7
    rough = blur(rng.standard_normal(signal.shape, np.float32), grain)
    rough = rough / (rough.std() + 1e-6)
    floor = np.float32(0.035) * np.abs(rough)
    noisy = signal * np.clip(1 + np.float32(design.speckle) * rough, 0, 3) + floor * np.float32(design.speckle * 4)
    return np.clip((blur(noisy, 0.45) - design.black * 0.3) * design.contrast + design.black, 0, 1).astype(np.float32)
