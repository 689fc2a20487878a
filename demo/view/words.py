"""Results as words, tables and small pieces of HTML for the page. Every word from outside is escaped. Pure functions."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from html import escape

from assistant.types import Box, Mode, Region, Verdict
from assistant.vocabulary.knowledge import load_knowledge
from assistant.words import wording
from assistant.words.evidence import caption
from demo.bench.sessions import Picture, Said, Session
from demo.bench.thresholds import View
from demo.view import closer_words

HEADERS = ("No.", "Place", "Type", "Sure", "Severity", "Area", "Length", "Width")
NOTICE = "Research use only, not a diagnosis."
_MODES = {Mode.ZERO_SHOT: "without references", Mode.FEW_SHOT: "with references", Mode.MUTUAL: "against each other"}
_SAMPLE_NAME = 34
MOST_LINES = 30
_SAID = {
    Said.NORMAL: "normal", Said.DEFECT: "{kind} marked", Said.REJECTED: "a region is no defect",
    Said.RENAMED: "a region is {kind}",
}  # fmt: skip


def rejected(view: View) -> bool:
    """Whether a person took back what the score says."""
    return view.verdict is Verdict.NORMAL and view.score >= view.threshold


def verdict_words(view: View) -> str:
    """The verdict and how sure it is, in a few words.

    Doubt is judged after the threshold: a score that just reaches a high threshold is as borderline as 0.5 at 0.5.
    """
    if rejected(view):
        return "by your corrections"
    band = wording.band(view.inspection.image_score, view.inspection.mode is not Mode.ZERO_SHOT)
    if band == "borderline":
        return f"Borderline, just {'above' if view.verdict is Verdict.ANOMALOUS else 'below'} the threshold"
    return band.capitalize()


def summary(view: View) -> str:
    """The caption, with the score and the threshold as the page shows them."""
    if rejected(view):
        return f"You rejected what was found; by its score of {view.score:.2f} alone the picture would be anomalous."
    return caption(view.inspection, load_knowledge())


def sign(view: View) -> str:
    """The verdict as one character."""
    return "✓" if view.verdict is Verdict.NORMAL else "!"


def is_medical(view: View | None) -> bool:
    """Whether the picture in view is a medical one."""
    return view is not None and wording.is_medical(view.inspection, load_knowledge())


def verdict_card(view: View | None, before: str = "", offer: str = "") -> str:
    """Verdict, score, caption, how it was judged and how long it took.

    Args:
        view: of the picture; None without one.
        before: what was said before it was judged again, as HTML.
        offer: of a closer look, as HTML.
    """
    if view is None:
        return (
            '<div class="card idle"><div class="verdict">Drop a picture, or choose a sample</div>'
            '<div class="said">Verdict, regions and their kinds appear here. Nothing leaves this machine.</div></div>'
        )
    p_value = view.measured.p_value
    facts = [
        plain_name(view.inspection.image.source),
        _MODES[view.measured.mode],
        timing_words(view.measured.timing_ms),
    ]
    if (looked := closer_words.looked_at(view.measured)) is not None:
        facts.insert(2, looked)
    if p_value is not None:
        facts.insert(2, f"{100 * p_value:.0f} % of normals look as unusual")
    numbers = f"threshold {view.threshold:.2f} · {wording.counted(len(view.inspection.regions), 'region')}"
    said = f'{before}<div class="said">{escape(summary(view))}</div>{warning_lines(view)}{offer}'
    return card(view, said, numbers, facts)


def card(view: View, said: str, numbers: str, facts: Sequence[str]) -> str:
    """A verdict with its score.

    Args:
        view: of what was judged.
        said: in plain words, as HTML.
        numbers: behind the score.
        facts: how it was judged.
    """
    state = view.verdict.value
    score, at = 100 * view.score, 100 * view.threshold
    label = f"score {view.score:.2f}, threshold {view.threshold:.2f}"
    return (
        f'<div class="card {state}" role="status" aria-live="polite">'
        f'<div class="verdict"><span class="sign" aria-hidden="true">{sign(view)}</span>{escape(state.capitalize())}'
        f'<span class="band">{escape(verdict_words(view))}</span></div>'
        f'<div class="meter" role="img" aria-label="{label}"><div class="fill" style="width:{score:.1f}%"></div>'
        f'<div class="mark" style="left:{at:.1f}%"></div></div>'
        f'<div class="numbers">score <b>{view.score:.2f}</b> · {escape(numbers)}</div>'
        f'{said}<div class="facts">{escape(" · ".join(facts))}</div></div>'
    )


def resting_card(picture: Picture) -> str:
    """What was found in a picture before, until it is judged again."""
    mark = picture.mark
    state = "idle" if mark is None else mark.verdict.value
    told = (
        "Looking …"
        if mark is None
        else f"{state.capitalize()} when last judged, score {mark.score:.2f}. Looking again …"
    )
    return (
        f'<div class="card {state} resting" role="status"><div class="verdict">{escape(told)}</div>'
        f'<div class="facts">{escape(picture.name)}</div></div>'
    )


def again(picture: Picture) -> str:
    """What was said of a picture before its references or details changed, and what is said now.

    Empty where nothing was, or where the person's own word on the picture is what counts.
    """
    before, mark = picture.before, picture.mark
    if before is None or mark is None or picture.outdated or picture.corrected:
        return ""
    was = f"{before.verdict_at(picture.threshold).value} {before.score:.2f}"
    now = f"{mark.verdict.value} {mark.score:.2f}"
    told = f"the same as before, {escape(now)}" if was == now else f"{escape(was)} → <b>{escape(now)}</b>"
    return f'<div class="again{" turned" if picture.turned else ""}">Judged again: {told}</div>'


def turned_line(session: Session) -> str:
    """How many verdicts the last change of the setup in view changed.

    Empty where no picture was judged again for it, or where pictures came since.
    """
    mine = [one for one in session.pictures if one.setup is session.setup]
    if not mine or any(one.before is None for one in mine):
        return ""
    done, turned = sum(not one.outdated for one in mine), sum(one.turned for one in mine)
    waiting = f", {len(mine) - done} still being judged again" if done < len(mine) else ""
    told = f"Judged again after your last change: {turned} of {done} verdict{'' if done == 1 else 's'} changed{waiting}"
    return f'<div class="facts turned-line" role="status">{told}</div>'


def correction_list(session: Session) -> str:
    """What was corrected, the last first, with a button each that takes it back."""
    lines = []
    for number, one in reversed(list(enumerate(session.corrections))):
        told = f"{one.picture.name.split('::')[0]}: {_SAID[one.said].format(kind=one.kind)}"
        lines.append(
            f'<li><span>{escape(told)}</span><button type="button" data-number="{number}" '
            f'aria-label="Take back: {escape(told, quote=True)}">Take back</button></li>'
        )
    more = len(lines) - MOST_LINES
    rest = f'<p class="facts">and {more} more</p>' if more > 0 else ""
    return f"<ul>{''.join(lines[:MOST_LINES])}</ul>{rest}" if lines else ""


def probe(view: View, x: int, y: int, crop: str) -> str:
    """What is at a pixel.

    Args:
        view: of the picture.
        x: column.
        y: row.
        crop: address of the pixels around it.
    """
    found, (height, width) = view.measured.anomaly_map, view.measured.anomaly_map.size
    here = found.window(slice(max(0, y - 4), min(height, y + 5)), slice(max(0, x - 4), min(width, x + 5)))
    score = float(found.window(slice(y, y + 1), slice(x, x + 1)).item())
    inside = [r for r in view.inspection.regions if holds(view, r, x, y)]
    if inside:
        place = f"in region {inside[0].id} ({inside[0].type or 'unknown'}, {inside[0].severity.value})"
    elif view.inspection.regions:
        far, region = min(((_away(r.box, x, y), r) for r in view.inspection.regions), key=lambda one: one[0])
        place = f"in no region; region {region.id} ({region.type or 'unknown'}) is {far:.0f} pixels away"
    else:
        place = "no region was found in the picture"
    pixel = ", ".join(str(int(v)) for v in view.inspection.image.pixels[y, x])
    return (
        f'<div class="probe" role="status"><img src="{escape(crop)}" alt="Pixels around the place, as they are">'
        f"<div><b>Column {x}, row {y}</b>: score <b>{score:.2f}</b> against a threshold of {view.threshold:.2f}, "
        f"mean of 9 x 9 pixels {here.mean():.2f}<br>{escape(place)}<br>red, green, blue: {pixel}</div></div>"
    )


def holds(view: View, region: Region, x: int, y: int) -> bool:
    """Whether a pixel belongs to a region."""
    box = region.box
    return (
        box.x_min <= x < box.x_max
        and box.y_min <= y < box.y_max
        and bool(view.mask_in(slice(y, y + 1), slice(x, x + 1)).item())
    )


def _away(box: Box, x: int, y: int) -> float:
    return math.hypot(max(box.x_min - x, 0, x - box.x_max + 1), max(box.y_min - y, 0, y - box.y_max + 1))


def warning_lines(view: View) -> str:
    """What the user's rule says, and what speaks against relying on the verdict, a line each; empty where nothing does."""
    said = view.inspection.rule
    ruling = "" if said is None else f'<div class="rule">By your rule: {escape(wording.ruling(said))}.</div>'
    if view.spoken:
        ruling += f'<div class="rule">{escape(view.spoken[:1].upper() + view.spoken[1:])}.</div>'
    told = [f"The picture {closer_words.on_page(one)}." for one in view.measured.warnings]
    if view.measured.mode is Mode.ZERO_SHOT:
        told.append(wording.ROUGH_GUESS)
    return ruling + "".join(f'<div class="warn">{escape(one)}</div>' for one in told)


