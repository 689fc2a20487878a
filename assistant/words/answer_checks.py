"""What a model's answer owes the question: whether it says what was asked, what it passes over, how much it makes up.

Whether what it says is true is :mod:`assistant.reading.faithfulness`'s matter.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from assistant.reading.clauses import mentioned_types, same_kind
from assistant.reading.intents import Intent
from assistant.reading.question import Question
from assistant.reading.refusals import declines
from assistant.reading.statements import read
from assistant.types import Inspection
from assistant.vocabulary.knowledge import Knowledge
from assistant.words.template_answers import LISTED, SENTENCES, asked_regions


def left_unsaid(text: str, question: Question, inspection: Inspection, knowledge: Knowledge) -> list[str]:
    """Sentences from the evidence on what a question asks of the regions besides and an answer passes over.

    Size, severity, causes, effects and next steps are looked for. Nothing is added to an answer that declines, or that puts a
    wrong question right.
    """
    regions, words = asked_regions(question, inspection), text.lower()
    strangers = [kind for kind in question.kinds if not any(same_kind(kind, r.type) for r in regions)]
    if not regions or strangers or question.options or declines(text):
        return []
    said, entry = read(text), knowledge.find(regions[0].type)
    told: dict[Intent, Callable[[], bool]] = {
        Intent.SIZE: lambda: bool(said.percents),
        Intent.SEVERITY: lambda: bool(said.severities),
        Intent.CAUSE: lambda: _grounded(words, entry.causes if entry else ()),
        Intent.EFFECT: lambda: _grounded(words, entry.effects if entry else ()),
        Intent.NEXT_STEP: lambda: _grounded(words, entry.actions if entry else ()),
    }
    missing = [intent for intent in question.intents if intent in told and not told[intent]()]
    return [SENTENCES[intent](regions, inspection, knowledge) for intent in missing]


def addresses(text: str, question: Question, inspection: Inspection, knowledge: Knowledge) -> bool:
    """Whether an answer says what the question is after, as far as its intents are recognised.

    Causes, effects and next steps must share words with what is known of the kind, else a small model
    invents them.
    """
    intents, said, regions = question.intents, read(text), asked_regions(question, inspection)
    if question.unanswerable:
        return re.search(r"\b(not|cannot|unknown|unable|no information)\b|n't\b", text.lower()) is not None
    if Intent.PRESENCE in intents and not said.verdicts:
        return False
    if question.kinds and Intent.PRESENCE in intents and not set(question.kinds) & said.types:
        return bool(set(question.kinds) & set(mentioned_types(text)))
    if not regions:
        return bool(said.verdicts or inspection.regions or not intents) or said.count == 0
    entry, words = knowledge.find(regions[0].type), text.lower()
    told = regions[:LISTED]
    needs: dict[Intent, Callable[[], bool]] = {
        Intent.COUNT: lambda: said.count is not None,
        Intent.WHERE: lambda: all(set(r.cells) & said.cells for r in told),
        Intent.TYPE: lambda: all(r.type is None or r.type in words for r in told),
        Intent.SIZE: lambda: bool(said.percents),
        Intent.SEVERITY: lambda: {r.severity for r in told} <= said.severities,
        Intent.CAUSE: lambda: _grounded(words, entry.causes if entry else ()),
        Intent.EFFECT: lambda: _grounded(words, entry.effects if entry else ()),
        Intent.NEXT_STEP: lambda: _grounded(words, entry.actions if entry else ()),
    }
    return all(needs[intent]() for intent in intents if intent in needs)


_COMMON = frozenset(
    "this that with from have been there here what when where which will would should could they them than then some "
    "also very more most only into over does looks look seems appears picture image shows shown show found seen "
    "visible "
    "located place likely probably possibly something anything nothing wrong normal anomalous unusual defect anomaly "
    "region regions rated covers about sure answer because result cause causes caused usually usual".split()
)


def invented(text: str, *sources: str) -> float:
    """Share of the text's content words that are neither common nor in the sources, [0, 1]. Endings do not count."""

    def stem(word: str) -> str:
        return re.sub(r"(?:ing|ed|es|s|ly)$", "", word)[:7]

    known = {stem(word) for source in sources for word in re.findall(r"[a-z]+", source.lower())} | set(
        map(stem, _COMMON)
    )
    content = [stem(word) for word in re.findall(r"[a-z]+", text.lower()) if len(word) > 3]
    return sum(word not in known for word in content) / len(content) if content else 0.0


def _grounded(text: str, phrases: tuple[str, ...]) -> bool:
    """Whether most content words of at least one phrase are in the text; nothing is known without phrases."""
    return any(
        2 * sum(word in text for word in content) > len(content)
        for phrase in phrases
        if (content := [word for word in re.findall(r"[a-z]+", phrase.lower()) if len(word) > 3])
    )
