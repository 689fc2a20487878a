"""Presets: which towers, levels, sides, trained parts and language model make an assistant. YAML in, frozen values out."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from assistant.errors import ConfigError
from assistant.files.text import decoded
from assistant.files.yaml_text import parse_yaml

VISION = ("tower", "adapters", "references", "checkpoint", "calibration")
"""Fields of a preset that say how it sees."""
UNTRAINED = "untrained"
"""Stands for the hash of trained parts that a preset has none of."""
PRESETS = Path(__file__).parent / "presets"


class _FrozenModel(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class TowerConfig(_FrozenModel):
    """The CLIP towers.

    ``kind`` says where they come from: ``embedded`` (published wheels, no hub), ``hub`` (open_clip by name) or ``random``
    (tests). ``levels`` are 1-based blocks; ``side`` is the square root of the input area, model pixels.
    """

    kind: Literal["embedded", "hub", "random"]
    name: str = ""
    pretrained: str = ""
    levels: tuple[int, ...] = Field(min_length=1)
    side: int = Field(gt=0)
    joint_width: int = Field(gt=0)
    dtype: Literal["auto", "float32", "bfloat16"] = "auto"


class AdapterConfig(_FrozenModel):
    """Multi-level feature adapters and map heads. ``mode``: lateral reads only; residual writes into the stream."""

    mode: Literal["lateral", "residual"] = "lateral"
    hidden: int = Field(default=192, gt=0)
    head_width: int = Field(default=32, gt=0)


class ReferenceConfig(_FrozenModel):
    """Memory bank and subspace.

    ``rows`` caps the bank so that a picture costs the same under any number of references; ``width`` is the width of the
    tokens after projection; ``variance`` is the share that the subspace keeps. ``plain_levels`` are the tapped levels whose
    tokens are compared as they are too, all of them when empty.
    """

    plain_levels: tuple[int, ...] = ()
    rows: int = Field(default=8192, gt=0)
    width: int = Field(default=128, gt=0)
    variance: float = Field(default=0.99, gt=0, lt=1)
    rotations: int = Field(default=4, ge=1)


class LanguageConfig(_FrozenModel):
    """The causal or image-text-to-text model that talks.

    ``embedded`` comes from a published wheel, ``hub`` from a model hub by name, ``local`` from a folder, ``server`` is where an
    OpenAI-compatible server listens. The two tokens are placeholders: unused ones of the model's own vocabulary, so that no
    embedding row is added. ``parts`` is the folder of trained parts, relative to the preset's file; None for a model that
    is only prompted. Of a prompted one ``pictures`` says whether it is shown them. Of a server, ``model`` is the name that
    is asked for (the only one it has when empty), ``in_flight`` how many requests are made at once, and ``remote`` that it may be
    on another machine.
    """

    kind: Literal["embedded", "hub", "local", "server", "none"] = "none"
    name: str = ""
    model: str = ""
    pictures: Literal["auto", "yes", "no"] = "auto"
    in_flight: int = Field(default=4, ge=1, le=256)
    remote: bool = False
    quantization: Literal["none", "nf4", "int8"] = "none"
    image_token: str = "<file_sep>"
    anomaly_token: str = "<repo_name>"
    parts: str | None = None

    @property
    def reads_patch_tokens(self) -> bool:
        """Whether the language model is shown our visual encoder's tokens."""
        return self.parts is not None and self.kind in ("embedded", "local")

    @property
    def is_told(self) -> bool:
        """Whether it is a model that is told the facts in words, and whose own words are checked against them."""
        return self.kind == "server" or (self.parts is None and self.kind in ("hub", "local"))

    @property
    def drafts(self) -> bool:
        """Whether it has words of its own without the facts: a trained model, or one that is told them in words."""
        return self.kind != "none" and (self.parts is not None or self.is_told)

    @property
    def title(self) -> str:
        """What to call it: a name, a folder's last part, or an address."""
        return f"{self.model or 'the model'} at {self.name}" if self.kind == "server" else Path(self.name).name


