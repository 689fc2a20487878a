"""Speed, memory and agreement of everything on a GPU, measured unattended in about ten minutes; on a CPU with ``--tiny``.

    python -m training.benchmark_gpu --out gpu/ [--tiny] [--phase localize] [--phase language]

Every phase is a process of its own with a time limit, in order of worth; what goes wrong in one costs only that one. Results are
appended to ``OUT/results.jsonl`` as they come, one JSON object a phase, and shown as a table at the end. Nothing is fetched:
data, towers and language model are made on the spot with random weights.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.table import Table

from training.log import shown_log
from training.measures.gpu_phases import PHASES, TINY, WHOLE
from training.runs.record import git_state, versions

RESULTS = "results.jsonl"


def measure(out: Path, phases: Sequence[str], tiny: bool) -> list[dict[str, Any]]:
    """Run phases one after the other; a result each, appended to ``out/results.jsonl`` as it comes.

    Args:
        out: folder, kept: its data set and models are used again.
        phases: names.
        tiny: the smallest sizes.
    """
    out.mkdir(parents=True, exist_ok=True)
    done = []
    for name in phases:
        done.append(_measured(out, name, tiny))
        with (out / RESULTS).open("a", encoding="utf-8") as file:
            file.write(json.dumps(done[-1]) + "\n")
    return done


def _measured(out: Path, name: str, tiny: bool) -> dict[str, Any]:
    """One phase in a process of its own."""
    target, started = out / f"{name}.json", time.perf_counter()
    target.unlink(missing_ok=True)
    command = [sys.executable, "-m", "training.benchmark_gpu", "--out", str(out), "--inside", name]
    error: str | None = None
    with (out / f"{name}.log").open("w", encoding="utf-8") as log:
        try:
            code = subprocess.run(
                [*command, *(["--tiny"] if tiny else [])], stdout=log, stderr=log, timeout=PHASES[name][1], check=False
            ).returncode
        except subprocess.TimeoutExpired:
            code, error = 1, f"stopped after {PHASES[name][1]} s"
    if code and error is None:
        lines = [line for line in (out / f"{name}.log").read_text(encoding="utf-8").splitlines() if line.strip()]
        error = (lines or [f"exit code {code}"])[-1]
    numbers = json.loads(target.read_text()) if target.is_file() else {}
    return {
        "phase": name, "error": error, "seconds": round(time.perf_counter() - started, 1), "tiny": tiny,
        "device": torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu", "numbers": numbers,
        "versions": versions(), "git": git_state(),
    }  # fmt: skip


def table(results: Sequence[dict[str, Any]]) -> Table:
    """Results for people."""
    shown = Table("phase", "seconds", "numbers")
    for one in results:
        told = [f"{k} {v:.3g}" if isinstance(v, float) else f"{k} {v}" for k, v in one["numbers"].items()]
        shown.add_row(one["phase"], str(one["seconds"]), one["error"] or ", ".join(told))
    return shown


@shown_log()
def main(arguments: Sequence[str] | None = None, program: str = "python -m training.benchmark_gpu") -> int:
    """Measure; 0 all phases went well, 1 some did not."""
    parser = argparse.ArgumentParser(prog=program, description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--out", type=Path, required=True, help="folder of results, data and models")
    parser.add_argument("--tiny", action="store_true", help="the smallest sizes, as on a CPU")
    parser.add_argument("--phase", action="append", choices=tuple(PHASES), help="measure this one; repeatable")
    parser.add_argument("--inside", choices=tuple(PHASES), help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    out = given.out.resolve()
    if given.inside:
        numbers = PHASES[given.inside][0](TINY if given.tiny else WHOLE, out)
        (out / f"{given.inside}.json").write_text(json.dumps(numbers))
        return 0
    results = measure(out, given.phase or list(PHASES), given.tiny)
    Console().print(table(results))
    return int(any(one["error"] for one in results))


if __name__ == "__main__":
    sys.exit(main())
