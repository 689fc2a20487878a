"""What a piece of a message names: regions and places by the grammar of questions, and units, forms, pictures, claims, scales.

A slot that nothing fills is None or empty. Numbers are as typed: the unit stands beside them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from assistant.reading.acts.act import Act, Family
from assistant.reading.acts.bounds import Extreme, extreme_of, limit_of, scale_top_of
from assistant.reading.question import Question, Rank
from assistant.reading.spelling import plain
from assistant.reading.told.posed import Posed
from assistant.reading.told.scales import Scale, Unit, is_question, number_of, scale_of, unit_of

FIRST, PREVIOUS = 1, -1
"""Pictures by position: 1 is the first that was given, -1 the one before this."""


class Form(StrEnum):
    """How an answer is to look."""

    ONE_SENTENCE = "one_sentence"
    TWO_SENTENCES = "two_sentences"
    BULLETS = "bullets"
    NUMBER = "number"
    YES_NO = "yes_no"
    CLOCK = "clock"
    TABLE = "table"
    SHORT = "short"


Edge = Literal["left", "right", "top", "bottom"]


@dataclass(frozen=True)
class Slots:
    """What a piece of a message names.

    Args:
        region: the number of the one region it is about.
        numbers: of all regions it names.
        cells: of the 3x3 grid.
        kinds: built-in kinds of defects, in order.
        rank: which region where it numbers none.
        edge: the side of the picture that a distance is asked to.
        unit: that is asked for.
        form: that is asked for.
        picture: another picture it names: 1 is the first, 2 the second, -1 the previous.
        claim: what the user says it is ("a reflection"), or is to be called.
        value: a score or threshold, 0 to 1.
        scale: a real size told.
        scale_top: the upper end of the scale that a rating is asked on; "letters" for grades.
        extreme: which of a line's widths is asked for.
        limit: how many things, at most, are asked for.
        posed: what is put to the assistant to take a stand on.
    """

    region: int | None = None
    numbers: frozenset[int] = frozenset()
    cells: frozenset[str] = frozenset()
    kinds: tuple[str, ...] = ()
    rank: Rank = ""
    edge: Edge | None = None
    unit: Unit | None = None
    form: Form | None = None
    picture: int | None = None
    claim: str | None = None
    value: float | None = None
    scale: Scale | None = None
    scale_top: float | Literal["letters"] | None = None
    extreme: Extreme | None = None
    limit: int | None = None
    posed: Posed | None = None


_IN = r"(?:in|as|with|give me|write|make it|just|only|need|want|exactly|to|of)(?: (?:just|only|exactly|me))*"
_PIECES = r"(?:short |plain |simple )?(?:sentences?|lines?)"
_FORMS = (
    (
        Form.ONE_SENTENCE,
        rf"\b{_IN} (?:one|a single|1) {_PIECES}\b|\bone[- ](?:liner|sentence)\b|\ba line i can\b|\b(?:one"
        rf"|a single) line\W*(?:please\W*)?$",
    ),
    (Form.TWO_SENTENCES, rf"\b{_IN} (?:two|2|a couple of) {_PIECES}\b|\b(?:two|2) {_PIECES}\W*(?:please\W*)?$"),
    (Form.BULLETS, r"\bbullet(?:s|ed)?\b|\bas a list\b"),
    (
        Form.TABLE,
        r"\b(?:as|in) (?:a )?(?:small |short )?table\b|\btable (?:form|format)\b|\b(?:make|give me|want|need|draw) a table\b",
    ),
    (
        Form.NUMBER,
        r"\b(?:just|only) (?:the |a |one )?(?:number|score|figure|value)\b|\b(?:number|figure)s? only\b|\bone number\b",
    ),
    (Form.YES_NO, r"\by ?/ ?n\b|\byes(?: or |/| )no\b|\bpass(?: or |/)fail\b|\bok(?: or |/)(?:nok|not)\b"),
    (
        Form.CLOCK,
        r"\bclock (?:position|hour|face|terms|reading)|\b(?:what|which) (?:hour|o.?clock)\b|\bhour of the clock\b",
    ),
    (
        Form.SHORT,
        r"\b(?:keep it |be |make it |, ?)?(?:short|brief|briefly|concise|concisely)\W*(?:please\W*)?$|^\W*(?:briefly|in short)\b",
    ),
)
_ORDINALS = {"first": 1, "original": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5}
_PICTURE = r"(?:picture|image|photo|scan|shot|one|x-ray|mri|ct)"
_NUMBERED_PICTURE = re.compile(r"\b(?:picture|image|photo|scan) (?:no\.? |number |#)?(\d{1,4})\b")
_ORDINAL_PICTURE = re.compile(rf"\b({'|'.join(_ORDINALS)})(?: \w+)? {_PICTURE}\b")
_PREVIOUS_PICTURE = re.compile(
    rf"\b(?:previous|last|earlier|preceding) {_PICTURE}\b|{_PICTURE} (?:i sent |that came )?(?:before|earlier)\b|\blast time\b"
)
_EDGE = re.compile(r"\b(left|right|top|upper|bottom|lower)(?: hand)?(?: (?:side|edge|border|rim|margin)|\W*$)")
_IT = r"(?:it|this|that|these|region \d+|such things)"
_CLAIM = re.compile(
    rf"\b(?:is|'s|thats|its|are|call(?:ed)?(?: {_IT}| (?:this|that) kind)?|(?:label|name|tag|rename|relabel) {_IT})"
    r"(?: (?:just|only|really|actually|in fact|probably|maybe|simply|as|to|known as|called|what we call"
    r"|not a defect but|no defect, (?:it is )?(?:just |only )?))*"
    r" (?P<claim>(?!(?:is|not|called|supposed|meant|why|where|what|fine|ok|good|wrong)\b)[a-z][\w -]{1,60})"
)
_BELONGS = re.compile(
    r"belongs there|by design|intended|intentional|on purpose|supposed to be|meant to be|part of the design"
)
_CLAIM_ENDS = re.compile(
    r"(?:,| (?:from|that|which|and|not|on the lens|off|because|due to|caused|please|in future|too)\b).*$"
)


_POINTS_BACK = re.compile(r"\b(?:it|its|it's|that|this|there|them|they|those|these)\b")
_OF_ALL = re.compile(r"\b(?:total|all|each|every|altogether|overall|picture|image|whole|together|regions|them)\b")
BARE = 3
"""Words of a piece that only names a measure ("size")."""
_STATING = frozenset({Act.CLAIM, Act.NAME_KIND, Act.DISAGREE, Act.MISSED, Act.CONFIRM})
_RATED = frozenset({Act.RATING, Act.SEVERITY})


def slots_of(
    act: Act, piece: Question, whole: Question, before: Slots | None = None, posed: Posed | None = None
) -> Slots:
    """Slots of a piece of a message.

    Args:
        act: what the piece does; only statements claim something.
        piece: the piece, read alone.
        whole: the message; lends its region where the piece points back ("how big is it") and it names just one.
        before: slots of the piece before it in the message, whose regions or places one that points back is about.
        posed: what the piece puts.
    """
    said = plain(piece.text)
    region = piece.region
    numbers = piece.numbers
    cells = piece.cells
    if not numbers and not cells and not piece.rank:
        points = _POINTS_BACK.search(said) is not None
        goes_on = act.family is Family.MEASURE and not piece.kinds and not _OF_ALL.search(said)
        if before is not None and (before.numbers or before.cells) and (points or goes_on):
            region, numbers, cells = before.region, before.numbers, before.cells
        elif len(whole.numbers) == 1 and (points or (goes_on and len(said.split()) <= BARE)):
            region, numbers = whole.region, whole.numbers
    edge = _EDGE.search(said) if re.search(r"\b(?:far|distance|close|near|edge|border|rim)\b", said) else None
    scale = scale_of(said)
    picture = _picture(said)
    return Slots(
        region=region,
        numbers=numbers,
        cells=cells,
        kinds=piece.kinds,
        rank=piece.rank if picture is None else "",
        edge=_edge(edge[1]) if edge else None,
        unit=None if scale and not is_question(said) else unit_of(said),
        form=form_of(said),
        picture=picture,
        claim=claim_of(said) if act in _STATING else None,
        value=_value(said),
        scale=scale,
        scale_top=scale_top_of(said) if act in _RATED else None,
        extreme=extreme_of(said),
        limit=limit_of(said),
        posed=posed,
    )


def form_of(said: str) -> Form | None:
    """How a plain text wants its answer to look.

    >>> form_of("in two lines please").value, form_of("cause and next step, short").value, form_of("is it a short circuit?")
    ('two_sentences', 'short', None)
    """
    return next((form for form, pattern in _FORMS if re.search(pattern, said)), None)


def claim_of(said: str) -> str | None:
    """What a plain statement says that something is; None for questions other than "isn't it ...".

    >>> claim_of("no, it's just a reflection from the lamp"), claim_of("where is it")
    ('a reflection', None)
    """
    if re.match(r"\W*(?:is|are|was|how|what(?! you)|which|does|where|why|can|could|do|did|who|when)\b(?!n't)", said):
        return None
    if _BELONGS.search(said):
        return "a part of the design"
    told = re.sub(r"^(.*)\bisn't (?:it|that|this) (?:just |only )?", r"it is ", said)
    match = _CLAIM.search(told)
    return (_CLAIM_ENDS.sub("", match["claim"]).strip() or None) if match else None


def _value(said: str) -> float | None:
    match = re.search(r"(?<![\d.,])(0?[.,]\d{1,4}|1[.,]0+)(?![\d.,]| ?(?:mm|cm|px|%))", said)
    return number_of(match[1]) if match else None


def _edge(word: str) -> Edge:
    named: dict[str, Edge] = {"upper": "top", "lower": "bottom", "left": "left", "right": "right", "top": "top"}
    return named.get(word, "bottom")


def _picture(said: str) -> int | None:
    if match := _NUMBERED_PICTURE.search(said):
        return int(match[1])
    if match := _ORDINAL_PICTURE.search(said):
        return _ORDINALS[match[1]]
    return PREVIOUS if _PREVIOUS_PICTURE.search(said) else None
