"""Reference pictures -> a profile: encoded, kept in a bank, each judged by the others; from that weights and threshold."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from assistant.errors import ProfileError
from assistant.inquiry import ANYTHING, SCORES, Detail, Inquiry
from assistant.pictures.images import load_image
from assistant.pictures.levels import read_with
from assistant.pictures.sets import ReadAlike, shared_levels
from assistant.towers.encoder import PatchFeatures
from assistant.types import QueryImage
from assistant.vision.anomaly_map import image_score, pooled_logit
from assistant.vision.checks.distances import class_distances, mean_distance
from assistant.vision.checks.known import Known
from assistant.vision.checks.reference_set import Glance, ReferenceSet, check_references
from assistant.vision.closer.counting import Progress
from assistant.vision.closer.tile_references import read_drawn, tile_references
from assistant.vision.detail.references import TileReferences
from assistant.vision.detector import Detector
from assistant.vision.encoded_query import Picture
from assistant.vision.experts.gate import text_summary, told_of
from assistant.vision.experts.jitter import jittered
from assistant.vision.experts.normal_range import variety
from assistant.vision.experts.opinions import EXPERTS, Opinions, opinions, said_nearby
from assistant.vision.heads import patch_coverage
from assistant.vision.localizer import Logits
from assistant.vision.one_class.choosing import LEAST, PASTED, Trial, Tried, try_heads
from assistant.vision.one_class.pasting import pasted
from assistant.vision.one_class.tokens import head_tokens
from assistant.vision.references.growing_bank import GrowingBank
from assistant.vision.references.memory_bank import MemoryBank
from assistant.vision.references.profile import AnomalousReference, Profile
from assistant.vision.references.reference_features import ReferenceFeatures

FIXED_WINDOW = 0.08
"""With a fixed camera a match lies within this share of the side."""
COPIES = 4
"""Jittered copies of references that show what a normal picture may differ by at least."""

CHECKED = "blend"
"""Image score by which references are told to be anomalous themselves."""
MAX_REFERENCES = 1000
"""More would leave eight patches of each in the bank of a preset, and take a CPU a quarter of an hour."""


@torch.inference_mode()
def build_profile(
    detector: Detector,
    references: Sequence[Picture],
    inquiry: Inquiry = ANYTHING,
    anomalous: Sequence[AnomalousReference] = (),
    *,
    fit: bool = False,
    progress: Progress | None = None,
) -> Profile:
    """Encode references, build the bank, judge each by the others.

    Each picture is decoded when its turn comes, and features wait in a file where they are many: memory does not grow with the
    number of references. Of a single reference under a free camera turned copies are searched too; several show themselves how
    normals differ.

    Args:
        detector: what encodes them.
        references: normal pictures, or their paths; a sequence may decode as it is asked.
        inquiry: object name and phrases of their own scores; whether the camera is fixed.
        anomalous: pictures of the defect looked for, with or without masks.
        fit: try to learn a head of this product from the references, and keep it where it helps.
        progress: told of tiles of the references encoded and planned, after each.

    Raises:
        ImageError: a picture that cannot be read.
        ProfileError: no reference, too few to fit a head on, or more than :data:`MAX_REFERENCES`.
    """
    _require_enough(references, fit)
    references = ReadAlike(references)
    window = FIXED_WINDOW if inquiry.fixed_camera else None
    with ReferenceFeatures(detector.patch_features, references) as originals:
        bank, texts, sure = _remembered(detector, references, originals, inquiry)
        judged = partial(_judged, detector, bank, inquiry, window)
        left_out = [judged(f, i) for i, f in enumerate(originals)] if len(originals) > 1 else []
        copied = [(number, detector.patch_features(copy)) for number, copy in _copies(references)]
        copies = [judged(features) for _, features in copied]
        told = told_of(len(references), texts, bank.statistics, bank.class_spread)
        experts = detector.calibration.gate(told.cpu()).to(told.device)
        normal, again = [[one.weighed(experts) for one in some] for some in (left_out, copies)]
        tried = _tried(detector, originals, normal, copied, lambda f, i: judged(f, i).weighed(experts)) if fit else None
    if tried is not None and (head := tried.chosen) is not None:
        normal = [head.fitted.joined(one, value) for one, value in zip(normal, head.normals, strict=True)]
        again = [head.fitted.joined(one, value) for one, value in zip(again, head.copies, strict=True)]
    alike = variety(_plain(left_out), _plain(copies))
    raw = {s: (_pooled(normal, s), _pooled(again, s)) for s in SCORES}
    seen = _Judged(references, originals.glances, left_out, copies, sure)
    profile = Profile(
        preset=detector.preset.name,
        weights=detector.weights,
        object_name=inquiry.object_name,
        bank=bank,
        normal_logits={score: seen for score, (seen, _) in raw.items()} if left_out else {},
        ranges={score: detector.calibration.normal[score].given(*found, alike) for score, found in raw.items()},
        weights_of_experts=tuple(experts.tolist()),
        window=window,
        known=_known(detector, seen, raw[CHECKED][0], bank, judged),
        tiles=_tiles(detector, references, inquiry.detail, window, progress),
        fitted=None if tried is None or tried.chosen is None else tried.chosen.fitted,
        tried=None if tried is None else tried.alone,
        levels=references.levels,
    )
    return with_anomalous(detector, profile, anomalous)


@torch.inference_mode()
def with_anomalous(detector: Detector, profile: Profile | None, anomalous: Sequence[AnomalousReference]) -> Profile:
    """A profile joined by anomalous references; of them alone where there is none.

    Raises:
        ProfileError: neither, too many, or a mask that does not fit its picture.
    """
    _require_few(anomalous, "anomalous references")
    if not anomalous:
        if profile is None:
            raise ProfileError("references or anomalous references", "neither", "give one with --references")
        return profile
    joined = profile or Profile(detector.preset.name, detector.weights, None, None, {}, {}, (), None)
    if joined.levels is None and joined.bank is None:
        joined = replace(joined, levels=shared_levels([one.image for one in anomalous]))
    anomalous = [replace(one, image=read_with(one.image, joined.levels)) for one in anomalous]
    keys = _anomalous_keys(detector, anomalous, joined.bank)
    if joined.anomalous_keys is not None:
        keys = torch.cat([joined.anomalous_keys.to(keys.device), keys], 1)
    return replace(joined, anomalous_keys=keys)


def _anomalous_keys(
    detector: Detector, anomalous: Sequence[AnomalousReference], bank: MemoryBank | None
) -> Float[Tensor, "levels rows match_width"]:
    """Patches under the masks; without a mask, the tenth of patches that text or references find most anomalous."""
    rows = []
    for one in anomalous:
        features = detector.patch_features(one.image)
        if one.mask is not None:
            if one.mask.shape != one.image.pixels.shape[:2] or not one.mask.any():
                raise ProfileError(
                    f"a mask of {one.image.pixels.shape[:2]} with some pixels set", f"{one.mask.shape}", "mend the mask"
                )
            weight = patch_coverage(one.mask, features.grid)
            chosen = weight >= min(0.5, float(weight.max()))
        else:
            evidence = detector.localizer.text_evidence(
                features.levels, detector.anchors.states(None)[None], features.grid
            )
            match = None if bank is None else bank.match(detector.localizer, features)
            logits = detector.localizer(evidence, features.levels, match)
            flat = logits.map.flatten()
            chosen = flat >= flat.quantile(0.9)
        rows.append(
            torch.stack([detector.localizer.project_for_match(i, t[0, chosen]) for i, t in enumerate(features.levels)])
        )
    return torch.cat(rows, 1)


def _require_enough(references: Sequence[Picture], fit: bool) -> None:
    """Refuse numbers of references that no profile is built of, before any is decoded.

    Raises:
        ProfileError: none, too many, or too few to ``fit`` a head on.
    """
    if not references:
        raise ProfileError("at least one reference picture", "none", "give one with --references")
    _require_few(references, "reference pictures")
    if fit and len(references) < LEAST:
        do = "add normal pictures, or build the profile without --fit"
        raise ProfileError(f"at least {LEAST} normal pictures to fit a head on", str(len(references)), do)


def _remembered(
    detector: Detector, references: Sequence[Picture], originals: ReferenceFeatures, inquiry: Inquiry
) -> tuple[MemoryBank, Float[Tensor, "references 3"], list[float]]:
    """The bank of the references, with turned copies of a single one under a free camera, and what text alone says of each.

    Returns:
        The bank; summaries of the text expert, for the gate; and its calibrated score of each reference.
    """
    settings, calibrated = detector.preset.references, detector.calibration.of_image(CHECKED, False)
    growing = GrowingBank(detector.localizer, settings.rows, settings.variance, torch.Generator().manual_seed(0))
    texts, sure = [], []
    for features in originals:
        text = _text(detector, features, inquiry)
        growing.add(features, said_nearby(text.map)[0])
        texts.append(text_summary(text))
        sure.append(image_score(calibrated(pooled_logit(text, 0, CHECKED))))
    if len(references) == 1 and not inquiry.fixed_camera:
        picture = _decoded(references[0])
        for quarter in range(1, settings.rotations):
            copy = detector.patch_features(rotated(picture, quarter))
            growing.add_copy(0, copy, said_nearby(_text(detector, copy, inquiry).map)[0])
    return growing.bank(), torch.cat(texts), sure


def _text(detector: Detector, features: PatchFeatures, inquiry: Inquiry) -> Logits:
    """What the text expert says of a picture."""
    anchors = detector.anchors.states(inquiry.object_name, inquiry.look_for)[None]
    evidence = detector.localizer.text_evidence(features.levels, anchors, features.grid)
    return detector.localizer.zero_shot(evidence)


@dataclass(frozen=True, eq=False)
class _Judged:
    """References as they were seen and judged by each other, jittered copies, and what text alone says of each."""

    references: Sequence[Picture]
    glances: Sequence[Glance]
    left_out: Sequence[Opinions]
    copies: Sequence[Opinions]
    sure: Sequence[float]


def _known(
    detector: Detector, seen: _Judged, logits: Sequence[float], bank: MemoryBank, judged: Callable[..., Opinions]
) -> Known:
    """What a profile keeps to judge whole pictures by, with the faults among its references."""

    def turned(number: int, quarter: int) -> float:
        copy = rotated(_decoded(seen.references[number]), quarter)
        return mean_distance(judged(detector.patch_features(copy), number))

    return check_references(
        ReferenceSet(
            glances=seen.glances,
            distances=[mean_distance(one) for one in seen.left_out],
            copies=[mean_distance(one) for one in seen.copies],
            class_distances=class_distances(bank.class_tokens),
            logits=logits,
            logit_spread=detector.calibration.normal[CHECKED].scale,
            texts=seen.sure,
            turned=turned,
        )
    )


def _judged(
    detector: Detector, bank: MemoryBank, inquiry: Inquiry, window: float | None, features: PatchFeatures,
    leave_out: int | None = None,
) -> Opinions:  # fmt: skip
    """What the experts say of a picture against the references, or against the others."""
    match = bank.match(detector.localizer, features, window, leave_out=leave_out)
    return opinions(detector.localizer, features.levels, _text(detector, features, inquiry), match)


def _plain(judged: Sequence[Opinions]) -> list[float]:
    return [float(one.images[0, EXPERTS.index("plain")]) for one in judged]


def _pooled(logits: Sequence[Logits], score: str) -> tuple[float, ...]:
    return tuple(pooled_logit(one, 0, score) for one in logits)


def _copies(references: Sequence[Picture]) -> Iterator[tuple[int, QueryImage]]:
    """Jittered copies of the first references, :data:`COPIES` in all, each with the number of its reference."""
    for copy in range(COPIES):
        number = copy % min(len(references), COPIES)
        yield number, jittered(_decoded(references[number]), copy)


def _tried(
    detector: Detector,
    originals: ReferenceFeatures,
    normal: Sequence[Logits],
    copied: Sequence[tuple[int, PatchFeatures]],
    judged: Callable[[PatchFeatures, int], Logits],
) -> Tried:
    """Heads tried on the references, and on defects pasted on as many of them as there are defects."""
    levels, count = detector.preset.plain, len(originals)
    chosen = [round(i * count / PASTED) % count for i in range(PASTED)] if count > PASTED else [*range(count)]
    pictures = (pasted(originals.picture(i), originals.picture((i + 1) % count), n) for n, i in enumerate(chosen))
    features = [detector.patch_features(picture) for picture in pictures]
    return try_heads(
        Trial(
            tokens=lambda number: head_tokens(originals[number], levels),
            count=count,
            pasted=[(i, head_tokens(f, levels)) for i, f in zip(chosen, features, strict=True)],
            copies=[(i, head_tokens(f, levels)) for i, f in copied],
            normal_logits=_pooled(normal, CHECKED),
            pasted_logits=_pooled([judged(f, i) for i, f in zip(chosen, features, strict=True)], CHECKED),
            levels=levels,
        )
    )


def _decoded(picture: Picture) -> QueryImage:
    return picture if isinstance(picture, QueryImage) else load_image(picture)


def _tiles(
    detector: Detector,
    references: Sequence[Picture],
    detail: Detail,
    window: float | None,
    progress: Progress | None,
) -> TileReferences | None:
    """What normal tiles are like, where pictures like these are looked at in tiles."""
    if not any(detail.closer_at((one.height, one.width)) for one in read_drawn(references)):
        return None
    return tile_references(detector, references, detail.smallest, window=window, progress=progress)


def _require_few(pictures: Sequence[object], what: str) -> None:
    if len(pictures) > MAX_REFERENCES:
        raise ProfileError(f"at most {MAX_REFERENCES} {what}", f"{len(pictures)}", "give some that show all variants")


def rotated(picture: QueryImage, quarter: int) -> QueryImage:
    """The picture turned by quarters of a circle."""
    return QueryImage(np.ascontiguousarray(np.rot90(picture.pixels, quarter)), picture.source, picture.domain)
