"""Uploaded files -> scans and pictures. DICOM slices that came together are one scan, an archive is what lies in it."""

from __future__ import annotations

import re
import secrets
import shutil
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant.errors import ImageError
from assistant.pictures.pixels import ImageLimits
from assistant.volumes.files.reading import VolumeSource, find_volumes
from assistant.volumes.volume import Volume
from demo.incoming import uploads

MOST_MEMBERS = 5000
"""Files of an archive."""
UNPACKED = 8
"""Bytes of an archive unpacked, as a multiple of the largest file that may be sent."""


@dataclass(frozen=True)
class DroppedScan:
    """A scan among what was dropped.

    Args:
        source: to read it by.
        name: to show: of its file, or modality, number and count of slices; never a text of its headers.
        files: of the upload that are part of it.
    """

    source: VolumeSource
    name: str
    files: tuple[Path, ...]


@dataclass(frozen=True)
class Dropped:
    """What was dropped.

    Args:
        scans: in it.
        pictures: files that are no part of a scan, in their order.
    """

    scans: tuple[DroppedScan, ...]
    pictures: tuple[Path, ...]


def sorted_drop(paths: Sequence[object], root: Path, limits: ImageLimits) -> Dropped:
    """Scans and pictures among uploaded files; headers alone are read. Archives are unpacked beside the upload.

    Raises:
        ImageError: a path that is no upload, or an archive that is broken, too large, or holds nothing to look at.
    """
    files = [uploads.inside(path, root) for path in paths]
    given = [
        _unpacked(one, limits) if one.suffix.lower() == ".zip" and zipfile.is_zipfile(one) else one for one in files
    ]
    try:
        found = find_volumes(str(one) for one in given)
    except ImageError as error:
        for folder in set(given) - set(files):
            shutil.rmtree(folder, ignore_errors=True)
        raise _without(root, error) from None
    return Dropped(tuple(_named(one) for one in found.volumes), tuple(Path(one) for one in found.pictures))


def read_dropped(scan: DroppedScan, root: Path, limits: ImageLimits) -> Volume:
    """Decode a scan.

    Raises:
        ImageError: whatever is wrong with it, without the server's own paths.
    """
    try:
        return scan.source.read(limits)
    except ImageError as error:
        raise _without(root, error) from None


def _without(root: Path, error: ImageError) -> ImageError:
    """An error that names files as they were sent."""
    told = [
        re.sub(rf"{re.escape(str(root.resolve()))}(/[^/\s]+)*/", "", part)
        for part in (error.expected, error.got, error.do)
    ]
    return ImageError(*told)


def _named(source: VolumeSource) -> DroppedScan:
    series = source.series
    if series is None:
        return DroppedScan(source, uploads.display_name(source.source), (Path(source.source),))
    number = series.name.split(",")[0].split()[1:2] if series.name.startswith("series ") else []
    words = [uploads.display_name(series.modality or "DICOM"), *(f"series {n}" for n in number if n.isdecimal())]
    return DroppedScan(source, f"{' '.join(words)}, {len(series.places)} slices", tuple(map(Path, series.files)))


def _unpacked(archive: Path, limits: ImageLimits) -> Path:
    """The folder with the files of an archive, each under a name of its own making."""
    folder = archive.parent / f"unpacked-{secrets.token_hex(6)}"
    name, most = uploads.display_name(archive), UNPACKED * limits.max_bytes
    try:
        with zipfile.ZipFile(archive) as opened:
            members = [
                one for one in opened.infolist() if not one.is_dir() and not Path(one.filename).name.startswith(".")
            ]
            if len(members) > MOST_MEMBERS:
                raise ImageError(f"at most {MOST_MEMBERS:,} files", f"{len(members):,} in {name}", "send fewer")
            folder.mkdir()
            left = most
            for number, member in enumerate(members):
                file = folder / f"{number:05d}-{uploads.display_name(member.filename)}"
                with opened.open(member) as source, file.open("wb") as target:
                    while block := source.read(2**20):
                        left -= len(block)
                        if left < 0:
                            got = f"more in {name}"
                            raise ImageError(f"an archive that unpacks to at most {most:,} bytes", got, "send less")
                        target.write(block)
    except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError, EOFError) as error:
        shutil.rmtree(folder, ignore_errors=True)
        got = f"{name} ({type(error).__name__})"
        raise ImageError("an archive that can be unpacked", got, "send the files themselves") from None
    except ImageError:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return folder


def discard_drop(paths: Sequence[object], root: Path) -> None:
    """Remove uploads that were taken over, with what was unpacked of them."""
    for path in paths:
        try:
            file = uploads.inside(path, root)
        except ImageError:
            continue
        for folder in file.parent.glob("unpacked-*"):
            shutil.rmtree(folder, ignore_errors=True)
        uploads.discard(path, root)
