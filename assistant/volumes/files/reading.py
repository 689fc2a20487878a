"""A path, a folder or a list of files -> the volumes in it, decoded when they are asked for. The only opener of volumes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from assistant.errors import ImageError, ProfileError
from assistant.pictures.images import find_images, split_selector
from assistant.pictures.kinds import content_format
from assistant.pictures.pixels import DEFAULT_LIMITS, ImageLimits, printable
from assistant.volumes.files.dicom_files import series_volume
from assistant.volumes.files.nifti_file import decode_nifti_volume
from assistant.volumes.files.series import Series, frames_series, sort_series
from assistant.volumes.volume import FEWEST, Volume

_HEAD = 2**12
_ONE = ("slice", "frame")
_FLAT_NAMES = (".png", ".jpg", ".jpeg", ".bmp", ".webp", ".gif", ".tif", ".tiff")


@dataclass(frozen=True, eq=False)
class VolumeSource:
    """A volume that can be read.

    Args:
        source: path as given, with any selector.
        series: its slices, where it is a series; None for a file.
        named: whether the source holds other series.
    """

    source: str
    series: Series | None = None
    named: bool = False

    @property
    def title(self) -> str:
        """The source, with the series' name where it holds several."""
        return f"{self.source} ({self.series.name})" if self.series is not None and self.named else self.source

    def read(self, limits: ImageLimits = DEFAULT_LIMITS) -> Volume:
        """Decode it.

        Raises:
            ImageError: whatever is wrong with it.
        """
        path, selector = split_selector(self.source)
        key = selector.pop("series", None)
        if self.series is not None:
            return series_volume(self.series, self.source, selector, limits, named=self.named)
        if _is_folder(path):
            only = replace(_only(path, key), source=self.source)
            return only.read(limits)
        data, name = _bytes(path, limits), printable(self.source)
        kind = content_format(data)
        if kind == "NIFTI":
            return decode_nifti_volume(data, self.source, name, selector, limits)
        series = frames_series(data, path) if kind == "DICOM" else None
        if series is None:
            expected = f"a NIfTI volume, or DICOM slices ({FEWEST} or more) with a place in space"
            raise ImageError(expected, f"another file, {name}", "inspect it as a picture (--no-volumes)")
        return series_volume(series, self.source, selector, limits)


@dataclass(frozen=True)
class Found:
    """What inputs are.

    Args:
        volumes: in them.
        pictures: files that are pictures of their own.
    """

    volumes: tuple[VolumeSource, ...]
    pictures: tuple[str, ...]


def find_volumes(given: str | Path | Iterable[str | Path], tell: Callable[[str], object] = lambda _: None) -> Found:
    """Volumes and pictures that a path, a folder or a list of files holds; headers alone are read.

    A NIfTI file of three slices or more along each axis, a DICOM file of frames with places, and the slices of a series are
    volumes. A selector that takes one slice or frame makes a picture of it. ``tell`` is given what walking leaves out.

    Raises:
        ImageError: a folder that cannot be read or holds nothing to look at.
    """
    files = find_images([given] if isinstance(given, str | Path) else [str(one) for one in given], tell)
    whole = [one for one in files if is_volume_file(one)]
    loose = [one for one in files if one not in set(whole)]
    found = sort_series(one for one in loose if _may_be_slice(one))
    several = len(found.series) + len(whole) > 1
    volumes = [VolumeSource(one) for one in whole]
    for series in found.series:
        folder = str(given) if isinstance(given, str | Path) and _is_folder(str(given)) else _folder(series)
        volumes.append(VolumeSource(f"{folder}::series={series.key}" if several else folder, series, several))
    taken = {path for series in found.series for path in series.files}
    return Found(tuple(volumes), tuple(one for one in loose if one not in taken))


def read_volume(source: str | Path | Volume, limits: ImageLimits = DEFAULT_LIMITS) -> Volume:
    """The one volume that a path names; one that is read already as it is.

    Raises:
        ImageError: none, several, or one that cannot be read.
    """
    return source if isinstance(source, Volume) else VolumeSource(str(source)).read(limits)


