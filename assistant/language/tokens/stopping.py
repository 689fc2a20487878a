"""What ends the writing of a transformers model before it ends by itself: a reader's signal, or repetition."""

from __future__ import annotations

import threading
from typing import Any

REPETITION_WINDOW = 16
"""No run of this many tokens is written twice."""


class StopSignal:
    """Stops generation once an event is set."""

    def __init__(self, event: threading.Event) -> None:
        self._event = event

    def __call__(self, input_ids: Any, scores: Any, **_: Any) -> Any:
        """All answers stop together."""
        import torch

        return torch.full((input_ids.shape[0],), self._event.is_set(), dtype=torch.bool, device=input_ids.device)


class RepetitionStop:
    """Ends each answer whose last tokens were written before in it; see :func:`repeated`."""

    def __init__(self, start: int) -> None:
        self._start = start

    def __call__(self, input_ids: Any, scores: Any, **_: Any) -> Any:
        """Which answers stop."""
        import torch

        said = input_ids[:, self._start :]
        if said.shape[1] <= REPETITION_WINDOW:
            return torch.zeros(len(said), dtype=torch.bool, device=said.device)
        windows = said.unfold(
            1, REPETITION_WINDOW, 1
        )  # compared where they are: to read them would wait for the device
        return (windows[:, :-1] == windows[:, -1:]).all(-1).any(-1)


def repeated(said: list[int]) -> bool:
    """Whether the last :data:`REPETITION_WINDOW` tokens of an answer were written before in it.

    >>> repeated([1, *range(40)]), repeated([*range(16), 50, *range(16)])
    (False, True)
    """
    n = REPETITION_WINDOW
    tail = said[-n:]
    return len(said) > n and any(said[i : i + n] == tail for i in range(len(said) - n))
