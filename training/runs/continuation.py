"""Whether a call may write to a run folder: a new run needs an empty one, a resumed run the recipe and data it began with.

Everything here reads and compares; a call that is refused has changed nothing.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from assistant.config import load_preset
from assistant.errors import ConfigError
from training.runs.folder import require_alike
from training.runs.processes import processes
from training.runs.recipe import LanguageRecipe, Recipe
from training.runs.record import FILE, Identity
from training.runs.trackers import tracker_of
from training.runs.trained_parts import hash_of_parts, start_of

FREE = frozenset((
    "out", "start", "data.sets", "data.replay", "data.features", "loop.tracker", "loop.checkpoint_every",
    "loop.accumulate", "loop.loaders", "checkpointing",
))  # fmt: skip
"""Keys of a recipe in which a resumed run may differ from its beginning.

Where folders lie (data and trained parts are told by their hashes), what is watched and how often it is saved, and what
trades time for memory. ``accumulate`` is told by the batches of an optimizer step, over all processes. All else decides what
comes out; the number of epochs too, which the learning rate follows.
"""
STEP = "batches an optimizer step (accumulate x processes)"


def identity_of(recipe: Recipe | LanguageRecipe, data: dict[str, str]) -> Identity:
    """What a recipe's run hangs on beside it; ``data`` holds a hash by path.

    Raises:
        ConfigError: an unknown preset, or one without trained parts to start from.
    """
    preset, folder = load_preset(recipe.preset)
    parts = preset.checkpoint if isinstance(recipe, Recipe) else preset.language.parts
    start = None if recipe.start is None else hash_of_parts(start_of(recipe.start, folder, parts))
    return Identity(data, start, f"sha256:{hashlib.sha256(preset.model_dump_json().encode()).hexdigest()}")


def require_folder(recipe: Recipe | LanguageRecipe, identity: Identity, resume: bool) -> None:
    """Check, before anything is written, that a run may have its folder and its tracker.

    Args:
        recipe: as asked.
        identity: what else the run hangs on.
        resume: go on with the run in the folder, if there is one.

    Raises:
        ConfigError: a checkpoint where none is to be resumed, a run that began otherwise, or a tracker that is missing.
    """
    tracker_of(recipe.loop.tracker)
    out, begun = recipe.out, begun_with(recipe.out)
    if not resume:
        if has_checkpoint(out):
            do = "add --resume or choose another --out"
            raise ConfigError("an empty run folder", f"{out.name} with a checkpoint", do)
        return
    if begun is None:
        if has_checkpoint(out):
            raise ConfigError(f"{FILE}, which tells how the run began", f"none in {out}", "start afresh elsewhere")
        return
    now, before = told_of(recipe, identity, processes().num_processes), _told_before(recipe, begun)
    require_alike(now, before, f"the run in {out.name}")


def has_checkpoint(out: Path) -> bool:
    """Whether a run in this folder, or a phase of it in a folder inside, has saved its state."""
    return any((folder / name).exists() for folder in (out, *out.glob("*/")) for name in ("last", "old"))


def begun_with(out: Path) -> dict[str, Any] | None:
    """The record of the run in a folder; None where there is none that can be read."""
    try:
        record = json.loads((out / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return record if isinstance(record, dict) and isinstance(record.get("recipe"), dict) else None


def told_of(recipe: Recipe | LanguageRecipe, identity: Identity, count: int) -> dict[str, Any]:
    """What decides the outcome of a run, by dotted names.

    Args:
        recipe: of the run.
        identity: what else it hangs on.
        count: of processes.
    """
    told = {name: value for name, value in _flat(recipe.model_dump(mode="json")).items() if name not in FREE}
    told |= {f"hash of data {number}": value for number, value in enumerate(identity.data.values(), 1)}
    told |= {"hash of start": identity.start, "hash of preset": identity.preset}
    return told | {STEP: recipe.loop.accumulate * count}


def _told_before(recipe: Recipe | LanguageRecipe, begun: dict[str, Any]) -> dict[str, Any]:
    try:
        old = type(recipe).model_validate(begun["recipe"])
        identity = Identity(dict(begun["data"]), begun["start"], begun["preset"])
        return told_of(old, identity, int(begun["processes"]))
    except (ValidationError, KeyError, TypeError, ValueError):
        return {"recipe": f"of a stage {begun['recipe'].get('stage')}"}


def _flat(values: dict[str, Any], before: str = "") -> dict[str, Any]:
    """Nested mappings -> values by dotted names."""
    flat: dict[str, Any] = {}
    for name, value in values.items():
        flat |= _flat(value, f"{before}{name}.") if isinstance(value, dict) else {before + name: value}
    return flat
