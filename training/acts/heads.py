"""Phrasings -> a linear head: multinomial logistic regression in which each pattern and each act has its say."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from assistant.reading.acts.index import LinearHead


@dataclass(frozen=True)
class HeadRecipe:
    """How a head is fitted.

    Args:
        decay: weight of the squared weights beside the loss.
        learning_rate: of Adam, down to 0 by a cosine.
        steps: over all phrasings.
    """

    decay: float
    learning_rate: float
    steps: int


SENTENCE = HeadRecipe(decay=3e-6, learning_rate=0.02, steps=300)
"""On a tower that is left as it is."""
LEXICAL = HeadRecipe(decay=3e-6, learning_rate=0.3, steps=60)


def phrasing_weights(acts: Int[Tensor, " phrasings"], groups: Int[Tensor, " phrasings"]) -> Float[Tensor, " phrasings"]:
    """Mean 1; a pattern counts by the root of its sentences, an act by the root of what its patterns count."""
    weights = torch.bincount(groups)[groups].float() ** -0.5
    of_acts = torch.zeros(int(acts.max()) + 1).index_add(0, acts, weights)
    weights = weights / of_acts[acts] ** 0.5
    return weights / weights.mean()


def fit_head(
    features: Tensor, targets: Float[Tensor, "sentences acts"], weights: Float[Tensor, " sentences"], recipe: HeadRecipe
) -> LinearHead:
    """A head that tells acts by features.

    Args:
        features: (sentences, width), dense or sparse.
        targets: share of each act in what a sentence does; rows sum to 1.
        weights: of each sentence.
        recipe: how long and how strictly.
    """
    weight = torch.zeros(features.shape[1], targets.shape[1], requires_grad=True)
    bias = torch.zeros(targets.shape[1], requires_grad=True)
    optimizer = torch.optim.Adam([weight, bias], lr=recipe.learning_rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, recipe.steps)
    for _ in range(recipe.steps):
        optimizer.zero_grad()
        losses = torch.nn.functional.cross_entropy(features @ weight + bias, targets, reduction="none")
        ((losses * weights).mean() + recipe.decay * weight.square().sum()).backward()
        optimizer.step()
        schedule.step()
    return LinearHead(*(np.ascontiguousarray(part.detach().numpy()) for part in (weight, bias)))
