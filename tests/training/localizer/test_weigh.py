"""Stage weigh: a gate that ranks, a prior that finds what normals have in common, and a run from products to a checkpoint."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from safetensors.torch import load_file

from assistant.vision.calibration import Calibration
from assistant.vision.experts.gate import ABOUT, BASE
from assistant.vision.experts.opinions import EXPERTS
from tests.training.tiny_runs import build_set, localize_recipe
from training.localizer.product_statistics import ProductStatistics, read_statistics, write_statistics
from training.localizer.weigh import fit_calibration, fit_gate, fit_prior, judged, scored
from training.train import main

TEXT, PLAIN = EXPERTS.index("text"), EXPERTS.index("plain")
SHY = ABOUT.index("text of references")


def a_product(seed: int, *, inventing: bool) -> ProductStatistics:
    """Eight queries under eight references; the plain distance is right, text only where it is calm about the references."""
    draw = torch.Generator().manual_seed(seed)
    anomalous = (torch.arange(8) % 2).float()

    def said(truth: torch.Tensor) -> torch.Tensor:
        out = torch.randn(len(truth), len(EXPERTS), generator=draw)
        out[:, PLAIN] += 2 * truth + 4
        out[:, TEXT] += (0 if inventing else 4) * truth + (3 if inventing else -2)
        return out

    about = torch.randn(len(ABOUT), generator=draw) * 0.1
    about[SHY] = 3.0 if inventing else -2.0
    queries, left, copies = said(anomalous), said(torch.zeros(8)), said(torch.zeros(4)) - 1
    coverage = torch.zeros(8, 20)
    coverage[anomalous > 0, :3] = 1.0
    maps = queries[..., None] - 4 + 4 * coverage[:, None]
    wide = (left[..., None].expand(-1, -1, 20), copies[..., None].expand(-1, -1, 20))
    return ProductStatistics(about, queries, left, copies, maps, *wide, anomalous, coverage, torch.tensor(8.0))


@pytest.fixture(scope="module")
def sets() -> list[ProductStatistics]:
    return [a_product(seed, inventing=seed % 2 == 0) for seed in range(60)]


def test_a_gate_learns_to_distrust_text_that_finds_normal_references_anomalous(sets: list[ProductStatistics]) -> None:
    gate = fit_gate(sets, 200, 0)
    calm, inventing = gate(a_product(101, inventing=False).about), gate(a_product(100, inventing=True).about)
    assert calm[TEXT] > 1.25 * inventing[TEXT]
    assert inventing[PLAIN] > inventing[TEXT]
    assert torch.equal(fit_gate(sets, 200, 0)(sets[0].about), gate(sets[0].about)), "the same seed gives the same gate"
    assert not torch.allclose(gate(sets[0].about), torch.tensor(BASE), atol=0.05)


def test_a_prior_finds_how_far_normals_lie_above_copies_and_calls_few_of_them(sets: list[ProductStatistics]) -> None:
    gate = fit_gate(sets, 200, 0)
    prior = fit_prior(scored(sets, gate, "blend"))
    alone = [replace(one, left_out=one.left_out[:0], left_out_maps=one.left_out_maps[:0]) for one in sets]
    found = scored(alone, gate, "blend")
    lifts = [float(one.queries[~one.anomalous].mean() - one.copies.mean()) for one in found]
    assert fit_prior(found).lift == pytest.approx(np.mean(lifts), abs=0.5)
    told = judged([a_product(seed, inventing=seed % 2 == 0) for seed in range(200, 240)], gate, prior)
    assert told["overkill"] < 0.12
    assert told["balanced_accuracy"] > 0.75
    assert told["weighed_auroc"] >= max(told["text_auroc"], told["plain_auroc"])


def test_statistics_come_back_as_they_were_written(tmp_path: Path, sets: list[ProductStatistics]) -> None:
    write_statistics(sets[:2], "train", tmp_path / "1.safetensors")
    for one, again in zip(sets[:2], read_statistics(tmp_path / "1.safetensors"), strict=True):
        assert torch.equal(one.queries, again.queries)
        torch.testing.assert_close(one.query_maps, again.query_maps, atol=5e-3, rtol=1e-3)


def test_what_has_no_product_keeps_its_calibration(sets: list[ProductStatistics]) -> None:
    before = Calibration.identity()
    after = fit_calibration(before, sets[:12], 20, 0)
    assert (after.text_image, after.reference_image) == (before.text_image, before.reference_image)
    assert after.weighed_map.scale > 0
    assert Calibration.from_json(json.loads(json.dumps(after.as_json()))).normal == after.normal


def test_a_run_weighs_the_experts_and_training_that_goes_on_keeps_the_gate(tmp_path: Path) -> None:
    build_set(tmp_path, queries_per_product=4, references=[3, 4], sources={"kinds": {"object": 1.0}})
    assert main(["--config", str(localize_recipe(tmp_path, "first", epochs=1)), "--set", "data.shots=[1, 2]"]) == 0
    data = {"sets": [str(tmp_path / "set")], "features": str(tmp_path / "statistics"), "shots": [1, 2]}
    recipe = {
        "stage": "weigh", "preset": "tiny", "start": str(tmp_path / "first" / "checkpoint"), "data": data,
        "loop": {"max_steps": 20, "tracker": "none"}, "out": str(tmp_path / "weighed"),
    }  # fmt: skip
    (tmp_path / "weigh.yaml").write_text(yaml.safe_dump(recipe))
    assert main(["--config", str(tmp_path / "weigh.yaml")]) == 0
    first, weighed = (tmp_path / name / "checkpoint" for name in ("first", "weighed"))
    parts = [load_file(folder / "localizer.safetensors") for folder in (first, weighed)]
    assert all(torch.equal(parts[0][name], parts[1][name]) for name in parts[0])
    known = [json.loads((folder / "calibration.json").read_text()) for folder in (first, weighed)]
    assert not any(known[0]["gate"]["slopes"])
    assert any(known[1]["gate"]["slopes"])
    assert known[0]["text_image"] == known[1]["text_image"]
    assert "train weighed_auroc" in json.loads((weighed / "card.json").read_text())["scores"]
    on = localize_recipe(tmp_path, "on", start=str(weighed), epochs=1)
    assert (
        main(["--config", str(on), "--set", "data.shots=[1, 2]", "--set", f"data.features={tmp_path / 'again'}"]) == 0
    )
    assert json.loads((tmp_path / "on" / "checkpoint" / "calibration.json").read_text())["gate"] == known[1]["gate"]


def test_pictures_that_are_no_products_are_refused_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    build_set(tmp_path)
    data = {"sets": [str(tmp_path / "set")], "features": str(tmp_path / "statistics")}
    recipe = {"stage": "weigh", "preset": "tiny", "start": "preset", "data": data, "out": str(tmp_path / "out")}
    (tmp_path / "weigh.yaml").write_text(yaml.safe_dump(recipe))
    assert main(["--config", str(tmp_path / "weigh.yaml")]) != 0
    told = capsys.readouterr().err
    assert "a data set of products" in told
    assert not (tmp_path / "statistics").exists()
