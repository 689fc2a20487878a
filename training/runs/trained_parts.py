"""The folder that a run leaves: which kind of trained parts, their preset, their card."""

from __future__ import annotations

import hashlib
import json
from dataclasses import fields
from pathlib import Path

from assistant.errors import ConfigError
from assistant.language.models.lora import ADAPTER
from assistant.language.models.mini_parts import PROMPTS
from assistant.vision.checkpoint import FILE as LOCALIZER
from assistant.vision.checkpoint import Card
from training.runs.record import FILE as RUN

PARTS = {"localizer": LOCALIZER, "language": PROMPTS}
"""What lies in a folder of each kind of trained parts."""


def parts_of(run: Path) -> tuple[str, Path]:
    """Kind of the trained parts of a run folder (or of a folder of parts), and where they are.

    Raises:
        ConfigError: no trained parts there.
    """
    for folder in (run / "checkpoint", run):
        for kind, file in PARTS.items():
            if (folder / file).is_file():
                return kind, folder
    raise ConfigError("a run that ended, with a folder `checkpoint`", str(run), "let the run end or mend the path")


def lora_parts(run: Path, out: Path) -> Path:
    """Where the LoRA of a run is that is to be written into another folder.

    Raises:
        ConfigError: no LoRA there, or a folder in use.
    """
    kind, parts = parts_of(run)
    if kind != "language" or not (parts / ADAPTER).is_file():
        raise ConfigError("language parts with a LoRA", f"none in {run}", "name an `instruct` run")
    if out.exists() and any(out.iterdir()):
        raise ConfigError("an empty folder", str(out), "choose another --out")
    return parts


def base_of(run: Path) -> str:
    """The preset a run was started with.

    Raises:
        ConfigError: no record of it.
    """
    try:
        return str(json.loads((run / RUN).read_text(encoding="utf-8"))["recipe"]["preset"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"a run folder with {RUN}", str(run), "name the base preset with --base") from error


def read_card(folder: Path) -> Card:
    """The card of a folder of trained parts; fields it does not know are left out."""
    raw = json.loads((folder / "card.json").read_text(encoding="utf-8"))
    known = {field.name for field in fields(Card)}
    return Card(**{key: value for key, value in raw.items() if key in known})


def start_of(start: Path, folder: Path, parts: str | None) -> Path:
    """Folder of the trained parts to begin with; ``preset`` stands for those of the preset.

    Raises:
        ConfigError: a preset without trained parts.
    """
    if str(start) != "preset":
        return start / "checkpoint" if (start / "checkpoint").is_dir() else start
    if parts is None:
        raise ConfigError("a preset with trained parts for `start: preset`", "one without", "leave `start` out")
    return folder / parts


def hash_of_parts(folder: Path) -> str:
    """``sha256:…`` of the trained tensors of a checkpoint folder, in the order of their files' names."""
    files = sorted(folder.glob("*.safetensors"))
    return f"sha256:{hashlib.sha256(b''.join(file.read_bytes() for file in files)).hexdigest()}"
