"""The table of all pictures of a project, with the histogram of their scores, as the browser takes it. Changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

from assistant.types import Verdict
from demo.bench.sessions import Session
from demo.table import choice, counts
from demo.table.choice import Choice, Show
from demo.table.lines import Line
from demo.view import strip
from demo.view.viewer import address
from demo.view.words import counted_from_1
from demo.whole.listed import id_of, lines_of

HEADERS = {
    "name": "Picture", "score": "Score", "verdict": "Verdict", "place": "Worst region", "kind": "Kind", "severity": "Severity",
    "corrected": "Corrected", "marked": "Your mark",
}  # fmt: skip
"""Column -> its heading."""


def value(session: Session) -> dict[str, Any] | None:
    """What the table shows of a session; None while nobody looks at it."""
    chosen = session.choice
    if not chosen.open:
        return None
    every = lines_of(session)
    lines = chosen.lines(every)
    page = chosen.page(lines)
    return {
        "bins": counts.histogram(every).tolist(), "at": round(100 * chosen.at),
        "left": counts.mistakes(every, chosen.at).left_out,
        "show": chosen.show.value, "text": chosen.text, "rows": _rows(session, page), "head": _head(chosen),
        "turn": chosen.turns.newest, "pages": _pages(chosen, len(lines)), "told": told(every, lines),
    }  # fmt: skip


def title(session: Session) -> str:
    """What the table is called, with how many pictures it holds."""
    count = len(session.pictures) + session.rows.count
    return f"All pictures ({count:,}): table, scores, report" if count else "All pictures: table, scores, report"


def told(every: Sequence[Line], shown: Sequence[Line]) -> str:
    """How many pictures, in words."""
    failed = sum(bool(line.error) for line in every)
    outdated = sum(line.outdated for line in every)
    parts = [f"{len(shown):,} of {len(every):,} pictures" if len(shown) != len(every) else f"{len(every):,} pictures"]
    parts += [f"{failed:,} could not be read"] if failed else []
    parts += [f"{outdated:,} judged before references or details changed"] if outdated else []
    return ", ".join(parts)


def options() -> str:
    """Choices of what is shown, as HTML."""
    return "".join(f'<option value="{one.value}">{one.value}</option>' for one in Show)


def _head(chosen: Choice) -> str:
    cells = []
    for name, words in HEADERS.items():
        way = "" if chosen.order != name else "descending" if chosen.down else "ascending"
        arrow = {"": "", "descending": " ▾", "ascending": " ▴"}[way]
        sort = f' aria-sort="{way}"' if way else ""
        cells.append(f'<th scope="col"{sort}><button type="button" data-order="{name}">{words}{arrow}</button></th>')
    return f"<tr>{''.join(cells)}</tr>"


def _rows(session: Session, page: Sequence[Line]) -> str:
    here = "" if session.picture is None else id_of(session.picture)
    known = {id_of(picture): picture for picture in list(session.pictures)}
    out = []
    for line in page:
        source = strip.small(session, known[line.id]) if line.id in known else None
        small = "" if source is None else f'<img src="{escape(address(source))}" alt="" loading="lazy">'
        out.append(_row(line, session.choice.at, line.id == here, small))
    return "".join(out)


def _row(line: Line, at: float, here: bool, small: str) -> str:
    verdict, whose = line.verdict(at), line.whose(at)
    said = "could not be read" if line.error else "not judged yet" if verdict is None else verdict.value
    classes = " ".join(
        name for name, holds in (
            ("here", here), ("bad", verdict is Verdict.ANOMALOUS), ("wrong", line.mistaken(at)), ("outdated", line.outdated),
        ) if holds
    )  # fmt: skip
    name = escape(line.name, quote=True)
    opened = f'{small}<button type="button" class="open" data-open="{line.id}">{name}</button>'
    cells = [
        opened if not line.error else f'{opened}<span class="why">{escape(line.error)}</span>',
        "" if line.score is None else f"{line.score:.2f}",
        said + (" (outdated)" if line.outdated and verdict is not None else "") + (f", {whose}" if whose else ""),
        escape(counted_from_1(line.place)) + (f" and {line.regions - 1} more" if line.regions > 1 else ""),
        escape(line.kind), line.severity, "✎ yes" if line.corrected else "", _marks(line, name) if not line.error else "",
    ]  # fmt: skip
    columns = zip(HEADERS.values(), cells, strict=True)
    inner = "".join(f'<td data-label="{words}">{cell}</td>' for words, cell in columns)
    current = ' aria-current="true"' if here else ""
    return f'<tr data-id="{line.id}" class="{classes}"{current}>{inner}</tr>'


def _marks(line: Line, name: str) -> str:
    buttons = []
    for word, which in (("good", True), ("bad", False)):
        pressed = "true" if line.good is which else "false"
        told = "null" if line.good is which else str(which).lower()
        buttons.append(
            f'<button type="button" class="{word}" data-mark="{told}" aria-pressed="{pressed}" '
            f'aria-label="{name} is {word}">{word}</button>'
        )
    return f'<span class="marks">{"".join(buttons)}</span>'


def _pages(chosen: Choice, total: int) -> str:
    if total <= choice.PAGE:
        return ""
    first, last = chosen.first, min(total, chosen.first + choice.PAGE)
    back = f'<button type="button" data-first="{max(0, first - choice.PAGE)}"{"" if first else " disabled"}>‹ Back</button>'
    on = f'<button type="button" data-first="{first + choice.PAGE}"{" disabled" if last == total else ""}>Next ›</button>'
    return f"{back}<span>{first + 1:,}–{last:,} of {total:,}</span>{on}"
