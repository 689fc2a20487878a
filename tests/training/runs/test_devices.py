"""Stage localize beside a module that lives on another device: everything moves there, and the numbers stay."""

from __future__ import annotations

import random
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from assistant.pipeline import Assistant
from assistant.vision.localizer import Match
from data_builders.build import main as build_main
from tests.elsewhere import ELSEWHERE, Distant, elsewhere, without_values
from training.localizer.data import read_rows
from training.localizer.encoding import Draw, FeatureEncoder, seen
from training.localizer.features import FeatureBatch, encode_rows, plan
from training.localizer.live_stage import LiveStage
from training.localizer.stage import LocalizeStage
from training.runs.losses import total


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("devices")
    (folder / "build.yaml").write_text("{count: 10, seed: 5, size: 64, references: [1, 2], validation_share: 0.4}")
    assert build_main(["--config", str(folder / "build.yaml"), "--out", str(folder / "set"), "--workers", "1"]) == 0
    assistant = Assistant.load("tiny")
    rows = read_rows(folder / "set")
    features = FeatureEncoder(assistant.detector.clip.encoder, assistant.detector.localizer)
    encode_rows(rows, features, folder / "features", 0, (56,), (0, 1))
    return folder


def lateral(built: Path, assistant: Assistant) -> LocalizeStage:
    return LocalizeStage(
        assistant.detector.clip, assistant.detector.localizer, read_rows(built / "set"), built / "features", 4
    )


def live(built: Path, assistant: Assistant) -> LiveStage:
    return LiveStage(assistant.detector.clip, assistant.detector.localizer, read_rows(built / "set"), (56,), 0, 4)


def one_of_each_kind(stage: LocalizeStage) -> list[object]:
    """A batch without references, and one with where there are any."""
    planned = {bool(shape.compared): (indices, shape) for indices, shape in stage.epoch(0, 0)}
    return list(planned.values())


def tensors(value: object) -> list[Tensor]:
    if isinstance(value, Match | FeatureBatch):
        return [t for f in fields(value) for t in tensors(getattr(value, f.name))]
    if isinstance(value, tuple):
        return [t for v in value for t in tensors(v)]
    return [value] if isinstance(value, Tensor) else []


@pytest.mark.parametrize("make", [lateral, live])
def test_every_tensor_of_a_batch_moves(built: Path, make: object) -> None:
    stage = make(built, Assistant.load("tiny"))
    loaded = [stage.load(planned) for planned in stage.epoch(0, 0)]
    for batch in loaded:
        moved = batch.to(ELSEWHERE)
        for field in fields(FeatureBatch):
            before, after = tensors(getattr(batch, field.name)), tensors(getattr(moved, field.name))
            assert len(before) == len(after), field.name
            assert all(t.device == ELSEWHERE for t in after), field.name
            assert [t.shape for t in before] == [t.shape for t in after]
        assert tensors(batch)
        assert moved.rows == batch.rows
        assert moved.region_owner == batch.region_owner
    assert make is live or any(batch.match is not None for batch in loaded)


@pytest.mark.parametrize("make", [lateral, live])
def test_losses_elsewhere_are_those_here_and_reach_the_same_parameters(built: Path, make: object) -> None:
    assistant = Assistant.load("tiny")
    localizer = assistant.detector.localizer.requires_grad_(True)
    localizer.train().apply(lambda m: setattr(m, "p", 0.0) if isinstance(m, torch.nn.Dropout) else None)
    stage = make(built, assistant)
    for planned in one_of_each_kind(stage):
        localizer.zero_grad()
        here = stage.losses(stage.load(planned), random.Random(1))
        total(here, {}).backward()
        gradients = {n: p.grad for n, p in localizer.named_parameters()}
        with elsewhere(localizer, assistant.detector.clip.model):
            batch = stage.load(planned)
            assert all(isinstance(t, Distant) for t in tensors(batch))
            there = stage.losses(batch, random.Random(1))
            total(there, {}).backward()
            for name, parameter in localizer.named_parameters():
                assert (parameter.grad is None) == (gradients[name] is None), name
                if parameter.grad is not None:
                    torch.testing.assert_close(parameter.grad.here, gradients[name], atol=1e-4, rtol=1e-2)
        assert {k: float(v.detach()) for k, v in there.items()} == pytest.approx(
            {k: float(v.detach()) for k, v in here.items()}, abs=1e-5
        )


def test_predictions_for_validation_elsewhere_are_those_here(built: Path) -> None:
    assistant = Assistant.load("tiny")
    stage = lateral(built, assistant)
    here = stage.collect()
    with elsewhere(assistant.detector.localizer, assistant.detector.clip.model):
        there = stage.collect()
    assert [(c.kind, c.row, c.type_hits) for c in there] == [(c.kind, c.row, c.type_hits) for c in here]
    for one, same in zip(there, here, strict=True):
        assert one.image == pytest.approx(same.image, abs=1e-4)
        np.testing.assert_allclose(one.map, same.map, atol=1e-4)
        np.testing.assert_array_equal(one.target, same.target)


@pytest.mark.parametrize("residual", [False, True])
def test_features_are_encoded_elsewhere(built: Path, residual: bool) -> None:
    assistant = Assistant.load("tiny")
    localizer = assistant.detector.localizer
    features = FeatureEncoder(assistant.detector.clip.encoder, localizer, residual)
    for row in read_rows(built / "set")[:2]:
        shown = seen(features.encoder, [Draw(row, *plan(row, 1, (56,), (1, 2)))])
        (here,) = features.of_all(shown)
        with elsewhere(localizer, assistant.detector.clip.model):
            (there,) = FeatureEncoder.of_all.__wrapped__(features, shown)
            assert there.compared is not None
            assert here.compared is not None
            for one, same in ((there, here), (there.compared, here.compared)):
                for name in (f.name for f in fields(one) if isinstance(getattr(one, f.name), Tensor)):
                    assert name == "regions" or isinstance(getattr(one, name), Distant), name
                    torch.testing.assert_close(getattr(one, name).cpu(), getattr(same, name), atol=5e-3, rtol=5e-3)


def test_the_other_device_refuses_what_a_gpu_refuses() -> None:
    layer = torch.nn.Linear(3, 2)
    with elsewhere(layer):
        assert layer.weight.device == ELSEWHERE
        with pytest.raises(RuntimeError, match="expected all tensors on one device"):
            layer(torch.ones(1, 3))
        there = layer(torch.ones(1, 3).to(ELSEWHERE))
        assert there.device == ELSEWHERE
        assert without_values(there.detach().numpy)
        assert there.detach().cpu().numpy().shape == (1, 2)
        assert torch.zeros(2, device=ELSEWHERE).here.tolist() == [0, 0]
    assert layer(torch.ones(1, 3)).device.type == "cpu"
