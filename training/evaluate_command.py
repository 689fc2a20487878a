"""What the command ``evaluate`` does: each set under each choice of references and seed; predictions, then a report.

A set is a folder in the MVTec layout. References are drawn from ``train/good`` by a seed; ``mutual`` lets the test
pictures judge each other; own references give each test picture the one picture of its name.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from assistant import report
from assistant.errors import ConfigError, DataSetError
from assistant.images import save_map
from assistant.types import Domain, Inspection, Verdict

if TYPE_CHECKING:
    from assistant.pipeline import Assistant

PICTURES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp"})
OWN = "own"
IMAGE_METRICS = ("image_auroc", "image_ap", "image_f1_max", "miss_rate", "overkill_rate", "balanced_accuracy")


@dataclass(frozen=True)
class EvaluateOptions:
    """Options of the command.

    Args:
        sets: folders in the MVTec layout.
        shots: number of references each, ``all`` or ``mutual``.
        seeds: draws of the references, from seed 0.
        own_references: folder of a set that holds a reference for each test picture; replaces ``shots``.
        own_missing: for a test picture without one: ``refuse``, ``zero-shot``, or ``itself`` (it is its own template).
        fixed_camera: references are aligned with the test pictures.
        object_name, look_for, types, score, domain: as for an inspection.
        predictions: folder for one folder of rows and maps a run; None keeps none.
        output: report without ending; ``.md`` and ``.json`` are written; None prints only.
    """

    sets: tuple[Path, ...]
    shots: tuple[str, ...] = ("0", "1", "4")
    seeds: int = 3
    own_references: str | None = None
    own_missing: str = "refuse"
    fixed_camera: bool = False
    object_name: str | None = None
    look_for: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    score: str = "blend"
    domain: Domain | None = None
    predictions: Path | None = None
    output: Path | None = None

    def __post_init__(self) -> None:
        for shots in self.shots:
            if not (shots in ("all", "mutual") or shots.isdecimal()):
                raise ConfigError("shots as a number, all or mutual", repr(shots), "write for example --shots 4")

    @property
    def inspection(self) -> dict[str, Any]:
        """Options that every inspection takes."""
        return {
            "object_name": self.object_name,
            "look_for": self.look_for,
            "types": self.types,
            "score": self.score,
            "domain": self.domain,
        }


@dataclass(frozen=True)
class Run:
    """One pass over a set: which references, and which draw of them."""

    root: Path
    shots: str
    seed: int

    @property
    def name(self) -> str:
        """``<set>.k<shots>.s<seed>``: folder of its predictions."""
        return f"{self.root.resolve().name}.k{self.shots}.s{self.seed}"


@dataclass(frozen=True)
class LabelledPicture:
    """A test picture: its path, the kind of defect (None for a normal one), and its mask where there is one."""

    path: Path
    kind: str | None
    mask: Path | None


def pictures_in(folder: Path) -> list[Path]:
    """Pictures of one folder by name; none when it is missing."""
    return sorted(p for p in folder.iterdir() if p.suffix.lower() in PICTURES) if folder.is_dir() else []


def read_items(root: Path) -> list[LabelledPicture]:
    """Test pictures of a set, kind by kind.

    Raises:
        DataSetError: not the MVTec layout, or no test picture.
    """
    layout = "test/good and test/<kind> with pictures"
    if not (root / "test").is_dir():
        raise DataSetError(f"a set with {layout}", str(root), "name a folder in the MVTec layout")
    items = []
    for kind in sorted(p.name for p in (root / "test").iterdir() if p.is_dir()):
        for path in pictures_in(root / "test" / kind):
            mask = root / "ground_truth" / kind / f"{path.stem}_mask.png"
            items.append(LabelledPicture(path, None if kind == "good" else kind, mask if mask.is_file() else None))
    if not items:
        raise DataSetError(layout, f"no picture in {root / 'test'}", "check the folder")
    return items


def draw_references(root: Path, shots: str, seed: int) -> list[Path]:
    """References of a run: the sorted pictures of ``train/good``, sampled by the seed.

    Raises:
        DataSetError: fewer pictures than asked for.
    """
    normal = pictures_in(root / "train" / "good")
    count = len(normal) if shots == "all" else int(shots)
    if count > len(normal) or (shots == "all" and not normal):
        expected = f"{count or 1} or more normal pictures in train/good"
        raise DataSetError(expected, f"{len(normal)} in {root}", "ask for fewer --shots")
    return normal if shots == "all" else random.Random(seed).sample(normal, count)


def own_reference(root: Path, folder: str, item: LabelledPicture, missing: str) -> Path | None:
    """The reference of one test picture: the same stem, or the same up to the last underscore (``7_test``, ``7_temp``).

    Args:
        root: the set.
        folder: name of the folder of references in it.
        item: the test picture.
        missing: what serves where there is none: nothing (``zero-shot``) or the picture (``itself``); or ``refuse``.

    Raises:
        DataSetError: more than one, or none that may be missing.
    """
    known = pictures_in(root / folder)
    stem = item.path.stem
    found = [p for p in known if p.stem == stem]
    if not found and "_" in stem:
        found = [p for p in known if p.stem.rpartition("_")[0] == stem.rpartition("_")[0]]
    if not found and missing == "itself":
        return item.path
    if len(found) > 1 or (not found and missing == "refuse"):
        got = f"{len(found)} for {item.path.name}"
        do = "check --own-references, or choose --own-missing"
        raise DataSetError(f"one picture of its name in {root / folder}", got, do)
    return found[0] if found else None


def runs_of(options: EvaluateOptions) -> list[Run]:
    """Every run, set by set. What no draw decides (0, all, mutual, own references) runs once."""
    shots = (OWN,) if options.own_references is not None else options.shots
    return [
        Run(root, one, seed)
        for root in options.sets
        for one in shots
        for seed in range(options.seeds if one.isdecimal() and int(one) > 0 else 1)
    ]


def inspections(
    assistant: Assistant, run: Run, items: Sequence[LabelledPicture], options: EvaluateOptions
) -> Iterator[Inspection]:
    """The inspection of each test picture in order; references are encoded once a run."""
    if run.shots == "mutual":
        yield from assistant.inspect_mutual([item.path for item in items], **options.inspection)
        return
    if run.shots == OWN:
        assert options.own_references is not None
        for item in items:
            own = own_reference(run.root, options.own_references, item, options.own_missing)
            given: dict[str, Any] = {} if own is None else {"references": [own], "fixed_camera": options.fixed_camera}
            yield assistant.inspect(item.path, **given, **options.inspection)
        return
    references = draw_references(run.root, run.shots, run.seed)
    profile = None
    if references:
        profile = assistant.build_profile(
            references,
            object_name=options.object_name,
            look_for=options.look_for,
            fixed_camera=options.fixed_camera,
        )
    for item in items:
        yield assistant.inspect(item.path, profile=profile, **options.inspection)


def run(assistant: Assistant, options: EvaluateOptions, as_json: bool) -> None:
    """Every run with a progress bar, then the mean over seeds as a table or as JSON lines, and the report.

    Raises:
        DataSetError: a set that is not in the layout; every set is read before the first picture is inspected.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    runs = runs_of(options)
    items = {root: read_items(root) for root in options.sets}
    _check_references(runs, items, options)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    results = []
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=sum(len(items[one.root]) for one in runs))
        for one in runs:
            bar.update(task, description=one.name)
            found = evaluate_run(assistant, one, items[one.root], options, lambda: bar.advance(task))
            results.append(found)
    rows = mean_over_seeds(results)
    if options.output is not None:
        write_report(options.output, rows, results, assistant, options)
    if as_json:
        for row in rows:
            print(report.to_line(row), flush=True)
    else:
        print(as_markdown(rows))


