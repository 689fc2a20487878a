"""Replies on the same result again, on another inspection, and on how to test the tool on parts of one's own."""

from __future__ import annotations

import re

from assistant.reading.spelling import plain
from assistant.types import Mode
from assistant.words import wording
from assistant.words.replies.handling.files import file_name
from assistant.words.replies.verdicts import at_place
from assistant.words.scene import phrases
from assistant.words.scene.scene import Scene

LEVEL = 0.95
"""Confidence of the bounds that are told."""
TENTH = 10
"""In a hundred, below which a bound is told to a tenth."""
_NUMBERED = re.compile(
    r"\b(?P<number>\d{1,5}) (?:\w+ ){0,2}?(?:parts?|pieces?|pictures?|samples?|bad|good|defective|defects?|known|units?|panels?"
    r"|images?|castings?|scans?)\b|\bof (?P<of>\d{1,5})\b"
)


def repeatable(scene: Scene) -> list[str]:
    """What stays the same, and what makes a score differ."""
    found = scene.inspection
    alone = "what is drawn at random has a fixed seed, and other pictures leave the score alone"
    if found.mode is Mode.MUTUAL:
        alone = "but the pictures of its run judge each other, so with others the score changes"
    close = ", and so close to the threshold that can turn the verdict" if wording.borderline(found.image_score) else ""
    return [
        f"The same file with the same version, trained parts, references and settings gives the same result on the same machine "
        f"({phrases.scored(found)}): {alone}.",
        f"Another processor or a GPU may differ in the last digits{close}.",
        "Another photograph, a crop, or the file saved anew in another format is another picture, and gets a score of its own.",
    ]


def rerun(scene: Scene) -> list[str]:
    """How to inspect again, and what would make the result another one."""
    found = scene.inspection
    refs = "more references" if found.mode is Mode.FEW_SHOT else "good ones as references"
    there = at_place(scene)[:1] if scene.cells else []
    return [
        *there,
        f"From the chat I start no inspection; what I speak of is {file_name(scene)}: {found.verdict.value} "
        f"({phrases.scored(found)}).",
        "On the page drop a new picture, or change references or Details, after which it judges again; in a terminal "
        "run `inspect` again, or "
        "/image and /reference within `chat`.",
        f"The same file with the same settings gives the same result; another photograph, {refs} or a closer look can change it.",
    ]


def validate(scene: Scene) -> list[str]:
    """How to measure it on one's own pictures, and what a number of parts allows to claim."""
    return [
        "Take pictures of your own, good and bad ones that a person has judged, none of them used as reference or to "
        "choose the threshold: "
        "`evaluate FOLDER` (train/good, test/good, test/KIND) measures misses, overkill and AUROC.",
        "On the page mark pictures Good or Bad: All pictures counts misses and overkill at each threshold.",
        _claim(scene),
    ]


def _claim(scene: Scene) -> str:
    number = _number(plain(scene.message.text))
    rule = (
        "If n bad parts are tried and all are found, at most about 3 in n are missed in the long run (a claim that "
        "holds 19 times in 20)"
    )
    if number is None:
        return (
            f"{rule}: 30 parts allow to claim at most 1 in 10, 300 at most 1 in 100; good parts bound the overkill in the "
            f"same way."
        )
    share = 100 * upper_bound(number)
    most = f"{share:.1f}" if share < TENTH else f"{share:.0f}"
    return f"{rule}: with {number} that is {most} in 100, and each miss makes it more; one picture, as here, claims nothing."


def upper_bound(parts: int, level: float = LEVEL) -> float:
    """The largest share of misses that ``parts`` bad parts, none missed, leave possible (Clopper-Pearson, one-sided).

    Args:
        parts: at least 1.
        level: confidence, 0 to 1.

    >>> round(upper_bound(30), 3), round(upper_bound(300), 4)
    (0.095, 0.0099)
    """
    return float(1.0 - (1.0 - level) ** (1.0 / parts))


def _number(said: str) -> int | None:
    """The number of parts that a plain text names; of bad ones where it says so."""
    found = [int(match["number"] or match["of"]) for match in _NUMBERED.finditer(said)]
    bad = re.search(r"\b(\d{1,5}) (?:known[- ])?(?:bad|defective|faulty)\b", said)
    numbers = [int(bad[1])] if bad is not None else found
    return next((number for number in numbers if number > 0), None)
