"""YOLO: pictures in ``images``, a text file each in ``labels``: class and box, or class and polygon, as shares of the sides."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from assistant.errors import DataSetError
from assistant.files.folders import walked
from assistant.files.text import read_text
from assistant.files.yaml_text import parse_yaml
from assistant.pictures.images import is_picture_name
from data_builders.annotations.documents import numbers, whole
from data_builders.annotations.marks import Draw, Mark, box, polygons
from data_builders.annotations.pictures import AnnotatedPicture, Annotations, Tally
from data_builders.types import Mask


def read_yolo(source: Path) -> Annotations:
    """Pictures of a YOLO folder; one whose text file is empty is normal, one without a file is left out.

    Args:
        source: folder with ``images``, ``labels`` and ``data.yaml`` (or ``classes.txt``, ``obj.names``), or that YAML file.

    Raises:
        DataSetError, ConfigError: another layout, or a line that makes no sense.
    """
    root = source.parent if source.is_file() else source
    names = _names(source, root)
    tally, made, used = Tally(), list[AnnotatedPicture](), set[Path]()
    for file in map(Path, walked(str(root), is_picture_name)):
        inside = file.relative_to(root)
        labels = root / Path(*("labels" if part == "images" else part for part in inside.parts)).with_suffix(".txt")
        if not labels.is_file():
            tally.add(
                "{} pictures without a text file are left out (an empty one says that nothing is wrong)", file.name
            )
            continue
        used.add(labels)
        made.append(AnnotatedPicture(inside.as_posix(), tuple(_marks(labels, names, tally))))
    if not made:
        raise DataSetError("images and labels of one name", f"none in {root}", "name the folder that holds both")
    for text in map(Path, walked(str(root), lambda path: path.endswith(".txt"))):
        if text not in used and "labels" in text.relative_to(root).parts and text.name != "classes.txt":
            tally.add("{} text files belong to no picture", text.name)
    return Annotations(tuple(made), tally.notes(), "yolo")


def _names(source: Path, root: Path) -> list[str]:
    for place in [source] if source.is_file() else [root / n for n in ("data.yaml", "data.yml", "dataset.yaml")]:
        if place.is_file():
            try:
                content: Any = parse_yaml(read_text(place))
            except (yaml.YAMLError, RecursionError) as error:
                raise DataSetError("a YAML file with names", f"{place} ({type(error).__name__})", "mend it") from None
            told = content.get("names") if isinstance(content, dict) else None
            if isinstance(told, dict) and all(isinstance(key, int) for key in told):
                return (
                    [str(told.get(n, n)) for n in range(max(told, default=-1) + 1)]
                    if max(told, default=0) < 10**4
                    else []
                )
            if isinstance(told, list):
                return [str(name) for name in told]
            raise DataSetError("names in the YAML file", f"none in {place}", "add them")
    for place in (root / n for n in ("classes.txt", "labels/classes.txt", "obj.names")):
        if place.is_file():
            return [line.strip() for line in read_text(place).split("\n") if line.strip()]
    raise DataSetError("data.yaml or classes.txt with the names of the classes", f"none in {root}", "add it")


def _marks(path: Path, names: list[str], tally: Tally) -> list[Mark]:
    made = []
    for number, line in enumerate(read_text(path).splitlines(), 1):
        words, where = line.split(), f"line {number} of {path.name}"
        if not words:
            continue
        kind = whole(words[0].removesuffix(".0"), "a class", where)
        shares = numbers(words[1:], where)
        if kind >= len(names):
            raise DataSetError(f"a class below {len(names)}", f"{kind} in {where}", "add its name")
        if not (len(shares) in (4, 5) or (len(shares) >= 6 and len(shares) % 2 == 0)):
            raise DataSetError("a box of 4 numbers or a polygon", f"{len(shares)} numbers in {where}", "correct it")
        if any(not -0.01 <= share <= 1.01 for share in shares[:4]):
            raise DataSetError("shares of the sides from 0 to 1", f"others in {where}", "divide by width and height")
        if len(shares) in (4, 5):
            tally.add("{} defects are marked by their boxes alone, corners and all", where)
        made.append(Mark(names[kind], _draw(shares), None, where))
    return made


def _draw(shares: list[float]) -> Draw:
    def draw(height: int, width: int) -> Mask:
        scaled = [share * (height if i % 2 else width) for i, share in enumerate(shares)]
        if len(shares) > 5:
            return polygons([scaled])(height, width)
        x, y, wide, high = scaled[:4]
        return box(x - wide / 2, y - high / 2, x + wide / 2, y + high / 2)(height, width)

    return draw
