"""The plane of a DICOM or NIfTI file, or the page of a TIFF, that is in view, and how to bring another one into view."""

from __future__ import annotations

import secrets
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from assistant.pictures.images import load_image
from assistant.pictures.pixels import ImageLimits
from assistant.pictures.scans import Scan, read_scan
from assistant.types import QueryImage
from demo.bench import uploads


@dataclass(frozen=True)
class Plane:
    """One plane of a medical file.

    Args:
        file: the session's own copy.
        name: to show.
        scan: what can be chosen.
        axis: canonical axis of a NIfTI volume; 0 for DICOM.
        index: slice or frame, from 0.
        window: name; empty for the file's own.
    """

    file: Path
    name: str
    scan: Scan
    axis: int
    index: int
    window: str = ""

    @property
    def count(self) -> int:
        """Planes along the axis."""
        return self.scan.planes[self.axis]

    def moved(self, index: float | None, axis: float | None, window: str | None) -> Plane:
        """Another plane of the file; along another axis it is the middle one. What the file does not have is left out."""
        along = self.axis if axis is None or not 0 <= int(axis) < len(self.scan.planes) else int(axis)
        chosen = window if window in self.scan.windows else ""
        if along != self.axis:
            return replace(self, axis=along, index=self.scan.planes[along] // 2, window=chosen)
        at = self.index if index is None else min(max(0, int(index)), self.count - 1)
        return replace(self, index=at, window=chosen)

    def read(self, limits: ImageLimits) -> QueryImage:
        """The plane as a picture.

        Raises:
            ImageError: a plane that cannot be read.
        """
        chosen = self.scan.selector(self.axis, self.index, self.window)
        return replace(load_image(f"{self.file}{chosen}", limits=limits), source=f"{self.name}{chosen}")


def open_upload(path: object, root: Path, folder: Path, limits: ImageLimits) -> tuple[QueryImage, Plane | None]:
    """An uploaded picture, and its plane where its file holds several, which is then copied into ``folder``.

    Raises:
        ImageError: a path that is no upload, or a picture that is broken or outside the limits.
    """
    image = uploads.read_picture(path, root, limits)
    file = uploads.inside(path, root)
    scan = read_scan(file)
    if scan is None:
        return image, None
    kept = folder / f"scan-{secrets.token_hex(8)}"
    shutil.copyfile(file, kept)
    axis, index = scan.first
    plane = Plane(kept, image.source, scan, axis, index)
    return plane.read(limits), plane
