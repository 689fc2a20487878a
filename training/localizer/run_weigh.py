"""Stage ``weigh`` from a recipe to a checkpoint folder and a preset: ask the experts, fit gate and priors, save."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.config import load_preset
from assistant.errors import ConfigError
from assistant.towers.clip import load_clip
from assistant.towers.precision import best_dtype
from assistant.vision.checkpoint import Card, load_checkpoint
from assistant.vision.detector import Detector, new_localizer
from training.localizer.data import DataRow, manifest_hash
from training.localizer.product_statistics import ProductReader
from training.localizer.run import device_of_process, read_sets
from training.localizer.sifting import counts_of, require_splits
from training.localizer.weigh import group_products, weigh, write_products
from training.runs.clock import Clock
from training.runs.continuation import identity_of, require_folder
from training.runs.processes import processes
from training.runs.record import RunMaterial
from training.runs.recorded_run import run_recorded
from training.runs.trained_parts import start_of

if TYPE_CHECKING:
    from training.runs.recipe import Call, Recipe

STEPS = 100
"""Steps of the gate's optimiser where the recipe names none."""


@dataclass(frozen=True, eq=False)
class WeighingWork:
    """What a run of the stage stands on."""

    detector: Detector
    parts: Path
    clock: Clock


def run_weigh(recipe: Recipe, call: Call) -> None:
    """Weigh the experts of trained parts and write ``out/checkpoint`` and ``out/preset``.

    Raises:
        ConfigError: no trained parts to start from, or a folder with another run; nothing in it has changed.
        DataSetError: a data set that is not one of products.
    """
    processes()
    if recipe.start is None:
        raise ConfigError("trained parts to weigh", "no `start`", "name a checkpoint folder, or `start: preset`")
    rows = read_sets(recipe)
    require_splits(rows)
    products = group_products(rows)
    identity = identity_of(recipe, {str(s): manifest_hash(s) for s in recipe.data.sets})
    require_folder(recipe, identity, call.resume)
    run_recorded(
        recipe, call, identity, RunMaterial(counts_of(rows)), lambda: _open(recipe),
        lambda work: _weigh(work, recipe, products, call),
    )  # fmt: skip


def _open(recipe: Recipe) -> WeighingWork:
    preset, folder = load_preset(recipe.preset)
    device = device_of_process()
    clip = load_clip(preset.tower, best_dtype(preset.tower.dtype, device), device)
    localizer = new_localizer(preset, clip).to(device).eval().requires_grad_(False)
    assert recipe.start is not None
    parts = start_of(recipe.start, folder, preset.checkpoint)
    calibration, digest = load_checkpoint(parts, localizer, clip.hashes)
    if device.type == "cpu":
        localizer.products = clip.encoder.dtype
    return WeighingWork(Detector(preset, clip, localizer, calibration, digest, folder), parts, Clock())


def _weigh(work: WeighingWork, recipe: Recipe, products: list[list[DataRow]], call: Call) -> Card | None:
    detector, data = work.detector, recipe.data
    with work.clock("encode"):
        write_products(ProductReader(detector, data.shots, recipe.loop.seed), products, data.features)
        processes().wait_for_everyone()
    card = Card(
        preset=detector.preset.name,
        towers=detector.clip.hashes,
        command=call.command,
        recipe=recipe.model_dump(mode="json"),
        data=[manifest_hash(s) for s in data.sets],
        scores={},
        base={"localizer": json.loads((work.parts / "card.json").read_text())},
        start=detector.weights,
    )
    with work.clock("fit"):
        return weigh(detector, data.features, recipe.out, card, recipe.loop.max_steps or STEPS, recipe.loop.seed)
