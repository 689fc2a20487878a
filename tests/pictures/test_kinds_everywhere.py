"""The newer kinds pass every door that walks folders: inspect, batch, builders, textures, and a set that is read alike."""

from __future__ import annotations

from pathlib import Path

import imagecodecs
import numpy as np
import pytest
from PIL import Image

from assistant.batch.inputs.listing import Inputs, find_items
from assistant.pictures.images import find_images, load_image
from assistant.pictures.sets import shared_levels
from data_builders.collect import textures
from data_builders.files import list_pictures, read_pixels
from tests.pictures.test_dicom import RAMP
from tests.pictures.test_images import dicom

GREY = np.rint(np.tile(np.linspace(0.1, 0.9, 64), (24, 1)) * 4095).astype(np.uint16)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A picture of every newer kind, all of the same 12 bits."""
    np.save(tmp_path / "a.npy", GREY)
    (tmp_path / "b.jxl").write_bytes(imagecodecs.jpegxl_encode(GREY, lossless=True))
    (tmp_path / "c.jp2").write_bytes(imagecodecs.jpeg2k_encode(GREY, level=0, reversible=True))
    (tmp_path / "d.IMA").write_bytes(dicom(RAMP))
    Image.fromarray((GREY >> 4).astype(np.uint8)).save(tmp_path / "e.avif", quality=100)
    (tmp_path / "notes.txt").write_text("no picture")
    return tmp_path


def test_every_door_finds_and_reads_them(folder: Path) -> None:
    names = ["a.npy", "b.jxl", "c.jp2", "d.IMA", "e.avif"]
    assert find_images(folder) == [str(folder / name) for name in names]
    assert [item.source for item in find_items(Inputs(paths=(str(folder),)))] == find_images(folder)
    assert [path.name for path in list_pictures(folder)] == names
    for path in list_pictures(folder):
        pixels = read_pixels(path)
        assert np.array_equal(pixels, load_image(path).pixels)
        assert np.corrcoef(pixels[0, :, 0], np.arange(64))[0, 1] > 0.99


def test_textures_are_looked_for_among_them(tmp_path: Path) -> None:
    rough = np.random.default_rng(0).integers(0, 4096, (300, 300)).astype(np.uint16)
    (tmp_path / "a.jxl").write_bytes(imagecodecs.jpegxl_encode(rough, lossless=True))
    (tmp_path / "notes.txt").write_text("no picture")
    ((name, pixels),) = textures(tmp_path)
    assert name == "a"
    assert np.array_equal(pixels, load_image(tmp_path / "a.jxl").pixels)


def test_a_mixed_set_shares_its_levels(folder: Path) -> None:
    some = [folder / name for name in ("a.npy", "b.jxl", "c.jp2")]
    levels = shared_levels(some)
    assert levels is not None
    first, *others = (load_image(path, levels=levels).pixels for path in some)
    assert all(np.abs(one.astype(int) - first).max() <= 1 for one in others)
