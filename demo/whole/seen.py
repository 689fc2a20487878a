"""What a person saw when they did something. It may have left the view by the time that their word is worked on."""

from __future__ import annotations

import zlib

from demo.bench.judging import BenchError
from demo.bench.sessions import Picture, Session
from demo.whole.listed import id_of

AGAIN = "look at it, and do it again"


class AnotherInView(BenchError):
    """Something that was said of what is no longer in view; the page that it came from shows what was."""


def name_of(session: Session, picture: Picture) -> str:
    """By which the browser names a picture; one of another project has another name."""
    return f"{id_of(picture)}-{_short(session.id)}"


def look_of(session: Session) -> str:
    """What the browser shows, as it tells it with what a person does: ``name/plane/regions``; empty without a picture."""
    picture = session.picture
    return "" if picture is None else "/".join((name_of(session, picture), _plane(picture), _regions(picture)))


def picture_named(session: Session, name: str) -> int:
    """Where the picture of a name is on the bench; -1 where it is not."""
    return next((at for at, one in enumerate(session.pictures) if name_of(session, one) == name), -1)


def picture_seen(session: Session, look: object) -> Picture | None:
    """The picture that was seen, wherever it is on the bench; that in view where no look is told, or None.

    Raises:
        AnotherInView: it is no longer there.
    """
    if not (told := _told(look)):
        return session.picture
    at = picture_named(session, told[0])
    if at < 0:
        raise AnotherInView("the picture that you saw", "none like it on the bench by now", "look again")
    return session.pictures[at]


def in_view(session: Session, look: object, *, plane: bool = True, regions: bool = False) -> Picture:
    """The picture in view, where it is the one that was seen.

    Args:
        session: whose.
        look: as :func:`look_of` gave it; nothing is compared where there is none.
        plane: whether it has to be the plane of a medical file that was seen.
        regions: whether its regions have to be those that were seen, as what is said of one by its number needs it.

    Raises:
        BenchError: no picture, or another one or other regions than those that were seen.
    """
    picture, told = session.picture, _told(look)
    if picture is None:
        if told:
            raise AnotherInView("the picture that you saw", "nothing in view by now", "drop one or choose a sample")
        raise BenchError("a picture on the bench", "none yet", "drop one or choose a sample")
    if told and told[0] != name_of(session, picture):
        raise AnotherInView("the picture that you saw", f"{picture.name}, in view by now", AGAIN)
    if told and plane and told[1:2] != [_plane(picture)]:
        raise AnotherInView("the plane that you saw", "another one, in view by now", AGAIN)
    if told and regions and told[2:] != [_regions(picture)]:
        raise AnotherInView("the regions that you saw", "others, in view by now", AGAIN)
    return picture


def _told(look: object) -> list[str]:
    """Name, plane and regions; nothing where none are told."""
    return look.split("/") if isinstance(look, str) and look else []


def _plane(picture: Picture) -> str:
    plane = picture.plane
    return "" if plane is None else _short(f"{plane.axis} {plane.index} {plane.window}")


def _regions(picture: Picture) -> str:
    """The same as long as each number means the same region."""
    regions = () if picture.view is None else picture.view.inspection.regions
    return _short(str([(one.id, one.box.as_tuple()) for one in regions]))


def _short(text: str) -> str:
    return f"{zlib.crc32(text.encode()):08x}"
