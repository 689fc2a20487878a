"""Pictures marked good or bad, stepped through in the order of the table, and brought into view; those of the folder too."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from assistant.pictures.images import load_image, split_selector
from assistant.pictures.scans import Scan, read_scan
from demo.bench import keeping
from demo.bench.judging import BenchError
from demo.bench.sessions import Picture, Session
from demo.bench.workbench import Workbench
from demo.incoming import uploads
from demo.incoming.nameless import keepable
from demo.incoming.planes import Plane
from demo.table.lines import Line
from demo.whole.allowed import Allowed
from demo.whole.listed import id_of, index_of, lines_of

NONE_THERE = ("a line of the table", "none there", "choose one that is shown")


def mark(session: Session, id: str, good: bool | None) -> None:
    """A person says what a picture is, for counts alone: it changes no verdict.

    Raises:
        BenchError: no such line.
    """
    at = index_of(session, id)
    if at >= 0:
        session.pictures[at].good = good
        keeping.keep_picture(session, session.pictures[at])
    elif session.rows.line(id) is not None:
        session.rows.mark(id, good)
    else:
        raise BenchError(*NONE_THERE)


def neighbour(session: Session, step: int) -> str:
    """The line after (1) or before (-1) the picture in view: in the order of the table while it is open, else as they came.

    Raises:
        BenchError: none there.
    """
    if session.choice.open:
        order = [line.id for line in session.choice.lines(lines_of(session)) if not line.error]
    else:
        order = [id_of(picture) for picture in session.pictures]
    if not order:
        raise BenchError("a picture to step to", "none", "drop one, or show others in the table")
    here = "" if session.picture is None else id_of(session.picture)
    if here not in order:
        return order[0 if step > 0 else -1]
    at = order.index(here) + step
    if not 0 <= at < len(order):
        raise BenchError(
            f"a picture {'after' if step > 0 else 'before'} this one", "the end of the list", "go the other way"
        )
    return order[at]


def show(bench: Workbench, session: Session, id: str, allowed: Allowed | None, clicks: int | None = None) -> Picture:
    """Bring the picture of a line into view as it was judged last; one of the folder is copied into the project first.

    Args:
        bench: operations.
        session: whose.
        id: of the line.
        allowed: what of the operator's folder may be read; None allows nothing.
        clicks: of the session when the line was chosen: what is in view stays where another picture was chosen since; None for
            a choice that is made now.

    Raises:
        AssistantError: no such line, or a picture that cannot be read.
    """
    at = index_of(session, id)
    if at >= 0:
        return bench.show(session, at, clicks)
    line = session.rows.line(id)
    if line is None or allowed is None:
        raise BenchError(*NONE_THERE)
    with session.choice.opening:
        return _opened(bench, session, line, allowed, clicks)


def _opened(bench: Workbench, session: Session, line: Line, allowed: Allowed, clicks: int | None) -> Picture:
    """The picture of a line of the folder, on the bench."""
    source = session.rows.source(line.id)
    known = next((at for at, one in enumerate(session.pictures) if one.of == source), -1)
    if known >= 0:
        return bench.show(session, known, clicks)
    path, selector = split_selector(source)
    file = allowed.file(Path(path))
    limits = bench.settings.limits
    image = replace(load_image(source, limits=limits), source=line.name)
    scan = read_scan(file) if selector else None
    plane = None if scan is None else _plane(session, file, uploads.display_name(file), scan, selector)
    if clicks is None:
        session.clicks += 1
    own = file if not selector else None
    picture = bench.add(session, image, plane=plane, clicks=clicks, file=own, of=source)
    if line.good is not None:
        picture.good = line.good
        keeping.keep_picture(session, picture)
    return picture


def _plane(session: Session, file: Path, name: str, scan: Scan, selector: dict[str, str]) -> Plane:
    kept = session.project.file(session.project.keep_file(keepable(file, name), name))
    axis = int(selector.get("axis", 2 if scan.kind == "NIFTI" else 0))
    index = int(selector.get("slice", selector.get("frame", selector.get("page", 0))))
    return Plane(kept, name, scan, axis, index, selector.get("window", ""))
