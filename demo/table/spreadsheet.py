"""Lines as CSV that no spreadsheet takes for formulas, a line at a time."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from typing import TextIO

from demo.table.lines import Line

COLUMNS = (
    "name", "score", "threshold", "verdict", "marked", "wrong", "corrected", "kind", "severity", "place", "regions",
    "regions_found_at", "outdated", "warnings", "error",
)  # fmt: skip
_FORMULA = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""Signs that begin a formula, as typed and in full width."""


def guarded(text: str) -> str:
    """A cell that a spreadsheet shows as it is: what would begin a formula gets an apostrophe before it.

    >>> guarded("=HYPERLINK(1)"), guarded(" +1.png"), guarded("lid-1.png")
    ("'=HYPERLINK(1)", "' +1.png", 'lid-1.png')
    """
    flat = " ".join(text.splitlines()) if any(c in text for c in "\r\n") else text
    return f"'{flat}" if flat.strip(" \t\u00a0\u3000\ufeff").startswith(_FORMULA) else flat


def write_csv(lines: Iterable[Line], file: TextIO, at: float) -> None:
    """A header, and a row a picture.

    Args:
        lines: of the table.
        file: opened with ``newline=""``.
        at: threshold of the verdicts.
    """
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for line in lines:
        verdict = line.verdict(at)
        marked = "" if line.good is None else "good" if line.good else "bad"
        words = [guarded(text) for text in (line.kind, line.severity, line.place)]
        writer.writerow([
            guarded(line.name), "" if line.score is None else f"{line.score:.4f}", f"{at:.2f}", verdict.value if verdict else "",
            marked, "yes" if line.mistaken(at) else "", "yes" if line.corrected else "", *words, line.regions,
            f"{line.found_at:.2f}", "yes" if line.outdated else "", guarded("; ".join(line.warnings)), guarded(line.error),
        ])  # fmt: skip
