"""Regions that a person gave a kind: another region takes the kind of the nearest of them, if it is near enough.

One safetensors file: embeddings of regions (:meth:`assistant.vision.localizer.Localizer.region_embedding`) with kinds beside
them. Nothing is trained. Grouping the regions that no known kind fits, and naming the groups, follows AnomalyNCD (Huang et
al., CVPR 2025); here groups are of embeddings as they are, without the self-supervised training of a classifier.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from jaxtyping import Bool, Float
from pydantic import BaseModel, ConfigDict, ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from assistant.config import UNTRAINED
from assistant.errors import ProfileError
from assistant.types import Inspection
from assistant.vocabulary.severity import severity_of

NEAR = 0.1
"""Cosine distance within which a region takes the kind of an example. With 14 examples of one kind, on built pictures with the
preset ``mini``: half of the regions of that kind are found, and 4 % of the others are taken for it; within 0.2, 75 % and 15 %."""
SCHEMA: Literal["anomaly-assistant/kinds@1"] = "anomaly-assistant/kinds@1"
AGAIN = "name a group of a run of this preset again"
EMBEDDINGS = "embeddings"
NEAR_ONE = 0.02
"""By so much the length of an embedding may differ from 1 in half precision."""


class _About(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_: Literal["anomaly-assistant/kinds@1"] = SCHEMA
    preset: str
    weights: str
    kinds: tuple[str, ...]
    pictures: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class KindExamples:
    """Examples of kinds.

    Args:
        preset, weights: the regions were inspected with; others refuse them.
        kinds: of each example.
        pictures: that each example is of: any text, the same for regions of one picture.
        embeddings: of the regions, of length 1.
    """

    preset: str
    weights: str
    kinds: tuple[str, ...]
    pictures: tuple[str, ...]
    embeddings: Float[np.ndarray, "examples width"]

    def check(self, preset: str, weights: str) -> None:
        """Refuse other weights, and another preset where there are none; presets that share trained parts share examples.

        Raises:
            ProfileError: with both names.
        """
        if self.weights != weights or (self.preset != preset and weights == UNTRAINED):
            raise ProfileError(
                f"examples of kinds made with preset {preset} and {weights[:19]}",
                f"some made with preset {self.preset} and {self.weights[:19]}",
                AGAIN,
            )

    @property
    def names(self) -> tuple[str, ...]:
        """Each kind once, in the order of their first examples."""
        return tuple(dict.fromkeys(self.kinds))

    def joined(self, others: KindExamples) -> KindExamples:
        """With further examples; one that is there already takes the kind of the further one.

        Raises:
            ProfileError: examples of another preset or other weights.
        """
        others.check(self.preset, self.weights)
        known = {one.tobytes() for one in others.embeddings.astype(np.float16)}
        kept = [i for i, one in enumerate(self.embeddings.astype(np.float16)) if one.tobytes() not in known]
        return replace(
            others,
            kinds=(*(self.kinds[i] for i in kept), *others.kinds),
            pictures=(*(self.pictures[i] for i in kept), *others.pictures),
            embeddings=np.concatenate([self.embeddings[kept], others.embeddings]),
        )

    def kinds_of(self, embeddings: Float[np.ndarray, "regions width"]) -> list[tuple[str, float] | None]:
        """Kind of each region, with how near its example is; None where no example is within :data:`NEAR`.

        Nearness is 1 at an example and 0.5 at the distance :data:`NEAR`: no chance, but it orders regions as one does.

        Raises:
            ProfileError: embeddings of another width.
        """
        if embeddings.shape[1] != self.embeddings.shape[1]:
            got = f"{self.embeddings.shape[1]} numbers"
            raise ProfileError(f"examples of {embeddings.shape[1]} numbers a region", got, AGAIN)
        return self._nearest(embeddings, np.zeros((len(embeddings), len(self.kinds)), bool))

    def leave_one_out(self) -> dict[str, float]:
        """How many examples get their own kind (``right``), another (``wrong``) or none from those of other pictures.

        ``accuracy`` is the share of those that are right.
        """
        same = np.array(self.pictures)[:, None] == np.array(self.pictures)
        found = self._nearest(self.embeddings, same)
        right = sum(one is not None and one[0] == kind for one, kind in zip(found, self.kinds, strict=True))
        none = sum(one is None for one in found)
        accuracy = round(right / len(found), 3)
        return {"right": right, "wrong": len(found) - right - none, "none": none, "accuracy": accuracy}

    def _nearest(
        self, embeddings: Float[np.ndarray, "regions width"], barred: Bool[np.ndarray, "regions examples"]
    ) -> list[tuple[str, float] | None]:
        likeness = np.where(barred, -1.0, embeddings.astype(np.float32) @ self.embeddings.astype(np.float32).T)
        best = likeness.argmax(1)
        distance = np.clip(1 - likeness[np.arange(len(best)), best], 0, 2)
        return [
            (self.kinds[i], float(1 - far / (2 * NEAR))) if far <= NEAR else None
            for i, far in zip(best, distance, strict=True)
        ]

    def summary(self) -> dict[str, Any]:
        """What a person wants to know of them."""
        counts = {name: self.kinds.count(name) for name in self.names}
        return {"schema": SCHEMA, "preset": self.preset, "weights": self.weights, "kinds": counts}

    def save(self, path: str | Path) -> None:
        """Write one safetensors file, whole or not at all; embeddings in half precision."""
        target = Path(path)
        tensors = {EMBEDDINGS: np.ascontiguousarray(self.embeddings, np.float16)}
        about = _About(preset=self.preset, weights=self.weights, kinds=self.kinds, pictures=self.pictures)
        said = about.model_dump_json()
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_name(target.name + ".partial")
        save_file(tensors, partial, metadata={"about": said, "sha256": _digest(said, tensors[EMBEDDINGS])})
        partial.replace(target)

    @classmethod
    def load(cls, path: str | Path) -> KindExamples:
        """Read saved examples.

        Raises:
            ProfileError: no such file, damaged, or of another schema.
        """
        name = Path(path).name
        try:
            with safe_open(path, "numpy") as handle:
                said = handle.metadata() or {}
                embeddings = handle.get_tensor(EMBEDDINGS)
            about = _About.model_validate(json.loads(said["about"]))
        except (OSError, SafetensorError, LookupError, ValueError, ValidationError) as error:
            why = (str(error) or type(error).__name__).splitlines()[0]
            raise ProfileError("examples of kinds written by `groups name`", f"{name} ({why})", AGAIN) from error
        if said.get("sha256") != _digest(said["about"], embeddings) or not _sound(about, embeddings):
            raise ProfileError("examples of kinds as they were written", f"{name}, damaged or changed since", AGAIN)
        return cls(about.preset, about.weights, about.kinds, about.pictures, embeddings)


def named_by_example(inspection: Inspection, examples: KindExamples | None) -> Inspection:
    """The inspection with the kinds of the examples its regions are near to; other regions, or all without examples, keep theirs.

    Raises:
        ProfileError: embeddings of another width.
    """
    embeddings = inspection.region_embeddings
    if examples is None or embeddings is None or not inspection.regions:
        return inspection
    regions = [
        region if kind is None else replace(
            region, type=kind[0], type_probability=kind[1],
            severity=severity_of(region.area_fraction, region.peak_score, kind[0]),
        )
        for region, kind in zip(inspection.regions, examples.kinds_of(embeddings), strict=True)
    ]  # fmt: skip
    return replace(inspection, regions=tuple(regions))


def _digest(said: str, embeddings: np.ndarray) -> str:
    return hashlib.sha256(said.encode() + np.ascontiguousarray(embeddings).tobytes()).hexdigest()


def _sound(about: _About, embeddings: np.ndarray) -> bool:
    """Whether there are as many embeddings as kinds and pictures, all of length 1."""
    if embeddings.ndim != 2 or not len(embeddings) == len(about.kinds) == len(about.pictures) > 0:
        return False
    lengths: Sequence[float] = np.linalg.norm(embeddings.astype(np.float32), axis=1)
    return bool(np.all(np.abs(np.asarray(lengths) - 1) <= NEAR_ONE))
