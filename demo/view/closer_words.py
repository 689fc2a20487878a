"""Closer looks in words: what was looked at, the button that takes one with what it costs, how far one is. Pure functions."""

from __future__ import annotations

import time
from html import escape

from assistant.inquiry import Detail
from assistant.types import Inspection
from assistant.words import wording
from demo.bench.closely import Offer
from demo.bench.sessions import Look, Picture, Session

AFTER = 6.0
"""Seconds after the end of a closer look in which every page on the project asks once more."""
_COMMANDS = (" (--detail auto or full does)", ": --detail full does", " (build it with --detail)")
"""What warnings advise where there is a command line."""


def on_page(warning: str) -> str:
    """A warning without the options of commands, which the page has buttons for.

    >>> on_page("is nearly anomalous, and was not looked at everywhere as closely as may be: --detail full does")
    'is nearly anomalous, and was not looked at everywhere as closely as may be'
    """
    for advice in _COMMANDS:
        warning = warning.replace(advice, "")
    return warning


def setting(detail: Detail) -> str:
    """How closely all pictures are looked at.

    >>> setting(Detail("full", 24))
    'looked at everywhere, for things of 24 px'
    """
    where = "in tiles that promise something" if detail.look == "auto" else "everywhere"
    return f"looked at {where}, for things of {detail.smallest:g} px"


def looked_at(found: Inspection) -> str | None:
    """What of a picture was looked at closely; None where that is nothing."""
    coverage = found.coverage
    if coverage is None or not coverage.tiles:
        return None
    share = 100 * coverage.looked_at
    return f"{wording.counted(coverage.tiles, 'tile')} looked at closely, {share:.0f} % of the picture"


def offer(picture: Picture) -> str:
    """The button that takes the closer look that a picture is worth, as HTML; empty without."""
    if picture.offer is None or picture.due:
        return ""
    stays = ""
    if picture.corrected:
        stays = f"<span>What you corrected stays: {wording.counted(len(picture.corrected), 'correction')}.</span>"
    label = "Look closer" if picture.offer.look == "auto" else "Look closer everywhere"
    return (
        f'<div class="closer-offer"><button type="button" data-closer="{picture.offer.look}">{label}'
        f" ({escape(cost(picture.offer))})</button>{stays}</div>"
    )


def cost(offered: Offer) -> str:
    """What a closer look costs.

    >>> cost(Offer("auto", 96, 0, 24.6)), cost(Offer("auto", 96, 160, 65))
    ('about 25 s here', 'about 1 min here, most of it once for the references')
    """
    once = ", most of it once for the references" if offered.of_references > offered.tiles else ""
    return f"about {duration(offered.seconds)} here{once}"


def duration(seconds: float) -> str:
    """A time that is known roughly.

    >>> duration(0.2), duration(24.6), duration(65), duration(400)
    ('1 s', '25 s', '1 min', '7 min')
    """
    return f"{max(1, round(seconds))} s" if seconds < 60 else f"{round(seconds / 60)} min"


def goes_on(session: Session) -> bool:
    """Whether a closer look is being taken, or ended just now."""
    return bool(session.looks) or time.monotonic() - session.looked[1] < AFTER


def told(session: Session) -> str:
    """How far the closer look is that is being taken, and how many wait, as HTML; empty without."""
    looks = list(session.looks)
    if not looks:
        return ""
    first, waiting = looks[0], len(looks) - 1
    rest = f" {wording.counted(waiting, 'more picture')} {'waits' if waiting == 1 else 'wait'}." if waiting else ""
    share = 100 * first.done / first.planned if first.planned else 0
    stop = f'<button type="button" data-event="halt" data-number="{first.number}">Stop</button>'
    if first.stop.is_set():
        return f'<div class="drop closer" role="status"><p>Stopping …{rest}</p></div>'
    return (
        f'<div class="drop closer" role="status"><p>{escape(_how_far(first))}{rest}</p>'
        f'<div class="meter" aria-hidden="true"><div class="fill" style="width:{share:.0f}%"></div></div>'
        f"<div>{stop}</div></div>"
    )


def _how_far(look: Look) -> str:
    if not look.planned:
        return f"Looking closer at {look.name} …"
    at = f"tile {look.done} of {look.planned}"
    return f"Looking closer at {look.name}: {f'{at} of the normal pictures, once' if look.learning else at}"
