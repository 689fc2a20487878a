"""Pictures in shards, wherever the library takes a path; shards that others wrote; damage that is told."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from assistant.errors import DataSetError, ImageError
from assistant.pictures.images import load_image
from assistant.pictures.shards import PLACES, is_there, open_shard, picture_bytes, within
from assistant.samples.masks import mask_values
from assistant.samples.packing import write_shard
from assistant.samples.rows import order_of
from assistant.samples.sets import open_set
from data_builders.build import build
from data_builders.files import encode_mask, encode_pixels
from tests.data_builders.fakes import config, fake_families


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("shards") / "set"
    build(config(format="shards", references=2, queries_per_product=2), made, families=fake_families(), shard_rows=6)
    return made


def test_a_picture_in_a_shard_is_read_wherever_a_path_is(folder):
    sample = next(iter(open_set(folder)))
    assert str(sample.image).endswith("data/train-00000.parquet::picture=images/0000/0000000.jpg")
    assert is_there(sample.image)
    assert sample.image.suffix == ".jpg"
    image = load_image(sample.image)
    assert image.source == str(sample.image)
    assert np.array_equal(image.pixels, load_image(picture_bytes(sample.image)).pixels)
    again = pickle.loads(pickle.dumps(sample))
    assert again.read(sample.row["image_file_name"]) == picture_bytes(sample.image)


def test_what_is_not_there_is_told(folder, tmp_path):
    shard = next((folder / "data").iterdir())
    assert not is_there(within(shard, "images/9.jpg"))
    assert not is_there(within(tmp_path / "no.parquet", "images/9.jpg"))
    with pytest.raises(ImageError, match=r"the name of a picture in the shard, got 'images/9\.jpg'"):
        load_image(within(shard, "images/9.jpg"))
    with pytest.raises(ImageError, match="a parquet shard of a data set"):
        load_image(within(tmp_path / "no.parquet", "images/9.jpg"))
    (tmp_path / "data").mkdir()
    (tmp_path / "data/train-00000.parquet").write_bytes(shard.read_bytes()[:-100])
    with pytest.raises(DataSetError, match="a whole parquet shard"):
        open_set(tmp_path)
    with pytest.raises(DataSetError, match="shards in data/"):
        open_set(tmp_path / "nowhere")


def test_shards_that_others_wrote_are_read_too(folder, tmp_path):
    """Without places, compressed, in groups of another size, as ``datasets`` and hubs write them."""
    (tmp_path / "data").mkdir()
    for path in (folder / "data").iterdir():
        table = pq.read_table(path)
        plain = table.replace_schema_metadata({b"huggingface": table.schema.metadata[b"huggingface"]})
        pq.write_table(plain, tmp_path / "data" / path.name, row_group_size=4)
    for mine, other in zip(open_set(tmp_path), open_set(folder), strict=True):
        assert mine.row == other.row
        names = [mine.row["image_file_name"], mine.row["mask_file_name"], *mine.row["reference_file_names"]]
        assert [mine.read(name) for name in names] == [other.read(name) for name in names]


@pytest.mark.parametrize("stated", [None, b"[]", b"{", b'{"end": 1, "pictures": {"a": 3}}', b'{"pictures": []}'])
def test_places_of_another_file_are_not_believed(folder, tmp_path, stated):
    """Rows left out and all that stood beside the schema kept, as tools that filter shards do; and nonsense in its place."""
    source = next((folder / "data").iterdir())
    whole, path = pq.ParquetFile(source), tmp_path / "data" / source.name
    path.parent.mkdir()
    beside = {key: value for key, value in whole.metadata.metadata.items() if key != b"ARROW:schema"}
    with pq.ParquetWriter(path, whole.schema_arrow, compression="none", use_dictionary=False) as writer:
        writer.write_table(whole.read().slice(1))
        writer.add_key_value_metadata({**beside, PLACES: beside[PLACES] if stated is None else stated})
    before = {sample.row["index"]: sample for sample in open_set(folder)}
    for sample in open_set(tmp_path):
        name = sample.row["image_file_name"]
        assert sample.read(name) == before[sample.row["index"]].read(name)


def test_a_shard_that_was_written_anew_is_read_anew(folder, tmp_path):
    rows = [dict(sample.row) for sample in open_set(folder)][:2]
    path = tmp_path / "data/train-00000.parquet"
    for said in (b"first", b"second"):
        write_shard(path, rows, lambda _, said=said: said)
        assert open_shard(path).picture(rows[0]["image_file_name"]) == said


def test_a_mask_is_a_grey_png_or_refused():
    grey = np.full((9, 12), 254, np.uint8)
    assert np.array_equal(mask_values(encode_mask(grey), "m"), grey)
    for data in (encode_pixels(np.zeros((9, 12, 3), np.uint8), "png"), encode_mask(grey)[:60], b"", b"P5 1 1 255 x"):
        with pytest.raises(ImageError, match="8-bit grey PNG"):
            mask_values(data, "m")


def test_keys_keep_their_order():
    rows = [{"b": 1, "a": 1}, {"b": 1, "c": 1, "a": 1, "d": 1}]
    assert order_of(rows) == ["b", "c", "a", "d"]
