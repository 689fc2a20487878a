"""Pictures on the bench: added, brought into view, judged again behind the scenes, taken off."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.errors import AssistantError
from assistant.types import QueryImage
from demo.bench import keeping
from demo.bench.closer import Closer
from demo.bench.judging import BenchError
from demo.bench.sessions import Correction, Picture, Session, Setup
from demo.incoming import uploads

if TYPE_CHECKING:
    from demo.incoming.planes import Origin, Plane

PAUSE = 0.02
"""Seconds between two pictures that are judged again, for those who wait."""


class Pictures(Closer):
    """The pictures of a session; see :class:`~demo.bench.judging.Judging` for the arguments."""

    def add(
        self,
        session: Session,
        image: QueryImage,
        setup: Setup | None = None,
        plane: Plane | None = None,
        clicks: int | None = None,
        file: Path | None = None,
        of: str = "",
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
            of: source of the picture of the folder that it is a copy of.

        Raises:
            AssistantError: a picture that cannot be judged; it is not kept.
        """
        self.require_space(session)
        picture = Picture(image, setup or session.own, session.choice.used, plane=plane, of=of)
        picture.origin = self._origin(session, picture, file)
        if picture.setup.key < 0:
            self._keep_references(session, picture.setup, picture.setup.references, ())
        keeping.keep_picture(session, picture)
        try:
            self.judge(picture)
        except BaseException:
            session.project.drop("picture", picture.key)
            session.project.drop("found", picture.key)
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
        self.take_due(session, picture)
        return picture

    def require_space(self, session: Session, nbytes: int = 0) -> None:
        """Refuse what a project has no space for.

        Raises:
            BenchError: so many bytes more would be too many.
        """
        if session.project.nbytes + nbytes > self.settings.max_project_mb * 2**20:
            most = f"a project of at most {self.settings.max_project_mb:,.0f} MB"
            raise BenchError(most, "one that is full", "remove pictures, or begin another project")

    def remove(self, session: Session, index: int) -> None:
        """Take a picture off the bench, with its file, its conversation and what was learned from it."""
        with session.lock:
            if not 0 <= index < len(session.pictures):
                raise BenchError("a picture on the bench", "none there", "choose one of the list")
            gone = session.pictures.pop(index)
            gone.stop.set()
            session.forget_waiting(gone)
            session.current = min(session.current - (index < session.current), len(session.pictures) - 1)
            for kind in ("picture", "talk", "found"):
                session.project.drop(kind, gone.key)
            for correction in gone.corrected:
                session.corrections.remove(correction)
                self.unlearn(correction)
                keeping.forget_correction(session, correction)
            if gone.origin is not None:
                gone.origin.file.unlink(missing_ok=True)
            if gone.closely_file:
                session.project.file(gone.closely_file).unlink(missing_ok=True)
            if session.picture is not None:
                session.use(session.picture.setup)
        keeping.keep_view(session)

    def show(self, session: Session, index: int, clicks: int | None = None) -> Picture:
        """Bring another picture into view as it was judged last, if it was; waits for nothing.

        Args:
            session: whose.
            index: of the picture.
            clicks: of the session when the picture was chosen: what is in view stays where another one was chosen since; None
                for a choice that is made now.

        Returns:
            The picture in view.

        Raises:
            BenchError: no such picture.
        """
        with session.lock:
            if not 0 <= index < len(session.pictures):
                raise BenchError("a picture on the bench", "none there", "choose one of the list")
            if clicks is None:
                session.clicks += 1
            elif clicks != session.clicks and session.picture is not None:
                return session.picture
            session.current = index
            picture = session.pictures[index]
            session.use(picture.setup)
        keeping.keep_view(session)
        return picture

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
        self.take_due(session, picture)

    def redo(self, session: Session) -> None:
        """Judge again, in the background, what was judged under earlier references or another inquiry."""
        with session.lock:
            if session.redoing or not any(one.outdated for one in session.pictures):
                return
            session.redoing = True
        threading.Thread(target=self._redo, args=(session,), name="judge-again", daemon=True).start()

    def remember(self, session: Session, setup: Setup) -> None:
        """Note what is said of the pictures of a setup that is about to change, to tell what the change did.

        While pictures are still judged again for an earlier change, what was said before that one is kept.
        """
        mine = [one for one in list(session.pictures) if one.setup is setup and one.mark is not None]
        going = any(one.judged_version not in (-1, setup.version) for one in mine)
        for picture in mine:
            if not going or picture.before is None:
                picture.before = picture.mark

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
        picture.before, picture.closely, picture.look = None, None, ""
        keeping.keep_picture(session, picture)
        self.take_due(session, picture)

    def unlearn(self, correction: Correction) -> None:
        """What a correction taught is forgotten; where it taught something, pictures of its setup have to be judged again."""
        setup, learned = correction.picture.setup, correction.learned
        if learned is not None:
            setup.references = [one for one in setup.references if one is not learned]
            setup.anomalous = [
                one for one in setup.anomalous if one.image is not learned or one.mask is not correction.mask
            ]
        setup.examples = [one for one in setup.examples if one is not correction]
        if learned is not None or correction.embedding is not None:
            setup.changed()

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

    def _keep_references(
        self, session: Session, setup: Setup, images: Sequence[QueryImage], files: Sequence[Path | None]
    ) -> None:
        """References as files of the project; those whose values cannot be written stay in memory alone."""
        for image, file in zip(images, files or [None] * len(images), strict=True):
            if file is not None or image.deep is None:
                origin = keeping.keep_pixels(session, image, file, image.domain, self.settings.limits)
                setup.files.append((origin.file.name, image.source))
