"""A reference set as one value: built once, saved as one safetensors file, refused with other weights.

Holds the memory bank, what the references' own scores are when each is judged by the others (leave one out), the position
window of a fixed camera, and the tokens of anomalous references.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float
from torch import Tensor

from assistant.config import UNTRAINED
from assistant.errors import ProfileError
from assistant.inquiry import OVERKILL
from assistant.towers.encoder import PatchFeatures
from assistant.types import Levels, QueryImage
from assistant.vision.checks.known import Known
from assistant.vision.detail.references import PREFIX, TileReferences
from assistant.vision.experts.normal_range import NormalRange, conformal_p_value, conformal_threshold
from assistant.vision.experts.opinions import EXPERTS
from assistant.vision.localizer import Localizer
from assistant.vision.one_class.fitted import Fitted
from assistant.vision.references.memory_bank import MemoryBank
from assistant.vision.references.profile_file import (
    AGAIN,
    ANOMALOUS,
    FIT,
    SCHEMA,
    fitted_of,
    known_of,
    levels_of,
    read_profile,
    tiles_of,
    write_profile,
)

ENOUGH = 20
"""References whose own scores are enough for a threshold by rank."""
LIKENESS = 12.0
"""Logits per unit of cosine by which a patch is nearer to an anomalous reference than to a normal one."""
HALF_WAY = 0.6
"""Stands for the nearest normal cosine where there is no normal reference."""


@dataclass(frozen=True, eq=False)
class AnomalousReference:
    """A picture of the defect looked for, with a mask (bool, its size) or without."""

    image: QueryImage
    mask: np.ndarray | None = None


@dataclass(frozen=True, eq=False)
class Profile:
    """What is known of normal (and of anomalous) before a picture comes.

    Args:
        preset, weights: what the profile was made with; other weights refuse it.
        object_name: as told when it was built.
        bank: of the normal references; None with anomalous references only.
        normal_logits: by image score (:data:`~assistant.inquiry.SCORES`), the raw image logit of each reference judged by the
            others; empty with one reference.
        ranges: by image score, where a new normal picture lies.
        weights_of_experts: how far each expert (:data:`~assistant.vision.experts.opinions.EXPERTS`) is believed.
        window: largest distance in position of a match, share of the side; None for a free camera.
        anomalous_keys: patches of anomalous references, a level and row; None without any.
        fitted: a head learned from the references (``profile build --fit``); None without one.
        tried: where heads were tried, how far the experts alone set pasted defects apart; None where none was tried.
        levels: that its references are read with and its queries will be; None where they have 8 bits.
        known: what tells pictures that are unlike the references, and faults of these; None where it was not kept.
        tiles: what normal tiles are like at a closer look; None where none was asked for.
    """

    preset: str
    weights: str
    object_name: str | None
    bank: MemoryBank | None
    normal_logits: Mapping[str, tuple[float, ...]]
    ranges: Mapping[str, NormalRange]
    weights_of_experts: tuple[float, ...]
    window: float | None
    anomalous_keys: Float[Tensor, "levels rows match_width"] | None = None
    known: Known | None = None
    tiles: TileReferences | None = None
    fitted: Fitted | None = None
    tried: float | None = None
    levels: Levels | None = None

    @property
    def warnings(self) -> tuple[str, ...]:
        """Faults of the references, one line each."""
        return () if self.known is None else self.known.sentences

    def normals(self, score: str) -> tuple[float, ...]:
        """Raw image logits of the references themselves by a score; empty where there are none."""
        return self.normal_logits.get(score, ())

    def threshold(self, score: str, overkill: float) -> float:
        """Raw image logit from which a picture is anomalous.

        Such a picture lies above the point that normal pictures exceed with the probability ``overkill``, and is likelier
        anomalous than normal. With twenty different references or more their own scores tell the point (split conformal), else
        the Student distribution of their product.

        Args:
            score: which image score.
            overkill: share of normal pictures that may be called anomalous.
        """
        told, known = self._conformal(score, overkill), self.ranges[score]
        return max(known.even, known.limit(overkill) if told is None else told)

    def guarantee(self, score: str, overkill: float) -> str | None:
        """What is promised of normal pictures, one sentence; None where the references are too few or too much alike for that.

        Nor with anomalous references: what looks like them scores higher, and normals have not been scored so.
        """
        if self.anomalous_keys is not None or self._conformal(score, overkill) is None:
            return None
        return (
            f"at most {100 * overkill:g} % of normal pictures taken like these {len(self.normals(score))} references are called "
            "anomalous (split conformal, in the mean over reference sets)"
        )

    def p_value(self, score: str, logit: float) -> float | None:
        """Conformal p-value of a raw image logit; None where nothing could be promised either (:meth:`guarantee`)."""
        if self.anomalous_keys is not None or not self._representative(score):
            return None
        return conformal_p_value(logit, self.normals(score))

    def _conformal(self, score: str, overkill: float) -> float | None:
        return conformal_threshold(self.normals(score), overkill) if self._representative(score) else None

    def _representative(self, score: str) -> bool:
        """Whether the references are many enough, and not all one piece, to stand for normal pictures by rank."""
        return len(self.normals(score)) >= ENOUGH and self.ranges[score].variety >= 1

    def read_otherwise(self, image: QueryImage) -> tuple[str, ...]:
        """Says that a picture was not read by the grey levels of the references; nothing where it was, or has 8 bits."""
        deep = image.deep
        if deep is None:
            told = "is not read by the grey levels of the references (it has 8 bits a channel, or a table of its own)"
            return () if self.levels is None else (told,)
        if deep.levels == self.levels or (deep.chosen and self.levels is None):
            return ()
        return ("has more than 8 bits a channel, and was read by grey levels of its own, not of the references",)

    def check(self, preset: str, weights: str) -> None:
        """Refuse other weights, and another preset where there are none; presets that share trained parts share profiles.

        Raises:
            ProfileError: with both names.
        """
        if self.weights != weights or (self.preset != preset and weights == UNTRAINED):
            raise ProfileError(
                f"a profile made with preset {preset} and {weights[:19]}",
                f"one made with preset {self.preset} and {self.weights[:19]}",
                AGAIN,
            )

    def require_fit(self, localizer: Localizer) -> None:
        """Refuse tokens that this localizer cannot be asked about.

        Raises:
            ProfileError: another number of levels, or other widths.
        """
        basis = localizer.get_buffer("match_basis")
        wanted = (basis.shape[0], basis.shape[1], basis.shape[2])
        found = []
        if self.bank is not None:
            found.append((self.bank.tokens.shape[1], self.bank.tokens.shape[2], self.bank.keys.shape[2]))
        if self.anomalous_keys is not None:
            found.append((self.anomalous_keys.shape[0], wanted[1], self.anomalous_keys.shape[2]))
        if self.fitted is not None and not self.fitted.fits(wanted[0], wanted[1]):
            raise ProfileError(
                f"a head for tokens of {wanted[0]} levels of {wanted[1]} numbers", "one for others", AGAIN
            )
        for got in found:
            if got != wanted:
                raise ProfileError(
                    "a profile of {} levels, tokens of {} and keys of {} numbers".format(*wanted),
                    "one of {} levels, {} and {}".format(*got),
                    AGAIN,
                )

    def save(self, path: str | Path) -> None:
        """Write one safetensors file, whole or not at all.

        Raises:
            ProfileError: numbers that :meth:`load` would refuse.
        """
        tensors: dict[str, Tensor] = {}
        if self.bank is not None:
            values = {f.name: getattr(self.bank, f.name) for f in fields(self.bank)}
            tensors = {f"bank.{k}": v for k, v in values.items() if isinstance(v, Tensor)}
        if self.anomalous_keys is not None:
            tensors[ANOMALOUS] = self.anomalous_keys
        if self.tiles is not None:
            tensors.update(self.tiles.tensors())
        if self.fitted is not None:
            tensors |= {f"{FIT}{name}": numbers for name, numbers in self.fitted.numbers.items()}
        about = {
            "preset": self.preset,
            "weights": self.weights,
            "object_name": self.object_name,
            "normal_logits": {score: list(logits) for score, logits in self.normal_logits.items()},
            "ranges": {score: vars(found) for score, found in self.ranges.items()},
            "weights_of_experts": list(self.weights_of_experts),
            "window": self.window,
            "class_spread": None if self.bank is None else self.bank.class_spread,
            "known": None if self.known is None else self.known.as_json(),
            **({} if self.tiles is None else {PREFIX: self.tiles.as_json()}),
            "fitted": None if self.fitted is None else self.fitted.about(),
            "tried": self.tried,
            "levels": None if self.levels is None else [self.levels.black, self.levels.white],
        }
        write_profile(Path(path), about, tensors)

    @classmethod
    def load(cls, path: str | Path) -> Profile:
        """Read a saved profile.

        Raises:
            ProfileError: not a profile, damaged, of another schema, or with numbers that no profile has.
        """
        about, tensors = read_profile(Path(path))
        parts = {k.removeprefix("bank."): v for k, v in tensors.items() if k.startswith("bank.")}
        return cls(
            preset=about["preset"],
            weights=about["weights"],
            object_name=about["object_name"],
            bank=MemoryBank(**parts, class_spread=float(about["class_spread"])) if parts else None,
            normal_logits={score: tuple(map(float, logits)) for score, logits in about["normal_logits"].items()},
            ranges={score: NormalRange(**found) for score, found in about["ranges"].items()},
            weights_of_experts=tuple(map(float, about["weights_of_experts"])),
            window=about["window"],
            anomalous_keys=tensors.get(ANOMALOUS),
            known=known_of(about, tensors),
            tiles=tiles_of(about, tensors),
            fitted=fitted_of(about, tensors),
            tried=about.get("tried"),
            levels=levels_of(about),
        )

    def summary(self) -> dict[str, Any]:
        """What a person wants to know of it."""
        return {
            "schema": SCHEMA,
            "preset": self.preset,
            "weights": self.weights,
            "object_name": self.object_name,
            "references": 0 if self.bank is None else self.bank.shots,
            "patches": 0 if self.bank is None else len(self.bank.owner),
            "fixed_camera": self.window is not None,
            "smallest_px": None if self.tiles is None else self.tiles.smallest,
            "anomalous_patches": 0 if self.anomalous_keys is None else self.anomalous_keys.shape[1],
            "normal_logits": [round(v, 3) for v in self.normals("blend")],
            "threshold": round(self.threshold("blend", OVERKILL), 3) if self.bank is not None else None,
            "weights_of_experts": {n: round(w, 3) for n, w in zip(EXPERTS, self.weights_of_experts, strict=False)},
            "fit": self._fit_summary(),
            "levels": None if self.levels is None else [self.levels.black, self.levels.white],
            "warnings": list(self.warnings),
        }

    def _fit_summary(self) -> str | None:
        """What trying heads brought, in a sentence; None where none was tried."""
        if self.tried is None:
            return None
        without = f"defects pasted on left-out references lie {self.tried:.2f} standard deviations above them"
        if self.fitted is None:
            return f"no head was kept: {without} by the experts alone, and no head sets them further apart"
        return f"{self.fitted.family} head: {without} by the experts alone, {self.fitted.separation[1]:.2f} with it"


def likeness(localizer: Localizer, features: PatchFeatures, profile: Profile) -> Float[Tensor, " patches"]:
    """Logits for being nearer to an anomalous reference than to any normal one; zero elsewhere."""
    keys = profile.anomalous_keys
    if keys is None:
        raise ProfileError("anomalous references", "none", "give one with --anomalous-reference")
    extra = keys.new_zeros(features.grid[0] * features.grid[1])
    for level, tokens in enumerate(features.levels):
        query = localizer.project_for_match(level, tokens[0])
        anomalous = (query @ keys[level].T).amax(-1)
        normal = (query @ profile.bank.keys[level].T).amax(-1) if profile.bank is not None else HALF_WAY
        extra += (anomalous - normal).clamp_min(0) * LIKENESS / len(features.levels)
    return extra
