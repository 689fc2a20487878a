"""Places that a person names in ways which the grammar of answers does not need: sides, hours of a clock, coordinates."""

from __future__ import annotations

import re
from typing import Literal

from assistant.geometry import CELLS

Side = Literal["left", "right", "top", "bottom"]
_HOURS = {
    12: "top centre", 1: "top right", 2: "top right", 3: "middle right", 4: "bottom right", 5: "bottom right",
    6: "bottom centre", 7: "bottom left", 8: "bottom left", 9: "middle left", 10: "top left", 11: "top left",
}  # fmt: skip
_CLOCK = re.compile(r"\b(1[0-2]|[1-9])(?:\s*(?:to|-|–)\s*(1[0-2]|[1-9]))?\s*o\W?clock\b")
_POINT = re.compile(
    r"(?<!\d)(?<!\d )(?<!\dmm )(?<!\d mm )(?<!\dcm )(?<!\d cm )(?<!\d m )(?<!px )"
    r"\bx\D{0,12}(\d{2,5})\b(?:\D{1,12}\by?\D{0,12}(\d{1,5})\b)?"
    r"|\(\s*(\d{1,5})\s*[,;/]\s*(\d{1,5})\s*\)"
    r"|\b(?:at|around|near|about|by|from|position|coordinates?|point|pixel|to)\s+(\d{2,5})\s?[,;/]\s?(\d{2,5})\b"
    r"(?!\s?(?:mm|cm|%|[.,;/]\s?\d))"
)
_CORNER = re.compile(r"\b(up|upper|top|low|lower|down|bottom)(?: |-|)(?:on the |to the )?(left|right)\b")
_NAMED = r"(?P<{}>left|right|top|bottom|upper|lower)"
_SIDE = re.compile(
    rf"\b(?:on|at|to|in|near|along|towards?|by|of) (?:the |its |that )?(?:far |very |whole |extreme )?{_NAMED.format('one')}"
    rf"\b(?! (?:now|away|way|thing|then|time|order|frontal|temporal|parietal|occipital))"
    rf"|\b{_NAMED.format('other')}(?:[- ]hand)?"
    r" (?:side|edge|half|part|third|quarter|border|rim|flange|area|end|margin|midline|portion)\b"
)
_SIDES: dict[str, Side] = {
    "left": "left",
    "right": "right",
    "top": "top",
    "upper": "top",
    "bottom": "bottom",
    "lower": "bottom",
}


CORNERS = frozenset(cell for cell in CELLS if not {"centre", "middle"} & set(cell.split()))
ALL_EDGES = frozenset(cell for cell in CELLS if cell != "centre")
_CORNERS = re.compile(r"\bcorners\b|\b(?:any|each|every|which) corner\b")
_EDGES = re.compile(
    r"\b(?:the|all|four|both|its|these|those) (?:\w+ )?(?:edges|borders|sides|margins)\b(?! of (?:region|the (?:mark|defect"
    r"|box)|it))"
    r"|\b(?:all )?(?:around|round|along) (?:the|its) (?:\w+ )?(?:edges?|rims?|borders?|perimeter"
    r"|circumference)\b(?! of (?:region|the (?:mark|defect|box)|it))"
    r"|\bthe (?:whole|entire|outer) (?:edge|rim|border|perimeter)\b"
)


def cells_of_hours(said: str) -> frozenset[str]:
    """Cells at the hours of a clock that a text names.

    >>> sorted(cells_of_hours("from 12 to 3 o'clock"))
    ['middle right', 'top centre']
    """
    return frozenset(_HOURS[int(hour)] for hours in _CLOCK.findall(said) for hour in hours if hour)


def cells_of_corners(said: str) -> frozenset[str]:
    """Corners that a text names in other words than the grammar of places reads.

    >>> sorted(cells_of_corners("up right, and in the lower-left"))
    ['bottom left', 'top right']
    """
    return frozenset(
        f"{'top' if row.startswith(('up', 'top')) else 'bottom'} {side}" for row, side in _CORNER.findall(said)
    )


def side_of(said: str) -> Side | None:
    """The one side of the picture that a text names; None for none or several.

    >>> side_of("what is that on the right?"), side_of("the left edge is dark"), side_of("am I right?")
    ('right', 'left', None)
    """
    found = _sides(said)
    return found.pop() if len(found) == 1 else None


def cells_of_sides(said: str) -> frozenset[str]:
    """The corner where two sides that a text names meet; empty where it names others than two that meet.

    >>> sorted(cells_of_sides("along the left edge, around the lower half")), sorted(cells_of_sides("left and right side"))
    (['bottom left'], [])
    """
    found = _sides(said)
    across, down = found & {"left", "right"}, found & {"top", "bottom"}
    return frozenset({f"{down.pop()} {across.pop()}"}) if len(across) == len(down) == 1 else frozenset()


def cells_of_many(said: str) -> frozenset[str]:
    """Places that a text names several of at once: all corners, or all that lie along the edges.

    >>> sorted(cells_of_many("are the corners chipped?"))
    ['bottom left', 'bottom right', 'top left', 'top right']
    >>> len(cells_of_many("all around the edge")), len(cells_of_many("the edge"))
    (8, 0)
    """
    if _CORNERS.search(said) and not _CORNER.search(said):
        return CORNERS
    return ALL_EDGES if _EDGES.search(said) else frozenset()


def _sides(said: str) -> set[Side]:
    return {_SIDES[match["one"] or match["other"]] for match in _SIDE.finditer(said)}


def cells_of_side(side: Side) -> frozenset[str]:
    """The three cells along a side.

    >>> sorted(cells_of_side("left"))
    ['bottom left', 'middle left', 'top left']
    """
    return frozenset(cell for cell in CELLS if side in cell.split())


def point_of(said: str) -> tuple[int, int | None] | None:
    """(x, y) that a text names, y None where it names x alone; None where it names none.

    >>> point_of("at x 120, y 48"), point_of("(44, 28)"), point_of("boxes as x1,y1,x2,y2")
    ((120, 48), (44, 28), None)
    >>> point_of("the bite at around 140,390"), point_of("about 15 cm x 15 cm"), point_of("about 0,97")
    ((140, 390), None, None)
    """
    told = _POINT.search(said)
    if told is None:
        return None
    y = told[2] or told[4] or told[6]
    return int(told[1] or told[3] or told[5]), None if y is None else int(y)
