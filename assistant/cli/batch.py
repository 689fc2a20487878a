"""The commands ``batch`` and ``merge``: options in, a run or a join, progress and a summary out."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from assistant import report
from assistant.cli.parameters import option_groups as groups
from assistant.cli.parameters import options
from assistant.cli.parameters.option_groups import MutualMode, ResultsFolder, RowContents, Workforce, takes
from assistant.errors import AssistantError, ConfigError
from assistant.files.text import read_text
from assistant.request import Request

if TYPE_CHECKING:
    from assistant.batch import BatchRun, Inputs, MergeReport
    from assistant.batch.groups.group_file import Groups

INTERRUPTED = 130
GROUPS_TOLD = 10
"""Groups that a finished run tells of one by one."""


@takes(
    sources=groups.inputs_of, mutual=groups.mutual_of, request=groups.run_request_of, writing=groups.writing_of,
    results=groups.results_of, working=groups.working_of,
)  # fmt: skip
def batch(
    sources: Inputs,
    mutual: MutualMode,
    request: Request,
    writing: RowContents,
    results: ResultsFolder,
    working: Workforce,
) -> None:
    """Inspect folders of pictures into one file of rows; a stopped run goes on where it was."""
    from assistant.batch import BatchOptions, BatchRun, Shard

    part = Shard.parse(working.shard) if working.shard is not None else Shard.of_process()
    asked = BatchOptions(
        inputs=replace(sources, volumes=sources.volumes and not mutual.chosen),
        out=results.out,
        request=request,
        preset=working.model.preset,
        device=working.model.device or _own_device(),
        language=working.model.language,
        mutual=mutual.chosen,
        chunk=mutual.chunk,
        caption=writing.caption,
        questions=() if writing.questions is None else _read_questions(writing.questions),
        save_maps=writing.maps,
        save_overlays=writing.overlays,
        group=writing.group,
        shard=part,
        engine=working.engine,
        restart=results.restart,
        retry_failed=results.retry_failed,
        batch_size=_batch_size(working.batch_size),
        workers=working.workers,
    )
    if request.rule is not None:
        print(f"rule: {request.rule}", file=sys.stderr)
    run = BatchRun(asked, standard_input=sys.stdin.buffer, tell=_note)
    with _stopping(run, asked.results):
        _follow(run, results.json)
    if part.count == 1:
        _write_extras(asked.results, results.coco, results.coco_like, results.parquet, results.csv)
    _tell(run, asked.results)
    if run.groups is not None:
        _tell_groups(run.groups, results.out)
    raise typer.Exit(int(run.failed > 0))


def merge(
    folders: Annotated[list[Path], typer.Argument(metavar="DIR...", help="Folders of results of shards.")],
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Folder of the joined rows; the only DIR when left out.")
    ] = None,
    expect: Annotated[
        list[str] | None,
        typer.Option("--expect", metavar="INPUT", help="Pictures that ought to be there, as given to batch; repeat."),
    ] = None,
    coco: options.Coco = False,
    coco_like: options.CocoLike = None,
    parquet: options.Parquet = False,
    csv: options.Csv = False,
    json: options.Json = False,
) -> None:
    """Join the rows of shards; tells what is missing and what is double."""
    from assistant.batch import Inputs
    from assistant.batch import merge as join

    whole = expect is not None and _hold_volumes(folders)
    merged = join(folders, out, inputs=None if expect is None else Inputs(tuple(expect), volumes=whole))
    _write_extras(merged.path, coco, coco_like, parquet, csv)
    _show_merged(merged, json)
    raise typer.Exit(int(not merged.complete or merged.failed > 0))


def _hold_volumes(folders: list[Path]) -> bool:
    """Whether rows of whole volumes are among those of some folders: what is expected then is volumes too."""
    from assistant.batch.results.rows import read_rows

    files = [path for folder in folders for path in sorted(folder.glob("results*.jsonl"))]
    return any(row["volume"] is not None for path in files for row in read_rows(path))


def _follow(run: BatchRun, as_json: bool) -> None:
    """Iterate with a progress bar on standard error; with ``as_json`` rows go to standard output."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )  # fmt: skip
    run.count()
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("inspecting", total=None, rate="")
        for row in run:
            done = run.skipped + run.written
            speed = bar.tasks[0].speed
            rate = f"{speed:.1f}/s" if speed else ""
            bar.update(task, completed=done, total=run.total, rate=f"{rate}  {run.failed} failed")
            if as_json:
                print(report.to_line(row), flush=True)


