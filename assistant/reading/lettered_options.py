"""Lettered options in a question: which there are, which of them a text is, and how such a question is put to a model."""

from __future__ import annotations

import re
from collections.abc import Mapping


def options_of(question: str) -> dict[str, str]:
    r"""Letter to words of the lettered lines of a question, without full stops; empty for fewer than two.

    >>> options_of("Is it fine?\nA. Yes.\nB) No")
    {'A': 'Yes', 'B': 'No'}
    """
    found = dict(re.findall(r"(?m)^\W{0,2}([A-Z])[.):] *(.+?)[.\s]*$", question))
    return found if len(found) > 1 else {}


def option_said(text: str, options: Mapping[str, str]) -> str | None:
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
    r"""A question with options, asked so that the answer is the option's words before its letter.

    A small language model finds in the evidence which words are right, and beside them which letter; asked for a letter at
    once it guesses.

    >>> in_words("Is it fine? Give the letter only.\nA. Yes\nB. No")
    'Is it fine?\nA. Yes\nB. No\nAnswer with the option.'
    >>> in_words("Is a letter missing?\nA. Yes\nB. No").splitlines()[0]
    'Is a letter missing?'
    """
    kept = []
    for line in question.splitlines():
        if not _OPTION.match(line):
            line = " ".join(s for s in re.split(r"(?<=[.?!:]) +", line) if s.endswith("?") or not _HOW.search(s))
        if line.strip():
            kept.append(line)
    return "\n".join([*kept, IN_WORDS])


def wants_letter_alone(question: str) -> bool:
    r"""Whether a question with options asks for a letter and nothing else.

    >>> wants_letter_alone("Is it fine? Give the letter only.\nA. Yes\nB. No")
    True
    """
    how = " ".join(line for line in question.splitlines() if not _OPTION.match(line)).lower()
    return _ALONE.search(how) is not None
