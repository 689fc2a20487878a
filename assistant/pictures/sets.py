"""Pictures that are read alike: the grey levels that a set shares, and sets that decode a picture when it is asked for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import overload

from assistant.errors import ImageError
from assistant.pictures.formats.codecs import jpeg_frame
from assistant.pictures.images import load_image, split_selector
from assistant.pictures.kinds import content_format
from assistant.pictures.levels import joined, read_with
from assistant.pictures.pixels import DEFAULT_LIMITS, ImageLimits
from assistant.pictures.shards import member_bytes, split_member
from assistant.types import Domain, Levels, QueryImage

_FLAT = frozenset({"WEBP", "GIF", "BMP"})
_HEAD = 2**16


def may_be_deep(source: str | Path) -> bool:
    """Whether a file, with a selector or without, may hold more than 8 bits a channel, by its first bytes alone."""
    try:
        if (member := split_member(source)) is not None:
            head = member_bytes(*member)[:_HEAD]
        else:
            with Path(split_selector(str(source))[0]).open("rb") as file:
                head = file.read(_HEAD)
    except (OSError, ValueError, ImageError):
        return True  # reading it tells what is wrong
    kind = content_format(head)
    if kind == "PNG":
        return len(head) < 25 or head[24] == 16
    if kind == "JPEG":
        frame = jpeg_frame(head)
        return frame is None or frame.bits != 8
    return kind not in _FLAT


def shared_levels(
    pictures: Iterable[QueryImage | str | Path],
    *,
    limits: ImageLimits = DEFAULT_LIMITS,
    domain: Domain | None = None,
) -> Levels | None:
    """Levels that show what each picture of a set shows; None where none is deeper than 8 bits.

    Args:
        pictures: decoded ones, or paths; files that may be deep are decoded here.
        limits: what a picture may cost.
        domain: as :func:`~assistant.pictures.images.load_image` takes it.

    Raises:
        ImageError: a picture that cannot be read.
    """
    found = []
    for one in pictures:
        if not isinstance(one, QueryImage) and not may_be_deep(one):
            continue
        image = one if isinstance(one, QueryImage) else load_image(one, limits=limits, domain=domain)
        if image.deep is not None and not image.deep.chosen:
            found.append(image.deep.own)
    return joined(found)


class PictureFiles(Sequence[QueryImage]):
    """Pictures that are decoded when they are asked for: of many references one at a time is in memory.

    Args:
        paths: of the files.
        limits: what a picture may cost.
        domain: of all of them; from each file when None.

    Raises:
        ImageError: a path without a file.
    """

    def __init__(self, paths: Sequence[str], limits: ImageLimits, domain: Domain | None) -> None:
        self._paths, self._limits, self._domain = paths, limits, domain
        for path in paths:
            if not Path(split_selector(path)[0].replace("\0", "")).is_file():
                load_image(path, limits=limits, domain=domain)  # says what is wrong, before the first is decoded

    def __len__(self) -> int:
        return len(self._paths)

    @overload
    def __getitem__(self, index: int) -> QueryImage: ...
    @overload
    def __getitem__(self, index: slice) -> PictureFiles: ...
    def __getitem__(self, index: int | slice) -> QueryImage | PictureFiles:
        """Decode one, or name some.

        Raises:
            ImageError: a picture that cannot be read.
        """
        if isinstance(index, slice):
            return PictureFiles(self._paths[index], self._limits, self._domain)
        return load_image(self._paths[index], limits=self._limits, domain=self._domain)

    def levels(self) -> Levels | None:
        """That they share; see :func:`shared_levels`."""
        return shared_levels(self._paths, limits=self._limits, domain=self._domain)


class ReadAlike(Sequence[QueryImage]):
    """Pictures of a set, each read by the levels that all of them share.

    Args:
        pictures: decoded ones or paths; a sequence may decode as it is asked.
    """

    def __init__(self, pictures: Sequence[QueryImage | str | Path]) -> None:
        self._pictures = pictures
        self.levels: Levels | None = (
            pictures.levels() if isinstance(pictures, PictureFiles) else shared_levels(pictures)
        )
        """None where all have 8 bits."""

    def __len__(self) -> int:
        return len(self._pictures)

    @overload
    def __getitem__(self, index: int) -> QueryImage: ...
    @overload
    def __getitem__(self, index: slice) -> list[QueryImage]: ...
    def __getitem__(self, index: int | slice) -> QueryImage | list[QueryImage]:
        """One picture, decoded now where it is a path, or several."""
        if isinstance(index, slice):
            return [self[number] for number in range(*index.indices(len(self)))]
        picture = self._pictures[index]
        return (
            read_with(picture, self.levels)
            if isinstance(picture, QueryImage)
            else load_image(picture, levels=self.levels)
        )