@contextmanager
def _stopping(run: BatchRun, results: Path) -> Iterator[None]:
    """Ctrl-C and the terminate signal of a scheduler end a run with what is done kept."""

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    except KeyboardInterrupt:
        print(
            f"stopped; {run.skipped + run.written} rows in {results} are kept, the same command goes on",
            file=sys.stderr,
        )
        raise typer.Exit(INTERRUPTED) from None
    except AssistantError:
        if run.written:
            print(f"{run.skipped + run.written} rows in {results} are kept", file=sys.stderr)
        raise
    finally:
        signal.signal(signal.SIGTERM, before)


def _write_extras(results: Path, coco: bool, coco_like: Path | None, parquet: bool, csv: bool) -> None:
    from assistant.batch.results.drift import find_drifts
    from assistant.batch.results.exports import write_coco, write_csv, write_parquet
    from assistant.batch.results.summary import write_summary

    drifts = find_drifts(results)
    write_summary(results, drifts)
    for drift in drifts:
        _note(drift.sentence())
    if coco or coco_like is not None:
        write_coco(results, coco_like, _note)
    if parquet:
        write_parquet(results)
    if csv:
        write_csv(results)


def _note(sentence: str) -> None:
    print(f"note: {sentence}", file=sys.stderr)


def _tell(run: BatchRun, results: Path) -> None:
    changed = f", {run.changed} of them for the second time since they changed" if run.changed else ""
    earlier = f", {run.skipped} were done before" if run.skipped else ""
    print(
        f"{run.written} pictures inspected{changed}{earlier}; {run.failed} failed; rows in {results}", file=sys.stderr
    )


def _tell_groups(groups: Groups, out: Path) -> None:
    for group in groups.groups[:GROUPS_TOLD]:
        name = f"kind {group.name}" if group.kind is None else f"kind {group.name} ({group.kind})"
        print(f"{name}: {group.regions} regions in {group.pictures} pictures", file=sys.stderr)
    found = f"{groups.regions} regions that no known kind fits: {len(groups.groups)} groups, {groups.alone} alone"
    print(f"{found}; {out / ('groups.webp' if groups.groups else 'groups.json')}", file=sys.stderr)


def _show_merged(merged: MergeReport, as_json: bool) -> None:
    if as_json:
        from assistant.batch.merging import as_json as line

        print(line(merged), flush=True)
        return
    for problem in merged.problems:
        print(f"error: {' '.join(problem.split())}", file=sys.stderr)
    words = {"failed": merged.failed, "double": merged.doubles, "missing": merged.missing}
    print(f"{merged.rows} rows in {merged.path}; " + ", ".join(f"{count} {name}" for name, count in words.items()))


def _read_questions(path: Path) -> tuple[str, ...]:
    found = tuple(line.strip() for line in read_text(path).splitlines() if line.strip())
    if not found:
        raise ConfigError("a question a line", f"none in {path}", "write one")
    return found


def _batch_size(text: str) -> int | None:
    if text == "auto":
        return None
    if not text.isdecimal() or int(text) == 0:
        raise ConfigError("a batch size from 1, or auto", repr(text), "write for example --batch-size 8")
    return int(text)


def _own_device(environment: Any = os.environ) -> str | None:
    """The GPU of one process of ``accelerate launch``; None where nobody launched several."""
    rank = environment.get("LOCAL_RANK", "")
    if not rank.isdecimal() or environment.get("ACCELERATE_USE_CPU", "false") == "true":
        return None
    import torch

    return f"cuda:{rank}" if torch.cuda.device_count() > int(rank) else None
