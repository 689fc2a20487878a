"""A sentence as its words, pairs of words and pieces of words, hashed: what is known of it without a sentence tower."""

from __future__ import annotations

import re
import zlib

import numpy as np
from jaxtyping import Int64

from assistant.reading.spelling import plain

BUCKETS = 4096
LONGEST = 300
"""Characters of a sentence that are read."""
_PIECES = (3, 4, 5)


def buckets_of(text: str) -> Int64[np.ndarray, " features"]:
    """Buckets of a sentence's features, ascending, each once; every feature weighs ``features ** -0.5``.

    >>> a, b = buckets_of("Where is it?"), buckets_of("where is it ?")
    >>> a.tolist() == b.tolist()
    True
    """
    words = re.findall(r"[^\W_]+|[?/%]", plain(text)[:LONGEST])
    spelt = f" {' '.join(words)} "
    features = {f"word {word}" for word in words}
    features |= {f"pair {one} {other}" for one, other in zip(["<", *words], [*words, ">"], strict=True)}
    for size in _PIECES:
        features |= {f"piece {spelt[at : at + size]}" for at in range(len(spelt) - size + 1)}
    return np.unique([zlib.crc32(feature.encode()) % BUCKETS for feature in features])
