"""Head phantoms in three dimensions, half of them with a round lesion over several slices: ``anomaly-assistant build-volumes``.

Each scan is NIfTI, beside it the mask of its lesion; ``volumes.jsonl`` tells seed, lesion and split of each. Anatomy, contrast,
noise, inhomogeneity and patient's tilt are drawn anew for each scan. Some scans, normal or not, hold a spot in one slice
alone, as artefacts are, so that what one slice says is no proof.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float32
from scipy import ndimage

from assistant.errors import AssistantError, DataSetError

SPACING_MM = (1.25, 1.25, 5.0)
"""Millimetres from voxel to voxel: right, front, head."""
LIST = "volumes.jsonl"
ARTEFACTS = 0.3
"""Share of the scans that hold a spot in one slice alone."""


@dataclass(frozen=True)
class Lesion:
    """A ball in a scan.

    Args:
        centre: voxel indices.
        radius_mm: of the ball.
        contrast: of its middle, as a share of white matter's value.
    """

    centre: tuple[float, float, float]
    radius_mm: float
    contrast: float


@dataclass(frozen=True, eq=False)
class Phantom:
    """A scan with what is known of it.

    Args:
        values: (right, front, head), integers of no unit.
        mask: of the lesion.
        seed: that it was drawn with.
        lesion: None in a normal one.
        artefact: slice of the spot; None without one.
    """

    values: np.ndarray
    mask: Bool[np.ndarray, "x y z"]
    seed: int
    lesion: Lesion | None = None
    artefact: int | None = None


def draw_phantom(seed: int, shape: tuple[int, int, int], *, lesion: bool) -> Phantom:
    """One scan.

    Args:
        seed: of everything in it.
        shape: voxels to the right, front and head.
        lesion: whether it holds one.
    """
    rng = np.random.default_rng((seed, 31))
    at, depth = _head_frame(rng, shape)
    tissue, brain = _tissue(rng, at, depth)
    found, mask = None, np.zeros(shape, bool)
    if lesion:
        found = _drawn_lesion(rng, depth, shape)
        ball = _ball(found.centre, found.radius_mm, shape)
        mask = ball > 0.5
        tissue = tissue + found.contrast * ball * brain
    artefact = None
    if rng.random() < ARTEFACTS:
        artefact, tissue = _with_spot(rng, tissue, depth)
    return Phantom(_acquired(rng, tissue), mask, seed, found, artefact)


def _head_frame(rng: np.random.Generator, shape: tuple[int, int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates (right, front, up) in half axes of the brain, and how deep voxels lie: 0 on its surface, 1 at its middle."""
    half_mm = np.array([68.0, 84.0, 66.0]) * rng.uniform(0.94, 1.06, 3)
    step = np.array(SPACING_MM) * np.array([160, 160, 28]) / np.array(shape)
    middle = (np.array(shape) - 1) / 2 + rng.uniform(-2, 2, 3) * [1, 1, 0.3]
    grid = np.stack(np.meshgrid(*(np.arange(n) for n in shape), indexing="ij"), -1).astype(np.float32)
    at = (grid - middle) * step
    turn, tilt = rng.normal(0, 0.06), rng.normal(0, 0.08)
    x, y, z = at[..., 0], at[..., 1], at[..., 2] + 8.0
    x, y = x * np.cos(turn) - y * np.sin(turn), x * np.sin(turn) + y * np.cos(turn)
    y, z = y * np.cos(tilt) - z * np.sin(tilt), y * np.sin(tilt) + z * np.cos(tilt)
    turned: np.ndarray = np.stack([x, y, z], -1) / half_mm.astype(np.float32)
    return turned, 1 - np.sqrt((np.abs(turned) ** 2.3).sum(-1)) ** (1 / 1.15)


