"""Who answers multiple-choice questions: the assistant's language model, and the rules on the same anomaly map."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np

from assistant.errors import AssistantError, ConfigError
from assistant.geometry import CELLS
from assistant.inquiry import ANYTHING, Inquiry
from assistant.language.chat_model import ChatDialogue
from assistant.language.interface import DraftWriter
from assistant.pictures.images import load_image
from assistant.reading.faithfulness import stated_verdict
from assistant.reading.question import read_question
from assistant.reading.statements import read
from assistant.types import Inspection, WordsOf
from assistant.vision.build_profile import build_profile

if TYPE_CHECKING:
    from assistant.pipeline import Assistant
    from assistant.vision.encoded_query import EncodedQuery
    from assistant.vision.references.profile import Profile

_TROUBLE = r"\b(?:defect|anomal|abnormal|damage|flaw|fault|lesion|irregularit|problem)"
KEPT_PROFILES = 16
"""Profiles that are kept; pictures of one object mostly share their templates."""


@runtime_checkable
class Answerer(Protocol):
    """Whatever answers a multiple-choice question on a picture."""

    def answer(
        self, image_path: Path, references: Sequence[Path], question_text: str, options: Mapping[str, str]
    ) -> str:
        """An answer in words or letters; empty when the answerer has none.

        Raises:
            AssistantError: a picture that cannot be used.
        """
        ...


class Inspections:
    """Inspections of one picture after the other: encoded once, scored once for each set of kinds.

    Args:
        assistant: loaded.
        inquiry: what is asked of all pictures.
    """

    def __init__(self, assistant: Assistant, inquiry: Inquiry = ANYTHING) -> None:
        self.assistant, self._inquiry = assistant, inquiry
        self._profiles: dict[tuple[Path, ...], Profile] = {}
        self._key: tuple[Path, tuple[Path, ...]] | None = None
        self._encoded: EncodedQuery | None = None
        self._scored: dict[tuple[str, ...], Inspection] = {}

    def of(self, image_path: Path, references: Sequence[Path], types: Sequence[str] = ()) -> Inspection:
        """The inspection of a picture.

        Args:
            image_path: picture.
            references: normal pictures; none for a zero-shot inspection.
            types: kinds to choose from; those of the inquiry when none are given.
        """
        kinds = tuple(types) or self._inquiry.types
        self._encode(image_path, tuple(references))
        if kinds not in self._scored:
            self._scored[kinds] = self.assistant.detector.score(self._told(kinds), self._profile(tuple(references)))
        return self._scored[kinds]

    def likeliest(self, inspection: Inspection, types: Sequence[str]) -> str | None:
        """The kind that is most alike where the map of the picture last inspected is strongest, whatever its score."""
        highest = self.name_highest(inspection, types).highest
        return None if highest is None else highest.type

    def name_highest(self, inspection: Inspection, types: Sequence[str]) -> Inspection:
        """The inspection of the picture last inspected, the kind of its highest place chosen from ``types``."""
        return self.assistant.detector.name_highest(self._told(tuple(types)), inspection)

    def _told(self, kinds: tuple[str, ...]) -> EncodedQuery:
        """The picture last encoded, its regions to be named with some kinds."""
        assert self._encoded is not None
        return replace(self._encoded, inquiry=replace(self._inquiry, types=kinds))

    def _encode(self, image_path: Path, references: tuple[Path, ...]) -> None:
        if self._key == (image_path, references):
            return
        self._key, self._scored = None, {}
        profile = self._profile(references)
        levels = None if profile is None else profile.levels
        self._encoded = self.assistant.detector.encode(load_image(image_path, levels=levels), self._inquiry)
        self._key = image_path, references

    def _profile(self, references: tuple[Path, ...]) -> Profile | None:
        if not references:
            return None
        if references not in self._profiles:
            while len(self._profiles) >= KEPT_PROFILES:
                del self._profiles[next(iter(self._profiles))]
            self._profiles[references] = build_profile(self.assistant.detector, references, self._inquiry)
        return self._profiles[references]


class Rules:
    """Answers from the map alone: the verdict, the place of the strongest region, its best kind among the options."""

    def __init__(self, inspections: Inspections) -> None:
        self._inspections = inspections

    def answer(
        self, image_path: Path, references: Sequence[Path], question_text: str, options: Mapping[str, str]
    ) -> str:
        """A letter; empty for questions that are not on presence, place or kind of a defect."""
        inspection = self._inspections.of(image_path, references)
        asked = read_question(question_text)
        means = {letter: stated_verdict(words, asked) for letter, words in options.items()}
        if len(set(means.values()) - {None}) == 2 and len(options) == 2:
            return next((letter for letter, verdict in means.items() if verdict is inspection.verdict), "")
        if not re.search(_TROUBLE, question_text.lower()):
            return ""
        if asks_place(question_text, options):
            return nearest_place(inspection, options) or ""
        if asks_kind(question_text):
            return self._kind(image_path, references, options)
        return ""

    def _kind(self, image_path: Path, references: Sequence[Path], options: Mapping[str, str]) -> str:
        names = kind_names(options)
        inspection = self._inspections.of(image_path, references, tuple(names))
        found = inspection.regions[0].type if inspection.regions else None
        found = found or self._inspections.likeliest(inspection, tuple(names))
        return names.get(found or "", "")


class LanguageAnswerer:
    """The assistant's language model, told of the same map; the kinds it is told of are those of the options.

    Args:
        inspections: shared with the rules.
        evidence: how it is told ("off", "text", "embeddings", "both"); its own way when None.
        known: what is known beforehand of the things pictured, picture to text; said before the question.

    Raises:
        ConfigError: ``evidence`` is given and this language model has no such switch.
    """

    def __init__(
        self, inspections: Inspections, evidence: str | None = None, known: Mapping[Path, str] | None = None
    ) -> None:
        self._inspections, self._known = inspections, known or {}
        self._switches: dict[str, Any] = {}
        if evidence is not None:
            ask = inspections.assistant.ask
            if "evidence" not in inspect.signature(ask).parameters:
                got = f"--evidence {evidence}"
                raise ConfigError("a language model whose evidence can be switched", got, "leave --evidence out")
            self._switches["evidence"] = evidence

    def answer(
        self, image_path: Path, references: Sequence[Path], question_text: str, options: Mapping[str, str]
    ) -> str:
        """The model's words."""
        by_kind = asks_kind(question_text) and re.search(_TROUBLE, question_text.lower())
        kinds = tuple(kind_names(options)) if by_kind else ()
        inspection = self._inspections.of(image_path, references, kinds)
        if kinds:
            inspection = self._inspections.name_highest(inspection, kinds)
        prompt = as_prompt(question_text, options, self._known.get(image_path, ""))
        (answer,) = self._inspections.assistant.ask(inspection, [prompt], **self._switches)
        if answer.words_of is WordsOf.MODEL_UNREACHABLE:
            do = "start it, and go on with the same command"
            raise AssistantError("an answer of the language model", "what was measured in its place", do)
        return answer.text


