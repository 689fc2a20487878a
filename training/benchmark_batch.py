"""Pictures a second of a batch run against a bare loop of the same encoder; memory of short and long runs.

    python -m training.benchmark_batch PICTURES... [--count 300] [--preset mini] [--workers N] [--memory 200 2000]

The bare loop encodes tensors that are decoded and resized already, in this process with as many threads as cores and in one
process a core with one thread each; the best of these and of the batch sizes counts. With ``--caption model`` the time of
``generate`` alone, on the same prompts in batches, is added to it: the best of the same layouts. The run decodes, encodes,
judges, writes captions and rows; its time starts when it is warm and counts the pictures after that, since loading happens once.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import torch

from assistant.batch import find_items, run
from assistant.batch.engines.jobs import CAPTIONS, TALKED_ABOUT
from assistant.batch.engines.machine import cores
from assistant.batch.engines.unit_inspector import DESCRIBE
from assistant.batch.inputs.listing import Inputs
from assistant.errors import ConfigError
from assistant.language.interface import TokenDialogue
from assistant.language.models.trained import TrainedLanguageModel
from assistant.pictures.images import load_image
from assistant.pipeline import Assistant
from assistant.request import Request

WARM_UP = 2
POLL = 0.5
TOGETHER = 0.02
"""Seconds between rows of one batch of the language model, at most."""


@dataclass(frozen=True)
class BenchmarkOptions:
    """What is measured.

    Args:
        pictures: paths, as many as are to be inspected.
        preset: whose encoder.
        workers: processes of the run; None as many as it chooses.
        references: of the run.
        caption: who writes the run's captions: ``evidence``, ``model`` or ``none``.
    """

    pictures: tuple[str, ...]
    preset: str
    workers: int | None
    references: tuple[str, ...]
    caption: str


def bare_loop(pictures: Sequence[str], preset: str, size: int, threads: int) -> float:
    """Pictures a second of the encoder alone, on tensors that are ready."""
    torch.set_num_threads(threads)
    assistant = Assistant.load(preset)
    side = assistant.preset.tower.side
    shapes: dict[tuple[int, ...], list[torch.Tensor]] = {}
    for path in pictures:
        pixels = assistant.detector.clip.encoder.prepare(load_image(path), side).pixels
        shapes.setdefault(tuple(pixels.shape), []).append(pixels)
    batches = [torch.stack(some[i : i + size]) for some in shapes.values() for i in range(0, len(some), size)]
    with torch.inference_mode():
        for batch in batches[:WARM_UP]:
            assistant.detector.clip.encoder(batch)
        started = time.perf_counter()
        for batch in batches:
            assistant.detector.clip.encoder(batch)
    return len(pictures) / (time.perf_counter() - started)


def bare_writing(pictures: Sequence[str], preset: str, size: int, threads: int) -> float:
    """Pictures a second of ``generate`` alone, on the prompts that a run's captions are written from."""
    torch.set_num_threads(threads)
    assistant, clock = Assistant.load(preset), _Clock()
    for start in range(0, len(pictures), size):
        talks = [assistant.open(assistant.inspect(path)) for path in pictures[start : start + size]]
        model = talks[0].model
        dialogues = [talk.dialogue for talk in talks if isinstance(talk.dialogue, TokenDialogue)]
        if not isinstance(model, TrainedLanguageModel):
            raise ConfigError("a preset with a language model", preset, "choose another, or leave out --caption model")
        plain = model.model.generate
        model.model.generate = clock.timed(plain)
        try:
            model.answer_together(dialogues, DESCRIBE)
        finally:
            model.model.generate = plain
    return len(pictures) / clock.seconds


class _Clock:
    """Seconds spent in a function."""

    seconds = 0.0

    def timed(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*arguments: Any, **options: Any) -> Any:
            started = time.perf_counter()
            try:
                return function(*arguments, **options)
            finally:
                self.seconds += time.perf_counter() - started

        return wrapped


def in_processes(bare: Callable[..., float], pictures: Sequence[str], preset: str, size: int, processes: int) -> float:
    """A bare loop in several processes of one thread each, all at once."""
    context, processes = multiprocessing.get_context("spawn"), min(processes, len(pictures))
    with context.Pool(processes) as pool:
        shares = [pictures[i::processes] for i in range(processes)]
        return sum(pool.starmap(bare, [(share, preset, size, 1) for share in shares]))


