"""Passes over an evaluation set: every picture is encoded once and judged under each choice of references."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from assistant.evaluation.metrics import PixelMetrics, compared, image_metrics
from assistant.evaluation.sets import draw_references, own_reference
from assistant.inquiry import Inquiry
from assistant.labels.labelled_set import LabelledPicture, reading_of
from assistant.pictures.levels import read_with
from assistant.pictures.sets import ReadAlike
from assistant.types import THRESHOLD, Inspection, Verdict
from assistant.vision.build_profile import build_profile

if TYPE_CHECKING:
    from assistant.pipeline import Assistant
    from assistant.vision.references.profile import Profile

OWN = "own"
WORST = 6
"""Misses and false alarms that are kept for the picture sheet, each."""


@dataclass(frozen=True)
class Run:
    """One pass over a set: which references, and which draw of them."""

    root: Path
    shots: str
    seed: int

    @property
    def name(self) -> str:
        """``<set>.k<shots>.s<seed>``: folder of its predictions."""
        return f"{self.root.resolve().name}.k{self.shots}.s{self.seed}"


@dataclass(frozen=True)
class Protocol:
    """How references and pictures are given.

    Args:
        own_references: folder of the set with a reference for each test picture.
        own_missing: see :func:`assistant.evaluation.sets.own_reference`.
        inquiry: what is asked of each picture; region types are a set's own kinds unless it names others.
    """

    own_references: str | None
    own_missing: str
    inquiry: Inquiry


@dataclass(frozen=True, eq=False)
class Worst:
    """A picture that was judged wrongly: its small overlay and what to write under it."""

    score: float
    title: str
    pixels: np.ndarray


class Scores:
    """Metrics of a run, collected picture by picture; memory does not grow with their size."""

    def __init__(self) -> None:
        self._scores: list[float] = []
        self._called: list[bool] = []
        self._kinds: list[str | None] = []
        self._pixels = PixelMetrics()
        self._typed: list[bool] = []
        self.misses: list[Worst] = []
        self.alarms: list[Worst] = []

    def add(self, item: LabelledPicture, inspection: Inspection) -> None:
        """Take one picture in. A defective picture without a mask has no part in pixel metrics."""
        self._scores.append(inspection.image_score)
        self._called.append(inspection.verdict is Verdict.ANOMALOUS)
        self._kinds.append(item.kind)
        reading = reading_of(item, inspection.anomaly_map.scores.shape)
        mask = None if reading is None else reading.marked
        if item.kind is None or mask is not None:
            self._pixels.add(*compared(inspection.anomaly_map.scores, mask))
        if mask is not None and item.kind is not None:
            said = inspection.anomaly_map.scores >= THRESHOLD
            hits = [r for r in inspection.regions if (mask & said)[_rows(r)].any()]
            self._typed += [r.type == kind_name(item.kind) for r in hits]
        self._keep_worst(item, inspection)

    def metrics(self) -> dict[str, Any]:
        """Of the pictures so far."""
        truth = np.array([k is not None for k in self._kinds])
        scores, called = np.array(self._scores), np.array(self._called)
        kinds = {}
        for kind in sorted({k for k in self._kinds if k is not None}):
            some = np.array([k is None or k == kind for k in self._kinds])
            found = image_metrics(truth[some].tolist(), scores[some].tolist(), called[some].tolist())
            kinds[kind] = {"image_auroc": found["image_auroc"], "miss_rate": found["miss_rate"]}
        return {
            **image_metrics(truth.tolist(), scores.tolist(), called.tolist()),
            **self._pixels.metrics(),
            "type_accuracy": float(np.mean(self._typed)) if self._typed and len(kinds) > 1 else None,
            "kinds": kinds,
        }

    def _keep_worst(self, item: LabelledPicture, inspection: Inspection) -> None:
        from assistant.pictures.overlay import overlay

        wrong = (inspection.verdict is Verdict.ANOMALOUS) != (item.kind is not None)
        if not wrong:
            return
        kept, sign = (self.misses, 1.0) if item.kind is not None else (self.alarms, -1.0)
        badness = sign * inspection.image_score
        if len(kept) == WORST and badness >= sign * kept[-1].score:
            return
        drawn = overlay(inspection.image, inspection.anomaly_map, inspection.regions)
        scale = 192 / max(drawn.shape[:2])
        small = cv2.resize(drawn, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        kept.append(Worst(inspection.image_score, f"{item.kind or 'good'} {inspection.image_score:.2f}", small))
        kept.sort(key=lambda w: sign * w.score)
        del kept[WORST:]


def inspections(
    assistant: Assistant, runs: Sequence[Run], items: Sequence[LabelledPicture], protocol: Protocol
) -> Iterator[tuple[Run, LabelledPicture, Inspection]]:
    """Every picture of one set under every run; pictures outermost, so that each is encoded once."""
    kinds = tuple(sorted({kind_name(i.kind) for i in items if i.kind is not None}))
    inquiry = replace(protocol.inquiry, types=protocol.inquiry.types or kinds)
    detector = assistant.detector
    together = [r for r in runs if r.shots == "mutual"]
    single = [r for r in runs if r.shots != "mutual"]
    profiles = {r: _profile(assistant, r, protocol) for r in single if r.shots != OWN}
    for item in items if single else ():
        encoded = detector.encode(item.path, inquiry)
        for one in single:
            profile = _own_profile(assistant, one, item, protocol) if one.shots == OWN else profiles[one]
            alike = read_with(encoded.image, None if profile is None else profile.levels)
            seen = encoded if alike is encoded.image else detector.encode(alike, inquiry)
            yield one, item, detector.score(seen, profile)
    for one in together:
        found = detector.score_mutual([detector.encode(i, inquiry) for i in ReadAlike([i.path for i in items])])
        for item, inspection in zip(items, found, strict=True):
            yield one, item, inspection


def evaluate_set(
    assistant: Assistant,
    runs: Sequence[Run],
    items: Sequence[LabelledPicture],
    protocol: Protocol,
    each: Callable[[Run, LabelledPicture, Inspection], None],
) -> dict[Run, Scores]:
    """All runs over one set; ``each`` is told every inspection as it is made."""
    measured = {one: Scores() for one in runs}
    for one, item, inspection in inspections(assistant, runs, items, protocol):
        measured[one].add(item, inspection)
        each(one, item, inspection)
    return measured


def kind_name(kind: str) -> str:
    """A folder's name as words: regions are named with a set's own kinds unless others are asked for."""
    return kind.replace("_", " ")


def picture_sheet(worst: Sequence[Worst]) -> np.ndarray | None:
    """Worst examples side by side, RGB, each under its title; None when nothing was wrong."""
    if not worst:
        return None
    tiles = []
    for one in worst:
        tile = np.full((216, 200, 3), 255, np.uint8)
        height, width = one.pixels.shape[:2]
        tile[20 : 20 + height, 4 : 4 + width] = one.pixels
        cv2.putText(tile, one.title, (4, 14), cv2.FONT_HERSHEY_SIMPLEX, 0.4, (0, 0, 0), 1, cv2.LINE_AA)
        tiles.append(tile)
    columns = min(6, len(tiles))
    tiles += [np.full_like(tiles[0], 255)] * (-len(tiles) % columns)
    return np.vstack([np.hstack(tiles[i : i + columns]) for i in range(0, len(tiles), columns)])


def _profile(assistant: Assistant, one: Run, protocol: Protocol) -> Profile | None:
    references = draw_references(one.root, one.shots, one.seed)
    if not references:
        return None
    return build_profile(assistant.detector, references, protocol.inquiry)


def _own_profile(assistant: Assistant, one: Run, item: LabelledPicture, protocol: Protocol) -> Profile | None:
    assert protocol.own_references is not None
    own = own_reference(one.root, protocol.own_references, item, protocol.own_missing)
    if own is None:
        return None
    return build_profile(assistant.detector, [own], protocol.inquiry)


def _rows(region: Any) -> tuple[slice, slice]:
    box = region.box
    return slice(box.y_min, box.y_max), slice(box.x_min, box.x_max)
