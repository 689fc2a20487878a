"""Which acts of a message are worth a reply: those that fit picture and words, each once, without what another one holds."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from assistant.reading.acts.act import Act, Family
from assistant.reading.acts.message import states
from assistant.reading.acts.understanding import AskedAct
from assistant.reading.question import read_question
from assistant.reading.spelling import plain
from assistant.words.scene.places import side_of
from assistant.words.scene.seen import claims_to_see, seen_in

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
_NOT_YOU = re.compile(r"\W*(?:and |or )?if not (?:you|so|him|her|them|that)?\W*$")
"""Only rounds off what was asked before it."""
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
SURE = 0.8
"""Confidence in an act that words tell."""
WORDED = 4
"""Words of a piece, at least, that is a question of its own and not the rest of another one."""
_QUESTION = re.compile(
    r"\W*(?:(?:and|or|but|so|also) )*(?:what|whats|how|why|where|who|which|when|is|are|can|could|does|do|did|will|would|should)\b"
)
_OF_SCANS: dict[Act, str] = {
    Act.SIDE: r"\b(?:left|right|sides?)\b",
    Act.SLICE: r"\b(?:slices?|planes?|layers?)\b",
    Act.SCAN: r"\b(?:scans?|mri|ct|x-?rays?|medical|patients?|slices?)\b",
}
"""Words with which acts of scans are about any picture."""
_OF_DISEASE = re.compile(
    r"\b(?:cancer\w*|tumou?rs?|malignan\w*|benign|biops\w*|radiolog\w*|diagnos\w*|diseases?|metasta\w*|sclerosis|prognosis"
    r"|\w?\w?\w?i.?rads|mri|chemo\w*|surgery|medicines?)\b"
)
"""Words that are about people alone; "patient", "treat" and "pill" are said of parts and tablets too."""
_OF_HARM = re.compile(
    r"\b(?:patients?|users?|people|persons?|somebody|someone|child(?:ren)?|consumers?|harm\w*|hurt\w*|sick|ill|die)\b"
)
_ASKS_CAUSE = r"^\W*(?:and |so |then )?(?:what|which)\b.{0,20}\bcaus\w+|^\W*(?:the )?(?:root )?causes?\W*$"
_NORMALS = (
    r"(?:references?|normals?|good (?:\w+ )?(?:ones?|samples?|pictures?|images?|pieces|parts?)"
    r"|(?:\w+ )?normal (?:ones?|pictures?))"
)
_BY_WORDS: tuple[tuple[Act, frozenset[Act], re.Pattern[str]], ...] = tuple(
    (act, frozenset(but), re.compile(pattern))
    for act, but, pattern in (
        (Act.CAUSE, {*Act} - {Act.CLAIM, Act.WHY, Act.TYPE}, _ASKS_CAUSE),
        (
            Act.COMPARE_GOOD,
            {Act.REFERENCES},
            rf"\b(?:differ\w*|compar\w+|unlike)\b.*\b(?:from|to|with|against|than)\b.*\b{_NORMALS}\b",
        ),
        (
            Act.SIZE,
            {Act.LENGTH, Act.WIDTH, Act.AREA, Act.STANDARD, Act.SCALE},
            r"\b(?:over|above|under|below|within|exceed\w*)\b.{0,25}\b(?:limit|tolerance|spec\w*)\b.*\d ?(?:mm|cm|px|pixels?"
            r"|µm|um|%)",
        ),
        (
            Act.OTHER_METHOD,
            {Act.NEXT_STEP},
            r"\bwhat (?:would|should|could|do|shall) (?:you|i|we) (?:check|measure|look at|test|inspect) (?:next|now|then"
            r"|first|after)\b",
        ),
        (
            Act.CAUSE,
            {*Act} - {Act.CLAIM, Act.PRESENCE, Act.NONSENSE, Act.CONFIRM, Act.MISSED},
            r"\b(?:could|can|might|may|did|does) (?:it|this|that|they|these) (?:\w+ )?(?:come from|stem from|result from"
            r"|be (?:caused|due))",
        ),
        (
            Act.KIND_MEANING,
            {Act.SCORE, Act.THRESHOLD, Act.HEAT_MAP, Act.CARD_WORD},
            r"^(?!.*\d).*\bwhat (?:does|do|did) (?!(?:it|this|that|they|you)\b).{1,40}\bmean\b(?! (?:for|to)\b)|\bwhat(?:'s"
            r"| is) .{1,30}\bsupposed to (?:be|mean)\b",
        ),
        (
            Act.PRESENCE,
            {*Act} - {Act.DISTANCE_EDGE},
            r"\b(?:edge|rim|border|corner|side)s?\b.{0,12}\b(?:ok|okay|fine|good|all right|alright|clean|intact|damaged"
            r"|broken|chipped)\b",
        ),
        (Act.SURE, (), r"\bhow (?:comfortable|happy|safe|secure) (?:are|do|would|should) (?:you|we|i)\b"),
        (Act.CHECKED, (), r"\bstep by step\b|\bwhat (?:exactly )?did you do\b"),
        (Act.SPREAD, (), r"\b(?:the )?same (?:crack|scratch|line|mark|defect|flaw|tear|stain)\b|\bone and the same\b"),
        (
            Act.PREVENT,
            {Act.CAUSE},
            r"\b(?:doesn'?t|does not|won'?t|not|never|cannot|can'?t|no longer) (?:happen|occur|come up|appear|come back)s?\b",
        ),
        (
            Act.ACCEPT,
            {Act.ESCALATE, Act.STANDARD, Act.REPAIR},
            r"\b(?:what(?:'s| is| would be)?|your|final) (?:\w+ )?(?:decision|call|recommendation|word|advice)\b|\bbottom line\b",
        ),
    )
)
"""Acts that words tell, whatever else a sentence seems to do, but for the acts that they go with."""


def fitting(asked: tuple[AskedAct, ...], scan: bool) -> tuple[AskedAct, ...]:
    """Acts that fit picture and words: nobody asks of a part what is asked of scans, and a kind that is named is no nonsense."""
    kept = []
    for one in asked:
        said = plain(one.text)
        if one.act.family is Family.MEDICAL and not scan and not _is_about_people(one.act, said):
            if not _OF_HARM.search(said):
                continue
            one = replace(one, act=Act.DANGEROUS)
        if one.act is Act.CONTEXT and _reports(one):
            kept.append(replace(one, act=Act.MISSED))
            continue
        talk = one.act in (Act.NONSENSE, Act.CHIT_CHAT, Act.OFF_TOPIC) or (scan and one.act is Act.WEIGHT)
        if one.slots.posed is None and (told := act_by_words(one.act, said)) is not None:
            kept.append(replace(one, act=told, confidence=max(one.confidence, SURE)))
            continue
        kept.append(replace(one, act=Act.PRESENCE) if talk and read_question(one.text).kinds else one)
    return tuple(kept)


def act_by_words(act: Act, said: str) -> Act | None:
    """The act that the words of a plain text tell, whatever it seems to do; None where they tell none, or go with that.

    >>> act_by_words(Act.SLICE, "how does this slice differ from the good ones?").value, act_by_words(Act.SIZE, "how big is it?")
    ('compare_good', None)
    """
    return next((told for told, but, words in _BY_WORDS if act not in but and words.search(said)), None)


def asks(piece: str) -> bool:
    """Whether a piece of a message is a question, by how it begins."""
    return _QUESTION.match(plain(piece)) is not None and len(piece.split()) >= WORDED


def _is_about_people(act: Act, said: str) -> bool:
    """Whether an act of scans is asked in words that are about them; of a part, "treat" and "patient" are said as well."""
    return _OF_DISEASE.search(said) is not None or (act in _OF_SCANS and re.search(_OF_SCANS[act], said) is not None)


def worth_saying(
    asked: tuple[AskedAct, ...], by_words: Callable[[str], bool] = lambda said: False
) -> tuple[AskedAct, ...]:
    """Acts without those that another one of the message covers, each once; what is put to the assistant always stays.

    Args:
        asked: acts that fit.
        by_words: whether a plain text asks for something by its words, whatever its act; such a one stays.
    """
    asked = _asking(asked)
    unposed = [one for one in asked if one.slots.posed is None]
    present = {one.act for one in unposed}
    courtesies = COURTESIES if {one.act for one in asked} - COURTESIES else present - {asked[0].act} if asked else set()
    sized = bool(present & MEASURED)
    first = {one.act: one for one in reversed(unposed)}

    def kept(one: AskedAct) -> bool:
        if one.slots.posed is not None or _is_apart(one) or by_words(plain(one.text)):
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


def _reports(one: AskedAct) -> bool:
    """Whether it is a mark that the user sees at a place, which is more than a remark."""
    return _is_apart(one) and bool(seen_in(plain(one.text)))


def _asking(asked: tuple[AskedAct, ...]) -> tuple[AskedAct, ...]:
    """Without what a message only states before it asks: that is what the question is about."""
    kept = []
    for at, one in enumerate(asked):
        later = [other for other in asked[at + 1 :] if not states(other.text)]
        put = any(other.slots.posed is not None for other in later)
        about = put and _ABOUT.match(one.text) is not None
        if _NOT_YOU.match(one.text.lower()) and len(asked) > 1:
            continue
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
