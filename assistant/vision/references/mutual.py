"""Batch zero-shot: pictures of one kind of thing scored against each other, no references.

For each patch the mean of the lowest 30 % of its distances to the other pictures (MuSc, Li et al., ICLR 2024): what is normal
recurs elsewhere. Deviation: the distances go through the same few-shot heads as reference distances do, with robust
statistics over all patches, so that scores are calibrated. Scores depend on the set.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from assistant.errors import ProfileError
from assistant.vision.encoded_query import EncodedQuery
from assistant.vision.localizer import Localizer, Logits, Match

LOWEST = 0.3
OTHERS = 64
"""Each picture is compared with at most this many others, drawn with a fixed seed: cost grows linearly."""


@torch.inference_mode()
def mutual_logits(localizer: Localizer, encoded: Sequence[EncodedQuery]) -> Iterator[Logits]:
    """Logits of each picture against the others.

    Raises:
        ProfileError: fewer than two pictures.
    """
    if len(encoded) < 2:
        raise ProfileError(
            "two or more pictures in mutual mode", str(len(encoded)), "add pictures or use zero-shot mode"
        )
    keys = [[localizer.project_for_match(i, t[0]) for i, t in enumerate(s.features.levels)] for s in encoded]
    found = [_against_others(localizer, encoded, keys, i) for i in range(len(encoded))]
    pooled = torch.cat([d for d, _ in found], 1)
    middle = pooled.median(1).values
    spread = (pooled - middle[:, None]).abs().median(1).values.clamp_min(0.01) * 1.4826
    statistics = torch.stack([middle, spread], 1)[None]
    classes = F.normalize(torch.cat([s.features.pooled for s in encoded]), dim=-1)
    similarity = (classes @ classes.T).fill_diagonal_(-1)
    nearest = 1 - similarity.amax(-1)
    for i, (distance, token) in enumerate(found):
        match = Match(
            distance=distance[None],
            row=torch.zeros_like(distance[None], dtype=torch.long),
            token=token[None],
            statistics=statistics,
            subspace=distance.new_zeros(1, distance.shape[1]),
            class_distance=torch.stack([nearest[i], nearest.mean()])[None],
            shots=distance.new_full((1,), float(min(4, len(encoded) - 1))),
            text=distance.new_zeros(1, distance.shape[1]),
        )
        yield localizer(encoded[i].evidence, encoded[i].features.levels, match)


def _against_others(
    localizer: Localizer, encoded: Sequence[EncodedQuery], keys: Sequence[Sequence[Tensor]], index: int
) -> tuple[Tensor, Tensor]:
    """(levels, patches) distances and (levels, patches, width) nearest tokens of one picture."""
    others = [j for j in range(len(encoded)) if j != index]
    if len(others) > OTHERS:
        drawn = torch.randperm(len(others), generator=torch.Generator().manual_seed(index))[:OTHERS]
        others = [others[int(k)] for k in drawn]
    lowest = max(1, round(LOWEST * len(others)))
    distances, tokens = [], []
    for level in range(localizer.levels):
        best = torch.stack([(keys[index][level] @ keys[j][level].T).amax(-1) for j in others])
        ordered = best.topk(lowest, 0)
        distances.append(1 - ordered.values.mean(0))
        tokens.append(_nearest_tokens(encoded, keys, index, level, [others[int(k)] for k in ordered.indices[0]]))
    return torch.stack(distances), torch.stack(tokens)


def _nearest_tokens(
    encoded: Sequence[EncodedQuery], keys: Sequence[Sequence[Tensor]], index: int, level: int, chosen: Sequence[int]
) -> Tensor:
    out = torch.empty_like(encoded[index].features.levels[level][0])
    picked = torch.tensor(chosen, device=out.device)
    for j in set(chosen):
        mine = picked == j
        rows = (keys[index][level][mine] @ keys[j][level].T).argmax(-1)
        out[mine] = encoded[j].features.levels[level][0, rows]
    return out
