"""Stage localize on a few built pictures and the preset tiny: features, losses, loop, exact resume."""

from __future__ import annotations

import json
import random
import shutil
import signal
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from safetensors.torch import load_file

from assistant.errors import ConfigError, DataSetError
from assistant.pipeline import Assistant
from assistant.vision.heads import patch_coverage
from tests.processes import begun
from tests.training.tiny_runs import localize_recipe as recipe
from training.localizer.data import defect_masks, manifest_hash, read_rows
from training.localizer.features import batches, plan, read_batch, read_shape
from training.localizer.stage import REFERENCE_PARTS
from training.runs.losses import dice_loss, focal_loss, map_target, type_loss
from training.runs.recipe import read_recipe
from training.train import main


def test_a_run_trains_calibrates_and_saves_what_loads(built: Path) -> None:
    assert main(["--config", str(recipe(built, "whole"))]) == 0
    folder = built / "whole" / "checkpoint"
    card = json.loads((folder / "card.json").read_text())
    assert card["data"] == [manifest_hash(built / "set")]
    assert card["command"].endswith(f"--config {built / 'whole.yaml'}")
    assert {"text_image_auroc", "reference_patch_auroc"} <= set(card["scores"])
    preset = yaml.safe_load((Path("assistant/presets/tiny/preset.yaml")).read_text())
    (folder / "preset.yaml").write_text(yaml.safe_dump(preset | {"checkpoint": "."}))
    trained = Assistant.load(folder)
    row = read_rows(built / "set")[0]
    assert trained.weights.startswith("sha256:")
    assert trained.inspect(row.image).image_score != Assistant.load("tiny").inspect(row.image).image_score


