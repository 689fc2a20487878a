"""A measured answer -> the same in a model's own words, sentence by sentence; one that nothing backs is not shown.

What was measured is right: where a model's words fail, it stands. Messages whose only acts are read for sure, and whose answers
are numbers or fixed words, are not given to a model at all.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from functools import cached_property

from assistant.config import LanguageConfig
from assistant.language.chat_model import ChatDialogue, ChatLanguageModel
from assistant.language.choice import LEAVES, is_loopback
from assistant.language.writers.briefing import Asked
from assistant.reading.acts.act import Act, Family
from assistant.reading.acts.languages import ENGLISH, language_of
from assistant.reading.acts.message import MessageKind
from assistant.reading.acts.understanding import Understanding
from assistant.reading.faithfulness import contradicts
from assistant.reading.question import Question
from assistant.reading.refusals import declines
from assistant.reading.statements import read
from assistant.types import Inspection
from assistant.vision.regions import highest_region
from assistant.vocabulary.knowledge import load_knowledge
from assistant.words import wording
from assistant.words.answer_checks import invented
from assistant.words.claims import (
    asserts_cause,
    astray,
    disposition,
    grave,
    hedged,
    looks,
    polarity,
    quantities_of,
    unbacked,
)
from assistant.words.replies.reply import Reply

READ_FOR_SURE = 0.7
"""Confidence from which 95 of 100 acts are those that were meant."""
BLIND, SEEN, MEDICAL = 0.5, 0.9, 0.5
"""Largest share of a sentence's content words that nobody said before: of a model that sees no picture, of one that does, and of
either on a medical picture, where what the user says counts for nothing."""
_FREE = re.compile(
    r"i (?:only |can only |just )?(?:judge|look|speak|work|see) |i (?:cannot|can't|do not|don't) "
    r"|(?:if [^,]{1,80}, )?(?:please |then |next,? |first,? )?"
    r"(?:check|put|take|compare|look|measure|clean|try|ask|turn|wipe|add|give|use|keep|mark|send|show|inspect|repeat|hold|feel|wash)\b",
    re.IGNORECASE,
)
"""Begins a sentence that tells the user what to do, or what this program does, and nothing of the picture."""
_HIGHEST = re.compile(
    r"\bhighest (?:response |score |value )?(?:is |lies )?((?:at|in|near) the [a-z ]+?)(?=[,.;]|$)", re.IGNORECASE
)
"""Where the map is said to be highest."""
ECHO = 0.8
"""Likeness of a sentence to one of the user's from which it is that one, said back."""
MOST_SENTENCES = 5
"""Of a model, on one message."""
EXACT = frozenset({
    Act.PRESENCE, Act.COUNT, Act.WHERE, Act.LIST_REGIONS, Act.WORST_REGION, Act.SCORE, Act.THRESHOLD, Act.SLICE, Act.SIDE,
    Act.RATING, Act.REPORT, Act.LEAVE_OUT, Act.ALTERNATIVES, Act.SHOW,
})  # fmt: skip
"""Acts whose answers are numbers and names: they gain nothing by other words."""
FIXED = frozenset({Family.MEASURE, Family.UNANSWERABLE, Family.MEDICAL, Family.TOOL, Family.TALK})
"""Families of such acts, and of those whose answers are this program's own to give."""
_META = re.compile(
    r"\b(?:the|these|those|above|given|provided) facts?\b|\bmeasured answer\b|\bas an ai\b|\blanguage model\b|\bthe user\b"
    r"|\bi(?:'m| am) (?:sorry|not sure (?:what|how))\b|\bin (?:my|your) own words\b"
    r"|\bthe (?:pictures?|images?) (?:is|was|are) (?:a|an|the) "
    r"(?!\w* ?(?:photo|picture|image|scan|slice|close|view|normal|good|clear))"
)
"""Talk about the talk, and what the picture, not what it shows, is said to be."""
_SENTENCE = re.compile(
    r"\s*(?:[^.!?\n]|[.](?=\d)|(?<=\be\.g)[.]|(?<=\bi\.e)[.]|(?<=\be)[.](?=g)|(?<=\bi)[.](?=e))+(?:[.!?]+(?=\s)|(?=\n))"
)


def is_retold(understood: Understanding, said: Reply) -> bool:
    """Whether a message is worth a model's words.

    Args:
        understood: the message.
        said: what the measurements say on it.
    """
    if understood.kind is not MessageKind.SENTENCE or understood.language != ENGLISH:
        return False
    if said.exact:
        return False
    exact = [one for one in understood.acts if one.act in EXACT or one.act.family in FIXED]
    return not (said.acts and is_sure(understood) and len(exact) == len(understood.acts))


def is_sure(understood: Understanding) -> bool:
    """Whether everything that a message does was read for sure."""
    sure = all(one.confidence >= READ_FOR_SURE for one in understood.acts)
    return sure and bool(understood.acts) and not understood.unclear


def _echoes(sentence: str, question: str) -> bool:
    """Whether a sentence is one of the question's, said back."""
    asked = [part.lower() for part in re.split(r"(?<=[.?!])\s+", question) if len(part.split()) > 3]
    return any(SequenceMatcher(None, sentence.lower(), one).ratio() >= ECHO for one in asked)


_STAYS = "which sends it nowhere else."


