"""Stage ``localize`` from a recipe to a checkpoint folder and a preset: encode, fit the matching, train, calibrate, save."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from safetensors.torch import load_file

from assistant.config import Preset, load_preset
from assistant.errors import ConfigError
from assistant.towers.clip import Clip, load_clip
from assistant.towers.precision import best_dtype
from assistant.vision.calibration import Calibration
from assistant.vision.checkpoint import Card, load_checkpoint, save_checkpoint
from assistant.vision.detector import new_localizer
from assistant.vision.localizer import Localizer
from assistant.vision.text_anchors import embed_types
from assistant.vocabulary.defect_types import ALL_TYPES
from training.localizer.calibrate import calibrate
from training.localizer.data import SET_SPACING, DataRow, manifest_hash, of_set, read_rows
from training.localizer.encoding import FeatureEncoder
from training.localizer.feature_folder import FITTED, made_from, require_features, write_record
from training.localizer.features import encode_rows, plan
from training.localizer.fresh_stage import FreshStage
from training.localizer.projection import (
    PICTURES,
    fit_projection,
    hash_of_projection,
    keep_projection,
    kept_projection,
    projection_of,
    use_projection,
)  # fmt: skip
from training.localizer.sifting import counts_of, require_compared, require_splits, sift
from training.localizer.stage import LocalizeStage
from training.localizer.streamed import RowStream, open_stream
from training.runs.cards import notes_on
from training.runs.clock import Clock
from training.runs.continuation import identity_of, require_folder
from training.runs.folder import BEST
from training.runs.loop import run
from training.runs.processes import processes
from training.runs.record import RunMaterial
from training.runs.recorded_run import run_recorded
from training.runs.trained_parts import start_of

_LOG = logging.getLogger(__name__)

if TYPE_CHECKING:
    from training.runs.recipe import Call, LoopConfig, Recipe


@dataclass(frozen=True, eq=False)
class LocalizerWork:
    """What a run of the stage stands on.

    Args:
        recipe: as run.
        preset: of the recipe.
        clip: its towers.
        localizer: untrained, or of an earlier run.
        rows: of both splits; of the validation split alone where the others are streamed.
        clock: where the time goes.
        start: ``sha256:…`` of the trained parts it begins with; empty for none.
        calibration: of those; None for none.
        card: of those, as it lies beside them; empty for none.
        stream: of the training rows; None where ``rows`` has them.
    """

    recipe: Recipe
    preset: Preset
    clip: Clip
    localizer: Localizer
    rows: list[DataRow]
    clock: Clock
    start: str = ""
    calibration: Calibration | None = None
    card: Mapping[str, Any] = field(default_factory=dict)
    stream: RowStream | None = None

    @property
    def loop(self) -> LoopConfig:
        """Numbers of the loop."""
        return self.recipe.loop

    @property
    def trained(self) -> bool:
        """Whether it begins with trained parts."""
        return self.recipe.start is not None


def run_localize(recipe: Recipe, call: Call) -> None:
    """Train the localizer of a recipe and write ``out/checkpoint`` and ``out/preset``; the card tells the command.

    Raises:
        ConfigError: a folder with another run, or with one that is not to be resumed; nothing in it has changed.
    """
    processes()
    recipe = settled(recipe)
    stream = open_stream(recipe.data, recipe.loop.seed) if recipe.data.streaming else None
    every = read_sets(recipe) if stream is None else stream.held
    identity = identity_of(recipe, {str(s): manifest_hash(s) for s in recipe.data.sets})
    require_folder(recipe, identity, call.resume)
    rows, faults = sift(every, decode=True)
    require_splits(rows, streamed=stream is not None)
    require_compared(rows, {i: count for i, (_, count, _) in plans_of(recipe, rows).items()})
    counts = counts_of(rows) if stream is None else stream.counts
    run_recorded(
        recipe, call, identity, RunMaterial(counts, [str(f) for f in faults]),
        lambda: open_localize(recipe, rows, stream), lambda work: train_localizer(work, call),
    )  # fmt: skip


def settled(recipe: Recipe) -> Recipe:
    """The recipe with its tokens kept or live, as this machine asks for; a resumed run is then told of another machine.

    Raises:
        ConfigError: a stream for adapters that the tokens depend on.
    """
    if recipe.data.streaming and not _lateral_preset(recipe):
        do = "leave `data.streaming` out"
        raise ConfigError("lateral adapters where `data.streaming` is true", "residual ones", do)
    if recipe.data.tokens != "auto":
        return recipe
    live = recipe.data.streaming or (torch.cuda.is_available() and _lateral_preset(recipe))
    return recipe.model_copy(update={"data": recipe.data.model_copy(update={"tokens": "live" if live else "kept"})})


def _lateral_preset(recipe: Recipe) -> bool:
    return load_preset(recipe.preset)[0].adapters.mode == "lateral"


def open_localize(recipe: Recipe, rows: list[DataRow], stream: RowStream | None = None) -> LocalizerWork:
    """Towers and localizer of a recipe; its projection is fitted or read, on the rows of the stream where there is one.

    Raises:
        ConfigError: a folder of features that were made from something else; nothing in it has changed.
        ConfigError, WeightsError: a preset or trained parts that cannot be had.
    """
    preset, folder = load_preset(recipe.preset)
    if recipe.keep and preset.adapters.mode == "residual":
        do = "leave `keep` out"
        raise ConfigError("lateral adapters where a share of the start is kept", "residual ones", do)
    if recipe.only and preset.adapters.mode == "residual":
        raise ConfigError(
            "lateral adapters where only the references' expert learns", "residual ones", "leave `only` out"
        )
    device = device_of_process()
    clip = load_clip(preset.tower, best_dtype(preset.tower.dtype, device), device)
    torch.manual_seed(recipe.loop.seed)
    localizer = new_localizer(preset, clip).to(device)
    start, calibration, card = "", None, dict[str, Any]()
    if recipe.start is not None:
        parts = start_of(recipe.start, folder, preset.checkpoint)
        calibration, start = load_checkpoint(parts, localizer, clip.hashes)
        card = json.loads((parts / "card.json").read_text(encoding="utf-8"))
        localizer.requires_grad_(True).train()
    fitted = _of_first_set(rows) if stream is None else stream.some(PICTURES, first_set=True)
    _settle_projection(recipe, preset, clip, localizer, fitted)
    return LocalizerWork(recipe, preset, clip, localizer, rows, Clock(), start, calibration, card, stream)


def _of_first_set(rows: list[DataRow]) -> list[DataRow]:
    """Training rows of the first data set; all rows where it has none."""
    first = min(r.index for r in rows) // SET_SPACING
    return [r for r in rows if r.split == "train" and r.index // SET_SPACING == first] or rows


def _settle_projection(recipe: Recipe, preset: Preset, clip: Clip, localizer: Localizer, rows: list[DataRow]) -> None:
    """Fit, or read, or keep the projection beside the features that will be made with it."""
    folder = recipe.data.features
    now = features_of(recipe, clip, localizer)
    require_features(folder, now)
    processes().wait_for_everyone()
    with processes().main_process_first():
        if kept := kept_projection(folder):
            if recipe.start is None:
                use_projection(localizer, kept)
            return
        if recipe.start is None:
            fit_projection(localizer, clip, rows, preset)
        directions = projection_of(localizer)
        write_record(folder, now, hash_of_projection(directions))
        keep_projection(directions, folder)


def features_of(recipe: Recipe, clip: Clip, localizer: Localizer) -> dict[str, Any]:
    """What the features of a recipe hang on; the localizer holds the trained parts it begins with."""
    projection = FITTED if recipe.start is None else hash_of_projection(projection_of(localizer))
    return made_from(recipe, clip, projection)


def train_localizer(work: LocalizerWork, call: Call) -> Card | None:
    """Train, calibrate and save; the card of what was made, None in all processes but the first."""
    first = {name: value.detach().clone() for name, value in work.localizer.state_dict().items()}
    stage, history = (_residual if work.preset.adapters.mode == "residual" else _lateral)(work, call.resume)
    processes().wait_for_everyone()
    if not processes().is_main_process:
        return None
    metrics = stage.validate()
    before = {k: v for k, v in _before(history).items() if k in metrics} if work.trained else {}
    if work.trained and work.recipe.keep:
        metrics = _keep(work, stage, first, metrics, before)
    calibration = calibrate(stage.collect(), work.calibration, bool(work.recipe.only))
    card = Card(
        preset=work.preset.name,
        towers=work.clip.hashes,
        command=call.command,
        recipe=work.recipe.model_dump(mode="json"),
        data=[manifest_hash(s) for s in work.recipe.data.sets],
        scores=metrics,
        history=[row for part in history for row in part],
        before=before,
        notes=notes_on(before, metrics),
        base={"localizer": dict(work.card)} if work.card else {},
        start=work.start,
    )
    save_checkpoint(work.recipe.out / "checkpoint", work.localizer, calibration, card)
    _LOG.info("%s", {k: round(v, 4) for k, v in metrics.items()})
    return card


def _keep(
    work: LocalizerWork,
    stage: LocalizeStage,
    first: dict[str, Any],
    metrics: dict[str, float],
    before: dict[str, float],
) -> dict[str, float]:
    """Put a share of the starting parts into the best ones, unless the mean is worse than the start; its scores."""
    best = {name: value.detach().clone() for name, value in work.localizer.state_dict().items()}
    work.localizer.load_state_dict({name: value.lerp(first[name], work.recipe.keep) for name, value in best.items()})
    mean = stage.validate()
    if all(mean[name] >= value for name, value in before.items() if name in (*stage.experts, stage.primary)):
        return mean
    _LOG.info("the mean with the starting parts is worse than they were: the best parts are kept as they are")
    work.localizer.load_state_dict(best)
    return metrics


def device_of_process() -> torch.device:
    """The GPU that accelerate gives this process, or the CPU."""
    if not torch.cuda.is_available():
        return torch.device("cpu")
    return torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))


def _before(history: Sequence[list[dict[str, Any]]]) -> dict[str, float]:
    """Scores of every part before its first step; those of a later phase win."""
    return {k: v for part in history for k, v in (part[0] if part else {}).items() if k not in ("epoch", "step")}


def _lateral(work: LocalizerWork, resume: bool) -> tuple[LocalizeStage, list[list[dict[str, Any]]]]:
    """Everything at once on tokens that were encoded once."""
    stage = lateral_stage(work)
    return stage, [_run(work, stage, work.recipe.out, resume)]


def lateral_stage(work: LocalizerWork) -> LocalizeStage:
    """The stage of a preset whose adapters leave the tower's stream alone; kept tokens are made where they are not yet."""
    stage = _stage_of_tokens(work)
    if work.recipe.only:
        stage.only_references()
    return stage


