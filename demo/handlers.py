"""What happens when a person does something on the page: a session changes, components get new values.

Every handler is a generator of component -> value; what a person can mend is shown as a message, never raised.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np

from assistant.errors import AssistantError
from assistant.geometry import mask_box
from assistant.inquiry import Inquiry
from demo.bench import planes, questions, uploads
from demo.bench.planes import Plane
from demo.bench.sessions import Session
from demo.bench.workbench import BenchError, Workbench
from demo.sample_set import SampleSet
from demo.takeaway import exports
from demo.view import drawing, painting, words
from demo.view.page import Page
from demo.view.painting import Updates

_LOG = logging.getLogger(__name__)
Stream = Iterator[Updates]


class Handlers:
    """The page's reactions.

    Args:
        bench: operations.
        samples: offered on the page.
        page: components.
        uploads_folder: where files that were sent lie.
    """

    def __init__(self, bench: Workbench, samples: SampleSet, page: Page, uploads_folder: Path) -> None:
        self.bench, self.samples, self.page, self.root = bench, samples, page, uploads_folder

    def opened(self, sid: str | None) -> Updates:
        """A page was opened: a session for it."""
        return {self.page.session: sid or self.bench.store.new().id, **self.state()}

    def state(self) -> Updates:
        """Whether model and samples are there yet; quick, asked again and again until they are."""
        engine = self.bench.engine
        chip = words.model_chip(self.bench.settings.preset, engine.ready, engine.error, engine.waited)
        return {self.page.chip: chip}

    def offered(self) -> Updates:
        """The samples, as small pictures."""
        limits = self.bench.settings.limits
        shown = []
        for index, sample in enumerate(self.samples.wait(timeout=0)):
            image = self.samples.picture(index, limits, references=False)[0]
            label = words.sample_label(sample.object_name, sample.truth)
            shown.append((drawing.thumbnail(image.pixels), label))
        return {self.page.samples: shown}

    def add_files(self, sid: str | None, paths: list[str] | None) -> Stream:
        """Pictures were dropped."""
        if not paths:
            yield self._nothing()
            return
        problems = []
        painted: Updates = {}
        clicks: int | None = None
        for number, path in enumerate(paths, 1):
            counted = f" ({number} of {len(paths)})" if len(paths) > 1 else ""
            if len(paths) > 1 or not self.bench.engine.ready:  # else the browser's own word is enough, and quicker
                yield {**painted, **self._busy(f"Inspecting {uploads.display_name(path)}{counted} …")}
            try:
                session = self._session(sid)
                sid, clicks = session.id, session.clicks if clicks is None else clicks
                image, plane = planes.open_upload(path, self.root, session.folder, self.bench.settings.limits)
                self.bench.add(session, image, plane=plane, clicks=clicks)
            except Exception as error:  # noqa: BLE001  shown in the page instead
                problems.append(said(error))
                continue
            painted = painting.everything(self.page, session)
        yield {  # with the last picture, since what is not mounted yet takes the last value alone
            **painted,
            self.page.status: words.error_card(" ".join(problems)) if problems else self._idle(sid),
            self.page.drop: None,
            self.page.session: sid,
        }

    def move_plane(self, sid: str | None, index: float | None, axis: float | None, window: str | None) -> Stream:
        """Another slice, frame, axis or window of the medical file in view."""
        before: list[Plane | None] = []

        def work(session: Session) -> None:
            before.append(self.bench.in_view(session).plane)
            self.bench.move_plane(session, index, axis, window)

        def paint(page: Page, session: Session) -> Updates:
            was, now = before[0], self.bench.in_view(session).plane
            if was is None or now is None or was == now:
                return {}
            updates = painting.everything(page, session)
            if now.axis == was.axis:
                updates.pop(page.plane)  # it is under the person's hand
            return updates

        yield from self._run(sid, "", work, paint)

    def add_sample(self, sid: str | None, event: gr.SelectData) -> Stream:
        """A sample was clicked: it comes with references of its own."""

        def work(session: Session) -> None:
            from demo.bench.sessions import Setup

            image, references, sample = self.samples.picture(int(event.index), self.bench.settings.limits)
            inquiry = Inquiry(object_name=sample.object_name, domain=sample.domain)
            setup = Setup(inquiry, references=references, of_sample=True)
            self.bench.add(session, image, setup)

        yield from self._run(sid, "Inspecting the sample …", work, painting.everything)

    def choose(self, sid: str | None, event: gr.SelectData) -> Stream:
        """Another picture of the bench was clicked."""
        try:
            session = self._session(sid)
            picture = self.bench.show(session, int(event.index))
            click = session.clicks
            if picture.stale:
                yield {**painting.everything(self.page, session), **self._busy("Inspecting again …")}
                self.bench.judge(picture)
            if click == session.clicks:
                yield {**painting.everything(self.page, session), self.page.status: self._idle(session.id)}
            else:
                yield self._nothing()  # another one was clicked meanwhile
        except Exception as error:  # noqa: BLE001  shown in the page instead
            yield {self.page.status: words.error_card(said(error)), self.page.session: sid}

    def move_threshold(self, sid: str | None, threshold: float) -> Updates:
        """The slider moved; answers at once, without the encoder."""
        try:
            session = self._session(sid)
            if session.picture is None:
                return {self.page.session: session.id}
            self.bench.set_threshold(session, threshold)
        except Exception as error:  # noqa: BLE001  shown in the page instead
            return {self.page.status: words.error_card(said(error))}
        updates = {**painting.result(self.page, session, editor=False), **painting.talk(self.page, session)}
        updates.pop(self.page.threshold)
        return updates | painting.stale(self.page)

    def add_references(self, sid: str | None, paths: list[str] | None) -> Stream:
        """Normal pictures were dropped."""

        def work(session: Session) -> None:
            self.bench.require_room(session, len(paths or ()))
            limits = self.bench.settings.limits
            self.bench.add_references(session, [uploads.read_picture(p, self.root, limits) for p in paths or ()])

        yield from self._run(
            sid, "Learning how normal looks …", work, painting.everything, {self.page.references_drop: None}
        )

    def clear_references(self, sid: str | None) -> Stream:
        """No references any more."""
        yield from self._run(sid, "Inspecting again …", self.bench.clear_references, painting.everything)

    def load_profile(self, sid: str | None, path: str | None) -> Stream:
        """A profile was dropped."""

        def work(session: Session) -> None:
            self.bench.load_profile(session, uploads.read_profile(path, self.root))

        yield from self._run(sid, "Reading the profile …", work, painting.everything, {self.page.profile_drop: None})

    def save_profile(self, sid: str | None) -> Stream:
        """The references as a file."""
        made: list[Path] = []

        def paint(page: Page, session: Session) -> Updates:
            return {page.profile_file: gr.update(value=str(made[0]), visible=True)}

        yield from self._run(sid, "Saving …", lambda s: made.append(self.bench.save_profile(s)), paint)

    def tell(
        self,
        sid: str | None,
        name: str,
        look_for: str,
        mode: str,
        domain: str,
        fixed: bool,
        scale: float | None,
        rule: str,
    ) -> Stream:
        """Details were applied."""

        def work(session: Session) -> None:
            self.bench.tell(session, name, look_for, mode, domain, fixed, scale, rule)

        yield from self._run(sid, "Inspecting again …", work, painting.everything)

    def ask(self, sid: str | None, question: str) -> Updates:
        """A question was sent."""
        return self._note(sid, lambda session: question)

    def ask_table(self, sid: str | None, event: gr.SelectData) -> Updates:
        """A row of the table was clicked."""
        return self._note(sid, lambda session: self._of_region(session, int(event.index[0])))

    def ask_region(self, sid: str | None, event: gr.SelectData) -> Updates:
        """A region on the picture was clicked."""
        return self._note(sid, lambda session: self._of_region(session, int(event.index)))

    def ask_pointed(self, sid: str | None, drawn: dict[str, Any] | None, box: str) -> Updates:
        """Something was painted or boxed, and asked about."""

        def question(session: Session) -> str:
            picture = self.bench.in_view(session)
            assert picture.view is not None, "a picture in view was judged"
            return questions.pointed_question(picture.view.inspection, mask_box(self._mask(session, drawn, box)))

        return self._note(sid, question)

    def retry(self, sid: str | None) -> Updates:
        """The last question once more."""
        return self._note(sid, self.bench.take_back)

    def stop(self, sid: str | None) -> Updates:
        """The answer being written ends."""
        try:
            session = self.bench.store.get(sid)
        except AssistantError as error:
            return {self.page.status: words.error_card(error)}
        picture = session.spoken_of if session.answering else session.picture
        if picture is not None:
            picture.stop.set()
        return self._nothing()

    def start_over(self, sid: str | None) -> Stream:
        """The conversation on the picture in view is forgotten."""
        yield from self._run(sid, "", self.bench.start_over, painting.talk)

    def mark_normal(self, sid: str | None) -> Stream:
        """The picture in view is normal."""
        done = "Noted: this picture is normal. It is a reference now, and the result was made anew."
        yield from self._run(sid, "Learning …", self.bench.mark_normal, painting.everything, {}, done)

    def mark_defect(self, sid: str | None, drawn: dict[str, Any] | None, box: str, kind: str) -> Stream:
        """A defect was painted or boxed."""

        def work(session: Session) -> None:
            self.bench.in_view(session)
            self.bench.mark_defect(session, self._mask(session, drawn, box), kind or "")

        done = "Noted: a defect is here. It is an anomalous reference now, and the result was made anew."
        yield from self._run(sid, "Learning …", work, painting.everything, {}, done)

    def prepare(self, sid: str | None) -> Stream:
        """Files of the picture in view."""
        made: list[Path] = []

        def paint(page: Page, session: Session) -> Updates:
            return {b: gr.update(value=str(path), visible=True) for b, path in zip(page.files, made, strict=True)}

        yield from self._run(sid, "Writing …", lambda s: made.extend(exports.write_all(s)), paint)

    def corrections(self, sid: str | None) -> Stream:
        """The corrections as a data set."""
        made: list[Path] = []

        def paint(page: Page, session: Session) -> Updates:
            return {page.corrections_file: gr.update(value=str(made[0]), visible=True)}

        yield from self._run(sid, "Writing …", lambda s: made.append(exports.write_corrections(s)), paint)

    def _run(
        self,
        sid: str | None,
        busy: str,
        work: Callable[[Session], Any],
        paint: Callable[[Page, Session], Updates],
        after: Updates | None = None,
        done: str = "",
    ) -> Stream:
        """Say what is done, do it, and paint; or say what was wrong and leave everything as it was."""
        if busy:
            yield self._busy(busy)
        try:
            session = self._session(sid)
            sid = session.id
            work(session)
            painted = paint(self.page, session)
        except Exception as error:  # noqa: BLE001  shown in the page instead
            yield {self.page.status: words.error_card(said(error)), self.page.session: sid, **(after or {})}
            return
        status = words.done_card(done) if done else self._idle(sid)
        yield {**painted, self.page.status: status, self.page.session: sid, **(after or {})}

    def _note(self, sid: str | None, question: Callable[[Session], str]) -> Updates:
        """A question joins those that wait; it is seen at once, whatever is being written."""
        try:
            session = self._session(sid)
            self.bench.in_view(session)
            picture = self.bench.note(session, question(session))
        except Exception as error:  # noqa: BLE001  shown in the page instead
            return {self.page.status: words.error_card(said(error)), self.page.session: sid}
        return {
            self.page.question: "",
            self.page.status: words.busy_card("Thinking …"),
            self.page.chat: painting.messages(picture, session.waiting_about(picture)),
            self.page.stop: gr.update(interactive=True),
            self.page.session: session.id,
        }

    def answer(self, sid: str | None) -> Stream:
        """The answers to what waits, as they grow; nothing where another event writes them already."""
        try:
            session = self._session(sid)
            begun = session.begin_answering()
        except AssistantError:
            begun = False  # said when the question was noted
        if not begun:
            yield self._nothing()
            return
        problem = ""
        try:
            while (asked := session.next_asked()) is not None:
                picture = session.spoken_of = asked.picture
                try:
                    for _ in self.bench.ask(session, asked.question, picture):
                        if session.picture is picture:
                            yield {self.page.chat: painting.messages(picture, session.waiting_about(picture))}
                except Exception as error:  # noqa: BLE001  shown in the page instead
                    problem = words.error_card(said(error))
        except GeneratorExit:
            session.answering = False  # nobody reads any more; what waits is answered when somebody does
            raise
        yield {**painting.talk(self.page, session), self.page.status: problem, **painting.stale(self.page)}

    def _session(self, sid: str | None) -> Session:
        """The session of a page; a new one for a page that has none yet.

        Raises:
            SessionError: an id that is unknown or has ended.
        """
        return self.bench.store.new() if sid is None else self.bench.store.get(sid)

    def _of_region(self, session: Session, index: int) -> str:
        picture = self.bench.in_view(session)
        regions = () if picture.view is None else picture.view.inspection.regions
        if not 0 <= index < len(regions):
            raise BenchError("a region of the picture in view", "none there", "click one of the list")
        return questions.region_question(regions[index].id)

    def _mask(self, session: Session, drawn: dict[str, Any] | None, box: str) -> np.ndarray:
        """What was pointed at, on the pixels of the picture in view."""
        image = self.bench.in_view(session).image
        typed = drawing.typed_box(str(box or ""), image.height, image.width)
        if typed is not None:
            return drawing.box_mask(typed, image.height, image.width)
        mask = drawing.drawn_mask((drawn or {}).get("layers") or [], image.height, image.width)
        if not mask.any():
            raise BenchError("something painted over, or its box", "nothing marked", "paint on the picture first")
        return mask

    def _nothing(self) -> Updates:
        """No change: a handler that yields nothing at all empties every component that it might write."""
        return {self.page.status: gr.update()}

    def _idle(self, sid: str | None) -> str:
        """What is said where nothing else is: that an answer is being written, or nothing."""
        try:
            answering = self.bench.store.get(sid).answering
        except AssistantError:
            return ""
        return words.busy_card("Thinking …") if answering else ""

    def _busy(self, text: str) -> Updates:
        engine = self.bench.engine
        loading = not engine.ready and engine.error is None
        return {self.page.status: words.busy_card(f"The model is loading; then: {text}" if loading else text)}


def said(error: Exception) -> str:
    """The message of an error a person can act on; others are logged and stay inside."""
    if isinstance(error, AssistantError):
        return str(error)
    _LOG.exception("a request failed", exc_info=error)
    return "something unexpected happened; try again, and see the server's log"
