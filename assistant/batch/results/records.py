"""What a run notes beside its rows: its settings, so that another run does not mix in, and how many pictures it had."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assistant.batch.inputs.shards import Shard
from assistant.batch.results.pictures import unwritable
from assistant.errors import ConfigError
from assistant.report import package_version

SCHEMA = "anomaly-assistant/batch@1"


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

    def begin(self, *, fresh: bool) -> None:
        """Check against what the rows so far were made with, and note that a run is under way.

        Args:
            fresh: there are no rows yet.

        Raises:
            ConfigError: other settings; names the first that differs.
        """
        before = None if fresh else read_record(self.path)
        if before is not None:
            asked = json.loads(json.dumps(self.settings))
            for name in sorted({*before["settings"], *asked}):
                old, new = before["settings"].get(name), asked.get(name)
                if old != new:
                    do = "give --restart, another --out, or the options of before"
                    raise ConfigError(f"{name} {old!r}, as the rows in {self.out}", repr(new), do)
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


def read_record(path: Path) -> dict[str, Any] | None:
    """A record, or None where there is none that can be read."""
    try:
        about = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return about if isinstance(about, dict) and about.get("schema") == SCHEMA else None


def write_whole(path: Path, data: bytes) -> None:
    """A file that appears whole or not at all.

    Raises:
        StorageError: the folder is full or cannot be written.
    """
    part = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(data)
        os.replace(part, path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise unwritable(error, path) from error