def _stage_of_tokens(work: LocalizerWork) -> LocalizeStage:
    data, size = work.recipe.data, work.recipe.batch_size
    if data.tokens == "live":
        return FreshStage(work.clip, work.localizer, work.rows, data, work.loop.seed, size, stream=work.stream)
    _encode(work, data.features)
    return LocalizeStage(work.clip, work.localizer, work.rows, data.features, size)


def _residual(work: LocalizerWork, resume: bool) -> tuple[LocalizeStage, list[list[dict[str, Any]]]]:
    """Adapters and text expert through the tower; then the reference expert on tokens the adapters wrote into."""
    from training.localizer.live_stage import LiveStage

    recipe, folder, written = work.recipe, work.recipe.out / "text", work.recipe.out / "features"
    history: list[dict[str, Any]] = []
    if not (folder / "done").exists():
        live = LiveStage(
            work.clip, work.localizer, work.rows, recipe.data.sides, work.loop.seed, recipe.batch_size
        )  # fmt: skip
        history = _run(work, live, folder, resume and folder.exists())
        if processes().is_main_process:
            (folder / "done").touch()
    else:
        history = json.loads((folder / "last" / "progress.json").read_text())["history"]
    work.localizer.load_state_dict(load_file(folder / BEST))
    work.localizer.eval()
    _encode(work, written, residual=True)
    stage = LocalizeStage(work.clip, work.localizer, work.rows, written, recipe.batch_size)
    stage.only_references()
    out = recipe.out / "references"
    return stage, [history, _run(work, stage, out, resume and out.exists())]


