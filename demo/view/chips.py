"""How the picture in view is judged, as chips under its card that are changed where they stand; and why references help."""

from __future__ import annotations

from html import escape

from assistant.types import Domain, Mode
from assistant.words import wording
from demo.bench.sessions import Session, Setup

MEASURED = (
    "Measured on six sets of real pictures: 70 % of the verdicts were right without references, 76 % with four; of bottle mouths "
    "68 % and 91 %."
)
"""Means of balanced accuracy in the table of docs/results.md."""
DOMAINS = {"": "from the file", Domain.INDUSTRIAL.value: "industrial", Domain.MEDICAL.value: "medical"}


def chips(session: Session) -> str:
    """A button a fact, and a hint where no references are; empty without a picture."""
    picture = session.picture
    if picture is None:
        return ""
    setup = picture.setup
    inquiry = setup.inquiry
    scale = "" if inquiry.spacing_mm is None else f"{inquiry.spacing_mm[1]:g}"
    domain = "" if inquiry.domain is None else inquiry.domain.value
    named = inquiry.object_name or ""
    parts = [
        _chip("object", "Shows", named or "not told", named, "What it shows"),
        f'<button type="button" class="chip" data-references="yes">References: {escape(references(setup))}</button>',
        _chip("scale", "Scale", f"{scale} mm a pixel" if scale else _own_scale(session), scale, "Millimetres a pixel"),
        _chip("domain", "Domain", DOMAINS[domain], domain, "Domain"),
    ]
    return f'<div class="chips" role="group" aria-label="How it is judged">{"".join(parts)}</div>{_hint(session)}'


def references(setup: Setup) -> str:
    """What pictures are compared with, in words."""
    if setup.inquiry.mode == "zero-shot":
        return "set aside"
    if setup.loaded is not None:
        return f"a profile of {setup.loaded.summary()['references']}"
    return f"{len(setup.references)}" if setup.references else "none"


def _chip(name: str, words: str, told: str, value: str, label: str) -> str:
    return (
        f'<button type="button" class="chip" data-chip="{name}" data-value="{escape(value, quote=True)}" '
        f'data-label="{label}">{words}: {escape(told)}</button>'
    )


def _own_scale(session: Session) -> str:
    picture = session.picture
    spacing = None if picture is None or picture.view is None else picture.view.inspection.image.spacing_mm
    return "not known" if spacing is None else f"{spacing[1]:.3g} mm a pixel, from the file"


def _hint(session: Session) -> str:
    picture = session.picture
    view = None if picture is None else picture.view
    if view is None or view.measured.mode is not Mode.ZERO_SHOT or session.setup.inquiry.mode == "zero-shot":
        return ""
    many = wording.counted(3, "normal picture")
    return (
        f'<div class="hint"><span>{escape(MEASURED)}</span>'
        f'<button type="button" data-references="yes">Add {many}</button></div>'
    )
