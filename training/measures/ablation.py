"""How right a language model's own words are when it is told nothing, the evidence text, the prompt embeddings, or both."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from assistant.language.interface import EVIDENCE, DraftWriter, EvidenceKind, TokenDialogue
from training.measures.answer_facts import JUDGES, judged
from training.measures.told_pictures import BuiltQuestion, ToldPicture, watched

REFERENCE = "built"
"""Row of the answers that were built: what the reading can find at all."""


@dataclass(frozen=True, eq=False)
class FirstQuestion:
    """A question to be asked first of a picture."""

    picture: ToldPicture
    exchange: BuiltQuestion


def questions(pictures: Sequence[ToldPicture], limit: int | None, seed: int) -> dict[str, list[FirstQuestion]]:
    """Up to ``limit`` questions an intent, drawn by the seed. None of them leans on an earlier turn."""
    rng = random.Random(seed)
    every: dict[str, list[FirstQuestion]] = {intent: [] for intent in JUDGES}
    for picture in pictures:
        for exchange in (e for talk in picture.conversations for e in talk if e.intent in JUDGES):
            every[exchange.intent].append(FirstQuestion(picture, exchange))
    for found in every.values():
        rng.shuffle(found)
    return {intent: found[:limit] for intent, found in every.items()}


def scored(asked: dict[str, list[FirstQuestion]], answer: Callable[[FirstQuestion], str], text: str) -> dict[str, Any]:
    """By intent, and over all intents alike: questions, accuracy, and the share that was not read, which counts as wrong."""
    flat = [(intent, one) for intent, found in asked.items() for one in found]
    results: dict[str, list[bool | None]] = {intent: [] for intent in asked}
    for intent, one in watched(flat, text):
        words = answer(one)
        results[intent].append(judged(intent, words, one.exchange.question, one.picture.inspection))
    rows: dict[str, Any] = {
        intent: {
            "questions": len(found),
            "accuracy": sum(right is True for right in found) / len(found),
            "unread": sum(right is None for right in found) / len(found),
        }
        for intent, found in results.items()
        if found
    }
    means = [row["accuracy"] for row in rows.values()]
    return rows | {"mean": {"accuracy": sum(means) / len(means) if means else None}}


def ablation(
    model: DraftWriter[TokenDialogue], pictures: Sequence[ToldPicture], limit: int | None, seed: int,
    evidence: Sequence[EvidenceKind] = EVIDENCE, each: Callable[[str, dict[str, Any]], None] = lambda name, row: None,
) -> dict[str, Any]:  # fmt: skip
    """Accuracy of first answers, not asked again, against the inspection.

    Args:
        model: that talks.
        pictures: with conversations.
        limit: questions an intent at most.
        seed: of the draw; the same questions are asked under each evidence.
        evidence: what is told, a row each.
        each: is given every row as it is done.
    """
    asked = questions(pictures, limit, seed)
    rows = {REFERENCE: scored(asked, lambda one: one.exchange.answer, "built answers")}
    each(REFERENCE, rows[REFERENCE])
    for told in evidence:

        def answer(one: FirstQuestion, told: EvidenceKind = told) -> str:
            dialogue = model.open(one.picture.inspection, one.picture.encoded())
            return model.answer(dialogue, one.exchange.question, evidence=told)

        rows[told] = scored(asked, answer, f"questions, evidence {told}")
        each(told, rows[told])
    return rows