class Preset(_FrozenModel):
    """Everything that makes an assistant."""

    name: str
    vision: str | None = None
    """Preset by name or path, whose towers, levels, trained parts and calibration these are; None for own ones."""
    tower: TowerConfig
    adapters: AdapterConfig = AdapterConfig()
    references: ReferenceConfig = ReferenceConfig()
    language: LanguageConfig = LanguageConfig()
    checkpoint: str | None = None
    """Folder of the trained parts, relative to the preset's file; None for an untrained preset."""
    calibration: Literal["trained", "identity"] = "trained"
    """``identity``: an untrained preset may be used all the same, with raw logits; for tests only."""

    @model_validator(mode="after")
    def _compares_tapped_levels(self) -> Preset:
        if not set(self.references.plain_levels) <= set(self.tower.levels):
            raise ValueError(
                f"references.plain_levels must be among {self.tower.levels}, got {self.references.plain_levels}"
            )
        return self

    @property
    def plain(self) -> tuple[int, ...]:
        """Positions among the tapped levels of those whose tokens are compared as they are."""
        return tuple(self.tower.levels.index(level) for level in self.references.plain_levels or self.tower.levels)


def load_preset(name: str | Path) -> tuple[Preset, Path]:
    """A preset by name, by YAML file, or by folder with ``preset.yaml``; with the folder its paths are relative to.

    Raises:
        ConfigError: an unknown preset, or a file that does not make sense.
    """
    path = Path(name)
    if not path.suffix and (PRESETS / str(name) / "preset.yaml").exists():
        path = PRESETS / str(name) / "preset.yaml"
    elif path.is_dir():
        path = path / "preset.yaml"
    if not path.is_file():
        known = ", ".join(sorted(p.parent.name for p in PRESETS.glob("*/preset.yaml")))
        raise ConfigError(f"a preset ({known}) or the path of one", str(name), "check the name")
    preset = Preset.model_validate(read_yaml(path, Preset, lambda data: _with_vision(data, path.parent)))
    if preset.language.remote:  # whoever made the file does not decide that pictures leave this machine
        got = f"`remote` in {path.name}"
        raise ConfigError("a preset whose language model is on this machine", got, "use --language and --allow-remote")
    return preset, path.parent


def _with_vision(data: dict[str, Any], folder: Path) -> dict[str, Any]:
    """What a preset file says, with what the preset says that it takes its vision from.

    Raises:
        ConfigError: an unknown preset, one that takes its own vision from elsewhere, or a file that has both.
    """
    if (named := data.get("vision")) is None:
        return data
    name = str(named)
    own = sorted(set(VISION) & set(data))
    source, at = load_preset(name if (PRESETS / name / "preset.yaml").exists() else folder / name)
    if own or source.vision is not None:
        got = f"{own[0]} beside it" if own else f"{source.name}, which has that of {source.vision}"
        raise ConfigError("a `vision` of another preset that has its own", got, "leave one of them out")
    told = source.model_dump(include=set(VISION))
    parts = None if source.checkpoint is None else os.path.relpath(at / source.checkpoint, folder)
    return {**told, "checkpoint": parts, **data}


def read_yaml(
    path: Path, model: type[BaseModel], complete: Callable[[dict[str, Any]], dict[str, Any]] = lambda data: data
) -> dict[str, Any]:
    """A YAML mapping that validates as ``model``.

    Args:
        path: of the file.
        model: of its fields.
        complete: maps what the file says to what is validated.

    Raises:
        ConfigError: unreadable, not a mapping, or fields that do not make sense; names the first such field.
    """
    try:
        data = parse_yaml(decoded(path.read_bytes(), str(path)))
    except (OSError, yaml.YAMLError, RecursionError) as error:
        raise ConfigError(
            "a readable YAML file", f"{path.name} ({str(error).splitlines()[0]})", "mend the file"
        ) from error
    if not isinstance(data, dict):
        raise ConfigError("a YAML mapping", f"{type(data).__name__} in {path.name}", "mend the file")
    data = complete(data)
    try:
        model.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(p) for p in first["loc"])
        raise ConfigError(f"a valid `{where}` in {path.name}", first["msg"], "mend the file") from error
    return data
