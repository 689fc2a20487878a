"""Stage ``weigh``: products -> weights of the experts and what is known of a product's normals; the localizer stays as it is.

The gate is trained by ranking: of one product under one reference set every anomalous query should score above every normal one
(RankNet's pairwise logistic loss, Burges et al., ICML 2005), pictures and patches alike. The prior of normal scores is fitted by
the likelihood of the normal queries. Nothing but products of the training split is fitted; the others are judged by.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from jaxtyping import Float
from rich.progress import track
from safetensors import safe_open
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from torch import Tensor
from torch.distributions import StudentT
from torch.nn import functional as F
from torch.nn.utils.rnn import pad_sequence

from assistant.errors import DataSetError
from assistant.inquiry import OVERKILL, SCORES
from assistant.vision.anomaly_map import pooled_logit
from assistant.vision.calibration import UNSEEN, Affine, Calibration
from assistant.vision.checkpoint import Card, save_checkpoint
from assistant.vision.experts.gate import Gate
from assistant.vision.experts.normal_range import NormalPrior, Odds, variety
from assistant.vision.experts.opinions import EXPERTS
from assistant.vision.heads import top_mean
from assistant.vision.localizer import Logits
from training.localizer.product_statistics import ProductStatistics, read_statistics, write_statistics
from training.runs.processes import my_share, processes

if TYPE_CHECKING:
    from assistant.vision.detector import Detector
    from training.localizer.data import DataRow
    from training.localizer.product_statistics import ProductReader

_LOG = logging.getLogger(__name__)

PATCHES = 64
"""Defective and normal patches of a picture that are ranked against each other, at most."""
MAP_SHARE = 0.3
"""Weight of the ranking of patches beside that of pictures."""
DEFECTIVE = 0.25
"""Share of a patch from which it counts as defective; those between it and none are left out."""
MAP_SCALES = (0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.7, 0.8, 1.0, 1.25, 1.6, 2.0, 3.0)
"""Scales of weighed maps that are tried."""
THINNED = 7
"""One in so many normal patches is ranked."""
RANKED_TO = 0.3
"""False positive rate of patches up to which they are ranked, as AUPRO is integrated."""
PLAIN = EXPERTS.index("plain")
FARTHEST = 8.0
"""Deviations are cut here before odds are fitted to them."""
LEAST = 0.01
"""Least log-odds per standard deviation."""
DECAY = 0.3
"""Weight decay of the gate."""


def group_products(rows: Sequence[DataRow]) -> list[list[DataRow]]:
    """Rows by product.

    Raises:
        DataSetError: rows that are no products.
    """
    groups: dict[int, list[DataRow]] = {}
    for row in rows:
        if row.product is None:
            do = "build with queries_per_product and references"
            raise DataSetError("a data set of products", f"row {row.index} without a product", do)
        groups.setdefault(row.product, []).append(row)
    return list(groups.values())


def write_products(reader: ProductReader, products: Sequence[Sequence[DataRow]], folder: Path) -> None:
    """Statistics of this process's share of the products that are not there yet, one file a product."""
    folder.mkdir(parents=True, exist_ok=True)
    for rows in track(my_share(products), "asking the experts", disable=len(products) < 8):
        path = folder / f"{rows[0].product:09d}.safetensors"
        if not path.exists():
            write_statistics(reader.read(rows), rows[0].split, path)


def read_products(folder: Path) -> dict[str, list[ProductStatistics]]:
    """Statistics by split.

    Raises:
        DataSetError: a split without any.
    """
    found: dict[str, list[ProductStatistics]] = {"train": [], "validation": []}
    for path in sorted(folder.glob("*.safetensors")):
        with safe_open(path, "pt") as handle:
            split = handle.metadata()["split"]
        found[split] += [one for one in read_statistics(path) if 0 < float(one.anomalous.mean()) < 1]
    if not all(found.values()):
        raise DataSetError("products with normal and anomalous queries in both splits", "none in one", "build more")
    return found


