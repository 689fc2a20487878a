"""Which acts of a message are worth a reply: those that fit picture and words, each once, without what another one holds."""

from __future__ import annotations

import re
from dataclasses import replace

from assistant.reading.acts.act import Act, Family
from assistant.reading.acts.message import states
from assistant.reading.acts.understanding import AskedAct
from assistant.reading.question import read_question
from assistant.reading.spelling import plain
from assistant.words.scene.places import side_of
from assistant.words.scene.spots import claims_to_see, seen_in

COURTESIES = frozenset(
    {
        Act.GREETING, Act.THANKS, Act.GOODBYE, Act.INSULT, Act.PRAISE, Act.CONFIRM, Act.CHIT_CHAT, Act.NONSENSE, Act.OFF_TOPIC,
    }
)  # fmt: skip
"""Acts that are passed over where the message asks for something as well."""
COVERED: dict[Act, frozenset[Act]] = {
    Act.ACCEPT: frozenset({Act.PRESENCE, Act.DESCRIBE}),
    Act.COUNT: frozenset({Act.PRESENCE, Act.MISSED, Act.LIST_REGIONS}),
    Act.WHERE: frozenset({Act.APPEARANCE}),
    Act.POSITION: frozenset({Act.WHERE, Act.AREA}),
    Act.LENGTH: frozenset({Act.SIZE}),
    Act.WIDTH: frozenset({Act.LENGTH, Act.SIZE}),
    Act.TYPE: frozenset({Act.APPEARANCE, Act.SIDE}),
    Act.MISSED: frozenset({Act.WHY, Act.REPHRASE, Act.CHECKED}),
    Act.PRESENCE: frozenset({Act.DISAGREE, Act.MISSED, Act.REPHRASE, Act.DESCRIBE}),
    Act.WORST_REGION: frozenset({Act.DISAGREE, Act.CHANGE_THRESHOLD}),
    Act.SUMMARY: frozenset({Act.PRESENCE, Act.DESCRIBE}),
    Act.WHY: frozenset({Act.CHECKED}),
    Act.REFERENCES: frozenset({Act.WHY, Act.CHECKED}),
    Act.MALIGNANT: frozenset({Act.DIAGNOSIS, Act.PRESENCE}),
    Act.REPORT: frozenset({Act.SUMMARY, Act.PRESENCE, Act.WHERE, Act.SURE, Act.DESCRIBE}),
    Act.RATING: frozenset({Act.SCORE, Act.SEVERITY, Act.PRESENCE}),
    Act.STANDARD: frozenset({Act.ACCEPT, Act.PRESENCE}),
    Act.ESCALATE: frozenset({Act.PRESENCE, Act.ACCEPT}),
    Act.HEAT_MAP: frozenset({Act.DESCRIBE, Act.PRESENCE}),
    Act.KIND_MEANING: frozenset({Act.TYPE, Act.PRESENCE}),
    Act.NOT_CHECKED: frozenset({Act.CHECKED}),
    Act.CLAIM: frozenset({Act.DISAGREE}),
    Act.ANYTHING_ELSE: frozenset({Act.PRESENCE}),
}
"""Acts whose reply holds what those beside it ask for."""
_ABOUT = re.compile(r"\W*(?:(?:and|so|ok|okay|but|now) )*(?:what|how) about\b[^?]*$", re.IGNORECASE)
"""Names what the next sentence asks of."""
_CANNOT_SEE = re.compile(r"\bcan(?:'t| ?not) see\b", re.IGNORECASE)
STATEMENTS = frozenset(
    {
        Act.CLAIM, Act.NAME_KIND, Act.DISAGREE, Act.MISSED, Act.CONFIRM, Act.SET_LIMIT, Act.LEAVE_OUT, Act.RECORD,
        Act.MANAGE_REFERENCES,
    }
)  # fmt: skip
"""Acts that a statement can do; others are only read into it."""
MEASURED = frozenset({Act.SIZE, Act.LENGTH, Act.WIDTH, Act.AREA, Act.DISTANCE_EDGE, Act.DISTANCE_REGION})
"""Acts whose replies use a size told beside them, and say what it is taken as."""
ONCE = frozenset(
    {
        Act.CLAIM,
        Act.DISAGREE,
        Act.TYPE,
        Act.PRESENCE,
        Act.SCORE,
        Act.WHY,
        Act.MISSED,
        Act.REPORT,
        Act.RATING,
        Act.IMAGE_QUALITY,
    }
)
"""Acts that are replied to once a message."""
_OF_PATIENTS = re.compile(
    r"\b(?:cancer\w*|tumou?rs?|malignan\w*|biops\w*|patients?|scans?|slices?|mri|ct|x-?ray|radiolog\w*|diagnos\w*|disease|doctor"
    r"|medicine|drug|pill|left|right|side|b\w?-?rads|sclerosis|prognosis|treat\w*)\b"
)


