"""Where a build puts its samples: files beside a table of rows, or parquet shards that are packed as the rows come.

A build into shards writes files too, into ``pending/``, and packs them once enough rows of a split are there: a shard appears
whole, then its rows and files go. What is killed between the two leaves rows that stand in a shard already; they are dropped when
the build goes on. A split's last shard is unpacked then where it is not full: a set does not depend on where it was stopped.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from assistant.pictures.shards import open_shard
from assistant.samples.packing import same_product, shard_path, write_shard
from assistant.samples.sets import PENDING, TABLE, rows_of, shards_of, split_of
from data_builders.files import write_atomic
from data_builders.writer import Row, recover_rows, row_line

SHARD_ROWS = 256
"""Rows of a shard, or a little more: none ends within a product."""
LIST = "shards.jsonl"
"""What the manifest will say of the shards that a build has packed, beside what is pending."""


class FileStore:
    """Pictures beside ``metadata.jsonl``.

    Args:
        folder: of the set.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = self.pictures = folder

    def recover(self) -> set[int]:
        """Indices that are there already; what a kill left half is mended."""
        return recover_rows(self.pictures / TABLE)

    def append(self, row: Row) -> None:
        """Take a row whose pictures lie in :attr:`pictures`."""
        with (self.pictures / TABLE).open("ab") as file:
            file.write(row_line(row))

    def finish(self) -> list[Row] | None:
        """Bring what is pending to its place; what the manifest says of shards, None where there are none."""
        return None


class ShardStore(FileStore):
    """Parquet shards of a split each.

    Args:
        folder: of the set.
        size: rows of a full shard.
    """

    def __init__(self, folder: Path, size: int = SHARD_ROWS) -> None:
        super().__init__(folder)
        self.pictures, self._size = folder / PENDING, size
        self._rows: dict[str, list[Row]] = {}
        self._shards: dict[str, list[Row]] = {}

    def recover(self) -> set[int]:
        """Indices that are packed or pending; a split's last shard is pending again where it is not full."""
        self.pictures.mkdir(parents=True, exist_ok=True)
        for part in (self.folder / "data").glob(".part-*"):
            part.unlink()
        recover_rows(self.pictures / TABLE)
        pending = {row["index"]: row for row in self._pending()}
        done, known = set[int](), self._known()
        for path in shards_of(self.folder):
            rows = list(rows_of(path))
            split = split_of(path)
            if len(rows) < self._size:
                pending |= self._unpacked(path, rows)
                continue
            packed = {int(row["index"]) for row in rows}
            done |= packed
            self._shards.setdefault(split, []).append(known.get(path.name) or _record(path, len(rows)))
            pending = {index: row for index, row in pending.items() if index not in packed}
        self._keep([row for _, row in sorted(pending.items())])
        for path in shards_of(self.folder):
            if f"data/{path.name}" not in {one["file"] for one in self._listed()}:
                path.unlink()
        return done | pending.keys()

    def append(self, row: Row) -> None:
        """Take a row; a full split is packed before it."""
        rows = self._rows.setdefault(row["split"], [])
        if len(rows) >= self._size and not same_product(rows[-1], row):
            self._pack(row["split"])
        super().append(row)
        self._rows.setdefault(row["split"], []).append(row)

    def finish(self) -> list[Row]:
        """Pack the rest, and leave nothing pending."""
        for split in sorted(self._rows):
            self._pack(split)
        shutil.rmtree(self.pictures)
        return self._listed()

    def _pack(self, split: str) -> None:
        rows = self._rows.pop(split)
        shards = self._shards.setdefault(split, [])
        path = shard_path(self.folder, split, len(shards))
        shards.append(write_shard(path, rows, lambda name: (self.pictures / name).read_bytes()))
        with (self.pictures / LIST).open("a", encoding="utf-8") as file:
            file.write(json.dumps(shards[-1]) + "\n")
        names = {name for row in rows for name in _pictures(row)}
        self._keep([row for row in self._pending() if row["split"] != split])
        for name in names:
            (self.pictures / name).unlink(missing_ok=True)

    def _pending(self) -> list[Row]:
        table = self.pictures / TABLE
        return [json.loads(line) for line in table.read_bytes().splitlines()] if table.exists() else []

    def _keep(self, rows: Sequence[Row]) -> None:
        """Let these rows be what is pending."""
        write_atomic(self.pictures / TABLE, b"".join(map(row_line, rows)))
        self._rows = {}
        for row in rows:
            self._rows.setdefault(row["split"], []).append(row)

    def _unpacked(self, path: Path, rows: Sequence[Row]) -> dict[int, Row]:
        """Rows of a shard, their pictures as files again."""
        for name in {name for row in rows for name in _pictures(row)}:
            write_atomic(self.pictures / name, open_shard(path).picture(name))
        return {int(row["index"]): row for row in rows}

    def _known(self) -> dict[str, Row]:
        """What an earlier run said of shards that have their size still, by name: hashing them all again takes long."""
        said: list[Row] = []
        with suppress(OSError, ValueError, KeyError, TypeError):
            said += json.loads((self.folder / "manifest.json").read_text(encoding="utf-8"))["shards"]
        with suppress(OSError, ValueError):
            said += [json.loads(line) for line in (self.pictures / LIST).read_text(encoding="utf-8").splitlines()]
        paths = {path.name: path for path in shards_of(self.folder)}
        return {
            name: one for one in said
            if (name := Path(one["file"]).name) in paths and paths[name].stat().st_size == one["bytes"]
        }  # fmt: skip

    def _listed(self) -> list[Row]:
        return [one for _, shards in sorted(self._shards.items()) for one in shards]


def _pictures(row: Row) -> list[str]:
    return [row["image_file_name"], row["mask_file_name"], *row["reference_file_names"]]


def _record(path: Path, rows: int) -> Row:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    name = f"{path.parent.name}/{path.name}"
    return {"file": name, "split": split_of(path), "rows": rows, "bytes": path.stat().st_size, "sha256": digest}
