"""The words that a question about a picture is likely to hold, as Whisper takes hints: text that might have been said before.

Sentences help more than lists of words, which are no better than nothing. The last one must be whole: a model that is told half a
sentence goes on with it, whatever was said.
"""

from __future__ import annotations

from functools import cache

from assistant.reading.acts.act import Act, Family
from assistant.vocabulary.defect_types import INDUSTRIAL_TYPES

FAMILIES = (Family.VERDICT, Family.FINDING, Family.MEASURE, Family.KNOWLEDGE)
"""Whose acts' examples are told, in this order."""
KINDS_TOLD = 8
MOST_LETTERS = 760
"""Whisper takes 223 tokens and has what is beyond them cut off; English has about four letters to a token."""


@cache
def hints() -> str:
    """A sentence with the kinds of defects, then examples of the acts; whole sentences, as many as fit.

    >>> hints()[:70], "Is it OK to ship?" in hints()
    ('An inspector asks about a defect in a picture: a scratch, crack, dent,', True)
    """
    kinds = [kind for kind in INDUSTRIAL_TYPES if " " not in kind][:KINDS_TOLD]
    text = f"An inspector asks about a defect in a picture: a {', '.join(kinds[:-1])} or {kinds[-1]}."
    for example in (act.example for family in FAMILIES for act in Act if act.family is family):
        if len(text) + 1 + len(example) > MOST_LETTERS:
            break
        text = f"{text} {example}"
    return text
