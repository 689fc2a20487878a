"""Who answers multiple-choice questions: the assistant's language model, and the rules on the same anomaly map."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np

from assistant.errors import ConfigError
from assistant.geometry import CELLS
from assistant.pictures.images import load_image
from assistant.reading.faithfulness import stated_verdict
from assistant.reading.statements import read
from assistant.types import Inspection

if TYPE_CHECKING:
    from assistant.pipeline import Assistant, Seen
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
    """Inspections of one picture after the other: encoded once, judged once for each set of kinds.

    Args:
        assistant: loaded.
        options: ``object_name``, ``look_for``, ``score``, ``domain``, ``types`` and ``fixed_camera`` of all pictures.
    """

    def __init__(self, assistant: Assistant, options: Mapping[str, Any]) -> None:
        self.assistant = assistant
        self._options = {"object_name": None, "look_for": (), "score": "blend", "types": (), **options}
        self._domain = self._options.pop("domain", None)
        self._fixed_camera = bool(self._options.pop("fixed_camera", False))
        self._profiles: dict[tuple[Path, ...], Profile] = {}
        self._key: tuple[Path, tuple[Path, ...]] | None = None
        self._seen: Seen | None = None
        self._judged: dict[tuple[str, ...], Inspection] = {}

    def of(self, image_path: Path, references: Sequence[Path], types: Sequence[str] = ()) -> Inspection:
        """The inspection of a picture.

        Args:
            image_path: picture.
            references: normal pictures; none for a zero-shot inspection.
            types: kinds to choose from; those of the options when none are given.
        """
        kinds = tuple(types) or tuple(self._options["types"])
        seen = self._see(image_path, tuple(references))
        if kinds not in self._judged:
            told = {**self._options, "types": kinds}
            self._judged[kinds] = self.assistant.judge(seen, self._profile(tuple(references)), **told)
        return self._judged[kinds]

    def likeliest(self, inspection: Inspection, types: Sequence[str]) -> str | None:
        """The kind that is most alike where the map of the picture last inspected is strongest, whatever its score."""
        highest = self.name_highest(inspection, types).highest
        return None if highest is None else highest.type

    def name_highest(self, inspection: Inspection, types: Sequence[str]) -> Inspection:
        """The inspection of the picture last inspected, the kind of its highest place chosen from ``types``."""
        assert self._seen is not None
        return self.assistant.name_highest(self._seen, inspection, self._options["look_for"], types)

    def _see(self, image_path: Path, references: tuple[Path, ...]) -> Seen:
        if self._seen is not None and self._key == (image_path, references):
            return self._seen
        self._key, self._judged = None, {}
        told = self._options["object_name"], self._options["look_for"], self._domain
        self._seen = self.assistant.see(load_image(image_path), *told)
        self._key = image_path, references
        return self._seen

    def _profile(self, references: tuple[Path, ...]) -> Profile | None:
        if not references:
            return None
        if references not in self._profiles:
            while len(self._profiles) >= KEPT_PROFILES:
                del self._profiles[next(iter(self._profiles))]
            self._profiles[references] = self.assistant.build_profile(
                [load_image(path) for path in references],
                object_name=self._options["object_name"],
                look_for=self._options["look_for"],
                fixed_camera=self._fixed_camera,
            )
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
        means = {letter: stated_verdict(words, question_text) for letter, words in options.items()}
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
        answers = self._inspections.assistant.ask(inspection, [prompt], **self._switches)
        return answers[0].text


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
