"""A message as it was typed -> the pieces that each do one thing, and what kind of message it is.

Knows punctuation and the words that open an English question; does not know acts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

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
    r"(?:the |its |their )?(?:kinds?|types?|size|locations?|places?|severity|causes?|counts?|number|length|width|area|depth|"
    r"score|position|coordinates|effects?|consequences|risks?|next steps?|colou?r|shape)"
)
_ENDS = re.compile(r"(?<=[?!])\s*|(?<=;)\s+|(?<=[^\W\d_]\.)\s+|(?<=[\d)%]\.)\s+(?=\D)|\n+|\s+[-–—]+\s+")
_JOINTS = re.compile(
    rf"\s*,\s*(?={_OPENER})|,?\s+(?:and|plus|&|\+)\s+(?={_OPENER})|,?\s+and\s+(?=i\b|you\b|it is\b|it's\b)"
    rf"|,?\s+but\s+(?=(?:i|you|it|we|there|that|this)\b|{_OPENER})"
    rf"|(?:\s*,\s*(?:and\s+)?|\s+and\s+|\s*&\s*)(?={_TOPIC}\s*(?:,|&|and\b|of\b|$|\?))"
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
    rf"|(?:in|as|with) (?:one|two|a single|1|2|bullet|a few|three)\b[\w ]{{0,20}}|in {_UNIT})(?: only| please)?\W*",
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
        pieces += [piece.strip(" ,") for piece in _JOINTS.split(sentence)]
    return Message(MessageKind.SENTENCE, tuple(_joined(pieces)[:MOST_PIECES]))


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
        if found and _ADDITION.fullmatch(piece):
            found[-1] = f"{found[-1]} {piece}"
        elif _FILLER.fullmatch(piece):
            held = f"{held} {piece}".strip()
        else:
            found.append(f"{held} {piece}".strip())
            held = ""
    if held and found:
        found[-1] = f"{found[-1]} {held}"
    return found or [held]
