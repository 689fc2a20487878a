"""Corrected pictures as a data set that training reads, and as annotation tools want it. Lands in the session's own folder."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
import tempfile
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy import ndimage

from assistant import report
from assistant.geometry import mask_box, mask_cells
from assistant.types import QueryImage
from assistant.vocabulary.severity import severity_of
from demo.bench.correcting import Mask, region_mask, standing
from demo.bench.judging import BenchError
from demo.bench.sessions import Picture, Said, Session
from demo.export.exports import png
from demo.view.page import LAYOUTS

DATA_SET = "anomaly-assistant/data-set@1"
"""Schema of data sets on disk."""
SURE_PEAK = 0.9
"""Peak score assumed for the severity of a defect that a person marked."""
MOST_PARTS = 200
"""Connected parts of a picture's defects that are told apart by their values in the mask."""
LONGEST_NAME = 60
"""Characters of a picture's own name in that of its file, its end before its beginning."""
SECONDS = 300


def write_corrections(
    session: Session, layout: str = "", judge: Callable[[Picture], None] = lambda picture: None
) -> Path:
    """The corrected pictures, zipped.

    A picture holds what was marked or renamed in it. Regions that a person left standing when they rejected or renamed another
    one of the same picture are taken as agreed to.

    Args:
        session: whose.
        layout: one of the values of :data:`LAYOUTS`.
        judge: brings the result of a picture back that was let go of, or found before the corrections.

    Raises:
        BenchError: no correction was made, or a layout that could not be written.
    """
    pictures = [one for one in session.pictures if one.corrected]
    if not pictures:
        raise BenchError("at least one correction", "none", "say what is normal or mark a defect first")
    if layout not in LAYOUTS.values():
        raise BenchError(f"one of {', '.join(LAYOUTS)}", layout[:30], "choose one")
    with tempfile.TemporaryDirectory(dir=session.folder) as name:
        folder = Path(name) / "set"
        _write(session, pictures, folder, judge)
        made = folder if not layout else _converted(folder, layout, Path(name) / layout)
        path = session.folder / ("corrections.zip" if not layout else f"corrections_{layout}.zip")
        with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
            for file in sorted(made.rglob("*")):
                if file.is_file():
                    archive.write(file, file.relative_to(made).as_posix())
    return path


def _converted(folder: Path, layout: str, target: Path) -> Path:
    """The data set in the format of a tool, by the builders' converter in a process of its own."""
    command = [sys.executable, "-m", "data_builders.convert", f"to-{layout}", str(folder), str(target)]
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=SECONDS, text=True)
    except subprocess.CalledProcessError as error:
        raise BenchError(f"corrections as {layout}", error.stderr.strip()[-200:], "take the training set") from error
    except (OSError, subprocess.SubprocessError) as error:
        raise BenchError(f"corrections as {layout}", type(error).__name__, "take the training set") from error
    return target


def _write(session: Session, pictures: Sequence[Picture], folder: Path, judge: Callable[[Picture], None]) -> None:
    normals = _normals(session)
    names = []
    for number, image in enumerate(normals):
        names.append(f"references/0000/{_stem(number, image.source)}.png")
        _file(folder / names[-1], png(image.pixels))
    rows = []
    for index, picture in enumerate(pictures):
        if picture.stale:
            judge(picture)
        own = {id(one.learned) for one in picture.corrected}
        others = [n for n, image in zip(names, normals, strict=True) if id(image) not in own]
        rows.append(_row(index, picture, others, folder))
    table = "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows).encode()
    manifest = {
        "schema": DATA_SET, "complete": True, "converted_from": "corrections", "rows": len(rows),
        "counts": {key: dict(Counter(r[key] for r in rows)) for key in ("split", "verdict")},
        "rows_sha256": hashlib.sha256(table).hexdigest(), "version": report.package_version(),
    }  # fmt: skip
    _file(folder / "metadata.jsonl", table)
    _file(folder / "manifest.json", json.dumps(manifest, indent=1).encode() + b"\n")


