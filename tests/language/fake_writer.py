"""A writer of chats that writes what it is given, and keeps what it was told."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from assistant.errors import ServerError
from assistant.language.chat_model import ChatLanguageModel
from assistant.language.spoken import Spoken
from assistant.language.writers.message import MOST_TOKENS, Message, Usage, Words
from assistant.reading.question import read_question
from assistant.types import Answer, Inspection
from assistant.vocabulary.knowledge import load_knowledge


class FakeWriter:
    """Writes texts one after the other, word by word; None stands for a server that is down."""

    in_flight = 1

    def __init__(self, *texts: str | None, sees: bool = False, ended: bool = True) -> None:
        self.texts, self.seeing, self.ended, self.name = list(texts), sees, ended, "a fake"
        self.told: list[Sequence[Message]] = []
        self.choices: list[Sequence[str]] = []
        self.words = 0
        self.usage = Usage()

    def sees(self) -> bool:
        return self.seeing

    def write(
        self, messages: Sequence[Message], *, stop: threading.Event, most_tokens: int = MOST_TOKENS,
        choices: Sequence[str] = (),
    ) -> Words:  # fmt: skip
        self.told.append(messages)
        self.choices.append(choices)
        text = self.texts[min(len(self.told), len(self.texts)) - 1]
        if text is None:
            raise ServerError("an answer of the model server", "nothing", "start it")
        for number, word in enumerate(text.split(" ")):
            if stop.is_set():
                return False
            self.words += 1
            yield f"{' ' if number else ''}{word}"
        return self.ended


def states(writer: FakeWriter, found: Inspection, *questions: str) -> list[Answer]:
    """Every state of the answer to the last question of a conversation that somebody would see."""
    talk = Spoken(found, load_knowledge())
    model = ChatLanguageModel(writer)
    dialogue = model.open(found)
    for question in questions[:-1]:
        list(talk.answers(read_question(question), retell=lambda: (model, dialogue)))
    return list(talk.answers(read_question(questions[-1]), retell=lambda: (model, dialogue)))
