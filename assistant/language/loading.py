"""Which language model a preset has, and its trained parts around it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from assistant.config import LanguageConfig, Preset
    from assistant.language.interface import LanguageModel
    from assistant.language.writers.message import ChatWriter


def load_language_model(preset: Preset, folder: Path, block_width: int, towers: dict[str, str]) -> LanguageModel[Any]:
    """The trained language model of a preset; else one that is told the facts, or templates where it names no model at all.

    Args:
        preset: whose.
        folder: what paths in it are relative to.
        block_width: four times the width of the visual encoder's patch tokens.
        towers: name to SHA-256 of the visual encoder's files.

    Raises:
        WeightsError: parts that are missing or belong to other towers.
        ConfigError: a server that may not be asked.
    """
    language = preset.language
    if language.kind == "none":
        from assistant.language.models.templates import TemplateLanguageModel

        return TemplateLanguageModel()
    if language.is_told:
        from assistant.language.chat_model import ChatLanguageModel

        return ChatLanguageModel(chat_writer(language))
    if language.parts is None:
        from assistant.language.models.prompted import PromptedLanguageModel

        return PromptedLanguageModel()
    if language.kind == "hub":
        from assistant.language.models.hub import TransformersVLM

        return TransformersVLM.load(language, folder / language.parts)
    from assistant.language.models.mini import MiniLVLM

    return MiniLVLM.load(language, folder / language.parts, block_width, towers)


def chat_writer(language: LanguageConfig) -> ChatWriter:
    """What writes for a language model that is told the facts: a server, or a model loaded here at its first word.

    Raises:
        ConfigError: a server that may not be asked.
    """
    if language.kind == "server":
        from assistant.language.writers.server import ServerWriter

        return ServerWriter.of(language)
    from assistant.language.writers.local import LocalWriter

    return LocalWriter(language)
