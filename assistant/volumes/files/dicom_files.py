"""A series of DICOM slices, or the frames of one file -> a volume, each slice decoded once; needs the extra ``medical``.

Values are in the unit of the modality. The window of the files is used where all slices state the same, else the range of the
whole series. DICOM's axes point to the patient's left and back; canonical ones to right and front.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from assistant.errors import ImageError
from assistant.pictures.levels import Samples, robust_range
from assistant.pictures.medical import WINDOWS, bounds, decode_dicom, unknown_window
from assistant.pictures.pixels import ImageLimits, check_selector, printable
from assistant.types import Levels
from assistant.volumes.files.series import Series, SlicePlace
from assistant.volumes.volume import Volume, volume_levels

HOUNSFIELD = "CT"
"""Modality whose values have an absolute unit."""
_OTHERS = 0.05


def series_volume(
    series: Series, source: str, selector: Mapping[str, str], limits: ImageLimits, *, named: bool = False
) -> Volume:
    """A series as one volume.

    Args:
        series: its slices.
        source: as rows show it.
        selector: ``window``: a name of :data:`~assistant.pictures.medical.WINDOWS` for CT, or ``full``.
        limits: what it may cost.
        named: whether the source holds other series.

    Raises:
        ImageError: a slice that cannot be read, another size, too many voxels.
    """
    name = printable(source)
    check_selector(selector, ("axis", "window"), "a series", name)
    planes, windows, inverted, no_data = _planes(series, limits, name)
    values, affine, turned = _canonical(planes, series)
    levels, lost, notes = volume_levels(values, name)
    told = list(series.warnings)
    window = selector.get("window")
    if window in WINDOWS and series.modality != HOUNSFIELD:
        raise ImageError("a CT series for a named window", f"another in {name}", "use window=full")
    if window is not None and window != "full" and window not in WINDOWS:
        raise unknown_window(window, name)
    if window == "full":
        levels = Levels(*robust_range(values[np.isfinite(values)]))
    elif window is not None:
        levels = Levels(*bounds(*WINDOWS[window]))
    elif len(windows) == 1 and (own := next(iter(windows))) is not None:
        levels = own
    elif len(windows) > 1:
        told.append("states several windows for its slices; all are read by the range of the whole series")
    if inverted:
        values, levels = _turned(values, levels)
    across = next(axis for axis, (stored, _) in enumerate(turned) if stored == 2)
    way = turned[across][1]
    paths = tuple(_source(place) for place in (series.places if way > 0 else series.places[::-1]))
    return Volume(
        values, affine, turned, levels, source, "DICOM", series.name if named else "", (*lost, *no_data), across, paths,
        series.modality == HOUNSFIELD, (*told, *notes),
    )  # fmt: skip


def _source(place: SlicePlace) -> str:
    return place.path if place.frame is None else f"{place.path}::frame={place.frame}"


def _planes(
    series: Series, limits: ImageLimits, name: str
) -> tuple[np.ndarray, set[Levels | None], bool, tuple[float, ...]]:
    """Values of all slices, (slices, rows, columns); their windows; whether less is lighter; values that are padding."""
    block: np.ndarray | None = None
    windows: Counter[Levels | None] = Counter()
    inverted: set[bool] = set()
    padding: set[float] = set()
    for number, (place, samples) in enumerate(_decoded(series.places, limits)):
        plane = samples.values
        if plane.ndim != 2:
            raise ImageError(
                "a series of grey slices", f"colours in {printable(place.path)}", "inspect them one by one"
            )
        if block is None:
            if plane.size * len(series.places) > limits.max_voxels:
                got = f"{plane.shape[1]}x{plane.shape[0]}x{len(series.places)} in {name}"
                raise ImageError(f"at most {limits.max_voxels:,} voxels", got, "take fewer slices")
            block = np.zeros((len(series.places), *plane.shape), _least_type(plane))
        if plane.shape != block.shape[1:]:
            got = f"{plane.shape[1]}x{plane.shape[0]} in {printable(place.path)}"
            raise ImageError(f"slices of {block.shape[2]}x{block.shape[1]} pixels", got, "take that slice out")
        wide = np.promote_types(block.dtype, _least_type(plane))
        block = block.astype(wide if wide.itemsize <= 4 else np.float32, copy=False)
        block[number] = plane
        windows[samples.window] += 1
        inverted.add(samples.inverted)
        if samples.known is not None:
            padding |= {float(one) for one in np.unique(plane[~samples.known])[:8]}
    if block is None or len(inverted) > 1:
        got = "none" if block is None else "some of MONOCHROME1 and some of MONOCHROME2"
        raise ImageError("slices of one kind", f"{got} in {name}", "save them alike")
    few = {one for one, count in windows.items() if count < _OTHERS * len(series.places)}
    return block, set(windows) - few if len(windows) > 1 else set(windows), inverted == {True}, tuple(sorted(padding))


def _decoded(places: Sequence[SlicePlace], limits: ImageLimits) -> Iterator[tuple[SlicePlace, Samples]]:
    kept: tuple[str, bytes] = ("", b"")
    for place in places:
        if kept[0] != place.path:
            kept = place.path, Path(place.path).read_bytes()
        chosen = {} if place.frame is None else {"frame": str(place.frame)}
        yield place, decode_dicom(kept[1], printable(place.path), chosen, limits).samples


def _least_type(plane: np.ndarray) -> np.dtype:
    """The type that holds a slice's values in the fewest bytes."""
    if plane.dtype.kind == "f":
        whole = bool((np.rint(plane) == plane).all()) and float(np.abs(plane).max()) < 32767
        return np.dtype(np.int16 if whole else np.float32)
    return np.dtype(np.int16) if plane.dtype.itemsize == 1 else plane.dtype.newbyteorder("=")


def _canonical(
    planes: np.ndarray, series: Series
) -> tuple[np.ndarray, np.ndarray, tuple[tuple[int, int], tuple[int, int], tuple[int, int]]]:
    """Planes (slices, rows, columns) -> canonical voxels, their affine, and how they lay.

    The source's own array is taken as (column, row, slice), the order that NIfTI converters write.
    """
    import nibabel

    stored = planes.transpose(2, 1, 0)
    affine = np.eye(4)
    affine[:3, 0] = series.orientation[0] * series.spacing[1]
    affine[:3, 1] = series.orientation[1] * series.spacing[0]
    affine[:3, 2] = series.normal * series.step
    affine[:3, 3] = series.places[0].position
    affine[:2] *= -1.0  # left and back -> right and front
    turns = nibabel.io_orientation(affine)
    order = [int(np.flatnonzero(turns[:, 0] == axis)[0]) for axis in range(3)]
    ways = [1 if turns[axis, 1] > 0 else -1 for axis in order]
    turned = tuple(zip(order, ways, strict=True))
    values = np.flip(stored.transpose(order), tuple(axis for axis, way in enumerate(ways) if way < 0))
    whole = affine @ nibabel.orientations.inv_ornt_aff(turns, stored.shape)
    return values, whole, (turned[0], turned[1], turned[2])


def _turned(values: np.ndarray, levels: Levels) -> tuple[np.ndarray, Levels]:
    """Values of which less is lighter -> values of which more is."""
    wide = values.astype(np.float32) if values.dtype.kind == "u" else values
    return -wide, Levels(-levels.white, -levels.black)
