"""TIFF: every writer, type, layout and codec gives the picture it was written from; pages; what is refused."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest
import tifffile
from PIL import Image

from assistant.batch.inputs.listing import Inputs, find_items
from assistant.errors import ImageError
from assistant.pictures.formats import tiff
from assistant.pictures.formats.tiff import count_pages
from assistant.pictures.images import load_image
from tests.pictures.tiff_files import Case, cases, light, stored, written

MATRIX = list(cases())


def test_the_matrix_is_as_large_as_is_claimed() -> None:
    assert len(MATRIX) >= 250
    assert len({case.name for case in MATRIX}) == len(MATRIX)


@pytest.mark.parametrize("case", MATRIX, ids=lambda case: case.name)
def test_every_tiff_is_read_as_it_was_written(case: Case) -> None:
    pixels = load_image(case.data).pixels
    assert pixels.shape == case.expected.shape
    assert np.abs(pixels.astype(int) - case.expected).max() <= case.tolerance


def ramp(kind: str = "u2") -> np.ndarray:
    return stored(light(), kind)


def pages_of(*values: np.ndarray, **options: Any) -> bytes:
    stream = io.BytesIO()
    with tifffile.TiffWriter(stream) as writer:
        for one in values:
            writer.write(one, contiguous=False, **options)
    return stream.getvalue()


def error_of(data: bytes | str) -> str:
    with pytest.raises(ImageError) as caught:
        load_image(data)
    assert "\n" not in str(caught.value)
    assert caught.value.do
    return str(caught.value)


def with_tag(data: bytes, code: int, value: int) -> bytes:
    """The file with another number in a tag of its first page that is stored in place."""
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        tag = file.pages[0].tags[code]
        size = {3: 2, 4: 4}[int(tag.dtype)]
        return data[: tag.valueoffset] + value.to_bytes(size, "little") + data[tag.valueoffset + size :]


def ycbcr_of(rgb: np.ndarray, across: int, down: int, compression: int = 1) -> bytes:
    """An uncompressed (or packed) YCbCr TIFF of one strip, written by hand as TIFF 6.0, section 21 says."""
    height, width = rgb.shape[:2]
    ycc = np.asarray(Image.fromarray(rgb).convert("YCbCr"))
    padded = np.pad(ycc, ((0, -height % down), (0, -width % across), (0, 0)), mode="edge")
    rows, columns = padded.shape[0] // down, padded.shape[1] // across
    blocks = padded.reshape(rows, down, columns, across, 3).swapaxes(1, 2)
    luma = blocks[..., 0].reshape(rows, columns, -1)
    chroma = np.rint(blocks[..., 1:].astype(float).mean((2, 3))).astype(np.uint8)
    strip = np.concatenate([luma, chroma], -1).tobytes()
    strip = zlib.compress(strip) if compression == 8 else strip
    entries = (
        (256, 4, 1, width), (257, 4, 1, height), (258, 3, 3, 8), (259, 3, 1, compression), (262, 3, 1, 6), (273, 4, 1, 14),
        (277, 3, 1, 3), (278, 4, 1, height), (279, 4, 1, len(strip)), (530, 3, 2, across | down << 16),
    )  # fmt: skip
    table = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    start = 8 + 6 + len(strip) + len(strip) % 2
    head = b"II*\0" + struct.pack("<I3H", start, 8, 8, 8) + strip + b"\0" * (len(strip) % 2)
    return head + struct.pack("<H", len(entries)) + table + struct.pack("<I", 0)


@pytest.mark.parametrize("compression", [1, 8])
@pytest.mark.parametrize("sampling", [(1, 1), (2, 1), (2, 2), (1, 2), (4, 1), (4, 2)])
def test_uncompressed_ycbcr(sampling: tuple[int, int], compression: int) -> None:
    y, x = np.mgrid[:36, :48]
    rgb = np.dstack([60 + 2 * x, 200 - 2 * y, 80 + x + y]).astype(np.uint8)
    pixels = load_image(ycbcr_of(rgb, *sampling, compression)).pixels
    assert np.abs(pixels.astype(int) - rgb).max() <= 3 + 4 * (sampling[0] + sampling[1] - 2)


def test_a_thumbnail_in_front_is_not_the_picture() -> None:
    small, large = ramp()[::4, ::4], ramp()
    stream = io.BytesIO()
    with tifffile.TiffWriter(stream) as writer:
        writer.write(small, subfiletype=1)
        writer.write(large, subfiletype=0)
    image = load_image(stream.getvalue())
    assert image.pixels.shape[:2] == large.shape
    assert image.notes == ()
    with tifffile.TiffWriter(stream := io.BytesIO()) as writer:
        writer.write(small, subfiletype=1, subifds=1)
        writer.write(large, subfiletype=0)
    assert load_image(stream.getvalue()).pixels.shape[:2] == large.shape
    with tifffile.TiffWriter(stream := io.BytesIO()) as writer:
        writer.write(small, subfiletype=1)
        writer.write(large, subfiletype=1)
    assert load_image(stream.getvalue()).pixels.shape[:2] == large.shape


def test_levels_of_a_pyramid_are_one_picture(tmp_path: Path) -> None:
    path = tmp_path / "a.ome.tif"
    large = np.kron(ramp("u1"), np.ones((4, 4), np.uint8))
    with tifffile.TiffWriter(path, ome=True) as writer:
        writer.write(large, subifds=2, tile=(16, 16))
        for step in (2, 4):
            writer.write(large[::step, ::step], subfiletype=1, tile=(16, 16))
    assert load_image(path).notes == ()
    assert load_image(path).pixels.shape[:2] == large.shape
    assert count_pages(path) == 1


def test_pages_are_told_of_and_taken(tmp_path: Path) -> None:
    path = tmp_path / "pages.tif"
    path.write_bytes(pages_of(*(np.full((16, 16), 40 * n, np.uint8) for n in range(5))))
    first = load_image(path)
    assert (first.pixels == 0).all()
    assert first.notes == ("is the first page of its file (of 5; the selector ::frame=1 to ::frame=4 takes another)",)
    third = load_image(f"{path}::frame=3")
    assert (third.pixels == 120).all()
    assert third.notes == ()
    assert "a frame that the file has" in error_of(f"{path}::frame=5")
    rows = [item.source for item in find_items(Inputs(paths=(str(path),)))]
    assert rows == [f"{path}::frame={n}" for n in range(5)]


def test_one_page_is_one_row(tmp_path: Path) -> None:
    path = tmp_path / "one.tif"
    path.write_bytes(pages_of(ramp()))
    assert [item.source for item in find_items(Inputs(paths=(str(path),)))] == [str(path)]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (written(np.zeros((16, 16, 5), np.uint8), photometric="minisblack", planarconfig="contig"), "5 channels"),
        (written(np.zeros((16, 16), complex)), "complex"),
        (with_tag(pages_of(ramp()), 259, 34713), "a TIFF compression that is known, got number 34713"),
        (with_tag(pages_of(ramp()), 262, 32844), "photometric interpretation 32844"),
        (pages_of(ramp())[:-500], "truncated"),
        (pages_of(ramp(), compression="deflate", rowsperstrip=4)[:-500], "truncated"),
    ],
)
def test_what_is_not_read_says_why(data: bytes, said: str) -> None:
    assert said in error_of(data)


def test_channels_left_out_are_told_of() -> None:
    three = stored(light(3), "u2")
    unnamed = load_image(written(three, photometric="minisblack", planarconfig="contig"))
    assert np.array_equal(unnamed.pixels, load_image(written(three, photometric="rgb")).pixels)
    assert "three channels" in unnamed.notes[0]
    four = np.dstack([three, three[..., 0]])
    for extra in (["unspecified"],):
        image = load_image(written(four, photometric="rgb", extrasamples=extra))
        assert np.array_equal(image.pixels, unnamed.pixels)
        assert image.notes == ("has channels besides its colours, left out (1)",)


def test_sizes_are_checked_on_the_header(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tifffile.TiffPage.asarray", lambda *args, **options: pytest.fail("decoded"))
    data = with_tag(with_tag(pages_of(ramp()), 256, 60000), 257, 60000)
    assert "50,000,000 pixels" in error_of(data)


@pytest.mark.parametrize("codec", ["jpeg", "jpeg2000", "jpegxl", "png", "webp", "lerc"])
def test_a_strip_may_not_unpack_to_another_size(codec: str) -> None:
    big = np.zeros((3000, 3000), np.uint8)
    encode = {
        "jpeg": imagecodecs.jpeg8_encode,
        "jpeg2000": imagecodecs.jpeg2k_encode,
        "jpegxl": imagecodecs.jpegxl_encode,
    }
    encode |= {"png": imagecodecs.png_encode, "webp": imagecodecs.webp_encode, "lerc": imagecodecs.lerc_encode}
    bomb = bytes(encode[codec](np.dstack([big] * 3) if codec == "webp" else big))
    one = np.zeros((64, 64, 3), np.uint8) if codec == "webp" else np.zeros((64, 64), np.uint8)
    data = pages_of(one, compression=codec, photometric="rgb" if codec == "webp" else "minisblack")
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        page = file.pages[0]
        places = page.tags[273].valueoffset, page.tags[279].valueoffset
        kinds = [int(page.tags[code].dtype) for code in (273, 279)]
    sizes = [{3: 2, 4: 4}[kind] for kind in kinds]
    changed = bytearray(data + bomb)
    for place, size, value in zip(places, sizes, (len(data), len(bomb)), strict=True):
        changed[place : place + size] = min(value, 2 ** (8 * size) - 1).to_bytes(size, "little")
    assert "strips of the size" in error_of(bytes(changed))


def test_pages_that_point_in_a_circle_are_looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    looked, real = [], tiff._is_lesser
    monkeypatch.setattr(tiff, "_is_lesser", lambda page: looked.append(page.offset) or real(page))
    data = bytearray(pages_of(ramp(), ramp()))
    with tifffile.TiffFile(io.BytesIO(bytes(data))) as file:
        first, second = file.pages[0].offset, file.pages[1].offset
        count = len(file.pages[1].tags)
    end = second + 2 + 12 * count
    data[end : end + 4] = first.to_bytes(4, "little")
    assert "truncated or unusual" in error_of(bytes(data))
    assert looked == [first, second]


def test_a_camera_raw_mosaic_is_demosaiced() -> None:
    mosaic = np.zeros((32, 32), np.uint16)
    mosaic[0::2, 0::2], mosaic[1::2, 1::2], mosaic[0::2, 1::2], mosaic[1::2, 0::2] = 60000, 10000, 30000, 30000
    data = written(
        mosaic, photometric="cfa", extratags=[(33421, "H", 2, (2, 2), True), (33422, "B", 4, b"\0\1\1\2", True)]
    )
    pixels = load_image(data).pixels
    assert np.abs(pixels[4:-4, 4:-4].astype(int) - np.rint(np.array([60000, 30000, 10000]) / 65535 * 255)).max() <= 1
