"""Replies on the references themselves: what they would do, how many there are, which to give, bad ones, how they are changed."""

from __future__ import annotations

import re

from assistant.reading.spelling import plain
from assistant.types import Mode
from assistant.words import wording
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
KEPT = (
    'They hold for all pictures of the project on the page until they are changed; "Save as profile" keeps them as a file, which '
    "--profile uses."
)
BAD = "A bad reference makes what is wrong in it count as usual, so the same fault in other pictures is hidden."


def manage_references(scene: Scene) -> list[str]:
    """What is asked of the references: how many or which to give, how they are kept, or how one is taken out."""
    said = plain(scene.question.text)
    taken_out = _TAKE_OUT.search(said) is not None
    if _HOW_MANY.search(said) or (_WHICH.search(said) and not taken_out):
        return choosing(scene)
    if _KEPT.search(said) and not taken_out:
        return [_present(scene), KEPT]
    return [_present(scene), BAD, _change(scene)]


def choosing(scene: Scene) -> list[str]:
    """How many references, and which."""
    what = "protocol and view" if scene.medical else "camera, light and position"
    return [
        f"Three to begin with, better five or more (this picture was judged {phrases.judged_by(scene.inspection)}): good ones of "
        "the same kind, chosen so that they show how much good ones vary.",
        f"Take them alike, with the same {what} as the picture to be judged.",
        "From 20 on, how much overkill there is at most is promised.",
    ]


def with_references(scene: Scene) -> list[str]:
    """What pictures of good ones would do, which nobody knows before they are given."""
    found = scene.inspection
    more, enough = "With references", "Three normal pictures of the same kind, taken alike, are enough to begin with"
    if found.mode is Mode.FEW_SHOT:
        more, enough = "With more of them", "Each further good one that shows another piece helps"
    return [
        f"Whether the verdict would change I cannot say before it is tried: the score here is {wording.score(found)}, judged "
        f"{phrases.judged_by(found)}.",
        f"{more} each place is held against good ones: what they show too counts less, what they lack counts more.",
        f"{enough}; then it is judged anew.",
    ]


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
        "stay, and pictures are judged again; --references names them in a terminal. `profile check FOLDER` names those that do "
        "harm."
    )
