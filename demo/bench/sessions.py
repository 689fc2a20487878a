"""What is kept of each person on the page: an opaque id stands for it, the one idle longest goes first, all is freed.

Knows neither gradio nor models. A session's files lie in a folder of its own, which goes with it.
"""

from __future__ import annotations

import secrets
import shutil
import tempfile
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from assistant.errors import AssistantError
from assistant.inquiry import ANYTHING, Inquiry
from assistant.types import THRESHOLD, Answer, QueryImage

if TYPE_CHECKING:
    from assistant.rules import Rule
    from assistant.vision.encoded_query import EncodedQuery
    from assistant.vision.references.profile import AnomalousReference, Profile
    from demo.bench.conversations import PageConversation
    from demo.bench.planes import Plane
    from demo.bench.thresholds import View


BRIEF_SECONDS = 3600.0
"""A brief session ends when it was idle for this long."""


class SessionError(AssistantError):
    """A session that is not there (any more)."""


@dataclass(eq=False)
class Setup:
    """How pictures are judged; several pictures share one.

    Args:
        inquiry: what is asked of them.
        rule: the person's own of what is rejected; None without one.
        rule_text: the rule as typed.
        references: normal pictures; set aside, and said to be, in zero-shot mode.
        anomalous: pictures with the defect, with masks.
        loaded: a profile from a file, instead of references.
        version: grows with every change.
        built: profile of ``built_version``.
        of_sample: came with a sample; pictures that are dropped do not take it over.
    """

    inquiry: Inquiry = ANYTHING
    rule: Rule | None = None
    rule_text: str = ""
    references: list[QueryImage] = field(default_factory=list)
    anomalous: list[AnomalousReference] = field(default_factory=list)
    loaded: Profile | None = None
    version: int = 0
    built: Profile | None = None
    built_version: int = -1
    of_sample: bool = False

    def changed(self) -> None:
        """Note that pictures have to be judged again."""
        self.version += 1


@dataclass(frozen=True, eq=False)
class Correction:
    """What a person said of a picture.

    Args:
        image: the picture.
        mask: bool, its size; where the defect is; None for a normal picture.
        kind: of the defect; empty for a normal picture.
        object_name: as told.
    """

    image: QueryImage
    mask: np.ndarray | None
    kind: str
    object_name: str


@dataclass(eq=False)
class Picture:
    """A picture on the bench, with its result and its conversation.

    Args:
        image: decoded.
        setup: how it is judged.
        threshold: of its view.
        encoded: through the encoder, with what was asked; None before.
        judged_version: of the setup when it was judged; -1 before.
        view: its result; None before.
        talk: conversation on the view; None when none was begun.
        messages: as shown, ``{"role", "content"}``.
        answers: given, for exports.
        stop: ends the answer that is being written.
        plane: of the medical file it is from; None for other pictures.
    """

    image: QueryImage
    setup: Setup
    threshold: float = THRESHOLD
    encoded: EncodedQuery | None = None
    judged_version: int = -1
    view: View | None = None
    talk: PageConversation | None = None
    messages: list[dict[str, str]] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)
    plane: Plane | None = None

    @property
    def stale(self) -> bool:
        """Whether it has to be judged again before what is shown of it is right."""
        return self.view is None or self.judged_version != self.setup.version

    @property
    def nbytes(self) -> int:
        """Bytes of pixels, maps, tokens and files kept."""
        total = self.image.pixels.nbytes
        if self.plane is not None and self.plane.file.is_file():
            total += self.plane.file.stat().st_size
        if self.view is not None:
            total += 2 * self.view.measured.anomaly_map.scores.nbytes
        if self.encoded is not None:
            total += sum(level.nbytes for level in self.encoded.features.levels)
        return total


@dataclass(frozen=True, eq=False)
class Asked:
    """A question that waits for its answer.

    Args:
        picture: it is about.
        question: as typed.
    """

    picture: Picture
    question: str


