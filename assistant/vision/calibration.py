"""Raw -> calibrated: logits through an affine map and a sigmoid, so that 0.5 is the threshold. State of the checkpoint.

Without references the map is the checkpoint's; with them it is the product's own (:mod:`assistant.vision.experts.normal_range`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from assistant.errors import ConfigError
from assistant.inquiry import SCORES
from assistant.vision.experts.gate import Gate
from assistant.vision.experts.normal_range import NormalPrior, Odds


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


AFFINE = ("text_image", "text_map", "reference_image", "reference_map", "weighed_map")
"""The maps of a calibration, in its order."""
UNSEEN = NormalPrior(0.5, 1.0, 1.0, 3.0, 0.5, Odds(deviation=0.5, logit=0.2, spread=0.3, shots=-0.2, constant=-1.5))
"""Of a localizer whose normals were never looked at."""
ANYWHERE = NormalPrior(0.0, 1.0, 5.0, 3.0, 0.0, Odds(deviation=0.5, logit=0.0, spread=0.0, shots=0.0, constant=0.0))
"""Of untrained parts, whose logits may lie anywhere."""


@dataclass(frozen=True)
class Calibration:
    """Of image and map logits, without references (text) and with them.

    ``reference`` is for what has no product of its own: pictures compared with each other.

    Args:
        text_image, text_map, reference_image, reference_map: of logits.
        weighed_map: of the map of experts weighed for a product.
        gate: weighs the experts.
        normal: by image score, what is known of normals before any was seen.
    """

    text_image: Affine
    text_map: Affine
    reference_image: Affine
    reference_map: Affine
    weighed_map: Affine
    gate: Gate = field(default_factory=lambda: Gate().eval().requires_grad_(False))
    normal: Mapping[str, NormalPrior] = field(default_factory=lambda: dict.fromkeys(SCORES, UNSEEN))

    @classmethod
    def identity(cls) -> Calibration:
        """Of untrained parts: logits as they are."""
        same = Affine(1.0, 0.0)
        return cls(same, same, same, same, Affine(0.1, 0.0), normal=dict.fromkeys(SCORES, ANYWHERE))

    def of_map(self, referenced: bool) -> Affine:
        """Of a map's logits, with references or without."""
        return self.reference_map if referenced else self.text_map

    def of_image(self, score: str, referenced: bool) -> Affine:
        """Of an image score's logit: ``blend`` has its own, the others are numbers of the map."""
        if score != "blend":
            return self.of_map(referenced)
        return self.reference_image if referenced else self.text_image

    def as_json(self) -> dict[str, Any]:
        """What :meth:`from_json` reads."""
        affine = {n: vars(getattr(self, n)) for n in AFFINE}
        return {**affine, "normal": {s: p.as_json() for s, p in self.normal.items()}, "gate": self.gate.as_json()}

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Calibration:
        """As it was written.

        Raises:
            KeyError, TypeError, ValueError, ConfigError: something else.
        """
        affine = {n: Affine(**raw[n]) for n in AFFINE}
        normal = {s: NormalPrior.from_json(raw["normal"][s]) for s in SCORES}
        gate = Gate.from_json(raw["gate"])
        text, reference = (
            (affine["text_image"], affine["text_map"]),
            (affine["reference_image"], affine["reference_map"]),
        )
        return cls(*text, *reference, affine["weighed_map"], gate, normal)
