"""Maps and overlays of a run: named after their sources, whole or not at all."""

from __future__ import annotations

from pathlib import Path

from assistant.errors import StorageError
from assistant.files.whole import whole_file
from assistant.pictures.images import save_map
from assistant.pictures.overlay import save_overlay
from assistant.report import Files, picture_name
from assistant.types import Inspection

MAPS, OVERLAYS = "maps", "overlays"
DIGITS = 16
"""Of the hash in a file's name: a million pictures of one name in as many folders stay apart."""


def save_pictures(inspection: Inspection, maps: Path | None, overlays: Path | None) -> Files:
    """Write map and overlay below the folders given; None writes none.

    Raises:
        StorageError: the folder is full or cannot be written.
    """
    name = f"{picture_name(inspection.image.source, DIGITS)}.png"
    try:
        if maps is not None:
            save_map(maps / MAPS / name, inspection.anomaly_map)
        if overlays is not None:
            with whole_file(overlays / OVERLAYS / name, ".png") as part:
                save_overlay(part, inspection.image, inspection.anomaly_map, inspection.regions)
    except OSError as error:
        raise unwritable(error, maps or overlays) from error
    return Files(f"{MAPS}/{name}" if maps is not None else None, f"{OVERLAYS}/{name}" if overlays is not None else None)


def remove_parts(out: Path) -> None:
    """Take away what a killed run left half written."""
    for folder in ("", MAPS, OVERLAYS):
        for part in (out / folder).glob(".*.part*"):
            part.unlink(missing_ok=True)


def unwritable(error: OSError, folder: Path | None) -> StorageError:
    """The error of a folder that takes no more."""
    got = f"{error.strerror or error} at {error.filename or folder}"
    return StorageError("a folder with room that can be written", got, "make room and run the same command again")
