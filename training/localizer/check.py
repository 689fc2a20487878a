"""What :mod:`training.check` does for stage ``localize``: all pictures are read, two steps are run on a few of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import torch

from assistant.errors import DataSetError, WeightsError
from assistant.vision.checkpoint import load_checkpoint
from assistant.vision.detector import new_localizer
from training.localizer.data import DataRow, manifest_hash
from training.localizer.feature_folder import require_features
from training.localizer.feature_store import FeatureStore
from training.localizer.run import (
    LocalizerWork,
    features_of,
    open_localize,
    plans_of,
    read_sets,
    settled,
    train_localizer,
)
from training.localizer.sifting import contact_sheet, counts_of, require_compared, require_splits, sift
from training.localizer.streamed import WINDOW, RowStream, open_stream
from training.runs.check_report import STEPS, CheckReport, parameters, peak_memory, short_loop
from training.runs.recipe import Call, Recipe

VALIDATED = 6
"""Pictures of each verdict that the check validates on."""

Plan = tuple[int, int, bool]


def check_localize(recipe: Recipe, folder: Path, sheet: Path | None) -> CheckReport:
    """Report on a recipe of the stage; ``folder`` is a temporary one."""
    recipe = settled(recipe)
    stream = open_stream(recipe.data, recipe.loop.seed) if recipe.data.streaming else None
    every = read_sets(recipe) if stream is None else [*_first_of(stream, recipe), *stream.held]
    for path in recipe.data.sets:
        manifest_hash(path)
    rows, faults = sift(every, decode=True)
    if faults:
        raise DataSetError("pictures and masks that can be read", f"{len(faults)} bad, first {faults[0]}", "mend them")
    require_splits(rows)
    if sheet is not None:
        contact_sheet(rows, sheet)
    plans = plans_of(recipe, rows)
    require_compared(rows, {index: count for index, (_, count, _) in plans.items()})
    some = chosen(rows, plans, recipe)
    listed = {"features": folder / "features", "limit": None, "streaming": False}  # the few that are left have numbers
    data = recipe.data.model_copy(update=listed)
    short = recipe.model_copy(update={"data": data, "out": folder / "run", "loop": short_loop(recipe.loop)})
    work = open_localize(short, some)
    require_features(recipe.data.features, features_of(recipe, work.clip, work.localizer))
    train_localizer(work, Call("training.check"))
    _loads(work, folder / "run" / "checkpoint")
    trainable = parameters(work.localizer.requires_grad_(True))
    frozen = sum(p.numel() for p in work.clip.model.parameters())
    steps = _steps(rows, plans, recipe) if stream is None else _streamed_steps(stream, recipe)
    seconds = _seconds(recipe, rows, plans, work, steps, len([r for r in some if r.split == "validation"]))
    counts = counts_of(rows) if stream is None else stream.counts
    return CheckReport(recipe.stage, counts, trainable, frozen, steps, seconds, peak_memory())


def _first_of(stream: RowStream, recipe: Recipe) -> list[DataRow]:
    """Rows that a run of the stream would see first, enough for two steps of any kind of batch."""
    return stream.some(STEPS * WINDOW * recipe.batch_size)


def _streamed_steps(stream: RowStream, recipe: Recipe) -> int:
    """Optimizer steps of a whole run in one process."""
    steps = stream.training // recipe.batch_size // recipe.loop.accumulate * recipe.loop.epochs
    return min(steps, recipe.loop.max_steps or steps)


def chosen(rows: Sequence[DataRow], plans: dict[int, Plan], recipe: Recipe) -> list[DataRow]:
    """Rows for two steps, the costliest kind of batch among them, and a few to validate on."""
    groups: dict[Plan, list[DataRow]] = {}
    for row in rows:
        if row.split == "train":
            groups.setdefault(plans[row.index], []).append(row)
    by_cost = sorted(groups, key=_cost, reverse=True)
    order = [by_cost[0], *sorted(by_cost[1:], key=lambda g: len(groups[g]), reverse=True)]
    size, wanted = recipe.batch_size, recipe.loop.accumulate
    picked: list[DataRow] = []
    for number, group in enumerate(order):
        most = size * wanted if number == 0 and len(order) > 1 else size * wanted * STEPS
        picked += groups[group][:most]
        if number and len(picked) >= size * wanted * STEPS:
            break
    held = sorted((r for r in rows if r.split == "validation"), key=lambda r: plans[r.index][1], reverse=True)
    for anomalous in (False, True):
        picked += [r for r in held if bool(r.types) is anomalous][:VALIDATED]
    return picked


def _cost(planned: Plan) -> int:
    """Pixels through the tower, relative."""
    side, references, turned = planned
    return side**2 * (1 + references * (4 if turned else 1))


def _steps(rows: Sequence[DataRow], plans: dict[int, Plan], recipe: Recipe) -> int:
    """Optimizer steps of the whole run, as far as pictures of one plan are of one shape."""
    groups = Counter((side, count) for r in rows if r.split == "train" for side, count, _ in [plans[r.index]])
    batches = sum(-(-count // recipe.batch_size) for count in groups.values())
    steps = max(1, batches // recipe.loop.accumulate) * recipe.loop.epochs
    return min(steps, recipe.loop.max_steps or steps)


def _seconds(
    recipe: Recipe, rows: Sequence[DataRow], plans: dict[int, Plan], work: LocalizerWork, steps: int, validated: int
) -> dict[str, float]:
    """Estimates by phase; pictures whose features are there already cost nothing."""
    laps = work.clock.laps
    spent = work.clock.seconds("encode") / sum(_cost(plans[r.index]) for r in work.rows)  # none where tokens are live
    store = FeatureStore(recipe.data.features)
    new = [r for r in rows if r.index not in store]
    held = sum(r.split == "validation" for r in rows)
    a_step = sum(laps["step"]) / len(laps["step"]) * (2 if work.preset.adapters.mode == "residual" else 1)
    looks = recipe.loop.epochs + 2 + (recipe.start is not None)
    seconds = {
        "encode": spent * sum(_cost(plans[r.index]) for r in new),
        "train": a_step * steps,
        "validate": laps["validate"][-1] / max(1, validated) * held * looks,
    }
    return {k: round(v, 1) for k, v in seconds.items()} | {"total": round(sum(seconds.values()), 1)}


def _loads(work: LocalizerWork, folder: Path) -> None:
    """What was saved is what comes back.

    Raises:
        WeightsError: it is not.
    """
    fresh = new_localizer(work.preset, work.clip)
    load_checkpoint(folder, fresh, work.clip.hashes)
    for name, value in fresh.state_dict().items():
        if not torch.equal(value, work.localizer.state_dict()[name].cpu().half().float()):
            raise WeightsError("saved parts that load as they were", f"another {name}", "check the disk")
