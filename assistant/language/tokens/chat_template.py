"""Conversations -> token ids with slots and a supervision mask: the one renderer of training and inference.

A conversation is rendered in pieces that are tokenised apart, cut at the ends of turns. So the ids of turns 1..n begin the
ids of turns 1..n+1, whatever the tokenizer merges, and what a model wrote is kept as its own ids. Words of users are never
read as special tokens. Placeholders and evidence stand in the first user turn, before the question.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import torch
from jaxtyping import Int
from torch import Tensor

from assistant.errors import ConfigError

IGNORE_INDEX = -100
"""Label of a token that is not supervised."""
SYSTEM = (
    "You are an inspection assistant. You see a picture and its anomaly map. Answer truly and shortly, and say when the "
    "picture does not tell."
)


@dataclass(frozen=True)
class Slots:
    """Tokens that stand for vectors, before the first question.

    Args:
        image: ids of the picture's tokens with whatever surrounds them; empty for none.
        anomaly: ids of the placeholders of prompt embeddings; empty for none.
    """

    image: tuple[int, ...] = ()
    anomaly: tuple[int, ...] = ()


def find_block(ids: tuple[int, ...] | list[int], block: tuple[int, ...]) -> int:
    """Where a block of ids begins."""
    for start in range(len(ids) - len(block) + 1):
        if tuple(ids[start : start + len(block)]) == block:
            return start
    raise ConfigError("a prompt with the picture's tokens", "none", "render the conversation anew")


@dataclass(frozen=True)
class ChatFormat:
    """The text between the words of a conversation, as the model's own template writes it.

    Args:
        system: before the system's words.
        user: between the system's words and the first user's.
        assistant: between a user's words and the assistant's.
        end: ends an assistant's turn; supervised.
        next_user: after ``end``, before the next user's words.
        bare: before the first user's words when no system's words are given.
    """

    system: str
    user: str
    assistant: str
    end: str
    next_user: str
    bare: str

    @classmethod
    def of(cls, tokenizer: Any, end: str | None = None) -> ChatFormat:
        """Read from a tokenizer's (or processor's) chat template.

        Args:
            tokenizer: with ``apply_chat_template``.
            end: text of the token that ends a turn; the tokenizer's own when None.

        Raises:
            ConfigError: a template that does not keep words as they are or ends turns otherwise.
        """
        end = end or str(getattr(tokenizer, "tokenizer", tokenizer).eos_token)
        words = ("Wsystem", "Wfirst", "Wsaid", "Wsecond")
        roles = ("system", "user", "assistant", "user")
        whole = _rendered(tokenizer, [_message(r, w) for r, w in zip(roles, words, strict=True)])
        bare = _rendered(tokenizer, [_message("user", "Wfirst")])
        pieces, rest = list[str](), whole
        for word in words:
            before, found, rest = rest.partition(word)
            if not found:
                raise ConfigError("a chat template with system, user and assistant", "another", "choose another model")
            pieces.append(before)
        if not pieces[3].startswith(end):
            raise ConfigError(f"a chat template that ends turns with {end}", pieces[3], "name the end of a turn")
        return cls(pieces[0], pieces[1], pieces[2], end, pieces[3][len(end) :], bare.partition("Wfirst")[0])


def _message(role: str, text: str) -> dict[str, Any]:
    return {"role": role, "content": text}


def _rendered(tokenizer: Any, messages: list[dict[str, Any]]) -> str:
    def apply(given: list[dict[str, Any]]) -> str:
        return str(tokenizer.apply_chat_template(given, tokenize=False, add_generation_prompt=True))

    try:
        plain = apply(messages)
    except (TypeError, KeyError, ValueError):
        plain = ""
    if messages[-1]["content"] in plain:
        return plain
    parts = [{**m, "content": [{"type": "text", "text": m["content"]}]} for m in messages]
    return apply(parts)


@dataclass(frozen=True)
class LabelledIds:
    """Token ids, and labels of the same length: an id where it is supervised, :data:`IGNORE_INDEX` elsewhere."""

    ids: tuple[int, ...]
    labels: tuple[int, ...]

    def __add__(self, other: LabelledIds) -> LabelledIds:
        return LabelledIds(self.ids + other.ids, self.labels + other.labels)


KEPT = 512
"""Texts whose ids a renderer keeps, of each kind: most of what it spells is of the template, or was asked before."""
Messages = Sequence[dict[str, str]]
"""Messages ``{role, content}``: user and assistant in turn, the user first."""


class Renderer:
    """Renders conversations for one model.

    Args:
        tokenizer: of the model.
        chat_format: from its template when None.
        system: words of the system.
    """

    def __init__(self, tokenizer: Any, chat_format: ChatFormat | None = None, system: str = SYSTEM) -> None:
        self.tokenizer = tokenizer
        # tokenizers keep the setting in themselves: one for words alone leaves the other unchanged under several threads
        self._spelling = deepcopy(tokenizer)
        self._lock = threading.Lock()
        self._special, self._plain = (lru_cache(KEPT)(spell) for spell in (self._spell_special, self._spell_plain))
        self.format = chat_format or ChatFormat.of(tokenizer)
        self.system = system
        self.end_ids = self._special(self.format.end)

    def head(self, slots: Slots, evidence: str | None = None) -> tuple[int, ...]:
        """Ids from the start to where the first question begins: what all conversations on a picture share."""
        f = self.format
        head = (*self._special(f.system), *self._plain(self.system), *self._special(f.user))
        if slots.image:
            head += (*self._plain("Picture:"), *slots.image, *self._plain("\n"))
        if slots.anomaly:
            head += (*self._plain("Anomaly map:"), *slots.anomaly, *self._plain("\n"))
        if evidence:
            head += self._plain(f"Evidence:\n{evidence}\n")
        return head

    def opening(self, question: str, slots: Slots, evidence: str | None = None) -> tuple[int, ...]:
        """Ids from the start to where the assistant begins to speak."""
        return (*self.head(slots, evidence), *self._plain(question), *self._special(self.format.assistant))

    def following(self, question: str) -> tuple[int, ...]:
        """Ids after a finished answer (its end of turn included) to where the assistant speaks again."""
        f = self.format
        return (*self._special(f.next_user), *self._plain(question), *self._special(f.assistant))

    def answer(self, text: str) -> tuple[int, ...]:
        """Ids of an answer with its end of turn."""
        return (*self._plain(text), *self.end_ids)

    def words(self, text: str) -> tuple[int, ...]:
        """Ids of words alone."""
        return self._plain(text) if text else ()

    def render(self, conversation: Messages, slots: Slots, evidence: str | None = None) -> LabelledIds:
        """A whole conversation, the assistant's turns supervised.

        Raises:
            ConfigError: roles that do not alternate from the user on.
        """
        head = self.head(slots, evidence)
        return LabelledIds(head, (IGNORE_INDEX,) * len(head)) + self.turns(conversation)

    def turns(self, conversation: Messages) -> LabelledIds:
        """A conversation without its head.

        Raises:
            ConfigError: roles that do not alternate from the user on.
        """
        roles = [message["role"] for message in conversation]
        if not roles or roles != ["user", "assistant"] * (len(roles) // 2):
            raise ConfigError("user and assistant in turn", ", ".join(roles) or "nothing", "mend the conversation")
        whole = LabelledIds((), ())
        for at in range(0, len(conversation), 2):
            question, answer = conversation[at]["content"], conversation[at + 1]["content"]
            between = self._special(self.format.next_user) if at else ()
            asked = (*between, *self._plain(question), *self._special(self.format.assistant))
            said = self.answer(answer)
            whole += LabelledIds(asked, (IGNORE_INDEX,) * len(asked)) + LabelledIds(said, said)
        return whole

    def bare(self, prompt: str) -> tuple[int, ...]:
        """Ids of a general prompt as the base model's own template has it, without our system's words."""
        return (*self._special(self.format.bare), *self._plain(prompt), *self._special(self.format.assistant))

    def render_bare(self, prompt: str, answer: str) -> LabelledIds:
        """A general prompt with its answer, the answer supervised."""
        asked, said = self.bare(prompt), self.answer(answer)
        return LabelledIds(asked, (IGNORE_INDEX,) * len(asked)) + LabelledIds(said, said)

    def _spell_special(self, text: str) -> tuple[int, ...]:
        with self._lock:
            return tuple(self.tokenizer(text, add_special_tokens=False).input_ids)

    def _spell_plain(self, text: str) -> tuple[int, ...]:
        """Words as words: text that looks like a special token is spelled out."""
        with self._lock:
            return tuple(self._spelling(text, add_special_tokens=False, split_special_tokens=True).input_ids)


@dataclass(frozen=True, eq=False)
class ChatBatch:
    """Rendered conversations of one length.

    Args:
        input_ids: padded.
        attention_mask: 1 where a token is.
        labels: :data:`IGNORE_INDEX` where not supervised or padded.
    """

    input_ids: Int[Tensor, "batch length"]
    attention_mask: Int[Tensor, "batch length"]
    labels: Int[Tensor, "batch length"]


def collate(rendered: Sequence[LabelledIds], pad_id: int, side: str = "right") -> ChatBatch:
    """Pad conversations to the longest, at the right (training) or the left (generating for several).

    Raises:
        ConfigError: another side.
    """
    if side not in ("left", "right"):
        raise ConfigError("padding at the left or the right", side, "choose one")
    longest = max(len(r.ids) for r in rendered)

    def padded(values: tuple[int, ...], fill: int) -> list[int]:
        more = [fill] * (longest - len(values))
        return [*more, *values] if side == "left" else [*values, *more]

    return ChatBatch(
        torch.tensor([padded(r.ids, pad_id) for r in rendered]),
        torch.tensor([padded((1,) * len(r.ids), 0) for r in rendered]),
        torch.tensor([padded(r.labels, IGNORE_INDEX) for r in rendered]),
    )
