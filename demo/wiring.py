"""Which handler runs when. Looking, switching and talking have queues of their own, so that none waits for another."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import gradio as gr

from demo.handlers import Handlers
from demo.view import words
from demo.view.browser_files import script
from demo.view.page import Page
from demo.view.painting import detail_inputs
from demo.wiring_of_all import EACH, HIDDEN, LANGUAGE, QUICK, VISION, wire_whole

TO_RESULT = """() => {
    const to = document.querySelector("#drops .asking") || document.querySelector("#card");
    if (innerWidth <= 900) to.scrollIntoView();
}"""
"""On a narrow screen the result lies below the pictures; a question about them comes first."""
ALOUD = script("aloud.js")
"""The last answer, by the browser's voice, where that is asked for."""
BUSY = words.busy_card("Waiting for the model …")
REFUSED = words.error_card("The server is busy: too many requests are waiting. Try again in a minute")


def wire(page: Page, do: Handlers, blocks: gr.Blocks) -> None:
    """Join components and handlers."""
    loaded = _wire_opening(page, do, blocks)
    _wire_pictures(page, do)
    _wire_setup(page, do)
    _wire_corrections(page, do)
    _wire_bench(page, do)
    _wire_view(page, do)
    wire_whole(page, do, loaded, _outputs(page))
    _wire_talk(page, do)
    _wire_projects(page, do)


def _wire_opening(page: Page, do: Handlers, blocks: gr.Blocks) -> Any:
    """What happens when a browser opens the page; returns the event."""
    loaded = blocks.load(do.opened, [page.session, page.visitor], _outputs(page), **HIDDEN, **QUICK)
    _then_looks(page, do, loaded)
    limit = str(round(do.bench.settings.max_upload_mb * 2**20))
    blocks.load(None, None, None, js=script("refusals.js").replace("LIMIT;", f"{limit};"), **HIDDEN)
    for name in ("shortcuts.js", "numbers.js"):
        blocks.load(None, None, None, js=script(name), **HIDDEN)
    return loaded


def _wire_pictures(page: Page, do: Handlers) -> None:
    """Pictures come, or one of the bench is chosen."""
    sid, every = page.session, _outputs(page)
    chosen = page.bench.choose(do.choose, [sid], every, **HIDDEN, **EACH, concurrency_id="switch", concurrency_limit=8)
    for event in (
        _looks(page, [page.drop.upload], do.add_files, [page.drop], _without_details(page)),
        _looks(page, [page.samples.select], do.add_sample),
        chosen,
    ):
        event.then(None, None, None, js=TO_RESULT, **HIDDEN)
    page.drops.halt(do.stop_drop, [sid], [page.drops, page.status, sid], queue=False, **HIDDEN)
    _looks(page, [page.webcam.taken], do.take_webcam)
    _looks(page, [page.drops.answered], do.answer_drop, [page.visitor])


def _wire_setup(page: Page, do: Handlers) -> None:
    """References, a profile and details: by what pictures are judged."""
    _looks(page, [page.references_drop.upload], do.add_references, [page.references_drop])
    _looks(page, [page.references_clear.click], do.clear_references)
    _looks(page, [page.profile_drop.upload], do.load_profile, [page.profile_drop])
    _looks(page, [page.profile_save.click], do.save_profile)
    applied = [page.apply.click, page.object_name.submit, page.look_for.submit, page.rule.submit]
    _looks(page, applied, do.tell, detail_inputs(page))
    _looks(page, [page.card.told], do.tell_one)


def _wire_corrections(page: Page, do: Handlers) -> None:
    """What a person says of a picture and of its regions."""
    seen = page.seen
    _looks(page, [page.is_normal.click], do.mark_normal, [seen])
    _looks(page, [page.is_defect.click], do.mark_defect, [page.boxes, page.typed_box, page.kind, seen])
    _looks(page, [page.redraw.click], do.redraw, [page.region, page.boxes, page.typed_box, page.kind, seen])
    _looks(page, [page.reject.click], do.reject, [page.region, seen])
    _looks(page, [page.rename.click, page.kind.submit], do.rename, [page.region, page.kind, seen])
    page.behind.change(do.catch_up, [page.session], _outputs(page), **HIDDEN, **QUICK, **EACH)
    _looks(page, [page.undo.click], do.undo)
    _looks(page, [page.said.undo], do.undo_one)


