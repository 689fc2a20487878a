"""Where something hangs on a normal verdict, what it is worth is said: it is no all-clear, and somebody else decides.

Knows the words by which a message asks about harm, recall or release, or doubts the verdict; does not know who is right.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from assistant.reading.spelling import plain
from assistant.words.replies.verdicts import DECIDES, NOT_ABSENT, PERSON
from assistant.words.scene.scene import Scene
from assistant.words.scene.seen import claims_to_see

_HARM = re.compile(
    r"\b(?:harm\w*|hurt\w*|injur\w*|poison\w*|danger\w*|hazard\w*|risk\w*|unsafe|safe|safety|recall\w*|releas\w*|liab\w*|lawsuit"
    r"|swallow\w*|chok\w*"
    r"|(?:get|gets|make\w*|become) (?:\w+ )?(?:sick|ill)|call(?:ed)?\b.{0,30}\bback|consequences?|withdraw\w*)\b"
)
_PERSONS = re.compile(r"\b(?:patients?|users?|consumers?|customers?|child|children)\b")
_DOUBTS = re.compile(
    r"\b(?:look|check|try|inspect)(?: \w+)? again\b|\bre-?check\b|\bi (?:doubt|disagree|don'?t (?:believe|trust|think|buy))\b"
    r"|\bare you (?:really |quite |so )?sure\b|\b(?:wrong|nonsense|rubbish)\b|\bcan'?t be (?:right|normal|good|fine)\b"
    r"|\blooks? (?:\w+ )?(?:bad|damaged|broken|wrong|odd|strange|defective|chipped|cracked|scratched|dirty)\b"
    r"|\bbut (?:there|i|it)\b"
)


def with_worth(sentences: Sequence[str], scene: Scene) -> list[str]:
    """The sentences, with what a normal verdict is worth where the message needs it and none of them says it."""
    said = plain(scene.message.text)
    told = " ".join(sentences).lower()
    harm = _HARM.search(said) is not None or (not scene.medical and _PERSONS.search(said) is not None)
    if scene.anomalous or not (harm or _DOUBTS.search(said) or claims_to_see(said)):
        return list(sentences)
    worth = "" if NOT_ABSENT in told or scene.inspection.regions else f"That is no all-clear: {NOT_ABSENT}."
    decides = DECIDES if scene.medical else PERSON if harm else ""
    decides = "" if decides.lower() in told or (scene.medical and "reader" in told) else decides
    return [*sentences, *(one for one in (worth, decides) if one)]
