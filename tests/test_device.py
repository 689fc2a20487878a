"""What must hold on whatever computes here, a GPU or a CPU: ``pytest -m device`` runs these alone, as ``benchmark-gpu`` does."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from assistant.batch import run
from assistant.language.models.mini import MiniLVLM
from assistant.language.tokens.generation import LIKELIEST
from assistant.pictures.images import load_image
from assistant.pipeline import Assistant
from demo.bench.session_store import SessionStore
from demo.bench.workbench import Workbench
from demo.engine import Engine
from demo.settings import Settings
from tests.batch.conftest import rows_of
from tests.tiny_language import talking_preset
from training.measures.gpu_shards import sharded_against_plain

pytestmark = pytest.mark.device
HERE = "cuda" if torch.cuda.is_available() else "cpu"
ALIKE = 0.02
"""Scores of two devices and precisions differ by less."""


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Four pictures of two shapes, half of them with a bright square."""
    folder, rng = tmp_path_factory.mktemp("pictures"), np.random.default_rng(4)
    for number in range(4):
        values = rng.integers(60, 120, ((60, 80), (96, 64))[number % 2] + (3,), np.uint8)
        if number > 1:
            values[10:30, 20:40] = 250
        cv2.imwrite(str(folder / f"{number}.png"), values)
    return sorted(folder.iterdir())


@pytest.fixture(scope="module")
def assistant() -> Assistant:
    """As it loads without being told where."""
    return Assistant.load("tiny")


def test_inspecting_works_where_models_are_put(assistant: Assistant, pictures: list[Path]) -> None:
    assert assistant.detector.localizer.device.type == assistant.detector.clip.encoder.device.type == HERE
    profile = assistant.build_profile(pictures[:2])
    for path in pictures:
        for inspection in (assistant.inspect(path), assistant.inspect(path, profile=profile)):
            scores = inspection.anomaly_map.scores
            assert scores.shape == cv2.imread(str(path)).shape[:2]
            assert isinstance(scores, np.ndarray)
            assert 0 <= scores.min() < scores.max() <= 1


def test_scores_are_those_of_a_cpu_in_float32(pictures: list[Path]) -> None:
    """In half precision where that is another one; no verdict differs."""
    near, exact = Assistant.load("tiny", dtype="bfloat16"), Assistant.load("tiny", device="cpu", dtype="float32")
    assert near.detector.clip.encoder.dtype is torch.bfloat16
    profiles = [one.build_profile(pictures[:2]) for one in (near, exact)]
    for path in pictures:
        for compared in (profiles, (None, None)):
            one, other = (
                assistant.inspect(path, profile=profile)
                for assistant, profile in zip((near, exact), compared, strict=True)
            )
            assert one.image_score == pytest.approx(other.image_score, abs=ALIKE)
            assert one.verdict is other.verdict
            assert np.abs(one.anomaly_map.scores - other.anomaly_map.scores).mean() < ALIKE


def test_a_batch_says_what_inspecting_says(assistant: Assistant, pictures: list[Path], tmp_path: Path) -> None:
    for _ in (ran := run([str(path) for path in pictures], tmp_path / "out", assistant=assistant)):
        pass
    assert (ran.written, ran.failed) == (4, 0)
    rows = rows_of(tmp_path / "out" / "results.jsonl")
    for path in pictures:
        row, inspection = (
            next(row for source, row in rows.items() if source.endswith(path.name)),
            assistant.inspect(path),
        )
        assert row["image_score"] == pytest.approx(inspection.image_score, abs=ALIKE)
        assert row["verdict"] == inspection.verdict.value


def test_the_page_judges_as_inspecting_does(assistant: Assistant, pictures: list[Path], tmp_path: Path) -> None:
    engine = Engine(lambda: assistant).start()
    assert engine.wait(60) is assistant
    bench = Workbench(engine, SessionStore(4, root=tmp_path), Settings(preset="tiny"))
    session = bench.store.new()
    for path in pictures:
        shown = bench.add(session, load_image(path)).view
        assert shown is not None
        inspection = assistant.inspect(path)
        assert shown.score == pytest.approx(inspection.image_score, abs=ALIKE)
        assert shown.verdict is inspection.verdict


def test_words_are_likely_as_on_a_cpu(tmp_path: Path, pictures: list[Path]) -> None:
    talking = Assistant.load(talking_preset(tmp_path))
    talk = talking.open(talking.inspect(pictures[2]), "text")
    assert isinstance(talk.model, MiniLVLM)
    assert talk.ask("Is it sound?").text
    parts = talk.model.parts
    assert parts.model.device.type == HERE
    ids = torch.tensor([list(parts.renderer.opening("Is it sound?", parts.slots(False), "Verdict."))], device=HERE)
    eight = {"max_new_tokens": 8, "min_length": None, "min_new_tokens": 8, "pad_token_id": parts.renderer.end_ids[0]}
    written = parts.model.generate(ids, attention_mask=torch.ones_like(ids), **(LIKELIEST | eight))
    assert written.shape[1] == ids.shape[1] + 8
    with torch.inference_mode():
        near = parts.model(ids).logits.float().cpu()
        exact = parts.model.float().cpu()(ids.cpu()).logits
    assert (near - exact).abs().mean() < 0.1 * exact.std()


def test_shards_on_one_process_learn_what_is_learned_without(tmp_path: Path) -> None:
    numbers = sharded_against_plain(tmp_path, steps=3)
    assert numbers["largest_difference"] < (1e-3 if HERE == "cuda" else 1e-6)
    assert numbers["moved"] > 1e-3
