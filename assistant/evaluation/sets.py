"""Evaluation sets on disk: folders in the MVTec layout, their labelled pictures, and how references are drawn from them."""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path

from assistant.errors import DataSetError

PICTURES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp"})


@dataclass(frozen=True)
class LabelledPicture:
    """A test picture: its path, the kind of defect (None for a normal one), and its mask where there is one."""

    path: Path
    kind: str | None
    mask: Path | None


def pictures_in(folder: Path) -> list[Path]:
    """Pictures of one folder by name; none when it is missing."""
    return sorted(p for p in folder.iterdir() if p.suffix.lower() in PICTURES) if folder.is_dir() else []


def read_items(root: Path) -> list[LabelledPicture]:
    """Test pictures of a set, kind by kind.

    Raises:
        DataSetError: not the MVTec layout, or no test picture.
    """
    layout = "test/good and test/<kind> with pictures"
    if not (root / "test").is_dir():
        raise DataSetError(f"a set with {layout}", str(root), "name a folder in the MVTec layout")
    items = []
    for kind in sorted(p.name for p in (root / "test").iterdir() if p.is_dir()):
        for path in pictures_in(root / "test" / kind):
            mask = root / "ground_truth" / kind / f"{path.stem}_mask.png"
            items.append(LabelledPicture(path, None if kind == "good" else kind, mask if mask.is_file() else None))
    if not items:
        raise DataSetError(layout, f"no picture in {root / 'test'}", "check the folder")
    return items


def draw_references(root: Path, shots: str, seed: int) -> list[Path]:
    """References of a run: the sorted pictures of ``train/good``, sampled by the seed.

    Raises:
        DataSetError: fewer pictures than asked for.
    """
    normal = pictures_in(root / "train" / "good")
    count = len(normal) if shots == "all" else int(shots)
    if count > len(normal) or (shots == "all" and not normal):
        expected = f"{count or 1} or more normal pictures in train/good"
        raise DataSetError(expected, f"{len(normal)} in {root}", "ask for fewer --shots")
    return normal if shots == "all" else random.Random(seed).sample(normal, count)


def own_reference(root: Path, folder: str, item: LabelledPicture, missing: str) -> Path | None:
    """The reference of one test picture: the same stem, or the same up to the last underscore (``7_test``, ``7_temp``).

    Args:
        root: the set.
        folder: name of the folder of references in it.
        item: the test picture.
        missing: what serves where there is none: nothing (``zero-shot``) or the picture (``itself``); or ``refuse``.

    Raises:
        DataSetError: more than one, or none that may be missing.
    """
    known = pictures_in(root / folder)
    stem = item.path.stem
    found = [p for p in known if p.stem == stem]
    if not found and "_" in stem:
        found = [p for p in known if p.stem.rpartition("_")[0] == stem.rpartition("_")[0]]
    if not found and missing == "itself":
        return item.path
    if len(found) > 1 or (not found and missing == "refuse"):
        got = f"{len(found)} for {item.path.name}"
        do = "check --own-references, or choose --own-missing"
        raise DataSetError(f"one picture of its name in {root / folder}", got, do)
    return found[0] if found else None
