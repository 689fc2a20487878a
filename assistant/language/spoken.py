"""A message -> what is said: understood, answered from the facts at once, and put in a model's own words where that is worth it.

What is shown stays: a model's sentence is compared with the facts before anybody sees it, and one that fails is replaced by the
plain one it was to say.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import Any, cast

from assistant.config import LanguageConfig
from assistant.errors import ServerError
from assistant.language.chat_model import UNHEARD, ChatDialogue, ChatLanguageModel
from assistant.language.interface import DraftDialogue, DraftWriter
from assistant.language.retold import Retelling, is_retold, is_sure, with_model
from assistant.reading.acts.act import Act
from assistant.reading.acts.understanding import Understanding, understand
from assistant.reading.faithfulness import contradicts, stated_verdict
from assistant.reading.question import Question
from assistant.reading.spelling import plain
from assistant.reading.statements import read
from assistant.reading.told.told_domain import told_scan
from assistant.types import Answer, Inspection, WordsOf
from assistant.vocabulary.knowledge import Knowledge
from assistant.vocabulary.materials import is_plain
from assistant.words.answer_checks import addresses, invented
from assistant.words.claims import asserts_cause, directions
from assistant.words.evidence import evidence_text
from assistant.words.replies.posed.objections import called_in
from assistant.words.replies.posed.told_sizes import is_of_mark, is_of_part
from assistant.words.replies.reply import Reply, reply
from assistant.words.scene.dialogue_state import NOTHING_TOLD, DialogueState

PHRASED = frozenset({Act.CAUSE, Act.EFFECT, Act.NEXT_STEP})
"""Acts that a model puts in words of its own: what it says of them varies, and is easily compared with what is known."""
INVENTED = 0.35
"""Largest share of a sentence's content words that stand in no fact."""
HEARD = 4
"""Answers that are not said again without need."""
MOST_SENTENCES = 2
"""Of a model, on one message."""
_BEGUN = re.compile(r"\W*(?:yes|no|yeah|nope)\b", re.IGNORECASE)
"""Begins a sentence that answers another question than the acts that a model puts in its own words."""
_WHOLE = re.compile(r"\s*(?:[^.!?]|[.](?=\d))+[.!?]+(?=\s)")
"""A sentence that another follows: a stop at the end of what came so far may be a decimal point."""


class _StopToo(threading.Event):
    """Set by itself or with another event; setting it leaves the other one alone."""

    def __init__(self, other: threading.Event) -> None:
        super().__init__()
        self._other = other

    def is_set(self) -> bool:
        return super().is_set() or self._other.is_set()


