"""How fast an assistant writes against a bare ``generate`` of the same model, and what a long conversation computes again.

Both ways run in turn on the same ids, in one process, with the same precision and length; times are of the model's own
steps, so that both are read off the same clock.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch

from assistant.language.interface import EvidenceKind
from assistant.language.models.mini import MiniLVLM
from assistant.pipeline import Assistant
from assistant.types import QueryImage
from assistant.vocabulary.knowledge import load_knowledge
from assistant.words.evidence import evidence_text
from training.measures.told_pictures import ToldPicture, watched

QUESTIONS = (
    "Is anything wrong?", "Where is it?", "What kind is it?", "How big is it?", "How serious is it?", "What caused it?",
    "What can it lead to?", "What should I do next?", "How many defects are there?", "What is the serial number?",
)  # fmt: skip


@contextmanager
def steps(model: Any) -> Iterator[list[tuple[float, int]]]:
    """Of each call of the model while this holds: when it ended (seconds), and how many tokens it read."""
    seen: list[tuple[float, int]] = []

    def note(module: Any, args: Any, kwargs: dict[str, Any], output: Any) -> None:
        if model.device.type == "cuda":
            torch.cuda.synchronize()
        given = kwargs.get("input_ids", args[0] if args else None)
        seen.append((time.perf_counter(), 0 if given is None else int(given.shape[1])))

    handle = model.register_forward_hook(note, with_kwargs=True)
    try:
        yield seen
    finally:
        handle.remove()


def streamed(model: MiniLVLM, picture: ToldPicture, question: str, evidence: EvidenceKind) -> dict[str, Any]:
    """Seconds to the first token, to the first words a reader sees, and in all; tokens written; ids that were asked."""
    dialogue = model.open(picture.inspection, picture.encoded())
    first_words = None
    with steps(model.parts.model) as seen:
        start = time.perf_counter()
        for _ in model.stream(dialogue, question, evidence=evidence):
            first_words = first_words or time.perf_counter() - start
        whole = time.perf_counter() - start
    text = evidence_text(picture.inspection, load_knowledge()) if evidence in ("text", "both") else None
    ids = model.parts.renderer.opening(question, model.parts.slots(evidence in ("embeddings", "both")), text)
    return {
        "first_token": seen[0][0] - start, "first_words": first_words, "seconds": whole, "tokens": len(seen), "ids": ids,
    }  # fmt: skip


def bare(model: MiniLVLM, ids: Sequence[int], tokens: int) -> dict[str, Any]:
    """The same of ``generate`` alone, made to write as many tokens."""
    given = torch.tensor([list(ids)], device=model.parts.model.device)
    end = model.parts.renderer.end_ids[0]
    with steps(model.parts.model) as seen, torch.inference_mode():
        start = time.perf_counter()
        model.parts.model.generate(
            input_ids=given, attention_mask=torch.ones_like(given), max_new_tokens=tokens, min_new_tokens=tokens,
            do_sample=False, pad_token_id=end, eos_token_id=end,
        )  # fmt: skip
        whole = time.perf_counter() - start
    return {"first_token": seen[0][0] - start, "seconds": whole, "tokens": len(seen)}


def paired_speed(
    model: MiniLVLM, pictures: Sequence[ToldPicture], evidence: EvidenceKind = "both", repeats: int = 5
) -> dict[str, float | int | None]:
    """Medians over pictures, the first of which only warms up; ratios of 1 and more are as fast as bare ``generate``."""
    rounds = [pictures[i % len(pictures)] for i in range(repeats + 1)]
    ours, theirs = [], []
    for number, picture in enumerate(watched(rounds, "speed")):
        one = streamed(model, picture, QUESTIONS[number % len(QUESTIONS)], evidence)
        other = bare(model, one["ids"], one["tokens"])
        if number % 2:  # which of the two goes first changes in turn; the ids and the length come from ours
            one = streamed(model, picture, QUESTIONS[number % len(QUESTIONS)], evidence)
        if number:
            ours.append(one)
            theirs.append(other)
    rates = [[r["tokens"] / r["seconds"] for r in side] for side in (ours, theirs)]
    return {
        "rounds": len(ours),
        "prompt_tokens": statistics.median(len(r["ids"]) for r in ours),
        "written_tokens": statistics.median(r["tokens"] for r in ours),
        "first_token_s": statistics.median(r["first_token"] for r in ours),
        "first_words_s": statistics.median(r["first_words"] or r["seconds"] for r in ours),
        "bare_first_token_s": statistics.median(r["first_token"] for r in theirs),
        "tokens_per_s": statistics.median(rates[0]),
        "bare_tokens_per_s": statistics.median(rates[1]),
        "first_token_ratio": statistics.median(
            b["first_token"] / o["first_token"] for o, b in zip(ours, theirs, strict=True)
        ),
        "rate_ratio": statistics.median(o / b for o, b in zip(*rates, strict=True)),
    }


def long_conversation(
    assistant: Assistant, picture: QueryImage, evidence: EvidenceKind = "both", questions: Sequence[str] = QUESTIONS
) -> dict[str, Any]:
    """A conversation from the pixels on: calls of the visual encoder, and tokens read and written a turn.

    ``read`` counts the tokens of every call that reads more than one, those of a retry included; ``conversation`` is the
    length of all before and with the question, which a model without a cache would read.
    """
    encoded: list[int] = []
    handle = assistant.detector.clip.encoder.register_forward_hook(lambda *_: encoded.append(1))
    try:
        talk = assistant.open(assistant.inspect(picture), evidence)
        assert isinstance(talk.model, MiniLVLM)
        read, whole, total = [], [], 0
        for question in watched(list(questions), "ten turns"):
            with steps(talk.model.parts.model) as seen:
                talk.ask(question)
            prefilled = sum(count for _, count in seen if count > 1)
            read.append(prefilled)
            whole.append(total + prefilled)
            total += prefilled + sum(count for _, count in seen if count == 1)
    finally:
        handle.remove()
    return {"encoder_calls": len(encoded), "turns": len(read), "read": read, "conversation": whole}
