"""NIfTI bytes -> one plane; needs the extra ``medical`` (nibabel 5). :mod:`assistant.pictures.images` calls it.

One plane is decoded, never a whole volume. ``::axis=2,slice=40,volume=0,window=brain``, counted from 0, in canonical axes (0
left to right, 1 back to front, 2 feet to head). Default: the middle slice of the last axis of the first volume, by the rule
of :mod:`assistant.pictures.levels`. Shown as radiologists do: the patient's right on the picture's left, front or head on
top. Voxels without data are black. Pixels are not resampled to square spacing.
"""

from __future__ import annotations

import gzip
import io
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from assistant.errors import ImageError
from assistant.pictures.kinds import nifti_version
from assistant.pictures.levels import Samples, robust_range
from assistant.pictures.medical import WINDOWS, bounds, missing, unknown_window
from assistant.pictures.pixels import ImageLimits, check_selector, decoding, selected_index
from assistant.pictures.spacing import Plane, Spacing, nifti_spacing
from assistant.types import Levels

UNPLACED = "does not say how the patient lies in it: left and right, front and back, feet and head are as stored"


def decode_nifti(data: bytes, name: str, selector: Mapping[str, str], limits: ImageLimits) -> Plane:
    """One slice of a NIfTI volume. Raises :class:`ImageError` on anything that is not one within the limits."""
    check_selector(selector, ("axis", "slice", "volume", "window"), "NIfTI", name)
    window = selector.get("window", "full")
    if window != "full" and window not in WINDOWS:
        raise unknown_window(window, name)
    with decoding(name, "NIfTI"):
        volume = opened_nifti(data, name)
        plane, spacing = nifti_plane(volume, name, selector, limits)
    sides = nifti_sides(volume)
    one = "slice" in selector or sides[int(selector.get("axis", 2))] == 1
    told: tuple[str, ...] = (
        () if one else ("is the middle slice of its volume (the selector ::axis=2,slice=0 takes another)",)
    )
    told += (UNPLACED,) if unplaced(volume) else ()
    if plane.dtype.names:
        colours = np.stack([plane[channel] for channel in ("R", "G", "B")], axis=2).astype(np.uint8)
        return Plane(Samples(colours, notes=told), spacing)
    if plane.dtype.kind not in "uif":
        raise ImageError("voxels of real numbers", f"{plane.dtype} in {name}", "save the magnitude")
    if not np.isfinite(plane).any():
        raise ImageError("a slice with finite voxels", f"none in {name}", "choose another slice")
    # Bytes of a volume are measurements as well, not the grey levels of a screen.
    kind = np.dtype(np.int16) if plane.dtype == np.uint8 else plane.dtype.newbyteorder("=")
    found = Samples(plane.astype(kind, copy=False), notes=told)
    if "window" not in selector:
        return Plane(found, spacing)
    if window == "full":
        return Plane(replace(found, window=Levels(*robust_range(plane[np.isfinite(plane)])), chosen=True), spacing)
    low, high = bounds(*WINDOWS[window])
    return Plane(replace(found, window=Levels(low, high), chosen=True), spacing)


def opened_nifti(data: bytes, name: str) -> Any:
    """The volume of a NIfTI file by nibabel, its voxels not read yet.

    Raises:
        ImageError: the extra is not installed. nibabel raises whatever it likes.
    """
    try:
        import nibabel
    except ImportError:
        raise missing("NIfTI", name) from None
    stream = gzip.GzipFile(fileobj=io.BytesIO(data)) if data[:2] == b"\x1f\x8b" else io.BytesIO(data)
    return (nibabel.Nifti1Image if nifti_version(data) == 1 else nibabel.Nifti2Image).from_stream(stream)


def unplaced(volume: Any) -> bool:
    """Whether a file has neither of the two transforms that place it (codes 0): readers then differ in how they place it."""
    return not int(volume.header["qform_code"]) and not int(volume.header["sform_code"])


def nifti_plane(
    volume: Any, name: str, selector: Mapping[str, str], limits: ImageLimits
) -> tuple[np.ndarray, Spacing | None]:
    """The slice asked for, rows downwards, in the units of the file, with its spacing; only that slice is read.

    Raises:
        ImageError: outside the limits, or a slice that the volume does not have.
    """
    shape = tuple(int(side) for side in volume.shape)
    shape += (1,) * (3 - len(shape))
    if min(shape) < 1 or any(side != 1 for side in shape[4:]):
        raise ImageError("a NIfTI volume of 2, 3 or 4 dimensions", f"shape {shape} in {name}", "split it into volumes")
    if int(np.prod(shape[:3], dtype=object)) > limits.max_voxels or volume.dataobj.offset > limits.max_bytes:
        got = f"{shape[0]}x{shape[1]}x{shape[2]} in {name}"
        raise ImageError(f"at most {limits.max_voxels:,} voxels", got, "crop the volume")
    turns, stored = _orientation(volume)
    ranges = {"axis": 3, "volume": shape[3] if len(shape) > 3 else 1}
    chosen = {key: selected_index(selector, key, {"axis": 2, "volume": 0}[key], name) or 0 for key in ranges}
    across = stored[min(chosen["axis"], 2)]
    ranges["slice"] = shape[across]
    middle = shape[across] // 2
    position = selected_index(selector, "slice", middle, name)
    chosen["slice"] = middle if position is None else position
    for key, count in ranges.items():
        if chosen[key] >= count:
            got = f"{key}={chosen[key]} in {name}"
            raise ImageError(f"{key}= from 0 to {count - 1}", got, "use one of these")
    columns, rows = (axis for axis in stored if axis != across)
    limits.check_size(shape[rows], shape[columns], name)
    flipped = turns[across, 1] < 0
    where: list[Any] = [slice(None)] * 3
    where[across] = shape[across] - 1 - chosen["slice"] if flipped else chosen["slice"]
    where += [chosen["volume"], *[0] * (len(shape) - 4)] if len(shape) > 3 else []
    plane = np.asarray(volume.dataobj[tuple(where[: len(volume.shape)])])
    plane = plane.T if columns < rows else plane
    # Canonical axes point right, forward and up; the picture's axes point to the patient's left, back and feet.
    turned = plane[:: -1 if turns[rows, 1] > 0 else 1, :: -1 if turns[columns, 1] > 0 else 1]
    return turned, nifti_spacing(volume, rows, columns)


def _orientation(volume: Any) -> tuple[np.ndarray, list[int]]:
    """Direction of each stored axis, and which stored axis each canonical one is."""
    import nibabel

    turns = nibabel.io_orientation(volume.affine)
    if np.isnan(turns).any():
        turns = np.stack([np.arange(3), np.ones(3)], axis=1)
    return turns, [int(np.flatnonzero(turns[:, 0] == axis)[0]) for axis in range(3)]


def nifti_sides(volume: Any) -> tuple[int, int, int]:
    """Slices across each canonical axis of a NIfTI volume."""
    shape = (*(int(side) for side in volume.shape), 1, 1)
    sides = [shape[axis] for axis in _orientation(volume)[1]]
    return sides[0], sides[1], sides[2]
