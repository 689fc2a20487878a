"""Raw -> calibrated: logits through an affine map and a sigmoid, so that 0.5 is the threshold. State of the checkpoint."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from assistant.errors import ConfigError


@dataclass(frozen=True)
class Affine:
    """``scale * logit + offset``; the scale is positive, so order is kept."""

    scale: float
    offset: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.scale) and math.isfinite(self.offset) and self.scale > 0):
            raise ConfigError("a positive finite scale", f"scale {self.scale}, offset {self.offset}", "calibrate again")

    def __call__(self, logit: float) -> float:
        """A raw logit, calibrated."""
        return self.scale * logit + self.offset


@dataclass(frozen=True)
class Calibration:
    """Of image and map logits, without references (text) and with them (reference)."""

    text_image: Affine
    text_map: Affine
    reference_image: Affine
    reference_map: Affine

    @classmethod
    def identity(cls) -> Calibration:
        """Of untrained parts: logits as they are."""
        return cls(*(Affine(1.0, 0.0) for _ in range(4)))

    def of_map(self, referenced: bool) -> Affine:
        """Of a map's logits, with references or without."""
        return self.reference_map if referenced else self.text_map

    def of_image(self, score: str, referenced: bool) -> Affine:
        """Of an image score's logit: ``blend`` has its own, the others are numbers of the map."""
        if score != "blend":
            return self.of_map(referenced)
        return self.reference_image if referenced else self.text_image


def conformal_p_value(score: float, normals: Sequence[float]) -> float | None:
    """Share of normals at least as anomalous as this one, the one itself counted; None with fewer than 20 normals.

    Split conformal p-value (Vovk et al., 2005): ``(1 + #{s_i >= s}) / (n + 1)``.

    >>> conformal_p_value(0.9, [0.1] * 24)
    0.04
    """
    if len(normals) < 20:
        return None
    return (1 + sum(s >= score for s in normals)) / (len(normals) + 1)
