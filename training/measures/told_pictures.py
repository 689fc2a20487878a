"""Inspected pictures with conversations about them, read back from language sets, for measuring a language model.

A set is a folder of :mod:`training.predict` with the ``conversations.jsonl`` of :mod:`data_builders.dialogues` in it. The
map is kept at 48x48, which is what the prompt learner reads; the picture itself is not read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from rich.console import Console
from rich.progress import track

from assistant.errors import DataSetError
from assistant.language.tokens.projector import EncodedImage
from assistant.report import inspection_of_row
from assistant.types import Domain, Inspection
from assistant.vocabulary.knowledge import Knowledge, load_knowledge
from assistant.words.evidence import evidence_text
from training.language.data import CONVERSATIONS, EVIDENCE, INSPECTIONS, read_jsonl, read_tensors

Item = TypeVar("Item")
SHOWN_FROM = 8
"""Fewer items than this need no progress bar."""


@dataclass(frozen=True)
class BuiltQuestion:
    """A question, what it is after by the builder's own name, and the answer built for it."""

    intent: str
    question: str
    answer: str


@dataclass(frozen=True, eq=False)
class ToldPicture:
    """One inspected picture.

    Args:
        inspection: with the map at 48x48 and a blank picture.
        tensors: file with the projector's input.
        conversations: built ones, held-out phrasings.
        source: the picture's own file, which may be gone.
    """

    inspection: Inspection
    tensors: Path
    conversations: tuple[tuple[BuiltQuestion, ...], ...]
    source: Path

    def encoded(self) -> EncodedImage:
        """What the projector reads of the picture; from disk."""
        return EncodedImage(read_tensors(self.tensors)[1][None])


def read_told(folder: Path) -> list[ToldPicture]:
    """Pictures of a language set that have conversations, in the order of those.

    Raises:
        DataSetError: missing files or fields, or tables that do not belong together.
    """
    evidence = {row.get("index"): row for row in read_jsonl(folder / EVIDENCE)}
    inspected = {row.get("source"): row for row in read_jsonl(folder / INSPECTIONS)}
    knowledge, made = load_knowledge(), []
    for number, row in enumerate(read_jsonl(folder / CONVERSATIONS), 1):
        try:
            index = int(row["index"])
            about = evidence[index]
            tensors = folder / f"{index:07d}.safetensors"
            inspection = _inspection(inspected[about["source"]], str(about["evidence"]), tensors, knowledge)
            pairs = zip(row["conversations"], row["intents"], strict=True)
            talks = tuple(_exchanges(messages, intents) for messages, intents in pairs)
            made.append(ToldPicture(inspection, tensors, talks, Path(about["source"])))
        except (KeyError, TypeError, ValueError) as error:
            raise DataSetError(
                f"conversations with intents on pictures of {EVIDENCE} and {INSPECTIONS}",
                f"line {number} of {CONVERSATIONS} in {folder.name} ({error})",
                "make the conversations again",
            ) from error
    if not made:
        raise DataSetError("at least one conversation", f"none in {folder.name}", "make it again")
    return made


def _inspection(row: Mapping[str, Any], told: str, tensors: Path, knowledge: Knowledge) -> Inspection:
    """Read back, of the domain whose evidence text is the one that was written."""
    scores = read_tensors(tensors)[0][0].numpy()
    found = [inspection_of_row(row, scores, domain) for domain in (Domain.INDUSTRIAL, Domain.MEDICAL)]
    return next((one for one in found if evidence_text(one, knowledge) == told), inspection_of_row(row, scores))


def _exchanges(messages: Sequence[Mapping[str, str]], intents: Sequence[str]) -> tuple[BuiltQuestion, ...]:
    asked, said = messages[::2], messages[1::2]
    return tuple(
        BuiltQuestion(str(intent), str(question["content"]), str(answer["content"]))
        for intent, question, answer in zip(intents, asked, said, strict=True)
    )


def watched(items: Sequence[Item], text: str) -> Iterable[Item]:
    """The items with a progress bar on standard error where there are many."""
    return track(items, text, console=Console(stderr=True), transient=True, disable=len(items) < SHOWN_FROM)
