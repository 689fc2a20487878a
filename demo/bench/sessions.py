"""What is at hand of a person on the page: pictures, how they are judged, conversations, corrections.

Knows neither gradio nor models. What is heavy of a picture (pixels, tokens, maps) may be let go of, and is read again.
"""

from __future__ import annotations

import itertools
import math
import shutil
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary, ref

import numpy as np

from assistant.errors import AssistantError
from assistant.inquiry import Detail, Inquiry
from assistant.types import THRESHOLD, Answer, QueryImage, Verdict
from assistant.vision.checks.known import OTHER_PRODUCT
from demo.bench.closely import Closely, Offer, closest
from demo.bench.drops import Drop
from demo.projects.project import Project
from demo.table.choice import Choice
from demo.table.folder_rows import FolderRows

if TYPE_CHECKING:
    from assistant.rules import Rule
    from assistant.vision.detail.references import TileReferences
    from assistant.vision.encoded_query import EncodedQuery
    from assistant.vision.references.profile import AnomalousReference, Profile
    from assistant.volumes.reference_volumes import VolumeReferences
    from demo.bench.conversations import PageConversation
    from demo.bench.thresholds import View
    from demo.incoming.planes import Origin, Plane
    from demo.scans.kept import KeptScan
    from demo.scans.look import Scan