def _only(folder: str, key: str | None) -> VolumeSource:
    """The one volume of a folder, or the one of a key."""
    found = find_volumes(folder).volumes
    chosen = [one for one in found if key is None or (one.series is not None and one.series.key == key)]
    if len(chosen) != 1:
        names = ", ".join(one.title for one in found[:4])
        do = "give a folder with the slices of one series, or ::series= and one of these"
        raise ImageError("one volume", f"{len(chosen)} in {printable(folder)}{': ' if names else ''}{names}", do)
    return chosen[0]


def require_pictures(references: Iterable[object]) -> None:
    """See that a profile is made of pictures: of a whole scan one slice would stand for all.

    Args:
        references: paths and folders; pictures that are read already are taken as they are.

    Raises:
        ProfileError: a scan among them.
        ImageError: a folder that cannot be read or holds nothing to look at.
    """
    paths = [str(one) for one in references if isinstance(one, str | Path)]
    for one in find_images(paths) if paths else ():
        if is_volume_file(one):
            do = (
                "compare scans by inspect or batch with --references (Assistant.volume_references), "
                "or name slices as pictures (::slice=40 after the path, ::frame=12 of DICOM)"
            )
            raise ProfileError("pictures for a profile", f"the whole scan {printable(one)}", do)


def is_volume_file(source: str) -> bool:
    """Whether one file is a volume of its own, by its header; a selector of a slice or frame makes a picture of it."""
    try:
        path, selector = split_selector(source)
    except ImageError:
        return False  # decoding tells
    if any(key in selector for key in _ONE) or path.lower().endswith(_FLAT_NAMES) or not _is_file(path):
        return False
    try:
        with Path(path).open("rb") as file:
            kind = content_format(file.read(_HEAD))
        if kind == "NIFTI":
            return min(_nifti_sides(path)) >= FEWEST
        return kind == "DICOM" and _frames(path) >= FEWEST and frames_series(Path(path).read_bytes(), path) is not None
    except Exception:  # noqa: BLE001  a damaged header, or the extra is missing: decoding it as a picture tells
        return False


def is_dicom(path: str) -> bool:
    """Whether a file starts as DICOM does."""
    try:
        with Path(path).open("rb") as file:
            return content_format(file.read(_HEAD)) == "DICOM"
    except (OSError, ValueError):
        return False


def _nifti_sides(path: str) -> tuple[int, int, int]:
    import nibabel

    file: Any = nibabel.load(path)
    sides = (*file.shape, 1, 1, 1)
    return int(sides[0]), int(sides[1]), int(sides[2])


def _frames(path: str) -> int:
    import pydicom

    header = pydicom.dcmread(path, stop_before_pixels=True, specific_tags=["NumberOfFrames"], force=True)
    return int(header.get("NumberOfFrames") or 1)


def _may_be_slice(source: str) -> bool:
    return "::" not in source and not source.lower().endswith(_FLAT_NAMES) and _is_file(source)


def _folder(series: Series) -> str:
    return str(Path(series.places[0].path).parent)


def _is_file(path: str) -> bool:
    return Path(path.replace("\0", "")).is_file()


def _is_folder(path: str) -> bool:
    return Path(path.replace("\0", "")).is_dir()


def _bytes(path: str, limits: ImageLimits) -> bytes:
    """All bytes of a file within the limits."""
    name = printable(path)
    try:
        if not _is_file(path):
            raise ImageError("a file that exists", name, "check the path")
        if (size := Path(path).stat().st_size) > limits.max_bytes:
            got = f"{size:,} in {name}"
            raise ImageError(f"at most {limits.max_bytes:,} bytes", got, "crop it or pack it (.nii.gz)")
        return Path(path).read_bytes()
    except OSError as error:
        raise ImageError("a file that can be read", f"{error.strerror} at {name}", "check its permissions") from None
