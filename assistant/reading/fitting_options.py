"""Which lettered options of a question fit an inspection best. Knows the question and the numbers, and no answer."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from assistant.geometry import CELLS
from assistant.reading.clauses import same_kind
from assistant.reading.question import Question
from assistant.reading.spelling import plain
from assistant.types import Inspection, Region
from assistant.vision.regions import highest_region

NOTHING = "There is no defect."
_KIND = re.compile(r"\b(?:type|kind|category|class|classif\w+|sort|name|which)\b")


def as_statement(option: str) -> str:
    """An option as a sentence, where it is a place or a word for nothing; else as it is.

    >>> as_statement("top left"), as_statement("nowhere"), as_statement("crack")
    ('It is at the top left.', 'There is no defect.', 'crack')
    """
    if re.fullmatch(r"(?:none|nowhere|nothing)\b.*", option.lower()):
        return NOTHING
    return option if (cell := cell_of(option)) is None else f"It is at the {cell}."


def cell_of(option: str) -> str | None:
    """The cell of the 3x3 grid that an option is, without preposition and article; None for other options.

    >>> cell_of("At the top center"), cell_of("crack")
    ('top centre', None)
    """
    bare = re.sub(r"^(?:(?:at|in|on|the) )*", "", plain(option))
    return bare if bare in CELLS else None


def fitting_options(question: Question, inspection: Inspection, agrees: Callable[[str], bool]) -> dict[str, str]:
    """The options that fit an inspection best, letter to words; empty where it tells nothing of them.

    Kinds and places are those of the strongest region, else of any other; without a region those of the map's highest
    place, unless an option says that there is nothing. Of places that hold none of these the nearest fit. Other options fit
    where they agree with the inspection.

    Args:
        question: with options.
        inspection: what the numbers say.
        agrees: whether a statement does not contradict the inspection.
    """
    options = question.options
    nothing = {letter: words for letter, words in options.items() if as_statement(words) == NOTHING}
    if not inspection.regions and nothing:
        return nothing
    places = [*inspection.regions] or [place for place in [highest_region(inspection)] if place is not None]
    if sum(cell_of(words) is not None for words in options.values()) > 1:
        return _placed(options, places)
    if question.stem is not None and _KIND.search(question.stem.text.lower()):
        for place in places:
            named = {n: w for n, w in options.items() if same_kind(_bare(w), place.type and place.type.lower())}
            if named:
                return named
    return {letter: words for letter, words in options.items() if agrees(as_statement(words))}


def _bare(option: str) -> str:
    return re.sub(r"^(?:an?|the) ", "", option.lower())


def _placed(options: Mapping[str, str], places: list[Region]) -> dict[str, str]:
    """The options whose cells hold the strongest place, else another one, else those nearest to the strongest."""
    cells = {letter: cell for letter, words in options.items() if (cell := cell_of(words)) is not None}
    for wanted in (cell for place in places for cell in place.cells):
        if found := {letter: options[letter] for letter, cell in cells.items() if cell == wanted}:
            return found
    if not places:
        return {}
    row, column = divmod(CELLS.index(places[0].cells[0]), 3)

    def far(cell: str) -> int:
        at = divmod(CELLS.index(cell), 3)
        return (at[0] - row) ** 2 + (at[1] - column) ** 2

    least = min(map(far, cells.values()))
    return {letter: options[letter] for letter, cell in cells.items() if far(cell) == least}
