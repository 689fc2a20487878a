"""A scan as one file of a project: voxels, and the numbers that place them. Nothing else of its source is written.

Headers name people, dates and hospitals; none of that comes along. Voxels lie so that slices along the axis they were taken
along are read from disk one by one: an open scan costs next to no memory.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from assistant.errors import ImageError
from assistant.types import Levels
from assistant.volumes.volume import Volume
from demo.projects.project import Project

_PLAIN = ("kind", "across", "units", "placed")


@dataclass(frozen=True)
class KeptScan:
    """A scan that lies in a project.

    Args:
        file: of its voxels.
        name: as it is shown.
        told: what else is kept of it, plain values.
    """

    file: Path
    name: str
    told: dict[str, Any]

    @cached_property
    def volume(self) -> Volume:
        """The scan; its voxels stay on disk until they are asked for.

        Raises:
            ImageError: a file that is gone or damaged.
        """
        told = self.told
        try:
            values = np.load(self.file, mmap_mode="r", allow_pickle=False)
            if values.shape != tuple(told["shape"]):
                raise ValueError("another shape")
        except (OSError, ValueError):
            raise ImageError(
                "a scan of the project", f"{self.name}, which is gone or damaged", "drop it again"
            ) from None
        stored = [(int(axis), int(way)) for axis, way in told["stored"]]
        return Volume(
            values, np.array(told["affine"], np.float64), (stored[0], stored[1], stored[2]), Levels(*told["levels"]),
            self.name, no_data=tuple(told["no_data"]), warnings=tuple(told["warnings"]),
            **{name: told[name] for name in _PLAIN},
        )  # fmt: skip

    @property
    def document(self) -> dict[str, Any]:
        """What a document of the project holds of it."""
        return {"file": self.file.name, "name": self.name, "told": self.told}


def keep_scan(project: Project, volume: Volume, name: str) -> KeptScan:
    """Write a scan into a project, whole or not at all.

    Args:
        project: that it becomes part of.
        volume: read.
        name: to show, which says nothing of a patient.

    Raises:
        ProjectError: no room for it.
    """
    buffer = io.BytesIO()
    np.save(buffer, np.asfortranarray(volume.values) if volume.main_axis == 2 else volume.values, allow_pickle=False)
    kept = project.keep_file(buffer.getvalue(), "scan.npy")
    told: dict[str, Any] = {
        "shape": list(volume.shape), "affine": volume.affine.tolist(), "stored": [list(one) for one in volume.stored],
        "levels": [volume.levels.black, volume.levels.white], "no_data": list(volume.no_data),
        "warnings": list(volume.warnings), **{name: getattr(volume, name) for name in _PLAIN},
    }  # fmt: skip
    return KeptScan(project.file(kept), name, told)


def scan_of(project: Project, document: dict[str, Any]) -> KeptScan:
    """A scan that a document of the project names.

    Raises:
        ImageError: its file is gone.
    """
    file = project.file(document["file"])
    if not file.is_file():
        raise ImageError("a scan of the project", "one that is gone", "drop it again")
    return KeptScan(file, document["name"], document["told"])
