"""How results look in a terminal. Prints; decides nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar
from rich.table import Table
from rich.text import Text

from assistant.batch.groups.group_file import Groups
from assistant.cli.doctor import Check, Status
from assistant.towers.weights import TowerStatus
from assistant.types import Answer, Inspection, Mode, ReasoningStep, Region, RuleDecision, Verdict
from assistant.vision.closer.counting import Progress
from assistant.words import wording

_VERDICT = {Verdict.NORMAL: "bold green", Verdict.ANOMALOUS: "bold red"}
_RULE = {RuleDecision.ACCEPT: "bold green", RuleDecision.REJECT: "bold red", RuleDecision.UNDECIDED: "bold yellow"}
_STATUS = {Status.OK: "green", Status.NOTE: "yellow", Status.PROBLEM: "bold red"}


@contextmanager
def reference_bar() -> Iterator[Progress]:
    """A bar on standard error while references are looked at, told of their tiles; gone after it, none in a file or pipe."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    console = Console(stderr=True)
    with Bar(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("looking at the references", total=None)
        yield lambda done, planned: bar.update(
            task, description="tiles of the references", completed=done, total=planned
        )


def new_console() -> Console:
    """On standard output; words are coloured by us only. In a file or pipe lines are as long as they need to be."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = 400
    return console


def show_inspection(
    console: Console, inspection: Inspection, caption: str | None = None, written: Sequence[Path] = ()
) -> None:
    """Verdict, regions, caption and the files written about one picture."""
    mode = inspection.mode.value.replace("_", "-")
    head = Text.assemble(
        (inspection.image.source, "bold"),
        "  ",
        (inspection.verdict.value, _VERDICT[inspection.verdict]),
        f"  score {inspection.image_score:.2f}",
        "" if inspection.p_value is None else f"  p {inspection.p_value:.3f}",
        (f"  {mode}, {inspection.image.width}x{inspection.image.height}", "dim"),
    )
    console.print(head, soft_wrap=True)
    if inspection.regions:
        console.print(_regions(inspection.regions))
    if caption:
        console.print(Text(caption))
    if inspection.rule is not None:
        console.print(
            Text(f"rule: {wording.ruling(inspection.rule)}", style=_RULE[inspection.rule.verdict]), soft_wrap=True
        )
    if inspection.mode is Mode.ZERO_SHOT:
        console.print(Text(wording.ROUGH_GUESS, style="dim"), soft_wrap=True)
    for warning in inspection.warnings:
        console.print(Text(f"warning: it {warning}", style="yellow"), soft_wrap=True)
    for path in written:
        console.print(Text(f"-> {path}", style="dim"), soft_wrap=True)


def show_steps(console: Console, steps: Iterable[ReasoningStep]) -> None:
    """Steps of a reasoning, each with the regions that it speaks of."""
    for step in steps:
        cited = ", ".join(f"[{region}]" for region in step.regions)
        console.print(Text.assemble((f"{step.name}: ", "bold cyan"), step.text, (f"  {cited}" if cited else "", "dim")))


def show_answers(console: Console, answers: Iterable[Answer]) -> None:
    """Questions and answers; an answer that contradicts the evidence is marked."""
    for answer in answers:
        console.print(Text.assemble(("? ", "bold cyan"), answer.question))
        mark = ("  [contradicts the evidence]", "bold yellow") if answer.contradictory else ("", "")
        console.print(Text.assemble(("> ", "bold cyan"), answer.text, mark))


def show_checks(console: Console, checks: Iterable[Check]) -> None:
    """What the doctor found."""
    table = Table(box=None, pad_edge=False)
    for name in ("check", "status", "found", "do"):
        table.add_column(name, overflow="fold")
    for check in checks:
        status = Text(check.status.value, style=_STATUS[check.status])
        table.add_row(Text(check.name), status, Text(check.found), Text(check.do))
    console.print(table)


def show_towers(console: Console, towers: Iterable[TowerStatus]) -> None:
    """Towers, whether they are there, and where."""
    table = Table(box=None, pad_edge=False)
    for name in ("tower", "from", "licence", "there", "MB", "folder"):
        table.add_column(name, overflow="fold")
    for status in towers:
        tower = status.tower
        size = f"{(status.size if status.present else tower.wheel_bytes) / 1e6:.0f}"
        absent = "no (optional)" if tower.optional else "no"
        there = Text("yes", style="green") if status.present else Text(absent, style="yellow")
        table.add_row(tower.name, tower.requirement, Text(tower.licence), there, size, Text(str(status.path)))
    console.print(table)


def show_groups(console: Console, groups: Groups) -> None:
    """Groups of a run, and how many regions are in none."""
    table = Table(box=None, pad_edge=False)
    for name in ("group", "kind", "regions", "pictures", "cohesion", "nearest known kinds"):
        table.add_column(name, overflow="fold")
    for group in groups.groups:
        known = ", ".join(f"{kind} {share:.0%}" for kind, share in group.known_kinds.items())
        counts = (str(group.regions), str(group.pictures), f"{group.cohesion:.2f}")
        table.add_row(Text(group.name, style="bold"), Text(group.kind or "-"), *counts, Text(known))
    console.print(table)
    console.print(Text(f"{groups.alone} of {groups.regions} regions that no known kind fits are in no group", "dim"))


def show_values(console: Console, values: Mapping[str, Any]) -> None:
    """Names and values, one a line."""
    table = Table(box=None, pad_edge=False, show_header=False)
    for name, value in values.items():
        table.add_row(Text(name, style="bold"), Text(_plain(value)))
    console.print(table)


def _regions(regions: Sequence[Region]) -> Table:
    table = Table(box=None, pad_edge=False)
    for name in ("region", "type", "severity", "where", "length", "width", "area", "peak", "box"):
        table.add_column(name, style="dim" if name == "box" else None)
    for region in regions:
        kind = "-" if region.type is None else f"{region.type} ({region.type_probability or 0:.0%})"
        table.add_row(
            str(region.id),
            Text(kind),
            region.severity.value,
            ", ".join(region.cells),
            wording.size(region, "length") or "-",
            wording.size(region, "width") or "-",
            f"{region.area_fraction:.1%}",
            f"{region.peak_score:.2f}",
            " ".join(map(str, region.box.as_tuple())),
        )
    return table


def _plain(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, (list, tuple)):
        return ", ".join(_plain(one) for one in value) or "-"
    if isinstance(value, dict):
        return ", ".join(f"{key} {_plain(one)}" for key, one in value.items()) or "-"
    return "-" if value is None else str(value)
