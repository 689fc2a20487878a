"""Corrections: they stand at once, in the picture and in what is learned, and each may be taken back."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import gradio as gr
import numpy as np

from demo.bench.judging import BenchError
from demo.bench.sessions import Picture, Session
from demo.export import corrected_set
from demo.reactions.base import Reactions, Stream
from demo.view import drawing, painting, viewer


class Corrections(Reactions):
    """What a person says of pictures and regions."""

    def mark_normal(self, sid: str | None, seen: str | None = None) -> Stream:
        """The picture in view is normal."""
        done = "Noted: this picture is normal. It is a reference now, and the result was made anew."
        yield from self._corrected(sid, self.on_seen(seen, self.bench.mark_normal), done)

    def mark_defect(
        self, sid: str | None, shown: dict[str, Any] | None, box: str, kind: str, seen: str | None = None
    ) -> Stream:
        """A defect was drawn or boxed."""

        def work(session: Session, picture: Picture) -> None:
            self.bench.mark_defect(session, self.drawn(session, picture, shown, box), kind or "", picture=picture)

        done = "Noted: a defect is here. It is an anomalous reference now, and the result was made anew."
        yield from self._corrected(sid, self.on_seen(seen, work), done)

    def redraw(
        self,
        sid: str | None,
        number: int | None,
        shown: dict[str, Any] | None,
        box: str,
        kind: str,
        seen: str | None = None,
    ) -> Stream:
        """A region is to be as it was drawn."""

        def work(session: Session, picture: Picture) -> None:
            mask = self.drawn(session, picture, shown, box)
            self.bench.mark_defect(session, mask, kind or "", self._number(number), picture)

        done = f"Noted: region {number} is as you drew it."
        yield from self._corrected(sid, self.on_seen(seen, work, regions=True), done)

    def reject(self, sid: str | None, number: int | None, seen: str | None = None) -> Stream:
        """A region is no defect."""
        taken_back: list[bool] = []

        def done() -> str:
            return (
                "Taken back: what you had marked there counts no more."
                if taken_back[0]
                else f"Noted: region {number} is no defect. Undo takes it back."
            )

        def work(session: Session, picture: Picture) -> None:
            taken_back.append(self.bench.reject(session, self._number(number), picture))

        yield from self._corrected(sid, self.on_seen(seen, work, regions=True), done)

    def rename(self, sid: str | None, number: int | None, kind: str, seen: str | None = None) -> Stream:
        """A region is of another kind."""

        def work(session: Session, picture: Picture) -> None:
            self.bench.rename(session, self._number(number), kind or "", picture)

        done = "Noted: regions that look like it take this kind too."
        yield from self._corrected(sid, self.on_seen(seen, work, regions=True), done)

    def undo(self, sid: str | None) -> Stream:
        """The last correction is taken back."""
        yield from self._corrected(sid, lambda session: self.bench.undo(session), "Taken back.")

    def undo_one(self, sid: str | None, event: gr.EventData) -> Stream:
        """A correction of the list is taken back."""
        yield from self._corrected(sid, lambda session: self.bench.undo(session, int(event.number)), "Taken back.")

    def corrections(self, sid: str | None, layout: str | None) -> Stream:
        """The corrected pictures as a data set."""

        def work(session: Session) -> None:
            judge, told = partial(self.bench.settle, session), session.corrected
            session.written = corrected_set.write_corrections(session, layout or "", judge), told

        yield from self.run(sid, "Writing …", work, painting.corrections)

    def drawn(self, session: Session, picture: Picture, shown: dict[str, Any] | None, box: str) -> np.ndarray:
        """What was pointed at, on the pixels of a picture.

        Raises:
            AssistantError: nothing, or no place in the picture.
        """
        image = self.bench.correctable(session, picture).image
        typed = drawing.typed_box(str(box or ""), image.height, image.width)
        if typed is not None:
            return drawing.box_mask(typed, image.height, image.width)
        mask = viewer.drawn_mask((shown or {}).get("shapes") or [], image.height, image.width)
        if not mask.any():
            raise BenchError("something drawn, or its box", "nothing marked", "draw on the picture first")
        return mask

    def _corrected(self, sid: str | None, work: Callable[[Session], Any], done: str | Callable[[], str]) -> Stream:
        yield from self.run(sid, "Learning …", work, painting.everything, {}, done)

    def _number(self, number: int | None) -> int:
        if not isinstance(number, int | float):
            raise BenchError("a region", "none chosen", "click one in the picture, or choose it from the list")
        return int(number)
