"""Questions and answers on one picture's facts: what is asked of what is there, and which phrasings answer it.

Every answer is read back by :mod:`assistant.reading.faithfulness` and drawn again where it could be misread.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache

import numpy as np

from assistant.reading.faithfulness import contradicts
from assistant.reading.question import read_question
from assistant.types import Region, Verdict
from assistant.vocabulary.knowledge import Knowledge, load_knowledge
from assistant.words import wording
from data_builders.words.facts import Facts
from data_builders.words.phrases import Unsayable, expand, lines, load, pick, share
from data_builders.words.slots import Scene

TRIES = 60
"""Draws before a list is taken to have nothing to say."""
JUDGING = frozenset({"presence", "type", "severity", "appearance", "cause", "effect", "next_step", "worst", "compare"})
"""Intents whose answers may carry a word of doubt."""
NOTICED = JUDGING | {"pointed", "false_premise", "follow_up"}
"""Intents whose answers may carry the research notice."""
NOTHING_TO = {
    "count": "count", "where": "locate", "type": "name", "size": "measure", "severity": "rate",
    "appearance": "describe", "cause": "explain", "effect": "explain", "worst": "point at", "next_step": "work on",
}  # fmt: skip
_EXTRAS = {
    "presence": ("size", "severity", "next_step", "effect"), "count": ("size", "severity"),
    "where": ("type", "size", "severity"), "type": ("where", "severity", "cause", "effect"),
    "size": ("where", "severity", "type"), "severity": ("where", "effect", "next_step", "size"),
    "appearance": ("where", "severity"), "cause": ("effect", "next_step"), "effect": ("next_step", "severity"),
    "next_step": ("severity",), "worst": ("size", "next_step"),
}  # fmt: skip


_NEEDS_KIND = frozenset({"cause", "effect", "next_step"})
"""What is said of a kind, which must have been named."""


@cache
def shipped_knowledge() -> Knowledge:
    """The package's knowledge, read once."""
    return load_knowledge()


@dataclass(frozen=True)
class Exchange:
    """A question with its answer.

    Args:
        intent: what was asked.
        question, answer: the two turns.
        focus: the region they were about; None when none or all.
    """

    intent: str
    question: str
    answer: str
    focus: Region | None = None


