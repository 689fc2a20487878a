"""What every worker of a run is told: one value that can be sent to another process or machine."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from assistant.batch.items import Item
from assistant.errors import ConfigError
from assistant.request import Request

Unit = tuple[Item, ...]
"""Pictures that are worked on together: one, or a chunk of mutual mode."""


@dataclass(frozen=True)
class Job:
    """How pictures are inspected and what is written about each.

    Args:
        preset: name, file or folder.
        device: torch device; found when None.
        request: options of the inspection.
        mutual: pictures of a unit judge each other.
        caption: whether rows have captions.
        questions: asked of each picture, as one conversation a picture.
        maps: folder that gets ``maps/``; None writes none.
        overlays: folder that gets ``overlays/``; None writes none.
        batch_size: pictures of one model size that are encoded together; None chooses by device.
        decoders: processes that decode for one worker; 0 decodes in a thread of it.
        threads: of torch in a worker process.
    """

    preset: str = "mini"
    device: str | None = None
    request: Request = field(default_factory=Request)
    mutual: bool = False
    caption: bool = True
    questions: tuple[str, ...] = ()
    maps: Path | None = None
    overlays: Path | None = None
    batch_size: int | None = None
    decoders: int = 0
    threads: int = 1

    def __post_init__(self) -> None:
        if self.batch_size is not None and self.batch_size < 1:
            raise ConfigError("a batch size of at least 1", str(self.batch_size), "leave it out to have it chosen")

    def told(self, item: Item) -> Request:
        """The request with what a manifest says of one picture."""
        request = self.request
        if item.references:
            request = replace(request, references=item.references, profile=None)
        return replace(request, object_name=item.object_name or request.object_name)
