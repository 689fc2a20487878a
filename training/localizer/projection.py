"""The directions in which query and reference tokens are compared, made once for a folder of features and kept beside them."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from assistant.config import Preset
from assistant.errors import ConfigError
from assistant.pictures.images import load_image
from assistant.towers.clip import Clip
from assistant.vision.localizer import Localizer
from training.localizer.data import DataRow

PICTURES = 200
FILE = "projection.safetensors"


@torch.inference_mode()
def fit_projection(localizer: Localizer, clip: Clip, rows: list[DataRow], folder: Path, preset: Preset) -> None:
    """Principal directions a level of some training pictures; or those kept in ``folder`` from an earlier run."""
    kept = folder / FILE
    if not kept.exists():
        folder.mkdir(parents=True, exist_ok=True)
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
        save_file({"mean": torch.stack(mean).contiguous(), "basis": torch.stack(basis).contiguous()}, kept)
    state = load_file(kept)
    localizer.get_buffer("match_mean").copy_(state["mean"])
    localizer.get_buffer("match_basis").copy_(state["basis"])


def keep_projection(localizer: Localizer, folder: Path) -> None:
    """Write the projection of trained parts beside the features made with it.

    Raises:
        ConfigError: features there were made with another projection.
    """
    kept = folder / FILE
    state = {n: localizer.get_buffer(f"match_{n}").detach().cpu().contiguous() for n in ("mean", "basis")}
    if not kept.exists():
        folder.mkdir(parents=True, exist_ok=True)
        save_file(state, kept)
        return
    before = load_file(kept)
    if any(not torch.equal(before[name].half(), value.half()) for name, value in state.items()):
        raise ConfigError(
            "features made with the projection of these trained parts", f"others in {folder.name}",
            "name another folder in `data.features`",
        )  # fmt: skip
