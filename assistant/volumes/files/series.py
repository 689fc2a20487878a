"""DICOM slices -> series: told apart by number, orientation and size, in the order of their place in the patient.

File names say nothing. A slice's place is its ImagePositionPatient along the normal of its ImageOrientationPatient. Reads headers
only; what is missing, double or uneven is told, never mended.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from assistant.pictures.kinds import content_format
from assistant.pictures.pixels import decoding, printable
from assistant.volumes.volume import FEWEST

HEADER = (
    "SeriesInstanceUID", "SOPInstanceUID", "FrameOfReferenceUID", "SeriesNumber", "SeriesDescription", "Modality",
    "ImageOrientationPatient", "ImagePositionPatient", "PixelSpacing", "ImagerPixelSpacing", "Rows", "Columns",
    "NumberOfFrames", "SamplesPerPixel", "PhotometricInterpretation", "AcquisitionNumber", "EchoNumbers", "ImageType",
    "TemporalPositionIdentifier", "SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence",
)  # fmt: skip
UNEVEN = 0.05
"""Share by which the distance of two slices may differ from the others'."""
_SAME_PLACE = 0.01
_HEAD = 1024


@dataclass(frozen=True, eq=False)
class SlicePlace:
    """Where one slice lies.

    Args:
        path: of its file.
        frame: in it, from 0; None in a file of one.
        position: of its first pixel, millimetres (DICOM's axes: left, back, head).
        along: that, along the normal of the slices.
    """

    path: str
    frame: int | None
    position: tuple[float, float, float]
    along: float


@dataclass(frozen=True, eq=False)
class Series:
    """Slices of one series, sorted along their normal.

    Args:
        uid: SeriesInstanceUID.
        key: what ``::series=`` calls it: the uid, and behind a hyphen the number of a part that was split off.
        name: number and description, for people.
        modality: such as ``CT``.
        orientation: direction of a row's pixels and of a column's, unit vectors.
        spacing: millimetres from row to row and from column to column.
        step: millimetres from slice to slice, the usual one.
        places: of the slices.
        files: that belong to it, those left out included.
        warnings: what is missing, double, uneven or left out, one line each.
    """

    uid: str
    key: str
    name: str
    modality: str
    orientation: tuple[np.ndarray, np.ndarray]
    spacing: tuple[float, float]
    step: float
    places: tuple[SlicePlace, ...]
    files: tuple[str, ...]
    warnings: tuple[str, ...]

    @property
    def normal(self) -> np.ndarray:
        """Unit vector from slice to slice."""
        return np.cross(*self.orientation)


@dataclass(frozen=True, eq=False)
class Sorted:
    """What became of the files of a folder or list.

    Args:
        series: of :data:`~assistant.volumes.volume.FEWEST` slices or more.
        rest: files that belong to none, in their order: pictures of their own.
    """

    series: tuple[Series, ...] = ()
    rest: tuple[str, ...] = ()


@dataclass
class _Group:
    header: Any
    places: list[SlicePlace] = field(default_factory=list)


def sort_series(paths: Iterable[str]) -> Sorted:
    """Files -> series; whatever is no DICOM slice with a place in space is left over.

    A series is split where orientation, size, spacing or echo differ within it, and the parts are named.
    """
    groups: dict[tuple[Any, ...], _Group] = {}
    rest: list[str] = []
    for path in paths:
        slice_ = _slice(path)
        if slice_ is None:
            rest.append(path)
            continue
        key, header, place = slice_
        groups.setdefault(key, _Group(header)).places.append(place)
    found, small = [], []
    for group in groups.values():
        if len(group.places) < FEWEST:
            small += [place.path for place in group.places]
        else:
            found.append(group)
    series = _named([_series(group.header, group.places) for group in found])
    return Sorted(tuple(series), tuple(dict.fromkeys([*rest, *small])))


