"""What the command ``evaluate`` does: each set under each choice of references and seed; predictions, then a report.

A set is a folder in a layout of :mod:`assistant.labels.layouts`. Every mask is read, and what matches nothing is told, before
the first picture is inspected. References are drawn from the normal pictures of the training part by a seed; ``mutual`` lets
the test pictures judge each other; own references give each test picture the one picture of its name.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image

from assistant import report
from assistant.errors import ConfigError
from assistant.evaluation.passes import OWN, Protocol, Run, Worst, evaluate_set, picture_sheet
from assistant.evaluation.sets import draw_references, own_reference
from assistant.inquiry import ANYTHING, Inquiry
from assistant.labels.labelled_set import LabelledPicture, checked
from assistant.labels.layouts import read_set
from assistant.pictures.images import save_map
from assistant.types import Inspection

if TYPE_CHECKING:
    from assistant.pipeline import Assistant


@dataclass(frozen=True)
class EvaluateOptions:
    """Options of the command.

    Args:
        sets: folders of labelled pictures, or the JSON file of a category of Real-IAD.
        shots: number of references each, ``all`` or ``mutual``.
        seeds: draws of the references, from seed 0.
        own_references: folder of a set that holds a reference for each test picture; replaces ``shots``.
        own_missing: for a test picture without one: ``refuse``, ``zero-shot``, or ``itself`` (it is its own template).
        inquiry: what is asked of each picture; region types are a set's own kinds unless it names others.
        predictions: folder for one folder of rows and maps a run; None keeps none.
        output: report without ending; ``.md`` and ``.json`` are written; None prints only.
    """

    sets: tuple[Path, ...]
    shots: tuple[str, ...] = ("0", "1", "4")
    seeds: int = 3
    own_references: str | None = None
    own_missing: str = "refuse"
    inquiry: Inquiry = ANYTHING
    predictions: Path | None = None
    output: Path | None = None

    def __post_init__(self) -> None:
        for shots in self.shots:
            if not (shots in ("all", "mutual") or shots.isdecimal()):
                raise ConfigError("shots as a number, all or mutual", repr(shots), "write for example --shots 4")

    @property
    def protocol(self) -> Protocol:
        """How references and pictures are given."""
        return Protocol(self.own_references, self.own_missing, self.inquiry)


def runs_of(options: EvaluateOptions) -> list[Run]:
    """Every run, set by set. What no draw decides (0, all, mutual, own references) runs once."""
    shots = (OWN,) if options.own_references is not None else options.shots
    return [
        Run(root, one, seed)
        for root in options.sets
        for one in shots
        for seed in range(options.seeds if one.isdecimal() and int(one) > 0 else 1)
    ]


def run(assistant: Assistant, options: EvaluateOptions, as_json: bool) -> None:
    """Every run with a progress bar, then the mean over seeds as a table or as JSON lines, and the report.

    Raises:
        DataSetError: a set in no known layout, or a mask that does not fit its picture; every set and every mask is read
            before the first picture is inspected.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    runs = runs_of(options)
    items = {root: _read_and_tell(root) for root in options.sets}
    _check_references(runs, items, options)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    results: list[dict[str, Any]] = []
    worst: list[Worst] = []
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=sum(len(items[one.root]) for one in runs))
        for root, pictures in items.items():
            mine = [one for one in runs if one.root == root]
            bar.update(task, description=root.resolve().name)
            each = _Predictions(options.predictions, mine, lambda: bar.advance(task))
            for one, scores in evaluate_set(assistant, mine, pictures, options.protocol, each).items():
                about = {"set": root.resolve().name, "shots": one.shots, "seed": one.seed, "images": len(pictures)}
                results.append({**about, **scores.metrics()})
                worst += [*scores.misses, *scores.alarms] if one is mine[-1] else []
    rows = mean_over_seeds(results)
    if options.output is not None:
        write_report(options.output, rows, results, worst, assistant, options)
    if as_json:
        for row in rows:
            print(report.to_line(row), flush=True)
    else:
        print(as_markdown(rows))


