"""Pictures, planes, threshold, references and details."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr

from assistant.errors import ConfigError
from assistant.inquiry import Inquiry
from demo.bench import thresholds
from demo.bench.details import Details
from demo.bench.judging import BenchError
from demo.bench.sessions import Picture, Session, Setup
from demo.export import exports
from demo.incoming import uploads
from demo.incoming.planes import Plane
from demo.reactions.base import Stream, said
from demo.reactions.drops import Drops
from demo.reactions.tabs import is_left, is_news, tab_of
from demo.scans.dropped import discard_drop, sorted_drop
from demo.view import drawing, painting, viewer, words
from demo.view.page import Page
from demo.view.painting import Updates
from demo.whole.seen import in_view, picture_named

BESIDE = 2400
"""Longest side of a reference as it is laid over a picture, pixels."""


class Looks(Drops):
    """What needs the encoder, or shows what it found."""

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
            label = words.sample_label(sample.object_name, sample.truth, sample.missed)
            shown.append((drawing.thumbnail(image.pixels), label))
        return {self.page.samples: shown}

    def catch_up(self, sid: str | None) -> Updates:
        """The page shows what is in view: after something was said of what no longer is."""
        return self.quickly(sid, lambda session: painting.everything(self.page, session))

    def move_slice(self, sid: str | None, index: float | None, seen: str | None = None) -> Stream:
        """Another slice or frame of the medical file in view, counted from 1."""
        yield from self._moved(sid, seen, index=None if index is None else index - 1)

    def move_axis(self, sid: str | None, axis: float | None, seen: str | None = None) -> Stream:
        """Slices along another axis, the middle one first."""
        yield from self._moved(sid, seen, axis=axis)

    def move_window(self, sid: str | None, window: str | None, seen: str | None = None) -> Stream:
        """The same slice in another window."""
        yield from self._moved(sid, seen, window=window or "")

    def _moved(self, sid: str | None, seen: str | None, **to: Any) -> Stream:
        """Another plane, by the one thing that a person moved; what the page shows of the others may be behind."""
        before: list[Plane | None] = []

        def work(session: Session) -> None:
            plane = in_view(session, seen, plane=False).plane
            before.append(plane)
            if plane is not None:
                kept = {"index": plane.index if "axis" not in to else None, "axis": plane.axis, "window": plane.window}
                self.bench.move_plane(session, **{**kept, **to})

        def paint(page: Page, session: Session) -> Updates:
            was, now = before[0], self.bench.in_view(session).plane
            if was is None or now is None or was == now:
                return {}
            updates = painting.everything(page, session)
            if "index" in to:
                updates.pop(page.plane)  # it is under the person's hand
            return updates

        yield from self.run(sid, "", work, paint)

    def add_sample(self, sid: str | None, event: gr.SelectData) -> Stream:
        """A sample was clicked: it comes with references of its own."""

        def work(session: Session) -> None:
            image, references, sample = self.samples.picture(int(event.index), self.bench.settings.limits)
            inquiry = Inquiry(object_name=sample.object_name, domain=sample.domain)
            setup = Setup(inquiry, references=references, of_sample=True)
            self.bench.add(session, image, setup, file=sample.path)

        yield from self.run(sid, "Inspecting the sample …", work, painting.everything)

    def choose(self, sid: str | None, event: gr.EventData) -> Stream:
        """Another picture of the bench was clicked; a click that is older than one obeyed since changes nothing."""
        try:
            session = self.session(sid)
            name = getattr(event, "name", None)
            index = int(event.index) if name is None else picture_named(session, str(name))
            click = self.clicked(sid, session, getattr(event, "turn", None))
            shown = self.bench.in_view(session) if click is None else self.bench.show(session, index, click)
            yield from self.brought(sid, session, shown)
        except Exception as error:  # noqa: BLE001  shown in the page instead
            yield self.failed(error, sid)

    def clicked(self, sid: str | None, session: Session, turn: object) -> int | None:
        """The number of the session's clicks after one more that chooses a picture; None where a later one was obeyed.

        Args:
            sid: of the session, as the tab holds it.
            session: whose.
            turn: the browser's number of the click; one without is obeyed.
        """
        with session.lock:
            if not is_news(sid, "view", turn):
                return None
            session.clicks += 1
            return session.clicks

    def brought(self, sid: str | None, session: Session, picture: Picture) -> Stream:
        """A picture that came into view, judged where that is due; nothing of it is shown once another one was chosen.

        Args:
            sid: of the session, as the tab holds it.
            session: whose.
            picture: that was chosen.

        Raises:
            AssistantError: a picture that cannot be judged.
        """
        if picture.stale:
            yield {**painting.everything(self.page, session), **self.busy("Inspecting again …")}
            self.bench.settle(session, picture)
        painted = painting.everything(self.page, session) if session.picture is picture else {}
        if session.picture is picture and not is_left(sid):  # also after the time that painting takes
            yield {**painted, self.page.status: self.idle(session.id)}
        else:
            yield self.nothing()  # another one was clicked meanwhile

    def move_threshold(self, sid: str | None, threshold: float, seen: str | None = None) -> Updates:
        """The slider moved, or a value is being typed; answers at once, without the encoder."""
        threshold = min(max(threshold, thresholds.LEAST), thresholds.MOST)
        try:
            session = self.session(sid)
            if session.picture is None and not seen:
                return {self.page.session: self.seated(sid, session)}
            self.bench.set_threshold(session, threshold, in_view(session, seen))
        except Exception as error:  # noqa: BLE001  shown in the page instead
            return self.failed(error, sid)
        if is_left(sid):
            return self.nothing()
        updates = {**painting.result(self.page, session, keep=True), **painting.talk(self.page, session)}
        updates.pop(self.page.threshold)
        return {**updates, self.page.bench: painting.small_pictures(session), **painting.stale(self.page)}

    def add_references(self, sid: str | None, paths: list[str] | None) -> Stream:
        """Normal pictures were dropped."""

        def work(session: Session) -> None:
            limits = self.bench.settings.limits
            found = sorted_drop(paths or (), self.root, limits)
            if found.pictures:
                self.bench.require_room(session, len(found.pictures))
                images = [uploads.read_picture(path, self.root, limits) for path in found.pictures]
                self.bench.add_references(session, images, found.pictures)
            self._add_scan_references(session, found.scans)
            discard_drop(paths or (), self.root)

        yield from self.run(
            sid, "Learning how normal looks …", work, painting.everything, {self.page.references_drop: None}
        )

    def clear_references(self, sid: str | None) -> Stream:
        """No references any more."""
        yield from self.run(sid, "Inspecting again …", self.bench.clear_references, painting.everything)

    def load_profile(self, sid: str | None, path: str | None) -> Stream:
        """A profile was dropped."""

        def work(session: Session) -> None:
            self.bench.load_profile(session, uploads.read_profile(path, self.root))

        yield from self.run(sid, "Reading the profile …", work, painting.everything, {self.page.profile_drop: None})

    def save_profile(self, sid: str | None) -> Stream:
        """The references as a file."""
        made: list[Path] = []

        def paint(page: Page, session: Session) -> Updates:
            return {page.profile_file: gr.update(value=str(made[0]), visible=True)}

        yield from self.run(sid, "Saving …", lambda s: made.append(self.bench.save_profile(s)), paint)

    def tell(self, sid: str | None, *typed: Any) -> Stream:
        """Details were applied: the values of :func:`~demo.view.painting.detail_inputs`, in their order."""
        details = Details(*typed)
        yield from self.run(
            sid, "Inspecting again …", lambda session: self.bench.tell(session, details), painting.everything
        )

    def tell_one(self, sid: str | None, event: gr.EventData) -> Stream:
        """One detail was changed under the card; the others stay."""

        def work(session: Session) -> None:
            details = Details.of(session.setup)
            match event.name:
                case "object":
                    details = replace(details, object_name=str(event.value))
                case "domain":
                    details = replace(details, domain=str(event.value))
                case "scale":
                    details = replace(details, scale=read_scale(event.value))
                case _:
                    raise ConfigError("what it shows, its scale or its domain", str(event.name)[:20], "choose a chip")
            self.bench.tell(session, details)

        yield from self.run(sid, "Inspecting again …", work, painting.everything)

    def prepare(self, sid: str | None, seen: str | None = None) -> Stream:
        """Files of the picture in view."""
        made: list[Path] = []

        def paint(page: Page, session: Session) -> Updates:
            return {b: gr.update(value=str(path), visible=True) for b, path in zip(page.files, made, strict=True)}

        yield from self.run(
            sid, "Writing …", self.on_seen(seen, lambda s, picture: made.extend(exports.write_all(s))), paint
        )

    def look_again(self, sid: str | None) -> Stream:
        """The picture in view is judged where it was not yet: after a project was opened."""

        def work(session: Session) -> None:
            if session.picture is not None:
                self.bench.settle(session, session.picture)

        try:
            there = sid is not None and self.bench.store.get(sid).picture is not None
        except Exception as error:  # noqa: BLE001  shown in the page instead
            yield {self.page.status: words.error_card(said(error))}
            return
        if there:
            yield from self.run(sid, "Looking at the picture again …", work, painting.everything)
        else:
            yield self.nothing()

    def turn(self, sid: str | None, event: gr.EventData) -> Updates:
        """Another page of small pictures."""

        def work(session: Session) -> Updates:
            if is_news(sid, "strip", getattr(event, "turn", None)):
                session.first = int(event.first)
            return painting.listed(self.page, session, follow=False)

        return self.quickly(sid, work)

    def tick(self, sid: str | None) -> Updates:
        """Small pictures that were being judged again, how far a closer look is, and whether one ended.

        What one found is painted by another event: one that comes every other second writes few components, since the browser
        sets all that it names, also those that a person types in meanwhile.
        """
        try:
            session, tab = self.bench.store.get(sid), tab_of(sid)
            listed, ended = painting.listed(self.page, session, follow=False), session.looked[0]
            return listed if tab is None or ended == tab.looked else {**listed, self.page.looked: ended}
        except Exception:  # noqa: BLE001  an ended session is told of where a person does something
            return {self.page.ticking: gr.Timer(active=False)}

    def seen_closer(self, sid: str | None) -> Updates:
        """What a closer look found, or why it could not be taken."""

        def work(session: Session) -> Updates:
            tab, ended = tab_of(sid), session.looked[0]
            painted = painting.seen_closer(self.page, session)
            if tab is not None:
                tab.looked = ended
            failed, session.failed = session.failed, []
            return {**painted, self.page.status: words.error_card(" ".join(failed))} if failed else painted

        return self.quickly(sid, work)

    def look_closer(self, sid: str | None, event: gr.EventData, seen: str | None = None) -> Updates:
        """A closer look at the picture in view was asked for; the page is told of it by and by."""

        def work(session: Session, picture: Picture) -> Updates:
            self.bench.look_closer(session, str(event.look))
            return {
                **painting.result(self.page, session, keep=True),
                **painting.listed(self.page, session, follow=False),
            }

        return self.quickly(sid, self.on_seen(seen, work))

    def stop_looking(self, sid: str | None, event: gr.EventData) -> Updates:
        """A closer look is to end; what was known before stays."""

        def work(session: Session) -> Updates:
            self.bench.stop_looking(session, int(event.number))
            return painting.listed(self.page, session, follow=False)

        return self.quickly(sid, work)

    def remove_picture(self, sid: str | None, seen: str | None = None) -> Stream:
        """The picture in view is taken off the bench."""
        yield from self.run(sid, "", self.on_seen(seen, self._remove), painting.everything)

    def _remove(self, session: Session, picture: Picture) -> None:
        with session.lock:
            if picture not in session.pictures:
                raise BenchError("a picture on the bench", "one that is gone", "choose one of the list")
            self.bench.remove(session, session.pictures.index(picture))
        if session.picture is not None:
            self.bench.settle(session, session.picture)

    def point(self, sid: str | None, event: gr.EventData, seen: str | None = None) -> Updates:
        """A place in the picture was clicked: what is there."""

        def work(session: Session, picture: Picture) -> Updates:
            view = picture.view
            if picture.scan is not None:
                return self.probe_scan(session, picture, event)
            if view is None:
                return self.nothing()
            x, y = viewer.pointed((event.x, event.y), picture.image)
            inside = [r for r in view.inspection.regions if words.holds(view, r, x, y)]
            crop = viewer.crop_file(session, picture.image, x, y, inside[0].box if inside else None)
            chosen = {self.page.region: gr.update(value=inside[0].id)} if inside else {}
            return {self.page.probe: words.probe(view, x, y, viewer.address(crop)), **chosen}

        return self.quickly(sid, self.on_seen(seen, work))

    def beside(self, sid: str | None) -> Updates:
        """The reference that the worst region is matched with, laid over the picture in view."""

        def work(session: Session) -> Updates:
            picture = self.bench.correctable(session)
            found = self.bench.alongside(picture, BESIDE)
            told = "" if found.fits else ", which could not be laid over it well"
            shown = viewer.value(session, keep=True)
            assert shown is not None, "a picture in view"
            shown["beside"] = {
                "url": viewer.address(viewer.beside_file(session, found)),
                "name": f"Nearest reference: {found.number} ({found.name}){told}",
            }
            return {self.page.boxes: shown}

        return self.quickly(sid, work)

    def closer(self, sid: str | None) -> Updates:
        """Every pixel of the picture, for a look from near."""

        def work(session: Session) -> Updates:
            if session.picture is not None and session.picture.scan is not None:
                return self.nothing()  # a slice is sent whole
            return {self.page.boxes: viewer.value(session, full=True, keep=True)}

        return self.quickly(sid, work)


def read_scale(text: object) -> float | None:
    """Millimetres a pixel as they are typed; None where nothing is.

    Raises:
        ConfigError: no number above zero.
    """
    typed = str(text).strip().replace(",", ".")
    if not typed:
        return None
    try:
        number = float(typed)
    except ValueError:
        number = math.nan
    if not (math.isfinite(number) and number > 0):
        raise ConfigError("millimetres a pixel above 0", typed[:20], "type for example 0.05, or nothing")
    return number
