"""Conversations in which a language model answers alone, for tests of models."""

from __future__ import annotations

from typing import Any

from assistant.language.conversation import Conversation
from assistant.language.interface import LanguageModel
from assistant.types import Inspection


def alone(model: LanguageModel[Any], about: Inspection) -> Conversation:
    """A conversation that a model leads by itself, told everything."""
    return Conversation(about, lambda: (model, model.open(about)), "both")
