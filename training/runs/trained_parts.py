"""The folder that a run leaves: which kind of trained parts, their preset, their card."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path

from assistant.errors import ConfigError
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
