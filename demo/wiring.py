"""Which handler runs when. One queue for the model; what needs no model does not wait in it."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import gradio as gr

from demo.handlers import Handlers
from demo.page import Page

HIDDEN: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
MODEL: dict[str, Any] = {"concurrency_id": "model", "concurrency_limit": 1}
"""One after the other, whoever asks."""
QUICK: dict[str, Any] = {"concurrency_id": "quick", "concurrency_limit": 4}


def wire(page: Page, do: Handlers, blocks: gr.Blocks) -> None:
    """Join components and handlers."""
    every = _outputs(page)
    sid, model = page.session, {**HIDDEN, **MODEL}
    blocks.load(do.opened, None, [sid, page.chip], **HIDDEN, **QUICK)
    page.drop.upload(do.add_files, [sid, page.drop, page.plane, page.axis, page.window], every, **model)
    page.samples.select(do.add_sample, [sid], every, **model)
    page.bench.select(do.choose, [sid], every, **model)
    page.references_drop.upload(do.add_references, [sid, page.references_drop], every, **model)
    page.references_clear.click(do.clear_references, [sid], every, **model)
    page.profile_drop.upload(do.load_profile, [sid, page.profile_drop], every, **model)
    page.profile_save.click(do.save_profile, [sid], every, **model)
    details = [sid, page.object_name, page.look_for, page.mode, page.domain, page.fixed_camera]
    gr.on([page.apply.click, page.object_name.submit, page.look_for.submit], do.tell, details, every, **model)
    page.threshold.input(do.move_threshold, [sid, page.threshold], every, trigger_mode="always_last", **HIDDEN, **QUICK)
    page.is_normal.click(do.mark_normal, [sid], every, **model)
    page.is_defect.click(do.mark_defect, [sid, page.editor, page.typed_box, page.kind], every, **model)
    page.prepare.click(do.prepare, [sid], every, **HIDDEN, **QUICK)
    page.corrections.click(do.corrections, [sid], every, **HIDDEN, **QUICK)
    _wire_talk(page, do, every, model)


def _wire_talk(page: Page, do: Handlers, every: list[Any], model: dict[str, Any]) -> None:
    sid = page.session
    gr.on([page.send.click, page.question.submit], do.ask, [sid, page.question], every, **model)
    for button in page.suggested:
        button.click(do.ask, [sid, button], every, **model)
    page.table.select(do.ask_table, [sid], every, **model)
    page.boxes.select(do.ask_region, [sid], every, **model)
    page.what.click(do.ask_pointed, [sid, page.editor, page.typed_box], every, **model)
    page.retry.click(do.retry, [sid], every, **model)
    page.stop.click(do.stop, [sid], [page.status], queue=False, **HIDDEN)
    gr.on([page.over.click, page.chat.clear], do.start_over, [sid], every, **HIDDEN, **QUICK)


def _outputs(page: Page) -> list[Any]:
    """Every component that handlers write."""
    found: list[Any] = []
    for one in fields(page):
        value = getattr(page, one.name)
        found += list(value) if isinstance(value, tuple) else [value]
    return found
