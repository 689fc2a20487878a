"""A run: pictures in, rows on disk and to the caller. Joins inputs, an engine and the writer.

    for row in run(["photos/"], "results", preset="mini"):
        print(row["source"], row["verdict"])

Closing the iterator, or a kill, keeps what is done; the same call goes on from there.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant.batch.engines import machine
from assistant.batch.engines.jobs import GPU_BATCH, TALKED_ABOUT, Job, Unit
from assistant.batch.engines.units import chunked_units, single_units
from assistant.batch.inputs.item import Item
from assistant.batch.inputs.listing import STANDARD_INPUT, Inputs, Readable, find_items
from assistant.batch.inputs.shards import Shard
from assistant.batch.results.pictures import remove_parts
from assistant.batch.results.records import RunRecord
from assistant.batch.results.writer import RowWriter
from assistant.errors import AssistantError, ConfigError
from assistant.request import Request

if TYPE_CHECKING:
    from assistant.pipeline import Assistant

Row = dict[str, Any]
ENGINES = ("local", "ray")
CHUNK = 64


@dataclass(frozen=True)
class BatchOptions:
    """Everything that is asked of a run.

    Args:
        inputs: pictures.
        out: folder of the results.
        request: options of the inspection.
        preset, device: of the assistant.
        mutual: pictures judge each other in chunks, without references.
        chunk: pictures of a mutual chunk: memory grows with it, and so does what a picture is compared with.
        caption: who writes captions: ``evidence``, ``model`` or ``none``; see :class:`assistant.batch.engines.jobs.Job`.
        questions, save_maps, save_overlays: what else is written about each picture.
        shard: which part of the pictures; files get its numbers.
        engine: ``local`` or ``ray``.
        restart: begin anew instead of going on.
        retry_failed: inspect again what ended in an error.
        batch_size: pictures encoded, and talked about, together; None chooses.
        workers: processes; 0 works in this one; None chooses by cores and memory.

    Raises:
        ConfigError: options that do not go together.
    """

    inputs: Inputs
    out: Path
    request: Request = field(default_factory=Request)
    preset: str = "mini"
    device: str | None = None
    mutual: bool = False
    chunk: int = CHUNK
    caption: str = "evidence"
    questions: tuple[str, ...] = ()
    save_maps: bool = False
    save_overlays: bool = False
    shard: Shard = field(default_factory=Shard)
    engine: str = "local"
    restart: bool = False
    retry_failed: bool = False
    batch_size: int | None = None
    workers: int | None = None

    def __post_init__(self) -> None:
        request = self.request
        if self.engine not in ENGINES:
            raise ConfigError(f"an engine of {', '.join(ENGINES)}", self.engine, "choose one")
        given = request.references or request.profile or request.anomalous_references
        if self.mutual and (given or self.inputs.manifest is not None):
            do = "leave them out, or leave mutual mode"
            raise ConfigError("no references, profile or manifest in mutual mode", "some", do)
        if self.chunk < 2:
            raise ConfigError("chunks of at least 2 pictures", str(self.chunk), f"give --chunk {CHUNK}")
        if self.workers is not None and self.workers < 0:
            raise ConfigError("a number of workers from 0", str(self.workers), "leave it out to have it chosen")
        if not (self.inputs.paths or self.inputs.lists or self.inputs.manifest):
            raise ConfigError("pictures", "none", "name files or folders, a --list or a --manifest")
        _ = self.job  # checks what it holds

    @property
    def results(self) -> Path:
        """File of the rows."""
        return self.out / f"results{self.shard.suffix}.jsonl"

    @property
    def job(self) -> Job:
        """What workers are told."""
        out = self.out.absolute()
        return Job(
            preset=self.preset,
            device=self.device,
            request=self.request,
            mutual=self.mutual,
            caption=self.caption,
            questions=self.questions,
            maps=out if self.save_maps else None,
            overlays=out if self.save_overlays else None,
            batch_size=self.batch_size,
        )

    @property
    def settings(self) -> dict[str, Any]:
        """What rows depend on: a run that goes on with others is refused."""
        told = {**vars(self.request.inquiry), **vars(self.request)}
        request = {name: _plain(value) for name, value in told.items() if name != "inquiry"}
        about = {"preset": self.preset, "mutual": self.mutual, "chunk": self.chunk if self.mutual else None}
        wanted = {"caption": self.caption, "questions": list(self.questions)}
        return {**about, **wanted, "maps": self.save_maps, "overlays": self.save_overlays, **request}


class BatchRun:
    """One run, iterated once; its counters tell how far it is.

    Args:
        options: of the run.
        assistant: loaded already: works in this process; None loads one in each worker.
        standard_input: what the input ``-`` reads.
    """

    def __init__(
        self, options: BatchOptions, assistant: Assistant | None = None, standard_input: Readable | None = None
    ) -> None:
        self.options, self._assistant, self._standard_input = options, assistant, standard_input
        self.found = 0
        """Pictures of this shard seen so far, those done earlier included."""
        self.skipped = 0
        """Pictures that an earlier run has done."""
        self.written = 0
        """Rows of this run."""
        self.failed = 0
        """Rows with ``error`` in the whole file, those of earlier runs included."""
        self.total: int | None = None
        """Pictures of this shard; None as long as that is not known."""
        self._checksum = 0

    def __iter__(self) -> Iterator[Row]:
        """Rows as they are on disk.

        Raises:
            StorageError: a folder in use, full or not writable.
            ConfigError: other settings than those of the rows that are there.
            AssistantError: references, weights or lists that cannot be used.
        """
        options = self.options
        record = RunRecord(options.out, options.shard, options.settings)
        writer = RowWriter(options.results, restart=options.restart, retry_failed=options.retry_failed)
        with writer:
            remove_parts(options.out)
            record.begin(fresh=options.restart or not writer.done)
            self.failed = writer.failed
            for row in self._engine()(self._units(writer.done)):
                if writer.write(row):
                    self.written += 1
                    self.failed += row["error"] is not None
                    yield row
            record.finish(self.found, self._checksum)
            self.total = self.found

    def count(self) -> None:
        """Find out :attr:`total` in a thread, by looking for the pictures once more; not for standard input."""
        if STANDARD_INPUT not in self.options.inputs.paths:
            threading.Thread(target=self._count, daemon=True).start()

    def _count(self) -> None:
        seen = [0]

        def found(_: Item) -> None:
            seen[0] += 1

        try:
            for _ in self._split(lambda _: True, found):
                pass
        except AssistantError:  # a list that cannot be read: the run itself tells
            return
        self.total = self.total or seen[0]

    def _units(self, done: set[int]) -> Iterator[Unit]:
        def found(item: Item) -> None:
            self.found += 1
            self.skipped += item.key in done
            self._checksum ^= item.key

        return self._split(done.__contains__, found)

    def _split(self, done: Callable[[int], bool], found: Callable[[Item], None]) -> Iterator[Unit]:
        options = self.options
        inputs = replace(options.inputs, skip=options.out.resolve())
        items = find_items(inputs, self._standard_input)
        if options.mutual:
            return chunked_units(items, options.chunk, options.shard, done, found)
        return single_units(items, options.shard, done, found)

    def _engine(self) -> Callable[[Iterator[Unit]], Iterator[Row]]:
        """What turns units into rows: this process, workers of this machine, or Ray."""
        options = self.options
        if options.engine == "ray":
            from assistant.batch.engines.ray_engine import RayEngine

            return RayEngine(options.job, options.workers).rows
        if self._assistant is not None or options.workers == 0:
            return self._here
        from assistant.batch.engines.fleet import Fleet

        job, count, ahead = plan(options)
        return Fleet(job, count, ahead).rows

    def _here(self, units: Iterator[Unit]) -> Iterator[Row]:
        from assistant.batch.engines.workbench import Workbench
        from assistant.pipeline import Assistant

        options = self.options
        assistant = self._assistant or Assistant.load(options.preset, device=options.device)
        for _, row in Workbench(assistant, options.job).rows(units):
            yield row


def plan(options: BatchOptions) -> tuple[Job, int, int]:
    """The job for this machine, the number of worker processes, and the units each has at most.

    One process a core, or one a GPU with its decoders; as many units as keep it busy while others are written.
    """
    import torch

    on_gpu = (options.device or ("cuda" if torch.cuda.is_available() else "cpu")) != "cpu"
    if on_gpu:
        job, count = replace(options.job, decoders=machine.default_decoders(), threads=2), options.workers or 1
        together = job.batch_size or GPU_BATCH
    else:
        job, count = replace(options.job, threads=1), options.workers or machine.default_workers()
        together = job.batch_size or (TALKED_ABOUT if job.talks else 1)
    return job, count, 2 if options.mutual else 2 * together + 2 * max(1, job.decoders)


def run(
    inputs: Sequence[str | Path] | Inputs, out: str | Path, *, assistant: Assistant | None = None, **options: Any
) -> BatchRun:
    """Inspect many pictures; iterate over what comes back.

    Args:
        inputs: files, folders and patterns, or :class:`assistant.batch.inputs.listing.Inputs` with lists and a manifest.
        out: folder of the results.
        assistant: loaded already: works in this process. Without one, worker processes load ``preset`` each.
        options: further fields of :class:`BatchOptions`.
    """
    given = inputs if isinstance(inputs, Inputs) else Inputs(tuple(map(str, inputs)))
    return BatchRun(BatchOptions(given, Path(out), **options), assistant, sys.stdin.buffer if _asks(given) else None)


def _asks(inputs: Inputs) -> bool:
    return STANDARD_INPUT in inputs.paths


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value
