"""How a picture is judged: the encoder runs once, what a person said stands, another threshold needs no forward pass."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from assistant.errors import AssistantError
from assistant.inquiry import Detail, Inquiry
from assistant.pictures.levels import read_with
from assistant.types import Inspection, Region, Severity, Verdict
from assistant.vision.closer.closer_look import inspect_closely
from assistant.vision.detail.painted import LayeredMap
from assistant.vision.references.kind_examples import KindExamples, named_by_example
from assistant.vision.references.profile import Profile
from assistant.vision.regions import RegionMask
from assistant.vocabulary.severity import severity_of
from demo.bench import correcting, keeping, thresholds
from demo.bench.alongside import Alongside, alongside
from demo.bench.asked_closer import named_alike, offered
from demo.bench.session_store import SessionStore
from demo.bench.sessions import Mark, Picture, Session, Setup
from demo.engine import Engine
from demo.settings import Settings

if TYPE_CHECKING:
    from assistant.pipeline import Assistant
    from assistant.vision.detector import Detector
    from assistant.vision.encoded_query import EncodedQuery

CHANGED = "The result has changed. Answers above were about the earlier one."
"""Said in a conversation whose picture is judged anew."""


TIMED = 5
"""Closer looks by whose time that of the next is told."""


class BenchError(AssistantError):
    """Something that cannot be done with what is on the bench."""


class Judging:
    """How pictures on a bench are judged.

    Args:
        engine: the assistant, which may still be loading.
        store: of sessions.
        settings: limits.
    """

    def __init__(self, engine: Engine, store: SessionStore, settings: Settings) -> None:
        self.engine, self.store, self.settings = engine, store, settings
        self.timed: deque[float] = deque(maxlen=TIMED)
        """Seconds that a tile took in this process, at the closer looks of late."""

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
            measured = self._overview(assistant, picture.encoded, profile)
            if picture.seen_closely and picture.closely is not None:
                measured = picture.closely.onto(measured)
            else:
                measured = judged_without(setup, measured)
            first = picture.view is None and picture.mark is None
            name = self._namer(assistant, picture)
            if not isinstance(measured.anomaly_map, LayeredMap):
                thresholds.under_threshold(
                    measured, thresholds.LEAST, name
                )  # kinds are embedded now, not at the slider
            before = picture.mark
            self._shown(picture, self._view(picture, measured, name))
            picture.judged_version = version
            picture.offer = offered(assistant, picture, measured, self.timed)
        if not first and (before is None or picture.mark is None or picture.mark.differs(before)):
            self._part(picture)

    def _overview(self, assistant: Assistant, encoded: EncodedQuery, profile: Profile | None) -> Inspection:
        """A picture as a whole, with the advice to look closer where it is worth that."""
        whole = replace(encoded, inquiry=replace(encoded.inquiry, detail=Detail("overview")))
        return inspect_closely(assistant.detector, whole, profile)

    def reviewed(self, session: Session, picture: Picture) -> None:
        """A picture shows what was said of it since; no forward pass."""
        if picture.view is None or picture.encoded is None:
            self.judge(picture)
            return
        name = self._namer(self.engine.wait(timeout=600), picture)
        with session.lock:  # a closer look may end meanwhile
            self._shown(picture, self._view(picture, picture.view.measured, name))
        self._part(picture)
        keeping.keep_picture(session, picture)
        keeping.keep_talk(session, picture)

    def set_threshold(self, session: Session, threshold: float, picture: Picture | None = None) -> Picture:
        """Verdict and regions of a picture (that in view when None) under another threshold; no forward pass."""
        picture = picture or self.in_view(session)
        if picture.view is None or picture.encoded is None or threshold == picture.threshold:
            return picture
        name = self._namer(self.engine.wait(timeout=1), picture)
        with session.lock:
            self._shown(picture, self._view(picture, picture.view.measured, name, float(threshold)))
            picture.threshold = float(threshold)
        self._part(picture)
        keeping.keep_picture(session, picture)
        keeping.keep_talk(session, picture)
        return picture

    def set_threshold_of_all(self, session: Session, threshold: float) -> None:
        """Another threshold for every picture, and for those to come; regions are found anew where somebody looks at one.

        Raises:
            ConfigError: a threshold outside its ends.
        """
        if session.picture is not None:
            self.set_threshold(session, threshold)
        session.choice.move(threshold)
        session.choice.used = session.choice.at
        with session.lock:
            others = [one for one in session.pictures if one.threshold != session.choice.used]
        for picture in others:
            picture.threshold = session.choice.used
            if picture.view is not None:
                picture.view = None
                self._part(picture)
            if picture.mark is not None and not picture.corrected:
                verdict = Verdict.ANOMALOUS if picture.mark.score >= picture.threshold else Verdict.NORMAL
                known = (
                    picture.mark
                    if verdict is picture.mark.verdict is Verdict.ANOMALOUS
                    else Mark(picture.mark.score, verdict, warnings=picture.mark.warnings)
                )
                picture.mark = replace(known, verdict=verdict)
            keeping.keep_picture(session, picture)
        keeping.keep_view(session)

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

    def alongside(self, picture: Picture, longest: int) -> Alongside:
        """The reference that a picture is most like where it is most unusual, laid over it; the encoder is not asked again.

        Args:
            picture: on the bench.
            longest: side of its pixels at most.

        Raises:
            AssistantError: nothing to compare with.
        """
        self.judge(picture)
        with self.engine.looking:
            return alongside(self.engine.wait(timeout=1), picture, longest)

    def in_view(self, session: Session) -> Picture:
        """The picture in view.

        Raises:
            BenchError: none.
        """
        if session.picture is None:
            raise BenchError("a picture on the bench", "none yet", "drop one or choose a sample")
        return session.picture

    def _namer(self, assistant: Assistant, picture: Picture) -> thresholds.Namer:
        """Gives regions of a picture their kinds: those a person told of regions like them, or those of the vocabulary."""
        detector, encoded = assistant.detector, picture.encoded
        assert encoded is not None, "a picture that is judged was encoded"
        if picture.seen_closely and picture.closely is not None and picture.closely.layers:
            return partial(named_alike, picture.closely.regions)
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
        worst, place = (regions[0].type or "", ", ".join(regions[0].cells)) if regions else ("", "")
        picture.view = view
        picture.mark = Mark(
            view.score, view.verdict, len(regions), worst, place, view.threshold,
            worst_of([region.severity for region in regions]), view.measured.warnings,
        )  # fmt: skip

    def _view(
        self, picture: Picture, measured: Inspection, name: thresholds.Namer, threshold: float | None = None
    ) -> thresholds.View:
        """What a picture shows under a threshold (its own when None), by the rule of its setup."""
        grid = None if picture.encoded is None else picture.encoded.features.grid
        at = picture.threshold if threshold is None else threshold
        if picture.setup.examples and isinstance(measured.anomaly_map, LayeredMap):
            measured = named_by_example(measured, kind_examples(self.engine.wait(timeout=600), picture.setup))
        elif picture.setup.examples:
            measured = replace(measured, regions=()) if measured.regions else measured
        view = correcting.corrected(measured, at, name, grid, picture.corrected)
        return thresholds.ruled(view, picture.setup.rule)

    def _part(self, picture: Picture) -> None:
        """The conversation goes on about another result: it is opened anew, and says so."""
        picture.stop.set()
        picture.talk = None
        if picture.messages and picture.messages[-1]["content"] != CHANGED:
            picture.messages.append({"role": "assistant", "content": CHANGED})


def judged_without(setup: Setup, found: Inspection) -> Inspection:
    """What was found, with what of the setup could not be read again."""
    if not setup.lost:
        return found
    warning = f"is judged without {', '.join(setup.lost)}, which could not be read again"
    return replace(found, warnings=(*found.warnings, warning))


def worst_of(severities: Sequence[Severity]) -> str:
    """The gravest; empty without any.

    >>> worst_of([Severity.MAJOR, Severity.CRITICAL, Severity.MINOR])
    'critical'
    """
    return max(severities, key=list(Severity).index).value if severities else ""


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
    """What a setup asks of whole pictures it is compared with: a box ticked before there are any waits for them."""
    compared, whole = setup.references or setup.loaded, replace(setup.inquiry, detail=Detail("overview"))
    return whole if compared else replace(whole, fixed_camera=False)


def _encoded(detector: Detector, picture: Picture) -> EncodedQuery:
    """A picture with what its setup asks; the encoder runs where no tokens are kept."""
    inquiry, before = picture.setup.inquiry, picture.encoded
    if before is None:
        return detector.encode(picture.image, inquiry)
    image = picture.image if inquiry.domain is None else replace(picture.image, domain=inquiry.domain)
    return detector.from_features(image, before.features, inquiry)
