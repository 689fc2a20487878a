"""What the index is fitted to, which of it is left out, and from the guesses on that the chance that a first guess is right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from sklearn.linear_model import LogisticRegression
from torch import Tensor

from assistant.reading.acts.index import Confidence, measures

Probabilities = Float[np.ndarray, "sentences acts"]


@dataclass(frozen=True, eq=False)
class Material:
    """What the index is fitted to: sentences of patterns, and pieces of conversations.

    Args:
        texts: sentences.
        lexical: (sentences, buckets), sparse.
        targets: (sentences, acts), the share of each act in what a sentence does.
        groups: number of each sentence's pattern or conversation.
        spoken: whether it comes from a conversation.
        weights: of each sentence.
    """

    texts: Sequence[str]
    lexical: Tensor
    targets: Float[Tensor, "sentences acts"]
    groups: Int[Tensor, " sentences"]
    spoken: Bool[Tensor, " sentences"]
    weights: Float[Tensor, " sentences"]

    def part(self, mask: Bool[Tensor, " sentences"]) -> Material:
        """Some of the sentences."""
        at = torch.nonzero(mask)[:, 0]
        lexical = self.lexical.index_select(0, at)
        texts = [self.texts[one] for one in at.tolist()]
        return Material(texts, lexical, self.targets[at], self.groups[at], self.spoken[at], self.weights[at])

    def right(self, guesses: Probabilities) -> Bool[np.ndarray, " sentences"]:
        """Whether the highest probability is at an act that the sentence does."""
        best = torch.from_numpy(guesses.argmax(1))
        return np.asarray((self.targets.gather(1, best[:, None])[:, 0] > 0).numpy())


def left_out(groups: Int[Tensor, " sentences"], share: float, seed: int) -> Bool[Tensor, " sentences"]:
    """Which sentences are left out: those of a share of the groups, whole ones."""
    drawn = np.random.default_rng(seed).random(int(groups.max()) + 1) < share
    return torch.from_numpy(drawn)[groups]


def fit_confidence(guesses: Probabilities, right: Bool[np.ndarray, " sentences"]) -> Confidence:
    """The chance that the highest probability is at a right act."""
    measured = np.array([measures(row) for row in guesses])
    fitted = LogisticRegression(C=10.0).fit(measured, right)
    top, margin = fitted.coef_[0].tolist()
    return Confidence(float(fitted.intercept_[0]), top, margin)


def calibration_error(confidences: Float[np.ndarray, " n"], right: np.ndarray, bins: int = 10) -> float:
    """Expected calibration error over equal bins of confidence."""
    which = np.minimum((confidences * bins).astype(int), bins - 1)
    gaps = [
        abs(confidences[which == one].mean() - right[which == one].mean()) * (which == one).mean()
        for one in range(bins)
        if (which == one).any()
    ]
    return float(sum(gaps))