def _run(work: LocalizerWork, stage: Any, out: Path, resume: bool) -> list[dict[str, Any]]:
    """The loop over a stage, the best parameters put back; the history of its validations."""
    stage.types = embed_types(work.clip, types_of(work.rows, () if work.stream is None else work.stream.types))
    stage.trained = work.trained
    stage.weights = work.recipe.data.weights
    done = run(stage, work.loop, out, resume, work.clock)
    processes().wait_for_everyone()
    work.localizer.load_state_dict(load_file(out / BEST))
    return done.history


def types_of(rows: Sequence[DataRow], more: Sequence[str] = ()) -> dict[str, tuple[str, ...]]:
    """The built-in vocabulary with the rows' own kinds of defects, and ``more`` of them, each described by its name."""
    own = sorted({*more, *(t for row in rows for t in row.types)} - set(ALL_TYPES))
    return {**ALL_TYPES, **{name: (name,) for name in own}}


def plans_of(recipe: Recipe, rows: Sequence[DataRow]) -> dict[int, tuple[int, int, bool]]:
    """Side, number of references and whether they are turned, by the index of a row."""
    return {r.index: plan(r, recipe.loop.seed, recipe.data.sides, recipe.data.shots) for r in rows}


def _encode(work: LocalizerWork, folder: Path, residual: bool = False) -> None:
    data, seed = work.recipe.data, work.loop.seed
    with work.clock("encode"):
        features = FeatureEncoder(work.clip.encoder, work.localizer, residual)
        encode_rows(work.rows, features, folder, seed, data.sides, data.shots)
        processes().wait_for_everyone()


def read_sets(recipe: Recipe) -> list[DataRow]:
    """Rows of the splits train and validation of all data sets, up to the limits.

    Raises:
        DataSetError: sets that do not follow the contract.
        ConfigError: another number of limits than of sets.
    """
    rows: list[DataRow] = []
    limit = recipe.data.limit
    if isinstance(limit, tuple) and len(limit) != len(recipe.data.sets):
        raise ConfigError(f"{len(recipe.data.sets)} limits, one a set", str(len(limit)), "mend `data.limit`")
    for position, folder in enumerate(recipe.data.sets):
        most = limit[position] if isinstance(limit, tuple) else None
        rows += [of_set(row, position) for row in read_rows(folder)[:most]]
    rows = rows if isinstance(limit, tuple) else rows[:limit]
    return [r for r in rows if r.split in ("train", "validation")]
