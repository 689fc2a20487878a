"""The trained part of vision: adapters, text projection, map heads, image heads, type head.

Reads patch tokens and evidence from references, says a logit a patch and a logit a picture. Text and references are experts
of their own: each is trained to say log-odds from its evidence alone, and few-shot logits are their sum. A head that read
both would learn to trust text as far as text is right on pictures it was trained on. Knows no pixels and no files.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from assistant.vision.adapters import AdaptedLevel, FeatureAdapter
from assistant.vision.heads import ImageHead, MapHead, top_mean

LOGIT_SCALE = 20.0
NOVELTY_TEMPERATURE = 0.05
DISTANCE_GAIN = 4.0
"""Cosine distances of normal patches lie about 0.05 to 0.3: times this they are as large as the other planes of a head."""
DEVIATIONS = (-5.0, 20.0)
"""Distances in standard deviations are cut here: farther out a patch is no more anomalous, and one dust grain must not drown the
rest of the picture."""
DEVIATION_GAIN = 0.5
"""Brings deviations, of which normal patches have up to 3, to the size of the other planes."""
LEAST_SPREAD = 0.01
"""Least median absolute deviation of a picture's distances, cosine: of a picture all alike every speck would be an outlier."""
NORMAL_SPREADS = 3.0
"""Median absolute deviations that normal distances reach (two standard deviations of a Gaussian): one unit of ``relative``."""
FARTHEST = 2.0
"""Cosine distance where no reference patch may be compared with."""
IMAGE_LIMITS = (-8.0, 20.0)
"""Statistics of a picture are cut here before the image head, which saw no others in training."""
Grid = tuple[int, int]


@dataclass(frozen=True, eq=False)
class TextEvidence:
    """What adapters and text anchors say of a batch.

    Args:
        planes: evidence a patch: localization logits a level, detection logits a level, in-picture novelty a level.
        hidden: adapters' hidden vectors of all levels, concatenated.
        grid: (rows, columns).
    """

    planes: Float[Tensor, "batch planes rows columns"]
    hidden: Float[Tensor, "batch patches all_hidden"]
    grid: Grid


@dataclass(frozen=True, eq=False)
class Match:
    """Nearest reference patch of every query patch.

    Args:
        distance: cosine distance to it, a level, [0, 2].
        row: its row in the bank, a level.
        token: its raw token, a level.
        statistics: (mean, standard deviation) a level of the distances that normal patches have under this reference set.
        subspace: residual norm of the query patch outside the references' subspace, in standard deviations.
        class_distance: cosine distance of the class token to the nearest reference's, and that among the references.
        shots: number of reference pictures.
        text: highest logit of the text expert about it and its neighbours, mean of the levels.
    """

    distance: Float[Tensor, "batch levels patches"]
    row: Int[Tensor, "batch levels patches"]
    token: Float[Tensor, "batch levels patches width"]
    statistics: Float[Tensor, "batch levels 2"]
    subspace: Float[Tensor, "batch patches"]
    class_distance: Float[Tensor, "batch 2"]
    shots: Float[Tensor, " batch"]
    text: Float[Tensor, "batch patches"]

    def to(self, device: torch.device) -> Match:
        """The same match with every tensor on another device."""
        return Match(**{f.name: getattr(self, f.name).to(device) for f in fields(self)})


@dataclass(frozen=True, eq=False)
class Logits:
    """Raw answers: a logit a patch and a logit a picture, before calibration."""

    map: Float[Tensor, "batch rows columns"]
    image: Float[Tensor, " batch"]


