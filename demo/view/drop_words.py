"""What is said of files dropped together: how far they are, that they were stopped, and the question whether they fit."""

from __future__ import annotations

from enum import StrEnum

from assistant.types import Verdict
from assistant.words import wording
from demo.bench.drops import Drop, State
from demo.bench.sessions import Picture, Session, Setup


class Choice(StrEnum):
    """What is to become of a drop that waits."""

    ON = "on"
    """The rest is looked at."""
    LEAVE = "leave"
    """The rest is left out."""
    ALONE = "alone"
    """All of it is judged without references."""
    APART = "apart"
    """It becomes a project of its own."""


QUESTION = "These pictures seem to show another product than the references."


def told(session: Session) -> str:
    """A box a drop of several files that goes on or waits, as HTML; empty without."""
    return "".join(_box(session, drop) for drop in session.drops if drop.total > 1 or drop.state is not State.GOING)


def ended(drop: Drop[Picture, Setup]) -> str:
    """What was found in the files of a drop, counted; empty for a file alone, and where nothing was judged."""
    marks = [one.mark for one in (*drop.judged, *drop.scanned) if one.mark is not None]
    if drop.total < 2 or not marks:
        return ""
    anomalous = sum(mark.verdict is Verdict.ANOMALOUS for mark in marks)
    noun = ("scan" if not drop.judged else "picture") + ("s" if len(marks) > 1 else "")
    return f"{len(marks):,} {noun} judged, {anomalous:,} anomalous."


def _box(session: Session, drop: Drop[Picture, Setup]) -> str:
    done, left = drop.total - drop.waiting, wording.counted(drop.waiting, "file")
    match drop.state:
        case State.GOING:
            text = f"Looking at {drop.at} of {drop.total} files."
            buttons = _button(drop, "halt", "", "Stop")
        case State.STOPPED:
            verb = "was" if drop.waiting == 1 else "were"
            text = f"Stopped: {done} of {drop.total} files stay on the page, {left} {verb} left out."
            buttons = _answer(drop, Choice.ON, f"Go on with {left}") + _answer(drop, Choice.LEAVE, "Leave out")
        case State.ASKING:
            text, verb = QUESTION, "waits" if drop.waiting == 1 else "wait"
            text += f" {left.capitalize()} {verb} for your word." if drop.waiting else ""
            buttons = _answer(drop, Choice.ON, "Go on with these references")
            buttons += _answer(drop, Choice.ALONE, "Judge without references")
            buttons += _answer(drop, Choice.APART, "Put them in a new project") if not session.project.brief else ""
    role = "alert" if drop.state is State.ASKING else "status"
    return f'<div class="drop {drop.state.value}" role="{role}"><p>{text}</p><div>{buttons}</div></div>'


def _answer(drop: Drop[Picture, Setup], choice: Choice, label: str) -> str:
    return _button(drop, "answered", choice.value, label)


def _button(drop: Drop[Picture, Setup], event: str, choice: str, label: str) -> str:
    return f'<button type="button" data-event="{event}" data-number="{drop.number}" data-choice="{choice}">{label}</button>'
