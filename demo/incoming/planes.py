"""Where a picture comes from: a file, a plane of a DICOM or NIfTI file, a page of a TIFF; how another plane comes into view."""

from __future__ import annotations

import secrets
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from assistant.errors import ImageError
from assistant.pictures.images import load_image
from assistant.pictures.pixels import DEFAULT_LIMITS, ImageLimits
from assistant.pictures.scans import Scan, read_scan
from assistant.types import Domain, QueryImage
from demo.incoming import uploads
from demo.incoming.nameless import nameless


@dataclass(frozen=True)
class Origin:
    """Where a picture comes from, to read it again.

    Args:
        file: of the project.
        source: as it is shown.
        domain: told of it; None where the file says it.
        selector: of a plane of the file, ``::…``; empty for the whole.
        limits: what it may cost.
    """

    file: Path
    source: str
    domain: Domain | None = None
    selector: str = ""
    limits: ImageLimits = DEFAULT_LIMITS

    def read(self) -> QueryImage:
        """The picture.

        Raises:
            ImageError: a file that is gone or damaged.
        """
        image = load_image(f"{self.file}{self.selector}", limits=self.limits)
        return replace(image, source=self.source, domain=self.domain or image.domain)


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

    def origin(self, limits: ImageLimits) -> Origin:
        """Where the plane comes from."""
        chosen = self.scan.selector(self.axis, self.index, self.window)
        return Origin(self.file, f"{self.name}{chosen}", selector=chosen, limits=limits)

    def read(self, limits: ImageLimits) -> QueryImage:
        """The plane as a picture.

        Raises:
            ImageError: a plane that cannot be read.
        """
        return self.origin(limits).read()


def open_upload(path: object, root: Path, folder: Path, limits: ImageLimits) -> tuple[QueryImage, Plane | None]:
    """An uploaded picture, and its plane where its file holds several or is medical, which is then kept in ``folder``, nameless.

    Raises:
        ImageError: a path that is no upload, or a picture that is broken or outside the limits.
    """
    image = uploads.read_picture(path, root, limits)
    file = uploads.inside(path, root)
    scan = read_scan(file)
    if scan is None:
        return image, None
    kept = folder / f"scan-{secrets.token_hex(8)}"
    if scan.kind == "DICOM":
        kept.write_bytes(nameless(file.read_bytes(), image.source))
    else:
        shutil.copyfile(file, kept)
    axis, index = scan.first
    plane = Plane(kept, image.source, scan, axis, index)
    shown = plane.read(limits)
    if scan.kind == "DICOM" and not np.array_equal(shown.pixels, image.pixels):
        kept.unlink()
        do = "save it anew, or send it as PNG"
        raise ImageError("a DICOM file that shows the same without its patient", f"another, {image.source}", do)
    return shown, plane
