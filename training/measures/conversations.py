"""Built conversations put to a language model turn by turn, as a user would, and what is counted of its answers."""

from __future__ import annotations

import random
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from assistant.language.checked_answers import finished, stream_answer
from assistant.language.interface import DraftWriter, EvidenceKind, TokenDialogue
from assistant.language.tokens.projector import EncodedImage
from assistant.reading.faithfulness import contradicts
from assistant.reading.question import read_question
from assistant.reading.refusals import corrects, declines
from assistant.types import Answer, Inspection
from assistant.vocabulary.knowledge import load_knowledge
from training.measures.told_pictures import BuiltQuestion, ToldPicture, watched

NOT_ABOUT_IT = frozenset({"unanswerable", "false_premise", "greeting", "thanks"})
"""Intents whose questions the picture need not answer."""


class Overheard:
    """A language model whose drafts are kept: what it said before anything was taken back.

    Args:
        model: that talks.
    """

    def __init__(self, model: DraftWriter[TokenDialogue]) -> None:
        self._model = model
        self.drafts: list[str] = []
        self.retries = 0

    def open(self, inspection: Inspection, encoded: EncodedImage | None = None) -> TokenDialogue:
        """A conversation of the model's."""
        return self._model.open(inspection, encoded)

    def stream(
        self, dialogue: TokenDialogue, question: str, *, stop: threading.Event | None = None, evidence: EvidenceKind = "both",
        begin: str = "",
    ) -> Iterator[str]:  # fmt: skip
        """The model's words."""
        text = ""
        for piece in self._model.stream(dialogue, question, stop=stop, evidence=evidence, begin=begin):
            text += piece
            yield piece
        if begin:
            self.retries += 1
        else:
            self.drafts.append(finished(text, dialogue.talk.ended))

    def answer(
        self, dialogue: TokenDialogue, question: str, *, evidence: EvidenceKind = "both", begin: str = ""
    ) -> str:
        """The model's words, whole."""
        return "".join(self.stream(dialogue, question, evidence=evidence, begin=begin))


@dataclass(frozen=True)
class Turn:
    """One question that was asked.

    Args:
        asked: with the answer built for it.
        draft: what the model said first.
        draft_contradictory: that contradicts the inspection.
        retried: it was asked again.
        answer: what the user saw.
    """

    asked: BuiltQuestion
    draft: str
    draft_contradictory: bool
    retried: bool
    answer: Answer


@dataclass(frozen=True, eq=False)
class MeasuredDialogue:
    """A conversation that was held."""

    picture: ToldPicture
    turns: tuple[Turn, ...]


def talk(
    model: DraftWriter[TokenDialogue], picture: ToldPicture, exchanges: Sequence[BuiltQuestion], evidence: EvidenceKind
) -> MeasuredDialogue:
    """Hold one conversation with the questions of a built one."""
    heard, knowledge = Overheard(model), load_knowledge()
    dialogue = heard.open(picture.inspection, picture.encoded())
    turns = []
    for asked in exchanges:
        before = heard.retries
        question = read_question(asked.question)
        *_, answer = stream_answer(heard, dialogue, question, knowledge, evidence=evidence)
        draft = heard.drafts[-1]
        wrong = contradicts(draft, picture.inspection, question)
        turns.append(Turn(asked, draft, wrong, heard.retries > before, answer))
    return MeasuredDialogue(picture, tuple(turns))


def talk_all(
    model: DraftWriter[TokenDialogue], pictures: Sequence[ToldPicture], evidence: EvidenceKind, limit: int | None, seed: int,
    each: Callable[[MeasuredDialogue], None] = lambda talked: None,
) -> list[MeasuredDialogue]:  # fmt: skip
    """Conversations drawn from those of the pictures.

    Args:
        model: that talks.
        pictures: with conversations.
        evidence: what it is told.
        limit: conversations at most; all when None.
        seed: of the draw.
        each: is given every conversation as it ends.
    """
    every = [(picture, exchanges) for picture in pictures for exchanges in picture.conversations if exchanges]
    random.Random(seed).shuffle(every)
    held = []
    for picture, exchanges in watched(every[:limit], "conversations"):
        held.append(talk(model, picture, exchanges, evidence))
        each(held[-1])
    return held


def contradictions(held: Sequence[MeasuredDialogue]) -> dict[str, Any]:
    """Shares of answers that contradict the inspection, before and after they were asked again, and by intent."""
    turns = [turn for one in held for turn in one.turns]
    intents = defaultdict[str, list[bool]](list)
    for turn in turns:
        intents[turn.asked.intent].append(turn.answer.contradictory)
    return {
        "conversations": len(held),
        "answers": len(turns),
        "before_retry": _share(turn.draft_contradictory for turn in turns),
        "retried": _share(turn.retried for turn in turns),
        "after_retry": _share(turn.answer.contradictory for turn in turns),
        "after_retry_by_intent": {name: _share(found) for name, found in sorted(intents.items()) if any(found)},
    }


def premises(held: Sequence[MeasuredDialogue]) -> dict[str, Any]:
    """False premises corrected, unanswerable questions declined, answerable ones declined.

    A correction that contradicts the inspection is none. A question whose built answer declines is not answerable.
    ``reading_…`` are the shares that the same grammar finds in the built answers: what it can find at all.
    """
    turns = [turn for one in held for turn in one.turns]
    false = [t for t in turns if t.asked.intent == "false_premise"]
    unanswerable = [t for t in turns if t.asked.intent == "unanswerable"]
    answerable = [t for t in turns if t.asked.intent not in NOT_ABOUT_IT and not declines(t.asked.answer)]
    return {
        "false_premises": len(false),
        "corrected": _share(corrects(t.answer.text) and not t.answer.contradictory for t in false),
        "reading_corrected": _share(corrects(t.asked.answer) for t in false),
        "unanswerable": len(unanswerable),
        "declined": _share(declines(t.answer.text) for t in unanswerable),
        "reading_declined": _share(declines(t.asked.answer) for t in unanswerable),
        "answerable": len(answerable),
        "answerable_declined": _share(declines(t.answer.text) for t in answerable),
    }


def transcript(one: MeasuredDialogue) -> str:
    """A conversation to read: the evidence's verdict, then each question with its answer, and the draft where it fell."""
    found = one.picture.inspection
    kinds = "; ".join(f"{r.type or 'unknown'} at {', '.join(r.cells)}, {r.severity.value}" for r in found.regions)
    lines = [
        f"# {one.picture.source.name}: {found.verdict.value}, score {found.image_score:.2f}; {kinds or 'no region'}"
    ]
    for turn in one.turns:
        lines += [f"Q ({turn.asked.intent}): {turn.asked.question}"]
        if turn.retried:
            lines += [f"   taken back: {turn.draft}"]
        lines += [f"A: {turn.answer.text}", f"   {verdict_on(turn)}"]
    return "\n".join(lines)


def verdict_on(turn: Turn) -> str:
    """What the evidence says of an answer, in words."""
    stated = f"states {turn.answer.stated_verdict.value}" if turn.answer.stated_verdict else "states no verdict"
    return f"[{'CONTRADICTS the evidence' if turn.answer.contradictory else 'agrees with the evidence'}; {stated}]"


def _share(values: Iterator[bool] | Sequence[bool] | Any) -> float | None:
    found = [bool(value) for value in values]
    return sum(found) / len(found) if found else None
