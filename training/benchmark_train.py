"""Steps a second of a training run against a bare loop of the same forward and backward passes.

    python -m training.benchmark_train --config training/configs/localize_cpu.yaml [--steps 12] [--rounds 3] [--set key=value]

The bare loop has its batches in memory and does nothing but losses, backward, clipping and the optimizer's step; the run reads
its batches, goes through accelerate, shows its losses and logs as its recipe says. They take turns, on the same batches and
with the same parameters trained; the median round counts. Nothing of the recipe's own run folder is read or written.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from assistant.errors import AssistantError, ConfigError
from training.log import shown_log
from training.runs.clock import Clock
from training.runs.loop import optimizer_of, run
from training.runs.losses import total
from training.runs.plans import first_plans
from training.runs.recipe import LanguageRecipe, LoopConfig, Recipe, read_recipe

WARM_UP = 2
"""Steps of each round that are not counted."""


@dataclass(frozen=True)
class TrainingRate:
    """Steps a second, and where the run's time goes.

    Args:
        stage: of the recipe.
        bare, run: steps a second of the bare loop and of the run.
        bare_processor, run_processor: steps a second of processor time, of all threads: that of the run reads its batches too.
        load_share: part of the run's time in which a batch is waited for, [0, 1].
        steps: counted in each round.
    """

    stage: str
    bare: float
    run: float
    bare_processor: float
    run_processor: float
    load_share: float
    steps: int

    @property
    def ratio(self) -> float:
        """Run over bare loop."""
        return self.run / self.bare

    @property
    def processor_ratio(self) -> float:
        """The same by processor time, which other programs on the machine do not change."""
        return self.run_processor / self.bare_processor


Clocks = tuple[float, float]
"""Seconds by the wall, and of the processor by all threads of this process."""


def now() -> Clocks:
    """Both clocks."""
    return time.perf_counter(), time.process_time()


class _Few:
    """A stage whose epoch is a few batches and whose validation is free; notes when each batch was learned from."""

    def __init__(self, stage: Any, plans: Sequence[Any]) -> None:
        self._stage, self._plans = stage, plans
        self.begun: list[Clocks] = []
        self.trained, self.source = False, None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stage, name)

    def epoch(self, number: int, seed: int) -> Iterator[Any]:
        return iter(self._plans)

    def losses(self, batch: Any, rng: random.Random) -> Any:
        self.begun.append(now())
        return self._stage.losses(batch, rng)

    def validate(self) -> dict[str, float]:
        self.begun.append(now())
        return dict.fromkeys(getattr(self._stage, "experts", None) or [self._stage.primary], 0.0)


def measure(recipe: Recipe | LanguageRecipe, steps: int = 12, rounds: int = 3) -> TrainingRate:
    """Train a few steps both ways.

    Raises:
        ConfigError: a recipe with fewer batches.
        AssistantError: what the recipe's own run would refuse.
    """
    stage = _stage_of(recipe)
    plans = first_plans(stage, recipe.loop, steps + WARM_UP)
    if len(plans) < steps + WARM_UP:
        raise ConfigError(f"{steps + WARM_UP} batches", str(len(plans)), "build more data or give fewer --steps")
    alike = {"epochs": 1, "max_steps": len(plans), "accumulate": 1, "checkpoint_every": 10**9, "patience": None}
    config = recipe.loop.model_copy(update=alike)
    bare, ran, shares = list[Clocks](), list[Clocks](), list[float]()
    batches = [stage.load(planned) for planned in plans]
    for number in range(rounds):
        bare.append(_bare(stage, batches, config))
        with tempfile.TemporaryDirectory() as folder:
            few, clock = _Few(stage, plans), Clock()
            run(few, config, Path(folder) / str(number), False, clock)
        ran.append(_rates(steps, few.begun[WARM_UP], few.begun[len(plans)]))
        shares.append(sum(clock.laps["load"][WARM_UP:]) * ran[-1][0] / steps)
    (bare_s, bare_cpu), (run_s, run_cpu) = (map(statistics.median, zip(*rates, strict=True)) for rates in (bare, ran))
    return TrainingRate(recipe.stage, bare_s, run_s, bare_cpu, run_cpu, statistics.median(shares), steps)


def _rates(steps: int, begun: Clocks, ended: Clocks) -> Clocks:
    """Steps a second by both clocks."""
    return steps / (ended[0] - begun[0]), steps / (ended[1] - begun[1])


def _stage_of(recipe: Recipe | LanguageRecipe) -> Any:
    """The stage that a run of the recipe trains."""
    if isinstance(recipe, LanguageRecipe):
        from training.language.run import open_language, read_samples
        from training.language.sets import open_conversations

        if recipe.data.streaming:
            conversations = open_conversations(recipe)
            return open_language(recipe, conversations.held, conversations).stage
        return open_language(recipe, read_samples(recipe)[0]).stage
    from training.localizer.run import lateral_stage, open_localize, read_sets, settled
    from training.localizer.streamed import open_stream

    recipe = settled(recipe)
    if recipe.data.streaming:
        stream = open_stream(recipe.data, recipe.loop.seed)
        return lateral_stage(open_localize(recipe, stream.held, stream))
    return lateral_stage(open_localize(recipe, read_sets(recipe)))


def _bare(stage: Any, batches: Sequence[Any], config: LoopConfig) -> Clocks:
    """Steps a second, by both clocks, of losses, backward, clipping and step alone."""
    optimizer = optimizer_of(stage, config)
    trained = [p for group in optimizer.param_groups for p in group["params"]]
    half = torch.autocast(trained[0].device.type, torch.bfloat16, enabled=config.mixed_precision == "bf16")
    stage.module.train()
    begun = now()
    for number, batch in enumerate(batches):
        if number == WARM_UP:
            begun = now()
        with half:
            parts = stage.losses(batch, random.Random(number))
        total({k: v.float() for k, v in parts.items()}, config.loss_weights or {}).backward()
        torch.nn.utils.clip_grad_norm_(trained, config.clip_norm)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
    return _rates(len(batches) - WARM_UP, begun, now())


@shown_log()
def main(arguments: Sequence[str] | None = None, program: str = "python -m training.benchmark_train") -> int:
    """Measure and print a JSON object; 0 measured, 1 could not be."""
    parser = argparse.ArgumentParser(prog=program, description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--config", type=Path, required=True, help="recipe")
    parser.add_argument("--steps", type=int, default=12, help="counted steps a round (default: 12)")
    parser.add_argument("--rounds", type=int, default=3, help="the median counts (default: 3)")
    parser.add_argument(
        "--set", dest="overrides", action="append", default=[], metavar="KEY=VALUE", help="change the recipe"
    )
    given = parser.parse_args(arguments)
    try:
        rate = measure(read_recipe(given.config, given.overrides), given.steps, given.rounds)
    except AssistantError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    ratios = {"ratio": round(rate.ratio, 3), "processor_ratio": round(rate.processor_ratio, 3)}
    print(json.dumps({**asdict(rate), **ratios, "threads": torch.get_num_threads()}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
