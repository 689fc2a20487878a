"""A reply in three sentences: what was asked, what it is worth, what to do; stock that adds nothing goes first.

Lists stay whole: items, tables, and a sentence for each of several regions.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from assistant.words.replies.telling.once import is_item
from assistant.words.replies.untold.refusals import CAN_TELL
from assistant.words.replies.verdicts import NOT_ABSENT, PERSON, YOURS
from assistant.words.scene import phrases

MOST = 3
"""Sentences of a reply, at most."""
EACH = 2
"""Sentences on each of several things that a message asks, at most."""
_STOP = re.compile(r"(?<!\bYes\.)(?<!\bNo\.)(?<!\bHello\.)(?<!\bno diagnosis\.)(?<=[.!?])\s+(?=[A-Z\"])")
_REGION = re.compile(r"Region (\d+)\b")
_NEEDED = re.compile(
    r"qualified reader|no diagnosis|depends on how the scan|treating doctor|radiologist", re.IGNORECASE
)
"""Cautions of scans: one stays, whatever else there is."""
_SPARE = re.compile(
    r"(?:Without normal reference pictures|Without reference pictures|It was judged|The place is more certain"
    r"|The image score rests on|What stands out (?:most )?is|The rating goes by|It could also be|To convert:|In full:"
    r"|That it stands out)"
)
"""Begins what is true and not asked for."""


def shortened(said: Sequence[str], most: int = MOST) -> list[str]:
    """Sentences without the least needed ones, in their order.

    Args:
        said: pieces of a reply, each of one or more sentences.
        most: sentences that are kept, besides lists.

    >>> shortened(["Yes. It is a crack.", "One. Two. Your own acceptance rule decides. Three."])
    ['Yes. It is a crack.', 'One. Two.']
    """
    apart = [[piece] if _is_list(piece) else _STOP.split(piece) for piece in said]
    whole = [sentence for piece in apart for sentence in piece]
    listed = len({found[1] for one in whole if (found := _REGION.match(one))}) > 1
    kept = {at for at, one in enumerate(whole) if _is_list(one) or (listed and _REGION.match(one)) or one.endswith(":")}
    kept |= set([at for at, one in enumerate(whole) if _NEEDED.search(one)][:1])
    worth = NOT_ABSENT in " ".join(whole)
    ranked = sorted(set(range(len(whole))) - kept, key=lambda at: (_weight(whole[at], at, worth), at))
    kept |= set(ranked[:most])
    numbered = iter(range(len(whole)))
    pieces = [" ".join(one for one in piece if next(numbered) in kept) for piece in apart]
    return [piece for piece in pieces if piece]


def _is_list(piece: str) -> bool:
    return is_item(piece) or "\n" in piece


def _weight(sentence: str, at: int, worth: bool) -> int:
    """How early a sentence is left out: the higher, the earlier."""
    if at == 0:
        return 0
    if NOT_ABSENT in sentence.lower() or sentence == PERSON:
        return 1
    if _NEEDED.search(sentence):
        return 4
    if sentence in (phrases.LIMIT, phrases.SCAN_LIMIT):
        return 5 if worth else 3
    if sentence == YOURS:
        return 3
    return 4 if _SPARE.match(sentence) or sentence.startswith((CAN_TELL, "If that is not what you ask")) else 2
