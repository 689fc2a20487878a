"""Which handler runs when in the table of all pictures, the folder and the steps; and the queues that all handlers stand in."""

from __future__ import annotations

from typing import Any

from demo.handlers import Handlers
from demo.view.page import Page

HIDDEN: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden", "show_progress_on": []}
"""Nothing shows progress but what is said in words. At each word of an answer the browser copies everything of a component that
might show it, by default of all that a handler writes: most of an answer's time in the browser."""
VISION: dict[str, Any] = {"concurrency_id": "vision", "concurrency_limit": 4}
"""What needs the encoder, which takes one picture at a time, whosever it is."""
LANGUAGE: dict[str, Any] = {"concurrency_id": "language", "concurrency_limit": 4}
"""Answers being written; the language model takes one sentence's writer at a time."""
QUICK: dict[str, Any] = {"concurrency_id": "quick", "concurrency_limit": 8}
"""What waits for no model."""
EACH: dict[str, Any] = {"trigger_mode": "multiple"}
"""No click and no question is dropped because another one is still being worked on."""
SWITCH: dict[str, Any] = {"concurrency_id": "switch", "concurrency_limit": 8}
"""Another picture comes into view."""
WRITING: dict[str, Any] = {"concurrency_id": "writing", "concurrency_limit": 2}
"""Files of all pictures, which take long."""
TO_CARD = "() => document.querySelector('#card').scrollIntoView()"


def wire_whole(page: Page, do: Handlers, loaded: Any, every: list[Any]) -> None:
    """Join components and handlers.

    Args:
        page: components.
        do: handlers.
        loaded: the event of a page that was opened.
        every: components that handlers write.
    """
    sid, quick = [page.session], {**HIDDEN, **QUICK}
    seen = [*sid, page.seen]
    made = [page.table_csv, page.table_report]
    table = [page.overview, page.everything, page.good, page.bad, page.status, page.session, page.behind, *made]
    folder = [*table, page.folder_said, page.folder_stop, page.folder_go, page.folder_ticking]
    page.everything.expand(do.open_table, sid, table, **quick)
    page.everything.collapse(do.close_table, sid, table, **quick)
    page.overview.chosen(do.choose_lines, sid, table, **quick, **EACH)
    page.overview.marked(do.mark_line, sid, table, **quick, **EACH)
    page.overview.moved(do.move_line, sid, table, **quick, **EACH)
    page.good.click(do.mark_good, seen, table, **quick, **EACH)
    page.bad.click(do.mark_bad, seen, table, **quick, **EACH)
    opened = page.overview.opened(do.open_line, sid, every, **HIDDEN, **EACH, **SWITCH)
    opened.then(None, None, None, js=TO_CARD, **HIDDEN)
    page.next.click(do.step_on, sid, every, **HIDDEN, **EACH, **SWITCH)
    page.previous.click(do.step_back, sid, every, **HIDDEN, **EACH, **SWITCH)
    page.use_threshold.click(do.use_threshold, sid, every, **HIDDEN, **VISION)
    page.write_table.click(do.write_table, sid, [*made, page.status, page.session], **HIDDEN, **WRITING)
    page.folder_go.click(do.begin_folder, [*sid, page.folder], folder, **HIDDEN, **SWITCH)
    page.folder_stop.click(do.stop_folder, sid, folder, **quick)
    page.camera_take.click(do.take_picture, sid, every, **HIDDEN, **VISION)
    page.camera_running.input(do.run_camera, [page.camera_running], [page.live_ticking, page.live], **quick)
    page.live_ticking.tick(do.look_live, sid, [page.live], **HIDDEN, **VISION)
    page.webcam.seen(do.look_webcam, sid, [page.webcam], **HIDDEN, **VISION)
    page.folder_ticking.tick(do.tick_folder, sid, folder, **quick)
    loaded.then(do.see_folder, sid, folder, **quick)
