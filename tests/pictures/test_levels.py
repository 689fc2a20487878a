"""Which value is black and which is white: dead pixels, no data, declared depth, every type alike, sets read alike."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image

from assistant.errors import ImageError
from assistant.pictures.images import load_image
from assistant.pictures.levels import find_levels, read_with
from assistant.pictures.pixels import DEFAULT_LIMITS
from assistant.pictures.sets import PictureFiles, ReadAlike, may_be_deep, shared_levels
from assistant.types import Levels
from data_builders.files import decode, read_pixels
from data_builders.sources.folder import FolderFamily

LIGHT = np.repeat(np.linspace(0.1, 0.9, 320)[None], 240, 0)


def agreement(pixels: np.ndarray, where: np.ndarray | None = None) -> tuple[float, int]:
    """Correlation with the truth, and how many grey levels there are."""
    grey = pixels[..., 0].astype(float)
    kept = np.ones(LIGHT.shape, bool) if where is None else where
    return float(np.corrcoef(grey[kept], LIGHT[kept])[0, 1]), len(np.unique(grey[kept]))


def saved(path: Path, values: np.ndarray, **options: Any) -> str:
    tifffile.imwrite(path, values, **options)
    return str(path)


@pytest.mark.parametrize("bad", [65535, 30000, 0])
@pytest.mark.parametrize("shape", [(240, 320), (30, 30), (10, 12)])
def test_one_dead_pixel_moves_nothing(tmp_path: Path, bad: int, shape: tuple[int, int]) -> None:
    light = np.repeat(np.linspace(0.1, 0.9, shape[1])[None], shape[0], 0)
    values = np.rint(light * 4095).astype(np.uint16)
    dead = values.copy()
    dead[3, 3] = bad
    good = load_image(saved(tmp_path / "a.tif", values)).pixels
    other = load_image(saved(tmp_path / "b.tif", dead)).pixels
    assert np.abs(np.delete(good.reshape(-1, 3).astype(int) - other.reshape(-1, 3), 3 * shape[1] + 3, 0)).max() <= 1
    colour = np.dstack([dead] * 3)
    assert np.array_equal(load_image(saved(tmp_path / "c.tif", colour, photometric="rgb")).pixels, other)


@pytest.mark.parametrize("kind", ["u2", "i2", "u4", "i4"])
@pytest.mark.parametrize("colour", [False, True])
def test_a_dead_row_is_no_data(tmp_path: Path, kind: str, colour: bool) -> None:
    values = np.rint(LIGHT * 4095).astype(kind)
    values[17:20] = np.iinfo(kind).max
    stack = np.dstack([values] * 3) if colour else values
    image = load_image(saved(tmp_path / "a.tif", stack, photometric="rgb" if colour else "minisblack"))
    rows = np.arange(240)[:, None].repeat(320, 1)
    alive = (rows < 17) | (rows >= 20)
    assert agreement(image.pixels, alive)[0] > 0.999
    assert agreement(image.pixels, alive)[1] > 200
    assert (image.pixels[17:20] == 0).all()
    assert "no data in part, shown black (1.2 % of its pixels" in image.notes[0]


@pytest.mark.parametrize("hole", [-99999.0, -9999.0, -32768.0, 0.0, np.nan, np.inf, -np.inf, 3.4e38, -3.4028235e38])
@pytest.mark.parametrize("kind", ["f4", "f8"])
def test_no_data_of_height_maps_is_set_aside(tmp_path: Path, hole: float, kind: str) -> None:
    heights = (480 + 30 * LIGHT).astype(kind)
    heights[:40] = hole
    image = load_image(saved(tmp_path / "a.tif", heights))
    rows = np.arange(240)[:, None].repeat(320, 1)
    correlation, levels = agreement(image.pixels, rows >= 40)
    assert correlation > 0.999
    assert levels > 200
    assert (image.pixels[:40] == 0).all()
    assert image.notes[0].startswith("holds no data in part, shown black (17 % of its pixels: ")
    array = load_image(heights)
    assert np.array_equal(array.pixels, image.pixels)


def test_the_value_that_the_file_names_is_no_data(tmp_path: Path) -> None:
    heights = (480 + 30 * LIGHT).astype(np.float32)
    heights[:40] = 470.0
    image = load_image(saved(tmp_path / "a.tif", heights, extratags=[(42113, "s", 0, "470", True)]))
    assert (image.pixels[:40] == 0).all()
    assert "17 %" in image.notes[0]
    assert "470" in image.notes[0]


def test_an_empty_channel_is_no_missing_data(tmp_path: Path) -> None:
    green = np.rint(500 + 400 * LIGHT).astype(np.uint16)
    empty = np.zeros_like(green)
    image = load_image(saved(tmp_path / "a.tif", np.dstack([empty, green, empty]), photometric="rgb"))
    assert image.notes == ()
    assert (image.pixels[..., ::2] == 0).all()
    assert np.corrcoef(image.pixels[..., 1].ravel(), LIGHT.ravel())[0, 1] > 0.999
    points = np.dstack([LIGHT * 900, LIGHT * 700, 480 + 30 * LIGHT]).astype(np.float32)
    points[:40, :, 2] = -9999
    assert (load_image(points).pixels[:40] == 0).all()
    hidden = np.dstack([green] * 3 + [np.full_like(green, 65535)])
    hidden[:100] = 0
    laid = load_image(saved(tmp_path / "b.tif", hidden, photometric="rgb", extrasamples=["unassalpha"]))
    assert laid.notes == ()
    assert (laid.pixels[:100] == 255).all()
    assert np.ptp(laid.pixels[100:]) > 250


def test_an_object_is_no_missing_data() -> None:
    values = np.full((60, 80), 1000, np.uint16)
    values[20:40, 20:40] = 65535
    assert load_image(values).notes == ()
    assert (load_image(values).pixels[25, 25] == 255).all()
    values = np.rint(LIGHT * 60000).astype(np.uint16)
    values[:100, :100] = 0
    assert load_image(values).notes == ()


@pytest.mark.parametrize("offset", [0.0, 0.3, 0.48, 0.9])
def test_metres_use_the_whole_range_of_greys(tmp_path: Path, offset: float) -> None:
    metres = (offset + 0.03 * LIGHT).astype(np.float32)
    correlation, levels = agreement(load_image(saved(tmp_path / "a.tif", metres)).pixels)
    assert correlation > 0.999
    assert levels > 200


@pytest.mark.parametrize("kind", ["u2", "u4", "u8", "i1", "i2", "i4", "i8", "f2", "f4", "f8"])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_twelve_bits_use_the_whole_range_whatever_the_type(tmp_path: Path, kind: str, channels: int) -> None:
    top = {"i1": 100, "f2": 2000}.get(kind, 4095)
    opaque = 1.0 if kind[0] == "f" else np.iinfo(kind).max
    grey = (LIGHT * top).astype(kind)
    parts = [grey] * (channels - (channels % 2 == 0)) + [np.full_like(grey, opaque)] * (channels % 2 == 0)
    values = grey if channels == 1 else np.dstack(parts)
    more = {"extrasamples": ["unassalpha"]} if channels % 2 == 0 else {}
    if channels > 1:
        more["planarconfig"] = "contig"
    photometric = "rgb" if channels > 2 else "minisblack"
    correlation, levels = agreement(
        load_image(saved(tmp_path / "a.tif", values, photometric=photometric, **more)).pixels
    )
    assert correlation > 0.999
    assert levels >= {"i1": 81, "f2": 95}.get(kind, 200)


@pytest.mark.parametrize("colour", [False, True])
@pytest.mark.parametrize("alpha", [False, True])
def test_png_of_16_bits_keeps_them(colour: bool, alpha: bool) -> None:
    grey = np.rint(LIGHT * 4095).astype(np.uint16)
    if alpha:
        import imagecodecs

        values = np.dstack([grey] * (3 if colour else 1) + [np.full_like(grey, 65535)])
        data = imagecodecs.png_encode(values)
    else:
        data = cv2.imencode(".png", np.dstack([grey] * 3) if colour else grey)[1].tobytes()
    correlation, levels = agreement(load_image(data).pixels)
    assert correlation > 0.999
    assert levels == 256


@pytest.mark.parametrize("invert", [False, True])
def test_declared_levels_come_first_and_false_ones_are_told(tmp_path: Path, invert: bool) -> None:
    values = np.rint(LIGHT * 1000).astype(np.uint16)
    photometric = "miniswhite" if invert else "minisblack"

    def stated(least: int, most: int) -> Any:
        tags = [(340, "H", 1, least, True), (341, "H", 1, most, True)]
        return load_image(saved(tmp_path / "a.tif", values, photometric=photometric, extratags=tags))

    dark = stated(0, 4000).pixels.astype(int)
    assert dark.max() - dark.min() == pytest.approx(255 * 0.2, abs=1)
    false = stated(0, 200)
    assert np.ptp(false.pixels) == 255
    assert "does not keep to the levels it states" in false.notes[0]


@pytest.mark.parametrize("kind", ["u1", "u2", "u4", "i2", "f4"])
def test_min_is_white_is_no_negative(tmp_path: Path, kind: str) -> None:
    top = 255 if kind == "u1" else 4095
    for scale in (top, 65535 if kind in ("u2", "u4") else top):
        values = (scale - LIGHT * scale).astype(kind)
        pixels = load_image(saved(tmp_path / "a.tif", values, photometric="miniswhite")).pixels
        assert agreement(pixels)[0] > 0.999


def test_levels_of_sampled_and_of_few_values() -> None:
    many = find_levels(np.arange(2_000_000, dtype=np.int32), None)[0]
    assert (many.black, many.white) == pytest.approx((2000, 1998000), abs=30)
    assert find_levels(np.array([5, 5], np.int16), None)[0] == Levels(5, 5)
    assert find_levels(np.zeros(0, np.float32), None)[0] == Levels(0, 1)
    with pytest.raises(ImageError, match="finite"):
        load_image(np.full((20, 20), np.nan))


# --- sets that are read alike


def camera(folder: Path, count: int = 3, gain: float = 1.0) -> list[str]:
    """Pictures of 12 bits, each a little brighter than the one before."""
    return [
        saved(folder / f"{n}.tif", np.rint(LIGHT * 2000 * (1 + 0.1 * n) * gain).astype(np.uint16)) for n in range(count)
    ]


def test_a_brighter_picture_stays_brighter(tmp_path: Path) -> None:
    paths = camera(tmp_path)
    alone = [load_image(path).pixels.mean() for path in paths]
    assert np.ptp(alone) < 1
    alike = ReadAlike(paths)
    means = [image.pixels.mean() for image in alike]
    assert means[1] - means[0] > 5
    assert means[2] - means[1] > 5
    assert alike.levels == shared_levels([load_image(path) for path in paths])
    assert alike.levels == PictureFiles(paths, DEFAULT_LIMITS, None).levels()
    for image, path in zip(alike, paths, strict=True):
        again = load_image(path, levels=alike.levels)
        assert np.array_equal(image.pixels, again.pixels)
        assert np.array_equal(read_with(load_image(path), alike.levels).pixels, again.pixels)
        assert image.notes == again.notes == ()
    assert [one.source for one in alike[1:]] == paths[1:]


def test_a_picture_outside_the_levels_says_so(tmp_path: Path) -> None:
    levels = ReadAlike(camera(tmp_path)).levels
    bright = load_image(saved(tmp_path / "x.tif", np.rint(LIGHT * 4000).astype(np.uint16)), levels=levels)
    assert bright.notes[0].startswith("lies outside the grey levels of its references in part (")
    assert "of its references" in read_with(load_image(str(tmp_path / "x.tif")), levels).notes[0]


def test_levels_leave_8_bits_and_chosen_windows_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Image.fromarray((LIGHT * 255).astype(np.uint8)).save(path)
    assert shared_levels([str(path)]) is None
    assert np.array_equal(load_image(path, levels=Levels(0, 9)).pixels, load_image(path).pixels)
    assert not may_be_deep(path)
    assert may_be_deep(saved(tmp_path / "a.tif", np.zeros((9, 9), np.uint8)))
    assert may_be_deep(tmp_path / "missing.png")


def test_the_builder_reads_as_every_door_reads(tmp_path: Path) -> None:
    paths = camera(tmp_path)
    for path in paths:
        assert np.array_equal(decode(Path(path).read_bytes()), load_image(path).pixels)
    levels = shared_levels(paths)
    family = FolderFamily("plate", tmp_path, "plate")
    for n, path in enumerate(paths):
        assert np.array_equal(family._load(n)[0], read_pixels(Path(path), levels))
    apart = FolderFamily("plate", tmp_path, "plate", together=False)
    assert np.array_equal(apart._load(2)[0], read_pixels(Path(paths[2])))


def test_what_the_builder_made_black_or_wrapped(tmp_path: Path) -> None:
    values = np.dstack([np.rint(LIGHT * 255).astype(np.uint8)] * 3)
    for codec in ("jpeg2000", "jpegxl"):
        path = Path(saved(tmp_path / f"{codec}.tif", values, photometric="rgb", compression=codec))
        assert np.abs(read_pixels(path).astype(int) - values).max() <= 3
    heights = (800 * np.sin(9 * LIGHT)).astype(np.int16)
    pixels = read_pixels(Path(saved(tmp_path / "i.tif", heights)))
    assert np.corrcoef(pixels[..., 0].ravel().astype(float), heights.ravel())[0, 1] > 0.99
    cutout = np.dstack([values, np.zeros(LIGHT.shape, np.uint8)])
    Image.fromarray(cutout).save(tmp_path / "cutout.png")
    assert (read_pixels(tmp_path / "cutout.png") == 255).all()
