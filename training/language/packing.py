"""Several conversations on one picture in one sequence: what they share is computed once.

After the shared head come the conversations one by one. Each attends to the head and to itself, and its positions go on
where the head ends, so that its logits are those of the conversation alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from assistant.language.tokens.chat_template import IGNORE_INDEX, LabelledIds

HEAD, PADDING = 0, -1


@dataclass(frozen=True)
class Pack:
    """A head and conversations.

    Args:
        ids: tokens.
        labels: :data:`~assistant.language.tokens.chat_template.IGNORE_INDEX` where not
            supervised; a conversation's first token never is.
        positions: of each token in its own conversation.
        segments: :data:`HEAD`, then 1, 2, ... a conversation.
    """

    ids: tuple[int, ...]
    labels: tuple[int, ...]
    positions: tuple[int, ...]
    segments: tuple[int, ...]


def pack(head: Sequence[int], conversations: Sequence[LabelledIds]) -> Pack:
    """Conversations behind one head, which may be empty."""
    ids, labels = list(head), [IGNORE_INDEX] * len(head)
    positions, segments = list(range(len(head))), [HEAD] * len(head)
    for number, one in enumerate(conversations, 1):
        ids += one.ids
        labels += (IGNORE_INDEX, *one.labels[1:])  # the token before it is another conversation's
        positions += range(len(head), len(head) + len(one.ids))
        segments += [number] * len(one.ids)
    return Pack(tuple(ids), tuple(labels), tuple(positions), tuple(segments))


@dataclass(frozen=True, eq=False)
class PackedBatch:
    """Packed sequences of one length, padded at the right.

    Args:
        input_ids: tokens.
        labels: :data:`~assistant.language.tokens.chat_template.IGNORE_INDEX` where not supervised or padded.
        positions: 0 where padded.
        segments: :data:`PADDING` where padded.
    """

    input_ids: Int[Tensor, "batch length"]
    labels: Int[Tensor, "batch length"]
    positions: Int[Tensor, "batch length"]
    segments: Int[Tensor, "batch length"]

    @property
    def attends(self) -> Bool[Tensor, "batch 1 length length"]:
        """Which token (row) attends to which (column); a padded one to other padded ones."""
        ours, theirs = self.segments[:, None, :, None], self.segments[:, None, None, :]
        length = self.segments.shape[1]
        earlier = torch.ones(length, length, dtype=torch.bool, device=self.segments.device).tril()
        return earlier & ((ours == theirs) | ((theirs == HEAD) & (ours != PADDING)))


def collate_packed(packed: Sequence[Pack], pad_id: int) -> PackedBatch:
    """Pad packed sequences to the longest."""
    longest = max(len(p.ids) for p in packed)

    def padded(rows: Sequence[tuple[int, ...]], fill: int) -> Tensor:
        filled = np.full((len(rows), longest), fill, np.int64)  # an eighth of the time of a tensor of lists
        for at, row in zip(filled, rows, strict=True):
            at[: len(row)] = row
        return torch.from_numpy(filled)

    return PackedBatch(
        padded([p.ids for p in packed], pad_id),
        padded([p.labels for p in packed], IGNORE_INDEX),
        padded([p.positions for p in packed], 0),
        padded([p.segments for p in packed], PADDING),
    )


PLAIN_ATTENTION = "plain_products"


def plain_attention(
    module: Any,
    query: Float[Tensor, "batch heads length width"],
    key: Float[Tensor, "batch kv_heads length width"],
    value: Float[Tensor, "batch kv_heads length width"],
    attention_mask: Bool[Tensor, "batch 1 length length"],
    scaling: float,
    **_: Any,
) -> tuple[Float[Tensor, "batch length heads width"], None]:
    """Attention by two matrix products, the softmax in the precision of its input.

    On processors, with gradients in bfloat16, this takes less than half the time of the fused kernel, for quadratic memory.
    """
    share = query.shape[1] // key.shape[1]
    key, value = key.repeat_interleave(share, 1), value.repeat_interleave(share, 1)
    barred = torch.zeros(attention_mask.shape, dtype=query.dtype, device=query.device)
    barred.masked_fill_(~attention_mask, torch.finfo(query.dtype).min)
    weights = torch.softmax((query * scaling) @ key.transpose(-1, -2) + barred, -1)
    return (weights @ value).transpose(1, 2), None


def use_plain_attention(model: Any) -> None:
    """Let a transformers model attend by :func:`plain_attention`; masks have to be given whole."""
    from transformers import AttentionInterface

    AttentionInterface.register(PLAIN_ATTENTION, plain_attention)
    model.set_attn_implementation(PLAIN_ATTENTION)
