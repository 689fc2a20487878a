"""``accelerate launch -m training.train --config FILE [--set key=value] [--resume]``: a stage from a YAML recipe."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from assistant.errors import AssistantError, ConfigError


class DataConfig(BaseModel):
    """Where samples come from: data sets on disk, and the folder their features are cached in."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    sets: tuple[Path, ...]
    features: Path
    sides: tuple[int, ...] = (336, 336, 448)
    shots: tuple[int, ...] = (0, 1, 2, 4)
    limit: int | None = None


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


class Recipe(BaseModel):
    """A training run: preset, stage, data, loop, and where the run's folder is."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    stage: Literal["localize"]
    preset: str = "mini"
    data: DataConfig
    batch_size: int = 8
    loop: RecipeLoop = RecipeLoop()
    out: Path


def read_recipe(path: Path, overrides: list[str]) -> Recipe:
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
        return Recipe.model_validate(raw)
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
    args = parser.parse_args(arguments)
    try:
        recipe = read_recipe(args.config, args.set)
        from training.run_localize import run_localize

        run_localize(recipe, args.resume)
    except AssistantError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
