"""Inspections as rows for other programs: the contract ``anomaly-assistant/inspection@1``. Decides nothing.

One row a picture. A picture that could not be inspected has a row whose ``error`` is set and in which everything but
``schema`` and ``source`` is null. ``brightness`` is the mean CIELAB lightness of the picture, 0 black to 1 white, and
``warnings`` says what speaks against judging it by its references, ``guarantee`` what twenty references and more promise of
normal pictures. ``spacing_mm`` is the scale (millimetres from row to row, from column to column) and ``spacing_of`` whose;
``rule`` is what the user's own rule says. ``detail`` is how closely was looked, ``tiles`` at how many pieces beside the overview,
``looked_at`` the share of the picture that those covered; ``volume`` tells of a whole volume, whose row is
otherwise that of its worst slice; ``reasoning`` are the steps of a verdict that was reasoned out. Rows of earlier runs have none
of these and are read too.
The JSON Schema beside this file says the same to other languages.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Literal

import numpy as np
from jaxtyping import Float32
from pydantic import Field, ValidationError

from assistant.errors import DataSetError
from assistant.region_rows import RegionRow, Row, Score, region_of, region_of_row, region_row
from assistant.types import (
    THRESHOLD,
    AnomalyMap,
    Answer,
    Coverage,
    Domain,
    Inspection,
    Mode,
    QueryImage,
    ReasoningStep,
    RuleDecision,
    RuleVerdict,
    Verdict,
    WordsOf,
)
from assistant.vision.checks.look import brightness
from assistant.vision.regions import highest_region
from assistant.volume_rows import VolumeRow, volume_row
from assistant.volumes.finding import VolumeInspection

SCHEMA: Literal["anomaly-assistant/inspection@1"] = "anomaly-assistant/inspection@1"
LATER = (
    "guarantee", "brightness", "warnings", "spacing_mm", "spacing_of", "rule", "detail", "tiles", "looked_at", "volume",
    "reasoning",
)  # fmt: skip
"""Fields that rows of earlier runs lack."""
SCHEMA_FILE = Path(__file__).parent / "inspection.schema.json"
"""JSON Schema of a row, for programs that do not read Python."""
HIGHEST = "highest"
RESULTS = "results.jsonl"
"""Rows of a folder of results."""


class AnswerRow(Row):
    """A question and its answer; ``stated_verdict`` is parsed from the words."""

    question: str
    answer: str
    stated_verdict: Verdict | None
    contradictory: bool
    words_of: WordsOf | None = None


class StepRow(Row):
    """A step of the reasoning: ``look``, ``compare`` or ``conclude``; ``regions`` are the ids that it speaks of."""

    step: str
    text: str
    regions: tuple[int, ...]
    words_of: WordsOf


class RuleRow(Row):
    """What the user's own rule says; ``regions`` are those that the clause holds, or may hold, of."""

    verdict: RuleDecision
    clause: str | None
    regions: tuple[int, ...]
    reason: str | None


class InspectionRow(Row):
    """One picture. Paths of maps and overlays are relative to the folder of the results; ``source`` is as given."""

    schema_: Literal["anomaly-assistant/inspection@1"] = Field(SCHEMA, alias="schema")
    source: str
    width: int | None = None
    height: int | None = None
    object_name: str | None = None
    mode: Mode | None = None
    image_score: Score | None = None
    threshold: Score | None = None
    verdict: Verdict | None = None
    p_value: Score | None = None
    regions: tuple[RegionRow, ...] | None = None
    caption: str | None = None
    answers: tuple[AnswerRow, ...] | None = None
    map_path: str | None = None
    overlay_path: str | None = None
    preset: str | None = None
    weights: str | None = None
    version: str | None = None
    timing_ms: dict[str, float] | None = None
    guarantee: str | None = None
    brightness: Score | None = None
    warnings: tuple[str, ...] | None = None
    spacing_mm: tuple[float, float] | None = None
    spacing_of: str | None = None
    rule: RuleRow | None = None
    detail: str | None = None
    tiles: int | None = None
    looked_at: Score | None = None
    volume: VolumeRow | None = None
    reasoning: tuple[StepRow, ...] | None = None
    error: str | None = None


