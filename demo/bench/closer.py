"""Closer looks at pictures on the bench: one after the other behind the scenes, told how far they are, stopped at any tile."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from assistant.errors import AssistantError
from assistant.inquiry import Detail
from assistant.pictures.sets import ReadAlike
from assistant.vision.closer.closer_look import inspect_closely
from assistant.vision.closer.tile_references import tile_references
from assistant.vision.references.profile import Profile
from demo.bench import keeping
from demo.bench.asked_closer import made_of, offered, references_of
from demo.bench.closely import Closely, LookStopped, is_closer
from demo.bench.judging import BenchError, Judging, judged_without
from demo.bench.sessions import Look, Picture, Session, Setup

if TYPE_CHECKING:
    from assistant.vision.closer.counting import Progress
    from assistant.vision.detail.references import TileReferences

_LOG = logging.getLogger(__name__)
TILES = "tiles.safetensors"
FOUND = "closely.npz"


ENOUGH = 12
"""Tiles that tell how long one takes here."""


class Closer(Judging):
    """Closer looks; see :class:`Judging` for the arguments. What was known stays until one ended, and where one is stopped."""

    def look_closer(self, session: Session, look: str) -> Picture:
        """Look closely at the picture in view, as soon as may be; asked again while that goes on, nothing happens twice.

        Args:
            session: whose.
            look: ``auto`` or ``full``.

        Raises:
            BenchError: a scan, another look, or no picture.
        """
        picture = self.in_view(session)
        if picture.scan is not None:
            raise BenchError(
                "a picture", f"the scan {picture.name}, which is looked at slice by slice", "choose another"
            )
        if not is_closer(look):
            raise BenchError("a closer look, auto or full", str(look)[:20], "choose one")
        with session.lock:
            if all(one.picture is not picture for one in session.looks):
                picture.look, picture.refused = look, -1
                keeping.keep_picture(session, picture)
        self.take_due(session, picture)
        return picture

    def take_due(self, session: Session, *pictures: Picture) -> None:
        """Let closer looks that are due be taken, each once."""
        with session.lock:
            there = [one for one in pictures if one in session.pictures and one.due]
            waiting = [one.picture for one in session.looks]
            session.looks += [Look(one, one.name) for one in there if one not in waiting]
            begins = bool(session.looks) and not session.looking
            session.looking = session.looking or begins
        if begins:
            threading.Thread(target=self._take, args=(session,), name="look-closer", daemon=True).start()

    def stop_looking(self, session: Session, number: int) -> None:
        """A closer look ends, or is not begun; what was known before stays."""
        with session.lock:
            for one in session.looks:
                if one.number == number:
                    one.stop.set()
                    one.picture.refused = one.picture.setup.version
                    keeping.keep_picture(session, one.picture)

    def profile_with_tiles(self, session: Session, setup: Setup, progress: Progress | None = None) -> Profile | None:
        """What the references of a setup became, with what normal tiles are like; called while looking is held once.

        Args:
            session: whose.
            setup: of the references.
            progress: told of tiles of the references.

        Raises:
            AssistantError: as :meth:`profile` says.
        """
        return self._compared(session, setup, setup.inquiry.detail, progress)

    def _tiles(
        self, session: Session, setup: Setup, profile: Profile, detail: Detail, progress: Progress | None
    ) -> TileReferences:
        """Normal tiles, looked at once for the same references, and kept with the project."""
        assistant, normal = self.engine.wait(timeout=600), list(references_of(setup))
        made = made_of(assistant, setup, detail)
        if setup.tiles is not None and setup.tiles[0] == made:
            return setup.tiles[1]
        name, kept_for = setup.tiles_file
        if kept_for == made:
            with contextlib.suppress(AssistantError):  # a file that cannot be read any more is made again
                kept = Profile.load(session.project.file(name)).tiles
                if kept is not None:
                    setup.tiles = made, kept
                    return kept
        tiles = tile_references(
            assistant.detector, ReadAlike(normal), detail.smallest, window=profile.window, progress=progress
        )
        setup.tiles = made, tiles
        written = session.folder / TILES
        replace(profile, tiles=tiles).save(written)
        setup.tiles_file = session.project.keep_file(written, TILES), made
        keeping.keep_setup(session, setup)
        if name:
            session.project.file(name).unlink(missing_ok=True)
        return tiles

    def _take(self, session: Session) -> None:
        """Take what is due, that in view first, until nothing is."""
        while True:
            with session.lock:
                session.looks.sort(key=lambda one: one.picture is not session.picture)
                session.looking = bool(session.looks)
                if not session.looks:
                    return
                look = session.looks[0]
            try:
                self._closely(session, look)
            except LookStopped:
                pass
            except (AssistantError, OSError) as error:
                self._fail(session, look, str(error))
            except Exception:  # noqa: BLE001  told, whatever it was; the look of others goes on
                _LOG.exception("a closer look failed")
                self._fail(session, look, "something unexpected happened; see the server's log")
            finally:
                with session.lock:
                    session.looks.remove(look)
                    session.looked = session.looked[0] + 1, time.monotonic()
            self.take_due(session, look.picture)  # its setup may have changed meanwhile

    def _fail(self, session: Session, look: Look, why: str) -> None:
        look.picture.refused = look.picture.setup.version
        session.failed.append(f"{look.name}: {why}")

    def _closely(self, session: Session, look: Look) -> None:
        """Take a closer look; its result is the picture's, unless the setup changed meanwhile."""
        picture, assistant = look.picture, self.engine.wait(timeout=600)
        turn = self._turn(session, look)
        with self.engine.looking:
            if look.stop.is_set():
                raise LookStopped
            if picture.stale:
                self.judge(picture)
            setup, encoded, detail = picture.setup, picture.encoded, picture.detail
            assert encoded is not None, "a picture that was judged"
            version, look.learning = setup.version, True
            profile = self._compared(session, setup, detail, turn)
            look.learning, look.done, look.planned = False, 0, 0
            asked = replace(encoded, inquiry=replace(encoded.inquiry, detail=detail))
            began = time.monotonic()
            found = judged_without(setup, inspect_closely(assistant.detector, asked, profile, turn))
            if look.done >= ENOUGH:
                self.timed.append((time.monotonic() - began) / look.done)
            with session.lock:
                if setup.version != version or picture.setup is not setup or picture not in session.pictures:
                    return
                self._replace(session, picture, Closely.of(found, version))
                picture.held, picture.encoded = encoded.image if picture.held is None else picture.held, encoded
                before = picture.mark
                self._shown(picture, self._view(picture, found, self._namer(assistant, picture)))
                picture.offer = offered(assistant, picture, found, self.timed)
                if before is None or picture.mark is None or picture.mark.differs(before):
                    self._part(picture)
        keeping.keep_picture(session, picture)
        keeping.keep_talk(session, picture)
        session.rest(self.settings.max_pictures)

    def _compared(self, session: Session, setup: Setup, detail: Detail, progress: Progress | None) -> Profile | None:
        profile = self.profile(self.engine.wait(timeout=600), setup)
        if profile is None or not references_of(setup):
            return profile
        return replace(profile, tiles=self._tiles(session, setup, profile, detail, progress))

    def _turn(self, session: Session, look: Look) -> Callable[[int, int], None]:
        """After each tile: it is told, others look in between, and it ends where somebody said so."""

        def turn(done: int, planned: int) -> None:
            look.done, look.planned = done, planned
            if look.stop.is_set() or look.picture not in session.pictures:
                raise LookStopped
            self.engine.give_way()
            if look.stop.is_set():
                raise LookStopped

        return turn

    def _replace(self, session: Session, picture: Picture, found: Closely) -> None:
        """What a closer look found, on disk and at hand, instead of what an earlier one did."""
        old, picture.closely = picture.closely_file, found
        picture.closely_file = session.project.keep_file(found.as_bytes(), FOUND)
        if old:
            session.project.file(old).unlink(missing_ok=True)

    def still_seen(self, session: Session, setup: Setup, since: int) -> None:
        """Closer looks that were taken under an earlier version of a setup still count: what changed is not what they see."""
        for picture in session.pictures:
            if picture.setup is setup and picture.closely is not None and picture.closely.version == since:
                self._replace(session, picture, replace(picture.closely, version=setup.version))
                keeping.keep_picture(session, picture)
