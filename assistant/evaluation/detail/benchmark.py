"""Large pictures with small marks, built and inspected: marks found in place, false regions, time, memory.

Each surface has references of its own and as many pictures with marks as without. A mark is in place where a region's box lies
within 24 pixels of the mark's and is at most forty times as large as the mark (lines: as its box).
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from assistant.evaluation.detail.marks import Mark, marked
from assistant.evaluation.detail.surfaces import Surface
from assistant.inquiry import Detail, Inquiry
from assistant.types import Box, Inspection, QueryImage

if TYPE_CHECKING:
    from assistant.pipeline import Assistant

NEAR = 24
"""Pixels by which a region's box may lie off a mark's."""
MOST_TIMES = 40
"""Times a mark's area that its region's box may have."""
BARE_TILES = 8
"""Tiles that the bare encoder is timed on."""


@dataclass(frozen=True)
class BenchmarkOptions:
    """What is built and looked at.

    Args:
        surfaces: by name.
        details: to compare.
        size: (height, width) of the pictures.
        pictures: of each surface, half of them with marks; even.
        marks: a marked picture.
        sizes: least and largest extent of a mark, source pixels.
        references: of each surface; 0 for none.
        seed: of all draws.
    """

    surfaces: Mapping[str, Surface]
    details: tuple[Detail, ...] = (Detail("auto"), Detail("full"))
    size: tuple[int, int] = (3000, 4000)
    pictures: int = 2
    marks: int = 4
    sizes: tuple[float, float] = (12.0, 80.0)
    references: int = 2
    seed: int = 0


@dataclass
class Tally:
    """What was found at one detail.

    Args:
        marks, found: marks, and those found in place, by kind.
        normal: pictures without marks.
        false_regions: in these.
        seconds, tiles: a picture.
    """

    marks: dict[str, int] = field(default_factory=dict)
    found: dict[str, int] = field(default_factory=dict)
    normal: int = 0
    false_regions: int = 0
    seconds: list[float] = field(default_factory=list)
    tiles: list[int] = field(default_factory=list)

    def add(self, inspection: Inspection, marks: Sequence[Mark], seconds: float) -> None:
        """One more picture."""
        self.seconds.append(seconds)
        self.tiles.append(0 if inspection.coverage is None else inspection.coverage.tiles)
        for mark in marks:
            self.marks[mark.kind] = self.marks.get(mark.kind, 0) + 1
            hit = any(in_place(region.box, mark) for region in inspection.regions)
            self.found[mark.kind] = self.found.get(mark.kind, 0) + hit
        if not marks:
            self.normal += 1
            self.false_regions += len(inspection.regions)

    def as_row(self) -> dict[str, Any]:
        """As it is printed."""
        return {
            "found": sum(self.found.values()),
            "marks": sum(self.marks.values()),
            "by_kind": {kind: f"{self.found[kind]}/{count}" for kind, count in sorted(self.marks.items())},
            "false_regions_a_normal_picture": round(self.false_regions / max(1, self.normal), 3),
            "seconds": round(float(np.mean(self.seconds)), 2),
            "tiles": round(float(np.mean(self.tiles)), 1),
        }


def in_place(box: Box, mark: Mark) -> bool:
    """Whether a region is that of a mark: near enough, and not much larger."""
    at = mark.box
    across = max(box.x_min - at.x_max, at.x_min - box.x_max, 0)
    down = max(box.y_min - at.y_max, at.y_min - box.y_max, 0)
    return max(across, down) <= NEAR and box.area <= MOST_TIMES * mark.area


def run_benchmark(
    assistant: Assistant, options: BenchmarkOptions, tell: Callable[[str], None] = print
) -> Iterator[dict[str, Any]]:
    """Rows: one a surface and detail, then one a detail over all surfaces.

    Args:
        assistant: that inspects.
        options: what is built.
        tell: told what is done.
    """
    totals = {str(detail): Tally() for detail in options.details}
    for name, surface in options.surfaces.items():
        rng = np.random.default_rng([options.seed, sum(name.encode())])
        references = [QueryImage(surface(options.size, rng), f"{name} reference") for _ in range(options.references)]
        inquiry = Inquiry(detail=next((d for d in options.details if d.closer), Detail("overview")))
        started = time.perf_counter()
        profile = assistant.comparison(inquiry, references)
        tell(f"{name}: references in {time.perf_counter() - started:.0f} s")
        del references
        own = {str(detail): Tally() for detail in options.details}
        for number in range(options.pictures):
            pixels = surface(options.size, rng)
            marks: tuple[Mark, ...] = ()
            if number % 2:
                pixels, marks = marked(pixels, options.marks, options.sizes, rng)
            image = QueryImage(pixels, f"{name} {number}")
            for detail in options.details:
                started = time.perf_counter()
                found = assistant.examine(image, Inquiry(detail=detail), profile)
                seconds = time.perf_counter() - started
                for tally in (own[str(detail)], totals[str(detail)]):
                    tally.add(found, marks, seconds)
                tell(f"{name} {number} {detail}: {len(marks)} marks, {len(found.regions)} regions, {seconds:.1f} s")
        yield from ({"surface": name, "detail": look, **tally.as_row()} for look, tally in own.items())
    bare = bare_seconds(assistant)
    for look, tally in totals.items():
        row = tally.as_row()
        row["bare_encoder_seconds"] = round(bare * row["tiles"], 2)
        yield {"surface": "all", "detail": look, **row, "peak_gb": round(peak_bytes() / 1e9, 2)}


def bare_seconds(assistant: Assistant) -> float:
    """Seconds a tile of the encoder alone."""
    import torch

    detector = assistant.detector
    image = QueryImage(np.random.default_rng(0).integers(0, 255, (256, 256, 3), np.uint8), "noise")
    pixels = detector.clip.encoder.prepare(image, detector.preset.tower.side).pixels[None]
    with torch.inference_mode():
        detector.patch_features_of(pixels)
        started = time.perf_counter()
        for _ in range(BARE_TILES):
            detector.patch_features_of(pixels)
    return (time.perf_counter() - started) / BARE_TILES


def peak_bytes() -> int:
    """Most memory that this process ever held."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
