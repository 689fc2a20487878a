"""Files that strangers send -> pictures and profiles: inside the upload folder only, checked before they are decoded."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from assistant.errors import AssistantError, ImageError, ProfileError
from assistant.pictures.images import load_image
from assistant.pictures.pixels import ImageLimits
from assistant.types import QueryImage
from assistant.vision.references.profile import Profile

LONGEST_NAME = 60
MAX_PROFILE_BYTES = 64 * 2**20


def display_name(path: str | Path) -> str:
    """The file's name as it may be shown and used for files: letters, digits and ``._- ()`` only, short.

    >>> display_name("folder/<img src=x onerror=alert(1)>.png")
    '_img src_x onerror_alert(1)_.png'
    """
    name = re.sub(r"[^\w. ()-]+", "_", Path(str(path)).name, flags=re.ASCII).strip(". ") or "picture"
    stem, dot, ending = name.rpartition(".")
    if len(name) <= LONGEST_NAME or not dot:
        return name[:LONGEST_NAME]
    return f"{stem[: LONGEST_NAME - len(ending) - 1]}.{ending[:8]}"


def inside(path: object, root: Path) -> Path:
    """The path of a regular file below ``root``, links resolved.

    Raises:
        ImageError: an address, or a path anywhere else; the path is not quoted.
    """
    do = "upload the file itself"
    if not isinstance(path, str | Path):
        raise ImageError("an uploaded file", f"a {type(path).__name__}", do)
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]*:/", str(path)):
        raise ImageError("an uploaded file", "an address", do)
    try:
        real = Path(path).resolve(strict=True)
        if real.is_relative_to(root.resolve()) and real.is_file():
            return real
    except (OSError, ValueError, RuntimeError):
        pass
    raise ImageError("an uploaded file", "a path outside the uploads", do)


def discard(path: object, root: Path) -> None:
    """Remove an upload that was taken over, with the folder that it came in; another path is left alone."""
    with suppress(AssistantError, OSError):
        file = inside(path, root)
        file.unlink()
        if file.parent != root.resolve():
            file.parent.rmdir()


def read_picture(path: object, root: Path, limits: ImageLimits) -> QueryImage:
    """Decode an uploaded picture; its source is the name to show.

    Raises:
        ImageError: a path that is no upload, or a picture that is broken or outside the limits.
    """
    file = inside(path, root)
    name = display_name(file)
    try:
        image = load_image(file, limits=limits)
    except ImageError as error:
        hidden = [str(part).replace(str(file), name) for part in (error.expected, error.got, error.do)]
        raise ImageError(*hidden) from None
    return replace(image, source=name)


def read_profile(path: object, root: Path) -> Profile:
    """Read an uploaded profile.

    Raises:
        ImageError: a path that is no upload.
        ProfileError: not a profile.
    """
    file = inside(path, root)
    if file.stat().st_size > MAX_PROFILE_BYTES:
        size = f"{file.stat().st_size:,} bytes"
        raise ProfileError(f"a profile of at most {MAX_PROFILE_BYTES:,} bytes", size, "build it again")
    return Profile.load(file)
