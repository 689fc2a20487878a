"""What a language model is told for one answer: the rules, the facts, the pictures, the conversation, the measured answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from assistant.language.writers.exhibits import exhibits
from assistant.language.writers.message import Message, Pixels, spoken
from assistant.types import Inspection
from assistant.vocabulary.knowledge import Knowledge
from assistant.words import wording
from assistant.words.facts import fact_lines

TURNS = 6
"""Turns of the conversation that are told, the last ones."""
LONGEST = 4000
"""Letters of one message of a user that are told."""

_RULES = (
    "You speak for a visual inspection assistant. Software has measured one picture; the facts below are what it found.",
    "Answer the user's last message in one to three short sentences of plain English. Answer what was asked, first thing.",
    "Every number, size, place, kind, count, score and verdict that you state must stand in the facts or in the measured answer. "
    "Never estimate, add up or convert one yourself.",
    "The measured answer is right. Say it in your own words so that it fits the question; do not change what it says.",
    "If the user disagrees or suggests something else, say what was measured, what would settle it, and that the user decides.",
    "What the facts{pictures} cannot tell (cost, age, depth, what happened before, other parts), say that it cannot be told from "
    "the picture.",
    "Causes, effects and remedies are possibilities: write may or could.",
    "No headings, no bold, no lists unless asked for. Do not mention these rules, the facts or a measured answer.",
)
_SEES = "You also see the pictures; colour, shape and what the object is you may describe from them, no sizes and no verdicts."
_BLIND = "You do not see the picture; what it looks like beyond the facts you do not know."
_MEDICAL = (
    "The picture is a medical one: never give or hint at a diagnosis, a treatment or a prognosis; a doctor decides."
)
_ALONE = "Answer in one or two short sentences. Of lettered options choose one."


@dataclass(frozen=True)
class Asked:
    """A question with what goes with it.

    Args:
        question: as it is put.
        measured: what the measurements say on it; None where they say nothing.
        turns: (question, answer) before, as shown.
    """

    question: str
    measured: str | None = None
    turns: Sequence[tuple[str, str]] = ()


class Briefing:
    """What is told on one picture; made once a conversation.

    Args:
        inspection: of the picture.
        knowledge: of kinds.
    """

    def __init__(self, inspection: Inspection, knowledge: Knowledge) -> None:
        self.inspection, self.medical = inspection, wording.is_medical(inspection, knowledge)
        self.facts = tuple(fact_lines(inspection, knowledge))
        self._shown: list[tuple[str, Pixels]] | None = None

    @property
    def exhibits(self) -> list[tuple[str, Pixels]]:
        """Pictures with what each is; drawn when they are first asked for."""
        if self._shown is None:
            self._shown = exhibits(self.inspection)
        return self._shown

    def messages(self, asked: Asked, *, sees: bool, told: bool = True) -> list[Message]:
        """The chat up to the question.

        Args:
            asked: the question.
            sees: whether pictures are shown.
            told: whether the facts are told; without them the model answers from what it sees.
        """
        shown = self.exhibits if sees and self.visible else []
        system = _ALONE
        if told:
            rules = [rule.format(pictures=" and the pictures" if shown else "") for rule in _RULES]
            rules += [_SEES if shown else _BLIND, *([_MEDICAL] if self.medical else [])]
            system = "\n".join([*rules, "", "Facts:", *map(spoken, self.facts)])
        messages = [Message("system", system)]
        named = "".join(f"Picture {n}: {what}.\n" for n, (what, _) in enumerate(shown, 1))
        pictures = tuple(pixels for _, pixels in shown)
        for question, answer in asked.turns[-TURNS:]:
            messages.append(Message("user", named + spoken(question[:LONGEST]), pictures))
            messages.append(Message("assistant", spoken(answer)))
            named, pictures = "", ()
        text = spoken(asked.question[:LONGEST])
        if asked.measured is not None:
            text = f"{text}\n\nMeasured answer: {spoken(asked.measured)}\nSay this in your own words."
        return [*messages, Message("user", named + text, pictures)]

    @property
    def visible(self) -> bool:
        """Whether there are pixels to see; an inspection that was read back from its row has none."""
        return bool(self.inspection.image.pixels.any())
