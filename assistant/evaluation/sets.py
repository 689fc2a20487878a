"""Evaluation sets on disk: their labelled pictures, and how references are drawn from them."""

from __future__ import annotations

import random
from pathlib import Path

from assistant.errors import DataSetError
from assistant.labels.labelled_set import LabelledPicture
from assistant.labels.layouts import normals_of, pictures_in


def draw_references(root: Path, shots: str, seed: int) -> list[Path]:
    """References of a run: the sorted normal pictures of the set's training part, sampled by the seed.

    Raises:
        DataSetError: fewer pictures than asked for.
    """
    normal = normals_of(root)
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
