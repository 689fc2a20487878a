"""Which option of a multiple-choice question an answer chooses. Knows letters and the options' own words."""

from __future__ import annotations

import re
from collections.abc import Mapping

from assistant.reading.clauses import negated
from assistant.reading.faithfulness import stated_verdict
from assistant.reading.lettered_options import option_said
from assistant.reading.question import Question
from assistant.reading.spelling import written_out

_SAYS = (
    r"(?:answer|option|choice|letter|choose|pick|select|selected|chose|correct (?:one|option|choice|answer))"
    r"(?: is| would be| should be|:| =)?(?: option| choice| letter|:)?"
)


def read_choice(answer: str, options: Mapping[str, str], question: Question | None = None) -> str | None:
    """The letter of the option that an answer chooses; None when it chooses none, or more than one.

    Understood, in this order: the letter alone ("B", "(b)", "**B.**"), a letter at the head ("B. top left"), a letter
    that is said to be the answer ("The answer is B"), the words of one option and of no other ("It is at the top
    left."), and for yes-or-no options what the answer states ("The part is intact.").

    Args:
        answer: as given.
        options: letter to words.
        question: what was asked; gives the yes-or-no options their meaning.

    >>> read_choice("The answer is B.", {"A": "top left", "B": "centre"})
    'B'
    >>> read_choice("It is in the center.", {"A": "top left", "B": "centre"})
    'B'
    """
    text = re.sub(r"[*_`\"“”]", "", answer).strip()
    letters = {letter.upper(): letter for letter in options}
    any_letter = "|".join(map(re.escape, letters))
    if not letters or not text:
        return None
    if alone := re.fullmatch(rf"\W*({any_letter})\W*", text, re.IGNORECASE):
        return letters[alone[1].upper()]
    head = re.match(rf"\W*(?:option |choice )?({any_letter})(?:[.):,;]|\s*[-–—:]\s|\n)", text, re.IGNORECASE)
    claims = (
        rf"\b(?i:{_SAYS})\W{{0,3}}({any_letter})\b(?! (?!is\b|because\b|since\b)[a-z])",
        rf"\b(?i:option|choice) \(?({any_letter})\b",
    )
    said = {m[1].upper() for claim in claims for m in re.finditer(claim, text) if not _denied(text, m)}
    worded = _by_words(text, options)
    if head:
        rest = _by_words(text[head.end() :], options)
        letter = letters[head[1].upper()]
        return letter if rest in (None, letter) and said <= {head[1].upper()} else None
    if len(said) == 1:
        return letters[said.pop()]
    if said:
        return None
    bracketed = {m[1] for m in re.finditer(rf"\(({any_letter})\)", text)}
    if len(bracketed) == 1 and worded in (None, letters[next(iter(bracketed))]):
        return letters[bracketed.pop()]
    return worded or _by_verdict(text, options, question)


def as_wanted(text: str, question: Question) -> str:
    r"""An answer that is an option as the question wants it: its letter alone where that is asked for, else as it is.

    >>> from assistant.reading.question import read_question
    >>> as_wanted("Yes (A).", read_question("Is it fine? Give the letter only.\nA. Yes\nB. No"))
    'A'
    """
    if not question.letter_alone:
        return text
    said = option_said(text, question.options)
    return next((letter for letter, words in question.options.items() if words == said), text)


def _denied(text: str, match: re.Match[str]) -> bool:
    after = re.match(r"\W*(?:is|was) (?:not|wrong|incorrect|false)\b", text[match.end() :].lower())
    return after is not None or re.search(r"\bnot (?:the )?$", text[: match.start()].lower()) is not None


def _plain(text: str) -> str:
    """Lower-case words, one spelling, without an article at the head."""
    text = re.sub(r"\bupper\b", "top", re.sub(r"\blower\b", "bottom", written_out(text)))
    text = re.sub(r"\b(middle|centre) (?=(?:left|right)\b)", "middle ", text)
    text = re.sub(r"\b(top|bottom) (?:middle|centre)\b", r"\1 centre", re.sub(r"[^a-z0-9.% ]+", " ", text))
    text = " ".join(re.sub(r"\.(?!\d)", " ", text).split())
    return re.sub(r"^(?:an?|the) ", "", text)


def _by_words(text: str, options: Mapping[str, str]) -> str | None:
    """The option whose words the text says and does not deny, longest words first; None for none or several."""
    said = _plain(text)
    words = {letter: _plain(option) for letter, option in options.items()}
    if exact := [letter for letter, option in words.items() if option == said]:
        return exact[0] if len(exact) == 1 else None
    starts = [letter for letter, option in words.items() if option in ("yes", "no") and re.match(rf"{option}\b", said)]
    if starts:
        return starts[0]
    found: list[str] = []
    for letter in sorted(words, key=lambda one: -len(words[one])):
        if not words[letter] or words[letter] in ("yes", "no"):
            continue
        for match in re.finditer(rf"\b{re.escape(words[letter])}(?:s|es)?(?!\w)", said):
            if not negated(_last_clause(said[: match.start()]), len(said)):
                found.append(letter)
        said = re.sub(rf"\b{re.escape(words[letter])}(?:s|es)?(?!\w)", "#", said)
    chosen = set(found)
    return chosen.pop() if len(chosen) == 1 else None


def _last_clause(text: str) -> str:
    return re.split(r"\b(?:but|however|instead|rather|while)\b", text)[-1]


def _by_verdict(text: str, options: Mapping[str, str], question: Question | None) -> str | None:
    """For options that mean normal and anomalous, the one the text states; None when it states neither."""
    verdict = stated_verdict(text, question)
    if verdict is None:
        return None
    means = {letter: stated_verdict(option, question) for letter, option in options.items()}
    if len(set(means.values()) - {None}) < 2:
        return None
    fit = [letter for letter, one in means.items() if one is verdict]
    return fit[0] if len(fit) == 1 else None
