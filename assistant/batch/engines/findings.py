"""What a worker has found out about pictures so far: inspections that wait for their words, and failures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from assistant.batch.engines.decoding import DecodedPicture, UnreadablePicture, unexpected
from assistant.batch.engines.jobs import Outcome, Unit
from assistant.batch.inputs.fingerprints import Fingerprint
from assistant.batch.inputs.item import Item
from assistant.errors import AssistantError
from assistant.report import error_row

if TYPE_CHECKING:
    from assistant.types import Inspection

Row = dict[str, Any]


@dataclass(frozen=True, eq=False)
class Finding:
    """What became of one picture of a unit: an inspection that waits for its words, or the row of a failure."""

    unit: Unit
    item: Item
    file: Fingerprint | None
    inspection: Inspection | None = None
    row: Row | None = None

    def outcome(self, row: Row, *, embedded: bool = False) -> Outcome:
        """With the row that it got; ``embedded``: and with what its regions look like, where the row tells of them."""
        known = self.inspection if embedded and row["error"] is None else None
        embeddings = None if known is None else known.region_embeddings
        return Outcome(self.unit, self.item, row, self.file, embeddings=embeddings)


def inspected(unit: Unit, one: DecodedPicture, inspection: Inspection) -> Finding:
    """A picture that went well so far."""
    return Finding(unit, one.item, one.file, inspection)


def refused(unit: Unit, one: DecodedPicture | UnreadablePicture, error: Exception | str) -> Finding:
    """A picture that something went wrong with."""
    row = error_row(one.item.name, error) if isinstance(error, str) else failed(one.item, error)
    return Finding(unit, one.item, one.file, row=row)


def failed(item: Item, error: Exception) -> Row:
    """The row of a picture that something went wrong with."""
    return error_row(item.name, error if isinstance(error, AssistantError) else unexpected(error))
