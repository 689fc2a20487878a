"""Families of heads tried on a product's normals, each left out once, and on defects pasted on them; the best, if any helps.

Nothing but normal pictures is looked at, so nothing is known of the defects that will come: a head is kept only where it sets
pasted ones further apart from left-out normals than the weighed experts alone do.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from assistant.vision.heads import top_mean
from assistant.vision.one_class.fitted import FAMILIES, Fitted, Head, values_of
from assistant.vision.one_class.tokens import sample

LEAST = 20
"""Normals from which a head is tried."""
FOLDS = 2
"""Parts of the normals; the head of a picture is fitted on the others."""
PASTED = 24
"""Defects that are pasted."""
SAMPLES = 20000
"""Tokens that a head is fitted on."""
WEIGHTS = (0.5, 1.0)
"""Standard deviations of the experts' scores that one of the head's is worth; of equals the first is taken."""
FAR = 6.0
"""Standard deviations from which a pasted defect counts as far enough."""
GAIN = 0.05
"""By how much the separation has to grow for a head to be kept."""

Tokens = Float[Tensor, "patches head_width"]


@dataclass(frozen=True, eq=False)
class Trial:
    """Pictures that heads are tried on.

    Args:
        tokens: gives those of a normal picture by its number.
        count: of the normals.
        pasted: (number of the normal it was pasted on, tokens) of each defect.
        copies: (number of the normal, tokens) of each jittered copy.
        normal_logits, pasted_logits: what the weighed experts say of them, raw image logits.
        levels: that the tokens are of.
    """

    tokens: Callable[[int], Tokens]
    count: int
    pasted: Sequence[tuple[int, Tokens]]
    copies: Sequence[tuple[int, Tokens]]
    normal_logits: Sequence[float]
    pasted_logits: Sequence[float]
    levels: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Chosen:
    """A head that helps, with what it says of the normals and copies while they were left out.

    Args:
        fitted: on all normals.
        normals, copies: values a patch.
    """

    fitted: Fitted
    normals: Sequence[Float[Tensor, " patches"]]
    copies: Sequence[Float[Tensor, " patches"]]


@dataclass(frozen=True, eq=False)
class Tried:
    """What came of a trial.

    Args:
        chosen: the head that helps most; None where none does.
        alone: separation that the experts reach without a head.
    """

    chosen: Chosen | None
    alone: float


def separation(normals: np.ndarray, defects: np.ndarray) -> float:
    """Mean distance of defects above the normals' mean, in the normals' standard deviations, each at most :data:`FAR`."""
    spread = float(normals.std()) + 1e-6
    return float(np.minimum((defects - normals.mean()) / spread, FAR).mean())


def try_heads(trial: Trial) -> Tried:
    """The head that helps most, if any."""
    base, defects = np.array(trial.normal_logits), np.array(trial.pasted_logits)
    alone = separation(base, defects)
    to_beat, best = alone + GAIN, None
    for family in FAMILIES:
        folds = [_fit(family, trial, [i for i in range(trial.count) if i % FOLDS != fold]) for fold in range(FOLDS)]
        normals = [values_of(folds[i % FOLDS], trial.tokens(i)) for i in range(trial.count)]
        pasted = [values_of(folds[i % FOLDS], tokens) for i, tokens in trial.pasted]
        of_normals, of_pasted = _pictures(normals), _pictures(pasted)
        mean, spread = float(of_normals.mean()), float(of_normals.std()) + 1e-6
        for weight in WEIGHTS:
            step = weight * (float(base.std()) + 1e-6)
            found = separation(
                base + step * (of_normals - mean) / spread, defects + step * (of_pasted - mean) / spread
            )  # fmt: skip
            if found > to_beat:
                to_beat = found
                numbers = _fit(family, trial, range(trial.count)).tensors()
                fitted = Fitted(family, numbers, mean, spread, step, trial.levels, (alone, found)).rounded()
                copies = [values_of(folds[i % FOLDS], tokens) for i, tokens in trial.copies]
                best = Chosen(fitted, normals, copies)
    return Tried(best, alone)


def _fit(family: str, trial: Trial, numbers: Sequence[int]) -> Head:
    each = max(1, SAMPLES // len(numbers))
    return FAMILIES[family].fit(torch.cat([sample(trial.tokens(i), each, i) for i in numbers]))


def _pictures(values: Sequence[Float[Tensor, " patches"]]) -> np.ndarray:
    return np.array([float(top_mean(one[None])) for one in values])