_numbers = itertools.count(1)
AS_A_WHOLE = Inquiry(detail=Detail("overview"))
"""What is asked of pictures before a person said more: a closer look is offered, not taken."""


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
        files: (file of the project, name to show) of each reference that was added as one.
        profile_file: of the project, that ``loaded`` was read from; empty without.
        lost: references and a profile that were kept and could not be read again, as they were called.
        examples: corrections that told a kind; regions that are like theirs take it.
        scans: normal scans, which scans are compared with.
        built_scans: what they became, with what it was made for; None before.
        tiles: what normal tiles are like, with what they were made of; None before they were looked at.
        tiles_file: (file of the project, what it was made of) that holds the same; empty without.
        key: of its document; -1 before it is kept.
    """

    inquiry: Inquiry = AS_A_WHOLE
    rule: Rule | None = None
    rule_text: str = ""
    references: list[QueryImage] = field(default_factory=list)
    anomalous: list[AnomalousReference] = field(default_factory=list)
    loaded: Profile | None = None
    version: int = 0
    built: Profile | None = None
    built_version: int = -1
    of_sample: bool = False
    files: list[tuple[str, str]] = field(default_factory=list)
    profile_file: str = ""
    lost: list[str] = field(default_factory=list)
    examples: list[Correction] = field(default_factory=list)
    scans: list[KeptScan] = field(default_factory=list)
    built_scans: tuple[object, VolumeReferences] | None = None
    tiles: tuple[str, TileReferences] | None = None
    tiles_file: tuple[str, str] = ("", "")
    key: int = -1

    def changed(self) -> None:
        """Note that pictures have to be judged again."""
        self.version += 1


@dataclass(frozen=True)
class Mark:
    """What was last said of a picture, kept when its map is not.

    Args:
        score: calibrated, as measured.
        verdict: under the threshold of its view.
        regions: how many.
        worst: kind of the first region; empty without any.
        place: cells of the first region; empty without any.
        at: threshold that the regions were found at.
        severity: the worst of all regions; empty without any.
        warnings: what speaks against relying on the verdict, each a sentence without its subject, the picture.
    """

    score: float
    verdict: Verdict
    regions: int = 0
    worst: str = ""
    place: str = ""
    at: float = THRESHOLD
    severity: str = ""
    warnings: tuple[str, ...] = ()

    def verdict_at(self, threshold: float) -> Verdict:
        """The verdict under a threshold: that which was said where it is the same one."""
        if threshold == self.at:
            return self.verdict
        return Verdict.ANOMALOUS if self.score >= threshold else Verdict.NORMAL

    def differs(self, other: Mark) -> bool:
        """Whether another result was said; rounding is none."""
        return (self.verdict, self.regions, self.worst) != (other.verdict, other.regions, other.worst) or (
            abs(self.score - other.score) > 0.001
        )


@dataclass(eq=False)
class Picture:
    """A picture on the bench, with its result and its conversation.

    Args:
        held: decoded; None where it was let go of.
        setup: how it is judged.
        threshold: of its view.
        encoded: through the encoder, with what was asked; None before, and where it was let go of.
        judged_version: of the setup when it was judged; -1 before.
        view: its result; None before, and where it was let go of.
        mark: what the result was; None before it was judged.
        before: what it was before its setup changed last; None where it was first judged since.
        talk: conversation on the view; None when none is open.
        messages: as shown, ``{"role", "content"}``.
        answers: given, for exports.
        stop: ends the answer that is being written.
        plane: of the medical file it is from; None for other pictures.
        origin: to read it again; None for one that is nowhere on disk.
        scan: the whole scan that it is; None for other pictures.
        corrected: what a person said of it, in order.
        seen: when it was in view or judged last, seconds of a monotonic clock.
        key: of its document; -1 before it is kept.
        good: what a person marked it as, for counts alone; None where nobody did.
        of: source of the picture of the folder that it is a copy of; empty for others.
        look: how closely a person asked to look at it, ``auto`` or ``full``; empty where nobody did.
        closely: what a closer look found; None before.
        closely_file: of the project, that holds the same; empty without.
        refused: version of the setup under which a person stopped a closer look at it; -1 where nobody did.
        offer: closer look that it is worth; None where it is worth none.
    """

    held: QueryImage | None
    setup: Setup
    threshold: float = THRESHOLD
    encoded: EncodedQuery | None = None
    judged_version: int = -1
    view: View | None = None
    mark: Mark | None = None
    before: Mark | None = None
    talk: PageConversation | None = None
    messages: list[dict[str, str]] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)
    plane: Plane | None = None
    origin: Origin | None = None
    scan: Scan | None = None
    corrected: list[Correction] = field(default_factory=list)
    seen: float = field(default_factory=time.monotonic)
    key: int = -1
    good: bool | None = None
    of: str = ""
    look: str = ""
    closely: Closely | None = None
    closely_file: str = ""
    refused: int = -1
    offer: Offer | None = None

    @property
    def detail(self) -> Detail:
        """How closely is looked at it; a scan is looked at slice by slice."""
        return Detail("overview") if self.scan is not None else closest(self.look, self.setup.inquiry.detail)

    @property
    def seen_closely(self) -> bool:
        """Whether the closer look that is asked for was taken, under the setup as it is."""
        found = self.closely
        return found is not None and (found.version, found.detail) == (self.setup.version, str(self.detail))

    @property
    def due(self) -> bool:
        """Whether a closer look is asked for that was neither taken nor stopped."""
        size = None if self.view is None else self.view.measured.anomaly_map.size
        worth = self.detail.closer if size is None else self.detail.closer_at(size)
        return worth and not self.seen_closely and self.refused != self.setup.version

    @property
    def image(self) -> QueryImage:
        """The picture, read again where it was let go of.

        Raises:
            ImageError: a file that is gone or damaged.
        """
        if self.held is None and self.scan is not None:
            self.held = self.scan.image
        if self.held is None:
            assert self.origin is not None, "only a picture that lies on disk is let go of"
            self.held = self.origin.read()
        return self.held

    @property
    def name(self) -> str:
        """As it is shown; nothing is read for it."""
        if self.scan is not None:
            return self.scan.kept.name
        if self.held is not None:
            return self.held.source
        return "" if self.origin is None else self.origin.source

    def rest(self) -> None:
        """Let go of what is heavy, where it can be had again."""
        if self.scan is not None:
            self.scan.rest()
        if self.origin is not None or self.scan is not None:
            self.held = self.encoded = self.view = self.talk = None

    @property
    def outdated(self) -> bool:
        """Whether what was found was found under other references or another inquiry."""
        return self.judged_version != self.setup.version

    @property
    def of_other_product(self) -> bool:
        """Whether it was told to show another product than its references."""
        return self.view is not None and any(one.startswith(OTHER_PRODUCT) for one in self.view.measured.warnings)

    @property
    def turned(self) -> bool:
        """Whether the last change of its setup gave it another verdict, under the threshold that it has now."""
        if self.before is None or self.mark is None or self.outdated:
            return False
        return self.before.verdict_at(self.threshold) is not self.mark.verdict

    @property
    def stale(self) -> bool:
        """Whether it has to be judged before its result is shown: it is outdated, or its map was let go of."""
        return self.view is None or self.outdated

    @property
    def nbytes(self) -> int:
        """Bytes of pixels, maps, tokens and files kept in memory."""
        total = 0 if self.held is None else self.held.pixels.nbytes
        if self.scan is not None:
            total += self.scan.nbytes
        if self.view is not None:
            height, width = self.view.measured.anomaly_map.size
            total += 8 * height * width  # a map as measured and one as shown, in single precision
        if self.encoded is not None:
            total += sum(level.nbytes for level in self.encoded.features.levels)
        return total


class Said(StrEnum):
    """What a correction says."""

    NORMAL = "normal"
    """The whole picture is."""
    DEFECT = "defect"
    """There is one under the mask."""
    REJECTED = "rejected"
    """The region under the mask is none."""
    RENAMED = "renamed"
    """The region under the mask is of another kind."""


@dataclass(eq=False)
class Correction:
    """What a person said of a picture.

    Args:
        picture: of which.
        said: what.
        mask: bool, the picture's size, of what is meant; None for the whole picture.
        kind: of the defect; empty where there is none.
        object_name: as told.
        was: mask of the region that a drawn one stands for; None without.
        learned: the picture as it joined the references; None where it did not.
        embedding: what the region looks like, of length 1; None where its kind is not learned from.
        key: of its document; -1 before it is kept.
    """

    picture: Picture
    said: Said
    mask: np.ndarray | None = None
    kind: str = ""
    object_name: str = ""
    was: np.ndarray | None = None
    learned: QueryImage | None = None
    embedding: np.ndarray | None = None
    key: int = -1

    @property
    def image(self) -> QueryImage:
        """The picture, as it was learned from or is at hand."""
        return self.learned or self.picture.image


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
class Look:
    """A closer look that waits, or is being taken.

    Args:
        picture: at which.
        name: of it.
        done: tiles encoded so far.
        planned: tiles that will be encoded at most; 0 before it is known.
        learning: whether those are of the normal pictures.
        stop: set by a person, or where the picture is gone.
        number: by which the page names it.
    """

    picture: Picture
    name: str
    done: int = 0
    planned: int = 0
    learning: bool = False
    stop: threading.Event = field(default_factory=threading.Event)
    number: int = field(default_factory=lambda: next(_numbers))


@dataclass(eq=False)
class Session:
    """A person's bench.

    Args:
        project: what is kept of it.
        folder: of files made to be seen or exported, which go with the session.
        brief: made by a program; ends an hour after its last use, since nobody closes a page.
        pictures: in the order added.
        current: index of the picture in view; -1 without any.
        setup: of the picture in view.
        own: for pictures that come; never a sample's.
        corrections: in the order made.
        lock: one change at a time.
        used: when it was used last, seconds of a monotonic clock.
        waiting: questions, in the order asked.
        answering: whether somebody writes the answers to them.
        writer: tab of a browser that they are written for.
        spoken_of: the picture of the answer that is, or was last, being written.
        first: of the pictures that are listed, index.
        redoing: whether outdated pictures are being judged again.
        shown: the image of each picture that was last written to be seen, with the names of its last two files.
        lost: pictures and corrections of the project that could not be read again, as they are called.
        choice: which lines of the table of all pictures are looked at, and where its threshold is.
        rows: of the folder that was inspected for the project.
        written: corrections as a file that was exported last, and what they were then; None before.
        reported: what was said of all pictures when they were exported last; None before.
        drops: files dropped together that are looked at, or wait for a word.
        looks: closer looks that wait or are taken, the one being taken first.
        looking: whether somebody takes them.
        looked: closer looks that ended, and when the last one did, seconds of a monotonic clock.
        failed: why closer looks could not be taken, to be told.
        clicks: how often another picture was chosen; who finds another number than before came too late.
    """

    project: Project
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
    writer: object = None
    spoken_of: Picture | None = None
    clicks: int = 0
    first: int = 0
    redoing: bool = False
    shown: WeakKeyDictionary[Picture, tuple[ref[QueryImage], tuple[str, ...]]] = field(
        default_factory=WeakKeyDictionary
    )
    lost: list[str] = field(default_factory=list)
    choice: Choice = field(default_factory=Choice)
    written: tuple[Path, object] | None = None
    reported: object = None
    drops: list[Drop[Picture, Setup]] = field(default_factory=list)
    looks: list[Look] = field(default_factory=list)
    looking: bool = False
    looked: tuple[int, float] = (0, -math.inf)
    failed: list[str] = field(default_factory=list)
    rows: FolderRows = field(init=False)

    def __post_init__(self) -> None:
        self.use(self.setup)
        self.rows = FolderRows(self.project)

    def use(self, setup: Setup) -> None:
        """Judge by a setup from now on."""
        self.setup = setup
        if not setup.of_sample:
            self.own = setup

    @property
    def id(self) -> str:
        """Opaque; who knows it may use the session."""
        return self.project.id

    @property
    def corrected(self) -> object:
        """Equal as long as corrections, and what they are exported with, stay the same."""
        return tuple(self.corrections), tuple(one.picture.setup.version for one in self.corrections)

    def rest(self, most: int) -> None:
        """Let go of what is heavy of all but the pictures seen last.

        Args:
            most: pictures that stay at hand.
        """
        with self.lock:
            busy = [self.picture, self.spoken_of if self.answering else None]
            awake = [one for one in self.pictures if one.held is not None and one not in busy]
            for picture in sorted(awake, key=lambda one: one.seen)[: max(0, len(awake) + 1 - most)]:
                picture.rest()

    @property
    def setups(self) -> list[Setup]:
        """Each setup in use once."""
        return list({id(s): s for s in (self.setup, self.own, *(p.setup for p in self.pictures))}.values())

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
        references = sum(r.pixels.nbytes for s in self.setups for r in s.references)
        return references + sum(p.nbytes for p in self.pictures)

    def free(self) -> None:
        """Let go of everything but what the project keeps; answers being written end."""
        for picture in self.pictures:
            picture.stop.set()
            if picture.scan is not None:
                picture.scan.gone = True
        for drop in self.drops:
            drop.stop()
        self.drops.clear()
        for look in self.looks:
            look.stop.set()
        self.waiting.clear()
        self.pictures.clear()
        self.corrections.clear()
        self.use(Setup())
        self.current = -1
        shutil.rmtree(self.folder, ignore_errors=True)
