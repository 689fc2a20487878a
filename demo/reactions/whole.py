"""All pictures at once: the table, marks, the threshold of all, the report, and the folder of the operator."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gradio as gr

from demo.bench import keeping
from demo.bench.sessions import Session
from demo.export import all_pictures
from demo.reactions.base import ELSEWHERE, Stream
from demo.reactions.looks import Looks
from demo.reactions.tabs import is_left, is_news
from demo.view import folder_words, painting, words
from demo.view.painting import Updates
from demo.whole import marking
from demo.whole.folder_run import Progress
from demo.whole.listed import id_of, said_of_all
from demo.whole.seen import picture_seen


class Whole(Looks):
    """What concerns all pictures of a project."""

    def open_table(self, sid: str | None) -> Updates:
        """The table is looked at from now on."""
        return self._table(sid, lambda session: None)

    def close_table(self, sid: str | None) -> Updates:
        """Nobody looks at the table any more: it is sent no longer."""

        def work(session: Session) -> Updates:
            session.choice.open = False
            return self.nothing()

        return self.quickly(sid, work)

    def choose_lines(self, sid: str | None, event: gr.EventData) -> Updates:
        """Other lines of the table, or another order of them."""
        return self._table(sid, lambda session: session.choice.set(dict(event._data)))

    def mark_line(self, sid: str | None, event: gr.EventData) -> Updates:
        """A line of the table is good, bad, or neither."""

        def work(session: Session) -> None:
            if is_news(sid, f"mark {event.id}", getattr(event, "turn", None)):
                marking.mark(session, str(event.id), _mark(event.good))

        return self._table(sid, work)

    def move_line(self, sid: str | None, event: gr.EventData) -> Updates:
        """The threshold of the table rests somewhere else."""

        def work(session: Session) -> None:
            if session.choice.is_news("at", event.turn):
                session.choice.move(event.at)
                keeping.keep_view(session)

        return self._table(sid, work)

    def mark_good(self, sid: str | None, seen: str | None = None) -> Updates:
        """The picture that was seen, in view still or not, is good, or, told again, not marked."""
        return self._mark_seen(sid, seen, good=True)

    def mark_bad(self, sid: str | None, seen: str | None = None) -> Updates:
        """The picture that was seen, in view still or not, is bad, or, told again, not marked."""
        return self._mark_seen(sid, seen, good=False)

    def open_line(self, sid: str | None, event: gr.EventData) -> Stream:
        """The picture of a line comes into view; a click that is older than one obeyed since changes nothing."""
        yield from self._stepped(sid, lambda session: str(event.id), getattr(event, "turn", None))

    def step_on(self, sid: str | None) -> Stream:
        """The next picture."""
        yield from self._stepped(sid, lambda session: marking.neighbour(session, 1))

    def step_back(self, sid: str | None) -> Stream:
        """The picture before."""
        yield from self._stepped(sid, lambda session: marking.neighbour(session, -1))

    def use_threshold(self, sid: str | None) -> Stream:
        """The threshold of the table becomes that of every picture."""
        done = "This is the threshold of all pictures now, and of those to come."
        yield from self.run(
            sid, "", lambda session: self.bench.set_threshold_of_all(session, session.choice.at),
            lambda page, session: {**painting.everything(page, session), page.threshold: session.choice.used}, {}, done,
        )  # fmt: skip

    def write_table(self, sid: str | None) -> Stream:
        """CSV and report of all pictures."""
        page = self.page
        try:
            session = self.session(sid)
            made = all_pictures.Files(session, self.runs.allowed, self.bench.settings.limits)
            said = said_of_all(session)
            for number, total in made.write():
                yield self.busy(f"Writing {number:,} of {total:,} …")
            session.reported = said
        except Exception as error:  # noqa: BLE001  shown in the page instead
            yield self.failed(error, sid)
            return
        if is_left(sid):
            yield {page.status: words.done_card(ELSEWHERE)}
            return
        told = painting.files_of_all(page, session)
        for button, path in ((page.table_csv, made.table), (page.table_report, made.report)):
            told[button] = {**told[button], "value": str(path), "visible": True}
        yield {**told, page.session: self.seated(sid, session), page.status: words.done_card("Files are ready.")}

    def begin_folder(self, sid: str | None, named: str | None) -> Updates:
        """The chosen folder is inspected."""

        def work(session: Session) -> Updates:
            self.runs.begin(session, named or "")
            return {**painting.whole(self.page, session), **self._folder(session), self.page.status: ""}

        return self.quickly(sid, work)

    def stop_folder(self, sid: str | None) -> Updates:
        """The folder is inspected no further."""

        def work(session: Session) -> Updates:
            self.runs.stop(session.id)
            return {**painting.whole(self.page, session), **self._folder(session)}

        return self.quickly(sid, work)

    def see_folder(self, sid: str | None) -> Updates:
        """A page was opened, whose table is closed."""
        try:
            session = self.bench.store.get(sid)
            session.choice.open = False
            return {**painting.whole(self.page, session), **self._folder(session)}
        except Exception:  # noqa: BLE001  told by who opened the page
            return self.nothing()

    def tick_folder(self, sid: str | None) -> Updates:
        """How far the folder is, and the table with what is new in it."""
        try:
            session = self.bench.store.get(sid)
            return {**painting.whole(self.page, session), **self._folder(session)}
        except Exception:  # noqa: BLE001  an ended session is told of where a person does something
            return {self.page.folder_ticking: gr.Timer(active=False)}

    def _folder(self, session: Session) -> Updates:
        progress = self.runs.progress(session.id)
        if progress is None and session.rows.path is not None:
            progress = Progress("stopped", session.rows.count)
        going = progress is not None and progress.going
        return {
            self.page.folder_said: folder_words.told(progress),
            self.page.folder_stop: gr.update(interactive=going),
            self.page.folder_go: gr.update(interactive=not going),
            self.page.folder_ticking: gr.Timer(active=going),
        }

    def _table(self, sid: str | None, work: Callable[[Session], Any]) -> Updates:
        def done(session: Session) -> Updates:
            session.choice.open = True
            work(session)
            return painting.whole(self.page, session)

        return self.quickly(sid, done)

    def _mark_seen(self, sid: str | None, seen: str | None, *, good: bool) -> Updates:
        def work(session: Session) -> Updates:
            picture = picture_seen(session, seen) or self.bench.in_view(session)
            marked = None if picture.good is good else good
            marking.mark(session, id_of(picture), marked)
            told = (
                "Not marked any more"
                if marked is None
                else f"Marked {'good' if marked else 'bad'}: it counts in the table"
            )
            of = "" if picture is session.picture else f", {picture.name}"
            return {**painting.whole(self.page, session), self.page.status: words.done_card(f"{told}{of}")}

        return self.quickly(sid, work)

    def _stepped(self, sid: str | None, which: Callable[[Session], str], turn: object = None) -> Stream:
        try:
            session = self.session(sid)
            id = which(session)
            if (click := self.clicked(sid, session, turn)) is None:
                yield from self.brought(sid, session, self.bench.in_view(session))
                return
            if session.rows.line(id) is not None:
                yield self.busy("Inspecting …")
            picture = marking.show(self.bench, session, id, self.runs.allowed, click)
            there = (
                picture if picture is session.picture else self.bench.in_view(session)
            )  # another one was clicked since
            yield from self.brought(sid, session, there)
        except Exception as error:  # noqa: BLE001  shown in the page instead
            yield self.failed(error, sid)


def _mark(told: object) -> bool | None:
    return told if isinstance(told, bool) else None