def timing_words(timing_ms: dict[str, float]) -> str:
    """Time in words.

    >>> timing_words({"decode": 3.0, "encode": 190.0, "map": 12.0})
    '0.2 s (encode 0.19, map 0.01)'
    """
    total = sum(timing_ms.values()) / 1000
    parts = ", ".join(f"{name} {spent / 1000:.2f}" for name, spent in timing_ms.items() if spent >= 10)
    return f"{total:.1f} s" + (f" ({parts})" if parts else "")


def region_table(view: View | None) -> list[list[str]]:
    """A row a region: number, place, type, probability, severity, area, length, width."""
    if view is None:
        return []
    return [
        [
            str(r.id),
            ", ".join(r.cells),
            r.type or "unknown",
            "" if r.type_probability is None else f"{100 * r.type_probability:.0f} %",
            r.severity.value,
            wording.percent(r.area_fraction),
            wording.size(r, "length") or "",
            wording.size(r, "width") or "",
        ]
        for r in view.inspection.regions
    ]


def region_html(view: View | None) -> str:
    """The table of regions as HTML; on narrow screens each row stands as a card of its own, with the headers in it."""
    head = "".join(f'<th scope="col">{name}</th>' for name in HEADERS)
    rows = "".join(
        f'<tr data-number="{row[0]}" tabindex="0" title="Ask about region {row[0]}">'
        + "".join(f'<td data-label="{name}">{escape(cell)}</td>' for name, cell in zip(HEADERS, row, strict=True))
        + "</tr>"
        for row in region_table(view)
    )
    return f"<table><caption>Regions: click one to ask</caption><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def error_card(error: Exception | str) -> str:
    """A message a person can act on, in one line."""
    text = " ".join(str(error).split())
    return f'<div class="error" role="alert"><b>That did not work.</b> {escape(text[:1].upper() + text[1:])}.</div>'


