"""Loading the assistant of a preset and warming it up, so that the first picture is as quick as the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from assistant.types import QueryImage
from demo.settings import Settings

if TYPE_CHECKING:
    from assistant.pipeline import Assistant


def load_assistant(settings: Settings) -> Assistant:
    """The assistant of the settings, after one grey picture.

    Raises:
        AssistantError: a preset or weights that cannot be had.
    """
    from assistant.pipeline import Assistant

    assistant = Assistant.load(settings.preset, device=settings.device)
    assistant.inspect(QueryImage(np.full((96, 128, 3), 128, np.uint8), "warm-up"))
    return assistant
