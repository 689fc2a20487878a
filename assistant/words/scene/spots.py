"""A place that somebody points to, whether or not anything is marked there: as a box, and what the map says of it."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Literal

import numpy as np

from assistant.geometry import CELLS
from assistant.types import Box, Inspection, Region
from assistant.words.scene.seen import seen_in

Way = Literal["left of", "right of", "above", "below", "beside"]
GAP, BAND = 0.03, 0.2
"""Shares of the picture's longer side: how far from a region the place beside it begins, since the map fades from the mark, and
how wide that place is."""
_WAYS: dict[str, Way] = {
    "left of": "left of", "left from": "left of", "left side of": "left of", "left hand side of": "left of",
    "right side of": "right of", "right hand side of": "right of", "left-hand side of": "left of",
    "right-hand side of": "right of", "right of": "right of", "right from": "right of", "above": "above",
    "over": "above", "on top of": "above", "below": "below", "under": "below", "underneath": "below", "beneath": "below",
    "next to": "beside", "beside": "beside", "near": "beside", "around": "beside", "close to": "beside", "outside of": "beside",
    "outside": "beside", "just off": "beside", "surrounding": "beside", "by": "beside",
}  # fmt: skip
_WAY = "|".join(sorted(_WAYS, key=len, reverse=True))
_MARKED = (
    r"(?:the |your |this |that |its )?(?:big |first |second |marked |red |main )?"
    r"(?:(?:region|box|mark|number|frame|rectangle|square) ?#?(?P<number>\d{1,2})?|marked (?:area|place|spot|region)"
    r"|defect|lesion"
    r"|finding|KINDS|it)\b"
)
_BESIDE = (
    r"(?<!\w)(?P<one>WAYS)(?: and (?:to the |slightly |just )?(?P<other>left|right|above|below|under)(?: of)?)? MARKED"
)
_ON_ITS = re.compile(r"\b(?:(?:on|to|at) its|its) (left|right)(?:[ -]hand)?(?: side)?\b(?! of)")
_INSIDE = (
    r"\b(?:(?:middle|centre|core|heart|interior) of MARKED|(?:inside(?: of)?|within) MARKED"
    r"|(?:in|at|near|on|of) (?:its|their) "
    r"(?:very |exact |own )?(?:middle|centre|core|inside|interior)\b)"
)


@dataclass(frozen=True)
class Spot:
    """A place in the picture.

    Args:
        where: in words that follow a noun: "at the bottom right", "left of region 2".
        box: of it, source pixels; None for the picture as a whole, where no place was named.
        cells: of the 3x3 grid, where it was named by them; empty for others.
        named: what the user sees there, as typed; empty where that was not said.
        beside: the region that it lies beside; None for others.
    """

    where: str
    box: Box | None
    cells: frozenset[str] = frozenset()
    named: str = ""
    beside: int | None = None

    def regions(self, inspection: Inspection) -> tuple[Region, ...]:
        """The regions that lie there, but for the one that it lies beside."""
        there = tuple(r for r in inspection.regions if r.id != self.beside)
        if self.cells:
            return tuple(r for r in there if self.cells & set(r.cells))
        return () if self.box is None else tuple(r for r in there if _overlap(self.box, r.box))

    def peak(self, inspection: Inspection) -> float:
        """Highest score of the map there, outside the regions that lie there or beside it and what fades from them."""
        scores = inspection.anomaly_map.scores.copy()
        gap = math.ceil(GAP * max(scores.shape))
        there = {region.id for region in self.regions(inspection)} | {self.beside}
        for region in inspection.regions:
            if self.box is not None and region.id not in there:
                continue
            b = region.box
            scores[max(0, b.y_min - gap) : b.y_max + gap, max(0, b.x_min - gap) : b.x_max + gap] = 0
        if self.box is not None:
            scores = scores[self.box.y_min : self.box.y_max, self.box.x_min : self.box.x_max]
        return float(np.max(scores)) if scores.size else 0.0


def _overlap(one: Box, other: Box) -> bool:
    across = one.x_min < other.x_max and other.x_min < one.x_max
    return across and one.y_min < other.y_max and other.y_min < one.y_max


def spot_beside(said: str, inspection: Inspection, focus: tuple[int, ...]) -> Spot | None:
    """The place beside a region that a plain text names: "left of region 2", "just below the box"; None where it names none.

    Args:
        said: plain text.
        inspection: of the picture.
        focus: regions spoken of before.
    """
    if not inspection.regions:
        return None
    kinds = "|".join(sorted({re.escape(r.type) for r in inspection.regions if r.type}, key=len, reverse=True)) or "mark"
    said = _ON_ITS.sub(r"\1 of it", said)
    found = re.search(_BESIDE.replace("WAYS", _WAY).replace("MARKED", _MARKED.replace("KINDS", kinds)), said)
    if found is None:
        return None
    number = int(found["number"]) if found["number"] else (focus or (inspection.regions[0].id,))[0]
    region = next((r for r in inspection.regions if r.id == number), None)
    if region is None:
        return None
    ways = [_WAYS[found["one"]]]
    if found["other"]:
        ways.append(_WAYS.get(found["other"]) or _WAYS[f"{found['other']} of"])
    box = _beside(region.box, ways, inspection)
    if box is None:
        return None
    words = " and ".join([*[way.removesuffix(" of") for way in ways[:-1]], ways[-1]])
    return Spot(f"{words} region {region.id}", box, named=seen_in(said), beside=region.id)


def region_inside(said: str, inspection: Inspection, focus: tuple[int, ...]) -> int | None:
    """The number of the region in which a plain text places something: "in the middle of it", "inside region 2".

    "it" is a region only after one was talked about; before, it is the thing in the picture. The arguments are those of
    :func:`spot_beside`.
    """
    if not inspection.regions:
        return None
    kinds = "|".join(sorted({re.escape(r.type) for r in inspection.regions if r.type}, key=len, reverse=True)) or "mark"
    marked = re.sub(r"\(\?P<number>", "(?:", _MARKED.replace("KINDS", kinds))
    found = re.search(_INSIDE.replace("MARKED", marked), said)
    if found is None:
        return None
    if (named := re.search(r"\d{1,2}", found[0])) is not None:
        return next((r.id for r in inspection.regions if r.id == int(named[0])), None)
    spoken = focus if len(focus) == 1 else ()
    if not spoken and len(inspection.regions) == 1 and not re.search(r"\b(?:it$|its\b|their\b)", found[0]):
        spoken = (inspection.regions[0].id,)
    return spoken[0] if spoken else None


def _beside(box: Box, ways: list[Way], inspection: Inspection) -> Box | None:
    """The place beside a box, on one or two sides of it, around it for "beside"; None where the picture has no room there."""
    width, height = inspection.image.width, inspection.image.height
    gap, band = (math.ceil(share * max(width, height)) for share in (GAP, BAND))
    x_min, x_max, y_min, y_max = box.x_min, box.x_max, box.y_min, box.y_max
    across, down = {"left of", "right of"} & set(ways), {"above", "below"} & set(ways)
    if "beside" in ways:
        x_min, x_max, y_min, y_max = x_min - band, x_max + band, y_min - band, y_max + band
    if "left of" in ways:
        x_min, x_max = x_min - band, x_min - gap
    if "right of" in ways:
        x_min, x_max = x_max + gap, x_max + band
    if "above" in ways:
        y_min, y_max = y_min - band, y_min - gap
    if "below" in ways:
        y_min, y_max = y_max + gap, y_max + band
    if down and not across:
        x_min, x_max = x_min - gap, x_max + gap
    if across and not down:
        y_min, y_max = y_min - gap, y_max + gap
    left, right = _inside(x_min, x_max, width)
    top, bottom = _inside(y_min, y_max, height)
    return Box(left, top, right, bottom) if left < right and top < bottom else None


def _inside(start: int, end: int, size: int) -> tuple[int, int]:
    """A stretch as far as it lies in the picture; what is left beside the edge where that is less than the gap."""
    if end <= 0 < end + math.ceil(GAP * size):
        return 0, 1
    if start >= size > start - math.ceil(GAP * size):
        return size - 1, size
    return min(max(0, start), size), min(max(0, end), size)


def box_of_cells(cells: frozenset[str], width: int, height: int) -> Box:
    """The smallest box around cells of the 3x3 grid, in pixels."""
    at = [divmod(CELLS.index(cell), 3) for cell in cells]
    rows, columns = [row for row, _ in at], [column for _, column in at]
    return Box(
        min(columns) * width // 3, min(rows) * height // 3,
        (max(columns) + 1) * width // 3, (max(rows) + 1) * height // 3,
    )  # fmt: skip


def box_around(point: tuple[int, int], reach: float, width: int, height: int) -> Box:
    """The box within ``reach`` pixels of (x, y), inside the picture."""
    x, y, half = *point, math.ceil(reach)
    return Box(max(0, x - half), max(0, y - half), min(width, x + half + 1), min(height, y + half + 1))


def distance(box: Box, region: Region) -> float:
    """Pixels from the middle of a box to a region's box; 0 inside."""
    x, y, other = (box.x_min + box.x_max) / 2, (box.y_min + box.y_max) / 2, region.box
    return math.hypot(max(other.x_min - x, 0, x - other.x_max), max(other.y_min - y, 0, y - other.y_max))
