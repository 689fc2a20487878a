"""The small pictures of a session, a page of them at a time. Their files are written once and kept with the project."""

from __future__ import annotations

import zlib
from html import escape
from pathlib import Path

import cv2

from assistant.errors import AssistantError
from assistant.files.whole import whole_file
from assistant.types import Verdict
from demo.bench.sessions import Picture, Session
from demo.view import drawing, words
from demo.view.viewer import address
from demo.whole.seen import name_of

PAGE = 24
"""Pictures on a page."""
JPEG = [cv2.IMWRITE_JPEG_QUALITY, 82]


def strip(session: Session) -> str:
    """A button a picture, with its verdict and name; greyed where the verdict is of an earlier state of the references."""
    total = len(session.pictures)
    if not total:
        return ""
    first = min(max(0, session.first), total - 1)
    first -= first % PAGE
    shown = session.pictures[first : first + PAGE]
    buttons = "".join(_button(session, first + i, picture) for i, picture in enumerate(shown))
    return f'{words.turned_line(session)}<div class="strip">{buttons}</div>{_pages(first, total)}'


def _button(session: Session, index: int, picture: Picture) -> str:
    name = picture.name.split("::")[0]
    mark = picture.mark
    sign = "…" if mark is None else "✓" if mark.verdict is Verdict.NORMAL else "!"
    told = "not judged yet" if mark is None else f"{mark.verdict.value}, score {mark.score:.2f}"
    told += ", being judged again" if picture.outdated and mark is not None else ""
    told += ", corrected" if picture.corrected else ""
    classes = "thumb" + (" outdated" if picture.outdated else "") + (" bad" if sign == "!" else "")
    chosen = "true" if index == session.current else "false"
    source = small(session, picture)
    image = f'<img src="{escape(address(source))}" alt="" loading="lazy">' if source else '<span class="gone"></span>'
    label = escape(f"{name}: {told}", quote=True)
    edited = "<i>✎</i>" if picture.corrected else ""
    return (
        f'<button type="button" class="{classes}" data-index="{index}" data-name="{name_of(session, picture)}" '
        f'aria-pressed="{chosen}" aria-label="{label}" title="{label}">{image}{edited}<span>{sign} {escape(name)}</span></button>'
    )


def _pages(first: int, total: int) -> str:
    if total <= PAGE:
        return ""
    last = min(total, first + PAGE)
    back = (
        f'<button type="button" data-first="{max(0, first - PAGE)}"{" disabled" if not first else ""}>‹ Back</button>'
    )
    on = f'<button type="button" data-first="{first + PAGE}"{" disabled" if last == total else ""}>Next ›</button>'
    return f'<div class="pages">{back}<span>{first + 1}–{last} of {total}</span>{on}</div>'


def small(session: Session, picture: Picture) -> Path | None:
    """A picture as a small file; None where it cannot be read any more."""
    name = f"{picture.key}-{zlib.crc32(picture.name.encode()):08x}.jpg"
    path, kept = session.folder / f"thumb-{name}", session.project.folder / "thumbs" / name
    if path.exists():
        return path
    if picture.key >= 0 and kept.is_file():
        with whole_file(path) as part:
            part.write_bytes(kept.read_bytes())
        return path
    resting = picture.held is None
    try:
        pixels = drawing.thumbnail(picture.image.pixels)
    except AssistantError:
        return None
    if resting:
        picture.rest()
    data = cv2.imencode(".jpg", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), JPEG)[1].tobytes()
    for target in (path, kept) if picture.key >= 0 else (path,):
        with whole_file(target) as part:
            part.write_bytes(data)
    return path
