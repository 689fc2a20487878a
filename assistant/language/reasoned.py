"""A verdict reasoned out in three steps, each with the regions that it speaks of: look, compare, conclude.

Each step is a question or two of one conversation that is led from the facts, so what a language model makes of it is held
against them sentence by sentence, as everywhere. Reasoned detection after the benchmark VisA-D&R (Xu et al., "Towards Zero-Shot
Anomaly Detection and Reasoning with Multimodal Large Language Models", CVPR 2025).
"""

from __future__ import annotations

import re

from assistant.language.conversation import Conversation
from assistant.reading.quantities import region_numbers
from assistant.reading.statements import read
from assistant.types import Inspection, ReasoningStep, WordsOf

STEPS = {
    "look": ("List the regions.", "What does it look like?"),
    "compare": ("Why do you think so?", "How sure are you?"),
    "conclude": ("Is it OK to ship?", "What should I do next?"),
}
"""Step to what is asked in it."""
CONCLUDE_SCAN = ("Is there anything abnormal?", "What should I do next?")
"""What is asked last of a medical picture: nobody ships one."""
LOOK_NOTHING = ("Is anything wrong?",)
"""What is asked first where no region was found."""


def reasoned(conversation: Conversation, medical: bool) -> tuple[ReasoningStep, ...]:
    """The steps, in their order.

    Args:
        conversation: on the picture, not begun, led from the facts.
        medical: whether the picture is a medical one.

    Raises:
        WeightsError: a language model that is needed and cannot be had.
    """
    asked: dict[str, tuple[str, ...]] = {**STEPS}
    asked |= {"conclude": CONCLUDE_SCAN} if medical else {}
    asked |= {} if conversation.inspection.regions else {"look": LOOK_NOTHING}
    steps, told = [], set[str]()
    for name, questions in asked.items():
        answers = [conversation.ask(question) for question in questions]
        sentences = [one.text for one in answers if one.text not in told]
        told.update(sentences)
        text = " ".join(sentences)
        spoken = {one.words_of for one in answers}
        words_of = next((one for one in _FIRST if one in spoken), WordsOf.MEASUREMENTS)
        steps.append(ReasoningStep(name, text, cited(text, conversation.inspection), words_of))
    return tuple(steps)


_FIRST = (WordsOf.MODEL_UNREACHABLE, WordsOf.MODEL, WordsOf.MODEL_REFUSED)


def cited(text: str, inspection: Inspection) -> tuple[int, ...]:
    """Ids of the regions that a text names: sentence by sentence by their numbers, where there are none by their place.

    A line of a numbered list is that region's.
    """
    found = set[int]()
    for sentence in _sentences(text):
        listed = re.match(r"\s*(\d{1,3})\. ", sentence)
        numbers = {int(listed[1])} if listed else region_numbers(sentence)
        cells = frozenset() if numbers else read(sentence).cells
        exact = {one.id for one in inspection.regions if cells and cells == set(one.cells)}
        found |= numbers or exact or {one.id for one in inspection.regions if cells & set(one.cells)}
    return tuple(one.id for one in inspection.regions if one.id in found)


def _sentences(text: str) -> list[str]:
    """Sentences of a text; a line of a numbered list is one."""
    lines = text.splitlines()
    return [
        s for line in lines for s in ([line] if re.match(r"\s*\d{1,3}\. ", line) else re.split(r"(?<=[.!?])\s+", line))
    ]
