"""Folders of data sets -> labelled pictures: MVTec AD, LOCO and AD 2, BTAD, VisA, Real-IAD. Opens no picture.

A set in folders holds ``train/good``, ``test/<kind>`` and ``ground_truth/<kind>``; in MVTec AD 2 ``test_public/<kind>`` and
``test_public/ground_truth/<kind>``. A mask belongs to the picture of its name: ``000.png`` to ``000.png``, ``000_mask.png``,
``000.jpg.png`` or every mask of the folder ``000``, whatever their endings and the case of their letters.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from assistant.errors import DataSetError
from assistant.labels.labelled_set import LabelledPicture, LabelledSet, named
from assistant.labels.tables import is_real_iad, is_visa_category, real_iad_set, visa_set
from assistant.pictures.images import SUFFIXES

GOOD = ("good", "ok", "normal")
"""Folders of normal pictures, in any case of letters."""
_TESTS = ("test", "test_public")
_MARKS = ("_mask", "-mask", "_gt", "_label", "_labels", "_seg")
"""What a mask's name adds to its picture's."""
_ENDINGS = tuple(suffix for suffix in SUFFIXES if not suffix.startswith(".nii"))
LAYOUT = "train/good, test/good and test/<kind> with pictures"


def read_set(root: Path) -> LabelledSet:
    """The labelled pictures of a set.

    Args:
        root: folder of one category in one of the layouts above; for Real-IAD its JSON file.

    Raises:
        DataSetError: another layout, no test picture, or masks of which none matches a picture.
    """
    if is_real_iad(root):
        return real_iad_set(root)
    test = _inside(root, _TESTS)
    if test is None:
        if is_visa_category(root):
            return visa_set(root.resolve().parent, root.resolve().name)
        do = "name the folder of one category in the MVTec layout"
        raise DataSetError(f"a set with {LAYOUT}", str(root), do)
    truth = _inside(root, ("ground_truth",)) or _inside(test, ("ground_truth",))
    pictures, notes = list[LabelledPicture](), list[str]()
    for folder in sorted(p for p in test.iterdir() if p.is_dir() and p != truth):
        kind = None if folder.name.lower() in GOOD else folder.name
        masks = None if truth is None else _inside(truth, (folder.name,))
        pictures += _pictures_of(folder, kind, masks, notes)
    if not pictures:
        raise DataSetError(LAYOUT, f"no picture in {test}", "check the folder")
    _require_matches(pictures, truth, notes)
    return LabelledSet(root.resolve().name, tuple(normal_pictures(root)), tuple(pictures), tuple(notes))


def normals_of(root: Path) -> list[Path]:
    """Normal pictures of a set to compare with, in whatever layout.

    Raises:
        DataSetError: tables that cannot be read.
    """
    told_by_tables = is_real_iad(root) or (_inside(root, _TESTS) is None and is_visa_category(root))
    return sorted(read_set(root).normals) if told_by_tables else normal_pictures(root)


def normal_pictures(root: Path) -> list[Path]:
    """Pictures of ``train/good``, or of whichever of :data:`GOOD` there is; none where it is missing."""
    train = _inside(root, ("train",))
    good = None if train is None else _inside(train, GOOD)
    return [] if good is None else pictures_in(good)


def pictures_in(folder: Path) -> list[Path]:
    """Pictures of one folder by name, hidden files left out; none when it is missing."""
    if not folder.is_dir():
        return []
    return sorted(p for p in folder.iterdir() if _is_picture(p) and p.is_file())


def _is_picture(path: Path) -> bool:
    return path.name.lower().endswith(_ENDINGS) and not path.name.startswith(".")


def _inside(folder: Path, names: Iterable[str]) -> Path | None:
    """The folder in a folder that has one of the names, in any case of letters; the first name that is there."""
    wanted = [name.lower() for name in names]
    if not folder.is_dir():
        return None
    found = {p.name.lower(): p for p in sorted(folder.iterdir(), reverse=True) if p.is_dir()}
    return next((found[name] for name in wanted if name in found), None)


def _pictures_of(folder: Path, kind: str | None, masks: Path | None, notes: list[str]) -> list[LabelledPicture]:
    pictures = pictures_in(folder)
    others = [p for p in folder.iterdir() if not p.name.startswith(".") and p not in pictures]
    if others:
        notes.append(f"{len(others)} entries of {'/'.join(folder.parts[-2:])} are no pictures: {named(others)}")
    known = {} if masks is None else _masks_in(masks)
    made, used = list[LabelledPicture](), set[Path]()
    for path in pictures:
        found = known.get(path.stem.lower()) or known.get(path.name.lower()) or []
        files = [file for group in found for file in group]
        if len(found) > 1:
            do = "keep one, or put the masks of one picture into a folder of its name"
            raise DataSetError(f"one mask of {path.name}", f"{len(found)}: {named(files)}", do)
        used.update(files)
        made.append(LabelledPicture(path, kind, tuple(files)))
    unused = sorted({file for groups in known.values() for group in groups for file in group} - used)
    if unused:
        notes.append(f"{len(unused)} masks belong to no picture of {folder.name}: {named(unused)}")
    return made


def _masks_in(folder: Path) -> dict[str, list[list[Path]]]:
    """Masks by the names of pictures that they may belong to, lower case: a file, or all files of a folder."""
    known: dict[str, list[list[Path]]] = {}
    for entry in sorted(folder.iterdir()):
        if entry.name.startswith("."):
            continue
        group = pictures_in(entry) if entry.is_dir() else [entry] if _is_picture(entry) else []
        if not group:
            continue
        name = (entry.name if entry.is_dir() else entry.stem).lower()
        for mark in _MARKS:
            name = name.removesuffix(mark)
        known.setdefault(name, []).append(group)
    return known


def _require_matches(pictures: list[LabelledPicture], truth: Path | None, notes: list[str]) -> None:
    """Tell of defective pictures without a mask; refuse where masks are there and none matches."""
    defective = [p for p in pictures if p.kind is not None]
    bare = [p.path for p in defective if not p.masks]
    if not bare:
        return
    if truth is not None and len(bare) == len(defective) and any(_is_picture(p) for p in truth.rglob("*")):
        got = f"none of {len(defective)} pictures with one in {truth}"
        raise DataSetError("masks with the names of their pictures", got, "name them like 000.png or 000_mask.png")
    notes.append(
        f"{len(bare)} of {len(defective)} defective pictures have no mask and no part in pixel metrics: {named(bare)}"
    )
