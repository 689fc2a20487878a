"""Files dropped together: looked at one after the other, stopped, gone on with, and asked about where they look out of place."""

from __future__ import annotations

from pathlib import Path

import gradio as gr

from assistant.errors import AssistantError
from demo.bench.drops import Drop, State
from demo.bench.judging import BenchError
from demo.bench.sessions import Picture, Session, Setup
from demo.incoming import planes, uploads
from demo.reactions.base import ASKED_ELSEWHERE, ELSEWHERE, Stream, said
from demo.reactions.projects import Projects
from demo.reactions.scans import ScanLooks
from demo.reactions.tabs import is_left, seat
from demo.scans.dropped import Dropped, discard_drop, sorted_drop
from demo.view import drop_words, painting, words
from demo.view.painting import Updates

Mine = Drop[Picture, Setup]
"""A drop on the bench."""


class Drops(ScanLooks, Projects):
    """What happens to files that were dropped."""

    def add_files(self, sid: str | None, paths: list[str] | None) -> Stream:
        """Pictures were dropped; the details are left alone, since a person may be typing there meanwhile."""
        left = painting.detail_inputs(self.page)
        for painted in self._add_files(sid, paths):
            yield {component: value for component, value in painted.items() if component not in left}

    def _add_files(self, sid: str | None, paths: list[str] | None) -> Stream:
        if not paths:
            yield self.nothing()
            return
        problems: list[str] = []
        try:
            session = self.session(sid)
            sid = self.seated(sid, session)
            drop: Mine = Drop.of(paths, self._sorted(paths, problems), session.clicks)
            session.drops.append(drop)
        except Exception as error:  # noqa: BLE001  shown in the page instead
            discard_drop(paths, self.root)
            told = words.error_card(" ".join([*problems, said(error)]))
            yield {**self.failed(error, sid), self.page.status: told, self.page.drop: None}
            return
        yield from self._work(sid, session, drop, problems)

    def stop_drop(self, sid: str | None, event: gr.EventData) -> Updates:
        """No more of a drop is looked at; what was looked at stays."""

        def work(session: Session) -> Updates:
            drop = _found(session, event.number)
            drop.stop()
            if drop.looking is not None and drop.looking.scan is not None:
                drop.looking.scan.gone = True
            return {self.page.drops: drop_words.told(session), self.page.status: words.busy_card("Stopping …")}

        return self.quickly(sid, work)

    def answer_drop(self, sid: str | None, visitor: str | None, event: gr.EventData) -> Stream:
        """What is to become of a drop that was stopped, or asked about."""
        try:
            session = self.session(sid)
            drop = _found(session, event.number)
            choice = drop_words.Choice(event.choice)
        except Exception as error:  # noqa: BLE001  shown in the page instead
            yield self.failed(error, sid)
            return
        match choice:
            case drop_words.Choice.LEAVE:
                session.drops.remove(drop)
                discard_drop(drop.paths, self.root)
                yield {self.page.drops: drop_words.told(session), self.page.status: ""}
            case drop_words.Choice.ON:
                yield from self._work(sid, session, drop, [], drop.go_on(session.clicks))
            case drop_words.Choice.ALONE:
                yield self.busy("Inspecting again …")
                problems: list[str] = []
                try:
                    drop.setup = self.bench.without_references(session, drop.judged)
                    self.bench.settle(session, self.bench.in_view(session))
                except Exception as error:  # noqa: BLE001  told when the drop ends
                    problems.append(said(error))
                yield from self._work(sid, session, drop, problems, drop.go_on(session.clicks))
            case drop_words.Choice.APART:
                yield from self._moved_apart(sid, visitor or "", session, drop)

    def _moved_apart(self, sid: str | None, visitor: str, session: Session, drop: Mine) -> Stream:
        """A drop goes on in a project of its own, with the pictures of it that were judged."""
        yield self.busy("Making a project of them …")
        store = self.bench.store
        try:
            fresh = store.new(visitor=visitor)
            moved = [one for one in drop.judged if one in session.pictures and not one.corrected]
            for number, picture in enumerate(moved):
                file = None if picture.plane is not None or picture.origin is None else picture.origin.file
                added = self.bench.add(fresh, picture.image, plane=picture.plane, file=file)
                drop.judged[drop.judged.index(picture)] = added
                self.bench.remove(session, session.pictures.index(picture))
                yield self.busy(f"Making a project of them: {number + 1} of {len(moved)} …")
            session.drops.remove(drop)
            fresh.drops.append(drop)
            drop.setup = None
        except Exception as error:  # noqa: BLE001  shown in the page instead
            yield {**painting.everything(self.page, session), **self.failed(error, sid)}
            return
        here = seat(fresh.id, sid)
        yield from self.shown(here, visitor, sid)
        yield from self._work(here, fresh, drop, [], drop.go_on(fresh.clicks))

    def _work(self, sid: str | None, session: Session, drop: Mine, problems: list[str], turn: int | None = 0) -> Stream:
        """Pictures and scans of a drop, one after the other; what went wrong is told at the end.

        Args:
            sid: of the session, as the tab holds it.
            session: whose.
            drop: that is looked at.
            problems: met so far; grows.
            turn: to work for; None where somebody does already.
        """
        if turn is None:
            yield self.nothing()
            return
        painted: Updates = {}
        try:
            while drop.pictures and drop.goes(turn):
                yield self._before(sid, session, drop, painted)
                if (path := drop.next_picture(turn)) is None:
                    break
                try:
                    self._add(session, drop, path)
                except Exception as error:  # noqa: BLE001  shown in the page instead
                    problems.append(said(error))
                    continue
                painted = {} if is_left(sid) else painting.everything(self.page, session)
                drop.ask(lambda picture: picture.of_other_product)
            if drop.scans and drop.goes(turn):
                yield self.nothing() if is_left(sid) or not painted else painted
                painted = yield from self.add_scans(sid, session, drop, turn, problems)
        finally:
            if drop.goes(turn):
                drop.stop()  # nobody reads any more, or all of it was looked at
        if drop.turn != turn:
            yield self.nothing()
            return
        if not drop.waiting and drop.state is not State.ASKING and drop in session.drops:
            session.drops.remove(drop)
            discard_drop(drop.paths, self.root)
        yield self._ended(sid, session, drop, problems, painted)

    def _before(self, sid: str | None, session: Session, drop: Mine, painted: Updates) -> Updates:
        """What is shown while a picture is looked at: those before it, and which one it is."""
        path = drop.pictures[0]
        drop.begin()
        if drop.total == 1 and self.bench.engine.ready:
            return self.nothing()  # the browser's own word is enough, and quicker
        busy = self.busy(f"Inspecting {uploads.display_name(path)} …")
        return busy if is_left(sid) else {**painted, **busy, self.page.drops: drop_words.told(session)}

    def _add(self, session: Session, drop: Mine, path: Path) -> None:
        files, limits = session.project.files, self.bench.settings.limits
        image, plane = planes.open_upload(path, self.root, files, limits)
        file = None if plane is not None else uploads.inside(path, self.root)
        drop.judged.append(self.bench.add(session, image, drop.setup, plane=plane, clicks=drop.clicks, file=file))

    def _ended(self, sid: str | None, session: Session, drop: Mine, problems: list[str], painted: Updates) -> Updates:
        """The page once a drop was looked at, or waits."""
        problem = words.error_card(" ".join(problems)) if problems else ""
        if is_left(sid):
            told = ASKED_ELSEWHERE if drop.state is State.ASKING else ELSEWHERE
            return {self.page.status: problem or words.done_card(told), self.page.drop: None}
        over = not drop.waiting and drop.state is not State.ASKING
        counted = words.done_card(text) if over and (text := drop_words.ended(drop)) else ""
        return {  # with the last picture, since what is not mounted yet takes the last value alone
            **(painted or painting.everything(self.page, session)),
            self.page.drops: drop_words.told(session),
            self.page.status: problem + counted + (self.idle(sid) if counted or not problem else ""),
            self.page.drop: None,
            self.page.session: sid,
        }

    def _sorted(self, paths: list[str], problems: list[str]) -> Dropped:
        """Scans and pictures among files that were sent; others are told of.

        Raises:
            ImageError: an archive that cannot be unpacked.
        """
        sent = []
        for path in paths:
            try:
                sent.append(uploads.inside(path, self.root))
            except AssistantError as error:
                problems.append(said(error))
        return sorted_drop(sent, self.root, self.bench.settings.limits) if sent else Dropped((), ())


def _found(session: Session, number: object) -> Mine:
    """A drop of a session.

    Raises:
        BenchError: none of this number.
    """
    drop = next((one for one in session.drops if one.number == number), None)
    if drop is None:
        raise BenchError("files that wait", "none that wait any more", "drop them again")
    return drop
