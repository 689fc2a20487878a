"""Results as words, tables and small pieces of HTML for the page. Every word from outside is escaped. Pure functions."""

from __future__ import annotations

from html import escape

from assistant.types import THRESHOLD, Mode, Verdict
from assistant.vocabulary.knowledge import load_knowledge
from assistant.words import wording
from assistant.words.evidence import caption
from demo.bench.sessions import Session
from demo.bench.thresholds import View

HEADERS = ("No.", "Place", "Type", "Sure", "Severity", "Area", "Length", "Width")
NOTICE = "Research use only, not a diagnosis."
_MODES = {Mode.ZERO_SHOT: "without references", Mode.FEW_SHOT: "with references", Mode.MUTUAL: "against each other"}
_SAMPLE_NAME = 34


def verdict_words(view: View) -> str:
    """The verdict and how sure it is, in a few words.

    Doubt is judged after the threshold: a score that just reaches a high threshold is as borderline as 0.5 at 0.5.
    """
    band = wording.band(view.inspection.image_score)
    if band == "borderline":
        return f"Borderline, just {'above' if view.verdict is Verdict.ANOMALOUS else 'below'} the threshold"
    return band.capitalize()


def summary(view: View) -> str:
    """The caption, with the score and the threshold as the page shows them."""
    text = caption(view.inspection, load_knowledge())
    if view.threshold == THRESHOLD:
        return text
    inner = f"the score of {view.inspection.image_score:.2f} is close to the threshold of 0.5"
    return text.replace(inner, f"the score of {view.score:.2f} is close to the threshold of {view.threshold:.2f}")


def sign(view: View) -> str:
    """The verdict as one character."""
    return "✓" if view.verdict is Verdict.NORMAL else "!"


def is_medical(view: View | None) -> bool:
    """Whether the picture in view is a medical one."""
    return view is not None and wording.is_medical(view.inspection, load_knowledge())


def verdict_card(view: View | None) -> str:
    """Verdict, score, caption, how it was judged and how long it took."""
    if view is None:
        return (
            '<div class="card idle"><div class="verdict">Drop a picture, or choose a sample</div>'
            '<div class="said">Verdict, regions and their kinds appear here. Nothing leaves this machine.</div></div>'
        )
    state = view.verdict.value
    score, at = 100 * view.score, 100 * view.threshold
    p_value = view.measured.p_value
    facts = [view.inspection.image.source, _MODES[view.measured.mode], timing_words(view.measured.timing_ms)]
    if p_value is not None:
        facts.insert(2, f"{100 * p_value:.0f} % of normals look as unusual")
    label = f"score {view.score:.2f}, threshold {view.threshold:.2f}"
    return (
        f'<div class="card {state}" role="status" aria-live="polite">'
        f'<div class="verdict"><span class="sign" aria-hidden="true">{sign(view)}</span>{escape(state.capitalize())}'
        f'<span class="band">{escape(verdict_words(view))}</span></div>'
        f'<div class="meter" role="img" aria-label="{label}"><div class="fill" style="width:{score:.1f}%"></div>'
        f'<div class="mark" style="left:{at:.1f}%"></div></div>'
        f'<div class="numbers">score <b>{view.score:.2f}</b> · threshold {view.threshold:.2f} · '
        f"{wording.counted(len(view.inspection.regions), 'region')}</div>"
        f'<div class="said">{escape(summary(view))}</div>{warning_lines(view)}'
        f'<div class="facts">{escape(" · ".join(facts))}</div></div>'
    )


def warning_lines(view: View) -> str:
    """What the user's rule says, and what speaks against relying on the verdict, a line each; empty where nothing does."""
    said = view.inspection.rule
    ruling = "" if said is None else f'<div class="rule">By your rule: {escape(wording.ruling(said))}.</div>'
    told = [f"The picture {one}." for one in view.measured.warnings]
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
    if setup.inquiry.spacing_mm is not None:
        parts.append(f"{setup.inquiry.spacing_mm[1]:g} mm a pixel")
    if setup.rule is not None:
        parts.append(f"your rule: {setup.rule}")
    if setup.anomalous:
        parts.append(wording.counted(len(setup.anomalous), "marked defect"))
    if session.corrections:
        parts.append(wording.counted(len(session.corrections), "correction"))
    return f'<div class="facts">In use: {escape(" · ".join(parts))}</div>'


def sample_label(object_name: str, truth: tuple[str, ...]) -> str:
    """What is written under a sample."""
    found = ", ".join(truth) if truth else "normal"
    label = f"{object_name}: {found}"
    return label if len(label) <= _SAMPLE_NAME else f"{label[: _SAMPLE_NAME - 1]}…"
