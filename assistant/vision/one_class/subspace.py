"""Distance of a token from the subspace of normal tokens (SubspaceAD, 2026; here on middle levels, without augmentation)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor

from assistant.vision.heads import subspace_residual

KEPT = 0.99
"""Share of the normals' variance that the subspace holds."""


@dataclass(frozen=True, eq=False)
class SubspaceHead:
    """Mean and orthonormal directions of normal tokens."""

    AXES: ClassVar[Mapping[str, tuple[str, ...]]] = {"mean": ("head_width",), "basis": ("head_width", "kept")}

    mean: Float[Tensor, " head_width"]
    basis: Float[Tensor, "head_width kept"]

    @classmethod
    def fit(cls, tokens: Float[Tensor, "samples head_width"]) -> SubspaceHead:
        """The principal directions that hold :data:`KEPT` of the variance."""
        mean = tokens.mean(0)
        centred = tokens - mean
        values, vectors = torch.linalg.eigh(centred.T @ centred / len(tokens))
        held = values.flip(0).clamp_min(0).cumsum(0) / values.clamp_min(0).sum().clamp_min(1e-12)
        kept = min(int((held < KEPT).sum()) + 1, len(values) - 1)
        return cls(mean, vectors.flip(1)[:, :kept].contiguous())

    @classmethod
    def of(cls, tensors: Mapping[str, Tensor]) -> SubspaceHead:
        """As it was kept; directions rounded to half precision are made orthonormal again."""
        return cls(tensors["mean"].float(), torch.linalg.qr(tensors["basis"].float()).Q)

    def tensors(self) -> dict[str, Tensor]:
        """What :meth:`of` reads."""
        return {"mean": self.mean, "basis": self.basis}

    def __call__(self, tokens: Float[Tensor, "patches head_width"]) -> Float[Tensor, " patches"]:
        """Norm of what the subspace does not explain."""
        return subspace_residual(tokens[None], self.mean, self.basis)[0]
