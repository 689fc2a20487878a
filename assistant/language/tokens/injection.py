"""Vectors put into a language model's input in place of placeholder tokens: one way for training and generation.

A forward hook on the input embedding overwrites the rows of the placeholder id, in their order within each sample. The
model still gets ``input_ids``, so what it derives from them (multimodal positions, image features) stays right. The hook
belongs to the module, so a lock is held while it is there.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from assistant.errors import ConfigError

_LOCKS: WeakKeyDictionary[Any, threading.RLock] = WeakKeyDictionary()
_GUARD = threading.Lock()


def model_lock(model: Any) -> Any:
    """The re-entrant lock of a model's input embedding; hold it wherever the model is run from several threads."""
    embedding = model.get_input_embeddings()
    with _GUARD:
        return _LOCKS.setdefault(embedding, threading.RLock())


@contextmanager
def inject(model: Any, placeholder_id: int, prompt_embeddings: Tensor | Sequence[Tensor]) -> Iterator[None]:
    """Run the model with placeholder rows overwritten.

    Works for ``forward`` and ``generate``, under PEFT and gradient checkpointing; gradients flow to the embeddings. The
    placeholders of a sample may come in several calls (a prompt given in chunks); calls without placeholders pass
    untouched; once all were written, a further call with placeholders begins anew, but for one of a single token, as words
    are written: a placeholder in it is refused at the end, so that no token has to be waited for. Injections of different
    placeholders nest. When every sequence is generated in ``n`` copies, each copy gets its sample's rows.

    Args:
        model: any transformers model with ``get_input_embeddings()``.
        placeholder_id: token whose rows are overwritten.
        prompt_embeddings: (batch, rows, width), or one (rows, width) a sample, with zero rows where there is none.

    Raises:
        ConfigError: a sample with another number of placeholders than of rows, in any call or at the end.
    """
    writer = _Writer(placeholder_id, list(prompt_embeddings))
    with model_lock(model):
        handle = model.get_input_embeddings().register_forward_hook(writer, with_kwargs=True)
        try:
            yield
        finally:
            handle.remove()
    writer.finish()


class _Writer:
    """The hook: how many rows of each sample are written so far, and the next ones."""

    def __init__(self, placeholder_id: int, rows: list[Tensor]) -> None:
        self._id, self._rows = placeholder_id, rows
        self._written = [0] * len(rows)
        self._late: Tensor | None = None

    def __call__(self, module: Any, args: tuple[Any, ...], kwargs: dict[str, Any], output: Tensor) -> Tensor:
        ids: Tensor = args[0] if args else kwargs["input"]
        mask = ids == self._id
        if ids.shape[-1] == 1 and self._complete:
            late = mask.any()  # stays on the device: to read it would wait for the token before
            self._late = late if self._late is None else self._late | late
            return output
        if not bool(mask.any()):
            return output
        copies, rest = divmod(ids.shape[0], len(self._rows))
        if rest or not copies:
            raise ConfigError(f"{len(self._rows)} samples", str(ids.shape[0]), "pass embeddings for each sample")
        counts = [int(n) for n in mask.sum(1)]
        if any(counts[i] != counts[i - i % copies] for i in range(len(counts))):
            raise ConfigError("copies of one sample to be alike", "others", "inject into one batch at a time")
        parts = [self._next(i // copies, counts[i], i % copies == copies - 1) for i in range(len(counts))]
        rows = torch.cat(parts).to(output.device, output.dtype)
        # in the order of the mask: sample by sample, place by place
        return output.masked_scatter(mask.unsqueeze(-1), rows)

    def _next(self, sample: int, count: int, last: bool) -> Tensor:
        rows, start = self._rows[sample], self._written[sample]
        if count and start == len(rows):
            start = 0
        if start + count > len(rows):
            raise ConfigError(
                f"{len(rows)} placeholders in sample {sample}", str(start + count), "render the conversation anew"
            )
        if last and count:
            self._written[sample] = start + count
        return rows[start : start + count]

    @property
    def _complete(self) -> bool:
        return all(written == len(rows) for rows, written in zip(self._rows, self._written, strict=True))

    def finish(self) -> None:
        """Check that no row is left over, and no placeholder."""
        if self._late is not None and bool(self._late):
            raise ConfigError("placeholders in the prompt alone", "one that was written", "suppress the placeholder")
        for sample, (rows, written) in enumerate(zip(self._rows, self._written, strict=True)):
            if written != len(rows):
                raise ConfigError(
                    f"{len(rows)} placeholders in sample {sample}", str(written), "render the conversation anew"
                )
