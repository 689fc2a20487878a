"""The directions in which query and reference tokens are compared, made once for a folder of features and kept beside them."""

from __future__ import annotations

import hashlib
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from assistant.config import Preset
from assistant.pictures.images import load_image
from assistant.towers.clip import Clip
from assistant.vision.localizer import Localizer
from training.localizer.data import DataRow

PICTURES = 200
FILE = "projection.safetensors"

Directions = dict[str, torch.Tensor]
"""``mean`` (levels, width) and ``basis`` (levels, width, match_width)."""


@torch.inference_mode()
def fit_projection(localizer: Localizer, clip: Clip, rows: list[DataRow], preset: Preset) -> None:
    """Give a localizer the principal directions, a level, of some training pictures."""
    chosen = rows[:: max(1, len(rows) // PICTURES)][:PICTURES]
    samples: list[list[torch.Tensor]] = [[] for _ in range(localizer.levels)]
    for row in chosen:
        prepared = clip.encoder.prepare(load_image(row.image), preset.tower.side)
        for level, tokens in enumerate(clip.encoder(prepared.pixels[None]).levels):
            samples[level].append(torch.nn.functional.layer_norm(tokens[0, ::4].float(), tokens.shape[-1:]))
    mean, basis = [], []
    for of_level in samples:
        stacked = torch.cat(of_level)
        mean.append(stacked.mean(0))
        _, vectors = torch.linalg.eigh(torch.cov(stacked.T))
        basis.append(vectors.flip(1)[:, : preset.references.width])
    use_projection(localizer, {"mean": torch.stack(mean), "basis": torch.stack(basis)})


def projection_of(localizer: Localizer) -> Directions:
    """The directions a localizer compares in."""
    return {name: localizer.get_buffer(f"match_{name}").detach().cpu().contiguous() for name in ("mean", "basis")}


def use_projection(localizer: Localizer, directions: Directions) -> None:
    """Let a localizer compare in these directions."""
    for name, value in directions.items():
        localizer.get_buffer(f"match_{name}").copy_(value)


def hash_of_projection(directions: Directions) -> str:
    """``sha256:…`` of directions, in the half precision in which trained parts keep them; of nothing where there are none."""
    halves = (directions[name].half().numpy().tobytes() for name in sorted(directions))
    return f"sha256:{hashlib.sha256(b''.join(halves)).hexdigest()}"


def kept_projection(folder: Path) -> Directions:
    """The directions kept beside features; nothing where there are none."""
    return load_file(folder / FILE) if (folder / FILE).exists() else {}


def keep_projection(directions: Directions, folder: Path) -> None:
    """Write directions beside the features made with them."""
    save_file(directions, folder / FILE)
