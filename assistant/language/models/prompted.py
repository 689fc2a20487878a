"""A small base language model that is only prompted, for presets without trained language parts.

The model is told the evidence as text; it sees no picture. A small model is weak: what it says is checked against the
evidence (:mod:`assistant.reading.faithfulness`), asked for once more with the facts alone before it, and replaced by the
template answer when it still does not hold. Its words are given as they are written; only the last answer is checked.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant.language.interface import EvidenceKind, LanguageModel
from assistant.language.models.instructions import Message, Turn, messages_of
from assistant.language.tokens.generation import LIKELIEST, written
from assistant.language.tokens.stopping import RepetitionStop, StopSignal
from assistant.reading.faithfulness import contradicts, stated_verdict
from assistant.reading.question import Question
from assistant.types import Answer, Inspection, WordsOf
from assistant.vocabulary.knowledge import Knowledge, load_knowledge
from assistant.words import wording
from assistant.words.answer_checks import addresses, invented
from assistant.words.evidence import caption, evidence_text
from assistant.words.template_answers import answer_from_evidence, notice

if TYPE_CHECKING:
    from assistant.language.tokens.projector import EncodedImage

DECLINED = "The picture and its anomaly map do not tell that."
INVENTED = 0.2
"""Largest share of content words an answer may bring from nowhere."""
MAX_NEW_TOKENS = 80

_HEDGED = re.compile(r"^[^.]*\b(?:possibly|only just)\b")
_HEDGE = re.compile(r"\b(?:possibl[ey]|perhaps|may|might|only just|uncertain|not sure|\d+ ?%)")
"""Doubt in the note's first sentence has to come back in the answer."""


@dataclass(eq=False)
class PromptedDialogue:
    """A conversation as turns in words.

    Args:
        inspection: what the numbers say.
        turns: so far.
    """

    inspection: Inspection
    turns: list[Turn] = field(default_factory=list)
    _before: int = 0

    def begin(self) -> tuple[Turn, ...]:
        """The turns before the one that begins."""
        self._before = len(self.turns)
        return tuple(self.turns)

    def undo(self) -> None:
        """Take back the last question and its answer; once after each answer."""
        del self.turns[self._before :]


