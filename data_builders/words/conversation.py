"""Conversations of two to eight turns about one picture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from assistant.types import Region
from data_builders.words import plain, special
from data_builders.words.choices import choice
from data_builders.words.compound import compound
from data_builders.words.facts import Facts
from data_builders.words.phrases import Unsayable
from data_builders.words.teller import Exchange, Teller

Turn = dict[str, str]
LENGTHS = (0.35, 0.25, 0.2, 0.2)
"""Chances of one to four questions."""

_ASK: dict[str, tuple[float, Callable[[Teller], Exchange]]] = {
    "presence": (4, plain.presence), "kind": (1.2, plain.of_kind), "count": (1.5, plain.count),
    **{intent: (weight, partial(plain.about_one, intent=intent)) for intent, weight in zip(
        plain.ABOUT_ONE, (2.5, 2.5, 1.2, 1.2, 1, 1.2, 1), strict=True)},
    "next_step": (1.2, plain.next_step), "worst": (0.8, plain.worst), "compare": (0.8, plain.compare),
    "pointed": (1.3, special.pointed), "choice": (8, choice), "report": (0.8, special.report),
    "false_premise": (1.6, special.false_premise), "unanswerable": (3, special.unanswerable),
    "compound": (3, compound),
}  # fmt: skip
"""Weight and maker of each intent that can open a conversation; "kind" is presence asked of one kind."""
INTENTS = tuple(sorted({*(key for key in _ASK if key != "kind"), "greeting", "thanks", "follow_up"}))


@dataclass(frozen=True)
class BuiltConversation:
    """Turns with the intent of each question.

    Args:
        exchanges: questions and answers in order.
    """

    exchanges: tuple[Exchange, ...]

    @property
    def turns(self) -> list[Turn]:
        """``{role, content}`` in turn."""
        pairs = ((("user", e.question), ("assistant", e.answer)) for e in self.exchanges)
        return [{"role": role, "content": text} for pair in pairs for role, text in pair]

    @property
    def intents(self) -> list[str]:
        """One a question."""
        return [e.intent for e in self.exchanges]

    @property
    def kind(self) -> str:
        """``choice`` or ``report`` when nothing else is asked, ``single`` for one question, else ``dialogue``."""
        asked = set(self.intents)
        if len(asked) == 1 and asked <= {"choice", "report"}:
            return next(iter(asked))
        return "single" if len(self.exchanges) == 1 else "dialogue"


def make_conversation(
    facts: Facts, rng: np.random.Generator, held_out: bool = False, first: str | None = None
) -> BuiltConversation:
    """A conversation of one to four questions.

    Args:
        facts: of the picture.
        rng: every choice.
        held_out: with held-out phrasings alone.
        first: intent of the first question; drawn when None.
    """
    teller = Teller(facts, rng, held_out)
    wanted = 1 + int(rng.choice(len(LENGTHS), p=LENGTHS))
    exchanges: list[Exchange] = []
    used: set[str] = set()
    focus: Region | None = None
    if first is None and wanted > 1 and teller.chance(0.05):
        exchanges.append(special.greeting(teller))
    while len(exchanges) < wanted:
        last = len(exchanges) == wanted - 1
        if last and len(exchanges) > 1 and teller.chance(0.15):
            exchanges.append(special.thanks(teller))
            break
        key = first if first in _ASK and not used else None
        made = _next(teller, exchanges, used, focus, key)
        focus = made.focus
        exchanges.append(made)
    return BuiltConversation(tuple(exchanges))


def _next(teller: Teller, so_far: list[Exchange], used: set[str], focus: Region | None, key: str | None) -> Exchange:
    """The next exchange: a follow-up on the last answer, or another intent."""
    leans = bool(so_far) and so_far[-1].intent in _LEADS
    if key is None and leans and teller.chance(0.45):
        try:
            made = plain.follow_up(teller, focus)
            if all(made.question != e.question and made.answer != e.answer for e in so_far):
                return made
        except Unsayable:
            pass
    keys = [k for k in _ASK if k not in used or k == "choice"]
    weights = np.array([_ASK[k][0] for k in keys])
    for attempt in range(50):
        drawn = (
            key
            if key is not None and attempt < 20
            else keys[int(teller.rng.choice(len(keys), p=weights / weights.sum()))]
        )
        try:
            made = _ASK[drawn][1](teller)
        except Unsayable:
            continue
        if all(made.question != e.question for e in so_far):
            used.add(drawn)
            return made
    return plain.count(teller)


_LEADS = frozenset({"presence", "count", "where", "type", "size", "severity", "appearance", "worst", "pointed"})
"""Intents a question with a pronoun can follow."""
