"""NIfTI bytes -> a whole volume, decoded once; needs the extra ``medical`` (nibabel 5).

``::volume=1`` takes another volume of a file of four dimensions, ``::window=brain`` fixes the window. Where affine and
``pixdim`` state two spacings the affine's is taken, as viewers do, and a warning says so.
"""

from __future__ import annotations

import gzip
import io
from collections.abc import Mapping
from typing import Any

import numpy as np

from assistant.errors import ImageError
from assistant.pictures.kinds import nifti_version
from assistant.pictures.levels import robust_range
from assistant.pictures.medical import WINDOWS, bounds, missing, unknown_window
from assistant.pictures.nifti import UNPLACED, unplaced
from assistant.pictures.pixels import ImageLimits, check_selector, decoding, selected_index
from assistant.types import Levels
from assistant.volumes.volume import Volume, volume_levels

_UNIT = {"meter": 1000.0, "micron": 0.001}
_APART = 0.01


def decode_nifti_volume(
    data: bytes, source: str, name: str, selector: Mapping[str, str], limits: ImageLimits
) -> Volume:
    """A NIfTI volume.

    Args:
        data: the file.
        source: as rows show it.
        name: of the file, for errors.
        selector: ``volume`` and ``window``.
        limits: what it may cost.

    Raises:
        ImageError: anything that is not one within the limits.
    """
    check_selector(selector, ("axis", "volume", "window"), "a NIfTI volume", name)
    try:
        import nibabel
    except ImportError:
        raise missing("NIfTI", name) from None
    with decoding(name, "NIfTI"):
        stream = gzip.GzipFile(fileobj=io.BytesIO(data)) if data[:2] == b"\x1f\x8b" else io.BytesIO(data)
        opened = nibabel.Nifti1Image if nifti_version(data) == 1 else nibabel.Nifti2Image
        file: Any = opened.from_stream(stream)
        shape = _checked_shape(file, name, limits)
        count = shape[3] if len(shape) > 3 else 1
        chosen = selected_index(selector, "volume", 0, name) or 0
        if chosen >= count:
            raise ImageError(f"volume= from 0 to {count - 1}", f"volume={chosen} in {name}", "use one of these")
        if count == 1:
            stored = np.asarray(file.dataobj.get_unscaled()).reshape(shape[:3])
            values = _scaled(stored, float(file.dataobj.slope), float(file.dataobj.inter))
        else:
            where = (slice(None),) * 3 + (chosen,) + (0,) * (len(file.shape) - 4)
            values = _scaled(np.asarray(file.dataobj[where]), 1.0, 0.0)
        affine, turned, told, placed = _lie(file, values.shape)
    values = np.flip(
        values.transpose([axis for axis, _ in turned]), tuple(a for a, (_, way) in enumerate(turned) if way < 0)
    )
    levels, no_data, notes = volume_levels(values, name)
    levels = _chosen_levels(values, levels, selector.get("window"), name)
    if "volume" not in selector and count > 1:
        told = (f"is the first volume of its file (of {count}; the selector ::volume=1 takes the next)", *told)
    warnings = (*told, *notes)
    return Volume(values, affine, turned, levels, source, "NIfTI", no_data=no_data, warnings=warnings, placed=placed)


def _checked_shape(file: Any, name: str, limits: ImageLimits) -> tuple[int, ...]:
    shape = tuple(int(side) for side in file.shape)
    shape += (1,) * (3 - len(shape))
    if min(shape) < 1 or any(side != 1 for side in shape[4:]):
        raise ImageError("a NIfTI volume of 3 or 4 dimensions", f"shape {shape} in {name}", "split it into volumes")
    if int(np.prod(shape[:3], dtype=object)) > limits.max_voxels or file.dataobj.offset > limits.max_bytes:
        got = f"{shape[0]}x{shape[1]}x{shape[2]} in {name}"
        raise ImageError(f"at most {limits.max_voxels:,} voxels", got, "crop the volume")
    kind = file.get_data_dtype()
    if kind.names or kind.kind not in "uif":
        got = f"{'colours' if kind.names else kind} in {name}"
        raise ImageError("a volume of one real number a voxel", got, "inspect its slices one by one (--no-volumes)")
    return shape[:4]


def _scaled(stored: np.ndarray, slope: float, inter: float) -> np.ndarray:
    """Values in the unit of the file, in as few bytes as hold them."""
    native = stored.astype(stored.dtype.newbyteorder("="), copy=False)
    if native.dtype == np.uint8:
        native = native.astype(np.int16)
    if slope == 1.0 and inter == 0.0:
        return native if native.dtype.itemsize <= 4 else native.astype(np.float32)
    whole = native.dtype.kind in "ui" and slope.is_integer() and inter.is_integer()
    if whole:
        ends = [float(end) * slope + inter for end in (int(native.min()), int(native.max()))]
        if min(ends) >= -32768 and max(ends) <= 32767:
            return (native.astype(np.int32) * int(slope) + int(inter)).astype(np.int16)
    return native.astype(np.float32) * np.float32(slope) + np.float32(inter)


def _lie(
    file: Any, shape: tuple[int, ...]
) -> tuple[np.ndarray, tuple[tuple[int, int], tuple[int, int], tuple[int, int]], tuple[str, ...], bool]:
    """Affine of the canonical voxels, which stored axis each is and which way it runs, what to tell, whether it is placed."""
    import nibabel

    affine, told, placed = np.array(file.affine, np.float64), [], not unplaced(file)
    unit = _UNIT.get(str(file.header.get_xyzt_units()[0]), 1.0)
    affine[:3] *= unit
    turns = nibabel.io_orientation(affine)
    if not np.isfinite(affine).all() or np.isnan(turns).any():
        affine, turns, placed = np.eye(4), np.stack([np.arange(3), np.ones(3)], axis=1), False
        told.append("has no affine that makes sense: its axes are as stored, a voxel is taken for 1 mm")
    elif not placed:
        told.append(UNPLACED)
    zooms = np.array([float(one) for one in file.header.get_zooms()[:3]] + [1.0] * (3 - len(file.shape[:3]))) * unit
    sides = np.linalg.norm(affine[:3, :3], axis=0)
    if not told and (np.abs(zooms - sides) > _APART * sides).any():
        words = " and ".join(" x ".join(f"{one:.3g}" for one in some) for some in (sides, zooms))
        told.append(f"states two spacings (affine and pixdim: {words} mm); the affine's is used")
    order = [int(np.flatnonzero(turns[:, 0] == axis)[0]) for axis in range(3)]
    ways = [1 if turns[axis, 1] > 0 else -1 for axis in order]
    turning = nibabel.orientations.inv_ornt_aff(turns, shape)
    turned = tuple(zip(order, ways, strict=True))
    return affine @ turning, (turned[0], turned[1], turned[2]), tuple(told), placed


def _chosen_levels(values: np.ndarray, own: Levels, window: str | None, name: str) -> Levels:
    if window is None:
        return own
    if window == "full":
        return Levels(*robust_range(values[np.isfinite(values)]))
    if window not in WINDOWS:
        raise unknown_window(window, name)
    return Levels(*bounds(*WINDOWS[window]))
