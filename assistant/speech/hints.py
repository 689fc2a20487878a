"""The words that a question about a picture is likely to hold, as Whisper takes hints: text that might have been said before."""

from __future__ import annotations

from functools import cache

from assistant.reading.acts.act import Act, Family
from assistant.vocabulary.defect_types import INDUSTRIAL_TYPES, MEDICAL_TYPES

FIRST = (Family.VERDICT, Family.FINDING, Family.MEASURE, Family.KNOWLEDGE)
"""Families of acts whose examples come first: Whisper takes no more than 223 tokens."""


@cache
def hints() -> str:
    """Examples of the acts, then the kinds of defects and lesions; what is cut off by a limit is at the end.

    >>> hints().split("?")[0], "scratch" in hints()
    ('Is there a defect', True)
    """
    examples = " ".join(act.example for family in FIRST for act in Act if act.family is family)
    return f"{examples} {', '.join((*INDUSTRIAL_TYPES, *MEDICAL_TYPES))}."
