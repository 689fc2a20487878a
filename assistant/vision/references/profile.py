"""A reference set as one value: built once, saved as one safetensors file, refused with other weights.

Holds the memory bank, what the references' own scores are when each is judged by the others (leave one out), the position
window of a fixed camera, and the tokens of anomalous references.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from jaxtyping import Float
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from assistant.errors import ProfileError
from assistant.pictures.images import load_image
from assistant.towers.encoder import PatchFeatures
from assistant.types import QueryImage
from assistant.vision.localizer import Localizer
from assistant.vision.references.memory_bank import MemoryBank, build_bank

if TYPE_CHECKING:
    from assistant.pipeline import Assistant, Picture

SCHEMA = "anomaly-assistant/profile@2"
FIXED_WINDOW = 0.08
"""With a fixed camera a match lies within this share of the side."""
EXPECTED_NORMAL = -1.0
"""Calibrated image logit that normals should have on average: 1.28 standard deviations (0.8 among pictures of one product of the
validation split) below the threshold, so that about one normal in ten is above it."""
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
        normal_logits: calibrated image logit of each reference judged by the others; empty with one reference.
        offset: subtracted from calibrated image logits, so that the references themselves are normal.
        window: largest distance in position of a match, share of the side; None for a free camera.
        anomalous_keys: patches of anomalous references, a level and row; None without any.
    """

    preset: str
    weights: str
    object_name: str | None
    bank: MemoryBank | None
    normal_logits: tuple[float, ...]
    offset: float
    window: float | None
    anomalous_keys: Float[Tensor, "levels rows match_width"] | None = None

    def check(self, preset: str, weights: str) -> None:
        """Refuse another preset or other weights.

        Raises:
            ProfileError: with both names.
        """
        if (self.preset, self.weights) != (preset, weights):
            raise ProfileError(
                f"a profile made with preset {preset} and {weights[:19]}",
                f"one made with preset {self.preset} and {self.weights[:19]}",
                "build the profile again",
            )

    def save(self, path: str | Path) -> None:
        """Write one safetensors file, whole or not at all."""
        target = Path(path)
        tensors: dict[str, Tensor] = {}
        if self.bank is not None:
            values = {f.name: getattr(self.bank, f.name) for f in fields(self.bank)}
            tensors = {f"bank.{k}": _narrow(v) for k, v in values.items() if isinstance(v, Tensor)}
        if self.anomalous_keys is not None:
            tensors["anomalous_keys"] = _narrow(self.anomalous_keys)
        about = {
            "schema": SCHEMA,
            "preset": self.preset,
            "weights": self.weights,
            "object_name": self.object_name,
            "normal_logits": list(self.normal_logits),
            "offset": self.offset,
            "window": self.window,
            "class_spread": None if self.bank is None else self.bank.class_spread,
        }
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_name(target.name + ".partial")
        save_file(tensors, partial, metadata={"about": json.dumps(about)})
        partial.replace(target)

    @classmethod
    def load(cls, path: str | Path) -> Profile:
        """Read a saved profile.

        Raises:
            ProfileError: not a profile, damaged, or of another schema.
        """
        source = Path(path)
        try:
            with safe_open(source, "pt") as handle:
                about: dict[str, Any] = json.loads((handle.metadata() or {})["about"])
                tensors = {k: handle.get_tensor(k) for k in handle.keys()}  # noqa: SIM118
            if about["schema"] != SCHEMA:
                raise ProfileError(f"schema {SCHEMA}", str(about["schema"]), "build the profile again")
            bank = None
            if any(k.startswith("bank.") for k in tensors):
                parts = {k.removeprefix("bank."): _widen(v) for k, v in tensors.items() if k.startswith("bank.")}
                bank = MemoryBank(**parts, class_spread=float(about["class_spread"]))
            keys = tensors.get("anomalous_keys")
            return cls(
                preset=about["preset"],
                weights=about["weights"],
                object_name=about["object_name"],
                bank=bank,
                normal_logits=tuple(about["normal_logits"]),
                offset=float(about["offset"]),
                window=about["window"],
                anomalous_keys=None if keys is None else _widen(keys),
            )
        except (OSError, SafetensorError, KeyError, TypeError, ValueError, AttributeError) as error:
            raise ProfileError(
                "a profile written by `profile build`",
                f"{source.name} ({str(error).splitlines()[0]})",
                "build it again",
            ) from error

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
            "anomalous_patches": 0 if self.anomalous_keys is None else self.anomalous_keys.shape[1],
            "normal_logits": [round(v, 3) for v in self.normal_logits],
            "offset": round(self.offset, 3),
        }