def busy_card(text: str) -> str:
    """What is being done."""
    return f'<div class="busy" role="status"><span class="spin" aria-hidden="true"></span>{escape(text)}</div>'


def done_card(text: str) -> str:
    """What was done."""
    return f'<div class="done" role="status">{escape(text)}</div>'


def model_chip(preset: str, ready: bool, error: Exception | None, waited: float) -> str:
    """Whether the model is there yet."""
    if error is not None:
        return f'<span class="chip bad">model failed to load: {escape(" ".join(str(error).split()))}</span>'
    if ready:
        return f'<span class="chip good">{escape(preset)} ready</span>'
    return f'<span class="chip">loading {escape(preset)} … {waited:.0f} s</span>'


def plain_name(source: str) -> str:
    """The name of a plane as people say it, counted from 1; any other name as it is.

    >>> plain_name("head.nii.gz::axis=2,slice=3,window=bone"), plain_name("part.png")
    ('head.nii.gz, axis 2, slice 4, window bone', 'part.png')
    """
    name, _, selector = source.partition("::")
    return ", ".join([name, *(counted_from_1(one.replace("=", " ")) for one in selector.split(",") if one)])


def counted_from_1(place: str) -> str:
    """A place whose number of a slice, frame or page counts from 0, as people count; any other as it is.

    >>> counted_from_1("slice 6"), counted_from_1("top left")
    ('slice 7', 'top left')
    """
    return re.sub(r"^(slice|frame|page) (\d+)$", lambda found: f"{found[1]} {int(found[2]) + 1}", place)


def counted_pictures(count: int) -> str:
    """How many pictures, in words."""
    return wording.counted(count, "picture")


def bench_words(session: Session) -> str:
    """How pictures are judged now, in one line of HTML."""
    setup = session.setup
    if setup.inquiry.mode == "zero-shot":
        parts = ["zero-shot: references are set aside"]
    elif setup.loaded is not None:
        parts = [f"profile loaded ({setup.loaded.summary()['references']} references)"]
    elif setup.references:
        parts = [wording.counted(len(setup.references), "reference")]
    else:
        parts = ["no references"]
    if setup.scans and setup.inquiry.mode != "zero-shot":
        parts = [one for one in parts if one != "no references"]
        parts.append(wording.counted(len(setup.scans), "reference scan"))
    if setup.inquiry.spacing_mm is not None:
        parts.append(f"{setup.inquiry.spacing_mm[1]:g} mm a pixel")
    if setup.inquiry.detail.closer:
        parts.append(closer_words.setting(setup.inquiry.detail))
    if setup.rule is not None:
        parts.append(f"your rule: {setup.rule}")
    if setup.anomalous:
        parts.append(wording.counted(len(setup.anomalous), "marked defect"))
    if session.corrections:
        parts.append(wording.counted(len(session.corrections), "correction"))
    return f'<div class="facts">In use: {escape(" · ".join(parts))}</div>'


def sample_label(object_name: str, truth: tuple[str, ...], missed: bool = False) -> str:
    """What is written under a sample; first that it is one which the assistant misses, where it is."""
    found = ", ".join(truth) if truth else "normal"
    label = f"{'Missed: ' if missed else ''}{object_name}: {found}"
    return label if len(label) <= _SAMPLE_NAME else f"{label[: _SAMPLE_NAME - 1]}…"
