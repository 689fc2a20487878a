"""``accelerate launch -m training.train --config FILE [--set key=value] [--resume]``: a stage from a YAML recipe."""

from __future__ import annotations

import argparse
import shlex
import sys
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from assistant.errors import AssistantError, ConfigError


class DataConfig(BaseModel):
    """Where samples come from: data sets on disk, and the folder their features are cached in.

    ``limit`` is the largest number of samples, of all sets together or one number a set.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    sets: tuple[Path, ...]
    features: Path
    sides: tuple[int, ...] = (336, 336, 336, 448)
    shots: tuple[int, ...] = (0, 1, 2, 4)
    limit: int | tuple[int, ...] | None = None


class RecipeLoop(BaseModel):
    """Numbers of the loop; see :class:`training.loop.LoopConfig`."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    epochs: int = 8
    learning_rate: float = 1e-3
    warm_up: float = 0.05
    weight_decay: float = 0.02
    accumulate: int = 1
    clip_norm: float = 1.0
    seed: int = 0
    checkpoint_every: int = 500
    mixed_precision: Literal["no", "bf16"] = "no"
    tracker: str = "none"
    loss_weights: dict[str, float] | None = None


class LanguageData(BaseModel):
    """Conversations on inspected pictures, and what is drawn from them.

    ``sets`` are folders of :mod:`training.predict` with conversations in them; ``replay`` is a file of
    :mod:`training.replay`. Shares are in [0, 1]: ``replay_share`` of the samples are replayed, and of the others
    ``text_dropped`` lose the evidence text and ``embeddings_dropped`` the prompt embeddings, never both. At most ``together``
    conversations on one picture are computed as one sequence.
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
    batch_size: int = 8
    loop: RecipeLoop = RecipeLoop()
    out: Path


class Recipe(BaseModel):
    """A run that trains the localizer: preset, stage, data, loop, and where the run's folder is."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    stage: Literal["localize"]
    preset: str = "mini"
    data: DataConfig
    batch_size: int = 8
    loop: RecipeLoop = RecipeLoop()
    out: Path


def read_recipe(path: Path, overrides: list[str]) -> Recipe | LanguageRecipe:
    """A recipe with ``key.sub=value`` overrides; values are read as YAML.

    Raises:
        ConfigError: an unreadable file, an unknown key, a value that does not fit.
    """
    try:
        raw: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
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
        at[leaf] = yaml.safe_load(value)
    try:
        model = LanguageRecipe if raw.get("stage") in ("align", "instruct") else Recipe
        return model.model_validate(raw)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(p) for p in first["loc"])
        raise ConfigError(f"a valid `{where}` in {path.name}", first["msg"], "mend the recipe") from error


def main(arguments: list[str] | None = None) -> int:
    """Run a recipe. Exit code 0, or 2 with one line on standard error."""
    parser = argparse.ArgumentParser(prog="training.train", description=__doc__)
    parser.add_argument("--config", type=Path, required=True, help="YAML recipe")
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="override one value; repeatable"
    )
    parser.add_argument("--resume", action="store_true", help="go on from the last checkpoint of this run folder")
    given = sys.argv[1:] if arguments is None else arguments
    args = parser.parse_args(given)
    command = f"accelerate launch -m training.train {shlex.join(given)}"
    try:
        recipe = read_recipe(args.config, args.set)
        if isinstance(recipe, LanguageRecipe):
            from training.run_language import run_language

            run_language(recipe, args.resume, command)
        else:
            from training.run_localize import run_localize

            run_localize(recipe, args.resume, command)
    except AssistantError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
