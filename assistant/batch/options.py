"""What is asked of a run, checked: pictures, options of the inspection, what is written, who does the work."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from assistant.batch.engines.jobs import Job
from assistant.batch.inputs.listing import Inputs
from assistant.batch.inputs.shards import Shard
from assistant.config import LanguageConfig
from assistant.errors import ConfigError
from assistant.inquiry import Detail
from assistant.request import Request
from assistant.rules import Rule

_TALKS = ("kind", "name", "model", "pictures", "quantization")
ENGINES = ("local", "ray")
CHUNK = 64


@dataclass(frozen=True)
class BatchOptions:
    """Everything that is asked of a run.

    Args:
        inputs: pictures.
        out: folder of the results.
        request: options of the inspection.
        preset, device: of the assistant.
        language: that talks instead of the preset's own.
        mutual: pictures judge each other in chunks, without references.
        chunk: pictures of a mutual chunk: memory grows with it, and so does what a picture is compared with.
        caption: who writes captions: ``evidence``, ``model`` or ``none``; see :class:`assistant.batch.engines.jobs.Job`.
        questions, save_maps, save_overlays: what else is written about each picture.
        group: keep what regions look like, and group those that no known kind fits when all pictures are done.
        shard: which part of the pictures; files get its numbers.
        engine: ``local`` or ``ray``.
        restart: begin anew instead of going on.
        retry_failed: inspect again what ended in an error.
        batch_size: pictures encoded, and talked about, together; None chooses.
        workers: processes; 0 works in this one; None chooses by cores and memory.

    Raises:
        ConfigError: options that do not go together.
    """

    inputs: Inputs
    out: Path
    request: Request = field(default_factory=Request)
    preset: str = "mini"
    device: str | None = None
    language: LanguageConfig | None = None
    mutual: bool = False
    chunk: int = CHUNK
    caption: str = "evidence"
    questions: tuple[str, ...] = ()
    save_maps: bool = False
    save_overlays: bool = False
    group: bool = False
    shard: Shard = field(default_factory=Shard)
    engine: str = "local"
    restart: bool = False
    retry_failed: bool = False
    batch_size: int | None = None
    workers: int | None = None

    def __post_init__(self) -> None:
        request = self.request
        if self.engine not in ENGINES:
            raise ConfigError(f"an engine of {', '.join(ENGINES)}", self.engine, "choose one")
        given = request.references or request.profile or request.anomalous_references
        if self.mutual and (given or self.inputs.manifest is not None):
            do = "leave them out, or leave mutual mode"
            raise ConfigError("no references, profile or manifest in mutual mode", "some", do)
        if self.mutual:
            self.request.inquiry.require_overview()
        if self.mutual and self.inputs.volumes:
            raise ConfigError("slices in mutual mode", "whole volumes", "give --slices, or another mode")
        if self.chunk < 2:
            raise ConfigError("chunks of at least 2 pictures", str(self.chunk), f"give --chunk {CHUNK}")
        if self.workers is not None and self.workers < 0:
            raise ConfigError("a number of workers from 0", str(self.workers), "leave it out to have it chosen")
        if not (self.inputs.paths or self.inputs.lists or self.inputs.manifest):
            raise ConfigError("pictures", "none", "name files or folders, a --list or a --manifest")
        _ = self.job  # checks what it holds

    @property
    def results(self) -> Path:
        """File of the rows."""
        return self.out / f"results{self.shard.suffix}.jsonl"

    @property
    def job(self) -> Job:
        """What workers are told."""
        out = self.out.absolute()
        return Job(
            preset=self.preset,
            device=self.device,
            language=self.language,
            request=replace(self.request, volumes=self.inputs.volumes),
            mutual=self.mutual,
            caption=self.caption,
            questions=self.questions,
            maps=out if self.save_maps else None,
            overlays=out if self.save_overlays else None,
            embeddings=self.group,
            batch_size=self.batch_size,
        )

    @property
    def settings(self) -> dict[str, Any]:
        """What rows depend on: a run that goes on with others is refused."""
        told = {**vars(self.request.inquiry), **vars(self.request)}
        request = {name: _plain(value) for name, value in told.items() if name != "inquiry"}
        request["volumes"] = self.inputs.volumes or None
        # which model talks, not how it is asked
        language = None if self.language is None else self.language.model_dump(include=set(_TALKS))
        about = {
            "preset": self.preset,
            "language": language,
            "mutual": self.mutual,
            "chunk": self.chunk if self.mutual else None,
        }
        wanted = {"caption": self.caption, "questions": list(self.questions)}
        pictures = {"maps": self.save_maps, "overlays": self.save_overlays, "group": self.group or None}
        return {**about, **wanted, **pictures, **request}


def _plain(value: object) -> object:
    if isinstance(value, Rule):
        return str(value)
    if isinstance(value, Detail):
        return str(value) if value.closer else None
    return list(value) if isinstance(value, tuple) else value
