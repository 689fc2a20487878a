"""Other layouts in and out: parquet shards, folders of data sets, files of annotation tools, ``messages`` + ``images`` rows.

``python -m data_builders.convert DIRECTION SOURCE TARGET``, for example ``from-coco instances.json set``.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from assistant.errors import AssistantError
from assistant.samples.sets import open_set
from data_builders.annotated import READERS, from_annotations
from data_builders.annotations.written import WRITERS, write_annotations
from data_builders.files import encode_mask, own_mask, write_atomic
from data_builders.labelled import from_mvtec, from_real_iad, from_visa, require_empty
from data_builders.messages import from_messages
from data_builders.packed import from_shards, to_shards


def to_mvtec(source: Path, target: Path) -> Counter[str]:
    """Write a data set as MVTec folders, one category a source family.

    Normal pictures of the split "train" go to ``train/good``, other normal ones to ``test/good``; anomalous ones to
    ``test/<type>`` ("combined" for several types) with ``ground_truth/<type>/<stem>_mask.png``.

    Returns:
        Pictures a folder, for example ``{"plain/train/good": 3}``.
    """
    require_empty(target)
    counts: Counter[str] = Counter()
    for sample in open_set(source):
        row, image = sample.row, Path(sample.row["image_file_name"])
        types = sorted({d["type"] for d in row["defects"]})
        kind = "good" if not types else _slug(types[0]) if len(types) == 1 else "combined"
        part = "train" if not types and row["split"] == "train" else "test"
        category = _slug(row["family"])
        write_atomic(target / category / part / kind / image.name, sample.read(str(image)))
        if types:
            mask = own_mask(sample.mask) > 0
            write_atomic(target / category / "ground_truth" / kind / f"{image.stem}_mask.png", encode_mask(mask))
        counts[f"{category}/{part}/{kind}"] += 1
    return counts


def to_messages(source: Path, target: Path) -> int:
    """Write one JSON line a conversation: ``messages`` (role, content) and ``images``.

    The first user turn starts with ``<image>``; ``images`` holds the picture's path relative to the target's folder. Pictures
    of a set in shards are written to a folder of the target's name.

    Returns:
        Lines written.
    """
    lines = []
    data = open_set(source)
    for sample in data:
        place, row = sample.image, sample.row
        if data.form == "shards" and row["conversations"]:
            place = target.with_suffix("") / row["image_file_name"]
            write_atomic(place, sample.read(row["image_file_name"]))
        image = Path(os.path.relpath(place, target.parent)).as_posix()
        for conversation in row["conversations"]:
            messages = [dict(turn) for turn in conversation]
            first = next((m for m in messages if m["role"] == "user"), None)
            if first is not None:
                first["content"] = f"<image>{first['content']}"
            lines.append(json.dumps({"messages": messages, "images": [image]}, ensure_ascii=False))
    write_atomic(target, "".join(line + "\n" for line in lines).encode())
    return len(lines)


def _slug(words: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", words.lower()).strip("_") or "unnamed"


def _parser(program: str) -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(prog=program, description="Convert data sets.")
    into = ("mvtec", "visa", "real-iad", "messages", "shards", *READERS)
    out = ("mvtec", "messages", "shards", *WRITERS)
    known = [*(f"from-{name}" for name in into), *(f"to-{name}" for name in out)]
    options.add_argument("direction", choices=known, metavar="DIRECTION", help=", ".join(known))
    options.add_argument("source", type=Path, help="data set; MVTec category; VisA folder; file or folder of a tool")
    options.add_argument("target", type=Path, help="folder, or JSONL file for to-messages")
    options.add_argument("--object", help="from-…: plain words for the object")
    options.add_argument("--category", help="from-visa: the category, for example candle")
    options.add_argument("--pictures", type=Path, help="from a tool: folder that the paths in its file start from")
    options.add_argument(
        "--learn", type=float, default=0.0,
        help="share of the test pictures of each kind to learn from (default: 0, all stay test)",
    )  # fmt: skip
    options.add_argument("--seed", type=int, default=0, help="of the pictures drawn (default: 0)")
    return options


def main(arguments: Sequence[str] | None = None, program: str = "python -m data_builders.convert") -> int:
    """Run the command line; 0 converted, 1 failed."""
    options = _parser(program)
    given = options.parse_args(arguments)
    if given.direction == "from-visa" and not given.category:
        options.error("from-visa needs --category")
    try:
        print(_convert(given))
    except AssistantError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _convert(given: argparse.Namespace) -> str:
    """Do what is asked; what was made, in words."""
    way, _, layout = given.direction.partition("-")
    if given.direction == "to-mvtec":
        return f"{sum(to_mvtec(given.source, given.target).values())} pictures in {given.target}"
    if given.direction == "to-messages":
        return f"{to_messages(given.source, given.target)} conversations in {given.target}"
    if layout == "shards":
        packed = (to_shards if way == "to" else from_shards)(given.source, given.target)
        return f"{packed['rows']} rows in {given.target}"
    if way == "to":
        counts = write_annotations(layout, given.source, given.target)
        return f"{counts['pictures']} pictures with {counts['defects']} defects in {given.target}"
    drawn = {"learn": given.learn, "seed": given.seed}
    if layout == "mvtec":
        made = from_mvtec(given.source, given.target, given.object, **drawn)
    elif layout == "visa":
        made = from_visa(given.source, given.target, given.category, given.object, **drawn)
    elif layout == "real-iad":
        made = from_real_iad(given.source, given.target, given.object, **drawn)
    elif layout == "messages":
        made = from_messages(given.source, given.target, given.object or "")
    else:
        made = from_annotations(layout, given.source, given.target, given.pictures, given.object, **drawn)
    for note in made["notes"]:
        print(f"note: {note}", file=sys.stderr)
    splits = ", ".join(f"{count} {split}" for split, count in sorted(made["counts"]["split"].items()))
    return f"{made['rows']} rows in {given.target}: {splits}"


if __name__ == "__main__":
    sys.exit(main())