def fit_gate(sets: Sequence[ProductStatistics], steps: int, seed: int) -> Gate:
    """A gate that ranks queries of the products.

    Args:
        sets: of the training split.
        steps: of the optimiser, all sets each.
        seed: of the patches that are drawn.
    """
    gate = Gate()
    about = torch.stack([one.about for one in sets])
    gate.get_buffer("mean").copy_(about.mean(0))
    gate.get_buffer("spread").copy_(about.std(0).clamp_min(1e-3))
    generator = torch.Generator().manual_seed(seed)
    images = _Pairs.padded([_pairs_of_pictures(one) for one in sets])
    patches = _Pairs.padded([_pairs_of_patches(one, generator) for one in sets])
    optimizer = torch.optim.AdamW(gate.parameters(), lr=1e-2, weight_decay=DECAY)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for _ in range(steps):
        weights = gate(about)
        loss = images.ranking(weights) + MAP_SHARE * patches.ranking(weights)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    return gate.eval().requires_grad_(False)


@dataclass(frozen=True, eq=False)
class _Pairs:
    """By how much the anomalous of a pair exceeds the normal one, by each expert; pairs of a set weigh one together."""

    differences: Float[Tensor, "sets pairs experts"]
    shares: Float[Tensor, "sets pairs"]

    @classmethod
    def padded(cls, found: Sequence[Float[Tensor, "_ experts"]]) -> _Pairs:
        shares = [torch.full((len(one),), 1 / max(1, len(one))) for one in found]
        return cls(pad_sequence(list(found), True), pad_sequence(shares, True))

    def ranking(self, weights: Float[Tensor, "sets experts"]) -> Tensor:
        """Pairwise logistic loss."""
        excess = (self.differences @ weights[:, :, None])[..., 0]
        return (F.softplus(-excess) * self.shares).sum(1).mean()


def _pairs_of_pictures(one: ProductStatistics) -> Float[Tensor, "pairs experts"]:
    anomalous = one.anomalous > 0
    return (one.queries[anomalous][:, None] - one.queries[~anomalous][None]).flatten(0, 1)


def _pairs_of_patches(one: ProductStatistics, generator: torch.Generator) -> Float[Tensor, "pairs experts"]:
    """:data:`PATCHES` drawn defective less as many normal patches of each anomalous picture."""
    anomalous, patches = one.anomalous > 0, [one.queries.new_zeros(0, len(EXPERTS))]
    for maps, covered in zip(one.query_maps[anomalous], one.coverage[anomalous], strict=True):
        inside, outside = maps[:, covered > DEFECTIVE].T, maps[:, covered == 0].T
        if len(inside) and len(outside):
            picked = [p[torch.randint(len(p), (PATCHES,), generator=generator)] for p in (inside, outside)]
            patches.append(picked[0] - picked[1])
    return torch.cat(patches)


def fused(maps: Tensor, images: Tensor, weights: Tensor, score: str) -> Tensor:
    """Image logits by a score: of one reference set, the experts weighed."""
    if score == "blend":
        return images @ weights
    planes = (maps * weights[:, None]).sum(1)
    none = planes.new_zeros(len(planes))
    return torch.tensor([pooled_logit(Logits(planes[:, :, None], none), i, score) for i in range(len(planes))])


@dataclass(frozen=True, eq=False)
class _Scored:
    """Image logits of one reference set by one score."""

    queries: Tensor
    left_out: Tensor
    copies: Tensor
    anomalous: Tensor
    variety: float


def scored(sets: Sequence[ProductStatistics], gate: Gate, score: str) -> list[_Scored]:
    """Image logits of every reference set by one score."""
    out = []
    for one in sets:
        weights = gate(one.about)
        out.append(
            _Scored(
                fused(one.query_maps, one.queries, weights, score), fused(one.left_out_maps, one.left_out, weights, score),
                fused(one.copy_maps, one.copies, weights, score), one.anomalous > 0,
                variety(one.left_out[:, PLAIN].tolist(), one.copies[:, PLAIN].tolist()),
            )
        )  # fmt: skip
    return out


