"""What ``evaluate --qa`` does: every question to every answerer, scores side by side, a report."""

from __future__ import annotations

import hashlib
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant import report
from assistant.errors import AssistantError, ConfigError
from assistant.evaluation.answerers import Answerer, Inspections, LanguageAnswerer, Rules, Unaided
from assistant.evaluation.question_journal import ENDING, Journal
from assistant.evaluation.question_report import (
    LANGUAGE,
    OFF,
    RULES,
    Asked,
    Failure,
    as_markdown,
    stem_of,
    write_report,
)
from assistant.evaluation.question_scores import AnsweredQuestion, chance, scores_of
from assistant.evaluation.questions import TEMPLATES, AskedPicture, domain_knowledge, read_questions
from assistant.inquiry import ANYTHING, Inquiry
from assistant.reading.chosen_option import read_choice

if TYPE_CHECKING:
    from assistant.pipeline import Assistant

EVIDENCE = ("off", "text", "embeddings", "both")


@dataclass(frozen=True)
class QaOptions:
    """Options of the command.

    Args:
        file: questions in MMAD's format.
        root: folder that the file's paths start from.
        shots: numbers of references a picture; each is a run.
        templates: where they come from: "random" or "similar" templates of the file.
        evidence: how the language model is told of the map, an answerer each; its own way, and without the map, when empty.
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
    evidence: tuple[str, ...] = ()
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
        for evidence in self.evidence:
            if evidence not in EVIDENCE:
                raise ConfigError(f"evidence of {', '.join(EVIDENCE)}", repr(evidence), "choose one of them")
        if not self.root.is_dir():
            raise ConfigError("the folder that the file's pictures lie in", str(self.root), "name it as SET_DIR")


def run(assistant: Assistant, options: QaOptions, as_json: bool) -> int:
    """Every question with a progress bar, then the scores as a table or as JSON lines, and the report.

    With a report, answers are written down beside it picture by picture: the same command goes on after it was stopped, or where
    the language model could not be asked.

    Returns:
        the exit code: 1 when a picture or question failed.

    Raises:
        DataSetError: a file of another form.
        ConfigError: an option that the language model does not know, or answers of another run beside the report.
    """
    runs: list[tuple[str, Asked]] = []
    read = {
        shots: read_questions(options.file, options.root, int(shots), options.templates, options.limit)
        for shots in options.shots
    }
    journal = _journal(assistant, options)
    for shots, pictures in read.items():
        answerers = _answerers(assistant, options, pictures)
        title = f"{options.file.stem}, {shots} references"
        asking = Asking(answerers, journal, shots, lambda: assistant.language_tokens)
        runs.append((shots, _with_progress(asking, pictures, title)))
    rows = [row for shots, asked in runs for row in rows_of(options, shots, asked)]
    failures = [failure for _, asked in runs for failure in asked.failures]
    for failure in failures:
        print(f"error: {failure.image}: {failure.error}", file=sys.stderr)
    if options.output is not None:
        write_report(options.output, rows, runs, _about(assistant, options))
    if not any(failure.whole for failure in failures):
        journal.end()
    if as_json:
        for row in rows:
            print(report.to_line(row), flush=True)
    else:
        print(as_markdown(rows))
    return int(bool(failures))


def talkers(assistant: Assistant, options: QaOptions) -> list[tuple[str, str | None]]:
    """Names of the ways that the language model is asked in, each with its evidence."""
    if not options.language:
        return []
    if len(options.evidence) == 1:
        return [(LANGUAGE, options.evidence[0])]
    if options.evidence:
        return [(f"{LANGUAGE}, evidence {one}", one) for one in options.evidence]
    own: list[tuple[str, str | None]] = [(LANGUAGE, None)]
    return [*own, (f"{LANGUAGE}, evidence {OFF}", OFF)] if assistant.preset.language.drafts else own


def _answerers(assistant: Assistant, options: QaOptions, pictures: Sequence[AskedPicture]) -> dict[str, Answerer]:
    known = {}
    if options.knowledge is not None:
        texts = domain_knowledge(options.knowledge, [picture.key for picture in pictures])
        known = {picture.path: texts[picture.key] for picture in pictures}
    inspections = Inspections(assistant, options.inquiry)
    asked: dict[str, Answerer] = {
        name: Unaided(inspections, known) if evidence == OFF else LanguageAnswerer(inspections, evidence, known)
        for name, evidence in talkers(assistant, options)
    }
    return {**asked, RULES: Rules(inspections)}


def _journal(assistant: Assistant, options: QaOptions) -> Journal:
    if options.output is None:
        return Journal(None, {})
    files = [options.file, *([options.knowledge] if options.knowledge else [])]
    head = {
        "files": [hashlib.sha256(file.read_bytes()).hexdigest() for file in files if file.is_file()],
        "preset": assistant.preset.name,
        "weights": assistant.weights,
        "version": report.package_version(),
        "language": assistant.preset.language.title,
        "answerers": [name for name, _ in talkers(assistant, options)],
        "templates": options.templates,
        "inquiry": repr(options.inquiry),
    }
    return Journal(Path(f"{stem_of(options.output)}{ENDING}"), head)


@dataclass
class Asking:
    """How pictures are asked about.

    Args:
        answerers: name to who answers.
        journal: of what was answered before.
        shots: references a picture, as the journal names them.
        tokens: of the language model so far.
        clock: seconds.
    """

    answerers: Mapping[str, Answerer]
    journal: Journal = field(default_factory=lambda: Journal(None, {}))
    shots: str = ""
    tokens: Callable[[], int] = lambda: 0
    clock: Callable[[], float] = time.perf_counter

    def all(self, pictures: Iterable[AskedPicture], each: Callable[[], None] = lambda: None) -> Asked:
        """Every question of every picture to every answerer; a picture that cannot be used is one failure."""
        asked = Asked({name: [] for name in self.answerers}, [])
        for picture in pictures:
            asked.failures += [Failure(picture.key, problem) for problem in picture.problems]
            try:
                answers = self.journal.answers(self.shots, picture)
                if answers is None:
                    answers = self._one(picture)
                    self.journal.put(self.shots, picture, answers)
                for name, given in answers.items():
                    asked.answers[name] += given
            except AssistantError as error:
                asked.failures.append(Failure(picture.key, " ".join(str(error).split()), whole=True))
            each()
        return asked

    def _one(self, picture: AskedPicture) -> dict[str, list[AnsweredQuestion]]:
        answers: dict[str, list[AnsweredQuestion]] = {name: [] for name in self.answerers}
        for question in picture.questions:
            for name, answerer in self.answerers.items():
                began, before = self.clock(), self.tokens()
                words = answerer.answer(picture.path, picture.references, question.text, question.options)
                choice = read_choice(words, question.options, question.asked)
                able = bool(words) or name != RULES
                took, used = self.clock() - began, self.tokens() - before
                one = AnsweredQuestion(picture.key, picture.group, question, words, choice, able, took, used)
                answers[name].append(one)
        return answers


def _about(assistant: Assistant, options: QaOptions) -> dict[str, Any]:
    return {
        "questions": options.file.name,
        "preset": assistant.preset.name,
        "weights": assistant.weights,
        "language": assistant.preset.language.title,
        "version": report.package_version(),
        "templates": options.templates,
        "evidence": list(options.evidence),
        "limit": options.limit,
    }


def _with_progress(asking: Asking, pictures: Sequence[AskedPicture], title: str) -> Asked:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=len(pictures))
        return asking.all(pictures, lambda: bar.advance(task))


def rows_of(options: QaOptions, shots: str, asked: Asked) -> list[dict[str, Any]]:
    """One row an answerer."""
    return [
        {
            "file": options.file.name,
            "shots": shots,
            "templates": options.templates if shots != "0" else None,
            "evidence": None if name == RULES else _evidence(name, options),
            "answerer": name,
            **scores_of(answers),
            "chance": chance(answers),
            "failures": len(asked.failures),
        }
        for name, answers in asked.answers.items()
    ]


def _evidence(name: str, options: QaOptions) -> str | None:
    """What an answerer is told of the map; None for its own way."""
    if name == LANGUAGE:
        return options.evidence[0] if options.evidence else None
    return name.rpartition(" ")[2]
