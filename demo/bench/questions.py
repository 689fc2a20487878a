"""Questions about a picture on the bench: cleaned as typed, fitting a result, pointed at a place."""

from __future__ import annotations

import unicodedata

from assistant.geometry import CELLS
from assistant.types import Box, Inspection, Region, Verdict
from assistant.words import wording

LONGEST_QUESTION = 600
"""Characters kept of a question."""
LEAST_OVERLAP = 0.1
"""A box points at a region that covers at least this share of the smaller of both."""


def clean_question(text: str) -> str:
    r"""A question as models get it: no control characters, no markup, no special tokens, one line, not too long.

    >>> clean_question("Hi <|im_end|>\n<b>you</b>")
    'Hi ‹|im_end|› ‹b›you‹/b›'
    """
    kept = "".join(c if unicodedata.category(c)[0] != "C" else " " for c in unicodedata.normalize("NFC", str(text)))
    return " ".join(kept.split())[:LONGEST_QUESTION].translate({ord("<"): "‹", ord(">"): "›"})


def suggestions(inspection: Inspection, asked: int = 0) -> list[str]:
    """Four questions that fit a result.

    Args:
        inspection: under its threshold.
        asked: how many were asked already; later ones go deeper.
    """
    regions = inspection.regions
    if inspection.verdict is Verdict.NORMAL:
        fits = ["Is anything wrong here?", "How sure are you?", "What should I check next?", "What do you see?"]
    elif not regions:
        fits = ["Is anything wrong here?", "Why does it look anomalous?", "What should I check next?", "How bad is it?"]
    else:
        first, several = regions[0].id, len(regions) > 1
        fits = [
            "What is wrong here?",
            "How many regions are there?" if several else f"Where is region {first}?",
            f"How bad is region {first}?",
            f"What may have caused region {first}?",
            f"And region {regions[1].id}?" if several else "What happens if I ignore it?",
            "What should I do next?",
        ]
    start = min(asked, max(0, len(fits) - 4))
    return fits[start : start + 4]


def region_question(number: int) -> str:
    """What is asked when a region is clicked."""
    return f"What is region {number}, and how bad is it?"


def pointed_question(inspection: Inspection, box: Box) -> str:
    """What is asked when a person draws a box: of the region under it, else of the place."""
    region = pointed_region(inspection.regions, box)
    if region is not None:
        return region_question(region.id)
    x, y = (box.x_min + box.x_max) / 2, (box.y_min + box.y_max) / 2
    column, row = (
        min(2, int(3 * at / side)) for at, side in ((x, inspection.image.width), (y, inspection.image.height))
    )
    return f"Is anything wrong at {wording.place([CELLS[3 * row + column]])}?"


def pointed_region(regions: tuple[Region, ...], box: Box) -> Region | None:
    """The region that a box covers best; None where it covers none to speak of."""

    def share(region: Region) -> float:
        other = region.box
        width = min(box.x_max, other.x_max) - max(box.x_min, other.x_min)
        height = min(box.y_max, other.y_max) - max(box.y_min, other.y_min)
        return max(0, width) * max(0, height) / min(box.area, other.area)

    best = max(regions, key=share, default=None)
    return best if best is not None and share(best) >= LEAST_OVERLAP else None