def _normals(session: Session) -> list[QueryImage]:
    """Normal pictures: those called so, and the references in use, each once."""
    called = [c.image for c in session.corrections if c.said is Said.NORMAL]
    return list({id(image): image for image in called + session.setup.references}.values())


def _defects(picture: Picture) -> Iterator[tuple[Mask, str]]:
    """Masks and kinds of what is wrong in a corrected picture."""
    said = picture.corrected
    if said[-1].said is Said.NORMAL:
        return
    told = standing(said)
    yield from told
    if picture.view is not None and any(one.said in (Said.REJECTED, Said.RENAMED) for one in said):
        boxes = {mask_box(mask) for mask, _ in told}
        for region in picture.view.inspection.regions:
            if region.box not in boxes:
                yield region_mask(picture.view, region.id), region.type or "defect"


def _row(index: int, picture: Picture, references: Sequence[str], folder: Path) -> dict[str, Any]:
    """Metadata of one picture; picture and mask are written."""
    stem = _stem(index, picture.name)
    image, mask = f"images/0000/{stem}.png", f"masks/0000/{stem}.png"
    height, width = picture.image.pixels.shape[:2]
    values = np.zeros((height, width), np.uint8)
    defects: list[dict[str, Any]] = []
    for area, kind in _defects(picture):
        labels, count = ndimage.label(area, structure=np.ones((3, 3)))
        for number in range(count):
            if len(defects) == MOST_PARTS:
                break
            part = labels == number + 1
            defects.append(_defect(part, kind, 255 - len(defects)))
            values[part] = defects[-1]["mask_value"]
    data, marks = png(picture.image.pixels), png(values)
    _file(folder / image, data)
    _file(folder / mask, marks)
    domain, told = picture.image.domain, picture.corrected[-1].object_name
    return {
        "index": index, "source": picture.name, "image_file_name": image, "mask_file_name": mask,
        "reference_file_names": list(references),
        "references_aligned": False, "object_name": told or "object", "family": "corrections",
        "kind": "correction", "domain": "industrial" if domain is None else domain.value,
        "verdict": "anomalous" if defects else "normal", "height": height, "width": width,
        "defects": defects, "conversations": [], "split": "train", "seed": 0,
        "image_sha256": hashlib.sha256(data).hexdigest(), "mask_sha256": hashlib.sha256(marks).hexdigest(),
        "reference_sha256": [hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in references],
    }  # fmt: skip


def _stem(number: int, source: str) -> str:
    """Name of a file without its ending: its number, which makes it unique, and what the picture was called.

    >>> _stem(0, "line 3/suspect.png"), _stem(1, "head.nii.gz::axis=2,slice=3"), _stem(2, "../л.png")
    ('0000000_line_3_suspect', '0000001_head_axis_2_slice_3', '0000002')
    """
    name, _, selector = source.partition("::")
    plain = re.sub(r"(\.[A-Za-z0-9]{1,5}){1,2}$", "", name) if selector else re.sub(r"\.[A-Za-z0-9]{1,5}$", "", name)
    told = re.sub(r"[^A-Za-z0-9-]+", "_", f"{plain} {selector}").strip("_-")[-LONGEST_NAME:].strip("_-")
    return f"{number:07d}_{told}" if told else f"{number:07d}"


def _defect(part: Mask, kind: str, value: int) -> dict[str, Any]:
    area = float(part.mean())
    return {
        "type": kind, "family": "correction", "box": list(mask_box(part).as_tuple()),
        "area_fraction": float(f"{area:.6g}"), "cells": list(mask_cells(part)),
        "severity": severity_of(area, SURE_PEAK, kind).value, "contrast": 0.0, "mask_value": value, "seed": 0,
        "parameters": "{}",
    }  # fmt: skip


def _file(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