class Localizer(nn.Module):
    """Adapters and heads of a preset.

    Args:
        levels: number of tapped levels.
        width: width of a patch token.
        text_width, joint_width: text embedding before and after the text projection.
        hidden: width inside an adapter.
        head_width: width inside a map head.
        match_width: width in which query and reference patches are compared.
        plain: positions of the levels whose tokens are compared as they are; all of them when None.

    ``products`` is the precision of the large matrix products; None leaves it to the caller, as training does.
    """

    products: torch.dtype | None = None

    def __init__(
        self, levels: int, width: int, text_width: int, joint_width: int, hidden: int, head_width: int, match_width: int,
        plain: Sequence[int] | None = None,
    ) -> None:  # fmt: skip
        super().__init__()
        self.plain = tuple(range(levels) if plain is None else plain)
        self.adapters: Any = nn.ModuleList(FeatureAdapter(width, joint_width, hidden) for _ in range(levels))
        self.text_projection = nn.Linear(text_width, joint_width, bias=False)
        nn.init.eye_(self.text_projection.weight)
        self.residual = nn.ModuleList(
            nn.Sequential(nn.Linear(2 * width, hidden), nn.GELU(), nn.Linear(hidden, 1)) for _ in range(levels)
        )
        self.text_head = MapHead(3 * levels, head_width, skip=levels)
        self.reference_head = MapHead(6 * levels + 2, head_width, skip=0)
        self.text_image_head = ImageHead(10, head_width, skip=True)
        self.reference_image_head = ImageHead(5 + 6 * levels + 5, head_width, skip=False)
        self.type_head = nn.Sequential(
            nn.Linear(2 * levels * hidden, 2 * hidden), nn.GELU(), nn.Linear(2 * hidden, joint_width)
        )
        self.register_buffer("match_mean", torch.zeros(levels, width))
        self.register_buffer("match_basis", torch.eye(width)[:, :match_width].expand(levels, -1, -1).clone())

    def _products(self) -> AbstractContextManager[None]:
        """What holds around the large matrix products."""
        if self.products in (None, torch.float32):
            return nullcontext()
        return torch.autocast(self.device.type, self.products)

    @property
    def levels(self) -> int:
        """Number of tapped levels."""
        return len(self.adapters)

    @property
    def device(self) -> torch.device:
        """Where the parameters live."""
        return self.text_projection.weight.device

    def text_evidence(
        self,
        tokens: Sequence[Float[Tensor, "batch patches width"]],
        anchors: Float[Tensor, "batch 2 joint_width"],
        grid: Grid,
        adapted: Sequence[AdaptedLevel] | None = None,
        new: Float[Tensor, "batch levels patches"] | None = None,
    ) -> TextEvidence:
        """Evidence of adapters against text anchors; ``adapted`` and ``new`` (novelty) where they are known already."""
        with self._products():
            done = adapted or [a(t, grid) for a, t in zip(self.adapters, tokens, strict=True)]
            unlike = [novelty(t, grid) for t in tokens] if new is None else list(new.unbind(1))
        direction = F.normalize(anchors, dim=-1)
        planes = [_state_logit(a.seg, direction) for a in done]
        planes += [_state_logit(a.det, direction) for a in done]
        planes += unlike
        stacked = torch.stack(planes, 1).unflatten(2, grid)
        return TextEvidence(stacked, torch.cat([a.hidden for a in done], -1).float(), grid)

    def writer(self) -> Callable[[int, Tensor, Grid], Tensor]:
        """What a visual encoder calls at each level in residual mode: the stream with the adapters' output mixed in."""

        def write(level: int, tokens: Tensor, grid: Grid) -> Tensor:
            adapter, wide = self.adapters[level], tokens.float()
            written: Tensor = adapter.write_back(wide, adapter(wide, grid)).to(tokens.dtype)
            return written

        return write

    def zero_shot(self, evidence: TextEvidence) -> Logits:
        """Logits from text evidence alone."""
        logits = self.text_head(evidence.planes)
        return Logits(logits, self.text_image_head(self._image_features(logits, evidence)))

    def forward(self, evidence: TextEvidence, tokens: Sequence[Tensor], match: Match | None = None) -> Logits:
        """Log-odds of the text expert; with a match, those of the reference expert are added."""
        text = self.zero_shot(evidence)
        if match is None:
            return text
        reference = self.reference(tokens, match, evidence.grid)
        return Logits(text.map + reference.map, text.image + reference.image)

    def reference(self, tokens: Sequence[Float[Tensor, "batch patches width"]], match: Match, grid: Grid) -> Logits:
        """Logits from reference evidence alone.

        A distance is read as it is, in standard deviations of normal distances, and relative to the picture's own median:
        a picture of which everything is far from the references is another product, not one large defect.
        """
        distance, mean = match.distance, match.statistics[..., :1]
        z = (distance - mean) / match.statistics[..., 1:]
        middle = distance.median(-1, keepdim=True).values
        spread = (distance - middle).abs().median(-1, keepdim=True).values.clamp_min(LEAST_SPREAD)
        relative = _deviation((distance - middle) / (NORMAL_SPREADS * spread))
        shots = match.shots.clamp_min(1).log2()[:, None]
        with self._products():
            learned = [net(_difference(tokens[i], match.token[:, i]))[..., 0] for i, net in enumerate(self.residual)]
        planes = [
            distance * DISTANCE_GAIN,
            _deviation(z),
            torch.stack(learned, 1).float(),
            (mean * DISTANCE_GAIN).expand_as(distance),
            _deviation(match.subspace[:, None]),
            shots[..., None].expand(-1, 1, distance.shape[-1]),
            relative,
            _deviation(z.median(-1, keepdim=True).values).expand_as(distance),
        ]
        logits = self.reference_head(torch.cat(planes, 1).unflatten(2, grid))
        about = [
            _map_statistics(logits),
            top_mean(z),
            z.median(-1).values,
            top_mean(relative),
            top_mean(distance) * DISTANCE_GAIN,
            (top_mean(distance) - middle[..., 0]) * DISTANCE_GAIN,
            mean[..., 0] * DISTANCE_GAIN,
            match.class_distance * DISTANCE_GAIN,
            top_mean(match.subspace)[:, None],
            match.subspace.median(-1).values[:, None],
            shots,
        ]
        return Logits(logits, self.reference_image_head(torch.cat(about, 1).clamp(*IMAGE_LIMITS)))

    def plain_distance(
        self, tokens: Sequence[Float[Tensor, "batch patches width"]], match: Match
    ) -> Float[Tensor, "batch patches"]:
        """Mean over the plain levels of the cosine distance between raw tokens of a patch and its match (as AnomalyDINO's)."""
        apart = [1 - F.cosine_similarity(tokens[i].float(), match.token[:, i].float(), dim=-1) for i in self.plain]
        found = [
            torch.where(match.distance[:, i] < FARTHEST, d, FARTHEST) for i, d in zip(self.plain, apart, strict=True)
        ]
        return torch.stack(found).mean(0)

    def region_embedding(
        self, evidence: TextEvidence, weights: Float[Tensor, "regions patches"], owner: Sequence[int]
    ) -> Float[Tensor, "regions joint_width"]:
        """Normalised embedding of regions: hidden vectors pooled over the region, beside those of the rest of the picture."""
        hidden = evidence.hidden[torch.as_tensor(list(owner), device=evidence.hidden.device)]
        share = weights / weights.sum(-1, keepdim=True).clamp_min(1e-6)
        inside = (share.unsqueeze(1) @ hidden).squeeze(1)
        return F.normalize(self.type_head(torch.cat([inside, inside - hidden.mean(1)], -1)), dim=-1)

    def project_for_match(
        self, level: int, tokens: Float[Tensor, "*batch width"]
    ) -> Float[Tensor, "*batch match_width"]:
        """Tokens of one level as unit vectors in which query and references are compared."""
        normed = F.layer_norm(tokens.float(), tokens.shape[-1:])
        mean, basis = self.get_buffer("match_mean")[level], self.get_buffer("match_basis")[level]
        return F.normalize((normed - mean) @ basis, dim=-1)

    def _image_features(self, logits: Tensor, evidence: TextEvidence) -> Float[Tensor, "batch 10"]:
        det = evidence.planes[:, self.levels : 2 * self.levels].flatten(2).mean(1)
        new = evidence.planes[:, 2 * self.levels :].flatten(2)
        of_picture = [
            top_mean(det),
            top_mean(det, 0.05),
            det.mean(-1),
            new.amax(-1).mean(-1),
            new.mean((-1, -2)),
        ]
        return torch.cat([_map_statistics(logits), torch.stack(of_picture, 1)], 1)


