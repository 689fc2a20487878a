"""A head of one product as a profile keeps it: its family, its numbers, and how much it adds to the logits."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from assistant.vision.heads import top_mean
from assistant.vision.localizer import Logits
from assistant.vision.one_class.discriminator import DiscriminatorHead
from assistant.vision.one_class.subspace import SubspaceHead

Head = SubspaceHead | DiscriminatorHead
"""Tokens of a picture -> how little each looks like a normal one, on a scale of the head's own; higher is less normal."""
FAMILIES: Mapping[str, type[SubspaceHead] | type[DiscriminatorHead]] = {
    "subspace": SubspaceHead,
    "discriminator": DiscriminatorHead,
}


@dataclass(frozen=True, eq=False)
class Fitted:
    """A head with its scale.

    Args:
        family: one of :data:`FAMILIES`.
        numbers: of the head, by name.
        mean, spread: of left-out normals' picture values (:func:`~assistant.vision.heads.top_mean` over the patches).
        weight: logits per standard deviation above the mean; positive.
        levels: positions of the levels whose tokens it looks at.
        separation: (without, with): how far pasted defects lie above left-out normals, in their standard deviations.
    """

    family: str
    numbers: Mapping[str, Tensor]
    mean: float
    spread: float
    weight: float
    levels: tuple[int, ...]
    separation: tuple[float, float]

    @cached_property
    def head(self) -> Head:
        """Ready to be asked."""
        return FAMILIES[self.family].of(self.numbers)

    def joined(self, logits: Logits, values: Float[Tensor, " patches"]) -> Logits:
        """Logits of one picture with what a head says of it; a map is never lowered."""
        above = self.weight * (values - self.mean) / self.spread
        picture = self.weight * (top_mean(values[None]) - self.mean) / self.spread
        return Logits(logits.map + above.clamp_min(0).reshape(logits.map.shape), logits.image + picture)

    def check(self) -> None:
        """Refuse numbers that no head has.

        Raises:
            ValueError, KeyError: with what is wrong.
        """
        numbers, expected = self.numbers, FAMILIES[self.family].AXES
        if set(numbers) != set(expected):
            raise ValueError(f"numbers {sorted(numbers)}")
        sizes: dict[str, int] = {}
        for name, axes in expected.items():
            if numbers[name].ndim != len(axes) or 0 in numbers[name].shape:
                raise ValueError(f"{name} of shape {tuple(numbers[name].shape)}")
            for axis, size in zip(axes, numbers[name].shape, strict=True):
                if sizes.setdefault(axis, size) != size:
                    raise ValueError(f"{name} of shape {tuple(numbers[name].shape)}")
        scales = (self.mean, self.spread, self.weight, *self.separation)
        if (
            not all(map(math.isfinite, scales))
            or min(self.spread, self.weight) <= 0
            or not self.levels
            or min(self.levels) < 0
        ):
            raise ValueError("a scale that is none")

    def fits(self, levels: int, width: int) -> bool:
        """Whether it looks at tokens of so many levels and numbers."""
        name, axes = next((n, a) for n, a in FAMILIES[self.family].AXES.items() if "head_width" in a)
        return (
            max(self.levels) < levels and len(self.levels) * width == self.numbers[name].shape[axes.index("head_width")]
        )

    def about(self) -> dict[str, Any]:
        """All but the numbers, as JSON takes it."""
        return {
            "family": self.family, "mean": self.mean, "spread": self.spread, "weight": self.weight,
            "levels": list(self.levels), "separation": list(self.separation),
        }  # fmt: skip

    @classmethod
    def of(cls, about: Mapping[str, Any], numbers: Mapping[str, Tensor]) -> Fitted:
        """What :meth:`about` and the numbers were of."""
        return cls(
            about["family"], numbers, float(about["mean"]), float(about["spread"]), float(about["weight"]),
            tuple(about["levels"]), (float(about["separation"][0]), float(about["separation"][1])),
        )  # fmt: skip

    def rounded(self) -> Fitted:
        """As it will be read from a file, where numbers are in half precision."""
        return Fitted(
            self.family, {k: v.half().float() for k, v in self.numbers.items()}, self.mean, self.spread, self.weight,
            self.levels, self.separation,
        )  # fmt: skip


def values_of(head: Head, tokens: Float[Tensor, "patches head_width"]) -> Float[Tensor, " patches"]:
    """What a head says of the patches of one picture."""
    with torch.inference_mode():
        return head(tokens)