@dataclass(frozen=True, eq=False)
class Teller:
    """Asks and answers about one picture.

    Args:
        facts: of the picture.
        rng: every choice.
        held_out: use the held-out phrasings, and no others.
        knowledge: of kinds.
    """

    facts: Facts
    rng: np.random.Generator
    held_out: bool = False
    knowledge: Knowledge = field(default_factory=shipped_knowledge)

    @property
    def regions(self) -> tuple[Region, ...]:
        """Of the picture."""
        return self.facts.regions

    @property
    def situation(self) -> str:
        """Which kind of answer the facts call for."""
        if self.facts.verdict is Verdict.NORMAL:
            return "spots" if self.regions else "clear"
        return ("diffuse", "one", "several")[min(2, len(self.regions))]

    @property
    def doubtful(self) -> bool:
        """Score close to the threshold."""
        return wording.borderline(self.facts.score)

    def chance(self, probability: float) -> bool:
        """True with that probability."""
        return bool(self.rng.random() < probability)

    def scene(self, focus: Region | None = None, **given: str) -> Scene:
        """For an answer."""
        return Scene(self.facts, self.knowledge, self.rng, focus, given)

    def ask(self, *keys: str, focus: Region | None = None, given: Mapping[str, str] | None = None) -> str:
        """A question of the phrasing file."""
        scene = replace(self.scene(focus, **(given or {})), asking=True)
        question = self.draw(lines(load("questions"), *keys), scene, None)
        return f"{question[:-1]}?" if question.endswith(".") and _asks(question) else question

    def tell(self, question: str, *keys: str, focus: Region | None = None, **given: str) -> str:
        """An answer of the phrasing file, in agreement with the facts."""
        return self.draw(lines(load("answers"), *keys), self.scene(focus, **given), question)

    def draw(self, choices: Sequence[str], scene: Scene, question: str | None, prefix: str = "") -> str:
        """A filled line; with a question, one that does not contradict the facts.

        Raises:
            Unsayable: none was found.
        """
        usable = share(choices, self.held_out)
        for _ in range(TRIES):
            try:
                text = scene.write(prefix + expand(pick(usable, self.rng), self.rng))
            except Unsayable:
                continue
            if question is None or self.agrees(text, question):
                return text
        raise Unsayable(f"nothing of {list(usable)} can be said here")

    def agrees(self, answer: str, question: str) -> bool:
        """Whether an answer is read as the facts are."""
        return not contradicts(answer, self.facts.inspection, read_question(question))

    def finish(self, intent: str, question: str, answer: str, focus: Region | None = None) -> Exchange:
        """The exchange, its answer followed by more facts, a word of doubt or the research notice where they are due."""
        subject = focus or (self.regions[0] if len(self.regions) == 1 else None)
        sentences = [answer, *self._extras(intent, answer, question, subject)]
        judging = intent in JUDGING
        if judging and self.doubtful and self.chance(1.0 if intent == "presence" else 0.3):
            sentences.append(self._doubt(question))
        scene = self.scene()
        if intent in NOTICED and scene.medical and self.chance(0.5):
            notice = wording.caution(self.facts.inspection, self.knowledge)
            sentences.append(notice if self.chance(0.6) else wording.RESEARCH_NOTICE)
        text = " ".join(s for s in sentences if s)
        return Exchange(intent, question, text if self.agrees(text, question) else answer, subject)

    def _doubt(self, question: str) -> str:
        return self.tell(question, "doubt", "any")

    def _extras(self, intent: str, answer: str, question: str, subject: Region | None) -> list[str]:
        """Up to two further sentences on the region spoken of."""
        if subject is None or intent not in _EXTRAS or not self.chance(0.35) or len(answer) > 160:
            return []
        topics = list(_EXTRAS[intent])
        self.rng.shuffle(topics)
        found: list[str] = []
        for topic in sorted(topics[: 1 + int(self.rng.integers(2))], key=lambda topic: topic == "next_step"):
            if topic in _NEEDS_KIND and (subject.type or "?") not in answer.lower():
                continue
            try:
                more = self.tell(question, "extras", topic, focus=subject)
            except Unsayable:
                continue
            facts = (wording.percent(subject.area_fraction), subject.severity.value, wording.place(subject.cells))
            said = " ".join([answer, *found]).lower()
            if not any(fact in said and fact in more.lower() for fact in facts) and not _repeats(more, said):
                found.append(more)
        return found

    def target(self, *, by_place: bool = True, by_kind: bool = True) -> tuple[str, Region | None]:
        """What a question in the singular calls the region it means, and that region."""
        if not self.regions:
            return "the {flaw}", None
        region = pick(self.regions[:6], self.rng)
        alone = len(self.regions) == 1
        ways = ["the {flaw}", "the {flaw}"] if alone else [f"region {region.id}"]
        entry = self.knowledge.find(region.type)
        if by_kind and entry is not None and [r.type for r in self.regions].count(region.type) == 1:
            ways.append(f"the {entry.name}")
        if by_place and not alone and not any(set(region.cells) & set(r.cells) for r in self.regions if r != region):
            ways.append(f"the one at the {region.cells[0]}")
        return pick(ways, self.rng), region

    def strongest(self) -> Region:
        """The first region."""
        if not self.regions:
            raise Unsayable("no region")
        return self.regions[0]


def _asks(question: str) -> bool:
    """Whether a sentence that ends with a full stop opens with a question word."""
    return question.split(" ")[0].lower() in {"what", "which", "where", "whereabouts", "how", "in", "can", "could"}


def _repeats(more: str, said: str) -> bool:
    """Whether most content words of a sentence have been said."""
    words = [w for w in more.lower().rstrip(".").split() if len(w) > 4]
    return bool(words) and sum(w in said for w in words) * 2 >= len(words)
