"""A run: pictures in, rows on disk and to the caller. Joins inputs, an engine and the writer.

    for row in run(["photos/"], "results", preset="mini"):
        print(row["source"], row["verdict"])

Closing the iterator, or a kill, keeps what is done; the same call goes on from there.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant.batch.engines import machine
from assistant.batch.engines.jobs import GPU_BATCH, Job, Outcome, Unit
from assistant.batch.engines.units import chunked_units, single_units
from assistant.batch.groups.group_file import Groups
from assistant.batch.groups.grouping import group_run
from assistant.batch.inputs.item import Item, key_of
from assistant.batch.inputs.listing import STANDARD_INPUT, Inputs, find_items
from assistant.batch.options import BatchOptions
from assistant.batch.results.changes import Manifest, look_again
from assistant.batch.results.file_records import FileRecord
from assistant.batch.results.pictures import remove_parts
from assistant.batch.results.records import RunRecord, contents
from assistant.batch.results.rows import Row, has_rows
from assistant.batch.results.writer import RowWriter
from assistant.config import LanguageConfig
from assistant.errors import AssistantError
from assistant.files.text import Readable

if TYPE_CHECKING:
    from assistant.pipeline import Assistant

LISTED = 20
"""Faults of earlier rows that are told one by one."""
BLOCK = 2**16


class BatchRun:
    """One run, iterated once; its counters tell how far it is.

    Args:
        options: of the run.
        assistant: loaded already: works in this process; None loads one in each worker.
        standard_input: what the input ``-`` reads.
        tell: given what a run finds out about earlier rows, in sentences.
    """

    def __init__(
        self, options: BatchOptions, assistant: Assistant | None = None, standard_input: Readable | None = None,
        tell: Callable[[str], object] = lambda _: None,
    ) -> None:  # fmt: skip
        self.options, self._assistant, self._tell = options, assistant, tell
        self._standard_input = standard_input if asks_for_list(options.inputs) else None
        self.found = 0
        """Pictures of this shard seen so far, those done earlier included."""
        self.skipped = 0
        """Pictures that an earlier run has done."""
        self.written = 0
        """Rows of this run."""
        self.failed = 0
        """Rows with ``error`` in the whole file, those of earlier runs included."""
        self.changed = 0
        """Pictures with a row that are done again, because their file or what the manifest says of them has changed."""
        self.total: int | None = None
        """Pictures of this shard; None as long as that is not known."""
        self.groups: Groups | None = None
        """Of a finished run that was asked for them; those of shards are made when they are merged."""
        self._checksum = 0

    def __iter__(self) -> Iterator[Row]:
        """Rows as they are on disk; the groups of their regions are written into them at the end.

        Raises:
            StorageError: a folder in use, full or not writable.
            ConfigError: other settings than those of the rows that are there.
            AssistantError: references, weights or lists that cannot be used.
        """
        options, manifest = self.options, Manifest()
        record = RunRecord(options.out, options.shard, self._settings())
        writer = RowWriter(options.results, restart=options.restart, retry_failed=options.retry_failed)
        if not options.restart and has_rows(options.results):
            record.check()
        with writer:
            remove_parts(options.out)
            record.begin()
            self._look_again(writer, manifest)
            self.failed = writer.failed
            noted: set[str] = set()
            for outcome in self._engine()(self._units(writer)):
                item, row = outcome.item, outcome.row
                self._tell_new(outcome.notes, noted)
                file = FileRecord(item.name, item.place, outcome.file, manifest.asked(item))
                if writer.write(row, file, outcome.embeddings):
                    self.written += 1
                    self.failed += row["error"] is not None
                    yield row
            record.finish(self.found, self._checksum)
            self.total = self.found
            if options.group and options.shard.count == 1:
                self.groups = group_run(options.results)

    def _settings(self) -> dict[str, Any]:
        """Of the options, with the contents of the files that they name."""
        options, assistant = self.options, self._assistant
        if assistant is not None:
            return {**options.settings, **contents(options.request), "preset": assistant.preset.name}
        return {**options.settings, **contents(options.request, options.preset)}

    def _look_again(self, writer: RowWriter, manifest: Manifest) -> None:
        """Set rows of changed pictures aside, and tell what is wrong with the rows that are there."""
        told = [f"{fault}; set aside in {writer.aside.name}, its picture is done again" for fault in writer.faults]
        told[LISTED:] = [f"{len(told) - LISTED} more lines were set aside"] if len(told) > LISTED else []
        if writer.done:
            listed = None if self._standard_input is None else _whole(self._standard_input)
            self._standard_input = None if listed is None else BytesIO(listed)
            changes = look_again(self._split(lambda _: False, lambda _: None), writer, manifest)
            self._standard_input = None if listed is None else BytesIO(listed)
            self.changed = changes.changed.count + changes.asked.count
            told += changes.sentences
        writer.records.clear()
        for sentence in told:
            self._tell(sentence)

    def _tell_new(self, notes: Sequence[str], noted: set[str]) -> None:
        """Tell what no worker has told before: each finds the same out about the same references."""
        for sentence in dict.fromkeys(notes):
            if sentence not in noted:
                noted.add(sentence)
                self._tell(sentence)

    def count(self) -> None:
        """Find out :attr:`total` in a thread, by looking for the pictures once more; not for standard input."""
        if not asks_for_list(self.options.inputs):
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

    def _units(self, writer: RowWriter) -> Iterator[Unit]:
        def found(item: Item) -> None:
            row = writer.row_of(item)
            self.found += 1
            self.skipped += row is not None
            self._checksum ^= key_of(item.name) if row is None else row

        return self._split(lambda item: writer.row_of(item) is not None, found, self._tell)

    def _split(
        self,
        done: Callable[[Item], bool],
        found: Callable[[Item], None],
        tell: Callable[[str], object] = lambda _: None,
    ) -> Iterator[Unit]:
        options = self.options
        inputs = replace(options.inputs, skip=options.out.resolve())
        items = find_items(inputs, self._standard_input, tell)
        if options.mutual:
            return chunked_units(items, options.chunk, options.shard, done, found)
        return single_units(items, options.shard, done, found)

    def _engine(self) -> Callable[[Iterator[Unit]], Iterator[Outcome]]:
        """What turns units into outcomes: this process, workers of this machine, or Ray."""
        options = self.options
        if options.engine == "ray":
            from assistant.batch.engines.ray_engine import RayEngine

            return RayEngine(options.job, options.workers).outcomes
        if self._assistant is not None or options.workers == 0:
            return self._here
        from assistant.batch.engines.fleet import Fleet

        job, count, ahead = plan(options)
        return Fleet(job, count, ahead).outcomes

    def _here(self, units: Iterator[Unit]) -> Iterator[Outcome]:
        from assistant.batch.engines.unit_inspector import UnitInspector
        from assistant.pipeline import Assistant

        options = self.options
        assistant = self._assistant or Assistant.load(options.preset, device=options.device, language=options.language)
        yield from UnitInspector(assistant, options.job).outcomes(units)


def plan(options: BatchOptions) -> tuple[Job, int, int]:
    """The job for this machine, the number of worker processes, and the units each has at most.

    One process a core, or one a GPU with its decoders; as many units as keep it busy while others are written.
    """
    import torch

    on_gpu = (options.device or ("cuda" if torch.cuda.is_available() else "cpu")) != "cpu"
    if on_gpu:
        job, count = replace(options.job, decoders=machine.default_decoders(), threads=2), options.workers or 1
        job = replace(job, language=shared_out(job.language, count))
        together = job.batch_size or max(GPU_BATCH, job.together)
    else:
        job, count = replace(options.job, threads=1), options.workers or machine.default_workers()
        job = replace(job, language=shared_out(job.language, count))
        together = job.together
    return job, count, 2 if options.mutual else 2 * together + 2 * max(1, job.decoders)


def shared_out(language: LanguageConfig | None, workers: int) -> LanguageConfig | None:
    """A language model of which each of several workers may make its share of the requests at once."""
    if language is None:
        return None
    return language.model_copy(update={"in_flight": max(1, language.in_flight // max(1, workers))})


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
    listed = sys.stdin.buffer if asks_for_list(given) else None
    return BatchRun(BatchOptions(given, Path(out), **options), assistant, listed)


def _whole(file: Readable) -> bytes:
    return b"".join(iter(lambda: file.read(BLOCK), b""))


def asks_for_list(inputs: Inputs) -> bool:
    """Whether a list on standard input is among the inputs."""
    return STANDARD_INPUT in inputs.paths
