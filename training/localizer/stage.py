"""Stage ``localize``: feature adapters, text projection, heads, and their calibration, on cached patch tokens."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from sklearn.metrics import roc_auc_score
from torch import Tensor

from assistant.towers.clip import Clip
from assistant.vision.heads import top_mean
from assistant.vision.localizer import Localizer, Logits, TextEvidence
from assistant.vision.text_anchors import StatePrompts, TypePrompts, embed_states, embed_types, state_anchors
from assistant.vocabulary.defect_types import ALL_TYPES
from training.localizer.data import DataRow
from training.localizer.feature_store import FeatureStore, Shape
from training.localizer.features import FeatureBatch, batches, opened
from training.localizer.shares import weighed
from training.runs.losses import image_loss, map_loss, map_target, type_loss

REFERENCE_PARTS = ("residual.", "reference_head.", "reference_image_head.")
"""Parameters that read references; all others are the text expert's."""
LEAST_COVER = 0.5
"""A region must cover this many patches in sum to be named."""


@dataclass(frozen=True, eq=False)
class Prediction:
    """Forward pass of one batch: what text, references alone, and both together say."""

    evidence: TextEvidence
    text: Logits
    reference: Logits | None

    @property
    def both(self) -> Logits | None:
        """Sum of the experts' logits; None without references."""
        if self.reference is None:
            return None
        return Logits(self.text.map + self.reference.map, self.text.image + self.reference.image)


