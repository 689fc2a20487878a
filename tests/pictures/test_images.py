"""Decoding: every format, orientation, depth and selector gives the right pixels; everything else one ImageError."""

from __future__ import annotations

import builtins
import contextlib
import gzip
import io
import logging
import os
import tracemalloc
import warnings
import zlib
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from assistant.errors import ImageError
from assistant.pictures.images import find_images, load_image, load_map, map_limits, save_map
from assistant.pictures.medical import WINDOWS
from assistant.pictures.pixels import ImageLimits
from assistant.types import AnomalyMap, Domain, QueryImage

HEIGHT, WIDTH = 12, 20
SMALL = ImageLimits(max_pixels=10_000, max_voxels=100_000, max_bytes=1_000_000)


def corner() -> np.ndarray:
    """RGB of 12x20: black, red in the top-left quarter, so that each orientation differs."""
    pixels = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    pixels[: HEIGHT // 2, : WIDTH // 2] = (255, 0, 0)
    return pixels


def encoded(image: Image.Image | np.ndarray, kind: str = "PNG", **options: Any) -> bytes:
    stream = io.BytesIO()
    (image if isinstance(image, Image.Image) else Image.fromarray(image)).save(stream, kind, **options)
    return stream.getvalue()


def error_of(source: Any, **options: Any) -> str:
    """The one line that the input ends in; no warning and no other exception may escape."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ImageError) as caught:
            load_image(source, **options)
    text = str(caught.value)
    assert "\n" not in text
    assert text.startswith("expected ")
    assert ", got " in text
    assert caught.value.do
    return text


# --- formats and modes


@pytest.mark.parametrize(
    ("kind", "options", "tolerance"),
    [
        ("PNG", {}, 0),
        ("TIFF", {}, 0),
        ("TIFF", {"compression": "tiff_lzw"}, 0),
        ("BMP", {}, 0),
        ("WEBP", {"lossless": True}, 0),
        ("GIF", {}, 0),
        ("JPEG", {"quality": 95, "subsampling": 0}, 12),
    ],
)
def test_each_format_keeps_its_pixels_whatever_the_extension(
    tmp_path: Path, kind: str, options: dict[str, Any], tolerance: int
) -> None:
    path = tmp_path / "picture.txt"
    path.write_bytes(encoded(corner(), kind, **options))
    image = load_image(path)
    assert image.pixels.dtype == np.uint8
    assert image.pixels.flags.c_contiguous
    assert np.abs(image.pixels.astype(int) - corner()).max() <= tolerance
    assert (image.source, image.domain) == (str(path), None)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied_once(kind: str, orientation: int) -> None:
    # What each EXIF value means: stored = inverse(upright), written with numpy alone.
    stored = {
        1: lambda a: a,
        2: lambda a: a[:, ::-1],
        3: lambda a: a[::-1, ::-1],
        4: lambda a: a[::-1],
        5: lambda a: a.transpose(1, 0, 2),
        6: lambda a: np.rot90(a, 1),
        7: lambda a: a[::-1, ::-1].transpose(1, 0, 2),
        8: lambda a: np.rot90(a, -1),
    }[orientation](corner())
    exif = Image.Exif()
    exif[0x0112] = orientation
    options: dict[str, Any] = {"quality": 100, "subsampling": 0} if kind == "JPEG" else {}
    data = encoded(
        np.ascontiguousarray(stored), kind, exif=exif, **options | ({"lossless": True} if kind == "WEBP" else {})
    )
    pixels = load_image(data).pixels
    assert pixels.shape == (HEIGHT, WIDTH, 3)
    assert np.abs(pixels.astype(int) - corner()).max() < 40


def test_orientation_of_an_open_pillow_picture() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    image = Image.open(io.BytesIO(encoded(np.ascontiguousarray(np.rot90(corner())), "PNG", exif=exif)))
    result = load_image(image)
    assert np.array_equal(result.pixels, corner())
    assert result.source == "<image>"


def test_corrupt_exif_is_ignored() -> None:
    data = encoded(corner(), "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff" + b"\xff" * 40)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert load_image(data).pixels.shape == (HEIGHT, WIDTH, 3)


@pytest.mark.parametrize("mode", ["L", "LA", "RGBA", "P", "1", "CMYK", "YCbCr", "I", "F"])
def test_modes_of_white_become_white(mode: str) -> None:
    image = Image.new("L", (WIDTH, HEIGHT), 255)
    image.paste(0, (0, 0, 10, HEIGHT))
    converted = image.convert("RGB").convert(mode) if mode not in "IF" else image.convert(mode)
    sources: list[Any] = [converted]
    if mode != "YCbCr":
        sources.append(encoded(converted, "TIFF" if mode in ("CMYK", "I", "F") else "PNG"))
    for source in sources:
        pixels = load_image(source).pixels
        assert pixels[:, 12:].min() >= 254
        assert pixels[:, :8].max() <= 1


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparency_is_laid_on_white(mode: str) -> None:
    image = Image.new("RGBA", (WIDTH, HEIGHT), (0, 0, 0, 0))
    image.paste((0, 0, 0, 128), (0, 0, 10, HEIGHT))
    pixels = load_image(encoded(image.convert(mode))).pixels
    assert (pixels[:, 12:] == 255).all()
    assert abs(int(pixels[0, 0, 0]) - 127) <= 1


@pytest.mark.parametrize("transparency", [0, b"\0\x80\xff"])
def test_transparent_palette_is_laid_on_white(transparency: int | bytes) -> None:
    image = Image.new("P", (WIDTH, HEIGHT), 0)
    image.putpalette([10, 10, 10, 20, 20, 20, 30, 30, 30])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert (load_image(encoded(image, transparency=transparency)).pixels == 255).all()


def test_16_bit_grey_uses_the_range_of_its_type_when_its_values_do() -> None:
    values = np.full((HEIGHT, WIDTH), 65535, np.uint16)
    values[:, :10] = 32768
    pixels = load_image(encoded(values)).pixels
    assert set(np.unique(pixels)) == {128, 255}


def test_16_bit_grey_of_12_bits_is_stretched_and_an_outlier_does_not_darken_it() -> None:
    values = np.linspace(1000, 3000, 200 * 200).reshape(200, 200).astype(np.uint16)
    values[0, 0] = 30000
    pixels = load_image(encoded(values, "TIFF")).pixels
    assert pixels[100].mean() == pytest.approx(127, abs=3)
    assert pixels.min() == 0
    assert pixels[0, 0, 0] == 255


def test_float_tiff_in_the_unit_range_is_not_stretched() -> None:
    values = np.full((HEIGHT, WIDTH), 0.5, np.float32)
    assert set(np.unique(load_image(encoded(values, "TIFF")).pixels)) == {128}


def test_float_tiff_with_nan() -> None:
    values = np.full((HEIGHT, WIDTH), np.nan, np.float32)
    assert "finite" in error_of(encoded(values, "TIFF"))


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF", "AVIF"])
def test_animated_files_give_the_first_frame_and_say_so(kind: str) -> None:
    frames = [Image.new("RGB", (WIDTH, HEIGHT), colour) for colour in ("white", "red", "blue")]
    data = encoded(frames[0], kind, save_all=True, append_images=frames[1:])
    image = load_image(data)
    assert (image.pixels == 255).all()
    assert image.notes[0].startswith("is the first p")
    assert load_image(encoded(frames[0], kind)).notes == ()


def test_frame_of_a_tiff(tmp_path: Path) -> None:
    frames = [Image.new("L", (WIDTH, HEIGHT), grey) for grey in (0, 100, 200)]
    path = tmp_path / "pages.tif"
    path.write_bytes(encoded(frames[0], "TIFF", save_all=True, append_images=frames[1:]))
    image = load_image(f"{path}::frame=2")
    assert (image.pixels == 200).all()
    assert image.source == f"{path}::frame=2"
    assert "frame 3" in error_of(f"{path}::frame=3")


# --- arrays


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.full((9, 10), 7, np.uint8), 7),
        (np.full((9, 10, 1), 7, np.uint8), 7),
        (np.full((9, 10, 3), 7, np.uint8), 7),
        (np.ones((9, 10), bool), 255),
        (np.full((9, 10), 0.2), 51),
        (np.full((9, 10, 3), 0.2, np.float16), 51),
        (np.full((9, 10), 65535, np.uint16), 255),
        (np.zeros((9, 10, 4), np.uint8), 255),
        (np.full((9, 10), -5, np.int32), 0),
    ],
)
def test_arrays(values: np.ndarray, expected: int) -> None:
    image = load_image(values)
    assert image.pixels.shape == (9, 10, 3)
    assert (image.pixels == expected).all()
    assert image.source == "<array>"


def test_an_array_is_copied() -> None:
    values = corner()
    image = load_image(values)
    values[:] = 9
    assert np.array_equal(image.pixels, corner())


@pytest.mark.parametrize(
    "values",
    [
        np.zeros(5),
        np.zeros((3, 20, 20)),
        np.zeros((20, 20, 2)),
        np.zeros((1, 20, 20, 3)),
        np.zeros((0, 20, 3)),
        np.full((20, 20), np.nan),
        np.full((20, 20, 3), np.inf),
        np.zeros((20, 20), complex),
        np.full((20, 20), "a"),
        np.full((20, 20), None, object),
    ],
)
def test_arrays_that_are_no_picture(values: np.ndarray) -> None:
    assert "<array>" in error_of(values)


# --- what is refused


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "0 bytes"),
        (b"hello, a text\n", "a text file"),
        (b"<?xml version='1.0'?><svg xmlns='x'></svg>", "an SVG drawing"),
        (b"<!DOCTYPE html><html></html>", "an HTML page"),
        (b"%PDF-1.7\n%\xff", "a PDF document"),
        (b"\0\0\0\x20ftypheic" + b"\0" * 20, "HEIC"),
        (b"\x1f\x8b\x08 not gzip", "gzip"),
        (gzip.compress(b"\0" * 1000, mtime=0), "gzip"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", "a text file"),
        (b"P6 20 20 255\n" + b"\xff" * 1200, "no known picture format"),
        (b"\x89PNG\r\n\x1a\n", "damaged, truncated"),
        (b"\xff\xd8\xff", "damaged, truncated"),
        (b"\x02\0\0\0" + b"\0" * 200, "DICOM"),
        (b"\0" * 128 + b"DICM" + b"\xff" * 50, "DICOM"),
    ],
)
def test_bytes_that_are_no_picture(tmp_path: Path, data: bytes, said: str) -> None:
    path = tmp_path / "picture.png"
    path.write_bytes(data)
    assert said in error_of(str(path))
    assert said in error_of(data)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "BMP", "WEBP", "GIF"])
def test_truncated_files(kind: str) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    data = encoded(noise, kind)
    assert "truncated" in error_of(data[: len(data) // 2])


@pytest.mark.parametrize(
    ("height", "width", "said"),
    [(1, 1, "at least 8"), (2, 20000, "at least 8"), (8, 2000, "100 times"), (2000, 900, "50")],
)
def test_sizes_outside_the_limits(height: int, width: int, said: str) -> None:
    limits = ImageLimits(max_pixels=500_000)
    values = np.zeros((height, width), np.uint8)
    for source in (values, encoded(values), encoded(values, "TIFF"), Image.fromarray(values)):
        text = error_of(source, limits=limits)
        assert said in text
        assert f"{width}x{height}" in text


def test_the_size_is_checked_before_a_pixel_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*args: object, **options: object) -> None:
        raise AssertionError("decoded")

    data = encoded(np.zeros((200, 200), np.uint8))
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", never)
    assert "10,000 pixels" in error_of(data, limits=SMALL)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "BMP"])
def test_what_is_allowed_is_read_however_small_the_limit_of_pillow(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    """A line scan of 400 megapixels is no damaged file."""
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    data = encoded(np.full((100, 100, 3), 90, np.uint8), kind)
    assert load_image(data, limits=SMALL).pixels.shape == (100, 100, 3)
    assert Image.MAX_IMAGE_PIXELS == 1000
    large = encoded(np.full((200, 200, 3), 90, np.uint8), kind)
    text = error_of(large, limits=SMALL)
    assert "10,000 pixels" in text
    assert "--max-megapixels" in text


def test_a_header_that_claims_a_decompression_bomb() -> None:
    data = bytearray(encoded(np.zeros((20, 20), np.uint8)))
    data[16:24] = (60000).to_bytes(4, "big") * 2
    data[29:33] = zlib.crc32(data[12:29]).to_bytes(4, "big")
    error_of(bytes(data))


def test_a_file_over_max_bytes_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "big.png"
    path.write_bytes(b"\0" * 2000)
    limits = ImageLimits(max_bytes=1000)
    assert "2,000 in" in error_of(path.read_bytes(), limits=limits)
    monkeypatch.setattr(builtins, "open", lambda *args, **options: pytest.fail("opened"))
    assert "2,000 bytes" in error_of(path, limits=limits)


@pytest.mark.parametrize(
    "address",
    ["http://host/a.png", "https://host/a.png", "file:///a.png", "s3://bucket/a.png", "data:image/png;base64,AA"],
)
def test_addresses_are_refused(address: str) -> None:
    assert "a local file" in error_of(address)
    assert "a local file" in error_of(Path(address)) or address.startswith("data")


def test_paths_that_are_no_file(tmp_path: Path) -> None:
    (tmp_path / "link.png").symlink_to(tmp_path / "gone.png")
    os.mkfifo(tmp_path / "pipe.png")
    assert "the folder" in error_of(tmp_path)
    assert "nothing at" in error_of(tmp_path / "missing.png")
    assert "a link to nowhere" in error_of(tmp_path / "link.png")
    assert "pipe" in error_of(tmp_path / "pipe.png")
    error_of("")
    error_of("a\0b.png")
    error_of("long" * 5000)
    error_of("line\nbreak\udcff.png").encode()


def test_no_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "secret.png"
    path.write_bytes(encoded(corner()))

    def denied(*args: object, **options: object) -> None:
        raise PermissionError(13, "denied")

    monkeypatch.setattr(builtins, "open", denied)
    assert "no permission" in error_of(path)


def test_selectors(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(encoded(corner()))
    assert "a selector of bayer for PNG" in error_of(f"{path}::frame=1")
    assert "a selector like" in error_of(f"{path}::whatever")
    assert "a selector like" in error_of(f"{path}::frame=1,frame=2")
    odd = tmp_path / "b::frame=1"
    odd.write_bytes(encoded(corner()))
    assert np.array_equal(load_image(str(odd)).pixels, corner())
    tiff = tmp_path / "c.tif"
    tiff.write_bytes(encoded(corner(), "TIFF"))
    assert "whole number" in error_of(f"{tiff}::frame=-1")


def test_domain_told_by_the_caller() -> None:
    assert load_image(corner(), domain=Domain.INDUSTRIAL).domain is Domain.INDUSTRIAL
    assert load_image(corner()).domain is None


# --- DICOM


def dicom_path(name: str) -> Path:
    """A file of pydicom's own package; nothing is downloaded."""
    import pydicom.data

    return Path(pydicom.data.__file__).parent / "test_files" / name


def dicom(values: np.ndarray, **tags: Any) -> bytes:
    """Uncompressed DICOM with stored values of shape ([frames,] rows, columns[, 3])."""
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage

    colour = values.shape[-1] == 3
    file = Dataset()
    file.file_meta = FileMetaDataset()
    file.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    file.file_meta.MediaStorageSOPClassUID = SecondaryCaptureImageStorage
    file.file_meta.MediaStorageSOPInstanceUID = "1.2.3"
    file.SOPClassUID, file.SOPInstanceUID = SecondaryCaptureImageStorage, "1.2.3"
    file.PatientName = "Nobody^Known"
    file.Rows, file.Columns = values.shape[-3:-1] if colour else values.shape[-2:]
    if values.ndim == (4 if colour else 3):
        file.NumberOfFrames = values.shape[0]
    file.SamplesPerPixel, file.PhotometricInterpretation = (3, "RGB") if colour else (1, "MONOCHROME2")
    if colour:
        file.PlanarConfiguration = 0
    file.BitsAllocated = file.BitsStored = values.dtype.itemsize * 8
    file.HighBit, file.PixelRepresentation = file.BitsStored - 1, int(values.dtype.kind == "i")
    file.PixelData = values.tobytes()
    for tag, value in tags.items():
        setattr(file, tag, value)
    stream = io.BytesIO()
    file.save_as(stream, enforce_file_format=True)
    return stream.getvalue()


def ramp() -> np.ndarray:
    """Signed 16-bit values -1000..3000 in Hounsfield steps, 10x401."""
    return np.tile(np.arange(-1000, 3001, 10, dtype=np.int16), (10, 1))


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("CT_small.dcm", (128, 128)),
        ("MR_small.dcm", (64, 64)),
        ("MR_small_RLE.dcm", (64, 64)),
        ("MR_small_bigendian.dcm", (64, 64)),
        ("MR_small_implicit.dcm", (64, 64)),
        ("SC_rgb_rle_16bit_2frame.dcm", (100, 100)),
        ("SC_rgb_jpeg_dcmtk.dcm", (100, 100)),
        ("examples_palette.dcm", (350, 800)),
        ("examples_ybr_color.dcm", (240, 320)),
        ("image_dfl.dcm", (512, 512)),
        ("liver_1frame.dcm", (512, 512)),
        ("rtdose_1frame.dcm", (10, 10)),
        ("JPEG2000.dcm", (1024, 256)),
    ],
)
def test_dicom_files(name: str, shape: tuple[int, int]) -> None:
    image = load_image(dicom_path(name))
    assert image.pixels.shape[:2] == shape
    assert image.pixels.min() < 60
    assert image.pixels.max() > 200
    assert image.domain is Domain.MEDICAL


