"""A query picture as encoder and adapters see it: computed once, scored and asked about many times."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from assistant.inquiry import ANYTHING, Inquiry
from assistant.towers.encoder import PatchFeatures
from assistant.types import QueryImage
from assistant.vision.localizer import Match, TextEvidence

Picture = QueryImage | str | Path
"""What is taken for a picture: decoded, or its path."""


@dataclass(frozen=True, eq=False)
class EncodedQuery:
    """One picture through encoder and adapters, with what is asked of it.

    Args:
        image: the picture.
        features: patch tokens, batch of 1, float32.
        evidence: of adapters against the text anchors of ``inquiry``.
        inquiry: what is asked.
        timing_ms: milliseconds so far.
        match: against references, where it is known already; :meth:`Detector.score` then needs no profile for it.
    """

    image: QueryImage
    features: PatchFeatures
    evidence: TextEvidence
    inquiry: Inquiry = ANYTHING
    timing_ms: dict[str, float] = field(default_factory=dict)
    match: Match | None = None
