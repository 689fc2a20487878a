"""Towers: texts are embedded without what is only padding, and mean the same."""

from __future__ import annotations

import pytest
import torch

from assistant.config import load_preset
from assistant.towers.clip import _unpadded, load_clip


def test_only_columns_that_pad_every_text_go() -> None:
    ids = torch.tensor([[5, 6, 7, 0, 0], [5, 7, 0, 0, 0]])
    assert _unpadded(lambda texts: ids)(["a b", "a"]).tolist() == [[5, 6, 7], [5, 7, 0]]
    assert _unpadded(lambda texts: ids * 0)(["", ""]).shape == (2, 1)


@pytest.mark.weights
def test_texts_mean_the_same_without_padding() -> None:
    preset, _ = load_preset("mini")
    clip = load_clip(preset.tower, torch.float32, torch.device("cpu"))
    texts = ["a photo of a damaged hex nut", "scratch", "a close-up picture of the flawless metal lid"]
    ids = clip.tokenize(texts)
    assert ids.shape[1] < 20
    padded = torch.nn.functional.pad(ids, (0, 64 - ids.shape[1]))
    with torch.inference_mode():
        expected = clip.model.encode_text(padded)
    assert torch.allclose(clip.embed_texts(texts), expected, atol=1e-5)


@pytest.mark.weights
def test_attention_by_products_sees_what_the_fused_kernel_sees() -> None:
    preset, _ = load_preset("mini")
    encoder = load_clip(preset.tower, torch.bfloat16, torch.device("cpu")).encoder
    pixels = torch.randn(1, 3, 112, 112, generator=torch.Generator().manual_seed(0))
    kernels = [m for m in encoder.modules() if hasattr(m, "fused_attn")]
    assert len(kernels) == len(encoder.blocks)
    seen = {}
    for fused in (True, False):
        assert not any(m.fused_attn for m in kernels)
        for module in kernels:
            module.fused_attn = fused
        with torch.inference_mode():
            seen[fused] = encoder(pixels).levels[-1].float()
        for module in kernels:
            module.fused_attn = False
    alike = torch.nn.functional.cosine_similarity(seen[True], seen[False], dim=-1)
    assert alike.min() > 0.999
    exact = load_clip(preset.tower, torch.float32, torch.device("cpu")).encoder
    assert all(m.fused_attn for m in exact.modules() if hasattr(m, "fused_attn"))
