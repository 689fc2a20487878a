"""Multiple-choice question files in MMAD's format: reading, checking, templates, domain knowledge.

The file is one JSON object. Keys are paths of pictures relative to a folder; a value holds ``conversation``, a list of
``{"Question", "Answer", "Options": {"A": …}, "type"}``, and lists of normal pictures in ``random_templates`` and
``similar_templates``. Source of the format: MMAD, "The First-Ever Comprehensive Benchmark for Multimodal Large Language
Models in Industrial Anomaly Detection", ICLR 2025.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assistant.errors import DataSetError
from assistant.files.text import decoded
from assistant.reading.faithfulness import stated_verdict
from assistant.reading.question import Question, read_question
from assistant.types import Verdict

DETECTION = "Anomaly Detection"
SUBTASKS = (
    DETECTION,
    "Defect Classification",
    "Defect Localization",
    "Defect Description",
    "Defect Analysis",
    "Object Classification",
    "Object Analysis",
)
"""The subtasks in the order of the published tables; others in a file come after them."""
MERGED = {"Object Structure": "Object Analysis", "Object Details": "Object Analysis"}
"""Types of questions that are published under another name."""
TEMPLATES = ("random", "similar")


@dataclass(frozen=True)
class ChoiceQuestion:
    """One multiple-choice question.

    Args:
        text: as asked.
        options: letter to words.
        correct: letter of the right option.
        subtask: of :data:`SUBTASKS`, or the file's own name.
    """

    text: str
    options: Mapping[str, str]
    correct: str
    subtask: str

    @property
    def asked(self) -> Question:
        """The text without its options, read."""
        return read_question(self.text)

    @property
    def anomalous(self) -> bool | None:
        """For detection: whether the right answer says that the picture is anomalous; None for other questions."""
        if self.subtask != DETECTION:
            return None
        verdict = stated_verdict(self.options[self.correct], self.asked)
        return None if verdict is None else verdict is Verdict.ANOMALOUS


@dataclass(frozen=True)
class AskedPicture:
    """A picture with its questions.

    Args:
        key: its path as in the file.
        path: on this machine.
        group: the data set it belongs to: accuracies are averaged over groups.
        references: normal pictures to be shown with it.
        questions: those that are well formed.
        problems: what is wrong with the others, or with the picture's row; one line each.
    """

    key: str
    path: Path
    group: str
    references: tuple[Path, ...]
    questions: tuple[ChoiceQuestion, ...]
    problems: tuple[str, ...] = ()


def read_questions(
    file: Path, root: Path, shots: int = 1, templates: str = "random", limit: int | None = None
) -> list[AskedPicture]:
    """Pictures of a question file, in its order.

    Args:
        file: in MMAD's format.
        root: folder that the file's paths start from.
        shots: references a picture, taken from its templates in their order.
        templates: "random" or "similar".
        limit: pictures at most, spread evenly over the file; all when None.

    Raises:
        DataSetError: a file that cannot be read or has another form.
    """
    content = _load(file, "a question file in MMAD's format")
    if not isinstance(content, dict) or not content or not all(isinstance(v, dict) for v in content.values()):
        raise DataSetError(
            f"{file} as one JSON object, picture to questions", _form(content), "follow MMAD's mmad.json"
        )
    keys = list(content)
    if limit is not None and limit < len(keys):
        keys = [keys[i * len(keys) // limit] for i in range(limit)]
    return [_picture(key, content[key], root, shots, templates) for key in keys]


def domain_knowledge(file: Path, keys: Sequence[str]) -> dict[str, str]:
    """What a domain-knowledge file says of each picture's kind of thing: data set, object, then texts.

    Args:
        file: JSON, nested objects with texts at the leaves; a prefix ``DS-`` of a data set is overlooked.
        keys: paths of pictures, ``<data set>/<object>/…``.

    Raises:
        DataSetError: a file that cannot be read or has another form.
    """
    content = _load(file, "a domain-knowledge file")
    if not isinstance(content, dict):
        raise DataSetError(f"{file} as a JSON object", _form(content), "data set, then object, then texts")
    return {key: "\n".join(_texts(_descend(content, key.split("/")))) for key in keys}


def _load(file: Path, what: str) -> Any:
    try:
        return json.loads(decoded(file.read_bytes(), str(file)))
    except OSError as error:
        raise DataSetError(what, f"{error.strerror or error} at {file}", "check the path") from error
    except (ValueError, RecursionError) as error:
        raise DataSetError(what, f"no JSON in {file} ({error})", "correct the file") from error


def _form(content: Any) -> str:
    return f"{type(content).__name__} of {len(content)}" if isinstance(content, dict | list) else repr(content)[:60]


def _picture(key: str, row: Mapping[str, Any], root: Path, shots: int, templates: str) -> AskedPicture:
    parts = key.split("/")
    group = parts[0] if len(parts) > 3 else root.resolve().name
    problems: list[str] = []
    names = row.get(f"{templates}_templates") or []
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        names = []
    if len(names) < shots:
        problems.append(f"expected {shots} of {templates}_templates, got {len(names)}; ask with fewer --shots")
    questions: list[ChoiceQuestion] = []
    talk = row.get("conversation")
    for number, turn in enumerate(talk if isinstance(talk, list) else [None], start=1):
        made = _question(turn)
        if isinstance(made, ChoiceQuestion):
            questions.append(made)
        else:
            problems.append(f"question {number}: {made}")
    return AskedPicture(
        key, root / key, group, tuple(root / name for name in names[:shots]), tuple(questions), tuple(problems)
    )


def _question(turn: Any) -> ChoiceQuestion | str:
    """A question, or what is wrong with it."""
    if not isinstance(turn, dict):
        return "expected Question, Answer, Options and type, got none"
    text, options, correct = turn.get("Question"), turn.get("Options"), turn.get("Answer")
    if not isinstance(text, str) or not isinstance(options, dict) or not options:
        return "expected a Question with Options, got none"
    words = {str(letter).strip(): str(option) for letter, option in options.items()}
    if not isinstance(correct, str) or correct.strip() not in words:
        return f"expected an Answer of {', '.join(words)}, got {correct!r}"
    subtask = str(turn.get("type") or "Other")
    return ChoiceQuestion(text, words, correct.strip(), MERGED.get(subtask, subtask))


def _descend(content: Mapping[str, Any], parts: Sequence[str]) -> Any:
    """The entry below the parts of a path, as far as they are keys; nothing when not even the first two are."""
    depth, at = 0, content
    for part in parts:
        names = (part, part.removeprefix("DS-"), part.removesuffix("-AD"), part.removeprefix("DS-") + "-AD")
        found = next((name for name in names if isinstance(at, Mapping) and name in at), None)
        if found is None:
            break
        depth, at = depth + 1, at[found]
        if depth == 2:
            break
    return at if depth == 2 or isinstance(at, str) else None


def _texts(entry: Any) -> list[str]:
    if isinstance(entry, str):
        return [entry.strip()]
    if isinstance(entry, Mapping):
        return [text for value in entry.values() for text in _texts(value)]
    return []
