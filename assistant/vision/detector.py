"""Detector: a picture -> an inspection, by towers, localizer and calibration. Knows no conversation and no command."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from weakref import WeakKeyDictionary

import numpy as np
import torch
from jaxtyping import Float, Float32
from torch import Tensor

from assistant.config import UNTRAINED, LanguageConfig, Preset, load_preset
from assistant.errors import ConfigError
from assistant.inquiry import ANYTHING, Inquiry
from assistant.pictures.images import load_image
from assistant.pictures.levels import read_with
from assistant.towers.clip import Clip, load_clip
from assistant.towers.encoder import PatchFeatures
from assistant.towers.precision import best_dtype
from assistant.types import Coverage, Inspection, Levels, Mode, QueryImage, Region
from assistant.vision.anomaly_map import image_score, pooled_logit, source_map, tied_logits
from assistant.vision.calibration import Calibration
from assistant.vision.checkpoint import load_checkpoint
from assistant.vision.checks.distances import apart
from assistant.vision.checks.look import Look
from assistant.vision.detail.overview import unseen
from assistant.vision.encoded_query import EncodedQuery, Picture
from assistant.vision.experts.opinions import Opinions, opinions
from assistant.vision.heads import patch_coverage, top_mean
from assistant.vision.localizer import Localizer, Logits
from assistant.vision.measuring.measures import measured
from assistant.vision.one_class.fitted import values_of
from assistant.vision.one_class.tokens import head_tokens
from assistant.vision.references.mutual import mutual_logits
from assistant.vision.references.profile import Profile, likeness
from assistant.vision.regions import RegionMask, describe_regions, find_regions, highest_place
from assistant.vision.text_anchors import AnchorCache

KIND_SCALE = 20.0
"""Of the cosines between what a region looks like and the words for kinds, before the softmax."""
SAME_CHANCE = 1e-3
"""Difference of two chances of one kind below which they were reached by the same vocabulary."""


class Detector:
    """Towers, localizer and calibration of a preset.

    Args:
        preset: as read.
        clip: its towers.
        localizer: its trained part.
        calibration: of its logits.
        weights: ``sha256:…`` of the trained part.
        folder: what paths in the preset are relative to.
    """

    def __init__(
        self,
        preset: Preset,
        clip: Clip,
        localizer: Localizer,
        calibration: Calibration,
        weights: str,
        folder: Path = Path(),
    ) -> None:
        self.preset = preset
        self.clip = clip
        self.localizer = localizer
        self.calibration = calibration
        self.weights = weights
        self.anchors = AnchorCache(clip, localizer.text_projection)
        self.folder = folder
        self._kept: WeakKeyDictionary[QueryImage, PatchFeatures] = WeakKeyDictionary()
        self._lock = threading.Lock()

    @classmethod
    def load(
        cls,
        preset: str | Path = "mini",
        *,
        device: str | None = None,
        dtype: str | None = None,
        language: LanguageConfig | None = None,
    ) -> Detector:
        """Load a preset by name, file or folder.

        Args:
            preset: name, YAML file or folder.
            device: torch device; a GPU when there is one.
            dtype: ``float32`` or ``bfloat16``; what is faster here when None.
            language: the language model that talks about its pictures; the preset's own when None.

        Raises:
            ConfigError: an unknown preset, or one whose localizer is not trained: its numbers would mean nothing.
            WeightsError: towers or trained parts that are missing or do not fit together.
        """
        config, folder = load_preset(preset)
        config = config if language is None else config.model_copy(update={"language": language})
        if config.checkpoint is None and config.calibration != "identity":
            raise ConfigError(
                "a preset whose localizer is trained",
                f"{config.name}, which has none",
                "train it (docs/teach.md), give the preset folder that came of it, or use mini",
            )
        where = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        clip = load_clip(config.tower, best_dtype(dtype or config.tower.dtype, where), where)
        localizer = new_localizer(config, clip).to(where).eval().requires_grad_(False)
        if where.type == "cpu":
            localizer.products = clip.encoder.dtype
        if config.checkpoint is None:
            return cls(config, clip, localizer, Calibration.identity(), UNTRAINED, folder)
        calibration, digest = load_checkpoint(folder / config.checkpoint, localizer, clip.hashes)
        return cls(config, clip, localizer, calibration, digest, folder)

    def encode(self, image: Picture, inquiry: Inquiry = ANYTHING, levels: Levels | None = None) -> EncodedQuery:
        """Decode and encode a picture once; :meth:`score` may then be asked many times.

        Args:
            image: picture or path.
            inquiry: what is asked of it.
            levels: of the profile that it will be compared with.

        Raises:
            ImageError: a picture that cannot be read.
            ConfigError: phrases that cannot be embedded.
        """
        timing: dict[str, float] = {}
        with _clock(timing, "decode"):
            loaded = read_with(image, levels) if isinstance(image, QueryImage) else load_image(image, levels=levels)
            loaded = loaded if inquiry.domain is None else replace(loaded, domain=inquiry.domain)
        with _clock(timing, "encode"):
            features = self.patch_features(loaded)
        return self.from_features(loaded, features, inquiry, timing)

    def from_features(
        self, image: QueryImage, features: PatchFeatures, inquiry: Inquiry, timing_ms: Mapping[str, float] | None = None
    ) -> EncodedQuery:
        """What :meth:`encode` gives, of a picture whose patch tokens are known (:meth:`patch_features`)."""
        timing, image = dict(timing_ms or {}), inquiry.scaled(image)
        with _clock(timing, "map"), torch.inference_mode():
            anchors = self.anchors.states(inquiry.object_name, inquiry.look_for)
            evidence = self.localizer.text_evidence(features.levels, anchors[None], features.grid)
        if self.preset.language.reads_patch_tokens:
            self._keep(image, features)
        return EncodedQuery(image, features, evidence, inquiry, timing)

    def score(self, encoded: EncodedQuery, profile: Profile | None = None) -> Inspection:
        """Verdict, map and regions of an encoded picture.

        Args:
            encoded: with what is asked of it.
            profile: what it is compared with; None for text alone.
        """
        timing = dict(encoded.timing_ms)
        with _clock(timing, "map"), torch.inference_mode():
            judged = self._judged(encoded, profile)
            logits = self._logits(encoded, profile, judged)
            warnings = _warnings(encoded, profile, judged)
        referenced = encoded.match is not None or (profile is not None and profile.bank is not None)
        mode = Mode.FEW_SHOT if referenced or profile is not None else Mode.ZERO_SHOT
        found = self._inspection(replace(encoded, timing_ms=timing), logits, mode, profile)
        return replace(found, warnings=found.warnings + warnings)

    def text_logits(self, encoded: EncodedQuery) -> tuple[float, Float32[np.ndarray, "rows columns"]]:
        """Calibrated image logit and tied map logits of a picture by text alone, on the patch grid: no map in source pixels.

        What :meth:`score` says without references: image score and map are the sigmoids of these.
        """
        with torch.inference_mode():
            logits: Logits = self.localizer(encoded.evidence, encoded.features.levels, None)
        own = self.calibration.of_image(encoded.inquiry.score, False)(pooled_logit(logits, 0, encoded.inquiry.score))
        return own, tied_logits(logits.map[0].cpu(), own, self.calibration.of_map(False))

    def score_mutual(self, encoded: Sequence[EncodedQuery]) -> Iterator[Inspection]:
        """Encoded pictures scored against each other one by one: only one map is held at a time.

        Raises:
            ProfileError: fewer than two pictures.
        """
        for one, logits in zip(encoded, mutual_logits(self.localizer, encoded), strict=True):
            yield self._inspection(one, logits, Mode.MUTUAL)

    def _inspection(
        self, encoded: EncodedQuery, logits: Logits, mode: Mode, profile: Profile | None = None
    ) -> Inspection:
        """Logits calibrated, by the profile's normals where there are some; map, regions and their names."""
        timing, inquiry, image = dict(encoded.timing_ms), encoded.inquiry, encoded.image
        referenced = (
            mode is Mode.MUTUAL or encoded.match is not None or (profile is not None and profile.bank is not None)
        )
        with _clock(timing, "map"), torch.inference_mode():
            raw = pooled_logit(logits, 0, inquiry.score)
            of_product = None if profile is None or encoded.match is not None else profile.ranges.get(inquiry.score)
            if of_product is None or profile is None:
                own = self.calibration.of_image(inquiry.score, referenced)(raw)
            else:
                own = of_product.calibrated(raw, profile.threshold(inquiry.score, inquiry.overkill))
            promise = profile.guarantee(inquiry.score, inquiry.overkill) if of_product and profile else None
            of_map = self.calibration.weighed_map if of_product else self.calibration.of_map(referenced)
            anomaly_map = source_map(logits.map[0].cpu(), own, of_map, (image.height, image.width))
            regions = find_regions(anomaly_map) if own >= 0 else []
            embedded = self.embed_regions(encoded, regions)
            named = self._named(encoded, regions, embedded)
        with _clock(timing, "measure"):
            named = measured(named, image, anomaly_map, regions, encoded.features.grid)
        return Inspection(
            image=image, object_name=inquiry.object_name, mode=mode, image_score=image_score(own),
            p_value=None if profile is None else profile.p_value(inquiry.score, raw),
            regions=named, anomaly_map=anomaly_map, preset=self.preset.name, weights=self.weights, timing_ms=timing,
            region_embeddings=embedded.float().cpu().numpy(), guarantee=promise, coverage=Coverage(),
            warnings=(*image.notes, *unseen((image.height, image.width), encoded.features.grid)),
            references=None if profile is None or profile.bank is None else profile.bank.shots,
        )  # fmt: skip

    def name_highest(self, encoded: EncodedQuery, inspection: Inspection) -> Inspection:
        """An inspection whose highest place has the kind it is most alike; unchanged where there are regions."""
        place = None if inspection.regions else highest_place(inspection.anomaly_map)
        if place is None:
            return inspection
        with torch.inference_mode():
            return replace(inspection, highest=self.name_regions(encoded, [place])[0])

    def name_regions(self, encoded: EncodedQuery, regions: Sequence[RegionMask]) -> tuple[Region, ...]:
        """Regions of a map of an encoded picture, with types and severities, numbered in the order given."""
        return self._named(encoded, regions, self.embed_regions(encoded, regions))

    def embed_regions(
        self, encoded: EncodedQuery, regions: Sequence[RegionMask]
    ) -> Float[Tensor, "regions joint_width"]:
        """What regions of an encoded picture look like beside the rest of it: unit vectors in the space of words for kinds."""
        hidden = encoded.evidence.hidden
        if not regions:
            return hidden.new_empty(0, self.localizer.text_projection.out_features)
        weights = torch.stack([patch_coverage(r.mask, encoded.features.grid) for r in regions]).to(hidden.device)
        return self.localizer.region_embedding(encoded.evidence, weights, [0] * len(regions))

    def describe(
        self, encoded: EncodedQuery, regions: Sequence[RegionMask], weights: Float[Tensor, "regions patches"]
    ) -> tuple[tuple[Region, ...], Float[Tensor, "regions joint_width"]]:
        """Regions with their kinds, and what they look like, where it is known how they lie on the patches.

        Args:
            encoded: a picture, or a piece of one.
            regions: to be described.
            weights: how much of each patch belongs to each region.
        """
        there = weights.to(encoded.evidence.hidden.device)
        embedded = self.localizer.region_embedding(encoded.evidence, there, [0] * len(regions))
        return self._named(encoded, regions, embedded), embedded

    def kind_chances(self, inspection: Inspection) -> tuple[tuple[tuple[str, float], ...], ...]:
        """Kinds of each region of an inspection with their chances, the likeliest first.

        Empty for regions whose kind the vocabulary of their picture did not give: one of an own vocabulary, of examples, or of
        other weights; empty for all where it is not known what the regions look like.
        """
        looks, regions = inspection.region_embeddings, inspection.regions
        if looks is None or len(looks) != len(regions) or not regions:
            return tuple(() for _ in regions)
        inquiry = Inquiry(object_name=inspection.object_name)
        with torch.inference_mode():
            prompts, anchors = self.anchors.kinds(inspection.image.domain, inquiry)
            chances = (KIND_SCALE * torch.as_tensor(looks).to(anchors) @ anchors.T).softmax(-1).cpu().tolist()
        told = []
        for region, row in zip(regions, chances, strict=True):
            ranked = sorted(zip(prompts.names, row, strict=True), key=lambda kind: -kind[1])
            name, chance = ranked[0]
            same = name == region.type and abs(chance - (region.type_probability or 0.0)) < SAME_CHANCE
            told.append(tuple(ranked) if same else ())
        return tuple(told)

    def _named(
        self, encoded: EncodedQuery, regions: Sequence[RegionMask], embedded: Float[Tensor, "regions joint_width"]
    ) -> tuple[Region, ...]:
        if not regions:
            return ()
        prompts, anchors = self.anchors.kinds(encoded.image.domain, encoded.inquiry)
        chance = (KIND_SCALE * embedded @ anchors.T).softmax(-1)
        best = chance.max(-1)
        named = [(prompts.names[i], p) for p, i in zip(best.values.tolist(), best.indices.tolist(), strict=True)]
        return describe_regions(regions, named)

    def patch_features(self, image: QueryImage) -> PatchFeatures:
        """Patch tokens of one picture, float32, batch of 1.

        Pictures are encoded one at a time on a CPU, so that a score never depends on what else is in a batch.
        """
        return self.patch_features_of(self.clip.encoder.prepare(image, self.preset.tower.side).pixels[None])[0]

    def patch_features_of(self, pixels: Float[Tensor, "batch 3 height width"]) -> list[PatchFeatures]:
        """Patch tokens of prepared pictures of one size, float32, each as a batch of 1."""
        writer = self.localizer.writer() if self.preset.adapters.mode == "residual" else None
        with torch.inference_mode():
            found = self.clip.encoder(pixels, writer)
            levels, pooled = [t.float() for t in found.levels], found.pooled.float()
            return [
                PatchFeatures(tuple(t[i : i + 1] for t in levels), pooled[i : i + 1], found.grid)
                for i in range(len(pixels))
            ]

    def last_level(self, image: QueryImage) -> PatchFeatures:
        """Patch tokens of the last level alone; kept from when the picture was encoded, as long as the picture is kept."""
        with self._lock:
            kept = self._kept.get(image)
        return kept or self._keep(image, self.patch_features(image))

    def _keep(self, image: QueryImage, features: PatchFeatures) -> PatchFeatures:
        last = PatchFeatures(features.levels[-1:], features.pooled, features.grid)
        with self._lock:
            self._kept[image] = last
        return last

    def _judged(self, encoded: EncodedQuery, profile: Profile | None) -> Opinions | None:
        """What the experts say of a picture beside a product's references; None without any."""
        if profile is None or profile.bank is None:
            return None
        match = encoded.match or profile.bank.match(self.localizer, encoded.features, profile.window)
        return opinions(self.localizer, encoded.features.levels, self.localizer.zero_shot(encoded.evidence), match)

    def _logits(self, encoded: EncodedQuery, profile: Profile | None, judged: Opinions | None) -> Logits:
        """Raw logits of a picture, from text and whatever it is compared with."""
        localizer = self.localizer
        if judged is None or profile is None:
            logits: Logits = localizer(encoded.evidence, encoded.features.levels, encoded.match)
        else:
            logits = judged.weighed(torch.tensor(profile.weights_of_experts, device=localizer.device))
            if (fitted := profile.fitted) is not None:
                logits = fitted.joined(logits, values_of(fitted.head, head_tokens(encoded.features, fitted.levels)))
        if profile is None or profile.anomalous_keys is None:
            return logits
        extra = likeness(localizer, encoded.features, profile).reshape(logits.map.shape)
        return Logits(logits.map + extra, logits.image + top_mean(extra.flatten()))


def _warnings(encoded: EncodedQuery, profile: Profile | None, judged: Opinions | None) -> tuple[str, ...]:
    """What speaks against judging the picture by the references of the profile."""
    if judged is None or profile is None or profile.bank is None or encoded.match is not None:
        return ()
    read = profile.read_otherwise(encoded.image)
    if profile.known is None:
        return read
    return read + profile.known.warnings(
        Look.of(encoded.image), apart(judged, encoded.features.pooled, profile.bank.class_tokens)
    )


def new_localizer(preset: Preset, clip: Clip) -> Localizer:
    """Untrained trained-parts of a preset's shape."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return Localizer(
            levels=len(preset.tower.levels),
            width=clip.encoder.width,
            text_width=clip.text_width,
            joint_width=preset.tower.joint_width,
            hidden=preset.adapters.hidden,
            head_width=preset.adapters.head_width,
            match_width=min(preset.references.width, clip.encoder.width),
            plain=preset.plain,
        )


@contextmanager
def _clock(timing: dict[str, float], name: str) -> Iterator[None]:
    started = time.perf_counter()
    yield
    timing[name] = timing.get(name, 0.0) + (time.perf_counter() - started) * 1000
