"""Vectors -> groups of those alike: average linkage cut at a distance. Knows no pictures and no files.

The result depends on the vectors alone as long as they come in one order; callers sort them by what they belong to.
"""

from __future__ import annotations

import string
from collections.abc import Iterator
from itertools import count, product

import numpy as np
from jaxtyping import Float, Int

LEAST_MEMBERS = 3
"""Fewer regions alike are no group."""
ALONE = -1
REACH = 0.35
"""Mean cosine distance up to which groups are joined: where groups matched the true kinds best among regions that no known kind
fitted, on built pictures with the preset ``mini``."""


def alike(vectors: Float[np.ndarray, "regions width"], reach: float) -> Int[np.ndarray, " regions"]:
    """Number of the group of each vector, :data:`ALONE` for one that is like too few others.

    Agglomerative clustering with average linkage: two groups are joined while the mean cosine distance between their members is
    at most ``reach``. Memory grows with the square of the number of vectors.

    Args:
        vectors: of length 1.
        reach: cosine distance, (0, 2].
    """
    if len(vectors) < LEAST_MEMBERS:
        return np.full(len(vectors), ALONE)
    from sklearn.cluster import AgglomerativeClustering

    cut = AgglomerativeClustering(n_clusters=None, distance_threshold=reach, metric="cosine", linkage="average")
    labels: np.ndarray = cut.fit_predict(vectors.astype(np.float32))
    sizes = np.bincount(labels)
    return np.where(sizes[labels] >= LEAST_MEMBERS, labels, ALONE)


def nearest(
    vectors: Float[np.ndarray, "regions width"], centres: Float[np.ndarray, "groups width"], reach: float
) -> Int[np.ndarray, " regions"]:
    """Number of the nearest centre of each vector, :data:`ALONE` for one that none is within ``reach`` of."""
    if not len(centres) or not len(vectors):
        return np.full(len(vectors), ALONE)
    likeness = vectors @ centres.T
    best = likeness.argmax(1)
    return np.where(1 - likeness[np.arange(len(best)), best] <= reach, best, ALONE)


def letters() -> Iterator[str]:
    """Names of groups: A to Z, then AA, AB and so on.

    >>> from itertools import islice
    >>> list(islice(letters(), 25, 28))
    ['Z', 'AA', 'AB']
    """
    for length in count(1):
        yield from ("".join(letter) for letter in product(string.ascii_uppercase, repeat=length))
