"""What came of a run, for people: counts, a histogram of scores, errors by kind, and the worst pictures as a sheet.

Rows are read one at a time; only the worst are kept.
"""

from __future__ import annotations

import heapq
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from assistant.batch.results.drift import FALSE_ALARMS, Drift
from assistant.batch.results.records import write_whole
from assistant.batch.results.rows import read_rows
from assistant.errors import AssistantError
from assistant.pictures.images import load_image, map_limits
from assistant.pictures.overlay import overlay
from assistant.region_rows import region_of_row
from assistant.types import THRESHOLD, AnomalyMap, Mode
from assistant.words.wording import ROUGH_GUESS

BINS = 20
WORST = 12
ERRORS = 20
TILE, COLUMNS = 220, 4
BAR = 40


@dataclass
class Counts:
    """Of the rows of a file."""

    verdicts: Counter[str] = field(default_factory=Counter)
    severities: Counter[str] = field(default_factory=Counter)
    types: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    bins: list[int] = field(default_factory=lambda: [0] * BINS)
    rulings: Counter[str] = field(default_factory=Counter)
    contradictory: int = 0
    warnings: Counter[str] = field(default_factory=Counter)
    without_references: int = 0
    worst: list[tuple[float, str, dict[str, Any]]] = field(default_factory=list)
    failed_sources: list[tuple[str, str]] = field(default_factory=list)

    def add(self, row: dict[str, Any]) -> None:
        """Take one row in."""
        if row["error"] is not None:
            self.errors[_kind(row["error"])] += 1
            if len(self.failed_sources) < ERRORS:
                self.failed_sources.append((row["source"], row["error"]))
            return
        self.verdicts[row["verdict"]] += 1
        self.bins[min(BINS - 1, int(row["image_score"] * BINS))] += 1
        self.types.update(region["type"] or "unnamed" for region in row["regions"])
        self.severities.update(region["severity"] for region in row["regions"])
        if row["rule"] is not None:
            self.rulings[row["rule"]["verdict"]] += 1
        self.contradictory += sum(answer["contradictory"] for answer in row["answers"] or ())
        self.warnings.update(_kind_of_warning(warning) for warning in row["warnings"] or ())
        self.without_references += row["mode"] == Mode.ZERO_SHOT
        entry = (row["image_score"], row["source"], row)
        if len(self.worst) < WORST:
            heapq.heappush(self.worst, entry)
        elif entry[:2] > self.worst[0][:2]:
            heapq.heapreplace(self.worst, entry)

    @property
    def total(self) -> int:
        """Rows taken in."""
        return self.verdicts.total() + self.errors.total()


def write_summary(results: Path, drifts: Sequence[Drift] = ()) -> Path:
    """``summary.md`` beside a file of rows, with ``summary.png`` when any picture could be shown.

    Args:
        results: the file of rows.
        drifts: changes among its pictures (:func:`assistant.batch.results.drift.find_drifts`).

    Raises:
        StorageError: the folder is full or cannot be written.
    """
    counts = Counts()
    for row in read_rows(results):
        counts.add(row)
    out = results.parent
    worst = [row for _, _, row in sorted(counts.worst, key=lambda entry: entry[:2], reverse=True)]
    sheet = picture_sheet(worst, out)
    if sheet is not None:
        encoded = cv2.imencode(".png", cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR))[1]
        write_whole(out / "summary.png", encoded.tobytes())
    write_whole(out / "summary.md", _markdown(counts, worst, sheet is not None, drifts).encode())
    return out / "summary.md"


def picture_sheet(rows: list[dict[str, Any]], out: Path) -> np.ndarray | None:
    """Pictures with their regions side by side, RGB; None when none can be read any more."""
    tiles = [tile for row in rows if (tile := _tile(row, out)) is not None]
    if not tiles:
        return None
    tiles += [np.full_like(tiles[0], 255)] * (-len(tiles) % min(COLUMNS, len(tiles)))
    across = min(COLUMNS, len(tiles))
    return np.vstack([np.hstack(tiles[i : i + across]) for i in range(0, len(tiles), across)])


