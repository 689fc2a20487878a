"""What the features in a folder were made from: written beside them by the first run, compared by each later one.

Two runs share a folder where data sets, limits, seed, sides, shots, towers and projection are the same; nothing else of a recipe
touches what is encoded. Knows files, not tensors.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from assistant.errors import ConfigError
from assistant.towers.clip import Clip
from training.localizer.data import manifest_hash
from training.localizer.feature_store import FORMAT
from training.localizer.projection import hash_of_projection, kept_projection
from training.runs.recipe import Recipe

FILE = "features.json"
FITTED = "fitted"
"""The projection of a run that begins with nothing: it follows from towers and data."""


def made_from(recipe: Recipe, clip: Clip, projection: str) -> dict[str, Any]:
    """What the features of a recipe hang on, by name.

    Args:
        recipe: of the run.
        clip: its towers.
        projection: hash of that of the trained parts it begins with, or ``fitted``.
    """
    data = recipe.data.model_dump(mode="json", include={"limit", "sides", "shots"})
    data |= {f"hash of data {number}": manifest_hash(folder) for number, folder in enumerate(recipe.data.sets, 1)}
    data |= {f"hash of tower {name}": value for name, value in clip.hashes.items()}
    return data | {
        "format": FORMAT,
        "levels": list(clip.encoder.levels),
        "seed": recipe.loop.seed,
        "projection": projection,
    }


def require_features(folder: Path, now: dict[str, Any]) -> None:
    """Check, before anything is written, that the features in a folder are those this run would make.

    Raises:
        ConfigError: names all that differ, with both values; or features that do not tell what they were made from.
    """
    if not any(folder.glob("*.safetensors")):
        return
    wanted, do = "features made from what this run trains on", "name another folder in `data.features`"
    try:
        before = dict(json.loads((folder / FILE).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise ConfigError(wanted, f"some without {FILE}, which tells it, in {folder.name}", do) from error
    fitted, kept = before.pop(FITTED, False), hash_of_projection(kept_projection(folder))
    if kept == before.get("projection") and fitted and now["projection"] == FITTED:
        before["projection"] = FITTED
    elif kept != before.get("projection"):
        before["projection"] = kept
    odd = [name for name in sorted({*now, *before}) if now.get(name) != before.get(name)]
    if odd:
        shown = (f"{name} {json.dumps(before.get(name))} instead of {json.dumps(now.get(name))}" for name in odd)
        raise ConfigError(wanted, f"{', '.join(shown)} in {folder.name}", do)


def write_record(folder: Path, now: dict[str, Any], projection: str) -> None:
    """Write what the features of an empty folder will be made from; ``projection`` is the hash of that in use."""
    folder.mkdir(parents=True, exist_ok=True)
    told = now | {"projection": projection, FITTED: now["projection"] == FITTED}
    partial = folder / f"{FILE}.partial"
    partial.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    partial.replace(folder / FILE)
