"""Features kept on disk and made in the step are the same; every epoch of the latter draws anew, and masks follow pictures."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open

from assistant.errors import DataSetError
from assistant.vision.detector import Detector
from assistant.vision.localizer import Match
from training.localizer.changed import changed, flipped
from training.localizer.data import read_rows
from training.localizer.encoding import FeatureEncoder
from training.localizer.feature_store import ENDING, FeatureStore
from training.localizer.features import encode_rows
from training.localizer.fresh_stage import FreshStage
from training.localizer.stage import LocalizeStage
from training.runs.recipe import DataConfig

SIDES, SHOTS = (56, 70), (0, 1, 2)


def test_kept_and_fresh_tokens_are_alike(built: Path, tmp_path: Path) -> None:
    detector, rows = Detector.load("tiny"), read_rows(built / "set")[:12]
    encode_rows(rows, FeatureEncoder(detector.clip.encoder, detector.localizer), tmp_path, 3, SIDES, SHOTS)
    data = DataConfig(sets=(), features=tmp_path, sides=SIDES, shots=SHOTS)
    fresh = FreshStage(detector.clip, detector.localizer, rows, data, 3, 4)
    kept = LocalizeStage(detector.clip, detector.localizer, rows, tmp_path, 4)
    fresh.train_shapes, fresh.validation_shapes = kept.train_shapes, kept.validation_shapes
    assert {i: fresh._shape(draw) for i, draw in fresh.fixed.items()} == {
        r.index: kept.store.shape(r.index) for r in rows
    }
    compared = 0
    for planned in kept.epoch(0, 0):
        one, other = kept.load(planned), fresh.load(planned)
        assert one.rows == other.rows
        assert one.region_owner == other.region_owner
        for near, exact in zip(one.tokens, other.tokens, strict=True):
            error = (near - exact).square().mean().sqrt() / exact.square().mean().sqrt()
            assert 0 < error < 0.025
        for name, tolerance in (("pooled", 2e-3), ("new", 5e-3), ("coverage", 2e-3), ("regions", 2e-3)):
            torch.testing.assert_close(getattr(one, name), getattr(other, name), atol=tolerance, rtol=tolerance)
        if one.match is None or other.match is None:
            assert one.match is other.match
            continue
        compared += 1
        for name in (f.name for f in fields(Match) if f.name not in ("row", "token", "text")):
            torch.testing.assert_close(getattr(one.match, name), getattr(other.match, name), atol=5e-3, rtol=5e-3)
        off = (one.match.token - other.match.token).square().mean().sqrt()
        assert off < 0.025 * other.match.token.square().mean().sqrt()
    assert compared
    with pytest.raises(DataSetError, match="features of sample 999, got none"):
        FeatureStore(tmp_path).read([999])


def test_a_shard_keeps_every_reference_token_once(built: Path, tmp_path: Path) -> None:
    detector, rows = Detector.load("tiny"), read_rows(built / "set")[:3]
    encoder = FeatureEncoder(detector.clip.encoder, detector.localizer)
    encode_rows(rows, encoder, tmp_path, 0, (56,), (1,))
    (path,) = tmp_path.glob(f"*{ENDING}")
    before = path.read_bytes()
    with safe_open(path, "pt") as file:
        matched, tokens = file.get_tensor("matched"), file.get_tensor("reference_tokens")
    assert matched.unique().tolist() == [*range(len(tokens))]
    assert len(tokens) < matched.numel()
    encode_rows(rows, encoder, tmp_path, 0, (56,), (1,))
    assert [p.read_bytes() for p in tmp_path.iterdir()] == [before]


def test_every_epoch_draws_anew(built: Path) -> None:
    detector, rows = Detector.load("tiny"), read_rows(built / "set")
    data = DataConfig(sets=(), features=Path("none"), sides=SIDES, shots=SHOTS)
    stage = FreshStage(detector.clip, detector.localizer, rows, data, 3, 4)
    first, again, second = ([draws for draws, _ in stage.epoch(n, 0)] for n in (0, 0, 1))
    assert first == again
    drawn = [{d.row.index: (d.side, d.count, d.variant) for draws in epoch for d in draws} for epoch in (first, second)]
    assert drawn[0].keys() == drawn[1].keys()
    assert all(one[2] != drawn[1][index][2] for index, one in drawn[0].items())
    assert len({one[:2] == drawn[1][index][:2] for index, one in drawn[0].items()}) == 2
    planned = next(stage.epoch(0, 0))
    one, other = stage.load(planned), stage.load(planned)
    torch.testing.assert_close(one.tokens[0], other.tokens[0])
    assert all(draw.variant == 0 for draw in stage.fixed.values())


def test_masks_are_mirrored_with_their_pictures() -> None:
    mask = np.zeros((40, 60), bool)
    mask[4:12, 6:20] = True
    picture = np.where(mask[..., None], np.uint8([200, 60, 60]), np.uint8([40, 40, 40]))
    corners = set()
    for variant in range(1, 30):
        found = changed(picture, variant, "a.png")[..., 0] > 100
        there = flipped(mask, variant)
        assert (found & there).sum() > 0.8 * there.sum()
        assert found.sum() < 1.3 * there.sum()
        corners.add(tuple(np.argwhere(there)[0]))
    assert len(corners) == 4
    assert flipped(mask, 0) is mask