def inspection_row(
    inspection: Inspection,
    *,
    caption: str | None = None,
    answers: Sequence[Answer] = (),
    map_path: str | None = None,
    overlay_path: str | None = None,
    reasoning: Sequence[ReasoningStep] = (),
) -> dict[str, Any]:
    """The row of an inspected picture, plain JSON values.

    Args:
        inspection: what the numbers say.
        caption: the summary in words; None when none was asked.
        answers: to the questions asked, in order.
        map_path: of the 16-bit map, relative to the folder of the results; None when none was written.
        overlay_path: of the overlay, likewise.
        reasoning: steps that lead to the verdict, where they were asked for.
    """
    row = InspectionRow(
        schema=SCHEMA,
        source=inspection.image.source,
        width=inspection.image.width,
        height=inspection.image.height,
        object_name=inspection.object_name,
        mode=inspection.mode,
        image_score=inspection.image_score,
        threshold=THRESHOLD,
        verdict=inspection.verdict,
        p_value=inspection.p_value,
        regions=tuple(region_row(region) for region in inspection.regions),
        caption=caption,
        answers=tuple(_answer_row(answer) for answer in answers),
        map_path=map_path,
        overlay_path=overlay_path,
        preset=inspection.preset,
        weights=inspection.weights,
        version=package_version(),
        timing_ms={stage: round(spent, 1) for stage, spent in inspection.timing_ms.items()},
        guarantee=inspection.guarantee,
        brightness=round(brightness(inspection.image), 4),
        warnings=inspection.warnings,
        spacing_mm=inspection.image.spacing_mm,
        spacing_of=inspection.image.spacing_of,
        rule=None if inspection.rule is None else RuleRow(**vars(inspection.rule)),
        reasoning=tuple(_step_row(step) for step in reasoning) or None,
        **({} if inspection.coverage is None else vars(inspection.coverage)),
    )
    return row.model_dump(mode="json", by_alias=True)


def volume_inspection_row(
    found: VolumeInspection, *, caption: str | None = None, files: Files | None = None, score_path: str | None = None
) -> dict[str, Any]:
    """The row of an inspected volume: score and verdict of the scan, everything else of its worst slice, and ``volume``.

    Args:
        found: what the numbers say.
        caption: the summary in words; None when none was asked.
        files: pictures written about the worst slice.
        score_path: of the score volume, relative to the folder of the results.
    """
    files = files or Files()
    row = inspection_row(of_scan(found), caption=caption, map_path=files.map_path, overlay_path=files.overlay_path)
    return {**row, "volume": volume_row(found, score_path).model_dump(mode="json")}


def of_scan(found: VolumeInspection) -> Inspection:
    """The worst slice's inspection with the score, the source and the warnings of the scan."""
    worst = found.worst
    return replace(
        worst,
        image=replace(worst.image, source=found.volume.title),
        mode=found.mode,
        image_score=found.score,
        p_value=found.p_value,
        regions=worst.regions if found.verdict is Verdict.ANOMALOUS else (),
        timing_ms=found.timing_ms,
        warnings=found.warnings,
        references=found.references,
    )


def highest_row(inspection: Inspection) -> dict[str, Any]:
    """Where the map of a picture without regions is highest: no field of the contract, but part of what is talked about."""
    place = highest_region(inspection)
    return {HIGHEST: None if place is None else region_row(place).model_dump(mode="json")}


