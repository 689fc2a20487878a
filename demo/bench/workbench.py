"""What a person does to pictures: add, judge, threshold, references, corrections, questions. Knows no gradio."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from assistant.errors import AssistantError
from assistant.inquiry import Inquiry, checked_spacing
from assistant.pictures.levels import read_with
from assistant.rules.sentence import read_sentence
from assistant.types import Answer, Box, Domain, Inspection, QueryImage
from assistant.vision.references.profile import AnomalousReference, Profile
from demo.bench import conversations, questions, thresholds
from demo.bench.engine import Engine
from demo.bench.other_pictures import OtherPictures
from demo.bench.sessions import Asked, Correction, Picture, Session, SessionStore, Setup
from demo.settings import Settings

if TYPE_CHECKING:
    from assistant.pipeline import Assistant
    from assistant.vision.detector import Detector
    from assistant.vision.encoded_query import EncodedQuery
    from demo.bench.planes import Plane

MAX_REFERENCES = 32
"""Of a person; they are kept decoded, up to 75 MB each."""
CHANGED = "The result has changed. Answers above were about the earlier one."
"""Said in a conversation whose picture is judged anew."""
MAX_WAITING = 8
"""Questions of a person that may wait."""
NO_QUESTION = ("a question", "an empty line", "type one, or choose a suggestion")
STOPPED, UNANSWERED = "(stopped)", "(no answer)"
"""Said where an answer ended early, or never began."""


class BenchError(AssistantError):
    """Something that cannot be done with what is on the bench."""


class Workbench:
    """The operations of the page on a session.

    Args:
        engine: the assistant, which may still be loading.
        store: of sessions.
        settings: limits.
    """

    def __init__(self, engine: Engine, store: SessionStore, settings: Settings) -> None:
        self.engine, self.store, self.settings = engine, store, settings

    def add(
        self,
        session: Session,
        image: QueryImage,
        setup: Setup | None = None,
        plane: Plane | None = None,
        clicks: int | None = None,
    ) -> Picture:
        """Put a picture on the bench, judge it, and bring it into view; the oldest goes where there are too many.

        Args:
            session: whose bench.
            image: decoded.
            setup: how it is judged; as the pictures dropped before when None.
            plane: of the medical file it is from.
            clicks: of the session when the picture came: it stays out of view where the person chose another one since.

        Raises:
            AssistantError: a picture that cannot be judged; it is not kept.
        """
        picture = Picture(image, setup or session.own, plane=plane)
        self.judge(picture)
        with session.lock:
            session.pictures.append(picture)
            while len(session.pictures) > self.settings.max_pictures:
                session.drop_oldest()
                session.current -= 1
            if clicks is None or clicks == session.clicks or session.picture is None:
                session.current = len(session.pictures) - 1
                session.use(picture.setup)
        self.store.trim(session.id)
        return picture

    def choose(self, session: Session, index: int) -> Picture:
        """Bring another picture into view, judged anew if its references changed meanwhile."""
        picture = self.show(session, index)
        self.judge(picture)
        return picture

    def show(self, session: Session, index: int) -> Picture:
        """Bring another picture into view as it was judged last, if it was; waits for nothing."""
        with session.lock:
            if not 0 <= index < len(session.pictures):
                raise BenchError("a picture on the bench", "none there", "choose one of the list")
            session.current = index
            session.clicks += 1
            picture = session.pictures[index]
            session.use(picture.setup)
        return picture

    def move_plane(self, session: Session, index: float | None, axis: float | None, window: str | None) -> None:
        """Bring another plane of the medical file into view, judged anew; nothing happens where there is no other one.

        Raises:
            AssistantError: a plane that cannot be read or judged; the one before stays.
        """
        picture = self.in_view(session)
        before = picture.plane
        moved = None if before is None else before.moved(index, axis, window)
        if moved is None or moved == before:
            return
        image = moved.read(self.settings.limits)
        kept = picture.image, picture.plane, picture.encoded, picture.judged_version
        picture.image, picture.plane, picture.encoded, picture.judged_version = image, moved, None, -1
        try:
            self.judge(picture)
        except AssistantError:
            picture.image, picture.plane, picture.encoded, picture.judged_version = kept
            raise

    def judge(self, picture: Picture) -> None:
        """Verdict and regions of a picture, where they are not known yet; the encoder runs once a picture."""
        setup = picture.setup
        if not picture.stale:
            return
        assistant = self.engine.wait(timeout=600)
        with self.engine.looking:
            version = setup.version
            profile = self.profile(assistant, setup)
            own = None if picture.image.deep is None else picture.image.deep.own
            image = read_with(picture.image, own if profile is None else profile.levels or own)
            if image is not picture.image:
                picture.image, picture.encoded = image, None
            if picture.encoded is None or picture.encoded.inquiry != setup.inquiry:
                picture.encoded = _encoded(assistant.detector, picture)
            measured = assistant.detector.score(picture.encoded, profile)
            first = picture.view is None
            name = partial(assistant.detector.name_regions, picture.encoded)
            thresholds.under_threshold(measured, thresholds.LEAST, name)  # kinds are embedded now, not at the slider
            picture.view = self._view(picture, measured, name)
            picture.judged_version = version
        if not first:
            self._part(picture)

    def _view(
        self, picture: Picture, measured: Inspection, name: thresholds.Namer, threshold: float | None = None
    ) -> thresholds.View:
        """What a picture shows under a threshold (its own when None), by the rule of its setup."""
        grid = None if picture.encoded is None else picture.encoded.features.grid
        view = thresholds.under_threshold(measured, picture.threshold if threshold is None else threshold, name, grid)
        return thresholds.ruled(view, picture.setup.rule)

    def profile(self, assistant: Assistant, setup: Setup) -> Profile | None:
        """What the references of a setup became; built once a version.

        Raises:
            AssistantError: few-shot without references, or a profile of other weights.
        """
        if setup.inquiry.mode == "zero-shot":
            return None
        if setup.built_version != setup.version:
            setup.built = assistant.comparison(asked(setup), setup.references, setup.anomalous, setup.loaded)
            setup.built_version = setup.version
        return setup.built

    def set_threshold(self, session: Session, threshold: float) -> Picture:
        """Verdict and regions of the picture in view under another threshold; no forward pass."""
        picture = self.in_view(session)
        if picture.view is None or picture.encoded is None or threshold == picture.threshold:
            return picture
        name = partial(self.engine.wait(timeout=1).detector.name_regions, picture.encoded)
        picture.view = self._view(picture, picture.view.measured, name, float(threshold))
        picture.threshold = float(threshold)
        self._part(picture)
        return picture

    def add_references(self, session: Session, images: Sequence[QueryImage]) -> None:
        """Normal pictures for the setup in use.

        Raises:
            BenchError: too many, or beside a loaded profile.
        """
        self.require_room(session, len(images))
        session.setup.references += images
        self._changed(session)

    def require_room(self, session: Session, count: int) -> None:
        """Refuse more references than the setup in use can hold, before they are decoded.

        Raises:
            BenchError: too many, or beside a loaded profile.
        """
        setup = session.setup
        if setup.loaded is not None:
            raise BenchError("references or a profile", "both", "remove the profile first")
        if (total := len(setup.references) + count) > MAX_REFERENCES:
            raise BenchError(f"at most {MAX_REFERENCES} references", f"{total}", "build a profile")

    def clear_references(self, session: Session) -> None:
        """No references, no profile, no anomalous references."""
        setup = session.setup
        setup.references, setup.anomalous, setup.loaded = [], [], None
        self._changed(session)

    def load_profile(self, session: Session, profile: Profile) -> None:
        """A saved profile instead of the references.

        Raises:
            ProfileError: made with other weights.
        """
        assistant = self.engine.wait(timeout=600)
        profile.check(assistant.preset.name, assistant.weights)
        profile.require_fit(assistant.detector.localizer)
        session.setup.references, session.setup.loaded = [], profile
        self._changed(session)

    def save_profile(self, session: Session) -> Path:
        """The references in use as a file in the session's folder.

        Raises:
            BenchError: no references.
        """
        if not (session.setup.references or session.setup.loaded or session.setup.anomalous):
            raise BenchError("at least one reference", "none", "add normal pictures first")
        with self.engine.looking:
            profile = self.profile(self.engine.wait(timeout=600), session.setup)
        if profile is None:
            raise BenchError("references in use", "zero-shot mode", "choose auto or few-shot")
        path = session.folder / "profile.safetensors"
        profile.save(path)
        return path

    def tell(
        self,
        session: Session,
        object_name: str,
        look_for: str,
        mode: str,
        domain: str,
        fixed_camera: bool,
        mm_per_pixel: float | None = None,
        rule: str = "",
    ) -> None:
        """Details that a person typed; the picture in view is judged anew when they changed.

        Raises:
            AssistantError: what makes no sense; everything stays as it was.
        """
        setup = session.setup
        phrases = tuple(p for part in str(look_for or "").split(",")[:8] if (p := questions.clean_question(part)[:80]))
        told = Inquiry(
            object_name=questions.clean_question(object_name or "")[:80] or None,
            look_for=phrases,
            domain=Domain(domain) if domain in tuple(Domain) else None,
            mode=mode,
            fixed_camera=bool(fixed_camera),
            spacing_mm=None if not mm_per_pixel else checked_spacing((mm_per_pixel,)),
        )
        sentence = " ".join(str(rule or "").split())[:400]
        ruling = read_sentence(sentence) if sentence else None
        before = setup.inquiry, setup.rule, setup.rule_text
        if (told, ruling) == before[:2]:
            return
        setup.inquiry, setup.rule, setup.rule_text = told, ruling, sentence
        try:
            self._changed(session)
        except AssistantError:
            setup.inquiry, setup.rule, setup.rule_text = before
            setup.changed()
            raise

    def mark_normal(self, session: Session) -> None:
        """The picture in view is normal: it joins the references."""
        picture = self.in_view(session)
        self.add_references(session, [picture.image])
        self._correct(session, Correction(picture.image, None, "", picture.setup.inquiry.object_name or ""))

    def mark_defect(self, session: Session, mask: np.ndarray, kind: str) -> None:
        """There is a defect under the mask: it joins the anomalous references.

        Args:
            session: whose picture in view is meant.
            mask: bool, the size of the picture.
            kind: in the person's words; that of the region under it when empty.

        Raises:
            BenchError: an empty mask.
        """
        picture = self.in_view(session)
        if mask.shape != picture.image.pixels.shape[:2] or not mask.any():
            raise BenchError("a marked defect", "nothing marked", "draw over it, or give its box")
        name = questions.clean_question(kind)[:60] or self._kind_under(picture, mask)
        picture.setup.anomalous.append(AnomalousReference(picture.image, mask))
        self._correct(session, Correction(picture.image, mask, name, picture.setup.inquiry.object_name or ""))
        self._changed(session)

    def note(self, session: Session, question: str) -> Picture:
        """Let a question about the picture in view wait for its answer (:meth:`Session.begin_answering`).

        Raises:
            AssistantError: an empty question, too many that wait, or no picture.
        """
        picture = self.in_view(session)
        if not questions.clean_question(question):
            raise BenchError(*NO_QUESTION)
        with session.lock:
            if len(session.waiting) >= MAX_WAITING:
                raise BenchError(f"at most {MAX_WAITING} questions that wait", "one more", "wait for an answer")
            session.waiting.append(Asked(picture, question))
        return picture

    def ask(self, session: Session, question: str, picture: Picture | None = None) -> Iterator[Answer]:
        """The answer about a picture as it grows; conversation and answers grow by it.

        Args:
            session: whose.
            question: as typed.
            picture: that in view when None.

        Raises:
            AssistantError: an empty question, or no picture.
        """
        picture = picture or self.in_view(session)
        asked = questions.clean_question(question)
        if not asked or picture.view is None:
            raise BenchError(*NO_QUESTION)
        assistant = self.engine.wait(timeout=600)
        stop = picture.stop
        stop.clear()
        if picture.talk is None:
            picture.talk = conversations.open_conversation(
                assistant, picture.view.inspection, OtherPictures(session, picture)
            )
        talk, last, answers = picture.talk, None, picture.answers
        pieces = talk.stream(asked, stop=stop)
        picture.messages += [{"role": "user", "content": question.strip()[: questions.LONGEST_QUESTION]}]
        picture.messages += [{"role": "assistant", "content": "…"}]
        place = picture.messages[-1]
        try:
            for answer in pieces:
                last = answer
                place["content"] = conversations.shown(answer) or "…"
                yield answer
        finally:
            if hasattr(pieces, "close"):
                pieces.close()
            if stop.is_set():
                place["content"] = f"{place['content']}\n\n{STOPPED}" if last is not None and last.text else STOPPED
            elif last is None:
                place["content"] = UNANSWERED
            if last is not None and last.text:
                answers.append(replace(last, question=question.strip()[: questions.LONGEST_QUESTION]))

    def take_back(self, session: Session) -> str:
        """Remove the last question and its answer; returns the question, for another try."""
        picture = self.in_view(session)
        if session.answering:
            raise BenchError("an answer that is whole", "one being written", "stop it first")
        asked = [i for i, m in enumerate(picture.messages) if m["role"] == "user"]
        if not asked:
            raise BenchError("an earlier question", "none", "ask one first")
        question, *replies = [m["content"] for m in picture.messages[asked[-1] :]]
        del picture.messages[asked[-1] :]
        if picture.answers and replies and replies[0] not in (STOPPED, UNANSWERED):
            picture.answers.pop()
        if picture.talk is not None:
            picture.talk.undo()
        return question

    def start_over(self, session: Session) -> None:
        """Forget the conversation on the picture in view."""
        picture = self.in_view(session)
        picture.stop.set()
        session.forget_waiting(picture)
        picture.talk, picture.messages, picture.answers = None, [], []

    def in_view(self, session: Session) -> Picture:
        """The picture in view.

        Raises:
            BenchError: none.
        """
        if session.picture is None:
            raise BenchError("a picture on the bench", "none yet", "drop one or choose a sample")
        return session.picture

    def _changed(self, session: Session) -> None:
        session.setup.changed()
        picture = session.picture
        if picture is not None and picture.setup is session.setup:
            self.judge(picture)
        self.store.trim(session.id)

    def _correct(self, session: Session, correction: Correction) -> None:
        session.corrections.append(correction)

    def _kind_under(self, picture: Picture, mask: np.ndarray) -> str:
        from assistant.geometry import mask_box

        box: Box = mask_box(mask)
        regions = () if picture.view is None else picture.view.inspection.regions
        region = questions.pointed_region(regions, box)
        return region.type if region is not None and region.type else "defect"

    def _part(self, picture: Picture) -> None:
        """The conversation goes on about another result: it is opened anew, and says so."""
        picture.stop.set()
        picture.talk = None
        if picture.messages and picture.messages[-1]["content"] != CHANGED:
            picture.messages.append({"role": "assistant", "content": CHANGED})


def asked(setup: Setup) -> Inquiry:
    """What a setup asks of the pictures it is compared with: a box ticked before there are any waits for them."""
    compared = setup.references or setup.loaded
    return setup.inquiry if compared else replace(setup.inquiry, fixed_camera=False)


def _encoded(detector: Detector, picture: Picture) -> EncodedQuery:
    """A picture with what its setup asks; the encoder runs where no tokens are kept."""
    inquiry, before = picture.setup.inquiry, picture.encoded
    if before is None:
        return detector.encode(picture.image, inquiry)
    image = picture.image if inquiry.domain is None else replace(picture.image, domain=inquiry.domain)
    return detector.from_features(image, before.features, inquiry)
