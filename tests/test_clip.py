"""Towers: texts are embedded without what is only padding, and mean the same."""

from __future__ import annotations

import pytest
import torch

from assistant.clip import _unpadded, load_clip
from assistant.config import load_preset


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
