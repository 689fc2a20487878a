"""Exported files of the picture in view. All land in the session's own folder."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np

from assistant import report
from assistant.pictures.overlay import save_overlay
from assistant.types import Answer
from demo.bench.judging import BenchError
from demo.bench.sessions import Picture, Session
from demo.bench.thresholds import View
from demo.export.html_report import html_report
from demo.view import scan_words, words


def row(picture: Picture, view: View) -> dict[str, Any]:
    """The picture by the contract of :mod:`assistant.report`; scores as measured, with the threshold chosen."""
    if picture.scan is not None and picture.scan.at is not None:
        made = report.volume_inspection_row(scan_words.measured(picture.scan, view), caption=said_of(picture, view))
        made["answers"] = [answer_row(answer) for answer in picture.answers]
    else:
        made = report.inspection_row(view.inspection, caption=words.summary(view), answers=picture.answers)
    made |= {"image_score": view.score, "threshold": view.threshold, "verdict": view.verdict.value}
    for region, peak, mean in zip(made["regions"], view.peaks, view.means, strict=True):
        region |= {"peak_score": peak, "mean_score": mean}
    return made


def said_of(picture: Picture, view: View) -> str:
    """What was found, in words; slices counted from 0, as the numbers of the row are."""
    return words.summary(view) if picture.scan is None else scan_words.caption(picture.scan, view, first=0)


def answer_row(answer: Answer) -> dict[str, Any]:
    """An answer as it stands in a picture's row."""
    stated = None if answer.stated_verdict is None else answer.stated_verdict.value
    return {
        "question": answer.question, "answer": answer.text, "stated_verdict": stated,
        "contradictory": answer.contradictory, "words_of": None if answer.words_of is None else answer.words_of.value,
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
    paths[1].write_bytes(png(view.mask.astype(np.uint8) * 255))
    save_overlay(paths[2], view.inspection.image, view.inspection.anomaly_map, view.inspection.regions)
    paths[3].write_text(html_report(picture, view), encoding="utf-8")
    return paths[0], paths[1], paths[2], paths[3]


def png(values: np.ndarray) -> bytes:
    """PNG without any metadata."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(values).save(buffer, format="PNG")
    return buffer.getvalue()