def batch_rate(asked: BenchmarkOptions) -> dict[str, float]:
    """Pictures a second of a run once it is warm, and the peak memory of it and its workers in MiB."""
    with tempfile.TemporaryDirectory() as folder, _memory() as peak:
        started = time.perf_counter()
        # a picture named twice is inspected once: links make each its own
        links = _linked(asked.pictures, Path(folder) / "pictures")
        rows = iter(
            run(
                [links],
                Path(folder) / "out",
                preset=asked.preset,
                request=Request(references=asked.references),
                caption=asked.caption,
                workers=asked.workers,
            )
        )
        failed, times = 0, []
        for row in rows:
            times.append(time.perf_counter())
            failed += row["error"] is not None
    rate = warm_rate(times, cores() * (2 * TALKED_ABOUT if asked.caption == "model" else 1))
    return {"rate": rate, "until_first_row": times[0] - started, "failed": failed, "peak_mib": peak[0]}


def warm_rate(times: Sequence[float], warm: int) -> float:
    """Rows a second after the first ``warm`` and those that came at once with them.

    >>> round(warm_rate([5.0, 6.0, 6.001, 6.002, 7.0, 7.001, 7.002, 7.003], 2), 2)
    3.99
    """
    if len(times) < 4:
        raise ConfigError("four pictures or more", str(len(times)), "raise --count")
    start = min(warm, len(times) // 2) - 1
    while start + 2 < len(times) and times[start + 1] - times[start] < TOGETHER:
        start += 1
    return (len(times) - 1 - start) / (times[-1] - times[start])


def _linked(pictures: Sequence[str], folder: Path) -> Path:
    folder.mkdir()
    for number, path in enumerate(pictures):
        (folder / f"{number:06d}{Path(path).suffix}").symlink_to(Path(path).resolve())
    return folder


class _memory:
    """Peak of the resident memory of this process and its children, MiB; sampled, since they live at once."""

    def __enter__(self) -> list[float]:
        self._peak, self._stop = [0.0], threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self._peak

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while True:
            self._peak[0] = max(self._peak[0], _resident())
            if self._stop.wait(POLL):
                return


def _resident() -> float:
    children = Path("/proc/self/task")
    if not children.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    ids = ["self", *(i for task in children.glob("*/children") for i in _read(task).split())]
    kilobytes = 0
    for number in ids:
        found = [line for line in _read(Path(f"/proc/{number}/status")).splitlines() if line.startswith("VmRSS")]
        kilobytes += int(found[0].split()[1]) if found else 0
    return kilobytes / 1024


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:  # it has just ended
        return ""


def measure(asked: BenchmarkOptions, sizes: Sequence[int], memory: Sequence[int]) -> Iterator[dict[str, Any]]:
    """One finding after the other, the comparison last but for memory."""
    loops = [("bare loop", bare_loop), *([("bare writing", bare_writing)] if asked.caption == "model" else [])]
    seconds = 0.0
    for name, bare in loops:
        best = 0.0
        for size in sizes:
            together = bare(asked.pictures, asked.preset, size, cores())
            apart = in_processes(bare, asked.pictures, asked.preset, size, cores())
            best = max(best, together, apart)
            yield {"what": name, "batch_size": size, "one_process": together, "process_a_core": apart}
        seconds += 1 / best
    found = batch_rate(asked)
    yield {"what": "run", "caption": asked.caption, **found}
    yield {"what": "share of the bare loop", "share": found["rate"] * seconds}
    for count in memory:
        some = replace(asked, pictures=tuple(islice(cycle(asked.pictures), count)))
        yield {"what": "memory", "pictures": count, "peak_mib": batch_rate(some)["peak_mib"]}


def main(arguments: Sequence[str] | None = None, program: str = "python -m training.benchmark_batch") -> int:
    """Print a JSON object a finding."""
    assert __doc__ is not None
    parser = argparse.ArgumentParser(prog=program, description=__doc__.splitlines()[0])
    parser.add_argument("inputs", nargs="+", help="pictures or folders")
    parser.add_argument(
        "--count", type=int, default=300, help="pictures, taken again from the start where there are fewer"
    )
    parser.add_argument("--preset", default="mini")
    parser.add_argument("--workers", type=int)
    parser.add_argument("--batch-sizes", type=int, nargs="+", default=[1, 4, 8])
    parser.add_argument("--references", nargs="+", default=[])
    parser.add_argument("--caption", choices=CAPTIONS, default="evidence")
    parser.add_argument(
        "--memory", type=int, nargs="*", default=[], help="numbers of pictures whose peaks are compared"
    )
    given = parser.parse_args(arguments)
    every = [item.source for item in find_items(Inputs(tuple(given.inputs)))]
    pictures = tuple(islice(cycle(every), given.count))
    asked = BenchmarkOptions(pictures, given.preset, given.workers, tuple(given.references), given.caption)
    for finding in measure(asked, given.batch_sizes, given.memory):
        rounded = {k: round(v, 4) if isinstance(v, float) else v for k, v in finding.items()}
        print(json.dumps(rounded), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
