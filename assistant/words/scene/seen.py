"""What a text says that somebody sees, and whether it points back to what was spoken of before: by its words alone."""

from __future__ import annotations

import re
from functools import lru_cache

from assistant.reading.clauses import mentioned_types

_SEEN = re.compile(
    r"\bi(?: can| could| do| also| clearly| still| think i| believe i)* (?:see|notice|spot(?:ted)?|saw|found|find"
    r"|make out|noticed)\b"
    r"|\bthere(?:'s| is| are|s)\b(?! (?:nothing|no\b|any\b|anything))|\blooks? (?:\w+ ){1,4}to me\b|\bseems? (?:\w+ ){1,4}to me\b"
    r"|\byou (?:did ?n[o']?t|did not|have ?n[o']?t|have not|forgot|missed|skipped|overlooked|ignored|left out)\b"
    r"|\b(?:did|do|can) you (?:also |not |even )?(?:see|notice|spot|mark|find|miss)\b|\bwhat about\b|\bhow about\b"
    r"|^\W*and (?:also )?(?:the|those|these|some)\b"
    r"|\b(?:not|isn't|isnt|wasn't|n't) (?:it |that |this )?(?:marked|boxed|flagged|there a box)\b"
    r"|\bwhy (?:is there |there is )?no (?:box|mark|region)\b"
)
_WHAT = re.compile(
    r"\b(?:see|notice|spot|saw|found|make out|there's|there is|there are|theres|about|missed|overlooked|and|also|is|are|was|were)"
    r" (?:also |still |even |clearly )?(?P<what>(?:a|an|some|the|those|these|that|this|several|another) (?:[\w'-]+ ){0,5}?"
    r"(?:spots?|marks?|lines?|blobs?|dots?|specks?|scratch\w*|smudges?|stains?|streaks?|shadows?|bites?|arcs?|bands?|patch(?:es)?|regions?"
    r"|areas?|things?|fibres?|hairs?|lumps?|bumps?|dents?|edges?|corners?|bubbles?|cracks?|holes?|chips?|rings?|bites?|nicks?"
    r"|pixels?|glow|haze|discolou?ration|powder|dust|dirt|blemish\w*|defects?|flaws?|lesions?|nodules?|shading))\b"
)
_BACK = re.compile(
    r"\b(?:it|its|this|those|these|them|they)\b|\bthats\b|\bthat's\b|\bthat\b(?! (?:the|it|it's|you|this|an?|there|i|we|no)\b)"
    r"|(?<!is )(?<!are )(?<!was )\bthere\b(?!'s| is| are| was)"
)
_LOOKING = (
    r"(?:dark|darker|light|lighter|bright|brighter|black|white|gr[ae]y|brown|red|yellow|shiny|dull|small|tiny|little|big|large|faint"
    r"|thin|thick|round|curved|straight|long|short|odd|strange|weird|fuzzy|pale|blurry|numerous|other)"
)
_UNPLACED = re.compile(
    rf"^(?:an?|some|several|another)\b(?! (?:region|mark|defect|flaw)s?$)|^(?:the|those|these|that|this) (?:\w+ )?{_LOOKING}\b"
)
_REST = re.compile(
    r"\b(?:the )?rest (?:of (?:it|the \w+)|is|looks|seems|good|ok|fine)\b|\beverywhere else\b|\bexcept for (?:that|this|it)\b"
)
_AGAIN = re.compile(
    r"\b(?:the|(?:that|this|those|these|my)(?: \w+){0,2}?) (?:spots?|marks?|lines?|blobs?|dots?|specks?|smudges?|streaks?"
    r"|shadows?|bites?"
    r"|arcs?|patch(?:es)?|things?|fibres?|bumps?|edges?|corners?|bubbles?)\b"
    r"|\b(?:spot|mark|line|blob|thing|smudge|patch|shadow) like (?:that|this|it)\b|\bwhat i (?:see|saw|mean|told)\b"
)


_WHOLE = (
    "picture",
    "image",
    "photo(?:graph)?",
    "scan",
    "shot",
    "slice",
    "piece",
    "part",
    "product",
    "item",
    "unit",
    "sample",
    "thing as a whole",
)
_OF_PLACE = re.compile(
    r"^\W*(?:(?:and|so|ok|but) )*(?:what|how) about (?:the |that )?(?:\w+ ){0,2}"
    r"(?:corner|edge|side|rim|border|centre|center|middle|top|bottom|left|right|rest)s?\b(?! (?:of )?(?:the |a )?(?:spot|mark"
    r"|line))"
)
_BARE = frozenset("the that this those these some several another and with for there one ones side corner edge".split())
_OF_JUDGING = re.compile(
    r"\breferences?\b|\bnormals\b|\b(?:good|normal) (?:\w+ )?(?:ones|samples?|pictures?|images?|tiles?|pieces|parts?)\b|\bmodel\b"
    r"|\bversion\b|\bthreshold\b|\byour (?:verdict|decision|score)\b|\bscores?\b|\b(?:model|tool|program|software)\b"
    r"|\bvalidat\w+|\bcalibrat\w+"
)
"""Names how it was judged, which is no place."""


