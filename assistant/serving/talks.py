"""Open conversations, kept by name or by what was said in them; the one idle longest goes first.

Chat completions hold no state: a client sends the whole conversation each time. A conversation that has come so far is found by
its pictures and questions, and goes on; one that was let go, or that a client branched off, is held anew from its questions.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar

from assistant.types import Answer, Inspection

if TYPE_CHECKING:
    from assistant.language.conversation import Conversation

V = TypeVar("V")


@dataclass(eq=False)
class Talk:
    """One conversation on one picture.

    Args:
        conversation: with the assistant.
        answers: given so far.
        lock: held while one is written; a picture has one answer at a time.
    """

    conversation: Conversation
    answers: list[Answer] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def inspection(self) -> Inspection:
        """Of the picture."""
        return self.conversation.inspection


def held_bytes(inspection: Inspection) -> int:
    """What a picture and its map take of the memory."""
    return inspection.image.pixels.nbytes + 4 * inspection.image.height * inspection.image.width


class Kept(Generic[V]):
    """Values by name, as many as fit; those idle longest go first. May be used from several threads.

    Args:
        most: values.
        most_bytes: of all together.
        seconds: after which an idle one goes.
        size: of a value, bytes.
    """

    def __init__(self, most: int, most_bytes: float, seconds: float, size: Callable[[V], int]) -> None:
        self._most, self._most_bytes, self._seconds, self._size = most, most_bytes, seconds, size
        self._values: OrderedDict[str, tuple[float, int, V]] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        with self._lock:
            self._clear()
            return len(self._values)

    def put(self, value: V, name: str | None = None) -> str:
        """Keep a value; the name it is kept by, which cannot be guessed where none is given."""
        name = name or secrets.token_urlsafe(18)
        with self._lock:
            self._values.pop(name, None)
            self._values[name] = (time.monotonic(), self._size(value), value)
            self._clear()
        return name

    def get(self, name: str) -> V | None:
        """The value of a name, as used now; None where there is none."""
        with self._lock:
            self._clear()
            if (found := self._values.pop(name, None)) is None:
                return None
            self._values[name] = (time.monotonic(), *found[1:])
            return found[2]

    def take(self, name: str) -> V | None:
        """The value of a name, which is kept no longer."""
        with self._lock:
            self._clear()
            found = self._values.pop(name, None)
            return None if found is None else found[2]

    def _clear(self) -> None:
        oldest = time.monotonic() - self._seconds
        while self._values:
            used, _, _ = next(iter(self._values.values()))
            total = sum(size for _, size, _ in self._values.values())
            alone = len(self._values) == 1
            if used >= oldest and len(self._values) <= self._most and (alone or total <= self._most_bytes):
                return
            self._values.popitem(last=False)


def held_anew(talk: Talk, questions: Sequence[str]) -> None:
    """Put the questions of an earlier conversation, as if it had been held here."""
    talk.answers.extend(talk.conversation.ask(question) for question in questions)
