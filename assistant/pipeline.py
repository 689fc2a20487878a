"""Assistant: a picture in, an inspection out. Joins the stages; each stage knows its own job only."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from assistant.config import Preset, load_preset
from assistant.errors import ConfigError
from assistant.language.conversation import Conversing
from assistant.pictures.images import load_image
from assistant.towers.clip import Clip, load_clip
from assistant.towers.encoder import PatchFeatures
from assistant.towers.precision import best_dtype
from assistant.types import Answer, Domain, Inspection, Mode, QueryImage, Region
from assistant.vision.anchor_cache import Anchors
from assistant.vision.anomaly_map import image_score, pooled_logit, source_map
from assistant.vision.calibration import Affine, Calibration, conformal_p_value
from assistant.vision.checkpoint import load_checkpoint
from assistant.vision.localizer import Localizer, Logits, Match, TextEvidence
from assistant.vision.references.profile import AnomalousReference, Profile, anomalous_bank, build_profile, likeness
from assistant.vision.regions import RegionMask, describe_regions, find_regions, highest_place

if TYPE_CHECKING:
    from collections.abc import Iterator
    from threading import Event

    from assistant.language.conversation import Conversation
    from assistant.language.interface import Evidence

Picture = QueryImage | str | Path
SCORES = ("blend", "top1", "max", "p99")
MODES = ("auto", "zero-shot", "few-shot")


@dataclass(frozen=True, eq=False)
class Seen:
    """One picture through encoder and adapters: what every question about it reuses.

    Args:
        image: the picture.
        features: patch tokens, batch of 1, float32.
        evidence: of adapters against text anchors.
        timing_ms: milliseconds so far.
        match: against references, where it is known already; :meth:`Assistant.judge` then needs no profile for it.
    """

    image: QueryImage
    features: PatchFeatures
    evidence: TextEvidence
    timing_ms: dict[str, float]
    match: Match | None = None


class Assistant:
    """A loaded preset.

    >>> assistant = Assistant.load("tiny")
    >>> picture = QueryImage(np.full((60, 80, 3), 128, np.uint8), "grey")
    >>> assistant.inspect(picture).mode.value
    'zero_shot'
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
        self.anchors = Anchors(clip, localizer.text_projection)
        self.folder = folder
        self._conversing = Conversing(self)

    @classmethod
    def load(cls, preset: str | Path = "mini", *, device: str | None = None, dtype: str | None = None) -> Assistant:
        """Load a preset by name, file or folder.

        Args:
            preset: name, YAML file or folder.
            device: torch device; a GPU when there is one.
            dtype: ``float32`` or ``bfloat16``; what is faster here when None.

        Raises:
            ConfigError: an unknown preset or device.
            WeightsError: towers or trained parts that are missing or do not fit together.
        """
        config, folder = load_preset(preset)
        where = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        clip = load_clip(config.tower, best_dtype(dtype or config.tower.dtype, where), where)
        localizer = new_localizer(config, clip).to(where).eval().requires_grad_(False)
        if where.type == "cpu":
            localizer.products = clip.encoder.dtype
        if config.checkpoint is None:
            return cls(config, clip, localizer, Calibration.identity(), "untrained", folder)
        calibration, digest = load_checkpoint(folder / config.checkpoint, localizer, clip.hashes)
        return cls(config, clip, localizer, calibration, digest, folder)

    def inspect(
        self,
        image: Picture,
        *,
        references: Sequence[Picture] = (),
        anomalous_references: Sequence[AnomalousReference] = (),
        profile: Profile | str | Path | None = None,
        object_name: str | None = None,
        look_for: Sequence[str] = (),
        mode: str = "auto",
        fixed_camera: bool = False,
        score: str = "blend",
        domain: Domain | None = None,
        types: Sequence[str] = (),
    ) -> Inspection:
        """Inspect one picture.

        Args:
            image: picture or path.
            references: normal pictures of the same kind of thing.
            anomalous_references: pictures of the defect looked for, with or without masks.
            profile: built from references earlier; not together with ``references``.
            object_name: plain words, optional.
            look_for: phrases of what to look for; they join the anomalous state and the vocabulary.
            mode: ``auto``, ``zero-shot`` (references are set aside) or ``few-shot`` (references are needed).
            fixed_camera: references are aligned with the picture; compare like places only.
            score: ``blend``, ``top1``, ``max`` or ``p99``.
            domain: chooses the vocabulary of types; from the file when None.
            types: names to choose region types from, instead of the built-in vocabulary.

        Raises:
            ImageError, ProfileError, ConfigError: with what was expected, what came, what to do.
        """
        used = self._profile(references, anomalous_references, profile, object_name, look_for, mode, fixed_camera)
        seen = self.see(image, object_name, look_for, domain)
        return self.judge(seen, used, object_name=object_name, look_for=look_for, score=score, types=types)

    def see(
        self, image: Picture, object_name: str | None = None, look_for: Sequence[str] = (), domain: Domain | None = None
    ) -> Seen:
        """Decode and encode a picture once; :meth:`judge` may then be asked many times."""
        timing: dict[str, float] = {}
        with _clock(timing, "decode"):
            loaded = image if isinstance(image, QueryImage) else load_image(image)
            loaded = loaded if domain is None else replace(loaded, domain=domain)
        with _clock(timing, "encode"):
            features = self.encode(loaded)
        return self.recognise(loaded, features, object_name, look_for, timing)

    def recognise(
        self, image: QueryImage, features: PatchFeatures, object_name: str | None = None, look_for: Sequence[str] = (),
        timing_ms: dict[str, float] | None = None,
    ) -> Seen:  # fmt: skip
        """What :meth:`see` gives, of a picture that was encoded already (:meth:`encode`, :meth:`encode_batch`)."""
        timing = dict(timing_ms or {})
        with _clock(timing, "map"):
            evidence = self._evidence(features, object_name, look_for)
        seen = Seen(image, features, evidence, timing)
        self._conversing.remember(seen)
        return seen

    def judge(
        self,
        seen: Seen,
        profile: Profile | None = None,
        *,
        object_name: str | None = None,
        look_for: Sequence[str] = (),
        score: str = "blend",
        types: Sequence[str] = (),
    ) -> Inspection:
        """Verdict, map and regions of a picture that was seen."""
        if score not in SCORES:
            raise ConfigError(f"one of {', '.join(SCORES)}", score, "choose another image score")
        timing = dict(seen.timing_ms)
        with _clock(timing, "map"), torch.inference_mode():
            logits, offset = self._logits(seen, profile)
        seen = replace(seen, timing_ms=timing)
        referenced = seen.match is not None or (profile is not None and profile.bank is not None)
        mode = Mode.FEW_SHOT if referenced or profile is not None else Mode.ZERO_SHOT
        kind = "reference" if referenced else "text"
        normal = profile.normal_logits if profile is not None else ()
        return self._judged(seen, logits, kind, mode, offset, normal, object_name, look_for, score, types)

    def _judged(
        self, seen: Seen, logits: Logits, kind: str, mode: Mode, offset: float, normal: Sequence[float],
        object_name: str | None, look_for: Sequence[str], score: str, types: Sequence[str],
    ) -> Inspection:  # fmt: skip
        """Logits of one ``kind`` (text or reference) calibrated, minus the offset; map, regions and their names."""
        timing = dict(seen.timing_ms)
        with _clock(timing, "map"), torch.inference_mode():
            of_map: Affine = getattr(self.calibration, f"{kind}_map")
            pooled: Affine = getattr(self.calibration, f"{kind}_image") if score == "blend" else of_map
            calibrated = pooled.scale * pooled_logit(logits, 0, score) + pooled.offset - offset
            size = (seen.image.height, seen.image.width)
            anomaly_map = source_map(logits.map[0].cpu(), calibrated, of_map, size)
            regions = find_regions(anomaly_map) if calibrated >= 0 else []
            named = self.describe(seen, regions, object_name, look_for, types)
        return Inspection(
            image=seen.image, object_name=object_name, mode=mode, image_score=image_score(calibrated),
            p_value=conformal_p_value(calibrated, normal), regions=named, anomaly_map=anomaly_map,
            preset=self.preset.name, weights=self.weights, timing_ms=timing,
        )  # fmt: skip

    def name_highest(
        self, seen: Seen, inspection: Inspection, look_for: Sequence[str] = (), types: Sequence[str] = ()
    ) -> Inspection:
        """An inspection whose highest place has the kind it is most alike; unchanged where there are regions."""
        place = None if inspection.regions else highest_place(inspection.anomaly_map)
        if place is None:
            return inspection
        with torch.inference_mode():
            return replace(inspection, highest=self.describe(seen, [place], inspection.object_name, look_for, types)[0])

    def build_profile(
        self,
        references: Sequence[Picture],
        *,
        object_name: str | None = None,
        look_for: Sequence[str] = (),
        fixed_camera: bool = False,
        anomalous_references: Sequence[AnomalousReference] = (),
    ) -> Profile:
        """A reference set as one value that can be saved; see :class:`assistant.vision.references.profile.Profile`."""
        return build_profile(self, references, object_name, look_for, fixed_camera, anomalous_references)

    def inspect_mutual(
        self, images: Sequence[Picture], *, object_name: str | None = None, look_for: Sequence[str] = (),
        score: str = "blend", domain: Domain | None = None, types: Sequence[str] = (),
    ) -> list[Inspection]:  # fmt: skip
        """Inspect pictures of one kind of thing against each other; two or more. Scores depend on the set.

        Raises:
            ProfileError: fewer than two pictures.
        """
        seen = [self.see(i, object_name, look_for, domain) for i in images]
        return list(self.judge_mutual(seen, object_name=object_name, look_for=look_for, score=score, types=types))

    def judge_mutual(
        self, seen: Sequence[Seen], *, object_name: str | None = None, look_for: Sequence[str] = (),
        score: str = "blend", types: Sequence[str] = (),
    ) -> Iterator[Inspection]:  # fmt: skip
        """Pictures that were seen, judged against each other one by one: only one map is held at a time.

        Raises:
            ProfileError: fewer than two pictures.
        """
        from assistant.vision.references.mutual import mutual_logits

        for one, logits in zip(seen, mutual_logits(self.localizer, seen), strict=True):
            yield self._judged(
                one, logits, "reference", Mode.MUTUAL, 0.0, (), object_name, look_for, score, types
            )  # fmt: skip

    def open(self, inspection: Inspection, evidence: Evidence = "both") -> Conversation:
        """A conversation about an inspected picture; the language model is loaded at the first."""
        return self._conversing.open(inspection, evidence)

    def ask(self, inspection: Inspection, questions: Sequence[str], *, evidence: Evidence = "both") -> list[Answer]:
        """Answers to questions about an inspected picture, in the order asked: one conversation."""
        return self.ask_together([inspection], questions, evidence=evidence)[0]

    def ask_together(
        self, inspections: Sequence[Inspection], questions: Sequence[str], *, evidence: Evidence = "both"
    ) -> list[list[Answer]]:
        """Answers to the same questions about several pictures, a list a picture, written as one batch."""
        return self._conversing.ask_together(inspections, questions, evidence)

    def stream(
        self, inspection: Inspection, question: str, *, evidence: Evidence = "both", stop: Event | None = None
    ) -> Iterator[Answer]:
        """The answer to one question as it grows; the last one is checked. For several questions use :meth:`open`."""
        yield from self.open(inspection, evidence).stream(question, stop=stop)

    def caption(self, inspection: Inspection) -> str:
        """The inspection in plain words, from its numbers alone."""
        from assistant.vocabulary.knowledge import load_knowledge
        from assistant.words.evidence import caption

        return caption(inspection, load_knowledge())

    def encode(self, image: QueryImage) -> PatchFeatures:
        """Patch tokens of one picture, float32, batch of 1.

        Pictures are encoded one at a time on a CPU, so that a score never depends on what else is in a batch.
        """
        return self.encode_batch(self.clip.encoder.prepare(image, self.preset.tower.side).pixels[None])[0]

    def encode_batch(self, pixels: Float[Tensor, "batch 3 height width"]) -> list[PatchFeatures]:
        """Patch tokens of prepared pictures of one size, float32, each as a batch of 1."""
        writer = self.localizer.writer() if self.preset.adapters.mode == "residual" else None
        with torch.inference_mode():
            found = self.clip.encoder(pixels, writer)
            levels, pooled = [t.float() for t in found.levels], found.pooled.float()
            return [
                PatchFeatures(tuple(t[i : i + 1] for t in levels), pooled[i : i + 1], found.grid)
                for i in range(len(pixels))
            ]

    def _evidence(self, features: PatchFeatures, object_name: str | None, look_for: Sequence[str]) -> TextEvidence:
        with torch.inference_mode():
            anchors = self.anchors.states(object_name, look_for)
            return self.localizer.text_evidence(features.levels, anchors[None], features.grid)

    def _logits(self, seen: Seen, profile: Profile | None) -> tuple[Logits, float]:
        """Raw logits, and the offset of the profile's own normals."""
        if seen.match is not None:
            logits, offset = self.localizer.few_shot(seen.evidence, seen.features.levels, seen.match), 0.0
        elif profile is None or profile.bank is None:
            logits, offset = self.localizer.zero_shot(seen.evidence), 0.0
        else:
            match = profile.bank.match(self.localizer, seen.features, profile.window)
            logits, offset = self.localizer.few_shot(seen.evidence, seen.features.levels, match), profile.offset
        if profile is not None and profile.anomalous_keys is not None:
            extra = likeness(self.localizer, seen.features, profile).reshape(logits.map.shape)
            count = max(1, round(extra.numel() * 0.01))
            logits = Logits(logits.map + extra, logits.image + extra.flatten().topk(count).values.mean())
        return logits, offset

    def describe(
        self,
        seen: Seen,
        regions: list[RegionMask],
        object_name: str | None = None,
        look_for: Sequence[str] = (),
        types: Sequence[str] = (),
    ) -> tuple[Region, ...]:
        """Regions of a map of a picture that was seen, with types and severities, numbered in the order given."""
        if not regions:
            return ()
        prompts, anchors = self.anchors.kinds(seen.image.domain, object_name, look_for, types)
        weights = torch.stack([_on_grid(r.mask, seen.features.grid) for r in regions]).to(anchors.device)
        embedded = self.localizer.region_embedding(seen.evidence, weights, [0] * len(regions))
        chance = (20.0 * embedded @ anchors.T).softmax(-1)
        best = chance.max(-1)
        named = [(prompts.names[int(i)], float(p)) for p, i in zip(best.values, best.indices, strict=True)]
        return describe_regions(regions, named)

    def _profile(
        self, references: Sequence[Picture], anomalous: Sequence[AnomalousReference], profile: Profile | str | Path | None,
        object_name: str | None, look_for: Sequence[str], mode: str, fixed_camera: bool,
    ) -> Profile | None:  # fmt: skip
        if mode not in MODES:
            raise ConfigError(f"a mode of {', '.join(MODES)}", mode, "choose another mode")
        if profile is not None and references:
            raise ConfigError("references or a profile", "both", "give one of them")
        if mode == "few-shot" and profile is None and not references:
            raise ConfigError("references or a profile in few-shot mode", "none", "give --references or --profile")
        if mode == "zero-shot":
            return None
        if profile is not None:
            loaded = profile if isinstance(profile, Profile) else Profile.load(Path(profile))
            loaded.check(self.preset.name, self.weights)
            return loaded
        if references:
            return self.build_profile(
                references, object_name=object_name, look_for=look_for, fixed_camera=fixed_camera,
                anomalous_references=anomalous,
            )  # fmt: skip
        return anomalous_bank(self, anomalous) if anomalous else None


def new_localizer(preset: Preset, clip: Clip) -> Localizer:
    """Untrained trained-parts of a preset's shape."""
    torch.manual_seed(0)
    return Localizer(
        levels=len(preset.tower.levels),
        width=clip.encoder.width,
        text_width=clip.text_width,
        joint_width=preset.tower.joint_width,
        hidden=preset.adapters.hidden,
        head_width=preset.adapters.head_width,
        match_width=min(preset.references.width, clip.encoder.width),
    )


def _on_grid(mask: np.ndarray, grid: tuple[int, int]) -> Tensor:
    plane = torch.from_numpy(mask.astype(np.float32))[None, None]
    return torch.nn.functional.interpolate(plane, size=grid, mode="area").flatten()


@contextmanager
def _clock(timing: dict[str, float], name: str) -> Iterator[None]:
    started = time.perf_counter()
    yield
    timing[name] = timing.get(name, 0.0) + (time.perf_counter() - started) * 1000
