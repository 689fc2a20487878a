"""What every worker of a run is told: one value that can be sent to another process or machine."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float32

from assistant.batch.inputs.fingerprints import Fingerprint
from assistant.batch.inputs.item import Item
from assistant.config import LanguageConfig
from assistant.errors import ConfigError
from assistant.request import Request

Unit = tuple[Item, ...]
"""Pictures that are worked on together: one, or a chunk of mutual mode."""
CAPTIONS = ("evidence", "model", "none")
GPU_BATCH = 16
"""Pictures a batch has on a GPU, filled up with copies where there are fewer."""
TALKED_ABOUT = 8
"""Pictures that a language model writes about together when no batch size is given."""


@dataclass(frozen=True, eq=False)
class Outcome:
    """What became of one picture.

    Args:
        unit: that it came in.
        item: which picture.
        row: about it.
        file: what was read; None where nothing could be.
        notes: what the worker has found out about references since its last outcome, in sentences.
        embeddings: of the row's regions in their order, where the job asks for them.
    """

    unit: Unit
    item: Item
    row: dict[str, Any]
    file: Fingerprint | None
    notes: tuple[str, ...] = ()
    embeddings: Float32[np.ndarray, "regions width"] | None = None


@dataclass(frozen=True)
class Job:
    """How pictures are inspected and what is written about each.

    Args:
        preset: name, file or folder.
        device: torch device; found when None.
        language: that talks instead of the preset's own; None for that.
        request: options of the inspection.
        mutual: pictures of a unit judge each other.
        caption: who writes the rows' captions: ``evidence`` (the numbers put into words), ``model`` (the language model, asked
            to describe the picture), or ``none``.
        questions: asked of each picture, as one conversation a picture.
        maps: folder that gets ``maps/``; None writes none.
        overlays: folder that gets ``overlays/``; None writes none.
        embeddings: whether outcomes bring what their regions look like.
        batch_size: pictures of one model size that are encoded together; None chooses by device.
        decoders: processes that decode for one worker; 0 decodes in a thread of it.
        threads: of torch in a worker process.
    """

    preset: str = "mini"
    device: str | None = None
    language: LanguageConfig | None = None
    request: Request = field(default_factory=Request)
    mutual: bool = False
    caption: str = "evidence"
    questions: tuple[str, ...] = ()
    maps: Path | None = None
    overlays: Path | None = None
    embeddings: bool = False
    batch_size: int | None = None
    decoders: int = 0
    threads: int = 1

    def __post_init__(self) -> None:
        if self.batch_size is not None and self.batch_size < 1:
            raise ConfigError("a batch size of at least 1", str(self.batch_size), "leave it out to have it chosen")
        if self.caption not in CAPTIONS:
            raise ConfigError(f"captions of {', '.join(CAPTIONS)}", self.caption, "choose one")

    @property
    def talks(self) -> bool:
        """Whether a language model has something to write about each picture."""
        return bool(self.questions) or self.caption == "model"

    @property
    def together(self) -> int:
        """Pictures that a language model writes about together, where it has something to write."""
        at_once = self.language.in_flight if self.language is not None and self.language.kind == "server" else 1
        return (self.batch_size or max(TALKED_ABOUT, at_once)) if self.talks else 1

    def told(self, item: Item) -> Request:
        """The request with what a manifest says of one picture."""
        request = self.request
        if item.references:
            request = replace(request, references=item.references, profile=None)
        if item.object_name:
            request = replace(request, inquiry=replace(request.inquiry, object_name=item.object_name))
        return request
