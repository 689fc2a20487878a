"""What all reactions stand on. Each gives component -> value; what a person can mend is shown as a message, never raised."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gradio as gr

from assistant.errors import AssistantError
from assistant.speech.hearing import Hearing
from demo.bench.sessions import Picture, Session
from demo.bench.workbench import Workbench
from demo.reactions.tabs import is_left, seat
from demo.sample_set import SampleSet
from demo.view import words
from demo.view.page import Page
from demo.view.painting import Updates
from demo.whole.runs import Runs
from demo.whole.seen import AnotherInView, in_view

_LOG = logging.getLogger(__name__)
_refused = itertools.count(1)
Stream = Iterator[Updates]
ELSEWHERE = "Done in the project that was open before"
ASKED_ELSEWHERE = "A question about the pictures that you dropped waits in the project that was open before"
"""Said of what ends after another project was opened."""


class Reactions:
    """What reactions share.

    Args:
        bench: operations.
        samples: offered on the page.
        page: components.
        uploads_folder: where files that were sent lie.
        runs: of the operator's folder; None allows no folder.
        hearing: what hears recordings; that of the operator's settings, loaded at its first use, when None.

    Raises:
        ConfigError: a folder of the model that hears that holds none.
    """

    def __init__(
        self,
        bench: Workbench,
        samples: SampleSet,
        page: Page,
        uploads_folder: Path,
        runs: Runs | None = None,
        hearing: Hearing | None = None,
    ) -> None:
        self.bench, self.samples, self.page, self.root = bench, samples, page, uploads_folder
        self.runs = runs or Runs(bench, None)
        self.hearing = hearing or Hearing(bench.settings.speech)

    def run(
        self,
        sid: str | None,
        busy: str,
        work: Callable[[Session], Any],
        paint: Callable[[Page, Session], Updates],
        after: Updates | None = None,
        done: str | Callable[[], str] = "",
    ) -> Stream:
        """Say what is done, do it, and paint; or say what was wrong and leave everything as it was."""
        if busy:
            yield self.busy(busy)
        try:
            session = self.session(sid)
            sid = self.seated(sid, session)
            work(session)
            if is_left(sid):
                yield {self.page.status: words.done_card(ELSEWHERE)}
                return
            painted = paint(self.page, session)
        except Exception as error:  # noqa: BLE001  shown in the page instead
            yield {**self.failed(error, sid), **(after or {})}
            return
        told = done if isinstance(done, str) else done()
        status = words.done_card(told) if told else self.idle(sid)
        yield {**painted, self.page.status: status, self.page.session: sid, **(after or {})}

    def quickly(self, sid: str | None, work: Callable[[Session], Updates]) -> Updates:
        """New values of something that needs no model; or what was wrong."""
        try:
            session = self.session(sid)
            updates = {**work(session), self.page.session: self.seated(sid, session)}
        except Exception as error:  # noqa: BLE001  shown in the page instead
            return self.failed(error, sid)
        return self.nothing() if is_left(sid) else updates

    def on_seen(
        self, seen: object, work: Callable[[Session, Picture], Any], *, regions: bool = False
    ) -> Callable[[Session], Any]:
        """Work on the picture in view that is refused where it is not the one that the person saw.

        Args:
            seen: what they saw (:func:`demo.whole.seen.look_of`); empty where that is not known.
            work: for :meth:`run` or :meth:`quickly`, given the picture too.
            regions: whether its regions have to be those that they saw.
        """
        return lambda session: work(session, in_view(session, seen, regions=regions))

    def session(self, sid: str | None) -> Session:
        """The session of a page; a new one for a page that has none yet.

        Raises:
            SessionError: an id that is unknown or has ended.
        """
        return self.bench.store.new() if sid is None else self.bench.store.get(sid)

    def seated(self, sid: str | None, session: Session) -> str:
        """The session as the tab holds it; its own where it holds none yet."""
        return seat(session.id) if sid is None else sid

    def failed(self, error: Exception, sid: str | None) -> Updates:
        """What was wrong; a tab that went on to another project stays there.

        One that shows what is no longer in view is painted by another event, since not all that say this write all components.
        """
        told: Updates = {self.page.status: words.error_card(said(error))}
        if isinstance(error, AnotherInView):
            told[self.page.behind] = next(_refused)
        return told if is_left(sid) else {**told, self.page.session: sid}

    def nothing(self) -> Updates:
        """No change: a reaction that yields nothing at all empties every component that it might write."""
        return {self.page.status: gr.update()}

    def idle(self, sid: str | None) -> str:
        """What is said where nothing else is: that an answer is being written, or nothing."""
        try:
            answering = self.bench.store.get(sid).answering
        except AssistantError:
            return ""
        return words.busy_card("Thinking …") if answering else ""

    def busy(self, text: str) -> Updates:
        """What is being done."""
        engine = self.bench.engine
        loading = not engine.ready and engine.error is None
        return {self.page.status: words.busy_card(f"The model is loading; then: {text}" if loading else text)}


def said(error: Exception) -> str:
    """The message of an error a person can act on; others are logged and stay inside."""
    if isinstance(error, AssistantError):
        return str(error)
    _LOG.exception("a request failed", exc_info=error)
    return "something unexpected happened; try again, and see the server's log"
