"""Pictures in, inspections and answers out: what the routes call. Knows no web framework.

Looking is done by one thread and talking by another (:class:`~assistant.serving.seats.Workers`); reading what was sent happens
in the thread that looks as well, so that memory does not grow with the clients.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from assistant.errors import ConfigError, ProfileError
from assistant.serving.counters import Counters
from assistant.serving.pictures import Asked, Sent, read_sent
from assistant.serving.seats import Workers
from assistant.serving.settings import ServeSettings
from assistant.serving.talks import Kept, Talk, held_anew, held_bytes
from assistant.types import Answer, Inspection, ReasoningStep
from assistant.words.scene.dialogue_state import Earlier

if TYPE_CHECKING:
    from assistant.pipeline import Assistant
    from assistant.vision.references.profile import Profile

T = TypeVar("T")

MOST_TURNS = 40
"""Questions about one picture in one conversation."""
LONGEST_QUESTION = 4000
"""Characters."""
PROFILES_KEPT = 16
"""Reference sets that were sent, and saved profiles, that are kept in memory."""
PROFILE_ENDING = ".safetensors"
_PROFILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class Missing(Exception):
    """What a request names is not there.

    Args:
        expected, got, do: as errors of this package say it.
    """

    def __init__(self, expected: str, got: str, do: str) -> None:
        super().__init__(f"expected {expected}, got {got}; {do}")


@dataclass(frozen=True)
class Turns:
    """A conversation as a client sent it: pictures in their order, questions since the last of them.

    Args:
        pictures: the last is talked about.
        questions: about it; the last is to be answered. None asks for the caption.
        asked: what is asked of the pictures.
    """

    pictures: tuple[Sent, ...]
    questions: tuple[str, ...]
    asked: Asked


class Service:
    """A loaded assistant behind the routes.

    Args:
        assistant: loaded.
        settings: limits.
        workers: threads that work.
        counters: told of what was done.
    """

    def __init__(self, assistant: Assistant, settings: ServeSettings, workers: Workers, counters: Counters) -> None:
        self.assistant, self.settings = assistant, settings
        self._workers, self._counters = workers, counters
        quarter, seconds = settings.max_memory_mb * 2**20 / 4, settings.talk_seconds
        self.talks: Kept[Talk] = Kept(settings.max_talks, quarter, seconds, lambda t: held_bytes(t.inspection))
        self._said: Kept[Talk] = Kept(settings.max_talks, quarter, seconds, lambda t: held_bytes(t.inspection))
        self._inspected: Kept[Inspection] = Kept(settings.max_talks, quarter, seconds, held_bytes)
        self._profiles: Kept[Profile] = Kept(PROFILES_KEPT, quarter, seconds, _bank_bytes)

    async def inspect(self, sent: Sent, asked: Asked, told: Callable[[Inspection], T]) -> tuple[str, T]:
        """The name of the conversation that may be held on a picture, and what is told of its inspection.

        Args:
            sent: the picture.
            asked: what is asked of it.
            told: makes an answer of the inspection, beside it, in the thread that looks.

        Raises:
            AssistantError, Missing: what is wrong with the request.
        """

        def look() -> tuple[str, T]:
            found = self._inspect(sent, asked)
            return self.talks.put(Talk(self.assistant.open(found))), told(found)

        return await self._workers.look(look)

    async def ask(self, name: str, question: str) -> Answer:
        """The answer to a question about a picture inspected before.

        Raises:
            Missing: no such conversation.
            ConfigError: no question.
        """
        talk = self.talks.get(name)
        if talk is None:
            raise Missing("a session that is open", "an unknown or ended one", "inspect the picture again")
        *_, last = [answer async for answer in self._answers(talk, _question(question))]
        return last

    async def reason(self, name: str) -> tuple[ReasoningStep, ...]:
        """The verdict on a picture inspected before, reasoned out.

        Raises:
            Missing: no such conversation.
        """
        talk = self.talks.get(name)
        if talk is None:
            raise Missing("a session that is open", "an unknown or ended one", "inspect the picture again")
        inspection = talk.inspection
        *_, steps = [one async for one in self._workers.talk(lambda _: iter([self.assistant.reason(inspection)]))]
        return steps

    async def converse(self, turns: Turns) -> AsyncGenerator[tuple[Inspection, Answer]]:
        """The last question of a conversation, answered: the answer as it grows, the last one whole and checked.

        Raises:
            AssistantError, Missing: what is wrong with the request.
        """
        if len(turns.questions) > MOST_TURNS:
            got, do = str(len(turns.questions)), "begin another conversation"
            raise ConfigError(f"at most {MOST_TURNS} questions about one picture", got, do)
        key = self._key(turns)
        before = list(turns.questions[:-1])
        talk = self._said.take(_named(key, before))
        if talk is None:
            talk = await self._workers.look(lambda: self._opened(turns, key))
        if not turns.questions:
            caption = self.assistant.caption(talk.inspection)
            self._said.put(talk, _named(key, []))
            yield talk.inspection, Answer("", caption)
            return
        whole = False
        try:
            async for answer in self._answers(talk, _question(turns.questions[-1]), before):
                yield talk.inspection, answer
            whole = True
        finally:
            if whole:
                self._said.put(talk, _named(key, turns.questions))

    async def _answers(self, talk: Talk, question: str, before: Sequence[str] = ()) -> AsyncIterator[Answer]:
        def writing(stop: threading.Event) -> Iterator[Answer]:
            with talk.lock:
                if before and not talk.answers:
                    held_anew(talk, before)
                answer = Answer(question, "")
                for answer in talk.conversation.stream(question, stop=stop):
                    yield answer
                talk.answers.append(answer)

        async for answer in self._workers.talk(writing):
            yield answer
        self._counters.answered()

    def _opened(self, turns: Turns, key: str) -> Talk:
        *earlier, last = turns.pictures
        others = [Earlier(sent.name, self._known(sent, turns.asked)) for sent in earlier]
        return Talk(self.assistant.open(self._known(last, turns.asked), others=others))

    def _known(self, sent: Sent, asked: Asked) -> Inspection:
        """An inspection of a picture that may have been sent before, in the same place and compared with the same."""
        name = _digest(*sent.parts, sent.name.encode(), self._compared(asked), _options(asked))
        found = self._inspected.get(name)
        if found is None:
            found = self._inspect(sent, asked)
            self._inspected.put(found, name)
        return found

    def _key(self, turns: Turns) -> str:
        pictures = _digest(*(part for sent in turns.pictures for part in sent.parts))
        return _digest(pictures.encode(), self._compared(turns.asked), _options(turns.asked))

    def _compared(self, asked: Asked) -> bytes:
        """Tells what a picture is compared with from all else: a profile's name may stand for another one later.

        Raises:
            ConfigError, Missing: no such profile.
        """
        saved = "" if asked.profile is None else self._stamp(asked.profile)
        return _digest(saved.encode(), *(part for sent in asked.references for part in sent.parts)).encode()

    def _inspect(self, sent: Sent, asked: Asked) -> Inspection:
        inquiry = asked.inquiry()
        inquiry.require_comparable(
            references=bool(asked.references), profile=asked.profile is not None, anomalous=False
        )
        comparison = self._comparison(asked)
        image = read_sent(sent, self.settings.limits)
        if inquiry.domain is not None:
            image = replace(image, domain=inquiry.domain)
        found = self.assistant.examine(image, inquiry, comparison)
        self._counters.inspected(found.verdict)
        return found

    def _comparison(self, asked: Asked) -> Profile | None:
        if asked.profile is not None:
            return self._saved(asked.profile)
        if not asked.references:
            return None
        if len(asked.references) > self.settings.max_references:
            got, do = str(len(asked.references)), "build a profile of them instead"
            raise ProfileError(f"at most {self.settings.max_references} references", got, do)
        name = _digest(*(part for sent in asked.references for part in sent.parts), _options(asked))
        found = self._profiles.get(name)
        if found is None:
            pictures = [read_sent(sent, self.settings.limits) for sent in asked.references]
            found = self.assistant.comparison(asked.inquiry(), pictures)
            assert found is not None, "references make a profile"
            self._profiles.put(found, name)
        return found

    # saved profiles

    async def profiles(self) -> list[dict[str, Any]]:
        """Names of the saved profiles, with what they hold."""
        folder = self._folder()

        def told() -> list[dict[str, Any]]:
            names = [path.stem for path in sorted(folder.glob(f"*{PROFILE_ENDING}"))]
            return [self._told(name) for name in names if _named_well(name)]

        return await self._workers.look(told)

    async def build(self, name: str, asked: Asked) -> dict[str, Any]:
        """Make a profile of references that were sent, and save it.

        Raises:
            AssistantError, Missing: what is wrong with the request.
        """
        path = self._path(name)
        if not asked.references:
            raise ProfileError("at least one reference picture", "none", "send some as references")

        def build() -> dict[str, Any]:
            if path.exists():
                raise ConfigError("the name of no profile yet", name, "delete that one, or choose another name")
            self._comparison(replace(asked, profile=None)).save(path)  # type: ignore[union-attr]  # there are references
            return self._told(name)

        return await self._workers.look(build)

    def delete(self, name: str) -> None:
        """Remove a saved profile.

        Raises:
            Missing: there is none.
        """
        path = self._path(name)
        try:
            path.unlink()
        except OSError:
            raise Missing("the name of a saved profile", "another", "GET /profiles lists them") from None

    def _saved(self, name: str) -> Profile:
        from assistant.request import load_profile

        key = self._stamp(name)
        found = self._profiles.get(key)
        if found is None:
            found = load_profile(self._path(name))
            found.check(self.assistant.preset.name, self.assistant.weights)
            found.require_fit(self.assistant.detector.localizer)
            self._profiles.put(found, key)
        return found

    def _stamp(self, name: str) -> str:
        """A saved profile as it is now.

        Raises:
            ConfigError, Missing: no such profile.
        """
        try:
            found = self._path(name).stat()
        except OSError:
            raise Missing("the name of a saved profile", "another", "GET /profiles lists them") from None
        return f"{name}@{found.st_ino}.{found.st_mtime_ns}.{found.st_size}"

    def _told(self, name: str) -> dict[str, Any]:
        try:
            profile = self._saved(name)
        except ProfileError as error:
            return {"name": name, "object_name": None, "references": None, "fixed_camera": None, "error": str(error)}
        shots = 0 if profile.bank is None else profile.bank.shots
        return {
            "name": name, "object_name": profile.object_name, "references": shots,
            "fixed_camera": profile.window is not None, "error": None,
        }  # fmt: skip

    def _path(self, name: str) -> Path:
        if not _named_well(name):
            do = "letters, digits and ._- only"
            raise ConfigError("a profile's name of at most 64 characters", "another", do)
        return self._folder() / f"{name}{PROFILE_ENDING}"

    def _folder(self) -> Path:
        if self.settings.profiles is None:
            raise Missing("a server with profiles", "one without", "start it with --profiles FOLDER")
        return self.settings.profiles


def _named_well(name: str) -> bool:
    return _PROFILE_NAME.fullmatch(name) is not None


def _question(text: str) -> str:
    if not text.strip():
        raise ConfigError("a question", "nothing", "write one")
    if len(text) > LONGEST_QUESTION:
        raise ConfigError(f"a question of at most {LONGEST_QUESTION} characters", str(len(text)), "write a shorter one")
    return text


def _options(asked: Asked) -> bytes:
    told = {name: value for name, value in vars(asked).items() if name != "references"}
    return json.dumps(told, sort_keys=True).encode("utf-8", "surrogatepass")


def _digest(*parts: bytes) -> str:
    whole = hashlib.sha256()
    for part in parts:
        whole.update(len(part).to_bytes(8, "big") + part)
    return whole.hexdigest()


def _bank_bytes(profile: Profile) -> int:
    """What the tokens of a profile take of the memory, the largest part of it."""
    return 0 if profile.bank is None else profile.bank.tokens.nbytes + profile.bank.keys.nbytes


def _named(key: str, questions: Sequence[str]) -> str:
    return _digest(key.encode(), *(one.encode("utf-8", "surrogatepass") for one in questions))
