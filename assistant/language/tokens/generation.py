"""Words out of a transformers model, piece by piece: a worker thread, a way to stop it, and a cache kept across turns.

Of a conversation the ids are kept, never only the text; what the cache already holds of them is not computed again. One
model is run by one thread at a time, so conversations may be interleaved freely.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from assistant.language.tokens.injection import model_lock
from assistant.language.tokens.stopping import RepetitionStop, StopSignal

LIKELIEST: dict[str, Any] = {
    "do_sample": False, "temperature": None, "top_k": None, "top_p": None, "num_beams": 1, "num_return_sequences": 1,
    "repetition_penalty": 1.0, "no_repeat_ngram_size": 0, "min_length": 0, "min_new_tokens": None,
    "exponential_decay_length_penalty": None,
}  # fmt: skip
"""Options of ``generate`` that take the likeliest word, whatever a model's own ``generation_config`` prefers."""
POLL = 0.2
"""Seconds after which a reader looks whether its worker still lives."""
WRITERS = 32
"""Answers that may be waited for at once; a model writes one at a time."""


@dataclass(frozen=True)
class DecodingOptions:
    """How words are chosen.

    Args:
        max_new_tokens: longest answer.
        temperature: 0 takes the likeliest word, always the same; above, words are drawn.
        seed: of the draws.
    """

    max_new_tokens: int = 160
    temperature: float = 0.0
    seed: int = 0


@dataclass(eq=False)
class Talk:
    """The ids of one conversation and what is computed of them.

    Args:
        ids: everything said so far, ends of turns included.
        fixed: leading ids that hold placeholders; computed at once or not at all.
        before: how many ids there were before the last question.
        cache: keys and values of ``cached``.
        cached: the ids the cache holds.
        carried: attributes of the model that belong to this cache.
        ended: the last answer was finished by the model itself.
    """

    ids: list[int] = field(default_factory=list)
    fixed: int = 0
    before: int = 0
    cache: Any = None
    cached: list[int] = field(default_factory=list)
    carried: dict[str, Any] = field(default_factory=dict)
    ended: bool = True

    def undo(self) -> None:
        """Take back the last question and its answer."""
        del self.ids[self.before :]


@dataclass(frozen=True, eq=False)
class Prompt:
    """A question put in a conversation.

    Args:
        talk: so far.
        asked: ids of the question, up to where the assistant speaks.
        begin: ids the answer is made to begin with.
    """

    talk: Talk
    asked: tuple[int, ...]
    begin: tuple[int, ...] = ()


class Speaker:
    """One model that writes.

    Args:
        model: transformers model with ``generate``.
        tokenizer: of the model.
        end_ids: what ends a turn; the first of them stops the writing.
        reserved: tokens that are never written.
        decoding: how words are chosen.
    """

    def __init__(
        self,
        model: Any,
        tokenizer: Any,
        end_ids: Sequence[int],
        reserved: Sequence[int],
        decoding: DecodingOptions | None = None,
    ) -> None:
        self.model, self.tokenizer = model, tokenizer
        self.end_ids, self.reserved = list(end_ids), list(reserved)
        self.decoding = decoding or DecodingOptions()

    @property
    def options(self) -> dict[str, Any]:
        """How ``generate`` is to choose words and when to end."""
        drawn = self.decoding.temperature > 0
        return {
            "max_new_tokens": self.decoding.max_new_tokens,
            "pad_token_id": self.end_ids[0],
            "eos_token_id": self.end_ids[0],
            "suppress_tokens": self.reserved or None,
            **LIKELIEST,
            **(
                {"do_sample": True, "temperature": self.decoding.temperature, "top_k": 50, "top_p": 1.0}
                if drawn
                else {}
            ),
        }

    @contextmanager
    def drawing(self) -> Iterator[None]:
        """What holds while words are chosen: where they are drawn torch's generator is seeded, and given back as it was."""
        import torch

        if self.decoding.temperature <= 0:
            yield
            return
        with torch.random.fork_rng():
            torch.manual_seed(self.decoding.seed)
            yield

    def speak(
        self,
        prompt: Prompt,
        showing: Callable[[], AbstractContextManager[None]] = nullcontext,
        inputs: Callable[[list[int]], dict[str, Any]] = lambda ids: {},
        stop: threading.Event | None = None,
    ) -> Iterator[str]:
        """Text of the answer in pieces; the talk grows by question and answer.

        Args:
            prompt: the question and its conversation.
            showing: what holds while placeholders are read.
            inputs: further inputs of the model for a prompt that is read from its start.
            stop: ends the writing soon after it is set.
        """
        talk = prompt.talk
        talk.before = len(talk.ids)
        talk.ids += [*prompt.asked, *prompt.begin]
        start = len(talk.ids)
        stop = stop or threading.Event()

        def work(streamer: Any) -> None:
            try:
                with model_lock(self.model):
                    self._write(talk, start, showing, inputs, [StopSignal(stop), RepetitionStop(start)], streamer)
            except BaseException:
                talk.undo()
                talk.cache, talk.cached = None, []
                raise

        first = self.tokenizer.decode(list(prompt.begin), skip_special_tokens=True) if prompt.begin else ""
        yield from written(self.tokenizer, work, stop, first)

    def _write(self, talk: Talk, start: int, showing: Any, inputs: Any, criteria: list[Any], streamer: Any) -> None:
        """Generate after the talk's ids, in the worker; the lock is held."""
        import torch

        cache = _cropped(talk)
        fresh = cache is None
        ids = torch.tensor([talk.ids], device=self.model.device)
        carry(self.model, {} if fresh else talk.carried)
        with torch.inference_mode(), self.drawing(), showing() if fresh else nullcontext():
            out = self.model.generate(
                input_ids=ids,
                attention_mask=torch.ones_like(ids),
                past_key_values=cache,
                return_dict_in_generate=True,
                stopping_criteria=criteria,
                streamer=streamer,
                **self.options,
                **(inputs(talk.ids) if fresh else {}),
            )
        every = [int(i) for i in out.sequences[0]]
        talk.ended = every[-1] == self.end_ids[0] and len(every) > start
        talk.cache, talk.carried = out.past_key_values, _carried(self.model)
        talk.cached = every[: talk.cache.get_seq_length()]
        talk.ids = [*(every[:-1] if talk.ended else every), *self.end_ids]