def frames_series(data: bytes, path: str) -> Series | None:
    """The series that the frames of one file make; None where they have no place in space of their own.

    Raises:
        ImageError: a damaged header.
    """
    import pydicom

    with decoding(printable(path), "DICOM"):
        header: Any = pydicom.dcmread(io.BytesIO(data), stop_before_pixels=True, specific_tags=list(HEADER), force=True)
        _read_each(header)
        count = int(header.get("NumberOfFrames") or 1)
        groups = header.get("PerFrameFunctionalGroupsSequence") or []
        if count < FEWEST or len(groups) < count:
            return None
        shared = (header.get("SharedFunctionalGroupsSequence") or [None])[0]
        orientations, places = [], []
        for frame in range(count):
            turned = _group(groups[frame], shared, "PlaneOrientationSequence", "ImageOrientationPatient")
            at = _group(groups[frame], shared, "PlanePositionSequence", "ImagePositionPatient")
            if turned is None or at is None:
                return None
            orientations.append([round(float(one), 3) for one in turned])
            places.append(_place(path, frame, at, turned))
        first = orientations[0]
        kept = [place for place, one in zip(places, orientations, strict=True) if one == first]
        header.ImageOrientationPatient = first
        spacing = _group(groups[0], shared, "PixelMeasuresSequence", "PixelSpacing")
        if spacing is not None:
            header.PixelSpacing = list(spacing)
    if len(kept) < FEWEST:
        return None
    found = _series(header, kept)
    return (
        found
        if len(kept) == count
        else _told(found, f"has {count - len(kept)} frames of another orientation, left out")
    )


def _slice(path: str) -> tuple[tuple[Any, ...], Any, SlicePlace] | None:
    """What slices of its volume share, the header and the place of a DICOM file of one frame; None for anything else."""
    import pydicom

    try:
        with Path(path).open("rb") as file:
            if content_format(file.read(_HEAD)) != "DICOM":
                return None
        with decoding(path, "DICOM"):
            header = pydicom.dcmread(path, stop_before_pixels=True, specific_tags=list(HEADER), force=True)
            _read_each(header)
        place = _placed(header, path)
        return None if place is None else (_key(header), header, place)
    except Exception:  # noqa: BLE001  decoding it as a picture of its own tells
        return None


def _read_each(header: Any) -> None:
    """Read each value now: pydicom puts it off, and a damaged one would raise far from here."""
    for _ in header:
        pass


def _placed(header: Any, path: str) -> SlicePlace | None:
    """Where a file of one frame lies; None where it does not say.

    Raises:
        TypeError, ValueError: values that are no place.
    """
    turned, at = header.get("ImageOrientationPatient"), header.get("ImagePositionPatient")
    if int(header.get("NumberOfFrames") or 1) > 1 or not header.get("SeriesInstanceUID"):
        return None
    if turned is None or at is None or int(header.get("SamplesPerPixel") or 1) != 1:
        return None
    if "LOCALIZER" in [str(one).upper() for one in header.get("ImageType") or []]:
        return None
    return _place(path, None, at, turned)


def _place(path: str, frame: int | None, at: Any, turned: Any) -> SlicePlace:
    rows, columns = np.array([float(one) for one in turned]).reshape(2, 3)
    position = np.array([float(one) for one in at])
    if position.shape != (3,) or not np.isfinite(position).all() or abs(float(rows @ columns)) > 0.01:
        raise ValueError("no place")
    normal = np.cross(rows, columns)
    x, y, z = (float(one) for one in position)
    return SlicePlace(path, frame, (x, y, z), float(position @ normal))


def _key(header: Any) -> tuple[Any, ...]:
    """What slices of one volume share."""
    spacing = header.get("PixelSpacing") or header.get("ImagerPixelSpacing") or (1.0, 1.0)
    return (
        str(header.SeriesInstanceUID),
        tuple(round(float(one), 2) for one in header.ImageOrientationPatient),
        (int(header.get("Rows") or 0), int(header.get("Columns") or 0)),
        tuple(round(float(one), 3) for one in spacing),
        str(header.get("EchoNumbers") or ""),
        str(header.get("TemporalPositionIdentifier") or ""),
    )


