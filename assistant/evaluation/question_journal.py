"""Answers of a run on questions, written down picture by picture, so that a run that was stopped goes on where it was."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from assistant.errors import ConfigError
from assistant.evaluation.question_scores import AnsweredQuestion
from assistant.evaluation.questions import AskedPicture

ENDING = ".partial.jsonl"
"""Of its file, beside the report; gone when every picture was asked about."""


class Journal:
    """What was answered so far, and by what.

    Args:
        path: of the file; None keeps nothing.
        head: what decides the answers; a file with another one is of another run.

    Raises:
        ConfigError: a file of another run, or no journal.
    """

    def __init__(self, path: Path | None, head: Mapping[str, Any]) -> None:
        self._path = path
        self._known: dict[tuple[str, str], dict[str, list[dict[str, Any]]]] = {}
        if path is None:
            return
        wanted = json.loads(json.dumps(head))
        if path.exists():
            self._read(path, wanted)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._append({"run": wanted})

    def _read(self, path: Path, wanted: Any) -> None:
        whole, _, broken = path.read_text(encoding="utf-8").rpartition("\n")
        do = f"go on with the options it began with, or remove {path.name}"
        try:
            first, *lines = [json.loads(line) for line in whole.splitlines()]
            found = first["run"]
            self._known = {(line["shots"], line["image"]): line["answers"] for line in lines}
        except (ValueError, KeyError, TypeError):
            raise ConfigError("answers of this run so far", f"something else in {path.name}", do) from None
        if found != wanted:
            names = ", ".join(sorted(name for name in {*found, *wanted} if found.get(name) != wanted.get(name)))
            raise ConfigError("answers of this run so far", f"those of a run with another {names}", do)
        if broken:  # the line that was being written when the run was stopped
            path.write_text(f"{whole}\n", encoding="utf-8")

    def answers(self, shots: str, picture: AskedPicture) -> dict[str, list[AnsweredQuestion]] | None:
        """What was answered on a picture with a number of references; None where it was not asked about."""
        known = self._known.get((shots, picture.key))
        if known is None:
            return None
        return {
            name: [
                AnsweredQuestion(picture.key, picture.group, question, **one)
                for question, one in zip(picture.questions, given, strict=True)
            ]
            for name, given in known.items()
        }

    def put(self, shots: str, picture: AskedPicture, answers: Mapping[str, Sequence[AnsweredQuestion]]) -> None:
        """Write down what was answered on a picture."""
        if self._path is not None:
            told = {
                name: [
                    {
                        "answer": one.answer, "choice": one.choice, "asked": one.asked, "seconds": round(one.seconds, 3),
                        "tokens": one.tokens,
                    }
                    for one in given
                ]
                for name, given in answers.items()
            }  # fmt: skip
            self._append({"shots": shots, "image": picture.key, "answers": told})

    def end(self) -> None:
        """Remove the file: the report holds everything."""
        if self._path is not None:
            self._path.unlink(missing_ok=True)

    def _append(self, line: dict[str, Any]) -> None:
        assert self._path is not None
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
