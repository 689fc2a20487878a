"""A question -> what it does: its acts in order, each with its slots and how sure that is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from assistant.reading.acts.act import Act, Family
from assistant.reading.acts.certain import certain_act
from assistant.reading.acts.index import Ranking, load_index
from assistant.reading.acts.languages import ENGLISH, in_english, language_of, load_languages
from assistant.reading.acts.message import MessageKind, cut, main_clause, states, without_form
from assistant.reading.acts.sentence_tower import SentenceTower, sentence_tower
from assistant.reading.acts.slots import Slots, slots_of
from assistant.reading.intents import Intent
from assistant.reading.question import KEPT, Question, read_question
from assistant.reading.spelling import plain
from assistant.reading.told.asked_language import AskedLanguage, asked_language
from assistant.reading.told.kind_words import kinds_of_words
from assistant.reading.told.posed import Pose, Posed, posed_in
from assistant.reading.told.scales import is_question, scale_of

KNOWN = 0.4
"""Confidence from which an act is taken as what was meant."""
GUESSED = 0.3
"""Confidence from which an act that is not taken as meant is still worth a try."""
CERTAIN = 1.0
"""Confidence in an act that a rule tells."""
THOUGHT_OF = 5
"""Acts, the likeliest ones, that the heads think of where they are not sure."""
_OF_INTENTS = {
    Intent.PRESENCE: Act.PRESENCE,
    Intent.COUNT: Act.COUNT,
    Intent.WHERE: Act.WHERE,
    Intent.TYPE: Act.TYPE,
    Intent.SIZE: Act.SIZE,
    Intent.SEVERITY: Act.SEVERITY,
    Intent.CAUSE: Act.CAUSE,
    Intent.EFFECT: Act.EFFECT,
    Intent.NEXT_STEP: Act.NEXT_STEP,
}
POSED = {
    Pose.KINDS: Act.TYPE,
    Pose.REGIONS: Act.WORST_REGION,
    Pose.DECIDING: Act.WORST_REGION,
    Pose.DECISIONS: Act.ACCEPT,
    Pose.DEGREES: Act.SEVERITY,
    Pose.SIDES: Act.WHERE,
    Pose.WHAT_ELSE: Act.TYPE,
    Pose.OBJECTION: Act.CLAIM,
    Pose.CORRECTION: Act.CLAIM,
    Pose.CALLED: Act.NAME_KIND,
    Pose.WITHOUT: Act.ACCEPT,
    Pose.OTHER_THRESHOLD: Act.THRESHOLD,
    Pose.OTHER_KIND: Act.SEVERITY,
}
"""The act that each thing put to the assistant counts as."""
EACH_ASKED = frozenset({Act.CARD_WORD, Act.EXPORT, Act.LEAVE_OUT, Act.MANAGE_REFERENCES, Act.SET_LIMIT})
"""Acts that depend on the words of each piece; they stand as often as a message does them."""
AGAINST = (Pose.OBJECTION, Pose.CORRECTION, Pose.WHAT_ELSE)
"""What is put against a kind; the first of a message stands for all."""
REFINES: dict[Pose, frozenset[Act]] = {
    Pose.KINDS: frozenset(
        {
            Act.TYPE,
            Act.CLAIM,
            Act.ALTERNATIVES,
            Act.IDENTIFY,
            Act.DIAGNOSIS,
            Act.NAME_KIND,
            Act.CAUSE,
            Act.DISAGREE,
            Act.SURE,
        }
    ),
    Pose.WHAT_ELSE: frozenset({Act.TYPE, Act.ALTERNATIVES, Act.CLAIM, Act.IDENTIFY, Act.CAUSE}),
    Pose.DECISIONS: frozenset({Act.ACCEPT, Act.REPAIR, Act.NEXT_STEP, Act.ESCALATE, Act.STANDARD}),
    Pose.OTHER_KIND: frozenset({Act.SEVERITY, Act.ACCEPT, Act.EFFECT, Act.DANGEROUS}),
    Pose.OBJECTION: frozenset({Act.CLAIM, Act.DISAGREE, Act.TYPE, Act.MISSED, Act.CONFIRM, Act.CAUSE}),
    Pose.CORRECTION: frozenset({Act.CLAIM, Act.DISAGREE, Act.TYPE, Act.ALTERNATIVES, Act.IDENTIFY, Act.CONTEXT}),
    Pose.WITHOUT: frozenset({Act.ACCEPT, Act.LEAVE_OUT, Act.PRESENCE, Act.SCORE, Act.EFFECT}),
}
"""Acts that a thing put to the assistant tells more exactly; beside another one it is a turn of phrase. Others stand alone."""


LIKELY = 0.6
"""Confidence from which an act that is about other things says that alternatives beside it are none."""
_AROUND = frozenset(
    "is it its a an the or and choose pick one which what this that these those please thing there just be could are was either"
    " you say would call of them so then".split()
)
"""Words around alternatives that add nothing to them."""
_ASKS = re.compile(
    r"(?:^|[,:;.(]|\b(?:and|but|so|or|then|on|in|at|for|to|by|from|with|please|tell me|say)\b)\W*"
    r"(?:how|what|which|why|where|who|whether)\b"
    r"|^\W*(?:(?:and|so|then|now|ok|please|right|just) )*"
    r"(?:summari[sz]e|describe|explain|compare|check|judge|list|name|call|find|prove)\b"
    r"|\b(?:can|could|would|will|do|did|does|are|is|should|shall) (?:you|it|that|this|we|i)\b(?! (?:not|n't))(?=[^,.]*$)"
)
"""Asks, or tells to do something, wherever in a piece it does so."""
OFFERED = (Act.PRESENCE, Act.WHERE, Act.TYPE)
"""Acts to offer where no word was understood."""


@dataclass(frozen=True)
class AskedAct:
    """One thing that a message does.

    Args:
        act: what.
        confidence: the chance that it is this act, 0 to 1; at least :data:`KNOWN`.
        slots: what it names.
        text: the words that do it; English ones, word by word, where the message is in another language.
    """

    act: Act
    confidence: float
    slots: Slots
    text: str


@dataclass(frozen=True)
class Understanding:
    """What a message does.

    Args:
        acts: in the order of the message; one act with the same slots stands once, but for :data:`EACH_ASKED`.
        unclear: pieces of the message whose act is not known.
        nearest: three acts to offer (:attr:`Act.example`): those nearest to the least certain piece.
        language: ISO 639-1 code of the language it is in.
        kind: whether it is a sentence at all; without acts unless it is.
        guess: what it may do, where no act is known but one comes near (:data:`GUESSED`).
        asked_language: the language that it wants its answer in; None where it asks for none.
    """

    acts: tuple[AskedAct, ...]
    unclear: tuple[str, ...]
    nearest: tuple[Act, Act, Act]
    language: str
    kind: MessageKind
    guess: AskedAct | None = None
    asked_language: AskedLanguage | None = None


def understand(question: Question, lexical: bool = False) -> Understanding:
    """What a question does.

    Args:
        question: read.
        lexical: leave the sentence tower alone; without its files on this machine, it always is.

    >>> told = understand(read_question("How long is the crack in mm?"), lexical=True)
    >>> [(asked.act.value, asked.slots.unit.value, asked.slots.kinds) for asked in told.acts]
    [('length', 'mm', ('crack',))]
    """
    return _understood(question, None if lexical else sentence_tower())


@lru_cache(KEPT)
def _understood(question: Question, tower: SentenceTower | None) -> Understanding:
    typed = question.text if question.stem is None else question.stem.text or question.text
    message = cut(typed)
    if message.kind is not MessageKind.SENTENCE:
        return Understanding((), (), OFFERED, ENGLISH, message.kind)
    language, wanted = language_of(typed), asked_language(typed)
    if language not in load_languages() or (wanted is not None and wanted.alone):
        unread = () if wanted is not None and wanted.alone else message.pieces
        return Understanding((), unread, OFFERED, language, message.kind, None, wanted)
    typed = typed if wanted is None else wanted.rest
    message = message if wanted is None else cut(wanted.rest)
    pieces = message.pieces if language == ENGLISH else cut(in_english(typed, language)).pieces or message.pieces
    mains = [main_clause(piece) if posed_in(plain(piece)) is None else piece for piece in pieces]
    ranked = load_index().rank([without_form(piece) for piece in mains], tower)
    acts: list[AskedAct] = []
    unclear: dict[str, Ranking] = {}
    before: Slots | None = None
    for piece, ranking in zip(mains, ranked, strict=True):
        read = read_question(piece)
        act, confidence = _act_of(piece, read, ranking)
        if act is None and len(mains) > 1 and read.cells:
            act = Act.MISSED if states(piece) else Act.PRESENCE
        if scale_of(plain(piece)) is not None:
            act = _sized(piece, act)
        if (posed := _posed(piece, act, confidence)) is not None:
            act, confidence = POSED[posed.pose], CERTAIN
        if act is None:
            unclear[piece] = ranking
            before = _latest(slots_of(Act.NONSENSE, read, question, before), before)
            continue
        asked = AskedAct(act, confidence, slots_of(act, read, question, before, posed), piece)
        before = _latest(asked.slots, before)
        if act in EACH_ASKED or not any((one.act, one.slots) == (act, asked.slots) for one in acts):
            acts.append(asked)
    acts = _without_context(_one_objection(acts), list(unclear))
    if acts:
        return Understanding(tuple(acts), tuple(unclear), _nearest(ranked), language, message.kind, None, wanted)
    guess, nearest = _guess(list(unclear), list(unclear.values()), question), _nearest(list(unclear.values()))
    return Understanding((), tuple(unclear), nearest, language, message.kind, guess, wanted)


def _without_context(acts: list[AskedAct], unclear: Sequence[str]) -> list[AskedAct]:
    """The acts of a message without what it only tells, unless it does nothing else and no unclear piece of it asks."""
    told = [one for one in acts if one.act is Act.CONTEXT]
    asked = [one for one in acts if one.act is not Act.CONTEXT]
    if not told or any(map(_asks, unclear)) or any(one.act is not Act.NONSENSE for one in asked):
        return asked
    return [next((one for one in told if one.slots.numbers or one.slots.cells), told[0])]


def _asks(piece: str) -> bool:
    """Whether a piece asks for something, though it may open with what it only tells.

    >>> [_asks(text) for text in ("The auditor is here, so on what basis was it rejected", "we run two hundred a minute")]
    [True, False]
    """
    said = plain(piece)
    return is_question(said) or _ASKS.search(said) is not None


def _sized(piece: str, act: Act | None) -> Act | None:
    """The act of a piece that tells a size, which counts though it may be told in passing."""
    if states(piece) or act is Act.CONTEXT:
        return Act.SCALE
    return Act.SIZE if act is Act.SCALE and is_question(plain(piece)) else act


def _posed(piece: str, act: Act | None, confidence: float) -> Posed | None:
    """What a piece puts, where its act is about that; where its act is hardly known, as far as it puts that and little else."""
    posed = posed_in(plain(piece))
    if posed is None:
        return None
    posed = replace(posed, options=tuple(_as_typed(option, piece) for option in posed.options))
    if act in REFINES.get(posed.pose, (act,)) or (posed.pose is Pose.WITHOUT and posed.numbers):
        return posed
    kinds = [bool(read_question(option).kinds or kinds_of_words(option)) for option in posed.options]
    if kinds and (all(kinds) or (act is None and any(kinds))):
        return posed
    if act is None and posed.pose is Pose.CORRECTION:
        return posed
    return posed if confidence < LIKELY and _is_put_alone(piece, posed) else None


def _is_put_alone(piece: str, posed: Posed) -> bool:
    """Whether a piece holds alternatives and nothing else: "flux or solder balls?"."""
    put = {word for option in posed.options for word in plain(option).split()}
    return bool(put) and not {word.strip("?!.,;:") for word in plain(piece).split()} - put - _AROUND - {""}


def _as_typed(option: str, piece: str) -> str:
    """An option with the capitals of the piece, where it stands there as it is."""
    at = piece.lower().find(option)
    return option if at < 0 else piece[at : at + len(option)]


def _latest(slots: Slots, before: Slots | None) -> Slots | None:
    """The slots of the last piece that named regions or places."""
    return slots if slots.numbers or slots.cells else before


def _one_objection(acts: list[AskedAct]) -> list[AskedAct]:
    """What is put against a kind in several pieces as one: "rust on glass? Chip more like. What else could it be?"."""
    at = [number for number, one in enumerate(acts) if one.slots.posed is not None and one.slots.posed.pose in AGAINST]
    if len(at) < 2:
        return acts
    several = [acts[number] for number in at]
    put = [one.slots.posed for one in several if one.slots.posed is not None]
    pose = min((one.pose for one in put), key=AGAINST.index)
    options = tuple(dict.fromkeys(option for one in put for option in one.options))
    subjects = [one.subject for one in reversed(put) if one.subject]
    subject = next((one for one in subjects if one != "cause"), "cause" if subjects else "")
    posed = Posed(pose, options, frozenset().union(*(one.numbers for one in put)), None, subject)
    last = next((one for one in several if one.slots.numbers), several[-1])
    text = " ".join(one.text for one in several)
    joined = AskedAct(POSED[pose], CERTAIN, replace(last.slots, posed=posed), text)
    return [
        joined if number == at[0] else one for number, one in enumerate(acts) if number == at[0] or number not in at
    ]


def _guess(pieces: Sequence[str], ranked: list[Ranking], question: Question) -> AskedAct | None:
    """The likeliest act of the piece that is nearest to one; None where that is far, or mere talk."""
    piece, ranking = max(zip(pieces, ranked, strict=True), key=lambda pair: pair[1].confidence)
    act = ranking.acts[0]
    if ranking.confidence < GUESSED or act.family is Family.TALK:
        return None
    return AskedAct(act, ranking.confidence, slots_of(act, read_question(piece), question), piece)


def _act_of(piece: str, read: Question, ranking: Ranking) -> tuple[Act | None, float]:
    """The act of a piece, with the chance that it is that one; None where it is not known.

    By the few rules that are certain; by the heads where they are sure enough; else by the grammar of questions, where it reads
    something that the heads at least think of, or nothing else. What asks is no mere context, and what states may be it where
    that comes nearest.
    """
    if (certain := certain_act(piece)) is not None:
        return certain, CERTAIN
    if ranking.acts[0] is Act.CONTEXT and _asks(piece):
        ranking = replace(ranking, acts=ranking.acts[1:], confidence=0.0)
    if ranking.confidence >= KNOWN or (ranking.acts[0] is Act.CONTEXT and states(piece)):
        return ranking.acts[0], max(KNOWN, ranking.confidence)
    read_as = [_OF_INTENTS[intent] for intent in read.intents if intent in _OF_INTENTS]
    thought_of = [act for act in ranking.acts[:THOUGHT_OF] if act in read_as]
    found = thought_of[0] if thought_of else read_as[0] if len(read_as) == 1 else None
    return found, max(KNOWN, ranking.confidence)


def _nearest(ranked: list[Ranking]) -> tuple[Act, Act, Act]:
    """The first three acts of the least certain piece that can be offered: mere talk is not."""
    least = min(ranked, key=lambda ranking: ranking.confidence)
    first, second, third = [act for act in least.acts if act.family is not Family.TALK][:3]
    return first, second, third
