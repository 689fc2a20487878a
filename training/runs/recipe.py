"""Recipes: a training run as a checked, frozen value, read from YAML. Knows no tensors."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from assistant.errors import ConfigError
from assistant.files.text import decoded
from assistant.files.yaml_text import parse_yaml

TrackerName = Literal["auto", "none", "tensorboard", "wandb", "trackio", "mlflow"]


class DataConfig(BaseModel):
    """Where samples come from: data sets on disk, and the folder their features are cached in.

    ``limit`` is the largest number of samples, of all sets together or one number a set. ``tokens`` says whether patch tokens
    are made once and ``kept`` there, or made anew in each step (``live``), which draws and changes pictures anew each epoch;
    ``auto`` keeps them where there is no GPU. ``streaming`` reads the training split as it comes instead of by number, for sets
    too large for that: tokens are live then, and sets with more weight come again before all of the others have come.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    sets: tuple[Path, ...]
    features: Path
    weights: tuple[float, ...] | None = None
    """How much of an epoch each set is, relative: it takes a part of every set then, drawn anew each time; all when None."""
    sides: tuple[int, ...] = (336, 336, 336, 448)
    shots: tuple[int, ...] = (0, 1, 2, 4)
    limit: int | tuple[int, ...] | None = None
    tokens: Literal["auto", "kept", "live"] = "auto"
    streaming: bool = False

    @model_validator(mode="after")
    def _one_weight_a_set(self) -> DataConfig:
        if self.weights is not None and (len(self.weights) != len(self.sets) or min(self.weights) <= 0):
            raise ValueError(f"weights must be above 0, one for each of the {len(self.sets)} sets, got {self.weights}")
        return self

    @model_validator(mode="after")
    def _streamed_is_live(self) -> DataConfig:
        if self.streaming and (self.tokens == "kept" or self.limit is not None):
            got = "tokens: kept" if self.tokens == "kept" else f"limit {self.limit}"
            raise ValueError(f"streaming takes tokens: live and no limit, got {got}; leave one of them out")
        return self


class LoopConfig(BaseModel):
    """Numbers of the loop.

    Args:
        epochs: passes over the training split.
        learning_rate: peak, after warm-up; cosine to zero.
        warm_up: share of the steps, [0, 1].
        weight_decay: of matrices; vectors have none.
        accumulate: batches an optimizer step, a process.
        clip_norm: largest gradient norm.
        seed: of everything random.
        checkpoint_every: optimizer steps between checkpoints.
        mixed_precision: no | bf16.
        tracker: auto | none | tensorboard | wandb | trackio | mlflow.
        loss_weights: weight a loss part; 1 where not named.
        max_steps: optimizer steps at most; all when None.
        patience: stop after this many epochs without a better validation; never when None.
        loaders: threads of a process that read batches ahead; 0 reads each in its step.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    epochs: int = Field(default=8, gt=0)
    learning_rate: float = Field(default=1e-3, gt=0)
    warm_up: float = Field(default=0.05, ge=0, le=1)
    weight_decay: float = Field(default=0.02, ge=0)
    accumulate: int = Field(default=1, gt=0)
    clip_norm: float = Field(default=1.0, gt=0)
    seed: int = 0
    checkpoint_every: int = Field(default=500, gt=0)
    mixed_precision: Literal["no", "bf16"] = "no"
    tracker: TrackerName = "auto"
    loss_weights: dict[str, float] | None = None
    max_steps: int | None = Field(default=None, gt=0)
    patience: int | None = Field(default=None, gt=0)
    loaders: int = Field(default=2, ge=0)


class LanguageData(BaseModel):
    """Conversations on inspected pictures, and what is drawn from them.

    ``sets`` are folders of :mod:`training.predict` with conversations in them; ``replay`` is a file of
    :mod:`training.replay`. Shares are in [0, 1]: ``replay_share`` of the samples are replayed, and of the others
    ``text_dropped`` lose the evidence text and ``embeddings_dropped`` the prompt embeddings, never both. At most ``together``
    conversations on one picture are computed as one sequence, where the model is one of words alone. ``streaming`` reads what is
    trained on as it comes, for sets too large for memory; ``weights`` are of the sets then, relative.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    sets: tuple[Path, ...]
    replay: Path | None = None
    replay_share: float = Field(default=0.3, ge=0, lt=1)
    text_dropped: float = Field(default=0.4, ge=0, le=1)
    embeddings_dropped: float = Field(default=0.05, ge=0, le=1)
    together: int = Field(default=6, gt=0)
    limit: int | None = None
    validation: int = 96
    streaming: bool = False
    weights: tuple[float, ...] | None = None

    @model_validator(mode="after")
    def _streams_are_whole(self) -> LanguageData:
        if self.streaming and self.limit is not None:
            raise ValueError(f"streaming takes no limit, got {self.limit}; leave one of them out")
        if self.weights is None:
            return self
        if not self.streaming:
            raise ValueError(f"weights are of sets that are streamed, got {self.weights}; add streaming: true")
        if len(self.weights) != len(self.sets) or min(self.weights) <= 0:
            raise ValueError(f"weights must be above 0, one for each of the {len(self.sets)} sets, got {self.weights}")
        return self


