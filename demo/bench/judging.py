"""Pictures on the bench: added, judged, brought into view, under a threshold, beside references. Knows no gradio."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from assistant.errors import AssistantError
from assistant.inquiry import Inquiry, checked_spacing
from assistant.pictures.levels import read_with
from assistant.rules.sentence import read_sentence
from assistant.types import Domain, Inspection, QueryImage, Region
from assistant.vision.references.kind_examples import KindExamples
from assistant.vision.references.profile import Profile
from assistant.vision.regions import RegionMask
from assistant.vocabulary.severity import severity_of
from demo.bench import correcting, keeping, questions, thresholds, uploads
from demo.bench.session_store import SessionStore
from demo.bench.sessions import Correction, Mark, Picture, Session, Setup
from demo.engine import Engine
from demo.settings import Settings

if TYPE_CHECKING:
    from assistant.pipeline import Assistant
    from assistant.vision.detector import Detector
    from assistant.vision.encoded_query import EncodedQuery
    from demo.bench.planes import Origin, Plane

MAX_REFERENCES = 32
"""Of a person; they are kept decoded, up to 75 MB each."""
PAUSE = 0.02
"""Seconds between two pictures that are judged again, for those who wait."""
CHANGED = "The result has changed. Answers above were about the earlier one."
"""Said in a conversation whose picture is judged anew."""


class BenchError(AssistantError):
    """Something that cannot be done with what is on the bench."""


class Judging:
    """Pictures on a bench, and how they are judged.

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
        file: Path | None = None,
    ) -> Picture:
        """Put a picture on the bench, judge it, and bring it into view.

        It is on disk before it is judged; pixels and maps of those seen longest ago leave memory where there are too many.

        Args:
            session: whose bench.
            image: decoded.
            setup: how it is judged; as the pictures dropped before when None.
            plane: of the medical file it is from.
            clicks: of the session when the picture came: it stays out of view where the person chose another one since.
            file: that it was read from; its pixels are written where there is none.

        Raises:
            AssistantError: a picture that cannot be judged; it is not kept.
        """
        picture = Picture(image, setup or session.own, plane=plane)
        picture.origin = self._origin(session, picture, file)
        if picture.setup.key < 0:
            self._keep_references(session, picture.setup, picture.setup.references, ())
        keeping.keep_picture(session, picture)
        try:
            self.judge(picture)
        except BaseException:
            session.project.drop("picture", picture.key)
            if picture.origin is not None:
                picture.origin.file.unlink(missing_ok=True)
            raise
        with session.lock:
            session.pictures.append(picture)
            if clicks is None or clicks == session.clicks or session.picture is None:
                session.current = len(session.pictures) - 1
                session.use(picture.setup)
        session.rest(self.settings.max_pictures)
        keeping.keep_picture(session, picture)
        keeping.keep_view(session)
        self.store.trim(session.id)
        return picture

    def remove(self, session: Session, index: int) -> None:
        """Take a picture off the bench, with its file, its conversation and what was learned from it."""
        with session.lock:
            if not 0 <= index < len(session.pictures):
                raise BenchError("a picture on the bench", "none there", "choose one of the list")
            gone = session.pictures.pop(index)
            gone.stop.set()
            session.forget_waiting(gone)
            session.current = min(session.current - (index < session.current), len(session.pictures) - 1)
            for kind in ("picture", "talk"):
                session.project.drop(kind, gone.key)
            for correction in gone.corrected:
                session.corrections.remove(correction)
                self.unlearn(correction)
                keeping.forget_correction(session, correction)
            if gone.origin is not None:
                gone.origin.file.unlink(missing_ok=True)
            if session.picture is not None:
                session.use(session.picture.setup)
        keeping.keep_view(session)

    def unlearn(self, correction: Correction) -> None:
        """What a correction taught is forgotten; pictures of its setup have to be judged again."""
        setup, learned = correction.picture.setup, correction.learned
        if learned is not None:
            setup.references = [one for one in setup.references if one is not learned]
            setup.anomalous = [
                one for one in setup.anomalous if one.image is not learned or one.mask is not correction.mask
            ]
        setup.examples = [one for one in setup.examples if one is not correction]
        setup.changed()

    def _origin(self, session: Session, picture: Picture, file: Path | None) -> Origin | None:
        """The picture as a file of the project; None where its values cannot be written."""
        limits, image, plane = self.settings.limits, picture.image, picture.plane
        if plane is not None:
            if plane.file.parent != session.project.files:
                kept = session.project.keep_file(plane.file, uploads.display_name(plane.name))
                plane = picture.plane = replace(plane, file=session.project.file(kept))
            return plane.origin(limits)
        if file is None and image.deep is not None:
            return None
        return keeping.keep_pixels(session, image, file, image.domain, limits)

    def choose(self, session: Session, index: int) -> Picture:
        """Bring another picture into view, judged anew if its references changed meanwhile."""
        picture = self.show(session, index)
        self.settle(session, picture)
        return picture

    def settle(self, session: Session, picture: Picture) -> None:
        """Judge a picture where that is due, and keep what was found; others leave memory where there are too many."""
        stale = picture.stale
        self.judge(picture)
        if stale:
            keeping.keep_picture(session, picture)
            keeping.keep_talk(session, picture)
            session.rest(self.settings.max_pictures)

    def redo(self, session: Session) -> None:
        """Judge again, in the background, what was judged under earlier references or another inquiry."""
        with session.lock:
            if session.redoing or not any(one.outdated for one in session.pictures):
                return
            session.redoing = True
        threading.Thread(target=self._redo, args=(session,), name="judge-again", daemon=True).start()

    def _redo(self, session: Session) -> None:
        tried: dict[int, int] = {}
        while True:
            with session.lock:
                due = [p for p in session.pictures if p.outdated and tried.get(id(p)) != p.setup.version]
                session.redoing = bool(due)
            if not due:
                return
            picture = due[0]
            tried[id(picture)] = picture.setup.version
            try:
                self.settle(session, picture)
            except (AssistantError, OSError):
                continue  # told where somebody looks at it
            time.sleep(PAUSE)

    def show(self, session: Session, index: int) -> Picture:
        """Bring another picture into view as it was judged last, if it was; waits for nothing."""
        with session.lock:
            if not 0 <= index < len(session.pictures):
                raise BenchError("a picture on the bench", "none there", "choose one of the list")
            session.current = index
            session.clicks += 1
            picture = session.pictures[index]
            session.use(picture.setup)
        keeping.keep_view(session)
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
        if picture.corrected:
            raise BenchError(
                "a plane without corrections", "one with some", "drop the file again to look at another plane"
            )
        kept = picture.image, picture.plane, picture.encoded, picture.judged_version, picture.origin
        origin = moved.origin(self.settings.limits)
        picture.held, picture.plane, picture.encoded, picture.judged_version, picture.origin = (
            image,
            moved,
            None,
            -1,
            origin,
        )
        try:
            self.judge(picture)
        except AssistantError:
            picture.held, picture.plane, picture.encoded, picture.judged_version, picture.origin = kept
            raise
        keeping.keep_picture(session, picture)

    def judge(self, picture: Picture) -> None:
        """Verdict and regions of a picture, where they are not known yet; the encoder runs once a picture."""
        setup = picture.setup
        if not picture.stale:
            return
        assistant = self.engine.wait(timeout=600)
        with self.engine.looking:
            picture.seen = time.monotonic()
            version = setup.version
            profile = self.profile(assistant, setup)
            own = None if picture.image.deep is None else picture.image.deep.own
            image = read_with(picture.image, own if profile is None else profile.levels or own)
            if image is not picture.image:
                picture.held, picture.encoded = image, None
            if picture.encoded is None or picture.encoded.inquiry != setup.inquiry:
                picture.encoded = _encoded(assistant.detector, picture)
            measured = assistant.detector.score(picture.encoded, profile)
            first = picture.view is None and picture.mark is None
            name = self._namer(assistant, picture)
            thresholds.under_threshold(measured, thresholds.LEAST, name)  # kinds are embedded now, not at the slider
            before = picture.mark
            self._shown(picture, self._view(picture, measured, name))
            picture.judged_version = version
        if not first and (before is None or picture.mark is None or picture.mark.differs(before)):
            self._part(picture)

    def _namer(self, assistant: Assistant, picture: Picture) -> thresholds.Namer:
        """Gives regions of a picture their kinds: those a person told of regions like them, or those of the vocabulary."""
        detector, encoded = assistant.detector, picture.encoded
        assert encoded is not None, "a picture that is judged was encoded"
        examples = kind_examples(assistant, picture.setup)
        if examples is None:
            return partial(detector.name_regions, encoded)

        def name(masks: list[RegionMask]) -> tuple[Region, ...]:
            named = detector.name_regions(encoded, masks)
            if not named:
                return named
            kinds = examples.kinds_of(detector.embed_regions(encoded, masks).float().cpu().numpy())
            return tuple(
                region if kind is None else replace(
                    region, type=kind[0], type_probability=kind[1],
                    severity=severity_of(region.area_fraction, region.peak_score, kind[0]),
                )
                for region, kind in zip(named, kinds, strict=True)
            )  # fmt: skip

        return name

    def _shown(self, picture: Picture, view: thresholds.View) -> None:
        """A result becomes the picture's."""
        regions = view.inspection.regions
        worst = regions[0].type or "" if regions else ""
        picture.view, picture.mark = view, Mark(view.score, view.verdict, len(regions), worst)

    def reviewed(self, session: Session, picture: Picture) -> None:
        """A picture shows what was said of it since; no forward pass."""
        if picture.view is None or picture.encoded is None:
            self.judge(picture)
            return
        name = self._namer(self.engine.wait(timeout=600), picture)
        self._shown(picture, self._view(picture, picture.view.measured, name))
        self._part(picture)
        keeping.keep_picture(session, picture)
        keeping.keep_talk(session, picture)

    def _view(
        self, picture: Picture, measured: Inspection, name: thresholds.Namer, threshold: float | None = None
    ) -> thresholds.View:
        """What a picture shows under a threshold (its own when None), by the rule of its setup."""
        grid = None if picture.encoded is None else picture.encoded.features.grid
        at = picture.threshold if threshold is None else threshold
        if picture.setup.examples:
            measured = replace(measured, regions=()) if measured.regions else measured
        view = correcting.corrected(measured, at, name, grid, picture.corrected)
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
        name = self._namer(self.engine.wait(timeout=1), picture)
        self._shown(picture, self._view(picture, picture.view.measured, name, float(threshold)))
        picture.threshold = float(threshold)
        self._part(picture)
        keeping.keep_picture(session, picture)
        keeping.keep_talk(session, picture)
        return picture

    def add_references(
        self, session: Session, images: Sequence[QueryImage], files: Sequence[Path | None] | None = None
    ) -> None:
        """Normal pictures for the setup in use.

        Args:
            session: whose.
            images: decoded.
            files: that they were read from; their pixels are written where there is none.

        Raises:
            BenchError: too many, or beside a loaded profile.
        """
        self.require_room(session, len(images))
        setup = session.setup
        self._keep_references(session, setup, images, files or ())
        setup.references += images
        self._changed(session)

    def _keep_references(
        self, session: Session, setup: Setup, images: Sequence[QueryImage], files: Sequence[Path | None]
    ) -> None:
        """References as files of the project; those whose values cannot be written stay in memory alone."""
        for image, file in zip(images, files or [None] * len(images), strict=True):
            if file is not None or image.deep is None:
                origin = keeping.keep_pixels(session, image, file, image.domain, self.settings.limits)
                setup.files.append((origin.file.name, image.source))

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
        for correction in session.corrections:
            if correction.picture.setup is setup:
                correction.learned = None
                keeping.keep_correction(session, correction)
        for name in [*(name for name, _ in setup.files), *filter(None, [setup.profile_file])]:
            session.project.file(name).unlink(missing_ok=True)
        setup.references, setup.anomalous, setup.loaded, setup.files, setup.profile_file = [], [], None, [], ""
        self._changed(session)

    def load_profile(self, session: Session, profile: Profile) -> None:
        """A saved profile instead of the references.

        Raises:
            ProfileError: made with other weights.
        """
        assistant = self.engine.wait(timeout=600)
        profile.check(assistant.preset.name, assistant.weights)
        profile.require_fit(assistant.detector.localizer)
        kept = session.folder / "loaded.safetensors"
        profile.save(kept)
        session.setup.profile_file = session.project.keep_file(kept, "profile.safetensors")
        session.setup.references, session.setup.loaded, session.setup.files = [], profile, []
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
            self.settle(session, picture)
        keeping.keep_view(session)
        self.redo(session)
        self.store.trim(session.id)

    def _part(self, picture: Picture) -> None:
        """The conversation goes on about another result: it is opened anew, and says so."""
        picture.stop.set()
        picture.talk = None
        if picture.messages and picture.messages[-1]["content"] != CHANGED:
            picture.messages.append({"role": "assistant", "content": CHANGED})


def kind_examples(assistant: Assistant, setup: Setup) -> KindExamples | None:
    """Regions whose kinds a person told under a setup, for others that are like them; None without any."""
    known = [one for one in setup.examples if one.embedding is not None]
    if not known:
        return None
    embeddings = np.stack([one.embedding for one in known if one.embedding is not None])
    pictures = tuple(str(one.picture.key) for one in known)
    return KindExamples(
        assistant.preset.name, assistant.weights, tuple(one.kind for one in known), pictures, embeddings
    )


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
