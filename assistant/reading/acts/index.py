"""What tells the acts apart: two linear heads, what is added to the sentence tower, and how often a first guess is right.

One head stands on the tower, tuned to acts, the other on hashed words; ``python -m training.index_acts`` fits them and writes
``index.safetensors`` with ``index.json`` beside it. A confidence is the chance that the first guess is right, from the two
highest probabilities; it was learned on conversations that neither head had seen.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from jaxtyping import Float, Float32

from assistant.errors import WeightsError
from assistant.reading.acts.act import Act
from assistant.reading.acts.lexical import buckets_of
from assistant.reading.acts.sentence_tower import LowRank, SentenceTower

FOLDER = "index"
NAME = "index"
LEXICAL_SHARE = 0.3
"""Weight of the words' probabilities beside those of the tower."""


@dataclass(frozen=True, eq=False)
class LinearHead:
    """Features -> scores of the acts.

    Args:
        weight: (features, acts).
        bias: (acts,).
    """

    weight: Float32[np.ndarray, "features acts"]
    bias: Float32[np.ndarray, " acts"]


@dataclass(frozen=True)
class Confidence:
    """Chance that a first guess is right: a logistic on what is known of it.

    Args:
        offset: added.
        top: weight of the log odds of the highest probability.
        margin: weight of the highest probability minus the second.
    """

    offset: float
    top: float
    margin: float

    def of(self, probabilities: Float[np.ndarray, " acts"]) -> float:
        """The chance, 0 to 1."""
        odds, margin = measures(probabilities)
        return float(1 / (1 + np.exp(-(self.offset + self.top * odds + self.margin * margin))))


def measures(probabilities: Float[np.ndarray, " acts"]) -> tuple[float, float]:
    """Log odds of the highest probability, and the highest minus the second."""
    second, first = np.sort(probabilities)[-2:]
    return float(np.log(first + 1e-6) - np.log(1 - first + 1e-6)), float(first - second)


@dataclass(frozen=True, eq=False)
class ActIndex:
    """The heads, loaded.

    Args:
        acts: in the order of the heads' columns.
        sentence: head on the unit vectors of the adapted tower (384, acts).
        lexical: head on hashed words (buckets, acts).
        confidences: with the tower ("sentence") and without it ("lexical").
        card: what the heads were made from, with what scores.
        additions: to the tower's dense layers.
    """

    acts: tuple[Act, ...]
    sentence: LinearHead
    lexical: LinearHead
    confidences: Mapping[str, Confidence]
    card: Mapping[str, Any]
    additions: Mapping[str, LowRank] = field(default_factory=dict)
    _adapted: WeakKeyDictionary[SentenceTower, SentenceTower] = field(default_factory=WeakKeyDictionary, repr=False)

    def rank(self, texts: Sequence[str], tower: SentenceTower | None) -> list[Ranking]:
        """Acts of each sentence, the likeliest first; by words alone without a tower."""
        found = np.stack([softmax(self._by_words(text)) for text in texts])
        if tower is not None:
            meant = softmax(self.adapted(tower).embed(texts) @ self.sentence.weight + self.sentence.bias)
            found = LEXICAL_SHARE * found + (1 - LEXICAL_SHARE) * meant
        confidence = self.confidences["lexical" if tower is None else "sentence"]
        return [
            Ranking(tuple(self.acts[at] for at in np.argsort(-row, kind="stable")), confidence.of(row)) for row in found
        ]

    def adapted(self, tower: SentenceTower) -> SentenceTower:
        """The tower as the head knows it; made once."""
        if (found := self._adapted.get(tower)) is None:
            found = self._adapted.setdefault(tower, tower.adapted(self.additions))
        return found

    def _by_words(self, text: str) -> Float32[np.ndarray, " acts"]:
        buckets = buckets_of(text)
        length = np.float32(max(1, len(buckets)) ** 0.5)
        scores: Float32[np.ndarray, " acts"] = self.lexical.weight[buckets].sum(0) / length + self.lexical.bias
        return scores


@dataclass(frozen=True)
class Ranking:
    """Acts of one sentence.

    Args:
        acts: all of them, the likeliest first.
        confidence: the chance that the first one is right.
    """

    acts: tuple[Act, ...]
    confidence: float


def softmax(scores: Float32[np.ndarray, "*batch acts"]) -> Float32[np.ndarray, "*batch acts"]:
    """Probabilities over the last axis."""
    powers = np.exp(scores - scores.max(-1, keepdims=True))
    shares: Float32[np.ndarray, "*batch acts"] = powers / powers.sum(-1, keepdims=True)
    return shares


@cache
def load_index() -> ActIndex:
    """The index that lies beside this module.

    Raises:
        WeightsError: it was made for other acts.
    """
    from safetensors.numpy import load

    folder = resources.files(__package__) / FOLDER
    card = json.loads((folder / f"{NAME}.json").read_text(encoding="utf-8"))
    if set(card["acts"]) != set(Act):
        raise WeightsError(
            "an index of today's acts", "one of other acts", "make it again: python -m training.index_acts"
        )
    tensors = {
        name: array.astype(np.float32) for name, array in load((folder / f"{NAME}.safetensors").read_bytes()).items()
    }
    heads = {name: LinearHead(tensors[f"{name}.weight"], tensors[f"{name}.bias"]) for name in ("sentence", "lexical")}
    ends = ".down"
    layers = sorted(name.removesuffix(ends) for name in tensors if name.endswith(ends))
    additions = {
        name.removeprefix("tower."): LowRank(tensors[f"{name}.down"], tensors[f"{name}.up"]) for name in layers
    }
    confidences = {name: Confidence(**parts) for name, parts in card["confidences"].items()}
    return ActIndex(tuple(map(Act, card["acts"])), heads["sentence"], heads["lexical"], confidences, card, additions)
