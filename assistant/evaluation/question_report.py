"""What is told of answered questions: a table, and a report of every answer."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assistant.evaluation.question_scores import AnsweredQuestion

LANGUAGE, RULES = "language model", "rules"
OFF = "off"
"""Evidence that is none: the model's own words on the picture, unchecked."""


@dataclass(frozen=True)
class Failure:
    """A picture, or some of its questions, that could not be asked about.

    Args:
        image: key of the picture.
        error: one line.
        whole: whether the whole picture was left out, which another try may mend.
    """

    image: str
    error: str
    whole: bool = False


@dataclass
class Asked:
    """Answers of each answerer, and what could not be asked."""

    answers: dict[str, list[AnsweredQuestion]]
    failures: list[Failure]


def as_markdown(rows: Sequence[dict[str, Any]]) -> str:
    """A table: an answerer a row, a subtask a column, then the published average, what could not be read or asked, and the costs.

    Where a language model was asked with the map and without, a row tells what the map brings, subtask by subtask.
    """
    tasks = list(dict.fromkeys(task for row in rows for task in row["subtasks"]))
    head = ["answerer", "shots", *tasks, "average", "questions", "unparsed", "failures", "s", "tokens"]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for row in rows:
        cells = [_cell(row["subtasks"].get(task, {}).get("accuracy")) for task in tasks]
        counts = [str(row[key]) for key in ("questions", "unparsed", "failures")]
        costs = [
            "–" if row[key] is None else f"{row[key]:.{digits}f}" for key, digits in (("seconds", 2), ("tokens", 0))
        ]
        line = [row["answerer"], row["shots"], *cells, _cell(row["average"]), *counts, *costs]
        lines.append("| " + " | ".join(line) + " |")
    lines += ["| " + " | ".join([*line, "", "", "", "", ""]) + " |" for line in _gains(rows, tasks)]
    guessed = rows[0]["chance"] if rows else {}
    cells = [_cell(guessed.get(task)) for task in tasks]
    return "\n".join([*lines, "| " + " | ".join(["guessing", "", *cells, "", "", "", "", "", ""]) + " |"])


def _gains(rows: Sequence[dict[str, Any]], tasks: Sequence[str]) -> list[list[str]]:
    """What each way of telling the map brings over none, as differences of the accuracies."""
    found = []
    for row in rows:
        bare = next((r for r in rows if r["evidence"] == OFF and r["shots"] == row["shots"]), None)
        if bare is None or row is bare or row["answerer"] == RULES:
            continue
        pairs = [*((_of(row, task), _of(bare, task)) for task in tasks), (row["average"], bare["average"])]
        gains = ["–" if None in pair else f"{pair[0] - pair[1]:+.3f}" for pair in pairs]
        told = "" if row["evidence"] is None else f", evidence {row['evidence']}"
        found.append([f"brought by the map{told}", row["shots"], *gains])
    return found


def _of(row: dict[str, Any], task: str) -> float | None:
    accuracy: float | None = row["subtasks"].get(task, {}).get("accuracy")
    return accuracy


def write_report(
    path: Path,
    rows: Sequence[dict[str, Any]],
    runs: Sequence[tuple[str, Asked]],
    about: Mapping[str, Any],
) -> None:
    """``<path>.md`` with the table and ``<path>.json`` with every answer; an ending of ``path`` is taken off first."""
    stem = stem_of(path)
    stem.parent.mkdir(parents=True, exist_ok=True)
    facts = "".join(f"* {name}: {value}\n" for name, value in about.items())
    note = (
        "Accuracy; of detection the mean of normal and anomalous pictures. Average: mean over subtasks, then over data "
        "sets. An answer that chooses no option is wrong and counted as unparsed; failures were not asked. Seconds and "
        "tokens are those of a question, tokens as far as the language model tells them; with evidence off it is told nothing of "
        "the map and not checked.\n"
    )
    Path(f"{stem}.md").write_text(f"# Questions\n\n{facts}\n{note}\n{as_markdown(rows)}\n", encoding="utf-8")
    answers = [
        {
            "shots": shots,
            "answerer": name,
            "image": one.image,
            "subtask": one.question.subtask,
            "question": one.question.text,
            "options": dict(one.question.options),
            "correct": one.question.correct,
            "choice": one.choice,
            "answer": one.answer,
            "seconds": round(one.seconds, 3),
            "tokens": one.tokens or None,
        }
        for shots, asked in runs
        for name, given in asked.answers.items()
        for one in given
        if one.asked
    ]
    failures = [{"shots": s, "image": f.image, "error": f.error} for s, asked in runs for f in asked.failures]
    record = {**about, "scores": list(rows), "failures": failures, "answers": answers}
    Path(f"{stem}.json").write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _cell(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def stem_of(path: Path) -> Path:
    """A report's path without its ending."""
    return path.with_suffix("") if path.suffix in (".md", ".json") else path
