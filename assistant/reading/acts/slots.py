"""What a piece of a message names: regions and places by the grammar of questions, and units, forms, pictures, claims, scales.

A slot that nothing fills is None or empty. Numbers are as typed: the unit stands beside them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from assistant.reading.acts.act import Act
from assistant.reading.acts.bounds import Extreme, extreme_of, limit_of, scale_top_of
from assistant.reading.question import Question, Rank
from assistant.reading.spelling import plain

FIRST, PREVIOUS = 1, -1
"""Pictures by position: 1 is the first that was given, -1 the one before this."""


class Unit(StrEnum):
    """A unit of length or area, or a share."""

    PX = "px"
    MICRON = "um"
    MM = "mm"
    CM = "cm"
    INCH = "inch"
    PERCENT = "%"


class Form(StrEnum):
    """How an answer is to look."""

    ONE_SENTENCE = "one_sentence"
    TWO_SENTENCES = "two_sentences"
    BULLETS = "bullets"
    NUMBER = "number"
    YES_NO = "yes_no"
    CLOCK = "clock"


Axis = Literal["width", "height", "length", "diameter", "pixel", "unknown"]
Edge = Literal["left", "right", "top", "bottom"]


@dataclass(frozen=True)
class Scale:
    """A real size told: the object's along an axis, or that of one pixel.

    Args:
        axis: what was measured; "pixel": ``number`` units are one pixel's side; "unknown": the size of ``of``, without a word
            on which way it was measured.
        number: more than 0.
        unit: of the number.
        of: what was measured, as typed ("the bottle", "flange"); empty when not said.
    """

    axis: Axis
    number: float
    unit: Unit
    of: str = ""


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


_UNITS = {
    Unit.PX: r"px|pixels?",
    Unit.MICRON: r"microns?|micromet(?:re|er)s?|µm|μm|um",
    Unit.MM: r"mm2?|mm²|millimet(?:re|er)s?",
    Unit.CM: r"cm2?|cm²|centimet(?:re|er)s?",
    Unit.INCH: r"inch(?:es)?|in\b(?=\W*$)",
    Unit.PERCENT: r"%|per ?cent|percentage",
}
_NAMED_UNIT = "|".join(f"(?P<{unit.name}>{words})" for unit, words in _UNITS.items())
_ASKED_UNIT = re.compile(rf"(?<![a-z])(?:{_NAMED_UNIT})(?![a-z])")
_FORMS = (
    (Form.ONE_SENTENCE, r"\b(?:one|a single|1) (?:short )?(?:sentence|line)\b|\bone-liner\b|\ba line i can\b"),
    (Form.TWO_SENTENCES, r"\b(?:two|2|a couple of) (?:short )?(?:sentences|lines)\b"),
    (Form.BULLETS, r"\bbullet(?:s|ed)?\b|\bas a list\b"),
    (Form.NUMBER, r"\b(?:just|only) (?:the |a )?(?:number|score|figure)\b|\bnumber only\b"),
    (Form.YES_NO, r"\by ?/ ?n\b|\byes(?: or |/| )no\b|\bpass(?: or |/)fail\b|\bok(?: or |/)(?:nok|not)\b"),
    (
        Form.CLOCK,
        r"\bclock (?:position|hour|face|terms|reading)|\b(?:what|which) (?:hour|o.?clock)\b|\bhour of the clock\b",
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
_NUMBER = r"(?P<number>\d+(?:[.,]\d+)?)"
_PIXEL_SCALE = (
    re.compile(rf"\b(?:one|a|1) ?(?:px|pixel)\b\D{{1,20}}{_NUMBER} ?(?:{_NAMED_UNIT})(?![a-z])"),
    re.compile(
        rf"\b(?:px|pixel|voxel) ?(?:size|pitch|spacing|width|edge)\b\D{{0,20}}{_NUMBER} ?(?:{_NAMED_UNIT})(?![a-z])"
    ),
    re.compile(rf"{_NUMBER} ?(?:{_NAMED_UNIT}) ?(?:per|/|a) ?(?:px|pixel)\b"),
)
_PIXELS_IN_UNIT = re.compile(
    rf"(?P<pixels>\d+(?:[.,]\d+)?) ?(?:px|pixels) (?:are|is|make|equal|=) {_NUMBER} ?(?:{_NAMED_UNIT})(?![a-z])"
)
_UNIT_IN_PIXELS = re.compile(
    rf"{_NUMBER} ?(?:{_NAMED_UNIT})(?![a-z])(?: wide| long| high)?,? ?(?:is|are|=|equals?|makes?|corresponds? to|spans?|covers?"
    r"|over|in|,|\() ?(?:about )?(?P<pixels>\d+(?:[.,]\d+)?) ?(?:px|pixels)"
)
_SIDE_SCALE = re.compile(
    rf"{_NUMBER} ?(?:{_NAMED_UNIT})(?![a-z]) (?P<axis>wide|across|long|high|tall|in diameter|diameter|dia|od)\b"
)
_NO_NOUN = r"(?:has|is|of|for|with|a|an|outer|inner|outside)\b"
_NOUN_SCALE = re.compile(
    rf"(?:\b(?P<of>(?!{_NO_NOUN})\w+(?: (?!(?:the )?{_NO_NOUN})\w+){{0,2}}) )?\b"
    r"(?P<axis>width|height|length|(?:outer |inner |outside )?diameter|dia|diam|od)"
    rf"\b\D{{0,40}}?{_NUMBER} ?(?:{_NAMED_UNIT})(?![a-z])"
)
_BARE_SCALE = re.compile(
    r"\b(?P<of>(?:the|our|my|this|a|whole) (?:\w+ ){0,2}?\w+|field of view|fov) (?:is|measures|has|covers|shows|=|:) ?"
    rf"(?:about |roughly |exactly |around |ca\.? )?{_NUMBER} ?(?:{_NAMED_UNIT})(?![a-z])"
    r"(?! ?(?:from|apart|away|off|deep|thick|below|above|inside|to|per|/|by|x|old)\b)"
)
_COMPARED = re.compile(
    r"\b(?:over|under|more|less|bigger|larger|smaller|longer|shorter|wider|deeper|exceeds?|than|if it|whether)\b(?=.*\d)"
)
_AXES: dict[str, Axis] = {
    "wide": "width", "across": "width", "long": "length", "high": "height", "tall": "height", "in diameter": "diameter",
    "width": "width", "height": "height", "length": "length", "diameter": "diameter", "dia": "diameter", "diam": "diameter",
    "od": "diameter", "outer diameter": "diameter", "inner diameter": "diameter", "outside diameter": "diameter",
}  # fmt: skip
_NOTHING = {"", "its", "the", "real", "the real", "true", "the true"}
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
_CLAIM_ENDS = re.compile(r"(?:,| (?:from|that|which|and|not|on the lens|please|in future|too)\b).*$")


_STATING = frozenset({Act.CLAIM, Act.NAME_KIND, Act.DISAGREE, Act.MISSED, Act.CONFIRM})
_RATED = frozenset({Act.RATING, Act.SEVERITY})


def slots_of(act: Act, piece: Question, whole: Question) -> Slots:
    """Slots of a piece of a message.

    Args:
        act: what the piece does; only statements claim something.
        piece: the piece, read alone.
        whole: the message; lends its region where the piece points back ("how big is it") and it names just one.
    """
    said = plain(piece.text)
    region = piece.region
    numbers = piece.numbers
    if not numbers and len(whole.numbers) == 1 and re.search(r"\b(?:it|its|that|this)\b", said):
        region, numbers = whole.region, whole.numbers
    edge = _EDGE.search(said) if re.search(r"\b(?:far|distance|close|near|edge|border|rim)\b", said) else None
    scale = scale_of(said)
    picture = _picture(said)
    return Slots(
        region=region,
        numbers=numbers,
        cells=piece.cells,
        kinds=piece.kinds,
        rank=piece.rank if picture is None else "",
        edge=_edge(edge[1]) if edge else None,
        unit=None if scale else unit_of(said),
        form=next((form for form, pattern in _FORMS if re.search(pattern, said)), None),
        picture=picture,
        claim=claim_of(said) if act in _STATING else None,
        value=_value(said),
        scale=scale,
        scale_top=scale_top_of(said) if act in _RATED else None,
        extreme=extreme_of(said),
        limit=limit_of(said),
    )


def unit_of(said: str) -> Unit | None:
    """The unit a plain text asks for or compares with: the last it names."""
    return next((Unit[m.lastgroup] for m in reversed(list(_ASKED_UNIT.finditer(said))) if m.lastgroup), None)


def scale_of(said: str) -> Scale | None:
    """The real size a plain text tells; None for questions.

    >>> told = scale_of("the bottle is 60 mm wide")
    >>> told.axis, told.number, told.unit.value, told.of
    ('width', 60.0, 'mm', 'the bottle')
    >>> [scale_of(said).axis for said in ("flange od is 120 mm", "the flange is 120 mm", "pixel pitch 25 um")]
    ['diameter', 'unknown', 'pixel']
    """
    said = said.replace("more or less ", "")
    if "?" in said or re.match(r"\W*(?:is|are|was|how|what|which|does|where|why|can|could)\b", said):
        return None
    for pattern in (_PIXELS_IN_UNIT, _UNIT_IN_PIXELS):
        if match := pattern.search(said):
            pixels = _number(match["pixels"])
            return _scale("pixel", _number(match["number"]) / pixels, match) if pixels else None
    for pattern in _PIXEL_SCALE:
        if match := pattern.search(said):
            return _scale("pixel", _number(match["number"]), match)
    if _COMPARED.search(said):
        return None
    for pattern in (_SIDE_SCALE, _NOUN_SCALE):
        if match := pattern.search(said):
            return _scale(_AXES[match["axis"]], _number(match["number"]), match)
    return _scale("unknown", _number(match["number"]), match) if (match := _BARE_SCALE.search(said)) else None


def _scale(axis: Axis, number: float, match: re.Match[str]) -> Scale | None:
    unit = next((unit for unit in Unit if unit.name in match.re.groupindex and match[unit.name]), None)
    if unit in (None, Unit.PERCENT) or number <= 0:
        return None
    named = re.search(r"\b(?:the|a|our|my|this) (?:\w+ )?\w+(?= (?:is|has|measures|shows|covers)\b)", match.string)
    of = match.groupdict().get("of") or (named.group() if named else "")
    return Scale(axis, number, unit, "" if axis == "pixel" or of in _NOTHING else of)


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


def _number(typed: str) -> float:
    return float(typed.replace(",", "."))


def _value(said: str) -> float | None:
    match = re.search(r"(?<![\d.,])(0?[.,]\d{1,4}|1[.,]0+)(?![\d.,]| ?(?:mm|cm|px|%))", said)
    return _number(match[1]) if match else None


def _edge(word: str) -> Edge:
    named: dict[str, Edge] = {"upper": "top", "lower": "bottom", "left": "left", "right": "right", "top": "top"}
    return named.get(word, "bottom")


def _picture(said: str) -> int | None:
    if match := _NUMBERED_PICTURE.search(said):
        return int(match[1])
    if match := _ORDINAL_PICTURE.search(said):
        return _ORDINALS[match[1]]
    return PREVIOUS if _PREVIOUS_PICTURE.search(said) else None