def written(tokenizer: Any, work: Callable[[Any], None], stop: threading.Event, first: str = "") -> Iterator[str]:
    """Pieces of text that a worker thread writes; closed early, it makes the worker stop and waits for it.

    Args:
        tokenizer: turns ids into text.
        work: called in the worker with a streamer; what it raises is raised here.
        stop: set when nobody reads any more.
        first: a piece that needs no writing.
    """
    from transformers import TextIteratorStreamer

    streamer: Any = TextIteratorStreamer(
        tokenizer, skip_prompt=True, timeout=POLL, skip_special_tokens=True, clean_up_tokenization_spaces=False
    )

    def guarded() -> None:
        try:
            work(streamer)
        except BaseException as error:  # noqa: BLE001  raised where the pieces are read
            streamer.text_queue.put(error)

    worker = _writers().submit(guarded)
    read = False
    try:
        if first:
            yield first
        yield from _read(streamer, worker)
        read = True
    finally:
        if not read:
            stop.set()
        wait([worker])


@cache
def _writers() -> ThreadPoolExecutor:
    """Threads that write. They stay: a new one would start threads of its own for the matrix products of each answer."""
    return ThreadPoolExecutor(WRITERS, "writer")


def _read(streamer: Any, worker: Future[None]) -> Iterator[str]:
    """Pieces as they come; the worker's error where it failed."""
    while True:
        try:
            piece = streamer.text_queue.get(timeout=POLL)
        except queue.Empty:
            if worker.done() and streamer.text_queue.empty():
                return
            continue
        if isinstance(piece, BaseException):
            raise piece
        if piece is None:
            return
        if piece:
            yield piece


def _cropped(talk: Talk) -> Any:
    """The talk's cache, cut to what it shares with the ids; None where the placeholders have to be read again."""
    shared = 0
    for a, b in zip(talk.ids[:-1], talk.cached, strict=False):
        if a != b:
            break
        shared += 1
    if talk.cache is None or shared < max(1, talk.fixed):
        return None
    if (surplus := talk.cache.get_seq_length() - shared) > 0:
        talk.cache.crop(-surplus)
    return talk.cache


CARRIED = "rope_deltas"
"""What multimodal models keep of the conversation they run beside the cache."""


def _carried(model: Any) -> dict[str, Any]:
    return {name: getattr(m, CARRIED) for name, m in model.named_modules() if hasattr(m, CARRIED)}


def carry(model: Any, values: dict[str, Any]) -> None:
    """Give a model back what it kept of a conversation."""
    for name, module in model.named_modules():
        if hasattr(module, CARRIED):
            setattr(module, CARRIED, values.get(name))