def _series(header: Any, places: Sequence[SlicePlace]) -> Series:
    rows, columns = np.array([float(one) for one in header.ImageOrientationPatient]).reshape(2, 3)
    spacing = [float(one) for one in header.get("PixelSpacing") or header.get("ImagerPixelSpacing") or (1.0, 1.0)]
    ordered = sorted(places, key=lambda place: place.along)
    kept, told = _once(ordered)
    step, uneven = _steps(kept)
    if not header.get("PixelSpacing"):
        told.append("states no PixelSpacing of its slices: sizes in millimetres are rough or wrong")
    number, words = header.get("SeriesNumber"), str(header.get("SeriesDescription") or "").strip()
    parts = [f"series {number}" if number is not None else "", printable(words)[:60]]
    return Series(
        str(header.get("SeriesInstanceUID") or ""),
        str(header.get("SeriesInstanceUID") or ""),
        " ".join(part for part in parts if part) or f"series {str(header.get('SeriesInstanceUID') or '?')[-12:]}",
        str(header.get("Modality") or ""),
        (rows / np.linalg.norm(rows), columns / np.linalg.norm(columns)),
        (spacing[0], spacing[1]),
        step,
        tuple(kept),
        tuple(dict.fromkeys(place.path for place in places)),
        (*told, *uneven),
    )


def _once(ordered: Sequence[SlicePlace]) -> tuple[list[SlicePlace], list[str]]:
    """Slices without those at a place that another has already."""
    kept: list[SlicePlace] = []
    for place in ordered:
        if not kept or place.along - kept[-1].along > _SAME_PLACE:
            kept.append(place)
    double = len(ordered) - len(kept)
    told = [
        f"has {double} slices at places that others have already (the same slice twice, or another time or echo): left out"
    ]
    return kept, told if double else []


def _steps(kept: Sequence[SlicePlace]) -> tuple[float, list[str]]:
    """The usual distance between slices, and what to tell of others."""
    steps = np.diff([place.along for place in kept])
    if not len(steps):
        return 1.0, []
    usual, told = float(np.median(steps)), []
    whole = np.rint(steps / usual)
    gaps = (whole >= 2) & (np.abs(steps / usual - whole) <= 2 * UNEVEN * whole)
    if gaps.any():
        first = int(np.flatnonzero(gaps)[0])
        missing = int((whole[gaps] - 1).sum())
        told.append(
            f"lacks {missing} slices (the first behind slice {first}: {steps[first]:.3g} mm to the next instead of {usual:.3g}); "
            "sizes across the gap are wrong"
        )
    if (uneven := ~gaps & (np.abs(steps - usual) > UNEVEN * usual)).any():
        told.append(
            f"is unevenly spaced ({steps[uneven].min():.3g} to {steps[uneven].max():.3g} mm beside {usual:.3g}); "
            "the middle one is used, sizes are rough"
        )
    return usual, told


def _named(series: Sequence[Series]) -> list[Series]:
    """Series with names that tell them apart; parts of one are numbered and told of."""
    counts: dict[str, int] = {}
    for one in series:
        counts[one.uid] = counts.get(one.uid, 0) + 1
    seen: dict[str, int] = {}
    found = []
    for one in series:
        if counts[one.uid] > 1:
            seen[one.uid] = seen.get(one.uid, 0) + 1
            part = f"{one.name}, part {seen[one.uid]} of {counts[one.uid]}"
            told = f"was split off a series of {counts[one.uid]} kinds of slices (orientation, size, spacing, echo or time)"
            one = _told(replace(one, name=part, key=f"{one.uid}-{seen[one.uid]}"), told)
        found.append(one)
    return found


def _told(series: Series, sentence: str) -> Series:
    return replace(series, warnings=(sentence, *series.warnings))


def _group(own: Any, shared: Any, sequence: str, field_: str) -> Any:
    """A value of a functional group: of the frame, else of all."""
    for group in (own, shared):
        found = None if group is None else group.get(sequence)
        if found and found[0].get(field_) is not None:
            return found[0].get(field_)
    return None