def fit_prior(sets: Sequence[_Scored], steps: int = 300) -> NormalPrior:
    """The prior under which the normal queries are likeliest, each reference set counting once; then the odds."""
    seen = _Seen.of(sets)
    free = torch.tensor([1.0, 0.0, 0.0, 1.0, 0.0], requires_grad=True)
    optimizer = torch.optim.Adam([free], lr=0.05)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for _ in range(steps):
        loss = -seen.likelihood(free).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    lift, trust, scale, certainty, left = free.detach().tolist()
    prior = NormalPrior(lift, float(np.exp(trust)), float(np.exp(scale)), float(np.exp(certainty)), left, UNSEEN.odds)
    return replace(prior, odds=_fit_odds(sets, prior))


def _fit_odds(sets: Sequence[_Scored], prior: NormalPrior) -> Odds:
    """Logistic regression of all queries; normal and anomalous ones of a set weigh the same, and so do sets."""
    told, labels, weights = [], [], []
    for one in sets:
        found = prior.given(one.left_out.tolist(), one.copies.tolist(), one.variety)
        raw, anomalous = one.queries.numpy(), one.anomalous.numpy()
        shots = np.log2(1 + one.variety * max(0, len(one.left_out) - 1))
        deviation = ((raw - found.location) / found.scale).clip(-FARTHEST, FARTHEST)
        told.append(np.stack([deviation, raw, np.full_like(raw, np.log(found.scale)), np.full_like(raw, shots)], 1))
        labels.append(anomalous)
        weights.append(np.where(anomalous, 1 / anomalous.sum(), 1 / (~anomalous).sum()))
    weight = 4 * np.concatenate(weights)
    model = LogisticRegression().fit(np.concatenate(told), np.concatenate(labels), sample_weight=weight)
    deviation, logit, spread, shots = model.coef_[0].tolist()
    return Odds(max(LEAST, deviation), max(0.0, logit), spread, shots, float(model.intercept_[0]))


@dataclass(frozen=True, eq=False)
class _Seen:
    """Reference sets as :meth:`NormalPrior.given` reads them, side by side; of the left-out scores count, mean and squares."""

    count: Float[Tensor, " sets"]
    variety: Float[Tensor, " sets"]
    mean: Float[Tensor, " sets"]
    squares: Float[Tensor, " sets"]
    copies: Float[Tensor, " sets"]
    normals: Float[Tensor, "sets queries"]
    shares: Float[Tensor, "sets queries"]

    @classmethod
    def of(cls, sets: Sequence[_Scored]) -> _Seen:
        left = [one.left_out for one in sets]
        normals = [one.queries[~one.anomalous] for one in sets]
        shares = [torch.full((len(n),), 1 / max(1, len(n))) for n in normals]
        return cls(
            torch.tensor([float(len(v)) for v in left]),
            torch.tensor([one.variety for one in sets]),
            torch.stack([v.mean() if len(v) else v.new_zeros(()) for v in left]),
            torch.stack([(v - v.mean()).square().sum() if len(v) else v.new_zeros(()) for v in left]),
            torch.stack([one.copies.mean() for one in sets]),
            pad_sequence(normals, True),
            pad_sequence(shares, True),
        )

    def likelihood(self, free: Tensor) -> Float[Tensor, " sets"]:
        """Mean log density of each set's normal queries; the arithmetic of :meth:`NormalPrior.given`, differentiable."""
        lift, (trust, scale, certainty), left = free[0], free[1:4].exp(), free[4]
        count, expected = self.variety * self.count, self.copies + lift
        mean = self.mean - left / self.count.clamp_min(1)
        squares = certainty * scale**2 + self.variety * self.squares
        squares = squares + trust * count / (trust + count) * (mean - expected) ** 2
        location = (trust * expected + count * mean) / (trust + count)
        freedom = certainty + count
        spread = (squares / freedom * (1 + 1 / (trust + count))).sqrt()
        density = StudentT(freedom[:, None], location[:, None], spread[:, None]).log_prob(self.normals)
        weighed: Tensor = (density * self.shares).sum(1)
        return weighed


