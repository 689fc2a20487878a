"""Questions: noted at once, answered in their order."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import gradio as gr

from assistant.errors import AssistantError
from assistant.geometry import mask_box
from demo.bench import questions
from demo.bench.judging import BenchError
from demo.bench.sessions import Picture, Session
from demo.reactions.base import ELSEWHERE, Stream, said
from demo.reactions.corrections import Corrections
from demo.reactions.tabs import is_left, tab_of
from demo.view import painting, words
from demo.view.painting import Updates
from demo.whole.seen import in_view

BEAT = 0.3
"""Seconds between two looks at an answer that is written for another tab."""


class Talks(Corrections):
    """What is asked and answered."""

    def ask(self, sid: str | None, question: str, seen: str | None = None) -> Updates:
        """A question was sent; one that was suggested is about the picture that was seen."""
        return self._note(sid, lambda session, picture: question, seen)

    def ask_region(self, sid: str | None, event: gr.EventData, seen: str | None = None) -> Updates:
        """The label of a region was clicked."""
        return self.ask_chosen(sid, getattr(event, "number", None), seen)

    def ask_chosen(self, sid: str | None, number: int | None, seen: str | None = None) -> Updates:
        """The chosen region is asked about."""
        return self._note(sid, lambda session, picture: _numbered(picture, number), seen, regions=True)

    def ask_pointed(self, sid: str | None, shown: dict[str, Any] | None, box: str, seen: str | None = None) -> Updates:
        """Something was drawn or boxed, and asked about."""

        def question(session: Session, picture: Picture) -> str:
            mask = self.drawn(session, picture, shown, box)
            self.bench.judge(picture)
            assert picture.view is not None, "judged"
            return questions.pointed_question(picture.view.inspection, mask_box(mask))

        return self._note(sid, question, seen)

    def retry(self, sid: str | None, seen: str | None = None) -> Updates:
        """The last question once more."""
        return self._note(sid, self.bench.take_back, seen)

    def stop(self, sid: str | None) -> Updates:
        """The answer being written ends."""
        try:
            session = self.bench.store.get(sid)
        except AssistantError as error:
            return {self.page.status: words.error_card(error)}
        picture = session.spoken_of if session.answering else session.picture
        if picture is not None:
            picture.stop.set()
        return self.nothing()

    def start_over(self, sid: str | None, seen: str | None = None) -> Stream:
        """The conversation on the picture in view is forgotten."""
        yield from self.run(sid, "", self.on_seen(seen, self.bench.start_over), painting.talk)

    def _note(
        self, sid: str | None, question: Callable[[Session, Picture], str], seen: str | None, *, regions: bool = False
    ) -> Updates:
        """A question joins those that wait; it is seen at once, whatever is being written."""
        try:
            session = self.session(sid)
            picture = in_view(session, seen, regions=regions)
            self.bench.note(session, question(session, picture), picture)
        except Exception as error:  # noqa: BLE001  shown in the page instead
            return self.failed(error, sid)
        return {
            self.page.question: "",
            self.page.status: words.busy_card("Thinking …"),
            self.page.chat: painting.messages(picture, session.waiting_about(picture)),
            self.page.stop: gr.update(interactive=True),
            self.page.session: self.seated(sid, session),
        }

    def answer(self, sid: str | None) -> Stream:
        """The answers to what waits, as they grow; those that are written for another tab are followed."""
        try:
            session = self.session(sid)
            begun = session.begin_answering()
        except AssistantError:
            yield self.nothing()  # said when the question was noted
            return
        if not begun:
            yield from self._followed(sid, session)
            return
        session.writer = tab_of(sid)
        problem = ""
        try:
            while (asked := session.next_asked()) is not None:
                picture = session.spoken_of = asked.picture
                try:
                    for _ in self.bench.ask(session, asked.question, picture):
                        if session.picture is picture and not is_left(sid):
                            yield {self.page.chat: painting.messages(picture, session.waiting_about(picture))}
                except Exception as error:  # noqa: BLE001  shown in the page instead
                    problem = words.error_card(said(error))
        except GeneratorExit:
            session.answering = False  # nobody reads any more; what waits is answered when somebody does
            raise
        if is_left(sid):
            yield {self.page.status: problem or words.done_card(ELSEWHERE)}
        else:
            yield {**painting.talk(self.page, session), self.page.status: problem, **painting.stale(self.page)}

    def _followed(self, sid: str | None, session: Session) -> Stream:
        """The answers that are written for another tab, until all are."""
        tab, shown = tab_of(sid), None
        yield self.nothing()
        if tab is None or not session.answering or session.writer is tab:
            return
        while session.answering and not is_left(sid):
            picture = session.picture
            if picture is not None and (now := painting.messages(picture, session.waiting_about(picture))) != shown:
                shown = now
                yield {self.page.chat: now, self.page.status: self.idle(sid)}
            time.sleep(BEAT)
        if not is_left(sid):
            yield {**painting.talk(self.page, session), self.page.status: "", **painting.stale(self.page)}


def _numbered(picture: Picture, number: object) -> str:
    known = [] if picture.view is None else [region.id for region in picture.view.inspection.regions]
    if number not in known:
        raise BenchError("a region of the picture in view", "none there", "click one of the list")
    return questions.region_question(int(str(number)))
