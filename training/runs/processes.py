"""The processes of a run: which this one is, what it waits for, what it takes of shared work."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TypeVar

import torch
from accelerate import PartialState

Item = TypeVar("Item")
LONGEST_WAIT = timedelta(hours=3)
"""Other processes wait this long while the first one validates or another encodes."""


def processes() -> PartialState:
    """Started once; from then on the device ``cuda`` is this process's own."""
    if PartialState._shared_state:
        return PartialState()
    if torch.cuda.is_available():
        return PartialState(timeout=LONGEST_WAIT)
    return PartialState(cpu=True, timeout=LONGEST_WAIT)


def my_share(items: Sequence[Item]) -> list[Item]:
    """Every n-th item, where n is the number of processes."""
    state = processes()
    return list(items[state.process_index :: state.num_processes])