def _wire_bench(page: Page, do: Handlers) -> None:
    """The small pictures, and closer looks that go on behind the scenes."""
    sid, every, quick = page.session, _outputs(page), {**HIDDEN, **QUICK}
    _looks(page, [page.drop_picture.click], do.remove_picture, [page.seen])
    page.bench.turn(do.turn, [sid], every, **quick, **EACH)
    ticked = [page.bench, page.drops, page.closer, page.drop_picture, page.ticking, page.looked]
    page.ticking.tick(do.tick, [sid], ticked, **quick)
    page.looked.change(do.seen_closer, [sid], every, **quick, **EACH)
    page.card.closer(do.look_closer, [sid, page.seen], every, **quick)
    page.closer.halt(do.stop_looking, [sid], every, queue=False, **HIDDEN)


def _wire_view(page: Page, do: Handlers) -> None:
    """The picture in view: what is pointed at, its planes, its threshold and its files."""
    sid, every, quick = page.session, _outputs(page), {**HIDDEN, **QUICK}
    told = [page.probe, page.region, page.status, sid, page.behind]
    page.boxes.point(do.point, [sid, page.seen], told, **quick, **EACH)
    page.boxes.closer(do.closer, [sid], [page.boxes, page.status, sid], **quick)
    for event in (page.boxes.slice, page.table.slice):
        event(do.leaf, [sid, page.seen], [page.boxes, page.probe, page.status, sid, page.behind], **quick, **EACH)
    page.boxes.beside(do.beside, [sid], [page.boxes, page.status, sid], **quick)
    page.boxes.grey(do.window_scan, [sid, page.seen], [page.boxes, page.status, sid, page.behind], **quick, **EACH)
    for control, move in ((page.plane, do.move_slice), (page.axis, do.move_axis), (page.window, do.move_window)):
        control.input(move, [sid, control, page.seen], every, trigger_mode="always_last", **HIDDEN, **VISION)
    moved = [sid, page.threshold, page.seen]
    page.threshold.input(do.move_threshold, moved, every, trigger_mode="always_last", **quick)
    page.prepare.click(do.prepare, [sid, page.seen], every, **quick)
    page.corrections.click(do.corrections, [sid, page.layout], every, **quick)


def _wire_talk(page: Page, do: Handlers) -> None:
    _asks(page, do, [page.send.click, page.question.submit], do.ask, [page.question])
    for button in page.suggested:
        _asks(page, do, [button.click], do.ask, [button, page.seen])
    _asks(page, do, [page.table.ask], do.ask_region, [page.seen])
    _asks(page, do, [page.boxes.ask], do.ask_region, [page.seen])
    _asks(page, do, [page.what.click], do.ask_pointed, [page.boxes, page.typed_box, page.seen])
    _asks(page, do, [page.about.click], do.ask_chosen, [page.region, page.seen])
    _asks(page, do, [page.retry.click], do.retry, [page.seen])
    heard = [page.question, page.status, page.speech]
    page.speech.input(do.hear, [page.speech], heard, **HIDDEN, concurrency_id="speech", concurrency_limit=1)
    page.aloud.input(None, [page.aloud], None, js="(on) => { if (!on) speechSynthesis.cancel(); }", **HIDDEN)
    page.stop.click(do.stop, [page.session], [page.status], queue=False, **HIDDEN)
    over, seen = [page.over.click, page.chat.clear], [page.session, page.seen]
    gr.on(over, do.start_over, seen, _outputs(page), **HIDDEN, **QUICK)