@torch.inference_mode()
def build_profile(
    assistant: Assistant, references: Sequence[Picture], object_name: str | None, look_for: Sequence[str],
    fixed_camera: bool, anomalous: Sequence[AnomalousReference],
) -> Profile:  # fmt: skip
    """Encode references, build the bank, judge each by the others.

    Of a single reference under a free camera turned copies are searched too; several show themselves how normals differ.

    Raises:
        ProfileError: no reference.
    """
    pictures = [p if isinstance(p, QueryImage) else load_image(p) for p in references]
    if not pictures:
        raise ProfileError("at least one reference picture", "none", "give one with --references")
    settings = assistant.preset.references
    originals = [assistant.encode(p) for p in pictures]
    anchors = assistant.anchors.states(object_name, look_for)[None]
    turned = []
    turns = settings.rotations if not fixed_camera and len(pictures) == 1 else 1
    for i, picture in enumerate(pictures):
        for quarter in range(1, turns):
            turned.append((i, assistant.encode(turn(picture, quarter))))
    bank = build_bank(
        assistant.localizer,
        originals,
        turned,
        settings.rows,
        settings.variance,
        torch.Generator().manual_seed(0),
    )
    window = FIXED_WINDOW if fixed_camera else None
    normal = _judged_by_others(assistant, bank, originals, anchors, window)
    profile = Profile(assistant.preset.name, assistant.weights, object_name, bank, normal, _offset(normal), window)
    if not anomalous:
        return profile
    keys = _anomalous_keys(assistant, anomalous, bank)
    return Profile(profile.preset, profile.weights, object_name, bank, normal, profile.offset, window, keys)


@torch.inference_mode()
def anomalous_bank(assistant: Assistant, anomalous: Sequence[AnomalousReference]) -> Profile:
    """A profile of anomalous references alone."""
    keys = _anomalous_keys(assistant, anomalous, None)
    return Profile(assistant.preset.name, assistant.weights, None, None, (), 0.0, None, keys)


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


def _anomalous_keys(
    assistant: Assistant, anomalous: Sequence[AnomalousReference], bank: MemoryBank | None
) -> Float[Tensor, "levels rows match_width"]:
    """Patches under the masks; without a mask, the tenth of patches that text or references find most anomalous."""
    rows = []
    for one in anomalous:
        features = assistant.encode(one.image)
        if one.mask is not None:
            if one.mask.shape != one.image.pixels.shape[:2] or not one.mask.any():
                raise ProfileError(
                    f"a mask of {one.image.pixels.shape[:2]} with some pixels set", f"{one.mask.shape}", "mend the mask"
                )
            plane = torch.from_numpy(one.mask.astype(np.float32))[None, None]
            weight = torch.nn.functional.interpolate(plane, size=features.grid, mode="area").flatten()
            chosen = weight >= min(0.5, float(weight.max()))
        else:
            evidence = assistant.localizer.text_evidence(
                features.levels, assistant.anchors.states(None)[None], features.grid
            )
            if bank is None:
                logits = assistant.localizer.zero_shot(evidence)
            else:
                logits = assistant.localizer.few_shot(
                    evidence, features.levels, bank.match(assistant.localizer, features)
                )
            flat = logits.map.flatten()
            chosen = flat >= flat.quantile(0.9)
        rows.append(
            torch.stack([assistant.localizer.project_for_match(i, t[0, chosen]) for i, t in enumerate(features.levels)])
        )
    return torch.cat(rows, 1)


def _judged_by_others(
    assistant: Assistant, bank: MemoryBank, originals: Sequence[PatchFeatures], anchors: Tensor, window: float | None
) -> tuple[float, ...]:
    if len(originals) < 2:
        return ()
    scale, offset = assistant.calibration.reference_image.scale, assistant.calibration.reference_image.offset
    out = []
    for i, features in enumerate(originals):
        evidence = assistant.localizer.text_evidence(features.levels, anchors, features.grid)
        match = bank.match(assistant.localizer, features, window, leave_out=i)
        logits = assistant.localizer.few_shot(evidence, features.levels, match)
        out.append(scale * float(logits.image[0]) + offset)
    return tuple(out)


def _offset(normal: Sequence[float]) -> float:
    """How far the references' own logits lie above what normals should have, shrunk where they are few."""
    if not normal:
        return 0.0
    return max(0.0, float(np.mean(normal)) - EXPECTED_NORMAL) * len(normal) / (len(normal) + 2)


def turn(picture: QueryImage, quarter: int) -> QueryImage:
    """The picture turned by quarters of a circle."""
    return QueryImage(np.ascontiguousarray(np.rot90(picture.pixels, quarter)), picture.source, picture.domain)


def _narrow(tensor: Tensor) -> Tensor:
    return (tensor.half() if tensor.is_floating_point() else tensor).contiguous()


def _widen(tensor: Tensor) -> Tensor:
    return tensor.float() if tensor.is_floating_point() else tensor
