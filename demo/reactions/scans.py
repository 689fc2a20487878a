"""Scans: dropped and looked at with progress, leafed through, windowed, compared with other scans."""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterator, Sequence
from typing import Any

import gradio as gr

from demo.bench.drops import Drop
from demo.bench.sessions import Picture, Session, Setup
from demo.reactions.base import Reactions, said
from demo.reactions.tabs import is_left, is_news
from demo.scans import dropped, shown
from demo.scans.dropped import DroppedScan
from demo.view import painting, scan_words, slices, viewer
from demo.view.painting import Updates
from demo.whole.seen import in_view

BEAT = 0.4
"""Seconds between two words on how far a look at a scan has come."""


class ScanLooks(Reactions):
    """What happens to whole scans."""

    def leaf(self, sid: str | None, event: gr.EventData, seen: str | None = None) -> Updates:
        """Another slice of the scan in view; waits for no model."""

        def work(session: Session) -> Updates:
            in_view(session, seen)
            turn = getattr(event, "turn", None)
            picture = self.bench.leaf(session, getattr(event, "index", None), getattr(event, "axis", None), turn)
            if picture is None:
                return self.nothing()  # a later one was asked for meanwhile
            shown = slices.value(picture)
            return {self.page.boxes: shown | {"scan": shown["scan"] | {"turn": turn}}, self.page.probe: ""}

        return self.quickly(sid, work)

    def window_scan(self, sid: str | None, event: gr.EventData, seen: str | None = None) -> Updates:
        """Other grey levels for its slices; those that were chosen before others change nothing."""

        def work(session: Session) -> Updates:
            in_view(session, seen)
            if not is_news(sid, "grey", getattr(event, "turn", None)):
                return self.nothing()
            given = [getattr(event, name, None) for name in ("black", "white")]
            picture = self.bench.window(session, getattr(event, "name", ""), *given)
            return {self.page.boxes: slices.value(picture, keep=True)}

        return self.quickly(sid, work)

    def add_scans(
        self, sid: str | None, session: Session, drop: Drop[Picture, Setup], turn: int, problems: list[str]
    ) -> Generator[Updates, None, Updates]:
        """Scans were dropped: each is seen at once, and then looked at slice by slice. Returns what was painted last.

        Args:
            sid: of the session, as the tab holds it.
            session: whose.
            drop: that holds them; one whose look was broken off waits in it again.
            turn: to work for.
            problems: what went wrong is added to them.
        """
        painted: Updates = {}
        while drop.scans and drop.goes(turn):
            drop.begin()
            yield self.busy(f"Reading {drop.scans[0].name} …")
            if (scan := drop.next_scan(turn)) is None:
                break
            try:
                volume = dropped.read_dropped(scan, self.root, self.bench.settings.limits)
                picture = drop.looking = self.bench.put_scan(session, volume, scan.name, drop.clicks)
                del volume
                if session.picture is picture and not is_left(sid):
                    yield painting.everything(self.page, session)
                yield from self._looked(session, picture)
                drop.scanned.append(picture)
                here = session.picture is picture
                painted = (
                    painting.everything(self.page, session)
                    if here
                    else painting.listed(self.page, session, follow=False)
                )
                if not is_left(sid):
                    yield painted
            except Exception as error:  # noqa: BLE001  shown in the page instead
                if drop.goes(turn):
                    problems.append(said(error))
                else:
                    drop.give_back(scan)
                painted = painting.everything(self.page, session)
            finally:
                drop.looking = None
        return painted

    def _looked(self, session: Session, picture: Picture) -> Iterator[Updates]:
        """A scan is looked at in a thread of its own while the page tells how far it is; one that cannot be is taken off.

        Raises:
            AssistantError: what is wrong with it.
        """
        failed: list[Exception] = []

        def work() -> None:
            try:
                self.bench.settle(session, picture)
            except Exception as error:  # noqa: BLE001  raised again below
                failed.append(error)

        looking = threading.Thread(target=work, name="look-at-scan", daemon=True)
        looking.start()
        assert picture.scan is not None, "a scan"
        told = (0, 0)
        while looking.is_alive():
            looking.join(BEAT)
            if (done := picture.scan.progress) != told and done[1]:
                told = done
                yield self.busy(f"Looking at slice {done[0]} of {done[1]} of {picture.name} …")
        if failed:
            if picture in session.pictures:
                self.bench.remove(session, session.pictures.index(picture))
            raise failed[0]

    def _add_scan_references(self, session: Session, scans: Sequence[DroppedScan]) -> None:
        limits = self.bench.settings.limits
        volumes = [(dropped.read_dropped(scan, self.root, limits), scan.name) for scan in scans]
        if volumes:
            self.bench.add_scan_references(session, volumes)

    def probe_scan(self, session: Session, picture: Picture, event: Any) -> Updates:
        """A place of the slice in view was clicked."""
        scan = picture.scan
        assert scan is not None, "a scan"
        x, y = viewer.pointed((event.x, event.y), picture.image)
        scores = None
        if scan.found is not None:
            plane = shown.plane(scan.found, scan.axis, scan.index)
            row, column = (
                at * cells // side for at, cells, side in zip((y, x), plane.shape, _sides(picture), strict=True)
            )
            scores = float(plane[row, column]), picture.threshold
        crop = viewer.crop_file(session, picture.image, x, y)
        return {self.page.probe: scan_words.probe(scan, x, y, scores, viewer.address(crop))}


def _sides(picture: Picture) -> tuple[int, int]:
    return picture.image.height, picture.image.width