_ASKS_CAUSE = re.compile(r"^\W*(?:and |so |then )?(?:what|which)\b.{0,20}\bcaus\w+|^\W*(?:the )?(?:root )?causes?\W*$")


def fitting(asked: tuple[AskedAct, ...], scan: bool) -> tuple[AskedAct, ...]:
    """Acts that fit picture and words: nobody asks of a part what is asked of scans, and a kind that is named is no nonsense."""
    kept = []
    for one in asked:
        if one.act.family is Family.MEDICAL and not scan and not _OF_PATIENTS.search(one.text.lower()):
            continue
        talk = one.act in (Act.NONSENSE, Act.CHIT_CHAT, Act.OFF_TOPIC) or (scan and one.act is Act.WEIGHT)
        if one.act in (Act.CLAIM, Act.WHY, Act.TYPE) and _ASKS_CAUSE.search(plain(one.text)):
            kept.append(replace(one, act=Act.CAUSE))
            continue
        kept.append(replace(one, act=Act.PRESENCE) if talk and read_question(one.text).kinds else one)
    return tuple(kept)


def worth_saying(asked: tuple[AskedAct, ...]) -> tuple[AskedAct, ...]:
    """Acts without those that another one of the message covers, each once; what is put to the assistant always stays."""
    asked = _asking(asked)
    unposed = [one for one in asked if one.slots.posed is None]
    present = {one.act for one in unposed}
    courtesies = COURTESIES if {one.act for one in asked} - COURTESIES else present - {asked[0].act} if asked else set()
    sized = bool(present & MEASURED)
    first = {one.act: one for one in reversed(unposed)}

    def kept(one: AskedAct) -> bool:
        if one.slots.posed is not None or _is_apart(one):
            return True
        if one.act in courtesies or (one.act is Act.SCALE and sized):
            return False
        if any(one.act in COVERED.get(other.act, ()) and _about_the_same(one, other) for other in unposed):
            return False
        return one is first[one.act] or one.act not in ONCE or not _about_the_same(one, first[one.act])

    return tuple(one for one in asked if kept(one))


def _is_apart(one: AskedAct) -> bool:
    """Whether it is about a place of its own that the user points to, which no other answer covers."""
    said = plain(one.text)
    return claims_to_see(said) and bool(one.slots.cells or side_of(said) or seen_in(said))


def _asking(asked: tuple[AskedAct, ...]) -> tuple[AskedAct, ...]:
    """Without what a message only states before it asks: that is what the question is about."""
    kept = []
    for at, one in enumerate(asked):
        later = [other for other in asked[at + 1 :] if not states(other.text)]
        put = any(other.slots.posed is not None for other in later)
        about = put and _ABOUT.match(one.text) is not None
        blind = one.act is Act.MISSED and _CANNOT_SEE.search(one.text) is not None
        hollow = one.act is Act.CLAIM and one.slots.claim is None
        ground = (about or states(one.text)) and one.slots.posed is None and one.act not in (Act.SCALE, *COURTESIES)
        asks = any(not states(other.text) for other in asked)
        if _is_apart(one) or not (ground and (put or (asks and (blind or hollow or one.act not in STATEMENTS)))):
            kept.append(one)
    return tuple(kept)


def _about_the_same(one: AskedAct, other: AskedAct) -> bool:
    """Whether an act is about what another one is about, or about nothing in particular."""
    mine, its = (one.slots.numbers, one.slots.cells), (other.slots.numbers, other.slots.cells)
    return mine == its or not any(mine)
