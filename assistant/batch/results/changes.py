"""Earlier rows against the files as they are now: what has changed is set aside, to be inspected again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from assistant.batch.inputs.fingerprints import Change, change_of, content_hash
from assistant.batch.inputs.item import Item
from assistant.batch.results.writer import RowWriter

SHOWN = 3
"""Names that a sentence gives."""


class Manifest:
    """What is asked of single pictures, as a hash; reference sets are read once."""

    def __init__(self) -> None:
        self._references: dict[tuple[str, ...], str | None] = {}

    def asked(self, item: Item) -> str | None:
        """Hash of object name and references of a picture's own; None where it has none."""
        if item.object_name is None and not item.references:
            return None
        if item.references not in self._references:
            self._references[item.references] = content_hash(item.references)
        told = [item.object_name, item.references, self._references[item.references]]
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:16]


@dataclass
class Tally:
    """How many pictures, and the names of the first."""

    count: int = 0
    names: list[str] = field(default_factory=list)

    def add(self, name: str) -> None:
        """One more."""
        self.count += 1
        if len(self.names) < SHOWN:
            self.names.append(" ".join(name.split()))

    def sentence(self, what: str) -> str:
        """In one line."""
        return f"{self.count} {what}: {', '.join(self.names)}" + (", …" if self.count > SHOWN else "")


@dataclass
class Changes:
    """What a look at the pictures of earlier rows found.

    Args:
        changed: their file has another content, or another is at their path; their rows are set aside.
        asked: the manifest says something else of them; their rows are set aside.
        gone: there is no file any more; their rows stay.
        unknown: rows without a record of their file, of an earlier version of the program; they stay.
    """

    changed: Tally = field(default_factory=Tally)
    asked: Tally = field(default_factory=Tally)
    gone: Tally = field(default_factory=Tally)
    unknown: Tally = field(default_factory=Tally)

    @property
    def sentences(self) -> list[str]:
        """For people, one a kind."""
        told = (
            (self.changed, "changed since inspected; done again, old rows set aside"),
            (self.asked, "with other words or references in the manifest; done again, old rows set aside"),
            (self.gone, "gone since inspected; rows kept"),
            (self.unknown, "inspected before files were recorded; rows kept, files not compared"),
        )
        return [tally.sentence(what) for tally, what in told if tally.count]


def look_again(units: Iterable[tuple[Item, ...]], writer: RowWriter, manifest: Manifest) -> Changes:
    """Compare the pictures of a run with the records of their rows.

    Rows of what has changed are taken out, with those of all the pictures they were compared with. What was only written
    anew, or moved, is noted.

    Args:
        units: all of the run: each picture alone, or chunks that judge each other.
        writer: of the rows.
        manifest: says what is asked of single pictures.

    Raises:
        StorageError: the folder cannot be written.
    """
    changes, out = Changes(), set[int]()
    for unit in units:
        rows = {key: item for item in unit if (key := writer.row_of(item)) is not None}
        stale = [_stale(item, key, writer, manifest, changes) for key, item in rows.items()]
        if any(stale):
            out |= rows.keys()
    if out:
        writer.take_out(out)
    return changes


def _stale(item: Item, key: int, writer: RowWriter, manifest: Manifest, changes: Changes) -> bool:
    """Whether the row of a picture is to be made again."""
    record = writer.records.get(key)
    if record is None:
        changes.unknown.add(item.name)
        return False
    if manifest.asked(item) != record.asked:
        changes.asked.add(item.name)
        return True
    change, now = (Change.NONE, None) if item.error is not None else change_of(item.source, record.file)
    if change is Change.CONTENT:
        changes.changed.add(item.name)
    elif change is Change.GONE:
        changes.gone.add(item.name)
    elif change is Change.TOUCHED or record.place != item.place:
        writer.renew(replace(record, place=item.place, file=now))
    return change is Change.CONTENT
