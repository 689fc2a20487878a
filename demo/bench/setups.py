"""How pictures are to be judged: references, profiles, and the details that a person tells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from assistant.errors import AssistantError
from assistant.rules.sentence import read_sentence
from assistant.types import QueryImage
from assistant.vision.closer.counting import Progress
from assistant.vision.references.profile import Profile
from demo.bench import keeping
from demo.bench.details import Details
from demo.bench.judging import BenchError
from demo.bench.pictures import Pictures
from demo.bench.sessions import Picture, Session, Setup

MAX_REFERENCES = 32
"""Of a person; they are kept decoded, up to 75 MB each."""


class Setups(Pictures):
    """The setups of a session; see :class:`~demo.bench.judging.Judging` for the arguments."""

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
        for name in [*(name for name, _ in setup.files), *filter(None, [setup.profile_file, setup.tiles_file[0]])]:
            session.project.file(name).unlink(missing_ok=True)
        setup.references, setup.anomalous, setup.loaded, setup.files, setup.profile_file = [], [], None, [], ""
        setup.lost, setup.tiles, setup.tiles_file = [], None, ("", "")
        self._changed(session)

    def without_references(self, session: Session, pictures: Sequence[Picture]) -> Setup:
        """Pictures are judged without references from now on, and by the same details; earlier ones keep theirs.

        Args:
            session: whose.
            pictures: on its bench; those that were corrected stay as they are, since their setup learned from them.
        """
        before = pictures[0].setup if pictures else session.own
        inquiry = replace(before.inquiry, mode="auto", fixed_camera=False)
        setup = Setup(inquiry, rule=before.rule, rule_text=before.rule_text)
        keeping.keep_setup(session, setup)
        moved = [one for one in pictures if not one.corrected]
        with session.lock:
            for picture in moved:
                picture.setup, picture.judged_version = setup, -1
            session.own = setup
            if session.picture in moved:
                session.use(setup)
        for picture in moved:
            picture.before = picture.mark
            keeping.keep_picture(session, picture)
        keeping.keep_view(session)
        self.redo(session)
        return setup

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
        session.setup.references, session.setup.loaded, session.setup.files, session.setup.lost = [], profile, [], []
        self._changed(session)

    def save_profile(self, session: Session) -> Path:
        """The references in use as a file in the session's folder.

        Raises:
            BenchError: no references.
        """
        if not (session.setup.references or session.setup.loaded or session.setup.anomalous):
            raise BenchError("at least one reference", "none", "add normal pictures first")
        with self.engine.looking:
            turn: Progress = lambda done, planned: self.engine.give_way()  # noqa: E731
            if session.setup.inquiry.detail.closer:
                profile = self.profile_with_tiles(session, session.setup, turn)
            else:
                profile = self.profile(self.engine.wait(timeout=600), session.setup)
        if profile is None:
            raise BenchError("references in use", "zero-shot mode", "choose auto or few-shot")
        path = session.folder / "profile.safetensors"
        profile.save(path)
        return path

    def tell(self, session: Session, details: Details) -> None:
        """Details that a person typed; the picture in view is judged anew when they changed.

        Raises:
            AssistantError: what makes no sense; everything stays as it was.
        """
        setup, told, sentence = session.setup, details.inquiry, details.rule_text
        ruling = read_sentence(sentence) if sentence else None
        before = setup.inquiry, setup.rule, setup.rule_text
        if (told, ruling) == before[:2]:
            return
        seen = told == setup.inquiry
        setup.inquiry, setup.rule, setup.rule_text = told, ruling, sentence
        try:
            self._changed(session, seen=seen)
        except AssistantError:
            setup.inquiry, setup.rule, setup.rule_text = before
            setup.changed()
            raise

    def _changed(self, session: Session, setup: Setup | None = None, *, seen: bool = False) -> None:
        """Pictures of a setup (that in view when None) are judged again; ``seen`` where their closer looks still count."""
        setup = setup or session.setup
        self.remember(session, setup)
        since = setup.version
        setup.changed()
        if seen:
            self.still_seen(session, setup, since)
        picture = session.picture
        if picture is not None and picture.setup is setup:
            self.settle(session, picture)
        keeping.keep_view(session)
        self.redo(session)
        self.store.trim(session.id)
