"""A score volume as NIfTI in the source's own grid: it opens over the scan in 3D Slicer, ITK-SNAP and the like."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from jaxtyping import Float32
from scipy import ndimage

from assistant.errors import StorageError
from assistant.files.whole import whole_file
from assistant.pictures.medical import missing
from assistant.pictures.pixels import printable
from assistant.volumes.finding import VolumeInspection

STEPS = 10_000
"""Scores are written as whole numbers of this many parts, with the scale in the header."""


def save_scores(path: str | Path, found: VolumeInspection) -> None:
    """Write calibrated scores, 0 to 1, a value a voxel of the source, with its affine; whole or not at all.

    Raises:
        StorageError: a name without a NIfTI ending, or a folder that cannot be written.
        ImageError: nibabel is not installed.
    """
    target, name = Path(path), printable(str(path))
    if not target.name.lower().endswith((".nii", ".nii.gz")):
        raise StorageError(
            "a name that ends in .nii or .nii.gz", name, "write for example --score-volume scores.nii.gz"
        )
    try:
        import nibabel
    except ImportError:
        raise missing("NIfTI", name) from None
    volume = found.volume
    whole = np.rint(np.clip(full_size(found.scores, volume.shape), 0, 1) * STEPS).astype(np.int16)
    image = nibabel.Nifti1Image(volume.in_source_order(whole), source_affine(found))
    image.header.set_slope_inter(1 / STEPS, 0.0)
    image.header.set_xyzt_units("mm")
    image.header["descrip"] = b"anomaly scores, 0 to 1"
    try:
        with whole_file(target, ".nii.gz" if target.name.lower().endswith(".gz") else ".nii") as part:
            nibabel.save(image, part)
    except OSError as error:
        raise StorageError("a folder that can be written", f"{error.strerror} at {name}", "name another") from None


def full_size(scores: Float32[np.ndarray, "x y z"], shape: tuple[int, int, int]) -> np.ndarray:
    """Scores at each voxel, between the cells in a straight line."""
    if scores.shape == shape:
        return scores
    factors = np.array(shape) / scores.shape
    found: np.ndarray = ndimage.zoom(scores, factors, order=1, mode="nearest", grid_mode=True)
    return found


def source_affine(found: VolumeInspection) -> np.ndarray:
    """Indices of the source's own array -> millimetres."""
    volume = found.volume
    turning = np.zeros((4, 4))
    turning[3, 3] = 1.0
    for axis, (stored, way) in enumerate(volume.stored):
        turning[axis, stored] = way
        turning[axis, 3] = 0.0 if way > 0 else volume.shape[axis] - 1.0
    affine: np.ndarray = volume.affine @ turning
    return affine