def _noise(
    rng: np.random.Generator, shape: Sequence[int], width: tuple[float, float, float]
) -> Float32[np.ndarray, "x y z"]:
    """Smooth noise of mean 0 and deviation 1."""
    field = ndimage.gaussian_filter(rng.standard_normal(tuple(shape), np.float32), width, mode="nearest")
    found: Float32[np.ndarray, "x y z"] = (field / field.std()).astype(np.float32)
    return found


def _tissue(rng: np.random.Generator, at: np.ndarray, depth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Values of the tissues, white matter 1, and how much of each voxel is brain."""
    shape = depth.shape
    fold = _noise(rng, shape, (3.0, 3.0, 1.0))
    ribbon = depth + 0.035 * fold
    white, grey, fluid = 1.0, rng.uniform(0.72, 0.82), rng.uniform(0.15, 0.3)
    brain = np.clip(depth / 0.03, 0, 1)
    values = np.where(ribbon > 0.14, white, grey)
    values = np.where((ribbon < 0.05) & (fold < -0.3), fluid, values)
    x, y, z = np.abs(at[..., 0]), at[..., 1], at[..., 2]
    horn = ((x - 0.13 - 0.1 * np.abs(y)) / rng.uniform(0.06, 0.1)) ** 2 + (y / 0.42) ** 2 + ((z - 0.1) / 0.3) ** 2
    values = np.where(horn < 1, fluid, values)
    deep = ((x - 0.33) / 0.14) ** 2 + ((y - 0.1) / 0.28) ** 2 + (z / 0.3) ** 2
    values = np.where(deep < 1, 0.5 * (white + grey), values)
    values = np.where((x < 0.012) & (depth > 0), fluid, values)
    values = values * brain * (1 + 0.03 * _noise(rng, shape, (6.0, 6.0, 1.5)))
    shell = depth < 0
    values = np.where(shell & (depth > -0.05), 0.08, values)
    values = np.where(shell & (depth > -0.14) & (depth <= -0.06), rng.uniform(0.8, 1.1), values)
    whole: np.ndarray = ndimage.gaussian_filter(np.where(depth < -0.14, 0.0, values), (0.7, 0.7, 0.0))
    return whole, brain


def _drawn_lesion(rng: np.random.Generator, depth: np.ndarray, shape: tuple[int, int, int]) -> Lesion:
    """A ball of 7 to 13 mm whose middle lies well inside the brain, farther from white matter than grey matter is."""
    places = np.argwhere(depth[:, :, 2 : shape[2] - 2] > 0.22)
    centre = places[rng.integers(len(places))] + [0, 0, 2]
    contrast = rng.uniform(0.25, 0.5) * rng.choice([-1.0, 1.0], p=[0.4, 0.6])
    x, y, z = (float(one) for one in centre)
    return Lesion((x, y, z), float(rng.uniform(7, 13)), float(contrast))


def _ball(centre: Sequence[float], radius_mm: float, shape: tuple[int, int, int]) -> np.ndarray:
    """How much of each voxel a ball holds, its edge two millimetres wide."""
    step = np.array(SPACING_MM) * np.array([160, 160, 28]) / np.array(shape)
    grids = np.ogrid[: shape[0], : shape[1], : shape[2]]
    far = np.sqrt(sum(((grid - c) * s) ** 2 for grid, c, s in zip(grids, centre, step, strict=True)))
    held: np.ndarray = np.clip((radius_mm - far) / 2.0 + 0.5, 0, 1).astype(np.float32)
    return held


def _with_spot(rng: np.random.Generator, tissue: np.ndarray, depth: np.ndarray) -> tuple[int, np.ndarray]:
    """A spot of 6 to 11 mm in one slice alone."""
    number = int(rng.integers(4, depth.shape[2] - 4))
    places = np.argwhere(depth[:, :, number] > 0.15)
    if not len(places):
        return number, tissue
    centre = places[rng.integers(len(places))]
    step = SPACING_MM[0] * 160 / depth.shape[0]
    grids = np.ogrid[: depth.shape[0], : depth.shape[1]]
    far = step * np.hypot(grids[0] - centre[0], grids[1] - centre[1])
    spot = np.clip((rng.uniform(6, 11) - far) / 2.0 + 0.5, 0, 1)
    spotted = tissue.copy()
    spotted[:, :, number] += rng.uniform(0.2, 0.35) * rng.choice([-1.0, 1.0]) * spot
    return number, spotted


def _acquired(rng: np.random.Generator, tissue: np.ndarray) -> np.ndarray:
    """As a scanner brings it: inhomogeneous, each slice a little lighter or darker, noisy."""
    shape = tissue.shape
    field = 1 + 0.08 * _noise(rng, shape, tuple(side / 4 for side in shape))
    slices = rng.normal(1, 0.012, shape[2])
    scale = rng.uniform(500, 1500)
    noise = rng.normal(0, rng.uniform(0.025, 0.05), (2, *shape))
    magnitude = np.hypot(tissue * field * slices + noise[0], noise[1])
    values: np.ndarray = np.rint(magnitude * scale).astype(np.int16)
    return values


def phantoms(count: int, seed: int, shape: tuple[int, int, int]) -> Iterator[Phantom]:
    """Scans, every second one with a lesion."""
    for number in range(count):
        yield draw_phantom(seed * 10_000 + number, shape, lesion=number % 2 == 1)


def write_phantoms(out: Path, count: int, seed: int, shape: tuple[int, int, int], references: int) -> None:
    """Write scans to ``scans/`` and ``masks/``, and normal ones to ``references/``.

    Raises:
        DataSetError: the folder is not empty, or nibabel is not installed.
    """
    try:
        import nibabel
    except ImportError:
        raise DataSetError("nibabel", "none", 'pip install "anomaly-assistant[medical]"') from None
    if out.exists() and any(out.iterdir()):
        raise DataSetError("an empty folder", str(out), "name another, or remove it")
    step = np.array(SPACING_MM) * np.array([160, 160, 28]) / np.array(shape)
    affine = np.diag([*step, 1.0])
    for folder in ("scans", "masks", "references"):
        (out / folder).mkdir(parents=True, exist_ok=True)
    lines = []
    drawn = [("scans", one) for one in phantoms(count, seed, shape)]
    for number in range(references):
        drawn.append(("references", draw_phantom(seed * 10_000 + 5_000 + number, shape, lesion=False)))
    for folder, one in drawn:
        path = f"{folder}/{one.seed:08d}.nii.gz"
        nibabel.save(nibabel.Nifti1Image(one.values, affine), out / path)
        if one.lesion is not None:
            nibabel.save(nibabel.Nifti1Image(one.mask.astype(np.uint8), affine), out / f"masks/{one.seed:08d}.nii.gz")
        lesion = None if one.lesion is None else asdict(one.lesion)
        lines.append({"source": path, "seed": one.seed, "lesion": lesion, "artefact": one.artefact})
    (out / LIST).write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")


def main(arguments: Sequence[str] | None = None, program: str = "python -m data_builders.volumes") -> int:
    """Run the command line; 0 done, 2 bad options."""
    options = argparse.ArgumentParser(prog=program, description="Head phantoms in three dimensions.")
    options.add_argument("--out", type=Path, required=True, help="empty folder")
    options.add_argument("--count", type=int, default=60, help="scans, half of them normal (default 60)")
    options.add_argument("--references", type=int, default=4, help="further normal scans (default 4)")
    options.add_argument("--seed", type=int, default=0, help="of the draws (default 0)")
    options.add_argument("--side", type=int, default=160, help="voxels across (default 160)")
    options.add_argument("--slices", type=int, default=28, help="slices (default 28)")
    given = options.parse_args(arguments)
    try:
        write_phantoms(given.out, given.count, given.seed, (given.side, given.side, given.slices), given.references)
    except AssistantError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(f"{given.count} scans and {given.references} references in {given.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