@pytest.mark.parametrize("name", ["test-SR.dcm", "rtplan.dcm", "MR_truncated.dcm", "badVR.dcm", "SC_rgb_small_odd.dcm"])
def test_dicom_files_that_are_no_picture(name: str, capfd: pytest.CaptureFixture[str]) -> None:
    error_of(dicom_path(name))
    assert capfd.readouterr() == ("", "")


def test_the_encodings_of_one_dicom_picture_agree() -> None:
    first = load_image(dicom_path("MR_small.dcm")).pixels
    for name in ("MR_small_RLE.dcm", "MR_small_bigendian.dcm", "MR_small_implicit.dcm"):
        assert np.array_equal(load_image(dicom_path(name)).pixels, first)


def test_dicom_rescale_window_and_preset(tmp_path: Path) -> None:
    path = tmp_path / "ct.dcm"
    path.write_bytes(
        dicom((ramp() + 1024).astype(np.uint16), Modality="CT", RescaleSlope=1, RescaleIntercept=-1024,
              WindowCenter=[40, 400], WindowWidth=[400, 1800])
    )  # fmt: skip

    def at(selector: str, hounsfield: int) -> int:
        return int(load_image(f"{path}{selector}").pixels[0, (hounsfield + 1000) // 10, 0])

    assert (at("", -160), at("", 240), at("", 40)) == (0, 255, pytest.approx(128, abs=2))
    assert at("::window=1", 400) == pytest.approx(128, abs=2)
    for name, (centre, width) in WINDOWS.items():
        assert at(f"::window={name}", int(round(centre, -1))) == pytest.approx(128, abs=255 * 10 / width + 1)
    assert at("::window=full", 1000) == pytest.approx(128, abs=2)
    assert "2 windows" in error_of(f"{path}::window=2")
    assert "a window of full, lung" in error_of(f"{path}::window=nose")


def test_a_named_window_needs_a_ct(tmp_path: Path) -> None:
    path = tmp_path / "mr.dcm"
    path.write_bytes(dicom(ramp(), Modality="MR"))
    assert "a CT picture" in error_of(f"{path}::window=lung")


def test_monochrome1_is_inverted_and_padding_stays_black() -> None:
    values = ramp()
    values[:, :5] = -2000
    pixels = load_image(dicom(values, PhotometricInterpretation="MONOCHROME1", PixelPaddingValue=-2000)).pixels
    assert (pixels[:, :5] == 0).all()
    assert pixels[0, 6, 0] > 250
    assert pixels[0, -1, 0] == 0


def test_voi_table_is_applied() -> None:
    from pydicom.dataset import Dataset
    from pydicom.sequence import Sequence

    table = Dataset()
    table.LUTDescriptor, table.LUTData = [256, 0, 8], list(range(255, -1, -1))
    table["LUTDescriptor"].VR = table["LUTData"].VR = "US"
    values = np.tile(np.arange(256, dtype=np.uint16), (10, 1))
    pixels = load_image(dicom(values, VOILUTSequence=Sequence([table]))).pixels
    assert np.array_equal(pixels[0, :, 0], np.arange(255, -1, -1))


def test_windows_of_functional_groups_belong_to_their_frame(tmp_path: Path) -> None:
    from pydicom.dataset import Dataset
    from pydicom.sequence import Sequence

    groups = []
    for centre in (100, 300):
        window, group = Dataset(), Dataset()
        window.WindowCenter, window.WindowWidth = centre, 100
        group.FrameVOILUTSequence = Sequence([window])
        groups.append(group)
    path = tmp_path / "enhanced.dcm"
    values = np.stack([ramp(), ramp()])
    path.write_bytes(dicom(values, PerFrameFunctionalGroupsSequence=Sequence(groups)))
    for frame, value in ((0, 100), (1, 300)):
        pixels = load_image(f"{path}::frame={frame}").pixels
        assert int(pixels[0, (value + 1000) // 10, 0]) == pytest.approx(128, abs=3)


def test_dicom_frames_and_colour(tmp_path: Path) -> None:
    frames = np.zeros((3, 10, 11, 3), np.uint8)
    frames[2, :, :, 1] = 77
    path = tmp_path / "frames.dcm"
    path.write_bytes(dicom(frames))
    assert (load_image(f"{path}::frame=2").pixels == (0, 77, 0)).all()
    assert (load_image(path).pixels == 0).all()
    assert "from 0 to 2" in error_of(f"{path}::frame=3")
    assert "no window for a colour" in error_of(f"{path}::window=full")
    assert "a selector of frame, window" in error_of(f"{path}::slice=3")


def test_dicom_without_preamble_or_transfer_syntax() -> None:
    values = ramp()
    data = dicom(values)
    assert np.array_equal(load_image(data[132:]).pixels, load_image(data).pixels)


def test_dicom_whose_preamble_is_a_tiff_header() -> None:
    data = dicom(ramp())
    assert load_image(b"II*\0" + data[4:]).domain is Domain.MEDICAL


def test_dicom_limits_come_from_the_header(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pydicom.pixels.utils.pixel_array", lambda *args, **options: pytest.fail("decoded"))
    small = np.zeros((10, 10), np.uint8)
    assert "pixels" in error_of(dicom(small, Rows=60000, Columns=60000))
    assert "voxels" in error_of(dicom(small, NumberOfFrames=100_000_000))


def test_a_deflated_dicom_that_unpacks_to_too_much() -> None:
    from pydicom import dcmread
    from pydicom.uid import DeflatedExplicitVRLittleEndian

    file = dcmread(io.BytesIO(dicom(np.zeros((2000, 1000), np.uint8))))
    file.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    stream = io.BytesIO()
    file.save_as(stream)
    assert len(stream.getvalue()) < 100_000
    assert load_image(stream.getvalue()).pixels.shape == (2000, 1000, 3)
    assert "once unpacked" in error_of(stream.getvalue(), limits=SMALL)


def test_errors_and_logs_hold_no_metadata(caplog: pytest.LogCaptureFixture) -> None:
    data = dicom(ramp(), NumberOfFrames=1).replace(b"1 ", b"1A", 1)
    tiff = encoded(corner(), "TIFF", software="Nobody")
    with caplog.at_level(logging.DEBUG):
        for broken in (data, data[:-100], data[: len(data) // 2]):
            with contextlib.suppress(ImageError):
                load_image(broken)
        text = error_of(data[: len(data) // 2])
        load_image(tiff)
    assert "Nobody" not in text
    assert not [record for record in caplog.records if record.name.startswith(("pydicom", "PIL", "nibabel"))]
    assert not logging.getLogger("pydicom").disabled


# --- NIfTI

AFFINES = {
    "RAS": np.diag([1.0, 1, 1, 1]),
    "LPI": np.diag([-1.0, -1, -1, 1]),
    "PSR": np.array([[0.0, 0, 1, 0], [-1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 1]]),
}


def nifti(values: np.ndarray, affine: np.ndarray | None = None, version: int = 1) -> bytes:
    import nibabel

    kind = nibabel.Nifti1Image if version == 1 else nibabel.Nifti2Image
    return kind(values, AFFINES["RAS"] if affine is None else affine).to_bytes()


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("affine", AFFINES)
@pytest.mark.parametrize("version", [1, 2])
def test_nifti_slices_are_canonical_and_radiological(tmp_path: Path, axis: int, affine: str, version: int) -> None:
    import nibabel

    values = np.random.default_rng(1).integers(0, 1000, (10, 11, 12)).astype(np.int16)
    path = tmp_path / "volume.nii.gz"
    path.write_bytes(gzip.compress(nifti(values, AFFINES[affine], version), mtime=0))
    canonical = nibabel.as_closest_canonical(nibabel.Nifti1Image(values, AFFINES[affine])).get_fdata()
    expected = np.take(canonical, 3, axis=axis).T[::-1, ::-1]
    image = load_image(f"{path}::axis={axis},slice=3")
    assert image.pixels.shape[:2] == expected.shape
    assert image.domain is Domain.MEDICAL
    assert np.corrcoef(image.pixels[..., 0].ravel(), expected.ravel())[0, 1] > 0.999


def test_nifti_defaults_volumes_and_windows(tmp_path: Path) -> None:
    values = np.zeros((10, 11, 9, 2), np.float32)
    values[:, :, 4, 0] = np.linspace(-1000, 1000, 110).reshape(10, 11)
    values[:, :, 4, 1] = values[::-1, :, 4, 0]
    values[4, 4, 4] = np.nan
    path = tmp_path / "volume.nii"
    path.write_bytes(nifti(values))
    middle = load_image(path).pixels
    assert middle.shape == (11, 10, 3)
    assert (middle.min(), middle.max()) == (0, 255)
    assert np.array_equal(load_image(f"{path}::axis=2,slice=4,volume=0").pixels, middle)
    assert middle[11 - 1 - 4, 10 - 1 - 4, 0] == 0
    mirrored = load_image(f"{path}::volume=1").pixels[:, ::-1]
    assert (mirrored != middle).any(2).sum() == 2
    assert (load_image(f"{path}::window=brain").pixels[:3] != middle[:3]).any()
    for selector in ("axis=3", "slice=9", "volume=2", "window=nose", "frame=1", "slice=x"):
        error_of(f"{path}::{selector}")


def test_nifti_colour_flat_and_two_dimensional() -> None:
    colour = np.zeros((10, 11, 9), [("R", "u1"), ("G", "u1"), ("B", "u1")])
    colour["G"] = 200
    assert (load_image(nifti(colour)).pixels == (0, 200, 0)).all()
    assert (load_image(nifti(np.full((10, 11), 5, np.int16))).pixels == 0).all()
    assert "real numbers" in error_of(nifti(np.zeros((10, 11, 9), np.complex64)))
    assert "finite" in error_of(nifti(np.full((10, 11, 9), np.nan, np.float32)))
    assert "dimensions" in error_of(nifti(np.zeros((10, 11, 9, 1, 3), np.uint8)))


@pytest.mark.parametrize("size", [100, 352, 5000])
def test_nifti_of_several_gzip_members(size: int) -> None:
    data = nifti(np.arange(10 * 11 * 9, dtype=np.int16).reshape(10, 11, 9))
    members = b"".join(gzip.compress(data[at : at + size], mtime=0) for at in range(0, len(data), size))
    assert np.array_equal(load_image(members).pixels, load_image(data).pixels)
    assert np.array_equal(load_image(members + gzip.compress(b"", mtime=0)).pixels, load_image(data).pixels)


def test_nifti_limits_come_from_the_header() -> None:
    data = bytearray(nifti(np.zeros((10, 11, 9), np.uint8)))
    data[42:48] = np.array([30000, 30000, 30000], np.int16).tobytes()
    assert "voxels" in error_of(gzip.compress(bytes(data)))
    data[42:48] = np.array([10, 11, 1000], np.int16).tobytes()
    assert "whole NIfTI" in error_of(bytes(data))


@pytest.mark.parametrize("module", ["pydicom", "nibabel"])
def test_without_the_extra(module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    data = dicom(ramp()) if module == "pydicom" else nifti(np.zeros((10, 11, 9), np.uint8))
    monkeypatch.setitem(__import__("sys").modules, module, None)
    assert 'pip install "anomaly-assistant[medical]"' in error_of(data)


# --- damage at random


def samples() -> list[bytes]:
    noise = np.random.default_rng(2).integers(0, 256, (16, 24, 3), dtype=np.uint8)
    grey = np.ascontiguousarray(noise[..., 0])
    files = [encoded(noise, kind) for kind in ("PNG", "JPEG", "GIF", "WEBP", "TIFF", "BMP")]
    deep = (noise.astype(np.uint16) << 8) + 7
    files += [imagecodecs.png_encode(deep), imagecodecs.jpegxl_encode(noise), imagecodecs.jpeg2k_encode(deep)]
    files += [
        imagecodecs.avif_encode(deep >> 6, bitspersample=10),
        imagecodecs.jpeg8_encode(deep >> 4, bitspersample=12),
    ]
    for codec, options in (("lzw", {"predictor": True}), ("zstd", {"tile": (16, 16)}), ("jpeg2000", {}), (None, {})):
        tifffile.imwrite(stream := io.BytesIO(), deep, photometric="rgb", compression=codec, **options)
        files.append(stream.getvalue())
    np.save(stream := io.BytesIO(), deep.astype(np.float32))
    files.append(stream.getvalue())
    return [*files, dicom(grey), dicom(ramp(), WindowCenter=40, WindowWidth=400), nifti(np.stack([grey] * 9, axis=2))]


SAMPLES = samples()


def only_image_errors(data: bytes) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with contextlib.suppress(ImageError):
            assert isinstance(load_image(data, limits=SMALL), QueryImage)


@settings(deadline=None, max_examples=150)
@given(data=st.sampled_from(SAMPLES), share=st.floats(0, 1))
def test_random_truncation_gives_a_picture_or_an_image_error(data: bytes, share: float) -> None:
    only_image_errors(data[: int(share * len(data))])


@settings(deadline=None, max_examples=250)
@given(data=st.sampled_from(SAMPLES), share=st.floats(0, 0.999), value=st.binary(min_size=1, max_size=4))
def test_random_bytes_give_a_picture_or_an_image_error(data: bytes, share: float, value: bytes) -> None:
    place = int(share**2 * len(data))
    only_image_errors(data[:place] + value + data[place + len(value) :])


# --- folders and maps


def test_find_images(tmp_path: Path) -> None:
    for name in (
        "b/2.PNG",
        "b/a/1.jpg",
        "a.tif",
        "notes.txt",
        ".hidden.png",
        ".git/x.png",
        "v.nii.gz",
        "c.gz",
        "b::c.png",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    (tmp_path / "IM0001").write_bytes(dicom(ramp()))
    (tmp_path / "README").write_bytes(b"text")
    (tmp_path / "loop").symlink_to(tmp_path)
    names = ["IM0001", "a.tif", "b/2.PNG", "b/a/1.jpg", "b::c.png", "v.nii.gz"]
    inside = [str(tmp_path / name) for name in names]
    assert find_images([tmp_path]) == inside
    assert find_images(str(tmp_path)) == inside
    alone = ["missing.png", "scan.dcm::frame=3", "notes.txt"]
    assert find_images([*alone, str(tmp_path), inside[1], alone[0]]) == alone + inside


def test_find_images_in_an_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="expected a folder with pictures in it, got none in"):
        find_images([tmp_path])


def test_map_round_trip(tmp_path: Path) -> None:
    scores = np.random.default_rng(3).random((7, 1000), dtype=np.float32)
    scores[0, :2] = (0.0, 1.0)
    path = tmp_path / "maps" / "a.png"
    save_map(path, scores)
    loaded = load_map(path)
    assert loaded.dtype == np.float32
    assert np.abs(loaded - scores).max() <= 0.5 / 65535 + 1e-6
    assert (loaded[0, 0], loaded[0, 1]) == (0.0, 1.0)
    with Image.open(path) as image:
        assert image.size == (1000, 7)
        assert image.getpixel((1, 0)) == 65535
    assert list(path.parent.iterdir()) == [path]


def test_a_map_is_written_in_strips_as_it_is_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scores = np.random.default_rng(4).random((101, 30), dtype=np.float32)
    save_map(tmp_path / "a.png", scores)
    monkeypatch.setattr("assistant.types.STRIP_PIXELS", 90)
    save_map(tmp_path / "b.png", AnomalyMap(scores))
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    assert np.abs(load_map(tmp_path / "b.png") - scores).max() <= 0.5 / 65535 + 1e-6
    scores[100, 29] = 1.5
    with pytest.raises(ImageError, match=r"all in \[0, 1\]"):
        save_map(tmp_path / "c.png", scores)


def test_the_map_of_a_picture_that_was_allowed_its_size_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("assistant.pictures.images.MAP_LIMITS", ImageLimits(max_pixels=100, min_side=1))
    save_map(tmp_path / "a.png", np.full((11, 10), 0.5, np.float32))
    with pytest.raises(ImageError, match="at most 100 pixels, got 10x11"):
        load_map(tmp_path / "a.png")
    assert load_map(tmp_path / "a.png", limits=map_limits(11, 10)).shape == (11, 10)
    with pytest.raises(ImageError, match="at most 105 pixels"):
        load_map(tmp_path / "a.png", limits=map_limits(7, 15))


@pytest.mark.parametrize(("mode", "orientation"), [("RGB", 1), ("RGB", 6), ("L", 3), ("RGBA", 1), ("RGBA", 8)])
def test_decoding_holds_no_second_copy(mode: str, orientation: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of arrays; what Pillow holds itself is not counted here. A picture that is turned is held before and after."""
    monkeypatch.setattr("assistant.pictures.formats.codecs._STRIP", 2**14)
    monkeypatch.setattr("assistant.pictures.levels._LAID", 2**14)
    pixels = np.random.default_rng(5).integers(0, 256, (1500, 2000, len(mode)), np.uint8)
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(Image.fromarray(pixels.squeeze()), compress_level=0, exif=exif)
    tracemalloc.start()
    try:
        image = load_image(data)
        held = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    turns = orientation != 1
    parts = {"RGB": 3 + 3 * turns, "L": 4, "RGBA": 4 + 4 * turns}[mode]
    assert held < (parts + 0.2) * pixels.shape[0] * pixels.shape[1]
    assert image.pixels.shape == ((2000, 1500, 3) if orientation in (6, 8) else (1500, 2000, 3))


@pytest.mark.parametrize("value", [np.nan, -0.1, 1.1, np.inf])
def test_a_map_outside_the_unit_range_is_not_written(tmp_path: Path, value: float) -> None:
    with pytest.raises(ImageError, match=r"all in \[0, 1\]"):
        save_map(tmp_path / "a.png", np.full((3, 3), value, np.float32))
    assert not list(tmp_path.iterdir())


def test_a_failed_write_leaves_the_earlier_map(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.png"
    save_map(path, np.full((3, 3), 0.5, np.float32))
    before = path.read_bytes()

    def full(*args: object, **options: object) -> None:
        raise OSError(28, "no space")

    monkeypatch.setattr("PIL.Image.Image.save", full)
    with pytest.raises(OSError, match="no space"):
        save_map(path, np.zeros((3, 3), np.float32))
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_load_map_refuses_other_pictures(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(encoded(corner()))
    with pytest.raises(ImageError, match="16-bit grey PNG"):
        load_map(path)
    path.write_bytes(encoded(corner(), "BMP"))
    with pytest.raises(ImageError, match="16-bit grey PNG"):
        load_map(path)
