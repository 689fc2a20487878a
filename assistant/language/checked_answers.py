"""Words of a language model -> answers that do not contradict the evidence unnoticed. The same for every model.

An answer that contradicts, chooses no option or answers what no picture tells is taken back and asked for once more, made to
begin with what the evidence says; one that still contradicts is given with a visible note. What was asked besides and is passed
over is added from the evidence. Lettered options are answered in words first.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Sequence

from assistant.language.interface import BatchDraftWriter, Drafted, DraftWriter, EvidenceKind
from assistant.reading.chosen_option import as_wanted, read_choice
from assistant.reading.faithfulness import contradicts, stated_verdict
from assistant.reading.question import Question
from assistant.reading.refusals import corrects, declines
from assistant.types import Answer, Inspection, WordsOf
from assistant.vocabulary.knowledge import Knowledge
from assistant.words import wording
from assistant.words.answer_checks import left_unsaid
from assistant.words.template_answers import answer_from_evidence, notice

NOTE = "(This answer disagrees with the measured map.)"


def stream_answer(
    model: DraftWriter[Drafted],
    dialogue: Drafted,
    question: Question,
    knowledge: Knowledge,
    *,
    stop: threading.Event | None = None,
    evidence: EvidenceKind = "both",
) -> Iterator[Answer]:
    """The answer as it grows; the last one is whole and checked, and may differ from those before.

    Args:
        model: that talks.
        dialogue: the conversation, which grows by one turn.
        question: read.
        knowledge: of kinds, for what the evidence says.
        stop: ends the writing; what was written by then is the answer.
        evidence: what the model is told.
    """
    stop = stop or threading.Event()
    text = ""
    for piece in model.stream(dialogue, question.put, stop=stop, evidence=evidence):
        text += piece
        yield Answer(question.text, text.strip())
    text = finished(text, dialogue.ended or stop.is_set())
    wrong = contradicts(text, dialogue.inspection, question)
    fact = None if stop.is_set() else _fact(text, wrong, question, dialogue.inspection, knowledge)
    if fact is not None:
        dialogue.undo()
        text = ""
        for piece in model.stream(dialogue, question.put, stop=stop, evidence=evidence, begin=fact):
            text += piece
            yield Answer(question.text, text.strip())
        text = finished(text, dialogue.ended or stop.is_set())
        wrong = contradicts(text, dialogue.inspection, question)
    whole = dialogue.ended and not stop.is_set()
    words_of = WordsOf.MODEL if fact is None else WordsOf.MODEL_REFUSED
    yield _checked(text, wrong, question, dialogue.inspection, knowledge, whole=whole, words_of=words_of)


def answers_together(
    model: BatchDraftWriter[Drafted],
    dialogues: Sequence[Drafted],
    question: Question,
    knowledge: Knowledge,
    *,
    evidence: EvidenceKind = "both",
) -> list[Answer]:
    """What :func:`stream_answer` ends with, for one question in several conversations that are written as one batch.

    Args:
        model: that talks.
        dialogues: the conversations, each of which grows by one turn.
        question: read.
        knowledge: of kinds, for what the evidence says.
        evidence: what the model is told.
    """
    texts = model.answer_together(dialogues, question.put, evidence=evidence)
    texts = [finished(text, dialogue.ended) for text, dialogue in zip(texts, dialogues, strict=True)]
    wrong = [contradicts(text, one.inspection, question) for text, one in zip(texts, dialogues, strict=True)]
    facts = {
        at: fact
        for at, (text, dialogue) in enumerate(zip(texts, dialogues, strict=True))
        if (fact := _fact(text, wrong[at], question, dialogue.inspection, knowledge)) is not None
    }
    if facts:
        again = [dialogues[at] for at in facts]
        for dialogue in again:
            dialogue.undo()
        rewritten = model.answer_together(again, question.put, evidence=evidence, begins=list(facts.values()))
        for at, text in zip(facts, rewritten, strict=True):
            texts[at] = finished(text, dialogues[at].ended)
            wrong[at] = contradicts(texts[at], dialogues[at].inspection, question)
    return [
        _checked(
            text,
            wrong[at],
            question,
            dialogue.inspection,
            knowledge,
            whole=dialogue.ended,
            words_of=WordsOf.MODEL_REFUSED if at in facts else WordsOf.MODEL,
        )
        for at, (text, dialogue) in enumerate(zip(texts, dialogues, strict=True))
    ]


def _fact(text: str, wrong: bool, question: Question, inspection: Inspection, knowledge: Knowledge) -> str | None:
    """What an answer has to begin with that may not stay as it is; None for one that may, or where the evidence is silent.

    An answer that is ``wrong`` contradicts the evidence.
    """
    return answer_from_evidence(question, inspection, knowledge) if wrong or misses(text, question) else None


def _checked(
    text: str,
    wrong: bool,
    question: Question,
    inspection: Inspection,
    knowledge: Knowledge,
    *,
    whole: bool,
    words_of: WordsOf,
) -> Answer:
    """A finished text as an answer; what was passed over is added to one that is ``whole``."""
    stated = stated_verdict(text, question)
    if whole and not wrong:
        text = " ".join([text, *left_unsaid(text, question, inspection, knowledge)]).strip()
    for sentence in notice(question, inspection, knowledge):
        if wording.RESEARCH_NOTICE.rstrip(".").lower() not in text.lower():
            text = f"{text} {sentence}".strip()
    text = as_wanted(text, question)
    return Answer(question.text, f"{text} {NOTE}" if wrong else text, stated, wrong, words_of)


def misses(text: str, question: Question) -> bool:
    r"""Whether an answer chooses no option, or neither declines what no picture tells nor denies the kind asked about.

    >>> from assistant.reading.question import read_question
    >>> price = read_question("What does it cost?")
    >>> misses("It costs nothing.", price), misses("I cannot tell the price.", price)
    (True, False)
    >>> misses("A dark spot.", read_question("What is it?\nA. crack\nB. stain"))
    True
    """
    if question.options:
        return read_choice(text, question.options, question) is None
    return question.unanswerable and not (declines(text) or (question.kinds and corrects(text)))


def checked_answer(
    model: DraftWriter[Drafted],
    dialogue: Drafted,
    question: Question,
    knowledge: Knowledge,
    *,
    evidence: EvidenceKind = "both",
) -> Answer:
    """The whole answer."""
    *_, last = stream_answer(model, dialogue, question, knowledge, evidence=evidence)
    return last


def finished(text: str, ended: bool) -> str:
    """The text without spaces around it; to its last complete sentence, else clause, when it was cut at the longest length.

    >>> finished(" It is 3.1 % of it. And then", False), finished("A stain, a dent and a", False)
    ('It is 3.1 % of it.', 'A stain.')
    """
    text = text.strip()
    if ended:
        return text
    whole = re.match(r".*[.!?](?=\s)", f"{text} ", re.DOTALL)
    if whole:
        return whole[0]
    return f"{text.rpartition(',')[0]}." if "," in text else text