def with_model(said: Reply, language: LanguageConfig | None) -> Reply:
    """What is said of this program itself, true also where another model than its own talks: which one, and where pictures go.

    Args:
        said: a reply.
        language: the model that talks; None where nobody named one.
    """
    if language is None or not {Act.MODEL, Act.PRIVACY} & set(said.acts):
        return said
    sentences = [
        s.replace(_STAYS, f"and {LEAVES} are sent to {language.title}.")
        if language.kind == "server" and not is_loopback(language.name)
        else s
        for s in said.sentences
    ]
    if Act.MODEL in said.acts:
        sentences.insert(1, f"What is not a plain measurement is put into words by {language.title}.")
    return replace(said, sentences=tuple(sentences))


@dataclass(frozen=True, eq=False)
class Retelling:
    """One message, and what a model may say on it.

    Args:
        question: the message, read.
        said: what the measurements say on it.
        inspection: of the picture.
        turns: (question, answer) so far, as shown.
        stop: ends the writing.
        sure: whether what the message does was read for sure; what the model makes of it counts more where it was not.
    """

    question: Question
    said: Reply
    inspection: Inspection
    turns: Sequence[tuple[str, str]]
    stop: threading.Event
    sure: bool = True

    def sentences(self, model: ChatLanguageModel, dialogue: ChatDialogue) -> Iterator[str]:
        """Sentences that hold, each with the space before it; the model is not heard further after one that does not.

        Raises:
            ServerError, WeightsError: a model that cannot be asked.
        """
        told = self.said.text if self.said.acts else None
        words = model.retell(dialogue, Asked(self.question.put, told, self.turns), self.stop)
        facts, sees = dialogue.briefing.facts, model.sees(dialogue)
        rest, heard, whole = "", list[str](), False
        try:
            while len(heard) < MOST_SENTENCES:
                try:
                    rest += next(words)
                except StopIteration as stopped:
                    whole = bool(stopped.value)
                    break
                while len(heard) < MOST_SENTENCES and (found := _SENTENCE.match(rest)) is not None:
                    rest = rest[found.end() :]
                    if not self._holds(found[0].strip(), heard, facts, sees):
                        return
                    heard.append(found[0].strip())
                    yield found[0].rstrip()
        finally:
            words.close()
        last = rest.strip()
        if whole and last and len(heard) < MOST_SENTENCES and self._holds(last, heard, facts, sees):
            yield rest.rstrip()

    @cached_property
    def _before(self) -> frozenset[str]:
        return frozenset(answer for _, answer in self.turns)

    def _holds(self, sentence: str, heard: Sequence[str], facts: Sequence[str], sees: bool) -> bool:
        """Whether a sentence, the first one after those ``heard`` before, may be shown."""
        said, asked = self.said, self.question
        measured = (*facts, said.text)
        known, declined = (*measured, asked.text), declines(sentence)
        free = declined or _FREE.match(sentence) is not None
        medical = wording.is_medical(self.inspection, load_knowledge())
        return (
            "\ufffd" not in sentence
            and not sentence.endswith("?")
            and not _echoes(sentence, asked.text)
            and any(c.isalpha() for c in sentence)
            and sentence not in (*heard, *self._before)
            and _META.search(sentence.lower()) is None
            and language_of(sentence) == ENGLISH
            and not contradicts(self._without_highest(sentence), self.inspection, None if heard else asked)
            and not unbacked(sentence, self.inspection, facts, (said.text, asked.text))
            and not grave(sentence, *facts, said.text)
            and (declined or not astray(sentence, facts, said.text))
            and (free or not asserts_cause(sentence) or sentence in said.text)
            and disposition(sentence) in (None, disposition(said.text))
            and (sees or declined or looks(sentence) <= looks(" ".join(measured)))
            and (free or invented(sentence, *known) <= (SEEN if sees else BLIND))
            and (sees or free or hedged(sentence) or invented(sentence, *measured) <= BLIND)
            and (declined or not medical or invented(sentence, *measured) <= MEDICAL)
            and (bool(heard) or self._answers(sentence))
        )

    def _without_highest(self, sentence: str) -> str:
        """A sentence without where the map is highest, if that is where it was measured: it is no region that would be denied."""
        clause, place = _HIGHEST.search(sentence), highest_region(self.inspection)
        if clause is None or place is None or not read(f"It is {clause[1]}.").cells <= set(place.cells):
            return sentence
        return f"{sentence[: clause.start(1)]}{sentence[clause.end(1) :]}"

    def _answers(self, sentence: str) -> bool:
        """Whether a first sentence is one that can begin an answer: the yes or no that was measured, and the number asked for."""
        measured, said = polarity(self.said.text), polarity(sentence)
        if said is not None and said is not measured and not self._free_to_say(measured, sentence):
            return False
        if not self.sure:
            return True
        if declines(sentence) and not declines(self.said.text):
            return False
        asked_for = [q for q in quantities_of(self.said.text) if q.unit]
        if asked_for and any(act.family is Family.MEASURE for act in self.said.acts):
            return any(one.backs(q) for q in quantities_of(sentence) for one in asked_for)
        return True

    def _free_to_say(self, measured: bool | None, sentence: str) -> bool:
        """Whether yes and no are the model's to say: nothing measured tells, or the reader of contradictions has checked it."""
        if measured is not None:
            return False
        checked = self.question.yes_verdict is not None or bool(self.question.kinds)
        return checked or (not self.said.acts and hedged(sentence))
