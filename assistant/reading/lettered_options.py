"""Lettered options in a question: which there are, which of them a text is, and which fit an inspection best."""

from __future__ import annotations

import re
from collections.abc import Callable

from assistant.geometry import CELLS
from assistant.reading.clauses import same_kind
from assistant.types import Inspection, Region
from assistant.vision.regions import highest_region

NOTHING = "There is no defect."


def options_of(question: str) -> dict[str, str]:
    """Letter to words of the lettered lines of a question, without full stops; empty for fewer than two.

    >>> options_of("Is it fine?\\nA. Yes.\\nB) No")
    {'A': 'Yes', 'B': 'No'}
    """
    found = dict(re.findall(r"(?m)^\W{0,2}([A-Z])[.):] *(.+?)[.\s]*$", question))
    return found if len(found) > 1 else {}


def option_said(text: str, options: dict[str, str]) -> str | None:
    """The words of the option that a text is, by letter, by words or both; None for any other text.

    >>> places = {"A": "top left", "B": "centre"}
    >>> [option_said(text, places) for text in ("B", "(a) top left", "Centre.", "Centre (B).", "B. top left")]
    ['centre', 'top left', 'centre', 'centre', None]
    >>> option_said("type B", {"A": "type B", "B": "type C"})
    'type B'
    """
    said = text.strip().rstrip(".").lower()
    if last := re.fullmatch(r"(.+?)[.,:;]? *\(?\b([a-z])\)?", said, re.DOTALL):
        option = options.get(last[2].upper())
        if option is not None and option.lower() == last[1]:
            return option
    lettered = re.fullmatch(r"\W{0,2}([a-z])\W{0,3}(.*)", said, re.DOTALL)
    words = list(options.values())
    if lettered is not None and lettered[1].upper() in options:
        words = [options[lettered[1].upper()]]
        said = lettered[2] or words[0].lower()
    return next((option for option in words if option.lower() == said), None)


IN_WORDS = "Answer with the option."
_OPTION = re.compile(r"\W{0,2}[A-Z][.):] *\S")
_HOW = re.compile(
    r"\bletters?\b|^(?:please,? )?(?:(?:answer|reply|respond)\b|(?:choose|pick) (?:one|the right)\b)", re.IGNORECASE
)

_ALONE = re.compile(
    r"\b(?:only|just|single|nothing else|directly)\b[^.?!]*\bletter"
    r"|\bletter\b[^.?!]*\b(?:only|alone|nothing else|directly|enough)"
)


def in_words(question: str) -> str:
    """A question with options, asked so that the answer is the option's words before its letter; other questions as they are.

    A small language model finds in the evidence which words are right, and beside them which letter; asked for a letter at
    once it guesses.

    >>> in_words("Is it fine? Give the letter only.\\nA. Yes\\nB. No")
    'Is it fine?\\nA. Yes\\nB. No\\nAnswer with the option.'
    >>> in_words("Is a letter missing?\\nA. Yes\\nB. No").splitlines()[0]
    'Is a letter missing?'
    """
    if not options_of(question):
        return question
    kept = []
    for line in question.splitlines():
        if not _OPTION.match(line):
            line = " ".join(s for s in re.split(r"(?<=[.?!:]) +", line) if s.endswith("?") or not _HOW.search(s))
        if line.strip():
            kept.append(line)
    return "\n".join([*kept, IN_WORDS])


def as_wanted(text: str, question: str) -> str:
    """An answer that is an option as the question wants it: its letter alone where that is asked for, else as it is.

    >>> as_wanted("Yes (A).", "Is it fine? Give the letter only.\\nA. Yes\\nB. No")
    'A'
    """
    how = " ".join(line for line in question.splitlines() if not _OPTION.match(line)).lower()
    options = options_of(question)
    if not options or not _ALONE.search(how):
        return text
    said = option_said(text, options)
    return next((letter for letter, words in options.items() if words == said), text)


def stem_of(question: str) -> str:
    """The line before the options.

    >>> stem_of("It is a plate.\\nIs it fine?\\nA. Yes\\nB. No")
    'Is it fine?'
    """
    return re.split(r"(?m)^\W{0,2}A[.):] ", question)[0].strip().rpartition("\n")[2]


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
    bare = re.sub(r"^(?:(?:at|in|on|the) )*", "", option.lower()).replace("center", "centre")
    return bare if bare in CELLS else None


def fitting_options(question: str, inspection: Inspection, agrees: Callable[[str], bool]) -> dict[str, str]:
    """The options that fit an inspection best, letter to words; empty where it tells nothing of them.

    Kinds and places are those of the strongest region, else of any other; without a region those of the map's highest
    place, unless an option says that there is nothing. Of places that hold none of these the nearest fit. Other options fit
    where they agree with the inspection.

    Args:
        question: with options.
        inspection: what the numbers say.
        agrees: whether a statement does not contradict the inspection.
    """
    options = options_of(question)
    nothing = {letter: words for letter, words in options.items() if as_statement(words) == NOTHING}
    if not inspection.regions and nothing:
        return nothing
    places = [*inspection.regions] or [place for place in [highest_region(inspection)] if place is not None]
    if sum(cell_of(words) is not None for words in options.values()) > 1:
        return _placed(options, places)
    if re.search(r"\b(?:type|kind|category|class|classif\w+|sort|name|which)\b", stem_of(question).lower()):
        for place in places:
            named = {n: w for n, w in options.items() if same_kind(_bare(w), place.type and place.type.lower())}
            if named:
                return named
    return {letter: words for letter, words in options.items() if agrees(as_statement(words))}


def _bare(option: str) -> str:
    return re.sub(r"^(?:an?|the) ", "", option.lower())


def _placed(options: dict[str, str], places: list[Region]) -> dict[str, str]:
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
