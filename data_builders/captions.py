"""The conversation a data set's row is written with, derived from its own records alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from data_builders.words.conversation import Turn, make_conversation
from data_builders.words.facts import facts_of_sample

STREAM = 71
"""Keeps the draws of words apart from those of the pictures."""


def caption_conversation(row: Mapping[str, Any]) -> list[Turn]:
    """``[{role, content}, …]``: a conversation that opens with the state of the picture.

    Args:
        row: of the data set; ``seed`` and ``index`` decide every draw, so the worker that writes it does not matter.
    """
    rng = np.random.default_rng([int(row["seed"]), int(row["index"]), STREAM])
    return make_conversation(facts_of_sample(row, rng), rng, first="presence").turns
