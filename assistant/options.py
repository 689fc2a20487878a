"""Lettered options in a question, as text: which there are, which of them a text is, and what one states."""

from __future__ import annotations

import re

from assistant.geometry import CELLS


def options_of(question: str) -> dict[str, str]:
    """Letter to words of the lettered lines of a question, without full stops; empty for fewer than two.

    >>> options_of("Is it fine?\\nA. Yes.\\nB) No")
    {'A': 'Yes', 'B': 'No'}
    """
    found = dict(re.findall(r"(?m)^\W{0,2}([A-Z])[.):] *(.+?)[.\s]*$", question))
    return found if len(found) > 1 else {}


def option_said(text: str, options: dict[str, str]) -> str | None:
    """The words of the option that a text is, by letter, by words or both; None for any other text.

    >>> [option_said(text, {"A": "top left", "B": "centre"}) for text in ("B", "(a) top left", "Centre.", "B. top left")]
    ['centre', 'top left', 'centre', None]
    """
    said = text.strip().rstrip(".").lower()
    lettered = re.fullmatch(r"\W{0,2}([a-z])\W{0,3}(.*)", said, re.DOTALL)
    words = list(options.values())
    if lettered is not None and lettered[1].upper() in options:
        words = [options[lettered[1].upper()]]
        said = lettered[2] or words[0].lower()
    return next((option for option in words if option.lower() == said), None)


def as_statement(option: str) -> str:
    """An option as a sentence, where it is a place or a word for nothing; else as it is.

    >>> as_statement("top left"), as_statement("nowhere"), as_statement("crack")
    ('It is at the top left.', 'There is no defect.', 'crack')
    """
    if re.fullmatch(r"(?:none|nowhere|nothing)\b.*", option.lower()):
        return "There is no defect."
    return f"It is at the {option}." if option.lower().replace("center", "centre") in CELLS else option
