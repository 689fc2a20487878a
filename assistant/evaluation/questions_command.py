"""What ``evaluate --qa`` does: every question to every answerer, scores side by side, a report."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant import report
from assistant.errors import AssistantError, ConfigError
from assistant.evaluation.answerers import Answerer, Inspections, LanguageAnswerer, Rules
from assistant.evaluation.question_scores import AnsweredQuestion, chance, scores_of
from assistant.evaluation.questions import TEMPLATES, AskedPicture, domain_knowledge, read_questions
from assistant.inquiry import ANYTHING, Inquiry
from assistant.reading.chosen_option import read_choice

if TYPE_CHECKING:
    from assistant.pipeline import Assistant

EVIDENCE = ("off", "text", "embeddings", "both")
LANGUAGE, RULES = "language model", "rules"


@dataclass(frozen=True)
class QaOptions:
    """Options of the command.

    Args:
        file: questions in MMAD's format.
        root: folder that the file's paths start from.
        shots: numbers of references a picture; each is a run.
        templates: where they come from: "random" or "similar" templates of the file.
        evidence: how the language model is told of the map; its own way when None.
        language: whether the language model is asked; else the rules alone.
        knowledge: domain-knowledge file that is said before each question.
        limit: pictures at most.
        inquiry: what is asked of each picture.
        output: report without ending; ``.md`` and ``.json`` are written; None prints only.
    """

    file: Path
    root: Path
    shots: tuple[str, ...] = ("1",)
    templates: str = "random"
    evidence: str | None = None
    language: bool = True
    knowledge: Path | None = None
    limit: int | None = None
    inquiry: Inquiry = ANYTHING
    output: Path | None = None

    def __post_init__(self) -> None:
        for shots in self.shots:
            if not shots.isdecimal():
                raise ConfigError("shots as a number with --qa", repr(shots), "write --shots 0 or --shots 1")
        if self.templates not in TEMPLATES:
            raise ConfigError(f"templates of {', '.join(TEMPLATES)}", repr(self.templates), "choose one of them")
        if self.evidence is not None and self.evidence not in EVIDENCE:
            raise ConfigError(f"evidence of {', '.join(EVIDENCE)}", repr(self.evidence), "choose one of them")
        if not self.root.is_dir():
            raise ConfigError("the folder that the file's pictures lie in", str(self.root), "name it as SET_DIR")


@dataclass(frozen=True)
class Failure:
    """A picture, or some of its questions, that could not be asked about."""

    image: str
    error: str


@dataclass
class Asked:
    """Answers of each answerer, and what could not be asked."""

    answers: dict[str, list[AnsweredQuestion]]
    failures: list[Failure]


def run(assistant: Assistant, options: QaOptions, as_json: bool) -> int:
    """Every question with a progress bar, then the scores as a table or as JSON lines, and the report.

    Returns:
        the exit code: 1 when a picture or question failed.

    Raises:
        DataSetError: a file of another form.
        ConfigError: an option that the language model does not know.
    """
    runs: list[tuple[str, Asked]] = []
    for shots in options.shots:
        pictures = read_questions(options.file, options.root, int(shots), options.templates, options.limit)
        inspections = Inspections(assistant, options.inquiry)
        answerers: dict[str, Answerer] = {RULES: Rules(inspections)}
        if options.language:
            answerers = {LANGUAGE: _language(inspections, pictures, options), **answerers}
        runs.append((shots, _with_progress(pictures, answerers, f"{options.file.stem}, {shots} references")))
    rows = [row for shots, asked in runs for row in rows_of(options, shots, asked)]
    for _, asked in runs:
        for failure in asked.failures:
            print(f"error: {failure.image}: {failure.error}", file=sys.stderr)
    if options.output is not None:
        write_report(options.output, rows, runs, assistant, options)
    if as_json:
        for row in rows:
            print(report.to_line(row), flush=True)
    else:
        print(as_markdown(rows))
    return int(any(asked.failures for _, asked in runs))


def ask_all(
    pictures: Iterable[AskedPicture], answerers: Mapping[str, Answerer], each: Callable[[], None] = lambda: None
) -> Asked:
    """Every question of every picture to every answerer; a picture that cannot be used is one failure."""
    asked = Asked({name: [] for name in answerers}, [])
    for picture in pictures:
        asked.failures += [Failure(picture.key, problem) for problem in picture.problems]
        try:
            _ask(picture, answerers, asked)
        except AssistantError as error:
            for given in asked.answers.values():
                given[:] = [one for one in given if one.image != picture.key]
            asked.failures.append(Failure(picture.key, " ".join(str(error).split())))
        each()
    return asked


def _ask(picture: AskedPicture, answerers: Mapping[str, Answerer], asked: Asked) -> None:
    for question in picture.questions:
        for name, answerer in answerers.items():
            words = answerer.answer(picture.path, picture.references, question.text, question.options)
            choice = read_choice(words, question.options, question.asked)
            able = bool(words) or name != RULES
            asked.answers[name].append(AnsweredQuestion(picture.key, picture.group, question, words, choice, able))


def _language(inspections: Inspections, pictures: Sequence[AskedPicture], options: QaOptions) -> LanguageAnswerer:
    known = {}
    if options.knowledge is not None:
        texts = domain_knowledge(options.knowledge, [picture.key for picture in pictures])
        known = {picture.path: texts[picture.key] for picture in pictures}
    return LanguageAnswerer(inspections, options.evidence, known)


def _with_progress(pictures: Sequence[AskedPicture], answerers: Mapping[str, Answerer], title: str) -> Asked:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=len(pictures))
        return ask_all(pictures, answerers, lambda: bar.advance(task))


def rows_of(options: QaOptions, shots: str, asked: Asked) -> list[dict[str, Any]]:
    """One row an answerer."""
    return [
        {
            "file": options.file.name,
            "shots": shots,
            "templates": options.templates if shots != "0" else None,
            "evidence": options.evidence if name == LANGUAGE else None,
            "answerer": name,
            **scores_of(answers),
            "chance": chance(answers),
            "failures": len(asked.failures),
        }
        for name, answers in asked.answers.items()
    ]


def as_markdown(rows: Sequence[dict[str, Any]]) -> str:
    """A table: an answerer a row, a subtask a column, then the published average, unparsed answers and failures."""
    tasks = list(dict.fromkeys(task for row in rows for task in row["subtasks"]))
    head = ["answerer", "shots", *tasks, "average", "questions", "unparsed", "failures"]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for row in rows:
        cells = [_cell(row["subtasks"].get(task, {}).get("accuracy")) for task in tasks]
        counts = [str(row[key]) for key in ("questions", "unparsed", "failures")]
        lines.append("| " + " | ".join([row["answerer"], row["shots"], *cells, _cell(row["average"]), *counts]) + " |")
    guessed = rows[0]["chance"] if rows else {}
    cells = [_cell(guessed.get(task)) for task in tasks]
    return "\n".join([*lines, "| " + " | ".join(["guessing", "", *cells, "", "", "", ""]) + " |"])


def write_report(
    path: Path,
    rows: Sequence[dict[str, Any]],
    runs: Sequence[tuple[str, Asked]],
    assistant: Assistant,
    options: QaOptions,
) -> None:
    """``<path>.md`` with the table and ``<path>.json`` with every answer; an ending of ``path`` is taken off first."""
    stem = path.with_suffix("") if path.suffix in (".md", ".json") else path
    stem.parent.mkdir(parents=True, exist_ok=True)
    about = {
        "questions": options.file.name,
        "preset": assistant.preset.name,
        "weights": assistant.weights,
        "version": report.package_version(),
        "templates": options.templates,
        "evidence": options.evidence,
        "limit": options.limit,
    }
    facts = "".join(f"* {name}: {value}\n" for name, value in about.items())
    note = (
        "Accuracy; of detection the mean of normal and anomalous pictures. Average: mean over subtasks, then over data "
        "sets. An answer that chooses no option is wrong and counted as unparsed; failures were not asked.\n"
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