class PromptedLanguageModel(LanguageModel[PromptedDialogue]):
    """The base language model of the ``mini`` preset, answering from the evidence text; greedy, so deterministic.

    Loaded at the first question. One question is worked on at a time, whatever the number of threads.

    Args:
        folder: with weights, tokenizer and chat template; the ``smollm2`` tower when None.
        knowledge: the package's own when None.
        dtype: "float32", "bfloat16", or "auto" for the faster one on this processor.
        max_new_tokens: longest answer.
    """

    def __init__(
        self,
        folder: Path | None = None,
        knowledge: Knowledge | None = None,
        dtype: str = "auto",
        max_new_tokens: int = MAX_NEW_TOKENS,
    ) -> None:
        self._folder, self._dtype, self._max_new_tokens = folder, dtype, max_new_tokens
        self._knowledge = knowledge or load_knowledge()
        self._lock = threading.RLock()
        self._model: Any = None
        self._tokenizer: Any = None
        self._past: Any = None
        self._past_ids: list[int] = []

    def open(self, inspection: Inspection, encoded: EncodedImage | None = None) -> PromptedDialogue:
        """A dialogue that has not begun; ``encoded`` is not needed."""
        return PromptedDialogue(inspection)

    def reply(
        self,
        dialogue: PromptedDialogue,
        question: Question,
        *,
        stop: threading.Event | None = None,
        evidence: EvidenceKind = "both",
    ) -> Iterator[Answer]:
        """The answer as it grows; the last one is checked and may differ from those before.

        The turn counts from its first word on, also when the answer is stopped or nobody reads it to its end.

        Args:
            dialogue: grows by one turn.
            question: read.
            stop: ends the writing; what was written by then is the answer. Set when nobody reads any more.
            evidence: of no account: the model is told the evidence text always, and nothing else.

        Raises:
            WeightsError: the model's folder cannot be had or read.
        """
        past = dialogue.begin()
        template = answer_from_evidence(question, dialogue.inspection, self._knowledge)
        note = template or caption(dialogue.inspection, self._knowledge)
        for answer in self._growing(dialogue.inspection, past, question, template, stop or threading.Event()):
            dialogue.turns[len(past) :] = [(question.text, note, answer.text)]
            yield answer

    def _growing(
        self,
        inspection: Inspection,
        turns: Sequence[Turn],
        question: Question,
        template: str | None,
        stop: threading.Event,
    ) -> Iterator[Answer]:
        """What is being written, then the first that holds of: that, an answer without past turns, the template answer.

        The note of a question that is understood is what the evidence says on it; of another, the whole evidence.
        """
        if question.unanswerable:
            yield self._finished(DECLINED, question, inspection, WordsOf.MEASUREMENTS)
            return
        evidence = evidence_text(inspection, self._knowledge)
        note = template or evidence
        told = [turn for turn in turns if turn[2]]
        said_before = {answer for _, _, answer in told}
        for past in (told, []) if told else (told,):
            text = ""
            for piece in self._pieces(messages_of(past, question.text, note), stop):
                text += piece
                if so_far := _own_words(text):
                    yield Answer(question.text, so_far)
            if stop.is_set():
                so_far = _own_words(text)
                written = self._finished(so_far, question, inspection, WordsOf.MODEL)
                yield written if so_far else Answer(question.text, "")
                return
            text = _complete_sentences(text)
            new = text and (text not in said_before or text == note)
            if new and self._holds(text, question, inspection, (note, evidence)):
                yield self._finished(text, question, inspection, WordsOf.MODEL)
                return
        yield self._finished(template or DECLINED, question, inspection, WordsOf.MODEL_REFUSED)

    def _holds(self, text: str, question: Question, inspection: Inspection, told: tuple[str, str]) -> bool:
        """Whether the model's words may be given; ``told`` is the note and the evidence."""
        return (
            not contradicts(text, inspection, question)
            and addresses(text, question, inspection, self._knowledge)
            and invented(text, *told, question.text) <= INVENTED
            and (_HEDGED.search(told[0]) is None or _HEDGE.search(text) is not None)
            and not re.search(r"\bnotes?\b|\bpicture is (?:at|an?)\b|\bno, no\b", text.lower())
        )

    def _finished(self, text: str, question: Question, inspection: Inspection, words_of: WordsOf) -> Answer:
        for sentence in notice(question, inspection, self._knowledge):
            if wording.RESEARCH_NOTICE.rstrip(".").lower() not in text.lower():
                text = f"{text} {sentence}"
        wrong = contradicts(text, inspection, question)
        return Answer(question.text, text, stated_verdict(text, question), wrong, words_of)

    def _pieces(self, messages: list[Message], stop: threading.Event) -> Iterator[str]:
        """The model's words as they come."""
        self._load()
        prompt = self._tokenizer.apply_chat_template(messages, add_generation_prompt=True, tokenize=False)
        ids = self._tokenizer(prompt, add_special_tokens=False).input_ids

        def work(streamer: Any) -> None:
            with self._lock:
                if stop.is_set():
                    streamer.end()
                else:
                    self._generate(ids, streamer, stop)

        yield from written(self._tokenizer, work, stop)

    def _generate(self, ids: list[int], streamer: Any = None, stop: threading.Event | None = None) -> list[int]:
        """Greedy continuation; what this prompt shares with the last one is not computed again. The lock is held."""
        import torch

        cache, self._past = self._shared_cache(ids), None
        given = torch.tensor([ids])
        with torch.inference_mode():
            out = self._model.generate(
                given,
                attention_mask=torch.ones_like(given),
                past_key_values=cache,
                max_new_tokens=self._max_new_tokens,
                **LIKELIEST,
                pad_token_id=self._tokenizer.pad_token_id,
                eos_token_id=self._tokenizer.eos_token_id,
                return_dict_in_generate=True,
                stopping_criteria=[RepetitionStop(len(ids)), StopSignal(stop or threading.Event())],
                streamer=streamer,
            )
        every = [int(i) for i in out.sequences[0]]
        self._past = out.past_key_values
        self._past_ids = every[: self._past.get_seq_length()]
        return every[len(ids) :]

    def _shared_cache(self, ids: list[int]) -> Any:
        """What is kept of the last prompt, cut to what this one begins with; None where that is nothing."""
        shared = 0
        for a, b in zip(ids[:-1], self._past_ids, strict=False):
            if a != b:
                break
            shared += 1
        if self._past is None or shared == 0:
            return None
        if (surplus := self._past.get_seq_length() - shared) > 0:
            self._past.crop(-surplus)
        return self._past

    def _load(self) -> None:
        """Model and tokenizer, once."""
        with self._lock:
            if self._model is not None:
                return
            import torch

            from assistant.language.models.mini_parts import load_base
            from assistant.towers.precision import best_dtype

            folder = self._folder
            if folder is None:
                from assistant.towers.weights import tower_path

                folder = tower_path("smollm2")
            dtype = best_dtype("auto", torch.device("cpu")) if self._dtype == "auto" else getattr(torch, self._dtype)
            self._model, self._tokenizer = load_base(folder, dtype)


def _own_words(text: str) -> str:
    """The text on one line, up to where the model invents a next turn."""
    return " ".join(re.split(r"\b(?:Question|Note):", text)[0].split())


def _complete_sentences(text: str) -> str:
    """The text to its last complete sentence, on one line, without repeated sentences or invented next turns."""
    sentences = re.findall(r"(?:[^.!?]|[.](?=\d))+[.!?]+", _own_words(text))
    return " ".join(dict.fromkeys(sentence.strip() for sentence in sentences))