@dataclass(eq=False)
class Spoken:
    """What was said so far in a conversation that is led from the facts.

    Args:
        inspection: of the picture.
        knowledge: of kinds.
        state: what holds of the conversation, by what was told so far.
        replies: so far.
        turns: (question, answer) so far, as shown.
        language: the model that talks where it is not the program's own.
    """

    inspection: Inspection
    knowledge: Knowledge
    state: DialogueState = NOTHING_TOLD
    replies: list[Reply] = field(default_factory=list)
    turns: list[tuple[str, str]] = field(default_factory=list)
    language: LanguageConfig | None = None

    def answers(
        self,
        question: Question,
        writer: Callable[[], tuple[DraftWriter[Any], DraftDialogue] | None] = lambda: None,
        stop: threading.Event | None = None,
        retell: Callable[[], tuple[ChatLanguageModel, ChatDialogue]] | None = None,
    ) -> Iterator[Answer]:
        """The answer as it grows: what was shown is never taken back.

        Args:
            question: read.
            writer: gives a model and its dialogue, for the acts that it puts in its own words, or None for plain sentences;
                asked when there is such an act.
            stop: ends the writing soon after it is set.
            retell: gives a model that puts what was measured into its own words, and its dialogue.

        Raises:
            WeightsError: a language model that is needed and cannot be had.
        """
        stop = stop or threading.Event()
        last = self.replies[-1] if self.replies else None
        understood = understand(question)
        self.state = self._told(question, understood, last)
        said = reply(understood, question, self.inspection, self.knowledge, state=self.state, last=last)
        said = with_model(said, self.language)
        self.replies.append(said)
        self.turns.append((question.put, said.text))
        if retell is not None and is_retold(understood, said):
            yield from self._retold(understood, question, said, retell, stop)
            return
        phrased = len(said.acts) == 1 and said.acts[0] in PHRASED and not said.exact and self._plainly_known()
        heard = writer() if phrased else None
        if heard is None:
            yield self._answer(question, said.text)
            return
        shown = ""
        for sentence in self._own_words(question, said, *heard, stop):
            shown = f"{shown} {sentence}".strip()
            yield self._answer(question, shown, WordsOf.MODEL)
        if not shown:
            yield self._answer(question, said.text, WordsOf.MODEL_REFUSED)
            return
        for sentence in said.cautions:
            shown = f"{shown} {sentence}"
        yield self._answer(question, shown, WordsOf.MODEL)

    def _told(self, question: Question, understood: Understanding, last: Reply | None) -> DialogueState:
        """The state with what a message tells on the way: that it is a scan, a size, what a region is called."""
        before, stated, thing = self.state, told_scan(plain(question.text)), self.inspection.object_name
        scales = [one.slots.scale for one in understood.acts if one.slots.scale is not None]
        told = [scale for scale in scales if not is_of_mark(scale) and not is_of_part(scale, thing)]
        called = called_in(understood, self.inspection, last.focus if last else ())
        return replace(
            before,
            told_scan=before.told_scan if stated is None else stated,
            told_scale=told[-1] if told else before.told_scale,
            called={**before.called, **called},
            heard=self._heard(question),
        )

    def _heard(self, question: Question) -> tuple[str, ...]:
        """The last answers; none where the same is asked again."""
        asked = {put.strip().lower() for put, _ in self.turns}
        return () if question.put.strip().lower() in asked else tuple(answer for _, answer in self.turns[-HEARD:])

    def _plainly_known(self) -> bool:
        """Whether something is marked, and all that is known of its kind makes sense on the object."""
        regions = self.inspection.regions
        entry = self.knowledge.find(regions[0].type) if regions else None
        return bool(regions) and (entry is None or is_plain(entry, self.inspection.object_name))

    def undo(self) -> None:
        """Take back the last reply."""
        del self.replies[-1:], self.turns[-1:]

    def _retold(
        self,
        understood: Understanding,
        question: Question,
        said: Reply,
        retell: Callable[[], tuple[ChatLanguageModel, ChatDialogue]],
        stop: threading.Event,
    ) -> Iterator[Answer]:
        """What was measured in a model's own words as far as they hold, else as it is; marked where the model cannot be asked."""
        model, dialogue = retell()
        turns, shown, mark, words_of = tuple(self.turns[:-1]), "", "", None
        retelling = Retelling(question, said, self.inspection, turns, stop, is_sure(understood))
        try:
            for sentence in retelling.sentences(model, dialogue):
                shown = f"{shown}{sentence}".lstrip()
                self.turns[-1] = (question.put, shown)
                yield self._answer(question, shown, WordsOf.MODEL)
        except ServerError as error:
            model.tell(error)
            mark, words_of = UNHEARD, WordsOf.MODEL_UNREACHABLE
        if stop.is_set() and shown:
            return
        text = " ".join([shown, *said.cautions]) if shown else said.text
        self.turns[-1] = (question.put, text)
        words_of = words_of or (WordsOf.MODEL if shown else WordsOf.MODEL_REFUSED)
        yield self._answer(question, f"{text} {mark}".strip(), words_of)

    def _own_words(
        self, question: Question, said: Reply, model: DraftWriter[Any], dialogue: DraftDialogue, stop: threading.Event
    ) -> Iterator[str]:
        """Sentences of the model that hold, one by one; it is not heard any further after one that does not.

        Its dialogue is left as it was: what it said may not be what was shown, and most turns are none of its own.
        """
        rest, told = "", 0
        before = {one.text for one in self.replies[:-1]}
        enough = _StopToo(stop)
        with closing(cast(Any, model.stream(dialogue, question.put, stop=enough))) as pieces:
            for piece in pieces:
                rest += piece
                while told < MOST_SENTENCES and (found := _WHOLE.match(rest)) is not None:
                    sentence, rest, told = found[0].strip(), rest[found.end() :], told + 1
                    if sentence in before or not self._holds(sentence, question, said):
                        told, rest = MOST_SENTENCES, ""
                        break
                    yield sentence
                if told == MOST_SENTENCES:
                    break
        last, ended = rest.strip(), dialogue.ended and not stop.is_set()
        dialogue.undo()
        whole = ended and told < MOST_SENTENCES and last.endswith((".", "!", "?"))
        if whole and last not in before and self._holds(last, question, said):
            yield last

    def _holds(self, sentence: str, question: Question, said: Reply) -> bool:
        facts = f"{said.text} {evidence_text(self.inspection, self.knowledge)}"
        return (
            _BEGUN.match(sentence) is None
            and not read(sentence).severities
            and not contradicts(sentence, self.inspection, question)
            and (sentence in said.text or not asserts_cause(sentence))
            and not directions(sentence) - directions(said.text)
            and addresses(sentence, question, self.inspection, self.knowledge)
            and invented(sentence, said.text, question.text) <= INVENTED
            and numbers_of(sentence) <= numbers_of(facts) | numbers_of(question.text)
        )

    def _answer(self, question: Question, text: str, words_of: WordsOf = WordsOf.MEASUREMENTS) -> Answer:
        return Answer(question.text, text, stated_verdict(text, question), False, words_of)


def numbers_of(text: str) -> frozenset[str]:
    """Numbers in digits, without zeros at their ends.

    >>> sorted(numbers_of("0.860 of 300 px, 3.1 %"))
    ['.86', '3.1', '300']
    """
    found = re.findall(r"\d*\.?\d+", text)
    return frozenset(n.lstrip("0").rstrip("0").rstrip(".") if "." in n else n.lstrip("0") or "0" for n in found)
