"""A message as it was typed -> the pieces that each do one thing, and what kind of message it is.

Knows punctuation, the words that open an English question and those that open a supposition; does not know acts.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from assistant.reading.spelling import plain
from assistant.reading.told.scales import scale_of

LONGEST = 4000
"""Characters of a message that is read at all."""
MOST_PIECES = 8
"""Pieces of a message that are read; the rest is left."""


class MessageKind(StrEnum):
    """What a message is, before its words are read."""

    SENTENCE = "sentence"
    EMPTY = "empty"
    TOO_LONG = "too_long"
    MARKUP = "markup"


@dataclass(frozen=True)
class Message:
    """A message, cut.

    Args:
        kind: what it is.
        pieces: parts that each do one thing, in their order; empty unless it is a sentence.
    """

    kind: MessageKind
    pieces: tuple[str, ...]


_MARKUP = re.compile(
    r"<\|[^|<>]{0,40}\|>|<!--.*?-->|</?[a-z!][^<>]{0,200}>|\[/?(?:INST|SYS|system|user|assistant)\]|<<?/?SYS>?>|</?s>|```\w*"
    r"|^\s*#{1,6}\s*(?:instructions?|response|system|user|assistant|input)\s*:?|^\s*(?:system|user|assistant|human|ai)\s*:",
    re.IGNORECASE | re.MULTILINE | re.DOTALL,
)
_OPENER = (
    r"(?:(?:and|also|then|so) )?(?:where|what|whats|which|how|why|who|whom|whose|when|is|are|was|were|does|do|did|can|could|"
    r"will|would|should|shall|may|has|have|any|tell|give|show|list|describe|summari[sz]e|explain|compare|mark|count|measure|"
    r"please|call|name)\b"
)
_TOPIC = (
    r"(?:the |its |their )?(?:(?:total|overall|average|mean|max(?:imum)?|exact|rough|whole|combined|real|crack|defect"
    r"|likely)[ -]){0,3}"
    r"(?:kinds?|types?|size|locations?|places?|severity|causes?|counts?|number|length|width|area|depth|"
    r"score|position|coordinates|effects?|consequences|risks?|next steps?|colou?r|shape)"
)
_ENDS = re.compile(r"(?<=[?!])\s*|(?<=;)\s+|(?<=[^\W\d_]\.)\s+|(?<=[\d)%]\.)\s+(?=\D)|\n+|\s+[-–—]+\s+")
_JOINTS = re.compile(
    rf"\s*,\s*(?={_OPENER})|,?\s+(?:and|plus|&|\+)\s+(?={_OPENER})|,?\s+and\s+(?=i\b|you\b|it is\b|it's\b)"
    rf"|,?\s+but\s+(?=(?:i|you|it|we|there|that|this)\b|{_OPENER})"
    rf"|(?:\s*,\s*(?:and\s+)?|\s+and\s+|\s*&\s*)(?={_TOPIC}\s*(?:,|&|\+|and\b|of\b|in\b|please\b|pls\b|$|\?))"
    r"|\s*,?\s+(?=if (?:not|so|no|yes)\b,? \w)"
    rf"|\s*\+\s*(?={_TOPIC}\b)"
    r"|,?\s+(?:also|and also)\s+(?=(?:the|at|on|in|up|down|left|right|bottom|top|there)\b)"
    rf"|,\s+(?=(?:we|i|you) (?:can|could|should|may|must|did|didn't|didnt|do|don't|dont|see|think|would)\b)"
    rf"|(?:(?<=^thanks)|(?<=^thank you)|(?<=^hi)|(?<=^hello)|(?<=^hey))\s*,?\s+(?={_OPENER}|bye\b|goodbye\b)",
    re.IGNORECASE,
)
_MEASURES = "long|wide|big|large|deep|bad|thick|many"
_TWO_MEASURES = re.compile(
    rf"\bhow (?P<one>{_MEASURES})(?:,? and|,|/| &) (?:how )?(?P<other>{_MEASURES}) (?P<rest>(?:is|are)\b[^?.!\n]*)",
    re.IGNORECASE,
)
_FILLER = re.compile(
    r"(?:\W|\b(?:i have (?:a|another) question|quick question|briefly|in short|in a nutshell|at its \w+|in one sentence"
    r"|so|ok|okay|well|please|pls|now|then|and|also|hey|um|just|btw|listen|look|first|second|third|finally)\b)*",
    re.IGNORECASE,
)
_UNIT = r"(?:mm|cm|px|pixels?|percent|inch(?:es)?|%|millimet(?:re|er)s?|centimet(?:re|er)s?)"
_ADDITION = re.compile(
    r"\W*(?:please |just |answer |only |and |also )*(?:(?:with |as |in )?(?:a )?(?:y/n|yes or no|yes/no|y or n)"
    r"|(?:only |just )?(?:the |a )?number(?: only)?|(?:as )?bullet(?:s| points| list)"
    rf"|(?:in|as|with) (?:one|two|a single|1|2|bullet|a few|three|a table)\b[\w ]{{0,20}}|in {_UNIT}|(?:keep it "
    rf"|be )?(?:short|brief)(?:ly)?)(?: only| please)?\W*",
    re.IGNORECASE,
)
_SUPPOSES = re.compile(
    r"\W*(?:(?:so|and|but|then|ok|okay|well|now|or) )*(?:if|suppose|supposing|assume|assuming|imagine|pretend|say(?=,? (?:that )?"
    r"(?:region|it|this|the|we|i|you)\b)|let'?s (?:say|assume|suppose|ignore)|what if|ignor(?:e|ing)|disregard(?:ing)?"
    r"|leav(?:e|ing) (?:out|aside)|leaving \w+ \d+ out|without (?:region|box|mark)|apart from region|except for region)\b",
    re.IGNORECASE,
)
_VERB = re.compile(
    r"\b(?:is|are|was|were|has|have|had|looks?|seems?|appears?|says?|said|see|saw|shows?|there'?s|it'?s|thats|that's|runs?|goes"
    r"|isn'?t|aren'?t|can'?t|don'?t|doesn'?t|didn'?t|think|believe|took|taken|made|used?|measured|cuts?|covers?|means?|belongs?|comes?|know|guess)\b",
    re.IGNORECASE,
)
_NAMED_THING = re.compile(r"\W*(?:an?|the|my|our|your|this|these|those)\b[^?]*\.\W*$", re.IGNORECASE)
_THEN_STATED = re.compile(
    r"\s*,\s*(?=(?:this|that|it|its|my|our|the (?:\w+ ){0,2}\w+) ?(?:is|'s|has|measures|covers)\b[^?]*$)", re.IGNORECASE
)
_RELATIVE = re.compile(r"(?:which|where|who|whose|whom|when)\b", re.IGNORECASE)
_TAG = re.compile(
    r"\W*(?:(?:so|and|or|but) )?(?:(?:could|can|might|may|would) (?:that|it|this) be(?: (?:so|it|right|true|the case|possible))?"
    r"|(?:is|isn'?t) (?:that|it|this) (?:so|right|true|possible|correct|nothing)"
    r"|(?:did|do|can|didn'?t) you (?:see|notice|mark|catch|find|spot) (?:that|it|this)(?: one)?(?: or not)?"
    r"|right|am i right|correct|agreed?|or not|yes|no|what do you (?:think|say)(?: (?:of|about) (?:that|it))?)\W*",
    re.IGNORECASE,
)
_SHORTENED = re.compile(r"\b(?:e\.g|i\.e|vs|no|approx|etc|dr|mr|mrs|fig)\.$", re.IGNORECASE)


def cut(text: str) -> Message:
    """The pieces of a message.

    >>> cut("Where is it, and how bad? Ship it or scrap it?").pieces
    ('Where is it', 'and how bad?', 'Ship it or scrap it?')
    >>> cut("<|im_start|>system").kind.value, cut(" ").kind.value
    ('markup', 'empty')
    """
    if len(text) > LONGEST:
        return Message(MessageKind.TOO_LONG, ())
    words = _MARKUP.sub(lambda mark: " " if mark[0][1:2].isalpha() or mark[0][:2] == "</" else "\n", text)
    if not re.search(r"\w", words):
        return Message(MessageKind.EMPTY if words == text or not text.strip() else MessageKind.MARKUP, ())
    if _MARKUP.search(text) and re.fullmatch(r"\W*(?:system|user|assistant|human|tool)?\W*", words, re.IGNORECASE):
        return Message(MessageKind.MARKUP, ())
    words = _TWO_MEASURES.sub(r"how \g<one> \g<rest>? how \g<other> \g<rest>", re.sub(r" {2,}", " ", words))
    pieces: list[str] = []
    for sentence in _sentences(words):
        pieces += _parts(sentence)
    return Message(MessageKind.SENTENCE, tuple(_joined(pieces)[:MOST_PIECES]))


def supposes(piece: str) -> bool:
    """Whether a piece opens with a supposition.

    >>> supposes("So if I ignore region 1, is it ok?"), supposes("Is it ok if I ignore it?")
    (True, False)
    """
    return _SUPPOSES.match(piece) is not None


def main_clause(piece: str) -> str:
    """What is asked under a supposition; the piece itself where it opens with none.

    >>> main_clause("If I cut this away, how much do I cut?"), main_clause("where is it")
    ('how much do I cut?', 'where is it')
    """
    _, _, main = piece.partition(",")
    return main.strip() if supposes(piece) and re.search(r"\w", main) else piece


def without_form(piece: str) -> str:
    """A piece without the words at its end that only tell how to answer.

    >>> without_form("how long is it? just the number"), without_form("score, number only"), without_form("yes or no")
    ('how long is it?', 'score', 'yes or no')
    """
    match = re.match(r"(?P<asked>[^?]*\?|[^,]*),?(?P<form>.+)$", piece)
    if match is None or not re.search(r"\w", match["asked"]) or not _ADDITION.fullmatch(match["form"]):
        return piece
    return match["asked"]


def states(piece: str) -> bool:
    """Whether a piece states something: neither asks nor tells to do something, nor is it the mere name of a thing.

    >>> [states(said) for said in ("The edge looks broken.", "A scratch at 50 %.", "Is it?", "size, px")]
    [True, True, False, False]
    """
    if "?" in piece or re.match(rf"\W*{_OPENER}", piece, re.IGNORECASE) or supposes(piece):
        return False
    return _VERB.search(piece) is not None or _NAMED_THING.match(piece) is not None


def _parts(sentence: str) -> list[str]:
    """The pieces of a sentence; a condition stays with what is asked under it, unless it tells a size."""
    pieces = [piece.strip(" ,") for piece in _JOINTS.split(sentence)]
    if re.match(rf"\W*{_OPENER}", pieces[0], re.IGNORECASE):
        pieces = [part.strip(" ,") for piece in pieces for part in _THEN_STATED.split(piece)]
    if "?" not in sentence and not re.match(rf"\W*{_OPENER}", sentence, re.IGNORECASE):
        pieces = _rejoined(pieces, lambda before, piece: states(before) and _RELATIVE.match(piece) is not None)
    return _rejoined(pieces, lambda before, piece: supposes(before) and "," not in before and not _sized(before))


def _rejoined(pieces: list[str], together: Callable[[str, str], bool]) -> list[str]:
    found: list[str] = []
    for piece in pieces:
        if found and together(found[-1], piece):
            found[-1] = f"{found[-1]}, {piece}"
        else:
            found.append(piece)
    return found


def _sized(piece: str) -> bool:
    return scale_of(plain(piece)) is not None


def _sentences(text: str) -> list[str]:
    """Cut at stops, question marks, dashes and lines; not at decimals and short forms."""
    found: list[str] = []
    for part in _ENDS.split(text):
        if found and _SHORTENED.search(found[-1]):
            found[-1] = f"{found[-1]} {part}"
        elif part and part.strip():
            found.append(part.strip())
    return found


def _joined(pieces: list[str]) -> list[str]:
    """Pieces that do something: filler goes to the next, what only adds how to answer to the one before."""
    found: list[str] = []
    held = ""
    for piece in pieces:
        if not re.search(r"\w", piece):
            continue
        if found and (_ADDITION.fullmatch(piece) or (_TAG.fullmatch(piece) and states(found[-1]))):
            found[-1] = f"{found[-1]} {piece}"
        elif found and supposes(found[-1]) and found[-1].endswith(".") and not states(piece):
            found[-1] = f"{found[-1].rstrip('.')}, {piece}"
        elif _FILLER.fullmatch(piece):
            held = f"{held} {piece}".strip()
        else:
            found.append(f"{held} {piece}".strip())
            held = ""
    if held and found:
        found[-1] = f"{found[-1]} {held}"
    return found or [held]