class LoraConfig(BaseModel):
    """LoRA of the language model; ``rate`` is the share of the loop's learning rate it learns with."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    rank: int = Field(default=16, gt=0)
    alpha: int = Field(default=32, gt=0)
    rate: float = Field(default=0.2, gt=0)


class LanguageRecipe(BaseModel):
    """A run that trains the language parts: ``align`` without LoRA, ``instruct`` with it.

    ``start`` is the checkpoint folder of an earlier run to go on from; untrained parts when None.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    stage: Literal["align", "instruct"]
    preset: str = "mini"
    data: LanguageData
    start: Path | None = None
    lora: LoraConfig = LoraConfig()
    checkpointing: bool = False
    batch_size: int = Field(default=8, gt=0)
    loop: LoopConfig = LoopConfig()
    out: Path


class Recipe(BaseModel):
    """A run that trains the localizer (``localize``), or weighs the experts of a trained one (``weigh``).

    ``start`` is a checkpoint folder to go on from, or ``preset`` for the trained parts of the preset itself; an untrained
    localizer when None. A run that starts from trained parts never ends with worse ones on its validation split. ``keep`` is the
    share of those it started with in the parts that come out, the rest being the best it found: their mean forgets less and gains
    less (WiSE-FT, Wortsman et al., CVPR 2022, there one half). ``only: references`` leaves adapters and text expert as they
    start and trains the reference expert, which is independent of them in lateral mode.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    stage: Literal["localize", "weigh"]
    preset: str = "mini"
    data: DataConfig
    start: Path | None = None
    keep: float = Field(default=0.0, ge=0, lt=1)
    only: Literal["references"] | None = None
    batch_size: int = Field(default=8, gt=0)
    loop: LoopConfig = LoopConfig()
    out: Path

    @model_validator(mode="after")
    def _only_of_trained_parts(self) -> Recipe:
        if self.only is not None and (self.start is None or self.stage != "localize"):
            got = "no start" if self.start is None else f"stage {self.stage}"
            raise ValueError(f"only: references goes with stage localize and a start, got {got}; leave it out")
        return self

    @model_validator(mode="after")
    def _products_are_whole(self) -> Recipe:
        if self.stage == "weigh" and self.data.streaming:
            raise ValueError("stage weigh asks whole products, got data.streaming: true; leave it out")
        return self


@dataclass(frozen=True)
class Call:
    """How training was called.

    Args:
        command: as typed.
        resume: go on with the run in the folder.
    """

    command: str
    resume: bool = False


def read_recipe(path: Path, overrides: list[str]) -> Recipe | LanguageRecipe:
    """A recipe with ``key.sub=value`` overrides; values are read as YAML.

    Raises:
        ConfigError: an unreadable file, an unknown key, a value that does not fit.
    """
    try:
        raw: Any = parse_yaml(decoded(path.read_bytes(), str(path)))
    except (OSError, yaml.YAMLError, RecursionError) as error:
        raise ConfigError(
            "a readable YAML recipe", f"{path} ({str(error).splitlines()[0]})", "mend the path"
        ) from error
    if not isinstance(raw, dict):
        raise ConfigError("a YAML mapping", type(raw).__name__, f"mend {path.name}")
    for override in overrides:
        key, separator, value = override.partition("=")
        if not separator:
            raise ConfigError("--set key=value", override, "write for example --set loop.epochs=2")
        at = raw
        *parents, leaf = key.split(".")
        for parent in parents:
            at = at.setdefault(parent, {})
            if not isinstance(at, dict):
                raise ConfigError(f"a mapping at `{parent}`", str(at), f"mend --set {override}")
        at[leaf] = parse_yaml(value)
    try:
        model = LanguageRecipe if raw.get("stage") in ("align", "instruct") else Recipe
        return model.model_validate(raw)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(p) for p in first["loc"])
        raise ConfigError(f"a valid `{where}` in {path.name}", first["msg"], "mend the recipe") from error