def _wire_projects(page: Page, do: Handlers) -> None:
    every, quick, mine = _outputs(page), {**HIDDEN, **QUICK}, [page.session, page.visitor]
    page.projects.expand(do.relist, mine, every, **quick)
    for event in (
        page.project.input(do.open_project, [*mine, page.project], every, **quick),
        page.project_new.click(do.new_project, [*mine, page.project_name], every, **quick),
        page.project_sure.click(do.delete_project, mine, every, **quick),
    ):
        _then_looks(page, do, event)
    page.project_rename.click(do.rename_project, [*mine, page.project_name], every, **quick)
    page.project_name.submit(do.rename_project, [*mine, page.project_name], every, **quick)
    page.project_export.click(do.export_project, [page.session], every, **quick)
    page.project_delete.click(do.ask_delete, None, [page.project_sure], **quick)


def _then_looks(page: Page, do: Handlers, event: Any) -> None:
    """After a project was opened its picture is judged, and questions that waited are answered."""
    looked = event.then(do.look_again, [page.session], _outputs(page), **HIDDEN, **VISION, **EACH)
    looked.then(do.answer, [page.session], _talk_outputs(page), **_talking(page), **LANGUAGE, **EACH)


def _looks(
    page: Page, triggers: list[Any], work: Any, inputs: Sequence[Any] = (), outputs: list[Any] | None = None
) -> Any:
    """A handler that needs the encoder; the page says at once that it waits, and when it is refused.

    Saying so takes the browser alone, so that it does not stand in the queue itself. Returns the event.
    """
    _on(triggers, None, None, [page.status], js=f"() => {json.dumps(BUSY)}", **HIDDEN)
    event = _on(triggers, work, [page.session, *inputs], outputs or _outputs(page), **HIDDEN, **VISION, **EACH)
    event.failure(None, None, [page.status], js=f"() => {json.dumps(REFUSED)}", **HIDDEN)
    return event


def _asks(page: Page, do: Handlers, triggers: list[Any], note: Any, inputs: Sequence[Any] = ()) -> None:
    """A handler that notes a question, which is then answered after those before it.

    The question is noted past all queues, and both write what they change alone, so that the first word comes soon.
    """
    _on(triggers, None, None, [page.status], js=f"() => {json.dumps(BUSY)}", **HIDDEN)
    shown = [page.question, page.status, page.chat, page.stop, page.session, page.behind]
    noted = _on(triggers, note, [page.session, *inputs], shown, **_talking(page), **EACH, queue=False)
    answered = noted.then(do.answer, [page.session], _talk_outputs(page), **_talking(page), **LANGUAGE, **EACH)
    answered.success(None, [page.aloud, page.chat], None, js=ALOUD, **HIDDEN)
    for event in (noted, answered):
        event.failure(None, None, [page.status], js=f"() => {json.dumps(REFUSED)}", **HIDDEN)


def _talking(page: Page) -> dict[str, Any]:
    """Options of handlers during which the conversation shows that an answer is on its way."""
    return {**HIDDEN, "show_progress_on": [page.chat]}


def _talk_outputs(page: Page) -> list[Any]:
    """Every component that an answer changes."""
    return [page.chat, page.status, page.stop, page.retry, page.over, *page.suggested, *page.files]


def _on(triggers: list[Any], *given: Any, **options: Any) -> Any:
    """A handler of several events, or of one; events that JavaScript of ours sends are known to their component alone."""
    return triggers[0](*given, **options) if len(triggers) == 1 else gr.on(triggers, *given, **options)


def _without_details(page: Page) -> list[Any]:
    """What a drop writes: a browser sets every component that an event names, also those that it leaves as they are."""
    left = detail_inputs(page)
    return [one for one in _outputs(page) if one not in left]


def _outputs(page: Page) -> list[Any]:
    """Every component that handlers write."""
    found: list[Any] = []
    for one in fields(page):
        value = getattr(page, one.name)
        found += list(value) if isinstance(value, tuple) else [value]
    return found