def _tile(row: dict[str, Any], out: Path) -> np.ndarray | None:
    limits = map_limits(row["height"] or 0, row["width"] or 0)
    try:
        if row["overlay_path"] is not None:
            drawn = load_image(out / row["overlay_path"], limits=limits).pixels
        else:
            image = load_image(row["volume"]["worst_source"] if row["volume"] else row["source"], limits=limits)
            empty = AnomalyMap(np.zeros(image.pixels.shape[:2], np.float32))
            drawn = overlay(image, empty, [region_of_row(region) for region in row["regions"]])
    except AssistantError:  # gone or changed since
        return None
    scale = (TILE - 8) / max(drawn.shape[:2])
    small = cv2.resize(drawn, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)[: TILE - 8, : TILE - 8]
    tile = np.full((TILE + 16, TILE, 3), 255, np.uint8)
    tile[20 : 20 + small.shape[0], 4 : 4 + small.shape[1]] = small
    title = f"{row['image_score']:.2f} {Path(row['source']).name}".encode("ascii", "replace").decode()
    cv2.putText(tile, title[:34], (4, 14), cv2.FONT_HERSHEY_SIMPLEX, 0.4, (0, 0, 0), 1, cv2.LINE_AA)
    return tile


def _markdown(counts: Counts, worst: list[dict[str, Any]], sheet: bool, drifts: Sequence[Drift]) -> str:
    failed = counts.errors.total()
    parts = [
        "# Summary\n",
        f"* pictures: {counts.total}",
        *(f"* {name}: {number}" for name, number in sorted(counts.verdicts.items())),
        *(f"* by the rule: {name}: {number}" for name, number in sorted(counts.rulings.items())),
        f"* failed: {failed}",
        *([f"* answers that contradict the evidence: {counts.contradictory}"] if counts.contradictory else []),
        *([f"* without references: {counts.without_references}. {ROUGH_GUESS}"] if counts.without_references else []),
        *_told(counts.warnings, drifts),
        "\n## Scores\n\n```",
        *_histogram(counts.bins),
        "```",
    ]
    if counts.types:
        parts += ["\n## Regions\n", *_table("kind", counts.types), "", *_table("severity", counts.severities)]
    if worst:
        parts += [
            "\n## Highest scores\n",
            *(["![The pictures with the highest scores](summary.png)\n"] if sheet else []),
        ]
        parts += ["| score | regions | source |", "|---|---|---|"]
        parts += [f"| {r['image_score']:.3f} | {len(r['regions'])} | {_cell(r['source'])} |" for r in worst]
    if failed:
        parts += ["\n## Failed\n", *_table("reason", counts.errors), "", "| source | error |", "|---|---|"]
        parts += [f"| {_cell(source)} | {_cell(error)} |" for source, error in counts.failed_sources]
        parts += [f"\n{failed - ERRORS} more are in the rows with `error`."] if failed > ERRORS else []
    return "\n".join(parts) + "\n"


def _told(warnings: Counter[str], drifts: Sequence[Drift]) -> list[str]:
    """Changes within the run, and warnings of rows by kind; nothing where there are none."""
    lines = []
    if drifts:
        lines += [f"\n## Changes within the run\n\nFalse alarms: at most {FALSE_ALARMS:.0%} of runs.\n"]
        lines += [f"* {_cell(drift.sentence())}" for drift in drifts]
    if warnings:
        lines += ["\n## Warnings\n", *_table("the picture", warnings)]
    return lines


def _histogram(bins: list[int]) -> list[str]:
    most = max(1, *bins)
    lines = []
    for number, count in enumerate(bins):
        mark = " <- threshold" if number == int(THRESHOLD * BINS) else ""
        bar = "#" * -(-count * BAR // most)
        lines.append(f"{number / BINS:.2f} {bar:{BAR}} {count}{mark}")
    return lines


def _table(name: str, counts: Counter[str]) -> list[str]:
    rows = [f"| {_cell(key)} | {count} |" for key, count in counts.most_common(ERRORS)]
    return [f"| {name} | count |", "|---|---|", *rows]


def _cell(text: str) -> str:
    """Text that stays one cell of a table and is no markup."""
    return re.sub(r"([|`*_<>\[\]\\])", r"\\\1", " ".join(text.split()))


def _kind_of_warning(warning: str) -> str:
    """What it says before its numbers."""
    return warning.partition(" (")[0]


def _kind(error: str) -> str:
    """What was expected: errors of one kind differ in the rest."""
    return error.partition(", got ")[0]
