"""A session -> new values of the page's components. Reads sessions, changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from html import escape
from typing import Any

import gradio as gr

from demo.bench import conversations, questions
from demo.bench.details import Details
from demo.bench.drops import State
from demo.bench.sessions import Picture, Session
from demo.incoming.planes import Plane
from demo.view import chips, closer_words, drawing, drop_words, overview, scan_words, slices, strip, viewer, words
from demo.view.page import SUGGESTED, Page
from demo.whole.listed import said_of_all
from demo.whole.seen import look_of

Updates = dict[Any, Any]


def result(page: Page, session: Session, *, keep: bool = False) -> Updates:
    """Verdict, picture and table of the picture in view.

    Args:
        page: components.
        session: whose.
        keep: what was drawn on the picture stays there.
    """
    picture = session.picture
    view = None if picture is None else picture.view
    medical = words.is_medical(view)
    regions = () if view is None else view.inspection.regions
    choices = [(f"{r.id} {r.type or 'region'}", r.id) for r in regions]
    if picture is not None and picture.scan is not None:
        return _scan_result(page, session, picture, keep=keep)
    return {
        page.card: _card(picture) + chips.chips(session),
        page.seen: look_of(session),
        page.table: gr.update(value=words.region_html(view), visible=bool(regions)),
        page.medical: gr.update(value=f'<div class="medical">{words.NOTICE}</div>' if medical else "", visible=medical),
        page.threshold: gr.update(value=0.5 if picture is None else picture.threshold),
        page.boxes: viewer.value(session, keep=keep),
        page.region: gr.update(choices=choices, value=choices[0][1] if choices else None),
        **{
            button: gr.update(interactive=bool(choices))
            for button in (page.about, page.reject, page.rename, page.redraw)
        },
        page.probe: "",
        page.said: words.correction_list(session),
        page.undo: gr.update(interactive=bool(session.corrections)),
        **whole(page, session),
    }


def _card(picture: Picture | None) -> str:
    """The verdict on the picture in view, with what it was before."""
    if picture is None:
        return words.verdict_card(None)
    return (
        words.resting_card(picture)
        if picture.view is None
        else words.verdict_card(picture.view, words.again(picture), closer_words.offer(picture))
    )


def whole(page: Page, session: Session) -> Updates:
    """The table of all pictures, while somebody looks at it, and how the picture in view is marked."""
    picture = session.picture
    good = None if picture is None else picture.good
    there = picture is not None
    shown = {page.overview: overview.value(session)} if session.choice.open else {}
    return {
        **shown,
        **files_of_all(page, session),
        page.everything: gr.update(label=overview.title(session)),
        page.good: gr.update(variant="primary" if good is True else "secondary", interactive=there),
        page.bad: gr.update(variant="stop" if good is False else "secondary", interactive=there),
    }


def files_of_all(page: Page, session: Session) -> Updates:
    """The files of all pictures that were exported say where they are older than what is said now; none before."""
    if session.reported is None:
        return {button: gr.update(visible=False) for button in (page.table_csv, page.table_report)}
    end = "" if session.reported == said_of_all(session) else ", without the last changes"
    return {
        page.table_csv: gr.update(label=f"Download CSV{end}"),
        page.table_report: gr.update(label=f"Download report{end}"),
    }


def _scan_result(page: Page, session: Session, picture: Picture, *, keep: bool) -> Updates:
    """Verdict, slice and table of the scan in view; its regions are not corrected."""
    scan = picture.scan
    assert scan is not None, "a scan"
    found = scan.at if picture.view is not None else None
    return {
        page.card: scan_words.scan_card(picture),
        page.seen: look_of(session),
        page.table: gr.update(value=scan_words.table(scan, picture.view), visible=bool(found and found.regions)),
        page.medical: gr.update(value=f'<div class="medical">{words.NOTICE}</div>', visible=True),
        page.threshold: gr.update(value=picture.threshold),
        page.boxes: slices.value(picture, keep=keep),
        page.region: gr.update(choices=[], value=None),
        **{button: gr.update(interactive=False) for button in (page.about, page.reject, page.rename, page.redraw)},
        page.probe: "",
        page.said: words.correction_list(session),
        page.undo: gr.update(interactive=bool(session.corrections)),
        **whole(page, session),
    }


def scan(page: Page, session: Session) -> Updates:
    """Choice of slice and window, for a medical file."""
    plane = None if session.picture is None else session.picture.plane
    if plane is None:
        return {page.scan: gr.update(visible=False)}
    volume = plane.scan.kind == "NIFTI"
    label = f"{'Slice' if volume else 'Frame'}, 1 to {plane.count}"
    return {
        page.scan: gr.update(visible=True),
        page.plane: gr.update(value=plane.index + 1, maximum=max(2, plane.count), label=label, visible=plane.count > 1),
        page.axis: gr.update(value=plane.axis, visible=volume),
        page.window: gr.update(value=plane.window, choices=window_choices(plane), visible=bool(plane.scan.windows)),
    }


def window_choices(plane: Plane) -> list[tuple[str, str]]:
    """(words, value) of the windows that fit a file."""
    own = "whole range" if plane.scan.kind == "NIFTI" else "of the file"
    return [(own, ""), *(("whole range" if name == "full" else name, name) for name in plane.scan.windows)]


def talk(page: Page, session: Session) -> Updates:
    """Conversation and suggested questions of the picture in view."""
    picture = session.picture
    begun = bool(picture and any(m["role"] == "user" for m in picture.messages))
    again: Updates = {button: gr.update(interactive=begun) for button in (page.retry, page.over)}
    if picture is None or picture.view is None:
        return {page.chat: [], **again, **{button: gr.update(visible=False) for button in page.suggested}}
    fits = questions.suggestions(picture.view.inspection, len(picture.answers))
    padded = [*fits, *[""] * (SUGGESTED - len(fits))]
    buttons = {b: gr.update(value=q, visible=bool(q)) for b, q in zip(page.suggested, padded, strict=True)}
    stop = {page.stop: gr.update(interactive=session.answering)}
    return {page.chat: messages(picture, session.waiting_about(picture)), **again, **buttons, **stop}


def messages(picture: Picture, waiting: Sequence[str] = ()) -> list[dict[str, str]]:
    """The conversation for the chat component, which takes its text for HTML: escaped, lines broken, doubts marked.

    Args:
        picture: talked about.
        waiting: questions that are not answered yet.
    """
    mark = f'<strong class="disagrees">{escape(conversations.MARK)}</strong>'
    shown = []
    for message in picture.messages:
        text = escape(message["content"]).replace("\n", "<br>")
        text = text.replace(escape(conversations.MARK), mark) if message["role"] == "assistant" else text
        shown.append({"role": message["role"], "content": text})
    for question in waiting:
        text = escape(question.strip()).replace("\n", "<br>")
        shown.append({"role": "user", "content": f'{text}<span class="waits">waits for its answer</span>'})
    return shown


def bench(page: Page, session: Session) -> Updates:
    """Pictures, references and details; files made earlier are no longer offered."""
    setup = session.setup
    references = [drawing.thumbnail(image.pixels) for image in setup.references]
    return {
        **listed(page, session),
        page.references: gr.update(value=references, visible=bool(references)),
        page.in_use: words.bench_words(session),
        **details(page, session),
        page.profile_file: gr.update(visible=False),
        **corrections(page, session),
        page.typed_box: "",
        **stale(page),
    }


def details(page: Page, session: Session) -> Updates:
    """What is told of all pictures."""
    told = Details.of(session.setup)
    return {getattr(page, one.name): getattr(told, one.name) for one in fields(Details)}


def detail_inputs(page: Page) -> list[Any]:
    """The components of :func:`details`, in the order of the fields of :class:`~demo.bench.details.Details`."""
    return [getattr(page, one.name) for one in fields(Details)]


def corrections(page: Page, session: Session) -> Updates:
    """The file of corrections that was exported, as long as there are any; it is told where it is older than they are."""
    if session.written is None or not session.corrections:
        return {page.corrections_file: gr.update(visible=False)}
    path, was = session.written
    label = "Download corrections" + ("" if was == session.corrected else ", without your last change")
    return {page.corrections_file: gr.update(value=str(path), label=label, visible=True)}


def listed(page: Page, session: Session, *, follow: bool = True) -> Updates:
    """The small pictures: those of the page that holds the one in view, or that was turned to.

    Args:
        page: components.
        session: whose.
        follow: whether the page with the picture in view is shown.
    """
    if follow and session.current >= 0:
        session.first = session.current - session.current % strip.PAGE
    outdated = any(one.outdated for one in session.pictures)
    there = bool(session.pictures)
    going = any(one.state is State.GOING for one in session.drops)
    return {
        page.bench: small_pictures(session),
        page.drop_picture: gr.update(visible=there),
        page.drops: drop_words.told(session),
        page.closer: closer_words.told(session),
        page.ticking: gr.Timer(active=outdated or going or closer_words.goes_on(session)),
    }


def small_pictures(session: Session) -> dict[str, Any]:
    """Those of the strip, with their verdicts."""
    return gr.update(value=strip.strip(session), visible=bool(session.pictures))


def seen_closer(page: Page, session: Session) -> Updates:
    """The picture in view after a closer look ended: details that are being typed, and what was drawn, stay."""
    kept = result(page, session, keep=True)
    return {**kept, **talk(page, session), **listed(page, session, follow=False), **stale(page)}


def stale(page: Page) -> Updates:
    """Files of an earlier state are no longer offered."""
    return {button: gr.update(visible=False) for button in page.files}


def everything(page: Page, session: Session) -> Updates:
    """All of it."""
    return {**result(page, session), **scan(page, session), **talk(page, session), **bench(page, session)}