def test_a_killed_run_resumed_equals_an_uninterrupted_one(built: Path) -> None:
    """SIGKILL wherever it meets the run, twice; weights and best parameters are those of a run that nothing stopped.

    All but one value in a thousand within 1e-6, and none further off than a tenth of one step: in another process sums may
    round otherwise, and where a gradient is nearly zero Adam makes a step of its rounding.
    """
    assert main(["--config", str(recipe(built, "straight", epochs=3, checkpoint_every=1))]) == 0
    config = recipe(built, "killed", epochs=3, checkpoint_every=1)
    for wait_for in (1, 4):
        child = begun(main, (["--config", str(config), "--resume"],), built / "killed.log")
        progress = built / "killed" / "last" / "progress.json"
        while child.is_alive():
            with suppress(OSError, ValueError):
                if json.loads(progress.read_text())["step"] >= wait_for:
                    break
            time.sleep(0.002)
        child.kill()
        child.join()
        assert child.exitcode == -signal.SIGKILL, (built / "killed.log").read_text()
    assert main(["--config", str(config), "--resume"]) == 0
    for file in ("checkpoint/localizer.safetensors", "best.safetensors", "last/model.safetensors"):
        straight, killed = (load_file(built / run / file) for run in ("straight", "killed"))
        for name, tensor in straight.items():
            off = (killed[name] - tensor).abs()
            assert float(off.max()) <= 1e-4, name
            assert int((off > 1e-6).sum()) <= max(1, off.numel() // 1000), name


def test_a_run_folder_is_not_overwritten(built: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = recipe(built, "taken", epochs=1)
    assert main(["--config", str(config)]) == 0
    assert main(["--config", str(config)]) == 2
    assert "add --resume or choose another --out" in capsys.readouterr().err


def test_training_lowers_the_loss_and_moves_only_the_localizer(built: Path) -> None:
    from training.localizer.stage import LocalizeStage
    from training.runs.losses import total

    assistant = Assistant.load("tiny")
    localizer = assistant.detector.localizer.train().requires_grad_(True)
    assert main(["--config", str(recipe(built, "cache", epochs=1))]) == 0
    stage = LocalizeStage(assistant.detector.clip, localizer, read_rows(built / "set"), built / "features", 4)
    before = {k: v.clone() for k, v in assistant.detector.clip.model.state_dict().items()}
    optimizer = torch.optim.Adam(localizer.parameters(), 3e-3)
    planned = list(stage.epoch(0, 0))
    losses = []
    for _ in range(6):
        epoch = [total(stage.losses(stage.load(p), random.Random(1)), {}) for p in planned]
        loss = torch.stack(epoch).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.9 * losses[0]
    for name, tensor in assistant.detector.clip.model.state_dict().items():
        assert torch.equal(tensor, before[name]), name


def test_every_sample_is_in_one_batch_of_its_shape(built: Path) -> None:
    assert main(["--config", str(recipe(built, "shapes", epochs=1))]) == 0
    rows = read_rows(built / "set")
    shapes = {r.index: read_shape(built / "features" / f"{r.index:07d}.safetensors") for r in rows}
    made = list(batches(shapes, 4, random.Random(0)))
    assert sorted(i for indices, _ in made for i in indices) == sorted(shapes)
    assert all(shapes[i] == shape for indices, shape in made for i in indices)


def test_masks_of_a_row_are_its_defects(built: Path) -> None:
    row = next(r for r in read_rows(built / "set") if r.types)
    assert len(defect_masks(row)) == len(row.types)
    assert any(m.any() for m in defect_masks(row))


def test_plan_follows_the_seed(built: Path) -> None:
    row = read_rows(built / "set")[0]
    assert plan(row, 3, (112, 140), (0, 1)) == plan(row, 3, (112, 140), (0, 1))
    assert len({plan(row, s, (112, 140), (0, 1)) for s in range(20)}) > 1


def test_coverage_is_the_share_of_a_patch() -> None:
    mask = np.zeros((64, 64), bool)
    mask[:16, :8] = True
    found = patch_coverage(mask, (4, 4)).reshape(4, 4)
    assert found[0, 0] == 0.5, "the share itself: training and use weigh a region alike"
    assert found.sum() == 0.5


def test_losses_prefer_the_truth() -> None:
    target = map_target(torch.tensor([[0.0, 0.3, 0.0, 1.0]]))
    assert target.tolist() == [[0.0, 1.0, 0.0, 1.0]]
    right, wrong = torch.where(target > 0.5, 4.0, -4.0), torch.where(target > 0.5, -4.0, 4.0)
    for loss in (focal_loss, dice_loss):
        assert loss(right, target) < 0.1 < loss(wrong, target)
    anchors = torch.eye(3)
    assert type_loss(anchors, anchors, torch.tensor([0, 1, 2])) < type_loss(anchors, anchors, torch.tensor([1, 2, 0]))
    assert type_loss(torch.zeros(0, 3), anchors, torch.zeros(0, dtype=torch.long)) == 0


def test_bad_recipes_and_data_sets_are_refused(built: Path, tmp_path: Path) -> None:
    good = recipe(built, "good")
    with pytest.raises(ConfigError, match=r"a valid `loop\.epochs`"):
        read_recipe(good, ["loop.epochs=many"])
    with pytest.raises(ConfigError, match="--set key=value"):
        read_recipe(good, ["loop.epochs"])
    with pytest.raises(ConfigError, match="a readable YAML recipe"):
        read_recipe(tmp_path / "missing.yaml", [])
    with pytest.raises(DataSetError, match=r"a data set with metadata\.jsonl"):
        read_rows(tmp_path)
    (tmp_path / "metadata.jsonl").write_text('{"index": 1}\n')
    with pytest.raises(DataSetError, match="row 1 of"):
        read_rows(tmp_path)


def test_the_reference_expert_alone_learns_where_nothing_else_is_asked(
    built: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--config", str(recipe(built, "first", epochs=1))]) == 0
    start = built / "first" / "checkpoint"
    on = recipe(built, "references", start=str(start), epochs=2, learning_rate=0.01)
    more = ["--set", f"data.features={built / 'reference_features'}", "--set", "only=references"]
    assert main(["--config", str(on), *more]) == 0
    folder = built / "references" / "checkpoint"
    before, after = (load_file(one / "localizer.safetensors") for one in (start, folder))
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert changed
    assert changed == {name for name in before if name.startswith(REFERENCE_PARTS)}
    cards = [json.loads((one / "card.json").read_text()) for one in (start, folder)]
    assert cards[1]["base"] == {"localizer": cards[0]}
    known = [json.loads((one / "calibration.json").read_text()) for one in (start, folder)]
    assert known[0]["text_image"] == known[1]["text_image"]
    assert known[0]["reference_image"] != known[1]["reference_image"]
    assert main(["--config", str(recipe(built, "nothing")), "--set", "only=references"]) == 2
    assert "only: references goes with stage localize and a start, got no start" in capsys.readouterr().err


def test_residual_mode_learns_through_the_tower_and_scores_as_the_assistant_does(built: Path) -> None:
    preset = yaml.safe_load(Path("assistant/presets/tiny/preset.yaml").read_text())
    residual = built / "residual.yaml"
    residual.write_text(yaml.safe_dump(preset | {"adapters": {**preset.get("adapters", {}), "mode": "residual"}}))
    config = recipe(built, "residual_run")
    assert main(["--config", str(config), "--set", f"preset={residual}", "--set", "loop.epochs=1"]) == 0
    folder = built / "residual_run" / "checkpoint"
    trained = load_file(folder / "localizer.safetensors")
    assert float(trained["adapters.0.seg_up.weight"].abs().max()) > 0
    (folder / "preset.yaml").write_text(yaml.safe_dump(yaml.safe_load(residual.read_text()) | {"checkpoint": "."}))
    assistant = Assistant.load(folder)
    row = read_rows(built / "set")[0]
    seen = assistant.detector.encode(row.image)
    made = built / "residual_run" / "features"
    shape = read_shape(made / f"{row.index:07d}.safetensors")
    cached = torch.stack(read_batch(made, [row], shape).tokens, 1)[0]
    if cached.shape[1] == seen.features.levels[0].shape[1]:
        torch.testing.assert_close(cached, torch.stack(seen.features.levels, 1)[0], atol=7e-2, rtol=3e-2)
    plain = Assistant.load("tiny").detector.encode(row.image)
    assert not torch.allclose(seen.features.levels[-1], plain.features.levels[-1], atol=1e-3)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("loop.seed=1", "seed 0 instead of 1"),
        ("data.sides=[56]", "sides [112] instead of [56]"),
        ("data.shots=[1, 2, 4]", "shots [0, 1, 2] instead of [1, 2, 4]"),
        ("data.limit=99", "limit null instead of 99"),
        ("data.sets", 'hash of data 1 "'),
    ],
)
def test_features_made_from_something_else_are_not_used(
    built: Path, tmp_path: Path, change: str, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    config, features = recipe(built, "own_features"), built / "own_features_kept"
    kept = f"data.features={features}"
    if not features.exists():
        assert main(["--config", str(config), "--set", kept, "--set", "loop.epochs=1"]) == 0
    if change == "data.sets":
        shutil.copytree(built / "set", tmp_path / "set")
        (tmp_path / "set" / "manifest.json").write_text("{}")
        change = f"data.sets=[{tmp_path / 'set'}]"
    before = {path: path.read_bytes() for path in features.iterdir()}
    capsys.readouterr()
    assert main(["--config", str(config), "--set", kept, "--set", f"out={tmp_path / 'out'}", "--set", change]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"error: expected features made from what this run trains on, got {told}")
    assert line.endswith("in own_features_kept; name another folder in `data.features`")
    assert {path: path.read_bytes() for path in features.iterdir()} == before
    assert not (tmp_path / "out").exists()


def test_features_that_do_not_tell_what_they_were_made_from_are_not_used(
    built: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config, features = recipe(built, "unknown_features"), tmp_path / "features"
    features.mkdir()
    (features / "0000000.safetensors").touch()
    assert main(["--config", str(config), "--set", f"data.features={features}"]) == 2
    assert "got some without features.json, which tells it, in features; name another" in capsys.readouterr().err
    assert [path.name for path in features.iterdir()] == ["0000000.safetensors"]
