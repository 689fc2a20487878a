"""Sentences -> what the two heads stand on: unit vectors of the sentence tower, and hashed words."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from assistant.reading.acts.lexical import BUCKETS, buckets_of
from assistant.reading.acts.sentence_tower import SentenceTower

Features = Float[Tensor, "sentences width"]


def by_tower(texts: Sequence[str], tower: SentenceTower) -> Features:
    """(sentences, 384), unit vectors."""
    return torch.from_numpy(tower.embed(texts))


def by_words(texts: Sequence[str]) -> Tensor:
    """(sentences, buckets), sparse; each row's features weigh the same, its length is 1."""
    rows: list[int] = []
    columns: list[int] = []
    values: list[float] = []
    for row, text in enumerate(texts):
        buckets = buckets_of(text).tolist()
        rows += [row] * len(buckets)
        columns += buckets
        values += [max(1, len(buckets)) ** -0.5] * len(buckets)
    torch.sparse.check_sparse_tensor_invariants.disable()  # the default, which warns unless it was asked for
    indices, shape = torch.tensor([rows, columns]), (len(texts), BUCKETS)
    return torch.sparse_coo_tensor(indices, torch.tensor(values), shape).coalesce()
