"""Pictures a second of a batch run against a bare loop of the same encoder; memory of short and long runs.

    python -m training.benchmark_batch PICTURES... [--count 300] [--preset mini] [--workers N] [--memory 200 2000]

The bare loop encodes tensors that are decoded and resized already, in this process with as many threads as cores and in one
process a core with one thread each; the best of these and of the batch sizes counts. The run decodes, encodes, judges,
captions and writes rows; its time starts with the first row and counts the pictures after it, since loading happens once.
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
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import torch

from assistant.batch import find_items, run
from assistant.batch.items import Inputs
from assistant.batch.machine import cores
from assistant.images import load_image
from assistant.pipeline import Assistant
from assistant.request import Request

WARM_UP = 2
POLL = 0.05


@dataclass(frozen=True)
class Asked:
    """What is measured.

    Args:
        pictures: paths, as many as are to be inspected.
        preset: whose encoder.
        workers: processes of the run; None as many as it chooses.
        references: of the run.
        caption: whether the run writes captions.
    """

    pictures: tuple[str, ...]
    preset: str
    workers: int | None
    references: tuple[str, ...]
    caption: bool


def bare_loop(pictures: Sequence[str], preset: str, size: int, threads: int) -> float:
    """Pictures a second of the encoder alone, on tensors that are ready."""
    torch.set_num_threads(threads)
    assistant = Assistant.load(preset)
    side = assistant.preset.tower.side
    shapes: dict[tuple[int, ...], list[torch.Tensor]] = {}
    for path in pictures:
        pixels = assistant.clip.encoder.prepare(load_image(path), side).pixels
        shapes.setdefault(tuple(pixels.shape), []).append(pixels)
    batches = [torch.stack(some[i : i + size]) for some in shapes.values() for i in range(0, len(some), size)]
    with torch.inference_mode():
        for batch in batches[:WARM_UP]:
            assistant.clip.encoder(batch)
        started = time.perf_counter()
        for batch in batches:
            assistant.clip.encoder(batch)
    return len(pictures) / (time.perf_counter() - started)


def bare_loops(pictures: Sequence[str], preset: str, size: int, processes: int) -> float:
    """The same in several processes of one thread each, all at once."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(processes) as pool:
        shares = [pictures[i::processes] for i in range(processes)]
        return sum(pool.starmap(bare_loop, [(share, preset, size, 1) for share in shares]))


def batch_rate(asked: Asked) -> dict[str, float]:
    """Pictures a second of a run after its first row, and the peak memory of it and its workers in MiB."""
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
        first = next(rows)
        ready = time.perf_counter()
        failed = sum(row["error"] is not None for row in rows) + (first["error"] is not None)
        ended = time.perf_counter()
    rate = (len(asked.pictures) - 1) / (ended - ready)
    return {"rate": rate, "until_first_row": ready - started, "failed": failed, "peak_mib": peak[0]}


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
        while not self._stop.wait(POLL):
            self._peak[0] = max(self._peak[0], _resident())


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


def measure(asked: Asked, sizes: Sequence[int], memory: Sequence[int]) -> Iterator[dict[str, Any]]:
    """One finding after the other, the comparison last but for memory."""
    best = 0.0
    for size in sizes:
        together = bare_loop(asked.pictures, asked.preset, size, cores())
        apart = bare_loops(asked.pictures, asked.preset, size, cores())
        best = max(best, together, apart)
        yield {"what": "bare loop", "batch_size": size, "one_process": together, "process_a_core": apart}
    found = batch_rate(asked)
    yield {"what": "run", **found}
    yield {"what": "share of the bare loop", "share": found["rate"] / best}
    for count in memory:
        some = Asked(tuple(islice(cycle(asked.pictures), count)), asked.preset, asked.workers, asked.references, True)
        yield {"what": "memory", "pictures": count, "peak_mib": batch_rate(some)["peak_mib"]}


def main(argv: Sequence[str] | None = None) -> int:
    """Print a JSON object a finding."""
    assert __doc__ is not None
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("inputs", nargs="+", help="pictures or folders")
    parser.add_argument(
        "--count", type=int, default=300, help="pictures, taken again from the start where there are fewer"
    )
    parser.add_argument("--preset", default="mini")
    parser.add_argument("--workers", type=int)
    parser.add_argument("--batch-sizes", type=int, nargs="+", default=[1, 4, 8])
    parser.add_argument("--references", nargs="+", default=[])
    parser.add_argument("--no-caption", action="store_true")
    parser.add_argument(
        "--memory", type=int, nargs="*", default=[], help="numbers of pictures whose peaks are compared"
    )
    given = parser.parse_args(argv)
    every = [item.source for item in find_items(Inputs(tuple(given.inputs)))]
    pictures = tuple(islice(cycle(every), given.count))
    asked = Asked(pictures, given.preset, given.workers, tuple(given.references), not given.no_caption)
    for finding in measure(asked, given.batch_sizes, given.memory):
        rounded = {k: round(v, 4) if isinstance(v, float) else v for k, v in finding.items()}
        print(json.dumps(rounded), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
