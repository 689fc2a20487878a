"""Units, and the real size that a text tells: of the picture, the object or a pixel; in a statement or within a question.

Numbers are as typed: the unit stands beside them. A size that spans nothing of a picture (a camera's height, a wall's
thickness), or that is a limit ("our limit is 2 mm"), is no scale.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Literal


class Unit(StrEnum):
    """A unit of length or area, or a share."""

    PX = "px"
    MICRON = "um"
    MM = "mm"
    CM = "cm"
    METRE = "m"
    INCH = "inch"
    PERCENT = "%"


METRIC = {Unit.MICRON: 0.001, Unit.MM: 1.0, Unit.CM: 10.0, Unit.METRE: 1000.0, Unit.INCH: 25.4}
"""Millimetres of each unit of length; a pixel is none."""
Axis = Literal["width", "height", "length", "diameter", "pixel", "unknown"]


@dataclass(frozen=True)
class Scale:
    """A real size told: the object's along an axis, or that of one pixel.

    Args:
        axis: what was measured; "pixel": ``number`` units are one pixel's side; "unknown": the size of ``of``, without a word
            on which way it was measured.
        number: more than 0.
        unit: of the number.
        of: what was measured, as typed ("the bottle", "flange"), or :data:`PICTURE`; empty when not said.
    """

    axis: Axis
    number: float
    unit: Unit
    of: str = ""


PICTURE = "the picture"
"""What was measured where it is the picture from side to side, however it was called."""
_UNITS = {
    Unit.PX: r"px|pixels?",
    Unit.MICRON: r"microns?|micromet(?:re|er)s?|µm|μm|um",
    Unit.MM: r"mm2?|mm²|millimet(?:re|er)s?|milimet(?:re|er)s?",
    Unit.CM: r"cm2?|cm²|centimet(?:re|er)s?",
    Unit.METRE: r"met(?:re|er)s?|(?<=\d)m|(?<=\d )m",
    Unit.INCH: r"inch(?:es)?|in\b(?=\W*$)",
    Unit.PERCENT: r"%|per ?cent|percentage",
}
_NAMED_UNIT = "|".join(f"(?P<{unit.name}>{words})" for unit, words in _UNITS.items())
_ASKED_UNIT = re.compile(rf"(?<![a-z])(?:{_NAMED_UNIT})(?![a-z])")
_NUMBER = r"(?P<number>\d+(?:[.,]\d+)?)"
_SIZE = rf"{_NUMBER} ?(?:{_NAMED_UNIT})(?![a-z])"
_PIXEL_SCALE = (
    re.compile(rf"\b(?:one|a|1) ?(?:px|pixel)\b\D{{1,20}}{_SIZE}"),
    re.compile(rf"\b(?:px|pixel|voxel) ?(?:size|pitch|spacing|width|edge)\b\D{{0,20}}{_SIZE}"),
    re.compile(rf"{_NUMBER} ?(?:{_NAMED_UNIT}) ?(?:per|/|a) ?(?:px|pixel)\b"),
)
_PIXELS_IN_UNIT = re.compile(rf"(?P<pixels>\d+(?:[.,]\d+)?) ?(?:px|pixels) (?:are|is|make|equal|=) {_SIZE}")
_UNIT_IN_PIXELS = re.compile(
    rf"{_SIZE}(?: wide| long| high)?,? ?(?:is|are|=|equals?|makes?|corresponds? to|spans?|covers?"
    r"|over|in|,|\() ?(?:about )?(?P<pixels>\d+(?:[.,]\d+)?) ?(?:px|pixels)"
)
_PICTURES = r"(?:picture|image|photo|shot|frame|view|field of view|fov|crop|scene|scan)"
_BOTH_SIDES = re.compile(
    rf"{_NUMBER} ?(?:(?:mm|cm|m|in|inch(?:es)?) ?)?(?:x|\u00d7|by) ?\d+(?:[.,]\d+)? ?(?:{_NAMED_UNIT})(?![a-z])"
)
_SIDE_SCALE = re.compile(rf"{_SIZE}[ -](?P<axis>wide|across|long|high|tall|in diameter|diameter|dia|od)\b")
_NO_NOUN = r"(?:has|is|of|for|with|a|an|outer|inner|outside|inside)\b"
_NOUN_SCALE = re.compile(
    rf"(?:\b(?P<of>(?!{_NO_NOUN})\w+(?: (?!(?:the )?{_NO_NOUN})\w+){{0,2}}) )?\b"
    r"(?P<axis>width|height|length|(?:outer |inner |outside |inside )?diameter|dia|diam|od)"
    rf"\b\D{{0,40}}?{_SIZE}"
)
_ABOUT = r"(?:(?:about|roughly|exactly|around|approximately|approx\.?|maybe|nearly|almost|some|ca\.?|~|more like|probably) ?)*"
_NOT_ACROSS = r"(?! ?(?:from|apart|away|off|deep|thick|below|above|inside|to|per|/|by|x|old)\b)"
_BARE_SCALE = re.compile(
    r"\b(?P<of>(?:the|our|my|this|a|whole|each|every) (?:\w+ ){0,4}?\w+|field of view|fov) "
    rf"(?:is|measures|has|covers|shows|spans|=|:) ?{_ABOUT}{_SIZE}{_NOT_ACROSS}"
)
_FIELD_SCALE = re.compile(rf"\b(?:field of view|fov)\b\D{{0,20}}?{_SIZE}")
_OBJECT_SCALE = re.compile(
    rf"\b(?:on|of|for|is|it's|in|with|have|has) an? {_ABOUT}{_SIZE}[ -]"
    r"(?P<of>(?!(?:limit|tolerance|threshold|grid|gap|margin|edge|zone|radius|deep|thick|depth|from|away|wide|long|high|tall)\b)"
    r"[a-z]\w+)"
)
_COMPARED = re.compile(
    r"\b(?:over|under|more|less|bigger|larger|smaller|longer|shorter|wider|deeper|exceeds?|than|if it|whether)\b(?=.*\d)"
)
_BOUND = re.compile(
    r"\b(?:limits?|tolerances?|spec(?:ification)?s?|allow(?:s|ed|ance)?|permit(?:s|ted)?|accept(?:s|ed|able|ance)?|reject(?:s|ed)?"
    r"|maximum|max|maximal|at most)\b"
)
"""What is told of is what may be, and not what is."""
_NO_SPAN = re.compile(r"\b(?:camera|lens|focal|distance|stand-?off|thick|thickness|deep|depth)\b")
_OPENS = re.compile(
    r"\W*(?:(?:and|also|then|so|but|please|now|ok|well) )*(?:is|are|was|were|how|what|whats|which|does|do|did|where|why|can|could"
    r"|would|will|should|give|tell|show|measure|calculate|convert|express|size|length|width)\b"
)
_GIVEN = re.compile(
    r"\b(?:if|assuming|given|supposing|suppose|with|at|since|because|provided|knowing|considering|when|where|on|for|as)\b"
    r"(?: that)? (?P<told>(?!it\b|it's\b|they\b|these\b)[^?;,()]*\d[^?;()]*)"
    r"|\((?P<aside>[^()]*\d[^()]*)\)"
    r"|,\s*(?P<added>(?:the|this|that|my|our|it's|it is|its)\b[^?;]*\d[^?;]*)"
)
_IN_PICTURE = re.compile(
    rf" (?:in|on|of) (?:the|this|my|your) (?:whole |entire |full )?{_PICTURES}\b(?! (?:is|are|measures|spans))"
)
_OF_PICTURE = re.compile(
    rf"^(?:\W|this|that|it|it's|is|are|was|the|my|our|a|whole|entire|full|one)*\b{_PICTURES}\b"
    rf"|[ -](?:wide|across|high|tall|long) {_PICTURES}\b"
)
_AXES: dict[str, Axis] = {
    "wide": "width", "across": "width", "long": "length", "high": "height", "tall": "height", "in diameter": "diameter",
    "width": "width", "height": "height", "length": "length", "diameter": "diameter", "dia": "diameter", "diam": "diameter",
    "od": "diameter", "outer diameter": "diameter", "inner diameter": "diameter", "outside diameter": "diameter",
    "inside diameter": "diameter",
}  # fmt: skip
_FIELDS = frozenset("field fov picture image photo shot frame view crop scene".split())
_NOTHING = {"", "its", "the", "real", "the real", "true", "the true"}


def unit_of(said: str) -> Unit | None:
    """The unit a plain text asks for or compares with: the last it names."""
    return next((Unit[m.lastgroup] for m in reversed(list(_ASKED_UNIT.finditer(said))) if m.lastgroup), None)


def length_of(number: str, unit: str) -> tuple[float, Literal["mm", "px"]]:
    """A length as it was typed, in millimetres; in pixels where it was typed in those.

    Args:
        number: with a point or a comma.
        unit: a word for one of length.

    Raises:
        ValueError: another unit.

    >>> length_of("0,3", "cm"), length_of("2", "m"), length_of("5", "microns"), length_of("7", "pixels")
    ((3.0, 'mm'), (2000.0, 'mm'), (0.005, 'mm'), (7.0, 'px'))
    """
    value, named = number_of(number), unit_of(f"{number} {unit}")  # behind a number "m" and "in" are units
    if named is Unit.PX:
        return value, "px"
    if named not in METRIC:
        raise ValueError(f"expected a unit of length, got {unit!r}")
    return value * METRIC[named], "mm"


def is_question(said: str) -> bool:
    """Whether a plain text asks, or tells to do something, rather than states."""
    return "?" in said or _OPENS.match(said) is not None


def scale_of(said: str) -> Scale | None:
    """The real size a plain text tells; of a question, what it is asked under ("if the tile is 60 mm wide").

    >>> told = scale_of("the bottle is 60 mm wide")
    >>> told.axis, told.number, told.unit.value, told.of
    ('width', 60.0, 'mm', 'the bottle')
    >>> [scale_of(said).axis for said in ("flange od is 120 mm", "the flange is 120 mm", "pixel pitch 25 um")]
    ['diameter', 'unknown', 'pixel']
    >>> scale_of("how long is it if the tile is 60 mm wide?").of, scale_of("is the tile 60 mm wide?")
    ('the tile', None)
    """
    said = said.replace("more or less ", "")
    found = (_of_statement(told.strip()) for told in _told(said))
    return next((scale for scale in found if scale is not None), None)


def _told(said: str) -> Iterator[str]:
    """Parts of a text that state something: all of a statement; of a question its conditions and asides."""
    if not is_question(said):
        yield said
        return
    for match in _GIVEN.finditer(said):
        yield match["told"] or match["aside"] or match["added"]


def _of_statement(said: str) -> Scale | None:
    for pattern in (_PIXELS_IN_UNIT, _UNIT_IN_PIXELS):
        if match := pattern.search(said):
            pixels = number_of(match["pixels"])
            return _scale("pixel", number_of(match["number"]) / pixels, match) if pixels else None
    for pattern in _PIXEL_SCALE:
        if match := pattern.search(said):
            return _scale("pixel", number_of(match["number"]), match)
    if _COMPARED.search(said) or _NO_SPAN.search(said) or _BOUND.search(said):
        return None
    said = _IN_PICTURE.sub("", said)
    if match := _BOTH_SIDES.search(said):
        return _scale("width", number_of(match["number"]), match)
    if match := _FIELD_SCALE.search(said):
        side = _scale("width", number_of(match["number"]), match)
        return None if side is None else replace(side, of=PICTURE)
    for pattern in (_SIDE_SCALE, _NOUN_SCALE):
        if match := pattern.search(said):
            return _scale(_AXES[match["axis"]], number_of(match["number"]), match)
    match = _BARE_SCALE.search(said) or _OBJECT_SCALE.search(said)
    return _scale("unknown", number_of(match["number"]), match) if match else None


def _scale(axis: Axis, number: float, match: re.Match[str]) -> Scale | None:
    unit = next((unit for unit in Unit if unit.name in match.re.groupindex and match[unit.name]), None)
    if unit in (None, Unit.PX, Unit.PERCENT) or number <= 0:
        return None
    if axis == "pixel":
        return Scale(axis, number, unit)
    if _OF_PICTURE.search(match.string):
        return Scale("width" if axis == "unknown" else axis, number, unit, PICTURE)
    named = re.search(r"\b(?:the|a|our|my|this) (?:\w+ )?\w+(?= (?:is|has|measures|shows|covers)\b)", match.string)
    of = match.groupdict().get("of") or (named.group() if named else "")
    of = re.sub(r" (?:next to|beside|near|by|under|above|left of|right of)\b.*$", "", of)
    if of in _FIELDS:
        return Scale("width", number, unit, PICTURE)
    if "inner" in match.group() or "inside" in match.group():
        of = "the inner diameter"
    return Scale(axis, number, unit, "" if of in _NOTHING else of)


def number_of(typed: str) -> float:
    """A number with a point or a comma."""
    return float(typed.replace(",", "."))
