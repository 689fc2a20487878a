"""Samples of one product: their references are encoded once, drawn anew for each, and compared by number alike."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
import torch

from assistant.types import QueryImage
from assistant.vision.detector import Detector
from tests.training.tiny_runs import build_set, localize_recipe
from training.localizer import encoding as encoding_module
from training.localizer.data import DataRow, read_rows
from training.localizer.encoding import Draw, FeatureEncoder, chosen_references
from training.localizer.feature_store import Shape
from training.localizer.features import encode_rows, plan, read_batch, read_shape
from training.localizer.run import SET_SPACING, read_sets
from training.runs.recipe import Recipe, read_recipe
from training.train import main

QUERIES = 4


@pytest.fixture(scope="module")
def products(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a data set of seven products, four samples each."""
    folder = tmp_path_factory.mktemp("products")
    return build_set(folder, queries_per_product=QUERIES, references=[3, 4], sources={"kinds": {"object": 1.0}})


@pytest.fixture(scope="module")
def rows(products: Path) -> list[DataRow]:
    return read_rows(products / "set")


def test_rows_tell_their_product_and_products_of_two_sets_stay_apart(products: Path, rows: list[DataRow]) -> None:
    assert [row.product for row in rows] == [i // QUERIES for i in range(len(rows))]
    recipe = read_recipe(localize_recipe(products, "twice"), [f"data.sets=[{products / 'set'}, {products / 'set'}]"])
    assert isinstance(recipe, Recipe)
    both = [row.product for row in read_sets(recipe)]
    assert both == [i // QUERIES + offset for offset in (0, SET_SPACING) for i in range(len(rows))]


def test_samples_of_a_product_have_one_side_and_references_of_their_own(rows: list[DataRow]) -> None:
    sides = {(row.product, plan(row, 0, (70, 84, 98, 112), (1, 2))[0]) for row in rows}
    assert len(sides) == len({row.product for row in rows})
    assert len({side for _, side in sides}) > 1
    drawn = [tuple(chosen_references(row, 2)) for row in rows[:QUERIES]]
    assert len(set(drawn)) > 1
    assert drawn == [tuple(chosen_references(row, 2)) for row in rows[:QUERIES]]
    assert all(set(pair) <= set(rows[0].references) and len(set(pair)) == 2 for pair in drawn)


def test_references_of_a_product_are_encoded_once_and_few_are_kept(
    rows: list[DataRow], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    detector = Detector.load("tiny")
    seen: Counter[Path] = Counter()
    load = encoding_module.load_image

    def watched(path: Path) -> QueryImage:
        seen[path] += 1
        return load(path)

    monkeypatch.setattr(encoding_module, "load_image", watched)
    encoder = FeatureEncoder(detector.clip.encoder, detector.localizer)
    encode_rows(rows[: 2 * QUERIES], encoder, tmp_path, 0, (112,), (3,))
    assert set(seen.values()) == {1}
    assert {key[0] for key in encoder.kept} <= {path for row in rows[: 2 * QUERIES] for path in row.references}
    alone = FeatureEncoder(detector.clip.encoder, detector.localizer).of(Draw(rows[5], 112, 3, False))
    batch = read_batch(tmp_path, [rows[5]], read_shape(tmp_path / f"{rows[5].index:07d}.safetensors"))
    assert batch.match is not None
    assert alone.compared is not None
    torch.testing.assert_close(batch.match.distance[0], alone.compared.distance, atol=2e-3, rtol=1e-3)


def test_samples_with_other_numbers_of_references_share_a_batch(rows: list[DataRow], tmp_path: Path) -> None:
    detector = Detector.load("tiny")
    encoder = FeatureEncoder(detector.clip.encoder, detector.localizer)
    encode_rows(rows[:1], encoder, tmp_path, 0, (112,), (1,))
    encode_rows(rows[1:2], encoder, tmp_path, 0, (112,), (3,))
    shapes = {read_shape(tmp_path / f"{row.index:07d}.safetensors") for row in rows[:2]}
    assert len(shapes) == 1
    (shape,) = shapes
    assert shape == Shape(shape.rows, shape.columns, True)
    match = read_batch(tmp_path, rows[:2], shape).match
    assert match is not None
    assert match.shots.tolist() == [1.0, 3.0]


def test_a_localizer_learns_from_products(products: Path) -> None:
    assert main(["--config", str(localize_recipe(products, "run", epochs=1)), "--set", "data.shots=[1, 2]"]) == 0
    assert (products / "run" / "checkpoint" / "localizer.safetensors").exists()
