"""The encoder against open_clip and timm themselves, on small random towers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import timm
import torch
from open_clip.timm_model import TimmModel

from assistant.config import TowerConfig, load_preset
from assistant.errors import ConfigError
from assistant.towers.clip import Clip, load_clip
from assistant.towers.encoder import VisualEncoder, resize
from assistant.types import QueryImage


@pytest.fixture(scope="module")
def clip() -> Clip:
    return load_clip(load_preset("tiny")[0].tower, torch.float32, torch.device("cpu"))


@pytest.fixture(scope="module")
def timm_encoder() -> VisualEncoder:
    torch.manual_seed(0)
    tower = TimmModel("test_vit", embed_dim=32, image_size=160, pool="token", proj="none")
    return VisualEncoder(tower.eval(), (1, 3, 6), (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))


def picture(height: int, width: int, seed: int = 0) -> QueryImage:
    return QueryImage(np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8), "made")


@torch.inference_mode()
def test_native_levels_equal_the_towers_own_forward_at_its_own_size(clip: Clip) -> None:
    visual: Any = clip.model.visual
    pixels = torch.randn(2, 3, 56, 56)
    stream = visual._embeds(pixels)
    expected = []
    for block in visual.transformer.resblocks:
        stream = block(stream)
        expected.append(visual.ln_post(stream)[:, 1:])
    found = clip.encoder(pixels)
    for ours, theirs in zip(found.levels, expected, strict=True):
        torch.testing.assert_close(ours, theirs)


@torch.inference_mode()
def test_timm_last_level_equals_forward_features(timm_encoder: VisualEncoder) -> None:
    trunk: Any = timm_encoder.visual.trunk
    pixels = torch.randn(2, 3, 160, 160)
    whole = trunk.forward_features(pixels)
    found = timm_encoder(pixels)
    torch.testing.assert_close(found.levels[-1], whole[:, trunk.num_prefix_tokens :])
    torch.testing.assert_close(found.pooled, whole[:, 0])


@torch.inference_mode()
def test_timm_resampled_positions_equal_timms_own(timm_encoder: VisualEncoder) -> None:
    dynamic = timm.create_model("test_vit", num_classes=0, dynamic_img_size=True).eval()
    dynamic.load_state_dict(timm_encoder.visual.trunk.state_dict(), strict=False)
    pixels = torch.randn(1, 3, 96, 224)
    whole = dynamic.forward_features(pixels)
    found = timm_encoder(pixels)
    assert found.grid == (96 // timm_encoder.patch, 224 // timm_encoder.patch)
    torch.testing.assert_close(found.levels[-1], whole[:, dynamic.num_prefix_tokens :], atol=1e-4, rtol=1e-4)


@torch.inference_mode()
@pytest.mark.parametrize("size", [(300, 100), (100, 300), (64, 64)])
def test_any_shape_keeps_its_aspect_and_batches_agree(clip: Clip, size: tuple[int, int]) -> None:
    inputs = [clip.encoder.prepare(picture(*size, seed=i), 112) for i in range(3)]
    grid = inputs[0].fit.grid
    assert abs((grid[1] / grid[0]) / (size[1] / size[0]) - 1) < 0.25
    together = clip.encoder(torch.stack([i.pixels for i in inputs]))
    alone = clip.encoder(inputs[1].pixels[None])
    for a, b in zip(together.levels, alone.levels, strict=True):
        assert a.shape[1] == grid[0] * grid[1]
        torch.testing.assert_close(a[1:2], b, atol=1e-5, rtol=1e-5)


@torch.inference_mode()
def test_a_writer_that_returns_its_tokens_changes_nothing_and_one_that_does_not_changes_later_levels(
    clip: Clip,
) -> None:
    pixels = clip.encoder.prepare(picture(60, 180), 112).pixels[None]
    plain = clip.encoder(pixels)
    same = clip.encoder(pixels, lambda level, tokens, grid: tokens)
    written = clip.encoder(pixels, lambda level, tokens, grid: tokens * (2.0 if level == 0 else 1.0))
    again = clip.encoder(pixels)
    for a, b, c in zip(plain.levels, same.levels, again.levels, strict=True):
        torch.testing.assert_close(a, b)
        torch.testing.assert_close(a, c)
    assert not torch.allclose(plain.levels[-1], written.levels[-1], atol=1e-3)


def test_a_side_that_is_no_multiple_of_the_patch_is_refused(clip: Clip) -> None:
    with pytest.raises(ConfigError, match="sides divisible by 14, got 57x56"):
        clip.encoder(torch.zeros(1, 3, 57, 56))


@pytest.mark.parametrize("levels", [(), (3, 1), (1, 9), (0, 1)])
def test_levels_outside_the_tower_are_refused(clip: Clip, levels: tuple[int, ...]) -> None:
    with pytest.raises(ConfigError, match="ascending levels between 1 and 3"):
        VisualEncoder(clip.model.visual, levels, (0.5,) * 3, (0.5,) * 3)


def test_the_same_random_tower_every_time(clip: Clip) -> None:
    config = TowerConfig(kind="random", levels=(1, 2, 3), side=112, joint_width=32)
    other = load_clip(config, torch.float32, torch.device("cpu"))
    pixels = torch.ones(1, 3, 56, 56)
    torch.testing.assert_close(other.encoder(pixels).levels[2], clip.encoder(pixels).levels[2])


def test_resize_keeps_what_already_fits() -> None:
    image = picture(28, 42)
    assert resize(image.pixels, (28, 42)) is image.pixels
    assert resize(image.pixels, (14, 70)).shape == (14, 70, 3)


@pytest.mark.weights
def test_minis_text_tower_is_the_same_in_every_load_and_knows_likeness() -> None:
    config = load_preset("mini")[0].tower
    words = ["a crack", "a fracture", "a cat"]
    one, other = (load_clip(config, torch.float32, torch.device("cpu")).embed_texts(words) for _ in range(2))
    torch.testing.assert_close(one, other)
    unit = torch.nn.functional.normalize(one, dim=-1)
    assert unit[0] @ unit[1] > unit[0] @ unit[2] + 0.2


def test_positions_are_kept_for_a_grid_and_made_anew_for_another_table(
    clip: Clip, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[object] = []
    real = VisualEncoder._resample
    monkeypatch.setattr(VisualEncoder, "_resample", lambda self, *given: made.append(1) or real(self, *given))
    encoder, pixels = clip.encoder, torch.randn(1, 3, 42, 70)
    table = encoder.visual.positional_embedding
    wanted, before = table.requires_grad, table.detach().clone()
    table.requires_grad_(False)
    try:
        with torch.inference_mode():
            first = encoder(pixels).levels[-1].clone()
            assert torch.equal(encoder(pixels).levels[-1], first)
        assert len(made) == 1
        with torch.no_grad():
            table.mul_(2)
            assert not torch.allclose(encoder(pixels).levels[-1], first)
            table.copy_(before)
            torch.testing.assert_close(encoder(pixels).levels[-1], first)
    finally:
        table.requires_grad_(wanted)


def test_normalising_is_that_of_every_grey_level(timm_encoder: VisualEncoder) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (14, 28, 3), dtype=np.uint8)
    expected = (pixels / 255 - timm_encoder.mean) / timm_encoder.std
    made = timm_encoder.normalise(pixels)
    assert made.dtype == torch.float32
    np.testing.assert_allclose(made.numpy(), expected.transpose(2, 0, 1), atol=1e-6)
