"""``run.json``: everything about a run that its results hang on. Written when it begins and when it ends."""

from __future__ import annotations

import json
import platform
import subprocess
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

from training.runs.processes import processes
from training.runs.recipe import LanguageRecipe, Recipe

FILE = "run.json"
PACKAGES = (
    "anomaly-assistant", "accelerate", "bitsandbytes", "datasets", "numpy", "open_clip_torch", "peft", "safetensors",
    "timm", "torch", "torchvision", "transformers",
)  # fmt: skip


@dataclass(frozen=True)
class Identity:
    """What a run hangs on beside its recipe.

    Args:
        data: hash of each data set, by its path.
        start: hash of the trained parts it begins with; None for none.
        preset: hash of the preset's numbers.
    """

    data: dict[str, str]
    start: str | None
    preset: str


@dataclass(frozen=True)
class RunMaterial:
    """What a run trains on.

    Args:
        counts: of what is used.
        left_out: what is not, with the reason.
    """

    counts: dict[str, Any]
    left_out: Sequence[str] = ()


def begin_record(
    recipe: Recipe | LanguageRecipe, command: str, identity: Identity, material: RunMaterial
) -> dict[str, Any]:
    """What is known when a run begins; the recipe with its overrides, the command as typed."""
    return {
        "schema": "anomaly-assistant/run@1",
        "command": command,
        "recipe": recipe.model_dump(mode="json"),
        "seed": recipe.loop.seed,
        **asdict(identity),
        "counts": material.counts,
        "left_out": list(material.left_out),
        "versions": versions(),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "device": torch.cuda.get_device_name()
        if torch.cuda.is_available()
        else f"cpu, {torch.get_num_threads()} threads",
        "processes": processes().num_processes,
        "git": git_state(),
        "begun": _now(),
        "ended": None,
    }


def write_record(out: Path, record: dict[str, Any]) -> None:
    """Write ``run.json`` whole; what an earlier begin of the same run left there is kept under ``earlier``."""
    if not processes().is_main_process:
        return
    out.mkdir(parents=True, exist_ok=True)
    path = out / FILE
    if path.exists() and "earlier" not in record:
        try:
            before = json.loads(path.read_text(encoding="utf-8"))
        except ValueError:
            before = {}
        begun = [*before.get("earlier", []), {k: before.get(k) for k in ("command", "begun", "git", "processes")}]
        record["earlier"] = begun
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    partial.replace(path)


def end_record(out: Path, record: dict[str, Any], **results: Any) -> None:
    """Write the record again with what came out."""
    record.setdefault("earlier", [])
    write_record(out, record | results | {"ended": _now()})


def versions() -> dict[str, str]:
    """Installed versions of what a run hangs on; packages that are missing are left out."""
    found = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def git_state(folder: Path | None = None) -> dict[str, Any] | None:
    """Commit of the code and whether files differ from it; None where there is no repository or no git."""
    folder = folder or Path(__file__).parent

    def ask(*words: str) -> str:
        asked = subprocess.run(["git", *words], cwd=folder, capture_output=True, text=True, check=True, timeout=20)
        return asked.stdout.strip()

    try:
        return {"commit": ask("rev-parse", "HEAD"), "changed": bool(ask("status", "--porcelain", "-uno"))}
    except (OSError, subprocess.SubprocessError):
        return None


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
