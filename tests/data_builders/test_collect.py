"""Textures gathered from installed packages."""

from __future__ import annotations

import numpy as np
from PIL import Image

from data_builders.collect import even, main, textures


def _noise(seed: int, side: int = 300) -> np.ndarray:
    return np.random.default_rng(seed).integers(60, 200, (side, side, 3), dtype=np.uint8)


def test_only_even_opaque_large_pictures_are_kept_and_each_once(tmp_path):
    pile, out = tmp_path / "pile", tmp_path / "out"
    (pile / "deep").mkdir(parents=True)
    Image.fromarray(_noise(0)).save(pile / "deep" / "grain.png")
    Image.fromarray(_noise(0)).save(pile / "deep" / "grain_again.png")
    Image.fromarray(_noise(1, 100)).save(pile / "small.png")
    half = _noise(2)
    half[:, 150:] = 20
    Image.fromarray(half).save(pile / "half.png")
    clear = np.dstack([_noise(3), np.full((300, 300), 90, np.uint8)])
    Image.fromarray(clear).save(pile / "transparent.png")
    (pile / "broken.jpg").write_bytes(b"no picture")
    assert [name for name, _ in textures(pile)] == ["deep_grain"]
    main([str(pile), "--out", str(out)])
    assert [p.name for p in out.iterdir()] == ["deep_grain.jpg"]


def test_a_flat_or_dark_picture_is_no_texture():
    assert even(_noise(0))
    assert not even(np.full((300, 300, 3), 128, np.uint8))
    assert not even((_noise(0) // 20).astype(np.uint8))
