"""Pictures with what is known of them, and what is checked before anything is measured on them or learned from them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from assistant.errors import DataSetError
from assistant.labels.masks import MaskReading, frame_of, read_masks

NAMED = 3
"""Files that a note names; of more it tells the count."""


@dataclass(frozen=True)
class LabelledPicture:
    """A picture with what is known of it.

    Args:
        path: of the picture.
        kind: of its defects in the words of the set; None for a normal one.
        masks: files that mark its defects; none where nobody marked them.
    """

    path: Path
    kind: str | None
    masks: tuple[Path, ...] = ()


@dataclass(frozen=True)
class LabelledSet:
    """A data set of one kind of thing.

    Args:
        name: of the thing, as the set writes it.
        normals: normal pictures to compare with or to learn from.
        pictures: test pictures, kind by kind.
        notes: what matched nothing, with counts.
    """

    name: str
    normals: tuple[Path, ...]
    pictures: tuple[LabelledPicture, ...]
    notes: tuple[str, ...] = field(default=())


def reading_of(picture: LabelledPicture, size: tuple[int, ...] | None = None) -> MaskReading | None:
    """The marked pixels of a picture; None where nobody marked it.

    Args:
        picture: with its masks.
        size: (height, width) of its decoded pixels where they are known.

    Raises:
        DataSetError: a mask of another size, or a normal picture whose mask marks something.
        ImageError: a mask that cannot be read, or more than one way.
    """
    if not picture.masks:
        return None
    found = read_masks(picture.masks, frame_of(picture.path, size))
    if picture.kind is None and found.marked.any():
        got = f"{int(found.marked.sum())} marked pixels of {picture.path}"
        raise DataSetError("no marks on a normal picture", got, "move the picture to its kind, or empty the mask")
    return found


def checked(data: LabelledSet, advance: Callable[[], None] = lambda: None) -> LabelledSet:
    """The set with every mask read once: a mask that marks nothing is taken off its picture, and that is told.

    Args:
        data: to look at.
        advance: called after each picture.

    Raises:
        DataSetError, ImageError: see :func:`reading_of`; the first bad mask ends it.
    """
    kept, empty, told = list[LabelledPicture](), list[Path](), list[str]()
    for picture in data.pictures:
        reading = reading_of(picture)
        if reading is not None:
            told += reading.notes
        if picture.kind is not None and reading is not None and not reading.marked.any():
            empty.append(picture.path)
            picture = replace(picture, masks=())
        kept.append(picture)
        advance()
    notes = (*data.notes, *_few(told))
    if empty:
        notes += (f"{len(empty)} masks of defective pictures mark nothing and are left out: {named(empty)}",)
    return replace(data, pictures=tuple(kept), notes=notes)


def named(paths: Sequence[Path]) -> str:
    """The first few paths, by their last two parts."""
    shown = ", ".join("/".join(path.parts[-2:]) for path in paths[:NAMED])
    return shown + (", …" if len(paths) > NAMED else "")


def _few(notes: Sequence[str]) -> list[str]:
    """Notes on single masks; of many that say the same the first, with their count."""
    groups: dict[str, list[str]] = {}
    for note in notes:
        groups.setdefault(note.rpartition(": ")[2], []).append(note)
    return [group[0] + (f" (and {len(group) - 1} more)" if len(group) > 1 else "") for group in groups.values()]