def judged(sets: Sequence[ProductStatistics], gate: Gate, prior: NormalPrior) -> dict[str, float]:
    """Mean over reference sets: image AUROC of each expert and of all weighed, overkill, balanced accuracy."""
    out: dict[str, list[float]] = {}
    for one, found in zip(sets, scored(sets, gate, "blend"), strict=True):
        labels = one.anomalous.numpy()
        for name, column in zip(EXPERTS, one.queries.T, strict=True):
            out.setdefault(f"{name}_auroc", []).append(roc_auc_score(labels, column.numpy()))
        out.setdefault("weighed_auroc", []).append(roc_auc_score(labels, found.queries.numpy()))
        known = prior.given(found.left_out.tolist(), found.copies.tolist(), found.variety)
        called = (found.queries >= max(known.limit(OVERKILL), known.even)).numpy()
        missed, wrong = 1 - called[labels > 0].mean(), called[labels == 0].mean()
        out.setdefault("overkill", []).append(wrong)
        out.setdefault("balanced_accuracy", []).append(1 - (missed + wrong) / 2)
    return {name: round(float(np.mean(values)), 4) for name, values in out.items()}


def fit_calibration(before: Calibration, sets: Sequence[ProductStatistics], steps: int, seed: int) -> Calibration:
    """Gate, priors and the scale of weighed maps; what has no product of its own stays."""
    gate = fit_gate(sets, steps, seed)
    normals = {score: fit_prior(scored(sets, gate, score)) for score in SCORES}
    scale = fit_map_scale(sets, gate, normals["blend"])
    return replace(before, weighed_map=Affine(scale, 0.0), gate=gate, normal=normals)


def fit_map_scale(sets: Sequence[ProductStatistics], gate: Gate, prior: NormalPrior) -> float:
    """Of :data:`MAP_SCALES` the one under which patches of all pictures of all products are ranked best.

    0.5 of a map means the same on every product, so they are ranked together. The top of a map is tied to the score of its
    picture (:func:`~assistant.vision.anomaly_map.source_map`): under too small a scale pictures differ more than patches do,
    under too large a one the patches of every picture reach as low.
    """
    planes, own, covered, clear = [], [], [], []
    for one, images in zip(sets, scored(sets, gate, "blend"), strict=True):
        known = prior.given(images.left_out.tolist(), images.copies.tolist(), images.variety)
        own.append(torch.tensor([known.calibrated(logit, known.even) for logit in images.queries.tolist()]))
        planes.append((one.query_maps * gate(one.about)[:, None]).sum(1))
        covered.append((one.coverage > DEFECTIVE).flatten())
        clear.append(covered[-1] | (torch.arange(one.coverage.numel()) % THINNED == 0) & (one.coverage.flatten() == 0))
    truth = torch.cat([c[k] for c, k in zip(covered, clear, strict=True)]).numpy()
    if not truth.any():
        return 1.0

    def ranked(scale: float) -> float:
        tied = [p * scale + (o - top_mean(p * scale))[:, None] for p, o in zip(planes, own, strict=True)]
        said = torch.cat([t.flatten()[k] for t, k in zip(tied, clear, strict=True)]).numpy()
        return float(roc_auc_score(truth, said, max_fpr=RANKED_TO))

    return max(MAP_SCALES, key=ranked)


def weigh(detector: Detector, folder: Path, out: Path, card: Card, steps: int, seed: int) -> Card | None:
    """Fit and save ``out/checkpoint``; the card of what was made, None in all processes but the first.

    Args:
        detector: whose localizer the statistics are of.
        folder: of :func:`write_products`.
        out: of the run.
        card: of the run, without scores.
        steps: of the gate's optimiser.
        seed: of every draw.
    """
    if not processes().is_main_process:
        return None
    sets = read_products(folder)
    calibration = fit_calibration(detector.calibration, sets["train"], steps, seed)
    scores = {
        f"{split} {name}": value
        for split, found in sets.items()
        for name, value in judged(found, calibration.gate, calibration.normal["blend"]).items()
    }
    done = replace(card, scores=scores)
    save_checkpoint(out / "checkpoint", detector.localizer, calibration, done)
    _LOG.info("%s", scores)
    return done
