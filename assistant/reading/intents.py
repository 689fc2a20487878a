"""What a question is after, by simple patterns."""

from __future__ import annotations

import re
from enum import StrEnum
from functools import cache


class Intent(StrEnum):
    """What a question is after."""

    PRESENCE = "presence"
    COUNT = "count"
    WHERE = "where"
    TYPE = "type"
    SIZE = "size"
    SEVERITY = "severity"
    CAUSE = "cause"
    EFFECT = "effect"
    NEXT_STEP = "next_step"
    UNANSWERABLE = "unanswerable"


_TROUBLE = r"wrong|defect|anomal|abnormal|problem|issue|flaw|fault|damage|lesion|unusual|suspicious|irregular"
_PATTERNS: dict[Intent, str] = {
    Intent.UNANSWERABLE: r"serial|price|cost|expensive|manufactur|\bwho(se|m)?\b|\bbrand|(batch|lot|part|order) number"
    r"|^\W*when\b|how old|patient('s)? (name|age|history)|name of the patient|(which|what) (day|date|year|time|hour)\b"
    r"|yesterday|how long ago|since when|(what|which|its) temperature|temperature (is|was|does|did)"
    r"|how (hot|cold|warm|deep|heavy|hard|loud)\b|\bdepth\b|weigh|kilogram"
    r"|\bgrams?\b|smell|what noise|noisy|how .*\bsound\b|millimet|centimet|micromet|\bmicrons?\b|\bmm\b|\bcm\b|\binch"
    r"|below the surface|underneath|(on|of) the inside|\bthe (back|rear|reverse|underside|far side|other side)\b"
    r"|what (does|do) .*\b(label|text|imprint)s?\b|written|\balloy|chemical composition|voltage|warranty"
    r"|supplier|customer|insurance|(which|what) (factory|plant|country|city|hospital|site|machine|camera|scanner)"
    r"|(taken|made|photographed)\?"
    r"|prognosis|surviv|medicine|medication|\bdrug|\bdose\b|\bdosage|malignan|biopsy|\bblood (pressure|sugar|value|count|test)",
    Intent.PRESENCE: rf"\b(is|are|was|were|does|do|has|have|can you see|do you see|any|anything)\b.*({_TROUBLE})"
    r"|\b(is|are|looks?|does)\b.*\b(normal|fine|ok(ay)?|healthy|intact|good)\b|what('s| is| do you see).*\bwrong\b"
    r"|^\W*(any (defects?|problems?)|describe|what do you see)",
    Intent.COUNT: r"how many|number of|\bcount\b",
    Intent.WHERE: r"\bwhere\b|locat|whereabouts|which (part|place|corner|side|cell)|position",
    Intent.TYPE: r"what(?: [\w']+)? (kind|type|sort)|(which|what) (kind|type|sort|defect|lesion)"
    r"|what (is|are) (it|they|this|that)\b|classif"
    r"|identify|\bname (it|the)|what('s| is) the (defect|anomaly|lesion|problem|finding)",
    Intent.SIZE: r"how (big|large|small|wide|long|much)|\bsize\b|\barea\b|\bpercent|extent",
    Intent.SEVERITY: r"how (bad|severe|serious|grave|critical)|severity|\b(severe|serious|critical|worst)\b|\burgent",
    Intent.CAUSE: r"\bwhy\b|\bcaus|come from|came from|how did|how could|\breason|\borigin",
    Intent.EFFECT: r"\beffects?\b|consequence|impact|affect|\brisk|danger|what happens|harm|lead to|\bmatter\b",
    Intent.NEXT_STEP: r"what (else )?(should|can|could|must|do) (i|we|you)\b(?! see)|next|recommend|advi[cs]e"
    r"|should (i|we)|\bfix\b"
    r"|repair|what to (do|check)|follow.?up",
}


@cache
def _compiled(intent: Intent) -> re.Pattern[str]:
    return re.compile(_PATTERNS[intent])


def intents_of(text: str, names_kind: bool = False) -> tuple[Intent, ...]:
    """Intents of a question, in the order of :class:`Intent`; empty when none is recognised.

    Args:
        text: plain (:func:`assistant.reading.spelling.plain`).
        names_kind: it names a kind of defect.

    >>> [i.value for i in intents_of("how bad is it, and what should i check next?")]
    ['severity', 'next_step']
    """
    found = [intent for intent in Intent if _compiled(intent).search(text)]
    opens = re.match(r"\W*(is|are|does|do|has|have|can|any)\b", text) is not None
    if Intent.PRESENCE not in found and names_kind and opens:
        found.insert(0, Intent.PRESENCE)
    if Intent.UNANSWERABLE in found:
        return (Intent.UNANSWERABLE,)
    if len(found) > 1 and Intent.PRESENCE in found and not re.search(r"\band\b|[?,;].+", text.rstrip("?! .")):
        found.remove(Intent.PRESENCE)
    return tuple(found)