class Unaided:
    """The same language model without the map: its own words, not checked against anything.

    Args:
        inspections: of which the picture alone is taken.
        known: as :class:`LanguageAnswerer` takes it.
    """

    def __init__(self, inspections: Inspections, known: Mapping[Path, str] | None = None) -> None:
        self._inspections, self._known = inspections, known or {}

    def answer(
        self, image_path: Path, references: Sequence[Path], question_text: str, options: Mapping[str, str]
    ) -> str:
        """The model's words.

        Raises:
            ConfigError: a model that writes nothing of its own.
            ServerError: one that cannot be asked.
        """
        talk = self._inspections.assistant.open(self._inspections.of(image_path, references), "off")
        model, dialogue = talk.model_and_dialogue
        if not isinstance(model, DraftWriter):
            raise ConfigError(
                "a language model with words of its own", type(model).__name__, "leave --evidence off out"
            )
        if isinstance(dialogue, ChatDialogue):
            dialogue.choices = tuple(options.values())
        return model.answer(
            dialogue, as_prompt(question_text, options, self._known.get(image_path, "")), evidence="off"
        )


def as_prompt(question: str, options: Mapping[str, str], known: str = "") -> str:
    """A multiple-choice question as it is put to a language model."""
    listed = "\n".join(f"{letter}. {words}" for letter, words in options.items())
    before = f"What is known of it: {known}\n" if known else ""
    return f"{before}{question}\n{listed}\nAnswer with the letter of the right option."


def asks_kind(question: str) -> bool:
    """Whether a question asks which kind of defect it is."""
    return re.search(r"\b(?:type|kind|category|class|classif\w+|sort)\b", question.lower()) is not None


def asks_place(question: str, options: Mapping[str, str]) -> bool:
    """Whether a question asks where, and most options name places."""
    asked = re.search(r"\b(?:where|locat\w*|position\w*|place\w*|part of the (?:image|picture))\b", question.lower())
    placed = sum(bool(option_cells(words)) for words in options.values())
    return asked is not None and 2 * placed > len(options)


def kind_names(options: Mapping[str, str]) -> dict[str, str]:
    """Names of kinds from the options' words, without article and full stop, to letters."""
    return {re.sub(r"^(?:an?|the) ", "", words.strip().rstrip("."), flags=re.I): k for k, words in options.items()}


def option_cells(words: str) -> frozenset[str]:
    """Cells of the 3x3 grid that an option's words name; the cells of a side where only that is said."""
    plain = re.sub(r"^(?:(?:at|in|on|near|along|to|the|towards?) )*", "", words.strip().lower().rstrip("."))
    said = read(f"It is at the {plain}.")
    sided = {cell for cell in CELLS for side in said.sides if side in cell.split()}
    return said.cells or frozenset(sided)


def nearest_place(inspection: Inspection, options: Mapping[str, str]) -> str | None:
    """The letter whose place holds the strongest region, else the nearest; of several the one that names fewest cells.

    Without a region, the cell where the map is highest stands for it.
    """
    cell = inspection.regions[0].cells[0] if inspection.regions else strongest_cell(inspection.anomaly_map.scores)
    at = divmod(CELLS.index(cell), 3)

    def distance(cells: frozenset[str]) -> tuple[int, int]:
        found = (divmod(CELLS.index(one), 3) for one in cells)
        return min((r - at[0]) ** 2 + (c - at[1]) ** 2 for r, c in found), len(cells)

    ranked = {letter: distance(cells) for letter, words in options.items() if (cells := option_cells(words))}
    return min(ranked, key=lambda letter: ranked[letter]) if ranked else None


def strongest_cell(scores: np.ndarray) -> str:
    """The cell that holds the highest score of a map."""
    row, column = np.unravel_index(int(scores.argmax()), scores.shape)
    cell: str = CELLS[int(row) * 3 // scores.shape[0] * 3 + int(column) * 3 // scores.shape[1]]
    return cell
