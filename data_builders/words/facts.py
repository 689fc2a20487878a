"""What is known of a picture before words are found for it: ground truth of a data set, or an inspection's row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from assistant.errors import DataSetError
from assistant.region_rows import region_of_row
from assistant.types import THRESHOLD, AnomalyMap, Box, Domain, Inspection, Mode, QueryImage, Region, Severity, Verdict

SURE_PEAK = 0.95
"""Peak score of a true defect whose contrast is not recorded."""
DOUBTFUL = 0.1
"""Share of true records whose score is drawn anywhere on its side of the threshold."""


@dataclass(frozen=True)
class Facts:
    """One picture.

    Args:
        object_name: plain words; None when unknown.
        domain: industrial or medical; None when unknown.
        mode: where the evidence came from.
        score: calibrated image score, [0, 1].
        regions: strongest first, ids from 1; boxes in source pixels, half-open.
        width, height: source pixels.
        reference_count: normal pictures compared with; None when that is not known.
        highest: where the map of a picture without regions is highest; None when that is not known.
    """

    object_name: str | None
    domain: Domain | None
    mode: Mode
    score: float
    regions: tuple[Region, ...]
    width: int
    height: int
    reference_count: int | None = None
    highest: Region | None = None

    @property
    def verdict(self) -> Verdict:
        """The score against 0.5."""
        return Verdict.ANOMALOUS if self.score >= THRESHOLD else Verdict.NORMAL

    @cached_property
    def inspection(self) -> Inspection:
        """The same facts as the library knows them, with a blank picture and map of 8 by 8 pixels."""
        image = QueryImage(np.zeros((8, 8, 3), np.uint8), "picture", self.domain)
        blank = AnomalyMap(np.zeros((8, 8), np.float32))
        return Inspection(
            image,
            self.object_name,
            self.mode,
            self.score,
            None,
            self.regions,
            blank,
            "facts",
            "none",
            highest=self.highest,
        )


def facts_of_sample(row: Mapping[str, Any], rng: np.random.Generator) -> Facts:
    """Ground truth of a data set's row, with scores as a good detector would give them.

    Args:
        row: of ``metadata.jsonl``.
        rng: draws image score, type probabilities and whether the references count.

    Raises:
        DataSetError: a field of the contract is absent or makes no sense.
    """
    try:
        defects = sorted(row["defects"], key=lambda d: -_peak(d))
        references = len(row.get("reference_file_names") or ())
        compared = references > 0 and bool(rng.random() < 0.5)
        domain = row.get("domain")
        return Facts(
            object_name=row["object_name"],
            domain=None if domain is None else Domain(domain),
            mode=Mode.FEW_SHOT if compared else Mode.ZERO_SHOT,
            score=_score(bool(defects), rng),
            regions=tuple(_true_region(number, d, rng) for number, d in enumerate(defects, 1)),
            width=int(row["width"]),
            height=int(row["height"]),
            reference_count=references if compared else None,
        )
    except (KeyError, TypeError, ValueError) as error:
        got = f"row {row.get('index', '?')} ({error})"
        raise DataSetError("a row of the data set contract", got, "build the data set again") from error


def facts_of_inspection(row: Mapping[str, Any], domain: Domain | None = None) -> Facts:
    """A row of ``anomaly-assistant/inspection@1``.

    Args:
        row: without an error.
        domain: of the picture, which the row does not tell.

    Raises:
        DataSetError: the row is that of a failed input, or misses a field.
    """
    if row.get("error"):
        raise DataSetError("the row of an inspected picture", f"an error row ({row['error']})", "leave it out")
    try:
        return Facts(
            object_name=row["object_name"],
            domain=domain,
            mode=Mode(row["mode"]),
            score=float(row["image_score"]),
            regions=tuple(region_of_row(region) for region in row["regions"]),
            width=int(row["width"]),
            height=int(row["height"]),
            highest=None if row.get("highest") is None else region_of_row(row["highest"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        got = f"{row.get('source', '?')} ({error})"
        raise DataSetError("a row of anomaly-assistant/inspection@1", got, "inspect the picture again") from error


def by_file_name(rows: Sequence[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """Inspection rows without an error by the file name of their source.

    Raises:
        DataSetError: two sources share a file name, so that a match would be a guess.
    """
    found: dict[str, Mapping[str, Any]] = {}
    for row in rows:
        if row.get("error"):
            continue
        name = Path(str(row["source"])).name
        if name in found:
            raise DataSetError("file names of their own in --inspections", f"{name} twice", "give one run's results")
        found[name] = row
    return found


def _peak(defect: Mapping[str, Any]) -> float:
    contrast = defect.get("contrast")
    if contrast is None:
        return SURE_PEAK
    from data_builders.sample import peak_of_contrast

    return peak_of_contrast(float(contrast))


def _score(anomalous: bool, rng: np.random.Generator) -> float:
    """Mostly near 0.97 or 0.03, sometimes anywhere on the right side."""
    doubtful, sure, wide = rng.random() < DOUBTFUL, 0.3 * rng.beta(1.2, 9), 0.5 * rng.random()
    off = round(float(wide if doubtful else sure), 4)
    return round(1 - off, 4) if anomalous else min(off, 0.4999)


def _true_region(number: int, defect: Mapping[str, Any], rng: np.random.Generator) -> Region:
    peak = _peak(defect)
    sure = round(float(0.25 + 0.74 * rng.beta(4, 1.5)), 2)
    return Region(
        id=number, box=Box(*defect["box"]), area_fraction=float(defect["area_fraction"]),
        cells=tuple(defect["cells"]), peak_score=peak, mean_score=0.5 + 0.8 * (peak - 0.5), type=defect["type"],
        type_probability=sure, severity=Severity(defect["severity"]),
    )  # fmt: skip
