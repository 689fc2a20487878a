"""Identifiers of images and categories in a COCO file, for results that are to be compared with it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from assistant.errors import DataSetError
from assistant.files.text import read_text


class KnownIds:
    """Identifiers that a COCO file gives, or those that are counted from 1.

    Args:
        images: identifier by path as the file writes it; None counts.
        categories: identifier by name.
    """

    def __init__(self, images: dict[str, int] | None = None, categories: dict[str, int] | None = None) -> None:
        self._images, self._categories = images, categories or {}
        self._by_name: dict[str, list[str]] = {}
        for path in images or ():
            self._by_name.setdefault(path.replace("\\", "/").rpartition("/")[2], []).append(path)
        self._absent: dict[str, None] = {}
        self._new: list[str] = []

    @classmethod
    def read(cls, path: Path) -> KnownIds:
        """Of a COCO file.

        Raises:
            DataSetError, ConfigError: another form.
        """
        try:
            content = json.loads(read_text(path))
            images = {str(one["file_name"]): int(one["id"]) for one in content["images"]}
            categories = {str(one["name"]): int(one["id"]) for one in content["categories"]}
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            got = f"another form in {path} ({type(error).__name__})"
            raise DataSetError("a COCO file: images and categories with ids", got, "give the ground truth") from None
        return cls(images, categories)

    def image(self, source: str, number: int) -> tuple[int, str] | None:
        """Identifier and path of a picture, by its path or by the one image of its name; None where there is none."""
        if self._images is None:
            return number, source
        plain = source.replace("\\", "/")
        named = self._by_name.get(plain.rpartition("/")[2], [])
        fitting = [path for path in named if plain == path or plain.endswith(f"/{path.lstrip('./')}")] or named
        if len(fitting) != 1:
            self._absent[source] = None
            return None
        return self._images[fitting[0]], fitting[0]

    def categories_with(self, kinds: Iterable[str]) -> dict[str, int]:
        """Identifier by name: those of the file, and new ones for other kinds."""
        found = dict(self._categories)
        for kind in kinds:
            if kind not in found:
                found[kind] = max(found.values(), default=0) + 1
                self._new.append(kind)
        return found

    @property
    def missed(self) -> list[str]:
        """What has no counterpart in the file, in sentences; nothing where identifiers are counted."""
        if self._images is None:
            return []
        told = []
        if self._absent:
            first = next(iter(self._absent))
            told.append(
                f"{len(self._absent)} pictures are no image of the ground truth, or several, and left out: {first}, …"
            )
        if self._new:
            told.append(f"{len(self._new)} kinds are no category of the ground truth: {', '.join(self._new[:5])}")
        return told
