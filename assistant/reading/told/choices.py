"""A question that offers alternatives -> what it offers: "pit or porosity?", "stop it or let it run?", "which is worse, 1 or 3?".

Knows where English puts the alternatives of a question; does not know what they mean.
"""

from __future__ import annotations

import re

MOST = 6
"""Alternatives that are read."""
LONGEST = 7
"""Words of an alternative, at most."""
_TAIL = re.compile(
    r"[\W]*(?:,? ?\b(?:instead|here|there|then|please|pls|to you|to me|in your (?:view|opinion)|do you think|or what|or not"
    r"|or something(?: else)?|or (?:is it )?(?:something|anything) else|or neither|or both|or none)\b\W*)+$|[\s?!.,;\"]+$"
)
_ASKS = re.compile(r"(?:which|what)(?: one)?(?: is| are| was|'s| differs?| deviates?| changed)\b|(?:what|how) about\b")
"""Begins what asks to choose, and is none of the alternatives: "which is it"."""
_QUESTION = re.compile(r"\W*(?:(?:so|and|then|but|ok|now) )*(?:what|which|who|how|why|where|when)\b")
"""Begins what is asked before the alternatives: "what caused it, needle or tension"."""
_CLAUSE = re.compile(
    r"(?<=\w) (?:that|which) (?:is|are|was|were|has|have|deviates?|differs?|stands?|changed|looks?|seems?)\b.*$"
)
"""What is said of the last alternative, as of all of them: "colour that deviates"."""
_LEAD = re.compile(
    r"^.*\b(?:is there|are there|(?:do|does|should|shall|can|could|would|will|must|may) (?:i|we|you|they|one)|is|are"
    r"|was|were|be|been|it's|that's|thats|its"
    r"|it|this|that|these|those|you mean|between|either|like|of|likely|causes?|caused by|due to|because of|from"
    r"|either|than|whether"
    r"|to (?:the )?team|tell|recommend|with)\b[\s:,]*"
)
_TRIM = re.compile(
    r"^(?:\W|\b(?:an?|the|some|just|only|rather|really|actually|maybe|perhaps|probably|more|most|likely|simply|even|also|still|either"
    r"|kind of|sort of|type of|is it|is that|is this|are they|are those|that is|this is|was it|it is|it's|could it be"
    r"|can it be|or|and|ok|well|so|(?:call|name"
    r"|consider) (?:it|this|that|region \d+)|do (?:i|we)|should (?:i|we)|(?:would|will|should|must) it be)\b)+"
)
_HELPED = re.compile(
    r"^.*?\b(?:can|could|would|will|should|may|does|do|did) (?:(?:the|this|that|my|our|a) )?\w+ (?=\w)"
)
_EMPTY = frozenset(
    "yes no not y n nok ok so what else both neither something anything nothing none ours mine yours us me them you it that"
    " this".split()
)
_NUMBER = r"(?:(?:region|regions|number|no\.?|nr\.?|#) ?)?(\d{1,2})"
_NUMBERS = re.compile(
    rf"\b{_NUMBER}(?:(?:, ?| or | vs\.? ){_NUMBER})?(?: ?,? or | vs\.? | versus |, ?){_NUMBER}\b"
    r"(?! ?(?:mm|cm|m\b|px|pixels?|%|per ?cent|pictures?|images?|lines?|sentences?|words?|slices?|points?|o.?clock"
    r"|times|days|weeks))"
)
_NOT_THE_OTHER = re.compile(
    r"\b(?:it's|it is|this is|that is|that's|is it|is this|is that|is) (?:really |actually )?(?P<one>(?!it\b|this\b"
    r"|that\b)[\w' -]{2,40}?),? (?:and not|rather than|not|instead of) "
    r"(?P<other>(?!sure|certain|enough|only|just)[\w' -]{2,40})"
)


def offered(said: str) -> tuple[str, ...]:
    """The alternatives of a plain question, as typed without articles; empty where it offers none.

    >>> offered("ok and what about box 2, pit or porosity?"), offered("is it a scratch or a hair?")
    (('pit', 'porosity'), ('scratch', 'hair'))
    >>> offered("how sure are you that it's a mass and not an abscess?"), offered("do i stop the loom or let it run?")
    (('mass', 'abscess'), ('stop the loom', 'let it run'))
    >>> offered("is there a crack, or not?"), offered("where is it?")
    ((), ())
    """
    said = re.sub(r"\b(?:vs\.?|versus)\s", "or ", said.replace("/", " or ") if said.count("/") == 1 else said)
    if match := _NOT_THE_OTHER.search(said):
        return _kept([match["one"], match["other"]])
    listed = _TAIL.sub("", said)
    if not re.search(r"\bor\b", listed):
        _, colon, rest = listed.rpartition(":")
        if not colon and re.search(r"\bcaus", listed) and listed.count(",") > 1:
            _, _, rest = listed.partition(",")
        return _kept(re.split(r",\s*(?:and )?", rest)) if rest.count(",") and rest != listed else ()
    if ":" in listed and re.search(r"\bor\b", listed.rpartition(":")[2]):
        return _kept(re.split(r"\s*,\s*(?:or\s+)?|\s+or\s+", listed.rpartition(":")[2]))
    left, _, right = _rpartition(listed)
    right = re.split(r"[,;()]| (?:if|when|because|given|since|assuming) ", right)[0]
    parts = [part for part in re.split(r"\s*,\s*(?:or\s+)?|\s+or\s+", left.rstrip(" ,")) if part.strip()]
    before: list[str] = []
    for part in reversed(parts):
        bare = next((b for one in (_LEAD, _HELPED, _TRIM) if (b := _TRIM.sub("", one.sub("", part)).strip())), "")
        if len(bare.split()) > LONGEST or (before and _QUESTION.match(part)):
            break
        before.insert(0, bare)
        if _LEAD.search(part):
            break
    return _kept([*before, right])


def numbers_offered(said: str) -> frozenset[int]:
    """Numbers of regions between which a plain question lets choose.

    >>> sorted(numbers_offered("which is worse, 1 or 3?")), sorted(numbers_offered("is it 2 or 3 mm long?"))
    ([1, 3], [])
    """
    found = _NUMBERS.search(said)
    return frozenset(int(number) for number in found.groups() if number) if found else frozenset()


def _rpartition(text: str) -> tuple[str, str, str]:
    """Cut at the last "or"."""
    *_, last = re.finditer(r"\bor\b", text)
    return text[: last.start()], "or", text[last.end() :]


def _kept(options: list[str]) -> tuple[str, ...]:
    """Options without articles, if there are several and each is a few words of substance."""
    bare = [" ".join(_TRIM.sub("", _CLAUSE.sub("", _TAIL.sub("", one))).strip(" '\"").split()) for one in options]
    found = tuple(dict.fromkeys(one for one in bare if one and not _ASKS.match(one)))
    fits = 1 < len(found) <= MOST and all(len(one.split()) <= LONGEST and one not in _EMPTY for one in found)
    return found if fits else ()
