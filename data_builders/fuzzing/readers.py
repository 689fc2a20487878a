"""What reads broken files: each takes a path, and ends in a value or in an error of ours."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from data_builders.fuzzing.seeds import SIDES, mask_seeds, picture_seeds, text_seeds
from data_builders.fuzzing.volume_seeds import volume_seeds

Read = Callable[[Path], object]


@dataclass(frozen=True, eq=False)
class Target:
    """A reader with whole files for it.

    Args:
        name: for example ``mask png``.
        read: takes the path of a file.
        file: name that the broken file gets, for readers that go by endings or folders.
        seeds: whole files.
        text: they hold words.
    """

    name: str
    read: Read
    file: str
    seeds: tuple[bytes, ...]
    text: bool = False


def targets() -> list[Target]:
    """Every reader."""
    from assistant.pictures.images import load_image, load_map

    made = []
    for kind, seeds in picture_seeds().items():
        if kind == "map":
            made.append(Target("map", load_map, "m.png", tuple(seeds)))
        else:
            made.append(Target(f"picture {kind}", load_image, f"p.{kind}", tuple(seeds)))
    made += [Target(f"mask {kind}", _mask, f"m.{kind}", tuple(seeds)) for kind, seeds in mask_seeds().items()]
    whole = volume_seeds()
    made += [Target(f"volume {kind}", _volume, f"v.{kind}", tuple(whole[kind])) for kind in ("nifti", "frames")]
    *others, last = whole["series"]
    made.append(Target("volume series", _series(others), "series/broken", (last,)))
    readers = _text_readers()
    files = {"table": "t.csv", "rows": "t.jsonl", "voc": "Annotations/a.xml", "yolo": "labels/a.txt", "rule": "r.yaml"}
    for name, seeds in text_seeds().items():
        made.append(Target(name, readers[name], files.get(name, "t.json"), tuple(seeds), text=True))
    return made


def _mask(path: Path) -> object:
    from assistant.labels.masks import Frame, read_mask

    return read_mask(path, Frame(*SIDES))


def _volume(path: Path) -> object:
    """Read it and draw a slice."""
    from assistant.volumes.files.reading import read_volume

    slices = read_volume(path).slices()
    return slices[0], slices.empty(len(slices) // 2)


def _series(others: Sequence[bytes]) -> Read:
    """A folder of a series with a broken file behind its other slices."""

    def read(path: Path) -> object:
        for number, data in enumerate(others):
            (path.parent / f"{number}").write_bytes(data)
        return _volume(path.parent)

    return read


def _text_readers() -> Mapping[str, Read]:
    from assistant.batch.inputs.listing import lines
    from assistant.batch.inputs.manifests import read_manifest
    from assistant.evaluation.questions import read_questions
    from assistant.files.tables import read_table
    from assistant.labels.tables import real_iad_set
    from assistant.rules import load_rule

    def listed(path: Path) -> object:
        with path.open("rb") as file:
            return list(lines(file))

    def with_picture(read: Read) -> Read:
        def beside(path: Path) -> object:
            (path.parent / "lid").mkdir(exist_ok=True)
            (path.parent / "lid" / "a.png").touch()
            return read(path)

        return beside

    return {
        "list": listed,
        "table": lambda path: list(read_manifest(path)),
        "rows": lambda path: list(read_manifest(path)),
        "questions": lambda path: read_questions(path, path.parent),
        "rule": lambda path: load_rule(str(path)),
        "visa": lambda path: list(read_table(path, ("object", "split", "label", "image", "mask"))),
        "real-iad": with_picture(real_iad_set),
        **{name: _annotations(name) for name in ("coco", "cvat", "label-studio", "labelme", "voc", "yolo")},
    }


def _annotations(layout: str) -> Read:
    def read(path: Path) -> object:
        from assistant.labels.masks import Frame
        from data_builders.annotated import READERS

        source = path.parent.parent if layout in ("voc", "yolo") else path
        if layout == "yolo":
            _beside(source)
        found = READERS[layout](source)
        return [mark.drawn(Frame(*SIDES)) for picture in found.pictures for mark in picture.marks]

    return read


def _beside(root: Path) -> None:
    """The picture and names that a YOLO file needs."""
    (root / "images").mkdir(exist_ok=True)
    (root / "images" / "a.png").touch()
    (root / "data.yaml").write_text("names: [dent, chip]\n", encoding="utf-8")
