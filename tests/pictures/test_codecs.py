"""Kinds besides TIFF, DICOM and NIfTI: AVIF, HEIC, JPEG XL, JPEG 2000, deep JPEG, NumPy, Bayer; kinds that are not read."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import cv2
import imagecodecs
import numpy as np
import pytest
from PIL import Image

from assistant.errors import ImageError
from assistant.pictures.formats.codecs import jpeg_frame
from assistant.pictures.images import find_images, load_image
from assistant.pictures.pixels import ImageLimits

LIGHT = np.repeat(np.linspace(0.05, 0.95, 80)[None], 48, 0)
BYTES = np.dstack([np.rint(LIGHT * 255), np.rint((1 - LIGHT) * 255), np.rint(LIGHT[:, ::-1] * 200)]).astype(np.uint8)


def deep(bits: int) -> np.ndarray:
    return np.rint(BYTES / 255.0 * (2**bits - 1)).astype(np.uint16)


def error_of(source: Any, **options: Any) -> str:
    with pytest.raises(ImageError) as caught:
        load_image(source, **options)
    assert "\n" not in str(caught.value)
    assert caught.value.do
    return str(caught.value)


def pillow(kind: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(BYTES).save(stream, kind, **options)
    return stream.getvalue()


def npy(values: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.save(stream, values)
    return stream.getvalue()


def heic(values: np.ndarray) -> bytes:
    import pillow_heif

    mode = "RGB" if values.dtype == np.uint8 else "RGB;16"
    file = pillow_heif.from_bytes(mode=mode, size=(values.shape[1], values.shape[0]), data=values.tobytes())
    stream = io.BytesIO()
    file.save(stream, quality=-1)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("name", "data", "tolerance"),
    [
        ("AVIF", pillow("AVIF", quality=100), 6),
        ("AVIF 10", imagecodecs.avif_encode(deep(10), level=100, bitspersample=10), 1),
        ("AVIF 12", imagecodecs.avif_encode(deep(12), level=100, bitspersample=12), 1),
        ("JPEG XL", imagecodecs.jpegxl_encode(BYTES, lossless=True), 0),
        ("JPEG XL 16", imagecodecs.jpegxl_encode(deep(16), lossless=True), 1),
        ("JPEG XL float", imagecodecs.jpegxl_encode((BYTES / np.float32(255)).astype(np.float32), lossless=True), 1),
        ("JPEG 2000", pillow("JPEG2000"), 0),
        ("JPEG 2000 stream", pillow("JPEG2000", no_jp2=True), 0),
        ("JPEG 2000 16", imagecodecs.jpeg2k_encode(deep(16), level=0, reversible=True), 1),
        ("JPEG 2000 12", imagecodecs.jpeg2k_encode(deep(12), bitspersample=12, level=0, reversible=True), 1),
        ("JPEG 12", imagecodecs.jpeg8_encode(deep(12), bitspersample=12, level=100, subsampling="444"), 3),
        ("JPEG lossless", imagecodecs.jpeg8_encode(deep(16), lossless=True, bitspersample=16), 1),
        ("PNG 16", imagecodecs.png_encode(deep(16)), 1),
        ("NumPy", npy(BYTES), 0),
        ("NumPy 16", npy(deep(16)), 1),
        ("NumPy by columns", npy(np.asfortranarray(deep(16))), 1),
        ("NumPy big-endian", npy(deep(16).astype(">u2")), 1),
        ("NumPy float", npy(BYTES / 255.0), 1),
    ],
)
def test_each_kind_gives_its_pixels_whatever_the_name(tmp_path: Path, name: str, data: bytes, tolerance: int) -> None:
    path = tmp_path / f"{name}.png"
    path.write_bytes(data)
    for source in (data, path):
        pixels = load_image(source).pixels
        assert pixels.shape == BYTES.shape
        assert np.abs(pixels.astype(int) - BYTES).max() <= tolerance
    assert "at least 8" not in error_of(data, limits=ImageLimits(max_pixels=100))
    assert "at most 100 pixels" in error_of(data, limits=ImageLimits(max_pixels=100))
    assert error_of(data[: len(data) // 2])


@pytest.mark.parametrize("values", [BYTES, deep(16)], ids=["8", "16"])
def test_heic(values: np.ndarray) -> None:
    data = heic(values)
    assert np.abs(load_image(data).pixels.astype(int) - BYTES).max() <= 6
    assert "at most 100 pixels" in error_of(data, limits=ImageLimits(max_pixels=100))


def test_heic_without_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pillow_heif", None)
    text = error_of(b"\0\0\0\x20ftypheic" + b"\0" * 20)
    assert 'pip install "anomaly-assistant[heic]"' in text


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_png_of_16_bits_is_turned(orientation: int) -> None:
    from assistant.pictures.formats.codecs import turned

    undo = {1: 1, 3: 3, 6: 8, 8: 6}[orientation]
    data = imagecodecs.png_encode(turned(deep(16), undo))
    exif = Image.Exif()
    exif[0x0112] = orientation
    block = exif.tobytes()[6:]
    chunk = len(block).to_bytes(4, "big") + b"eXIf" + block
    chunk += __import__("zlib").crc32(chunk[4:]).to_bytes(4, "big")
    assert np.abs(load_image(data[:33] + chunk + data[33:]).pixels.astype(int) - BYTES).max() <= 1


def test_height_maps_of_numpy(tmp_path: Path) -> None:
    heights = (480 + 30 * LIGHT).astype(np.float32)
    heights[:8] = np.nan
    path = tmp_path / "part.npy"
    np.save(path, heights)
    assert find_images(tmp_path) == [str(path)]
    image = load_image(path)
    assert "no data" in image.notes[0]
    assert np.corrcoef(image.pixels[8:, :, 0].ravel(), LIGHT[8:].ravel())[0, 1] > 0.999


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (np.zeros((3, 20, 20)), "shape (3, 20, 20)"),
        (np.zeros(20), "shape (20,)"),
        (np.zeros((20, 20), complex), "complex128"),
        (np.full((20, 20), {}, object), "object"),
        (np.zeros((20, 20), "U3"), "<U3"),
        (np.zeros((2, 20)), "at least 8"),
    ],
)
def test_arrays_that_are_no_picture(values: np.ndarray, said: str) -> None:
    assert said in error_of(npy(values))


@pytest.mark.parametrize(("pattern", "first"), [("rggb", (0, 0)), ("bggr", (1, 1)), ("grbg", (0, 1)), ("gbrg", (1, 0))])
@pytest.mark.parametrize("kind", ["u1", "u2"])
def test_bayer(tmp_path: Path, pattern: str, first: tuple[int, int], kind: str) -> None:
    top = np.iinfo(kind).max
    colour = np.array([0.8, 0.5, 0.2])
    mosaic = np.empty((40, 60))
    for row in (0, 1):
        for column in (0, 1):
            at = (row ^ first[0], column ^ first[1])
            mosaic[row::2, column::2] = colour[{(0, 0): 0, (1, 1): 2}.get(at, 1)]
    path = tmp_path / "raw.png"
    Image.fromarray(np.rint(mosaic * top).astype(kind)).save(path)
    pixels = load_image(f"{path}::bayer={pattern}").pixels
    assert np.abs(pixels[2:-2, 2:-2] - np.rint(colour * 255)).max() <= 1
    assert "rggb, bggr" in error_of(f"{path}::bayer=xyzw")
    Image.fromarray(BYTES).save(path)
    assert "one channel" in error_of(f"{path}::bayer={pattern}")


@pytest.mark.parametrize(
    ("start", "said", "do"),
    [
        (b"v/1\x01", "an OpenEXR picture", "16-bit TIFF"),
        (b"8BPS\0\1", "a Photoshop document", "TIFF or PNG"),
        (b"%PDF-1.7", "a PDF document", "PNG"),
        (b"PK\x03\x04", "a ZIP archive", "unpack"),
        (b"FUJIFILMCCD-RAW ", "camera raw", "DNG"),
        (b"\0\0\0\x18ftypcrx ", "camera raw", "DNG"),
        (b"\0\0\0\x18ftypisom", "a video", "frames"),
        (b"\x89HDF\r\n\x1a\n", "an HDF5 file", "TIFF"),
        (b"NRRD0004\n", "an NRRD volume", "NIfTI"),
        (b"SIMPLE  =", "a FITS file", "TIFF"),
        (b"II\xbc\x01", "a JPEG XR picture", "TIFF"),
        (b"ZISRAWFILE", "a Zeiss CZI file", "TIFF"),
    ],
)
def test_a_kind_that_is_not_read_is_never_called_damaged(start: bytes, said: str, do: str) -> None:
    text = error_of(start + b"\0" * 300)
    assert said in text
    assert do in text
    assert "damaged" not in text


def test_the_frame_header_of_jpeg() -> None:
    data = pillow("JPEG")
    frame = jpeg_frame(data)
    assert frame is not None
    assert (frame.bits, frame.height, frame.width, frame.lossless) == (8, *BYTES.shape[:2], False)
    assert jpeg_frame(b"\xff\xd8") is None


def test_a_jpeg_that_opencv_and_we_read_alike() -> None:
    data = pillow("JPEG", quality=80)
    other = cv2.cvtColor(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
    assert np.array_equal(load_image(data).pixels, other)