def _read_and_tell(root: Path) -> list[LabelledPicture]:
    """The labelled pictures of a set, every mask read once; what is odd about them goes to standard error."""
    data = checked(read_set(root))
    for note in data.notes:
        print(f"note: {data.name}: {note}", file=sys.stderr)
    return list(data.pictures)


class _Predictions:
    """Writes rows and maps of every run as they are made; earlier rows of these runs are taken away first."""

    def __init__(self, folder: Path | None, runs: Sequence[Run], advance: Callable[[], None]) -> None:
        self._folder, self._advance = folder, advance
        if folder is not None:
            for one in runs:
                (folder / one.name / report.RESULTS).unlink(missing_ok=True)

    def __call__(self, one: Run, item: LabelledPicture, inspection: Inspection) -> None:
        if self._folder is not None:
            _write_prediction(self._folder / one.name, item, inspection)
        self._advance()


def mean_over_seeds(results: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """One row a set and choice of references: the mean of each metric over the seeds that define it."""
    rows: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for one in results:
        rows.setdefault((one["set"], one["shots"]), []).append(one)
    return [
        {
            "set": name,
            "shots": shots,
            "seeds": len(group),
            "images": group[0]["images"],
            **{key: _mean(group, key) for key in group[0] if key not in ("set", "shots", "seed", "images", "kinds")},
        }
        for (name, shots), group in rows.items()
    ]


def as_markdown(rows: Sequence[dict[str, Any]]) -> str:
    """Rows as a table."""
    names = list(rows[0])
    lines = ["| " + " | ".join(names) + " |", "|" + "---|" * len(names)]
    lines += ["| " + " | ".join(_cell(row.get(name)) for name in names) + " |" for row in rows]
    return "\n".join(lines)


def write_report(
    path: Path,
    rows: Sequence[dict[str, Any]],
    results: Sequence[dict[str, Any]],
    worst: Sequence[Worst],
    assistant: Assistant,
    options: EvaluateOptions,
) -> None:
    """``<path>.md`` with the table, ``<path>.json`` with every run and ``<path>.png`` with the worst pictures.

    An ending of ``path`` is taken off first.
    """
    stem = path.with_suffix("") if path.suffix in (".md", ".json") else path
    stem.parent.mkdir(parents=True, exist_ok=True)
    about = {
        "preset": assistant.preset.name,
        "weights": assistant.weights,
        "version": report.package_version(),
        "score": options.inquiry.score,
        "fixed_camera": options.inquiry.fixed_camera,
    }
    facts = "".join(f"* {name}: {value}\n" for name, value in about.items())
    Path(f"{stem}.md").write_text(f"# Evaluation\n\n{facts}\n{as_markdown(rows)}\n", encoding="utf-8")
    record = {**about, "means": list(rows), "runs": list(results)}
    Path(f"{stem}.json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    sheet = picture_sheet(worst)
    if sheet is not None:
        Image.fromarray(sheet).save(f"{stem}.png")


def _check_references(runs: Sequence[Run], items: dict[Path, list[LabelledPicture]], options: EvaluateOptions) -> None:
    """Draw all references once, so that a lack of them ends the command at its start."""
    for one in runs:
        if one.shots == OWN and options.own_references is not None:
            for item in items[one.root]:
                own_reference(one.root, options.own_references, item, options.own_missing)
        elif one.shots not in (OWN, "mutual"):
            draw_references(one.root, one.shots, one.seed)


def _write_prediction(folder: Path, item: LabelledPicture, inspection: Inspection) -> None:
    map_path = f"maps/{report.picture_name(str(item.path))}.png"
    save_map(folder / map_path, inspection.anomaly_map)
    report.append_row(folder / report.RESULTS, report.inspection_row(inspection, map_path=map_path))


def _mean(group: Sequence[dict[str, Any]], key: str) -> float | None:
    values = [one[key] for one in group if one[key] is not None]
    return sum(values) / len(values) if values else None


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.3f}"
    return "–" if value is None else str(value)
