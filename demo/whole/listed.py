"""A session and its folder -> lines of the table. Reads what was last said of each picture, and decodes nothing."""

from __future__ import annotations

from assistant.types import Verdict
from demo.bench.sessions import Picture, Said, Session
from demo.table.lines import Line


def lines_of(session: Session) -> list[Line]:
    """A line a picture of the project, then one a picture of the folder that was not opened."""
    opened = {one.of for one in session.pictures if one.of}
    lines = [line_of(picture) for picture in list(session.pictures)]
    lines += [line for line in session.rows.lines() if session.rows.source(line.id) not in opened]
    return lines


def line_of(picture: Picture) -> Line:
    """What was last said of a picture."""
    mark, corrected = picture.mark, bool(picture.corrected)
    if mark is None:
        return Line(id_of(picture), picture.name, good=picture.good, corrected=corrected, outdated=True)
    said = {one.said for one in picture.corrected}
    by_person = bool(said & {Said.NORMAL, Said.DEFECT})
    taken_back = mark.verdict is Verdict.NORMAL and mark.score >= mark.at
    decided = by_person or Said.RENAMED in said or (corrected and taken_back)
    return Line(
        id_of(picture), picture.name, mark.score, mark.verdict if decided else None, mark.place, mark.worst, mark.regions,
        mark.at, corrected, picture.good, any(one.learned is not None for one in picture.corrected), picture.outdated,
        severity=mark.severity, warnings=mark.warnings, by_person=by_person,
    )  # fmt: skip


def said_of_all(session: Session) -> object:
    """Equal as long as files of all pictures would say the same."""
    return tuple(lines_of(session)), session.choice.at, session.corrected


def id_of(picture: Picture) -> str:
    """The line of a picture."""
    return f"p{picture.key}" if picture.key >= 0 else f"m{id(picture):x}"


def index_of(session: Session, id: str) -> int:
    """Where the picture of a line is on the bench; -1 where it is not."""
    return next((at for at, one in enumerate(session.pictures) if id_of(one) == id), -1)
