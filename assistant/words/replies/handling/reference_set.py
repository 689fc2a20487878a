"""Replies on the references themselves: how many there are, which to give, bad ones, and how they are changed."""

from __future__ import annotations

import re

from assistant.reading.spelling import plain
from assistant.types import Mode
from assistant.words.scene import phrases
from assistant.words.scene.scene import Scene

_HOW_MANY = re.compile(
    r"\bhow many\b|\benough\b|\b(?:more|further|better) (?:good ones|references|normal|pictures|of them)\b"
    r"|\bi(?:'?ll| will| can)? (?:add|give)\b"
)
_WHICH = re.compile(
    r"\b(?:which|what|choose|choosing|pick|mix|separate|variants?|same (?:light|batch|colour|color|lot))\b"
)
_KEPT = re.compile(r"\b(?:kept|keep|stay|stays|carry over|load again|tomorrow|next)\b")
_TAKE_OUT = re.compile(
    r"\b(?:take|throw|chuck|kick|remove|delete|clear|drop|replace|swap\w*|exchange|out|bad|wrong|defective|spoil|hide|distort|dirty|old)\b"
)
ENOUGH = (
    "Three are enough to begin with; each further good one that shows another piece helps, and from 20 on the share of good "
    "pictures that are called anomalous is promised."
)
KEPT = (
    'They hold for all pictures of the project on the page until they are changed; "Save as profile" keeps them as a file, which '
    "--profile uses."
)
SET_UP = "protocol and view", "light, camera and position"


def manage_references(scene: Scene) -> list[str]:
    """How many there are, what is known against them, and what is asked: how many, which, or to take one out."""
    said = plain(scene.question.text)
    told = [_present(scene)]
    if _HOW_MANY.search(said):
        told.append(ENOUGH)
    elif _WHICH.search(said) and not _TAKE_OUT.search(said):
        set_up = SET_UP[0] if scene.medical else SET_UP[1]
        told.append(
            f"Take good ones of the same kind that show all that may vary on good pieces, with the same {set_up} as here; other "
            "products or versions get references of their own."
        )
    elif _KEPT.search(said) and not _TAKE_OUT.search(said):
        told.append(KEPT)
    else:
        told.append(
            "A bad reference makes what is wrong in it count as usual, so the same fault in other pictures is hidden."
        )
    return [*told, *([] if _HOW_MANY.search(said) or _KEPT.search(said) else [_change(scene)])]


def _present(scene: Scene) -> str:
    """What this picture was held against, and what is known against it."""
    found = scene.inspection
    said = f"This picture was judged {phrases.judged_by(found)}"
    if found.mode is Mode.ZERO_SHOT:
        return f"{said}, so there is none to take out yet."
    against = [one.rstrip(".") for one in found.warnings if "reference" in one or "product" in one]
    if not against:
        return f"{said}; which of them weighed how much I do not know here, and no warning speaks against them on this picture."
    return f"{said}. A warning says: the picture {against[0]}."


def _change(scene: Scene) -> str:
    """How references are changed and checked."""
    return (
        'From the chat I change none: on the page "Remove all" under References clears them, then drop those that '
        "stay, and pictures are "
        "judged again; --references names them in a terminal. `profile check FOLDER` names those that do harm."
    )
