"""Trained parts on disk: ``localizer.safetensors`` (half precision), ``calibration.json`` and ``card.json``."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from assistant.errors import WeightsError
from assistant.vision.calibration import Calibration
from assistant.vision.localizer import Localizer

FILE = "localizer.safetensors"


@dataclass(frozen=True)
class Card:
    """How trained parts were made, with what, and how well they did.

    Args:
        preset: name.
        towers: name to SHA-256 of the towers they were trained on.
        command: what to type to make them again.
        recipe: the whole configuration, seed included.
        data: SHA-256 of the manifests of the data sets.
        scores: metrics on the validation split.
        history: metrics an epoch.
        before: the same metrics of the trained parts that the run began with; empty where it began with none.
        notes: what a user should know, in words.
        base: what language parts hang on beside the towers: hash of the chat template, placeholder ids; of a localizer, the card
            of the parts that the run began with.
        start: ``sha256:…`` of the trained parts that the run began with; empty where it began with none.
    """

    preset: str
    towers: dict[str, str]
    command: str
    recipe: dict[str, Any]
    data: list[str]
    scores: dict[str, float]
    history: list[dict[str, Any]] = field(default_factory=list)
    before: dict[str, float] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    base: dict[str, Any] = field(default_factory=dict)
    start: str = ""


def save_checkpoint(folder: Path, localizer: Localizer, calibration: Calibration, card: Card) -> None:
    """Write trained parts; floating point tensors in half precision."""
    folder.mkdir(parents=True, exist_ok=True)
    state = {k: v.detach().cpu().half().contiguous() for k, v in localizer.state_dict().items()}
    save_file(state, folder / FILE)
    (folder / "calibration.json").write_text(json.dumps(calibration.as_json(), indent=1) + "\n")
    (folder / "card.json").write_text(json.dumps(asdict(card), indent=1) + "\n")


def load_checkpoint(folder: Path, localizer: Localizer, towers: dict[str, str]) -> tuple[Calibration, str]:
    """Fill ``localizer`` with trained parts.

    Returns:
        Their calibration, and ``sha256:…`` of the weights and calibration together.

    Raises:
        WeightsError: missing or damaged files, other shapes, or parts trained on other towers.
    """
    try:
        raw = json.loads((folder / "calibration.json").read_text())
        card = json.loads((folder / "card.json").read_text())
        state = load_file(folder / FILE)
        digest = hashlib.sha256((folder / FILE).read_bytes() + (folder / "calibration.json").read_bytes()).hexdigest()
    except (OSError, json.JSONDecodeError, SafetensorError) as error:
        raise WeightsError(
            f"{FILE}, calibration.json and card.json in {folder.name}",
            str(error).splitlines()[0],
            "train or install again",
        ) from error
    if card.get("towers") != towers:
        raise WeightsError(
            "trained parts made for these towers", f"parts made for {card.get('towers')}", "train them anew"
        )
    try:
        localizer.load_state_dict({k: v.float() for k, v in state.items()}, strict=True)
        calibration = Calibration.from_json(raw)
    except (RuntimeError, TypeError, KeyError, ValueError) as error:
        raise WeightsError(
            "trained parts of this preset's shape", str(error).splitlines()[0], "check the preset's adapters"
        ) from error
    localizer.requires_grad_(False).eval()
    return calibration, f"sha256:{digest}"
