"""Annotated pictures, looked up on disk, and what becomes of them in a data set."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant.errors import DataSetError
from assistant.files.folders import walked
from assistant.pictures.images import is_picture_name
from data_builders.annotations.marks import Mark

TEST_EVERY = 4
"""Of the pictures without marks, one in so many is a test picture; the others are references."""


@dataclass(frozen=True)
class AnnotatedPicture:
    """A picture that somebody looked at.

    Args:
        name: as the annotation file writes it.
        marks: its defects; none where it was found normal.
    """

    name: str
    marks: tuple[Mark, ...]


@dataclass(frozen=True)
class Annotations:
    """What an annotation file says.

    Args:
        pictures: those that somebody looked at, in the order of the file.
        notes: what was left out and why, with counts.
        layout: name of the format, for the manifest.
    """

    pictures: tuple[AnnotatedPicture, ...]
    notes: tuple[str, ...]
    layout: str


class Found:
    """Pictures of a folder by what annotation files call them.

    Args:
        folder: that holds them, to any depth.

    Raises:
        DataSetError: no such folder.
    """

    def __init__(self, folder: Path) -> None:
        if not folder.is_dir():
            raise DataSetError("a folder of pictures", str(folder), "name it with --pictures")
        self._folder = folder
        self._by_name: dict[str, list[Path]] | None = None

    def path(self, name: str) -> Path | None:
        """The file of a picture: its path from the folder, else the one file of its name in it; None where there is none.

        Raises:
            DataSetError: several files of its name.
        """
        plain = name.replace("\\", "/").replace("\0", "")
        for start in ("", "images", "JPEGImages"):
            path = self._folder / start / plain.lstrip("/")
            if os.path.normpath(path).startswith(os.path.normpath(self._folder) + os.sep) and path.is_file():
                return path
        if self._by_name is None:
            self._by_name = {}
            for file in walked(str(self._folder), is_picture_name):
                self._by_name.setdefault(Path(file).name.lower(), []).append(Path(file))
        found = self._by_name.get(plain.rpartition("/")[2].lower(), [])
        if len(found) > 1:
            do = "give --pictures the folder that the file's paths start from"
            raise DataSetError(f"one file {plain}", f"{len(found)} of its name in {self._folder}", do)
        return found[0] if found else None


def located(
    annotations: Annotations, folder: Path, seed: int
) -> tuple[list[tuple[Path, tuple[Mark, ...], str]], list[str]]:
    """Path, marks and split (``train`` or ``test``) of every picture that is there, and notes on the others.

    Args:
        annotations: of the file.
        folder: that holds the pictures.
        seed: of the draw of test pictures among those without marks.

    Raises:
        DataSetError: none of the pictures is there.
    """
    found, missing, there = Found(folder), list[str](), list[tuple[Path, AnnotatedPicture]]()
    for picture in annotations.pictures:
        path = found.path(picture.name)
        if path is None:
            missing.append(picture.name)
        else:
            there.append((path, picture))
    normal = [path for path, picture in there if not picture.marks]
    held_back = set(random.Random(seed).sample(normal, len(normal) // TEST_EVERY))
    made = [(path, p.marks, "test" if p.marks or path in held_back else "train") for path, p in there]
    if not made:
        got = f"none of {len(annotations.pictures)}, for example {missing[0] if missing else 'nothing'}"
        raise DataSetError(f"the pictures of the annotations in {folder}", got, "name their folder with --pictures")
    notes = [*annotations.notes]
    if missing:
        notes.append(f"{len(missing)} pictures of the annotations are not there and left out: {few(missing)}")
    return made, notes


def few(names: Sequence[str], most: int = 3) -> str:
    """The first few names."""
    return ", ".join(names[:most]) + (", …" if len(names) > most else "")


class Tally:
    """Counts what a reader leaves out, for notes."""

    def __init__(self) -> None:
        self._counts: dict[str, list[str]] = {}

    def add(self, sentence: str, where: str) -> None:
        """One more of what ``sentence`` says, with ``{}`` for the count."""
        self._counts.setdefault(sentence, []).append(where)

    def notes(self) -> tuple[str, ...]:
        """A sentence each, with counts and the first few places."""
        said: Callable[[str, list[str]], str] = lambda text, places: f"{text.format(len(places))}: {few(places)}"  # noqa: E731
        return tuple(said(text, places) for text, places in self._counts.items())
