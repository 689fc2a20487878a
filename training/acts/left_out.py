"""Guesses on patterns that the heads have not seen, and from them the chance that a first guess is right."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from sklearn.linear_model import LogisticRegression
from torch import Tensor

from assistant.reading.acts.index import LEXICAL_SHARE, Confidence, measures, softmax
from training.acts.heads import LEXICAL, SENTENCE, fit_head, phrasing_weights

Probabilities = Float[np.ndarray, "phrasings acts"]


@dataclass(frozen=True, eq=False)
class Material:
    """What heads are fitted to.

    Args:
        sentence: (phrasings, 384).
        lexical: (phrasings, buckets), sparse.
        acts: number of each phrasing's act.
        groups: number of each phrasing's pattern.
    """

    sentence: Float[Tensor, "phrasings width"]
    lexical: Tensor
    acts: Int[Tensor, " phrasings"]
    groups: Int[Tensor, " phrasings"]


def guesses_left_out(material: Material, folds: int, rng: np.random.Generator) -> dict[str, Probabilities]:
    """Probabilities of each phrasing from heads that saw none of its pattern; "sentence" (with both heads) and "lexical"."""
    fold_of = torch.from_numpy(rng.integers(0, folds, int(material.groups.max()) + 1))
    folded = fold_of[material.groups]
    count = int(material.acts.max()) + 1
    lexical = np.zeros((len(folded), count), np.float32)
    both = np.zeros_like(lexical)
    for fold in range(folds):
        seen, left = torch.nonzero(folded != fold)[:, 0], torch.nonzero(folded == fold)[:, 0]
        acts = material.acts[seen]
        weights = phrasing_weights(acts, material.groups[seen])
        words = fit_head(material.lexical.index_select(0, seen), acts, weights, count, LEXICAL)
        tower = fit_head(material.sentence[seen], acts, weights, count, SENTENCE)
        by_words = material.lexical.index_select(0, left) @ torch.from_numpy(words.weight) + torch.from_numpy(
            words.bias
        )
        by_tower = material.sentence[left] @ torch.from_numpy(tower.weight) + torch.from_numpy(tower.bias)
        lexical[left.numpy()] = softmax(by_words.numpy())
        both[left.numpy()] = LEXICAL_SHARE * lexical[left.numpy()] + (1 - LEXICAL_SHARE) * softmax(by_tower.numpy())
    return {"sentence": both, "lexical": lexical}


def fit_confidence(guesses: Probabilities, acts: Int[np.ndarray, " phrasings"]) -> Confidence:
    """The chance that the highest probability is at the right act."""
    measured = np.array([measures(row) for row in guesses])
    fitted = LogisticRegression(C=10.0).fit(measured, guesses.argmax(1) == acts)
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