def claims_to_see(said: str) -> bool:
    """Whether a plain text says that somebody sees something, or that something was not marked.

    >>> claims_to_see("i see a dark spot"), claims_to_see("you didn't mark the edge"), claims_to_see("how big is it")
    (True, True, False)
    """
    return _SEEN.search(said) is not None


def points_back(said: str, thing: str = "") -> bool:
    """Whether a plain text speaks of a place that was named before: "it", "there", "that smudge"; "this picture" is none.

    Args:
        said: plain text.
        thing: what is in the picture, as it is called; empty where that is not known.

    >>> points_back("is it bad?"), points_back("how big is that smudge?"), points_back("which model are you?")
    (True, True, False)
    >>> points_back("can you see cracks in this kind of picture?"), points_back("is this cell good?", "solar cell")
    (False, False)
    """
    if _OF_JUDGING.search(said):
        return False
    said = whole_pattern(thing).sub(" ", said)
    return _BACK.search(said) is not None or _AGAIN.search(said) is not None


@lru_cache(64)
def whole_pattern(thing: str) -> re.Pattern[str]:
    """What names the picture or the thing in it, as it is called ("this picture", "the cell" of a solar cell)."""
    head = re.findall(r"[a-z]+", thing.lower())[-1:]
    names = "|".join([*_WHOLE, *(rf"{re.escape(word.removesuffix('s'))}s?" for word in head)])
    return re.compile(
        rf"\b(?:this|that|the|these|those|my|our) (?:(?:kind|type|sort) of )?(?:{re.escape(thing.lower()) or 'whole'}|{names})\b"
    )


def speaks_of(said: str, thing: str, kinds: tuple[str, ...] = ()) -> bool:
    """Whether a plain text names again, with "the" or "that", what was seen at a place: "the hole" of "a hole in the weave".

    Args:
        said: plain text.
        thing: what was seen, as typed.
        kinds: built-in kinds that the text names.
    """
    words = [word.removesuffix("s") for word in re.findall(r"[a-z]{3,}", thing.lower()) if word not in _BARE]
    again = any(
        re.search(rf"\b(?:the|that|this|those|these|my|such an?) (?:\w+ ){{0,2}}?{word}s?\b", said) for word in words
    )
    return again or bool(set(kinds) & set(mentioned_types(thing)) and re.search(r"\b(?:the|that|this)\b", said))


def names_again(said: str) -> bool:
    """Whether a plain text names something seen before by more than "it": "that smudge", "a spot like that"."""
    return _AGAIN.search(said) is not None


def seen_in(said: str) -> str:
    """What a plain text says that somebody sees, as typed; empty where it does not say.

    >>> seen_in("there is a big dark spot with a tail near the top"), seen_in("where is it")
    ('a big dark spot', '')
    """
    found = _WHAT.search(said)
    return "" if found is None else found["what"]


def asks_for_new(said: str) -> bool:
    """Whether a plain text asks whether something is there that was not spoken of: "is there a crack in it?".

    >>> asks_for_new("is there a crack in it?"), asks_for_new("is there a crack there?"), asks_for_new("is it a crack?")
    (True, False, False)
    """
    return re.search(r"\b(?:is|are) there (?:an?|any|some|other|more)\b(?!.*\bthere\W*$)", said) is not None


def asks_of_place(said: str) -> bool:
    """Whether a plain text only asks how a place is: "what about the top right corner, is it ok there?".

    >>> asks_of_place("what about the left edge?"), asks_of_place("what about the nicks on the left edge?")
    (True, False)
    """
    return _OF_PLACE.search(said) is not None


def asks_of_rest(said: str) -> bool:
    """Whether a plain text is about all that is not marked."""
    return _REST.search(said) is not None


def is_described(seen: str) -> bool:
    """Whether what somebody sees is described well enough to be said again: "a bright dot", "those faint lines"."""
    return _UNPLACED.search(seen) is not None


def sees_somewhere(said: str) -> bool:
    """Whether a plain text says that something is seen which need not be what is marked, or asks of the rest, without a place.

    >>> sees_somewhere("i also see some dark smudges"), sees_somewhere("is the rest good?"), sees_somewhere("there is a region")
    (True, True, False)
    """
    return asks_of_rest(said) or (claims_to_see(said) and is_described(seen_in(said)))
