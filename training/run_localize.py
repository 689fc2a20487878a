"""Stage ``localize`` from a recipe to a checkpoint folder: encode, fit the matching, train, calibrate, save."""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from safetensors.torch import load_file

from assistant.checkpoint import Card, save_checkpoint
from assistant.clip import Clip, load_clip
from assistant.config import Preset, load_preset
from assistant.errors import ConfigError
from assistant.images import load_image
from assistant.localizer import Localizer
from assistant.pipeline import new_localizer
from assistant.precision import best_dtype
from training.calibrate import calibrate
from training.data import Row, manifest_hash, read_rows
from training.features import encode_rows
from training.localize import LocalizeStage
from training.loop import LoopConfig, Progressed, run

if TYPE_CHECKING:
    from training.train import Recipe

PROJECTION_PICTURES = 200
SET_SPACING = 10_000_000
"""Indices of the n-th set start at n times this."""


def run_localize(recipe: Recipe, resume: bool, command: str) -> None:
    """Train the localizer of a recipe and write ``out/checkpoint``; the card tells the ``command``."""
    preset, _ = load_preset(recipe.preset)
    device = _device()
    clip = load_clip(preset.tower, best_dtype(preset.tower.dtype, device), device)
    rows = _rows(recipe)
    torch.manual_seed(recipe.loop.seed)
    localizer = new_localizer(preset, clip).to(device)
    _projection(localizer, clip, rows, recipe.data.features, preset)
    loop = LoopConfig(**recipe.loop.model_dump())
    stage, done = (_residual if preset.adapters.mode == "residual" else _lateral)(
        recipe, clip, localizer, rows, loop, resume
    )
    metrics = stage.validate()
    calibration = calibrate(stage.collect())
    card = Card(
        preset=preset.name,
        towers=clip.hashes,
        command=command,
        recipe=recipe.model_dump(mode="json"),
        data=[manifest_hash(s) for s in recipe.data.sets],
        scores=metrics,
        history=done.history or [],
    )
    save_checkpoint(recipe.out / "checkpoint", localizer, calibration, card)
    print({k: round(v, 4) for k, v in metrics.items()}, asdict(calibration))


def _device() -> torch.device:
    """The GPU that accelerate gives this process, or the CPU."""
    if not torch.cuda.is_available():
        return torch.device("cpu")
    return torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))


def _lateral(
    recipe: Recipe, clip: Clip, localizer: Localizer, rows: list[Row], loop: LoopConfig, resume: bool
) -> tuple[LocalizeStage, Progressed]:
    """Everything at once on tokens that were encoded once."""
    data = recipe.data
    encode_rows(rows, clip.encoder, localizer, data.features, loop.seed, data.sides, data.shots)
    stage = LocalizeStage(clip, localizer, rows, data.features, recipe.batch_size)
    done = run(stage, loop, recipe.out, resume)
    localizer.load_state_dict(load_file(recipe.out / "best.safetensors"))
    return stage, done


def _residual(
    recipe: Recipe, clip: Clip, localizer: Localizer, rows: list[Row], loop: LoopConfig, resume: bool
) -> tuple[LocalizeStage, Progressed]:
    """Adapters and text expert through the tower; then the reference expert on tokens the adapters wrote into."""
    from training.live import LiveStage, ReferenceStage, only_references

    data, folder = recipe.data, recipe.out / "text"
    if not (folder / "done").exists():
        run(LiveStage(clip, localizer, rows, data.sides, loop.seed, recipe.batch_size), loop, folder, resume)
        (folder / "done").touch()
    localizer.load_state_dict(load_file(folder / "best.safetensors"))
    localizer.eval()
    written = recipe.out / "features"
    encode_rows(rows, clip.encoder, localizer, written, loop.seed, data.sides, data.shots, residual=True)
    only_references(localizer)
    stage = ReferenceStage(clip, localizer, rows, written, recipe.batch_size)
    done = run(stage, loop, recipe.out / "references", resume and (recipe.out / "references").exists())
    localizer.load_state_dict(load_file(recipe.out / "references" / "best.safetensors"))
    return stage, done


def _rows(recipe: Recipe) -> list[Row]:
    rows: list[Row] = []
    limit = recipe.data.limit
    if isinstance(limit, tuple) and len(limit) != len(recipe.data.sets):
        raise ConfigError(f"{len(recipe.data.sets)} limits, one a set", str(len(limit)), "mend `data.limit`")
    for position, folder in enumerate(recipe.data.sets):
        offset = position * SET_SPACING
        most = limit[position] if isinstance(limit, tuple) else None
        rows += [_shifted(r, offset) for r in read_rows(folder)[:most]]
    rows = rows if isinstance(limit, tuple) else rows[:limit]
    if {r.split for r in rows} != {"train", "validation"}:
        raise ConfigError("a train and a validation split", str({r.split for r in rows}), "build with validation_share")
    return rows


def _shifted(row: Row, offset: int) -> Row:
    from dataclasses import replace

    return replace(row, index=row.index + offset)


@torch.inference_mode()
def _projection(localizer: Localizer, clip: Clip, rows: list[Row], folder: Path, preset: Preset) -> None:
    """Principal directions a level of the first set: in them query and references are compared. Kept beside the features."""
    from safetensors.torch import save_file

    kept = folder / "projection.safetensors"
    if not kept.exists():
        folder.mkdir(parents=True, exist_ok=True)
        first = min(r.index for r in rows) // SET_SPACING
        train = [r for r in rows if r.split == "train" and r.index // SET_SPACING == first]
        chosen = train[:: max(1, len(train) // PROJECTION_PICTURES)][:PROJECTION_PICTURES]
        samples: list[list[torch.Tensor]] = [[] for _ in range(localizer.levels)]
        for row in chosen:
            prepared = clip.encoder.prepare(load_image(row.image), preset.tower.side)
            for level, tokens in enumerate(clip.encoder(prepared.pixels[None]).levels):
                samples[level].append(torch.nn.functional.layer_norm(tokens[0, ::4].float(), tokens.shape[-1:]))
        mean, basis = [], []
        for level in samples:
            stacked = torch.cat(level)
            mean.append(stacked.mean(0))
            _, vectors = torch.linalg.eigh(torch.cov(stacked.T))
            basis.append(vectors.flip(1)[:, : preset.references.width])
        save_file({"mean": torch.stack(mean).contiguous(), "basis": torch.stack(basis).contiguous()}, kept)
    state = load_file(kept)
    localizer.get_buffer("match_mean").copy_(state["mean"])
    localizer.get_buffer("match_basis").copy_(state["basis"])
