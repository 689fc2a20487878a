"""What a run notes beside its rows: its settings, so that another run does not mix in, and how many pictures it had."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assistant.batch.inputs.fingerprints import content_hash
from assistant.batch.inputs.shards import Shard
from assistant.batch.results.pictures import unwritable
from assistant.config import load_preset
from assistant.errors import ConfigError
from assistant.files.whole import whole_file
from assistant.report import package_version
from assistant.request import Request

SCHEMA = "anomaly-assistant/batch@1"
CONTENT = "_content"
"""Ends the names of settings that are hashes of files; None is a hash that is not known."""
TRAINED = (".safetensors", ".json")
"""Endings of the files of trained parts."""


@dataclass(frozen=True)
class RunRecord:
    """The file ``run.json`` (``run-I-of-N.json`` of a shard) of a folder of results."""

    out: Path
    shard: Shard
    settings: dict[str, Any]

    @property
    def path(self) -> Path:
        """Of the file."""
        return self.out / f"run{self.shard.suffix}.json"

    def check(self) -> None:
        """Compare with what the rows so far were made with; writes nothing.

        Raises:
            ConfigError: other settings, of which it names the first, or no record of those before.
        """
        before = read_record(self.path)
        if before is None:
            do = "give --restart or another --out"
            raise ConfigError(f"{self.path.name}, which tells how the rows in {self.out} were made", "none", do)
        other = difference(before["settings"], json.loads(json.dumps(self.settings)))
        if other is not None:
            name, old, new = other
            do = "give --restart, another --out, or the options of before"
            raise ConfigError(f"{name} {old!r}, as the rows in {self.out}", repr(new), do)

    def begin(self) -> None:
        """Note that a run is under way."""
        self._write(None, None)

    def finish(self, inputs: int, checksum: int) -> None:
        """Note that every picture has a row.

        Args:
            inputs: pictures of this shard.
            checksum: exclusive or of their keys.
        """
        self._write(inputs, f"{checksum:016x}")

    def _write(self, inputs: int | None, checksum: str | None) -> None:
        about = {
            "schema": SCHEMA,
            "version": package_version(),
            "shard": [self.shard.index, self.shard.count],
            "finished": inputs is not None,
            "inputs": inputs,
            "checksum": checksum,
            "settings": self.settings,
        }
        write_whole(self.path, (json.dumps(about, indent=1) + "\n").encode())


def difference(one: dict[str, Any], other: dict[str, Any]) -> tuple[str, object, object] | None:
    """Name and both values of the first setting that differs; hashes that are not known count as alike."""
    for name in sorted({*one, *other}):
        values = one.get(name), other.get(name)
        if values[0] != values[1] and not (name.endswith(CONTENT) and None in values):
            return name, *values
    return None


def read_record(path: Path) -> dict[str, Any] | None:
    """A record, or None where there is none that can be read."""
    try:
        about = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    whole = isinstance(about, dict) and about.get("schema") == SCHEMA and isinstance(about.get("settings"), dict)
    return about if whole else None


def contents(request: Request, preset: str | None = None) -> dict[str, str | None]:
    """Hashes of the files that options name, which may change under the same name; None where there are none.

    Args:
        request: with references, profile and examples of kinds.
        preset: whose trained parts and numbers count; None leaves them out.
    """
    files = {
        "references": request.references,
        "anomalous": (*request.anomalous_references, *request.anomalous_masks),
        "profile": () if request.profile is None else (request.profile,),
        "kind_examples": () if request.kind_examples is None else (request.kind_examples,),
    }
    found = {name + CONTENT: content_hash(paths) if paths else None for name, paths in files.items()}
    return {**found, "preset" + CONTENT: None if preset is None else _preset_content(preset)}


def _preset_content(name: str) -> str:
    preset, folder = load_preset(name)
    parts = [folder / part for part in (preset.checkpoint, preset.language.parts) if part is not None]
    trained = sorted(str(path) for part in parts for path in part.glob("*") if path.suffix in TRAINED)
    numbers = preset.model_dump_json() + str(content_hash(trained))
    return f"sha256:{hashlib.sha256(numbers.encode()).hexdigest()}"


def write_whole(path: Path, data: bytes) -> None:
    """A file that appears whole or not at all.

    Raises:
        StorageError: the folder is full or cannot be written.
    """
    try:
        with whole_file(path) as part:
            part.write_bytes(data)
    except OSError as error:
        raise unwritable(error, path) from error
