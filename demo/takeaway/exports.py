"""Files to take away, of the picture in view and of the corrections made. All land in the session's own folder."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy import ndimage

from assistant import report
from assistant.geometry import mask_box, mask_cells
from assistant.pictures.overlay import save_overlay
from assistant.types import Answer, QueryImage
from assistant.vocabulary.severity import severity_of
from demo.bench.sessions import Correction, Picture, Session
from demo.bench.thresholds import View
from demo.bench.workbench import BenchError
from demo.takeaway.html_report import html_report
from demo.view import words

DATA_SET = "anomaly-assistant/data-set@1"
"""Schema of data sets on disk."""
SURE_PEAK = 0.9
"""Peak score assumed for the severity of a defect that a person marked."""


def row(picture: Picture, view: View) -> dict[str, Any]:
    """The picture by the contract of :mod:`assistant.report`; scores as measured, with the threshold chosen."""
    made = report.inspection_row(view.inspection, caption=words.summary(view), answers=picture.answers)
    made |= {"image_score": view.score, "threshold": view.threshold}
    for region, peak, mean in zip(made["regions"], view.peaks, view.means, strict=True):
        region |= {"peak_score": peak, "mean_score": mean}
    return made


def answer_row(answer: Answer) -> dict[str, Any]:
    """An answer as it stands in a picture's row."""
    stated = None if answer.stated_verdict is None else answer.stated_verdict.value
    return {
        "question": answer.question, "answer": answer.text, "stated_verdict": stated,
        "contradictory": answer.contradictory,
    }  # fmt: skip


def write_all(session: Session) -> tuple[Path, Path, Path, Path]:
    """JSON, mask, overlay and HTML report of the picture in view.

    Raises:
        BenchError: no picture with a result.
    """
    picture = session.picture
    if picture is None or picture.view is None:
        raise BenchError("a picture with a result", "none", "drop one or choose a sample")
    view = picture.view
    name = report.picture_name(picture.image.source)
    paths = [session.folder / f"{name}{end}" for end in (".json", "_mask.png", "_overlay.png", "_report.html")]
    paths[0].write_text(json.dumps(row(picture, view), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    paths[1].write_bytes(_png(view.mask.astype(np.uint8) * 255))
    save_overlay(paths[2], view.inspection.image, view.inspection.anomaly_map, view.inspection.regions)
    paths[3].write_text(html_report(picture, view), encoding="utf-8")
    return paths[0], paths[1], paths[2], paths[3]


def write_corrections(session: Session) -> Path:
    """The corrections as a zipped data set that training reads: pictures, masks, references, ``metadata.jsonl``.

    Raises:
        BenchError: no correction was made.
    """
    if not session.corrections:
        raise BenchError("at least one correction", "none", "say what is normal or mark a defect first")
    files: dict[str, bytes] = {}
    normals = _distinct([c.image for c in session.corrections if c.mask is None] + session.setup.references)
    names = []
    for number, image in enumerate(normals):
        names.append(f"references/0000/{number:07d}_00.png")
        files[names[-1]] = _png(image.pixels)
    rows = []
    for index, correction in enumerate(session.corrections):
        others = [n for n, image in zip(names, normals, strict=True) if image is not correction.image]
        rows.append(_row(index, correction, others, files))
    table = "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows).encode()
    manifest = {
        "schema": DATA_SET, "complete": True, "converted_from": "corrections", "rows": len(rows),
        "counts": {key: dict(Counter(r[key] for r in rows)) for key in ("split", "verdict")},
        "rows_sha256": hashlib.sha256(table).hexdigest(), "version": report.package_version(),
    }  # fmt: skip
    files |= {"metadata.jsonl": table, "manifest.json": json.dumps(manifest, indent=1).encode() + b"\n"}
    path = session.folder / "corrections.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def _row(index: int, correction: Correction, references: Sequence[str], files: dict[str, bytes]) -> dict[str, Any]:
    """Metadata of one correction; its picture and mask join the files."""
    image, mask = f"images/0000/{index:07d}.png", f"masks/0000/{index:07d}.png"
    height, width = correction.image.pixels.shape[:2]
    values = np.zeros((height, width), np.uint8)
    defects = []
    if correction.mask is not None:
        labels, count = ndimage.label(correction.mask, structure=np.ones((3, 3)))
        for number in range(min(count, 200)):
            part = labels == number + 1
            values[part] = 255 - number
            area = float(part.sum()) / part.size
            defects.append({
                "type": correction.kind, "family": "correction", "box": list(mask_box(part).as_tuple()),
                "area_fraction": float(f"{area:.6g}"), "cells": list(mask_cells(part)),
                "severity": severity_of(area, SURE_PEAK, correction.kind).value, "contrast": 0.0,
                "mask_value": 255 - number, "seed": 0, "parameters": "{}",
            })  # fmt: skip
    files[image], files[mask] = _png(correction.image.pixels), _png(values)
    domain = correction.image.domain
    return {
        "index": index, "image_file_name": image, "mask_file_name": mask, "reference_file_names": list(references),
        "references_aligned": False, "object_name": correction.object_name or "object", "family": "corrections",
        "kind": "correction", "domain": "industrial" if domain is None else domain.value,
        "verdict": "anomalous" if defects else "normal", "height": height, "width": width,
        "defects": defects, "conversations": [], "split": "train", "seed": 0,
        "image_sha256": hashlib.sha256(files[image]).hexdigest(),
        "mask_sha256": hashlib.sha256(files[mask]).hexdigest(),
        "reference_sha256": [hashlib.sha256(files[name]).hexdigest() for name in references],
    }  # fmt: skip


def _distinct(images: Sequence[QueryImage]) -> list[QueryImage]:
    return list({id(image): image for image in images}.values())


def _png(values: np.ndarray) -> bytes:
    """PNG without any metadata."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(values).save(buffer, format="PNG")
    return buffer.getvalue()
