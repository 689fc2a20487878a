"""Which language model a preset has, and its trained parts around it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from assistant.config import Preset
    from assistant.language.interface import LanguageModel


def load_language_model(preset: Preset, folder: Path, block_width: int, towers: dict[str, str]) -> LanguageModel | None:
    """The trained language model of a preset; None where it has none.

    Args:
        preset: whose.
        folder: what paths in it are relative to.
        block_width: four times the width of the visual encoder's patch tokens.
        towers: name to SHA-256 of the visual encoder's files.

    Raises:
        WeightsError: parts that are missing or belong to other towers.
    """
    language = preset.language
    if language.parts is None or language.kind == "none":
        return None
    if language.kind == "hub":
        from assistant.language.models.hub import TransformersVLM

        return TransformersVLM.load(language, folder / language.parts)
    from assistant.language.models.mini import MiniLVLM

    return MiniLVLM.load(language, folder / language.parts, block_width, towers)