def inspection_of_row(
    row: Mapping[str, Any], scores: Float32[np.ndarray, "rows columns"], domain: Domain | None = None
) -> Inspection:
    """An inspection read back from its row and its map.

    The picture is blank, of the map's size: what a language model and the checks of its answers read is all there, but
    boxes stay in source pixels.

    Args:
        row: of an inspected picture; ``highest`` beside the contract's fields is the map's highest place, as
            :func:`highest_row` tells it.
        scores: calibrated map, of any size.
        domain: of the picture, which a row does not tell.

    Raises:
        DataSetError: the row of a failed input, or one that breaks the contract.
    """
    try:
        told = InspectionRow.model_validate({key: value for key, value in row.items() if key != HIGHEST})
        highest = None if row.get(HIGHEST) is None else region_of_row(row[HIGHEST])
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors()[0]["loc"])
        raise DataSetError(f"a row of {SCHEMA}", f"another `{where}`", "inspect the picture again") from error
    if told.error is not None or told.mode is None or told.image_score is None or told.regions is None:
        raise DataSetError("the row of an inspected picture", f"{told.error or 'an empty row'}", "leave it out")
    pixels = np.zeros((*scores.shape, 3), np.uint8)
    return Inspection(
        image=QueryImage(pixels, told.source, domain, told.spacing_mm, told.spacing_of),
        object_name=told.object_name,
        mode=told.mode,
        image_score=told.image_score,
        p_value=told.p_value,
        regions=tuple(region_of(region) for region in told.regions),
        anomaly_map=AnomalyMap(scores),
        preset=told.preset or "",
        weights=told.weights or "",
        timing_ms=told.timing_ms or {},
        highest=highest,
        guarantee=told.guarantee,
        warnings=told.warnings or (),
        rule=None if told.rule is None else RuleVerdict(**dict(told.rule)),
        coverage=None if told.detail is None else Coverage(told.detail, told.tiles or 0, told.looked_at or 0.0),
    )


def error_row(source: str, error: Exception | str) -> dict[str, Any]:
    """The row of a picture that could not be inspected; the error in one line."""
    text = " ".join(str(error).split()) or "unknown error"
    return InspectionRow(schema=SCHEMA, source=source, error=text).model_dump(mode="json", by_alias=True)


def json_schema() -> dict[str, Any]:
    """JSON Schema of a row; what :data:`SCHEMA_FILE` holds."""
    return InspectionRow.model_json_schema(by_alias=True)


@dataclass(frozen=True)
class Files:
    """Pictures written about one inspection, relative to the folder of the results."""

    map_path: str | None = None
    overlay_path: str | None = None


def write_pictures(inspection: Inspection, out: Path) -> Files:
    """Write overlay and 16-bit map below ``out``, named after the source; folders made as needed."""
    from assistant.pictures.images import save_map
    from assistant.pictures.overlay import save_overlay

    name = picture_name(inspection.image.source)
    files = Files(f"maps/{name}.png", f"overlays/{name}.png")
    save_map(out / f"maps/{name}.png", inspection.anomaly_map)
    save_overlay(out / f"overlays/{name}.png", inspection.image, inspection.anomaly_map, inspection.regions)
    return files


def append_row(path: Path, row: dict[str, Any]) -> None:
    """Add one line to a JSON-lines file, folders made as needed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(to_line(row) + "\n")


def to_line(row: dict[str, Any]) -> str:
    """A row as one line of JSON; refuses numbers that JSON does not have."""
    return json.dumps(row, ensure_ascii=False, allow_nan=False)


def picture_name(source: str, digits: int = 8) -> str:
    """File name without ending for what is written about a source: readable, and its own for each source.

    ``digits`` of a hash tell sources of one name apart; 16 do for millions.

    >>> picture_name("parts/lid 3.png")
    'lid_3-17da7a3a'
    """
    stem = re.sub(r"[^A-Za-z0-9._-]+", "_", Path(source.partition("::")[0]).stem).strip("._")[:60] or "picture"
    return f"{stem}-{hashlib.sha256(source.encode('utf-8', 'surrogatepass')).hexdigest()[:digits]}"


def package_version() -> str:
    """Version of this package; ``0+unknown`` when it runs from a bare checkout."""
    try:
        return version("anomaly-assistant")
    except PackageNotFoundError:
        return "0+unknown"


def step_rows(steps: Sequence[ReasoningStep]) -> list[dict[str, Any]]:
    """Steps as they stand in a row."""
    return [_step_row(step).model_dump(mode="json") for step in steps]


def _step_row(step: ReasoningStep) -> StepRow:
    return StepRow(step=step.name, text=step.text, regions=step.regions, words_of=step.words_of)


def _answer_row(answer: Answer) -> AnswerRow:
    return AnswerRow(
        question=answer.question,
        answer=answer.text,
        stated_verdict=answer.stated_verdict,
        contradictory=answer.contradictory,
        words_of=answer.words_of,
    )