@dataclass(eq=False)
class Session:
    """A person's bench.

    Args:
        id: opaque.
        folder: of files made for download.
        pictures: in the order added.
        current: index of the picture in view; -1 without any.
        setup: of the picture in view.
        own: for pictures that come; never a sample's.
        corrections: in the order made.
        lock: one change at a time.
        brief: made by a program; ends an hour after its last use, since nobody closes a page.
        used: when it was used last, seconds of a monotonic clock.
        waiting: questions, in the order asked.
        answering: whether somebody writes the answers to them.
        spoken_of: the picture of the answer that is, or was last, being written.
        clicks: how often another picture was chosen; who finds another number than before came too late.
    """

    id: str
    folder: Path
    brief: bool = False
    used: float = field(default_factory=time.monotonic)
    pictures: list[Picture] = field(default_factory=list)
    current: int = -1
    setup: Setup = field(default_factory=Setup)
    corrections: list[Correction] = field(default_factory=list)
    lock: threading.RLock = field(default_factory=threading.RLock)
    own: Setup = field(default_factory=Setup)
    waiting: deque[Asked] = field(default_factory=deque)
    answering: bool = False
    spoken_of: Picture | None = None
    clicks: int = 0

    def __post_init__(self) -> None:
        self.use(self.setup)

    def use(self, setup: Setup) -> None:
        """Judge by a setup from now on."""
        self.setup = setup
        if not setup.of_sample:
            self.own = setup

    def drop_oldest(self) -> None:
        """Let go of the first picture, its file and the answer being written about it."""
        gone = self.pictures.pop(0)
        gone.stop.set()
        if gone.plane is not None:
            gone.plane.file.unlink(missing_ok=True)

    @property
    def picture(self) -> Picture | None:
        """The picture in view."""
        return self.pictures[self.current] if 0 <= self.current < len(self.pictures) else None

    def begin_answering(self) -> bool:
        """Whether the caller is the one to answer what waits; it then asks :meth:`next_asked` until nothing does."""
        with self.lock:
            begun = not self.answering and bool(self.waiting)
            self.answering = self.answering or begun
            return begun

    def next_asked(self) -> Asked | None:
        """The question that has waited longest; None where none is left, and the caller answers no more."""
        with self.lock:
            self.answering = bool(self.waiting)
            return self.waiting.popleft() if self.waiting else None

    def forget_waiting(self, picture: Picture) -> None:
        """No answers to what waits about a picture."""
        with self.lock:
            self.waiting = deque(one for one in self.waiting if one.picture is not picture)

    def waiting_about(self, picture: Picture | None) -> list[str]:
        """Questions about a picture that wait."""
        with self.lock:
            return [one.question for one in self.waiting if one.picture is picture]

    @property
    def nbytes(self) -> int:
        """Bytes of everything kept."""
        setups = {id(s): s for s in (self.setup, self.own, *(p.setup for p in self.pictures))}.values()
        references = sum(r.pixels.nbytes for s in setups for r in s.references)
        return references + sum(p.nbytes for p in self.pictures)

    def free(self) -> None:
        """Let go of everything, files included; answers being written end."""
        for picture in self.pictures:
            picture.stop.set()
        self.waiting.clear()
        self.pictures.clear()
        self.corrections.clear()
        self.use(Setup())
        self.current = -1
        shutil.rmtree(self.folder, ignore_errors=True)


class SessionStore:
    """Sessions by id, the one used last at the end.

    Args:
        max_sessions: more make the oldest go.
        max_bytes: of all sessions together; above it the oldest go, never the one in use.
        root: folder of the sessions' folders; a fresh temporary one when None.
    """

    def __init__(self, max_sessions: int, max_bytes: float = float("inf"), root: Path | None = None) -> None:
        self._max_sessions, self._max_bytes = max_sessions, max_bytes
        self.root = root or Path(tempfile.mkdtemp(prefix="anomaly-demo-"))
        self._sessions: OrderedDict[str, Session] = OrderedDict()
        self._lock = threading.RLock()

    def new(self, *, brief: bool = False) -> Session:
        """A session that nobody has."""
        with self._lock:
            name = secrets.token_urlsafe(24)
            folder = Path(tempfile.mkdtemp(prefix="session-", dir=self.root))
            session = self._sessions[name] = Session(name, folder, brief)
            oldest = time.monotonic() - BRIEF_SECONDS
            for idle in [s.id for s in self._sessions.values() if s.brief and s.used < oldest]:
                self.free(idle)
            self.trim(name)
            return session

    def get(self, name: object) -> Session:
        """The session of an id, which counts as used.

        Raises:
            SessionError: none of this id; the id is not quoted.
        """
        with self._lock:
            session = self._sessions.get(name) if isinstance(name, str) else None
            if session is None:
                raise SessionError("a session of this server", "an id that is unknown or has ended", "reload the page")
            self._sessions.move_to_end(session.id)
            session.used = time.monotonic()
            return session

    def free(self, name: object) -> None:
        """End a session; one that is not there is none to end."""
        with self._lock:
            session = self._sessions.pop(name, None) if isinstance(name, str) else None
        if session is not None:
            session.free()

    def trim(self, keep: str) -> None:
        """End the sessions idle longest until the caps hold; never the one named."""
        for name in [n for n in self._over() if n != keep]:
            self.free(name)

    def free_all(self) -> None:
        """End every session and remove the folder."""
        for name in list(self._sessions):
            self.free(name)
        shutil.rmtree(self.root, ignore_errors=True)

    def __len__(self) -> int:
        return len(self._sessions)

    def _over(self) -> Iterator[str]:
        with self._lock:
            sizes = {name: session.nbytes for name, session in self._sessions.items()}
        count, total = len(sizes), sum(sizes.values())
        for name, size in sizes.items():
            if count <= self._max_sessions and total <= self._max_bytes:
                return
            count, total = count - 1, total - size
            yield name
