"""The commands ``batch`` and ``merge``: options in, a run or a join, progress and a summary out."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from assistant import report
from assistant.cli import options
from assistant.errors import AssistantError, ConfigError
from assistant.request import Request

if TYPE_CHECKING:
    from assistant.batch import BatchRun, Inputs, Merged

INTERRUPTED = 130


@options.takes_request
def batch(
    request: Request,
    out: options.ResultsOut,
    inputs: options.Inputs = None,
    list_files: options.ListFiles = None,
    manifest: options.Manifest = None,
    slices: options.Slices = True,
    mode: options.BatchMode = options.BatchModeOption.AUTO,
    preset: options.PresetName = "mini",
    device: options.Device = None,
    caption: options.Caption = True,
    caption_by: options.CaptionBy = options.WriterOption.EVIDENCE,
    questions: options.QuestionFile = None,
    save_maps: options.SaveMaps = False,
    save_overlays: options.SaveOverlays = False,
    coco: options.Coco = False,
    parquet: options.Parquet = False,
    json: options.Json = False,
    shard: options.ShardName = None,
    engine: options.EngineName = options.EngineOption.LOCAL,
    restart: options.Restart = False,
    retry_failed: options.RetryFailed = False,
    batch_size: options.BatchSize = "auto",
    workers: options.Workers = None,
    chunk: options.Chunk = 64,
) -> None:
    """Inspect folders of pictures into one file of rows; a stopped run goes on where it was."""
    from assistant.batch import BatchOptions, BatchRun, Shard

    part = Shard.parse(shard) if shard is not None else Shard.of_process()
    asked = BatchOptions(
        inputs=_inputs(inputs, list_files, manifest, slices),
        out=out,
        request=request,
        preset=preset,
        device=device or _own_device(),
        mutual=mode is options.BatchModeOption.MUTUAL,
        chunk=chunk,
        caption=caption_by.value if caption else "none",
        questions=() if questions is None else _read_questions(questions),
        save_maps=save_maps,
        save_overlays=save_overlays,
        shard=part,
        engine=engine.value,
        restart=restart,
        retry_failed=retry_failed,
        batch_size=_batch_size(batch_size),
        workers=workers,
    )
    run = BatchRun(asked, standard_input=sys.stdin.buffer)
    with _stopping(run, asked.results):
        _follow(run, json)
    if part.count == 1:
        _write_extras(asked.results, coco, parquet)
    _tell(run, asked.results)
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
    parquet: options.Parquet = False,
    json: options.Json = False,
) -> None:
    """Join the rows of shards; tells what is missing and what is double."""
    from assistant.batch import Inputs
    from assistant.batch import merge as join

    merged = join(folders, out, inputs=None if expect is None else Inputs(tuple(expect)))
    _write_extras(merged.path, coco, parquet)
    _show_merged(merged, json)
    raise typer.Exit(int(not merged.complete or merged.failed > 0))


def _inputs(paths: list[str] | None, lists: list[Path] | None, manifest: Path | None, slices: bool) -> Inputs:
    from assistant.batch.inputs.listing import Inputs

    return Inputs(tuple(paths or ()), tuple(lists or ()), manifest, slices)


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


def _write_extras(results: Path, coco: bool, parquet: bool) -> None:
    from assistant.batch.results.exports import write_coco, write_parquet
    from assistant.batch.results.summary import write_summary

    write_summary(results)
    if coco:
        write_coco(results)
    if parquet:
        write_parquet(results)


def _tell(run: BatchRun, results: Path) -> None:
    earlier = f", {run.skipped} were done before" if run.skipped else ""
    print(f"{run.written} pictures inspected{earlier}; {run.failed} failed; rows in {results}", file=sys.stderr)


def _show_merged(merged: Merged, as_json: bool) -> None:
    if as_json:
        from assistant.batch.results.merging import as_json as line

        print(line(merged), flush=True)
        return
    for problem in merged.problems:
        print(f"error: {' '.join(problem.split())}", file=sys.stderr)
    words = {"failed": merged.failed, "double": merged.doubles, "missing": merged.missing}
    print(f"{merged.rows} rows in {merged.path}; " + ", ".join(f"{count} {name}" for name, count in words.items()))


def _read_questions(path: Path) -> tuple[str, ...]:
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError("a text file of questions", f"{path} ({error})", "check the path") from None
    found = tuple(line.strip() for line in lines if line.strip())
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