def _map_statistics(logits: Float[Tensor, "batch rows columns"]) -> Float[Tensor, "batch 5"]:
    """Mean of the top 1 %, maximum, mean of the top 5 %, mean, median."""
    flat = logits.flatten(1)
    return torch.stack([top_mean(flat), flat.amax(-1), top_mean(flat, 0.05), flat.mean(-1), flat.median(-1).values], 1)


def novelty(tokens: Float[Tensor, "batch patches width"], grid: Grid) -> Float[Tensor, "batch patches"]:
    """How unlike the rest of its own picture a patch is: minus a soft maximum of its similarity to patches elsewhere.

    ``-(t log mean exp(cos / t))`` over all patches but its 5x5 neighbourhood, standardised over the picture.
    """
    unit = F.normalize(F.layer_norm(tokens, tokens.shape[-1:]), dim=-1)
    similarity = (unit @ unit.transpose(1, 2)).float()
    far = _elsewhere(grid, tokens.device)
    soft = similarity.sub_(1).div_(NOVELTY_TEMPERATURE).exp_() * far
    raw = -(soft.sum(-1) / far.sum(-1).clamp_min(1)).clamp_min(1e-12).log()
    spread = raw.std(-1, keepdim=True) if raw.shape[-1] > 1 else torch.ones_like(raw)
    return (raw - raw.mean(-1, keepdim=True)) / spread.clamp_min(1e-3)


@lru_cache(maxsize=4)
def _elsewhere(grid: Grid, device: torch.device) -> Float[Tensor, "patches patches"]:
    """1 where two patches are more than two rows or columns apart, else 0; kept, as pictures of one size share it."""
    with torch.inference_mode(False):
        rows = torch.arange(grid[0], device=device).repeat_interleave(grid[1])
        columns = torch.arange(grid[1], device=device).repeat(grid[0])
        near = ((rows[:, None] - rows).abs() <= 2) & ((columns[:, None] - columns).abs() <= 2)
        return (~near).float()


def _state_logit(joint: Tensor, direction: Tensor) -> Tensor:
    """Scaled difference of the cosines with the two states, in float32 whatever the precision of the products around it."""
    between = (direction[:, 1] - direction[:, 0]).float().unsqueeze(1)
    return LOGIT_SCALE * (F.normalize(joint.float(), dim=-1) * between).sum(-1)


def _deviation(deviations: Tensor) -> Tensor:
    """Standard deviations as a plane of a head."""
    return deviations.clamp(*DEVIATIONS) * DEVIATION_GAIN


def _difference(query: Tensor, reference: Tensor) -> Tensor:
    q, r = F.layer_norm(query.float(), query.shape[-1:]), F.layer_norm(reference.float(), reference.shape[-1:])
    return torch.cat([(q - r).abs(), q * r], -1)