class LocalizeStage:
    """What one step of the stage computes, and how it is validated.

    ``features`` is the folder of cached tokens, or the shapes of samples that a subclass encodes itself.
    """

    primary = "score"
    weights: tuple[float, ...] | None = None
    """How much of an epoch each data set is, relative; all of each when None."""
    references_alone = False
    """Whether the reference expert alone learns: samples without references are left out, and text is not asked."""
    experts: ClassVar[dict[str, tuple[str, ...] | None]] = {"text_score": None, "reference_score": REFERENCE_PARTS}

    def __init__(
        self,
        clip: Clip,
        localizer: Localizer,
        rows: Sequence[DataRow],
        features: Path | dict[int, Shape],
        batch_size: int,
    ) -> None:
        self.module = localizer
        self.batch_size = batch_size
        self.rows = {r.index: r for r in rows}
        if isinstance(features, Path):
            self.store = FeatureStore(features)
            shapes = {r.index: self.store.shape(r.index) for r in rows}
        else:
            shapes = features
        self.train_shapes: dict[int, Shape] = {i: s for i, s in shapes.items() if self.rows[i].split == "train"}
        self.validation_shapes = {i: s for i, s in shapes.items() if self.rows[i].split == "validation"}
        names = sorted({r.object_name for r in rows})
        self._states: dict[str | None, StatePrompts] = {n: embed_states(clip, n) for n in [None, *names]}
        self._types = embed_types(clip, ALL_TYPES)

    @property
    def device(self) -> torch.device:
        """Where the module lives now: the loop moves it, and batches and prompts follow."""
        return self.module.device

    @property
    def types(self) -> TypePrompts:
        """The vocabulary of types beside the module."""
        self._types = self._types.to(self.device)
        return self._types

    @types.setter
    def types(self, types: TypePrompts) -> None:
        self._types = types

    def states(self, object_name: str | None) -> StatePrompts:
        """State prompts of an object name beside the module."""
        self._states[object_name] = self._states[object_name].to(self.device)
        return self._states[object_name]

    def only_references(self) -> None:
        """From now on adapters and text expert stay as they are, and the reference expert alone learns."""
        for name, parameter in self.module.named_parameters():
            parameter.requires_grad_(name.startswith(REFERENCE_PARTS))
        self.references_alone = True

    def epoch(self, number: int, seed: int) -> Iterator[tuple[list[int], Shape]]:
        """Batches of one epoch: the same for the same number and seed."""
        rng = random.Random(f"{seed}/{number}")
        return batches(weighed(self.learned(self.train_shapes), self.weights, rng), self.batch_size, rng)

    def learned(self, shapes: dict[int, Shape]) -> dict[int, Shape]:
        """Those samples of which something is learned."""
        return {i: s for i, s in shapes.items() if s.compared} if self.references_alone else shapes

    def load(self, planned: Any) -> FeatureBatch:
        """Read one planned batch, beside the module."""
        return self.place(self.read(planned))

    def read(self, planned: tuple[list[int], Shape]) -> Any:
        """The files' part of it, which threads do ahead."""
        indices, shape = planned
        stored = self.store.read(indices)
        return stored.pinned() if torch.cuda.is_available() else stored, [self.rows[i] for i in indices], shape

    def place(self, read: Any) -> FeatureBatch:
        """The device's part of it: tokens are unpacked where they are used."""
        stored, rows, shape = read
        return opened(stored.to(self.device), rows, shape)

    def losses(self, batch: FeatureBatch, rng: random.Random) -> dict[str, Tensor]:
        """Losses by part."""
        if self.references_alone and batch.match is not None:
            shape = batch.shape
            return self._reference_losses(
                batch, self.module.reference(batch.tokens, batch.match, (shape.rows, shape.columns))
            )
        named = [rng.random() < 0.5 for _ in batch.rows]
        predicted = self.forward(batch, named)
        target = map_target(batch.coverage)
        anomalous = torch.tensor([float(bool(r.types)) for r in batch.rows], device=target.device)
        planes, levels = predicted.evidence.planes.flatten(2), self.module.levels
        parts = {
            "level_map": torch.stack([map_loss(planes[:, i], target) for i in range(levels)]).mean(),
            "detection": image_loss(top_mean(planes[:, levels : 2 * levels].mean(1), 0.02), anomalous),
            "text_map": map_loss(predicted.text.map.flatten(1), target),
            "text_image": image_loss(predicted.text.image, anomalous),
            "type": self._type_loss(batch, predicted.evidence, rng),
        }
        return parts if predicted.reference is None else parts | self._reference_losses(batch, predicted.reference)

    def _reference_losses(self, batch: FeatureBatch, said: Logits) -> dict[str, Tensor]:
        anomalous = torch.tensor([float(bool(r.types)) for r in batch.rows], device=said.image.device)
        return {
            "reference_map": map_loss(said.map.flatten(1), map_target(batch.coverage)),
            "reference_image": image_loss(said.image, anomalous),
        }

    def forward(self, batch: FeatureBatch, named: Sequence[bool]) -> Prediction:
        """Both passes of the localizer over a batch; ``named`` says whose object name is told."""
        anchors = torch.stack(
            [
                state_anchors(self.states(r.object_name if told else None), self.module.text_projection)
                for r, told in zip(batch.rows, named, strict=True)
            ]
        )
        grid = (batch.shape.rows, batch.shape.columns)
        evidence = self.module.text_evidence(batch.tokens, anchors, grid, new=batch.new)
        text = self.module.zero_shot(evidence)
        reference = None if batch.match is None else self.module.reference(batch.tokens, batch.match, grid)
        return Prediction(evidence, text, reference)

    def _type_loss(self, batch: FeatureBatch, evidence: TextEvidence, rng: random.Random) -> Tensor:
        chosen = [i for i in range(len(batch.regions)) if float(batch.regions[i].sum()) >= LEAST_COVER]
        types = self.types
        picked = [rng.choice([j for j, o in enumerate(types.owner) if o == t]) for t in range(len(types.names))]
        phrases = types.embeddings[torch.tensor(picked, device=types.embeddings.device)]
        anchors = torch.nn.functional.normalize(self.module.text_projection(phrases), dim=-1)
        if not chosen:
            return anchors.sum() * 0
        owner = [batch.region_owner[i] for i in chosen]
        regions = batch.regions[torch.tensor(chosen, device=batch.regions.device)]
        embedded = self.module.region_embedding(evidence, regions, owner)
        target = torch.tensor([types.names.index(batch.region_types[i]) for i in chosen], device=anchors.device)
        return type_loss(embedded, anchors, target)

    @torch.no_grad()
    def validate(self) -> dict[str, float]:
        """Image and patch AUROC on the validation split: text, references alone, both (``reference``); and type accuracy."""
        collected = self.collect()
        out = {}
        for kind in ("text", "alone", "reference"):
            part = [c for c in collected if c.kind == kind]
            if not part:
                continue
            labels = np.array([c.anomalous for c in part])
            out[f"{kind}_image_auroc"] = float(roc_auc_score(labels, [c.image for c in part]))
            patches = np.concatenate([c.target for c in part]) > 0.5
            out[f"{kind}_patch_auroc"] = float(roc_auc_score(patches, np.concatenate([c.map for c in part])))
        hits = [h for c in collected for h in c.type_hits]
        out["type_accuracy"] = float(np.mean(hits)) if hits else 0.0
        for expert, kind in (("text", "text"), ("reference", "alone")):
            if f"{kind}_image_auroc" in out:
                out[f"{expert}_score"] = (out[f"{kind}_image_auroc"] + out[f"{kind}_patch_auroc"]) / 2
        out["score"] = float(np.mean([v for k, v in out.items() if k.endswith("auroc") and not k.startswith("alone")]))
        return out

    @torch.no_grad()
    def collect(self) -> list[PicturePrediction]:
        """Raw predictions on the validation split: what validation and calibration read."""
        self.module.eval()
        out = []
        for planned in batches(self.validation_shapes, self.batch_size, random.Random(0)):
            batch = self.load(planned)
            predicted = self.forward(batch, [False] * len(batch.rows))
            target = map_target(batch.coverage)
            hits = self._type_hits(batch, predicted.evidence)
            for kind, logits in (
                ("text", predicted.text),
                ("alone", predicted.reference),
                ("reference", predicted.both),
            ):
                if logits is None:
                    continue
                for i, row in enumerate(batch.rows):
                    out.append(
                        PicturePrediction(
                            kind, row, bool(row.types), float(logits.image[i]),
                            logits.map[i].flatten().cpu().numpy(), target[i].cpu().numpy(), hits[i] if kind == "text" else (),
                        )
                    )  # fmt: skip
        self.module.train()
        return out

    def _type_hits(self, batch: FeatureBatch, evidence: TextEvidence) -> list[tuple[bool, ...]]:
        from assistant.vision.text_anchors import type_anchors

        hits: list[tuple[bool, ...]] = [() for _ in batch.rows]
        chosen = [i for i in range(len(batch.regions)) if float(batch.regions[i].sum()) >= LEAST_COVER]
        if not chosen:
            return hits
        types = self.types
        anchors = type_anchors(types, self.module.text_projection)
        owner = [batch.region_owner[i] for i in chosen]
        said = (self.module.region_embedding(evidence, batch.regions[chosen], owner) @ anchors.T).argmax(-1)
        for i, o, s in zip(chosen, owner, said.cpu().tolist(), strict=True):
            hits[o] = (*hits[o], types.names[s] == batch.region_types[i])
        return hits


@dataclass(frozen=True, eq=False)
class PicturePrediction:
    """Raw prediction for one validation picture."""

    kind: str
    row: DataRow
    anomalous: bool
    image: float
    map: np.ndarray
    target: np.ndarray
    type_hits: tuple[bool, ...]
