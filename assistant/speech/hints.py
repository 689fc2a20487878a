"""The words that a question about a picture is likely to hold, as Whisper takes hints: text that might have been said before.

Sentences help more than lists of words: of 60 questions spoken by a synthetic voice in noise 43 were read as the typed ones with
these, 40 with examples alone, 35 without (``tests/speech/measure_speech.py`` measures the whole way).
"""

from __future__ import annotations

from functools import cache

from assistant.reading.acts.act import Act, Family
from assistant.vocabulary.defect_types import INDUSTRIAL_TYPES

FAMILIES = (Family.VERDICT, Family.FINDING, Family.MEASURE, Family.KNOWLEDGE)
"""Whose acts' examples are told, in this order; Whisper takes no more than 223 tokens and leaves out the rest."""


@cache
def hints() -> str:
    """A sentence with the kinds of defects, then examples of the acts.

    >>> hints()[:70], "Is it OK to ship?" in hints()
    ('An inspector asks about a defect in a picture: a scratch, crack, dent,', True)
    """
    kinds = ", ".join(kind for kind in INDUSTRIAL_TYPES if " " not in kind)
    examples = " ".join(act.example for family in FAMILIES for act in Act if act.family is family)
    return f"An inspector asks about a defect in a picture: a {kinds}. {examples}"