def evaluate_run(
    assistant: Assistant,
    one: Run,
    items: Sequence[LabelledPicture],
    options: EvaluateOptions,
    advance: Callable[[], None],
) -> dict[str, Any]:
    """One pass over a set: predictions written picture by picture, metrics at the end; nothing is kept but numbers."""
    folder = None if options.predictions is None else options.predictions / one.name
    if folder is not None:
        (folder / report.RESULTS).unlink(missing_ok=True)
    measured = ImageScores()
    for item, inspection in zip(items, inspections(assistant, one, items, options), strict=True):
        measured.add(item, inspection)
        if folder is not None:
            _write_prediction(folder, item, inspection)
        advance()
    about = {"set": one.root.resolve().name, "shots": one.shots, "seed": one.seed, "images": len(items)}
    return {**about, **measured.metrics()}


class ImageScores:
    """Image-level metrics of a run, collected picture by picture."""

    def __init__(self) -> None:
        self.scores: list[float] = []
        self.called: list[bool] = []
        self.anomalous: list[bool] = []
        self.kinds: list[str | None] = []

    def add(self, item: LabelledPicture, inspection: Inspection) -> None:
        """Take one picture in."""
        self.scores.append(inspection.image_score)
        self.called.append(inspection.verdict is Verdict.ANOMALOUS)
        self.anomalous.append(item.kind is not None)
        self.kinds.append(item.kind)

    def metrics(self) -> dict[str, Any]:
        """Of the pictures so far; None where a set has one class only."""
        from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score

        truth, scores, called = np.array(self.anomalous), np.array(self.scores), np.array(self.called)
        if truth.all() or not truth.any():
            return dict.fromkeys(IMAGE_METRICS)
        precision, recall, _ = precision_recall_curve(truth, scores)
        miss, overkill = float((~called[truth]).mean()), float(called[~truth].mean())
        kinds = sorted({kind for kind in self.kinds if kind is not None})
        picked = {kind: np.array([k is None or k == kind for k in self.kinds]) for kind in kinds}
        return {
            "image_auroc": float(roc_auc_score(truth, scores)),
            "image_ap": float(average_precision_score(truth, scores)),
            "image_f1_max": float((2 * precision * recall / np.maximum(precision + recall, 1e-9)).max()),
            "miss_rate": miss,
            "overkill_rate": overkill,
            "balanced_accuracy": 1 - (miss + overkill) / 2,
            "kinds": {kind: float(roc_auc_score(truth[some], scores[some])) for kind, some in picked.items()},
        }


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
    assistant: Assistant,
    options: EvaluateOptions,
) -> None:
    """``<path>.md`` with the table and ``<path>.json`` with every run; an ending of ``path`` is taken off first."""
    stem = path.with_suffix("") if path.suffix in (".md", ".json") else path
    stem.parent.mkdir(parents=True, exist_ok=True)
    about = {
        "preset": assistant.preset.name,
        "weights": assistant.weights,
        "version": report.package_version(),
        "score": options.score,
        "fixed_camera": options.fixed_camera,
    }
    facts = "".join(f"* {name}: {value}\n" for name, value in about.items())
    Path(f"{stem}.md").write_text(f"# Evaluation\n\n{facts}\n{as_markdown(rows)}\n", encoding="utf-8")
    record = {**about, "means": list(rows), "runs": list(results)}
    Path(f"{stem}.json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


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
    save_map(folder / map_path, inspection.anomaly_map.scores)
    report.append_row(folder / report.RESULTS, report.inspection_row(inspection, map_path=map_path))


def _mean(group: Sequence[dict[str, Any]], key: str) -> float | None:
    values = [one[key] for one in group if one[key] is not None]
    return sum(values) / len(values) if values else None


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.3f}"
    return "–" if value is None else str(value)
