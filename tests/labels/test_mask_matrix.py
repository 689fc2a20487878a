"""Masks of every writer and kind: each read to the marked pixels exactly, or refused with its reason."""

from __future__ import annotations

from pathlib import Path

import imagecodecs
import numpy as np
import pytest

from assistant.errors import AssistantError, DataSetError, ImageError
from assistant.labels.masks import Frame, MaskReading, read_mask
from tests.labels.mask_files import (
    SIZE,
    SPOT,
    TRUTH,
    Write,
    animated,
    coloured,
    dicom,
    jpeg,
    layer,
    nifti,
    opencv,
    palette,
    pillow,
    png,
    tiff,
    turned_by_exif,
)  # fmt: skip

FRAME = Frame(*SIZE)
SPOT16 = SPOT.astype(np.uint16)
TWO_CLASSES = SPOT + SPOT * (np.arange(SIZE[1]) > 25).astype(np.uint8)
BLACK_RED = [0, 0, 0, 128, 0, 0]
READ: dict[str, tuple[str, Write]] = {
    "pillow grey 255": ("m.png", pillow(SPOT * 255)),
    "pillow grey 1": ("m.png", pillow(SPOT)),
    "pillow grey classes 1 2": ("m.png", pillow(TWO_CLASSES)),
    "pillow grey 128": ("m.png", pillow(SPOT * 128)),
    "pillow grey 16 bit 1": ("m.png", pillow(SPOT16)),
    "pillow grey 16 bit 65535": ("m.png", pillow(SPOT16 * 65535)),
    "pillow grey 32 bit tiff": ("m.tif", pillow(SPOT.astype(np.int32) * 70000)),
    "pillow float tiff": ("m.tif", pillow(SPOT.astype(np.float32))),
    "pillow bilevel png": ("m.png", pillow(TRUTH)),
    "pillow bilevel bmp": ("m.bmp", pillow(TRUTH)),
    "pillow bilevel tiff group 4": ("m.tif", pillow(TRUTH, compression="group4")),
    "pillow grey bmp": ("m.BMP", pillow(SPOT)),
    "pillow grey 1 in 2 bits": ("m.png", pillow(SPOT, bits=2)),
    "pillow grey gif": ("m.gif", pillow(SPOT * 255)),
    "pillow gif of index 1 in red": ("m.gif", palette(BLACK_RED)),
    "pillow tiff lzw": ("m.TIFF", pillow(SPOT, compression="tiff_lzw")),
    "pillow tiff deflate": ("m.tif", pillow(SPOT * 255, compression="tiff_adobe_deflate")),
    "pillow red on black": ("m.png", pillow(coloured((250, 50, 83)))),
    "pillow index in blue": ("m.png", pillow(coloured((0, 0, 1)))),
    "pillow white on black rgb": ("m.png", pillow(coloured((255, 255, 255)))),
    "pillow rgb bmp": ("m.bmp", pillow(coloured((0, 255, 0)))),
    "pillow webp lossless": ("m.webp", pillow(coloured((0, 0, 9)), lossless=True)),
    "pillow shape in alpha": ("m.png", pillow(layer((0, 0, 0)))),
    "pillow red layer": ("m.png", pillow(layer((255, 0, 0)))),
    "pillow layer on invisible white": ("m.png", pillow(layer((255, 0, 0), under=(255, 255, 255)))),
    "pillow black layer on invisible white": ("m.png", pillow(layer((0, 0, 0), under=(255, 255, 255)))),
    "pillow faint layer": ("m.png", pillow(layer((255, 0, 0), alpha=3))),
    "pillow opaque rgba": ("m.png", pillow(coloured((9, 0, 0, 255), (0, 0, 0, 255)))),
    "pillow half transparent colour on black": ("m.png", pillow(coloured((9, 0, 0, 128), (0, 0, 0, 255)))),
    "pillow grey and alpha": ("m.png", pillow(coloured((0, 255), (0, 0)))),
    "voc palette": ("m.png", palette(BLACK_RED)),
    "voc palette with border 255": ("m.png", palette(BLACK_RED, SPOT * 255)),
    "palette of black twice": ("m.png", palette([0] * 6)),
    "palette of greys white first": ("m.png", palette([255, 255, 255, 0, 0, 0], 1 - SPOT)),
    "palette tiff": ("m.tif", palette(BLACK_RED)),
    "palette bmp": ("m.bmp", palette(BLACK_RED)),
    "palette with invisible index 0": ("m.png", palette([255, 0, 255, 255, 0, 0], transparency=0)),
    "invisible white in grey": ("m.png", pillow(np.where(TRUTH, 0, 255).astype(np.uint8), transparency=255)),
    "invisible white in 2 bits": ("m.png", pillow(3 - SPOT * 2, bits=2, transparency=3)),
    "invisible white in colour": ("m.png", pillow(coloured((255, 0, 0), (255, 255, 255)), transparency=(255, 255, 255))),
    "opencv grey 255": ("m.png", opencv(SPOT * 255)),
    "opencv grey 16 bit 1": ("m.png", opencv(SPOT16)),
    "opencv rgb 16 bit 1": ("m.png", opencv(coloured((0, 1, 0), kind=np.uint16))),
    "opencv rgba 16 bit alpha 1": ("m.png", opencv(coloured((0, 0, 0, 1), (0, 0, 0, 0), np.uint16))),
    "opencv tiff 16 bit": ("m.tiff", opencv(SPOT16)),
    "opencv bmp": ("m.bmp", opencv(SPOT)),
    "grey and alpha of 16 bits": ("m.png", png(coloured((0, 1), (0, 0), np.uint16), 16, 4)),
    "tifffile int8": ("m.tif", tiff(SPOT.astype(np.int8) * -1)),
    "tifffile int16": ("m.tif", tiff(SPOT.astype(np.int16))),
    "tifffile uint32": ("m.tif", tiff(SPOT.astype(np.uint32) * 2**31)),
    "tifffile int64": ("m.tif", tiff(SPOT.astype(np.int64))),
    "tifffile float64": ("m.tif", tiff(SPOT * 0.25)),
    "tifffile bool": ("m.tif", tiff(TRUTH)),
    "tifffile big endian": ("m.tif", tiff(SPOT16, byteorder=">")),
    "tifffile bigtiff": ("m.tif", tiff(SPOT16, bigtiff=True)),
    "tifffile tiles": ("m.tif", tiff(SPOT16, tile=(16, 16))),
    "tifffile deflate": ("m.tif", tiff(SPOT16, compression="zlib")),
    "tifffile rgb 16 bit planar": ("m.tif", tiff(np.moveaxis(coloured((0, 1, 0), kind=np.uint16), 2, 0), photometric="rgb",
                                                  planarconfig="separate")),
    "tifffile white is zero": ("m.tif", tiff(255 - SPOT * 255, photometric="miniswhite")),
    "imagej": ("m.tif", tiff(SPOT * 255, imagej=True)),
    "numpy bool": ("m.npy", lambda path: np.save(path, TRUTH)),
    "numpy int64": ("m.npy", lambda path: np.save(path, SPOT.astype(np.int64))),
    "numpy under a name of png": ("m.npy", lambda path: np.save(path, np.asfortranarray(SPOT))),
    "nifti label 1": ("m.nii", nifti(SPOT)),
    "nifti labels 1 and 1000": ("m.nii.gz", nifti((TWO_CLASSES.astype(np.int16) // 2) * 999 + SPOT.astype(np.int16))),
    "dicom 1": ("m.dcm", dicom(SPOT)),
    "dicom 16 bit": ("m.dcm", dicom(SPOT16)),
    "exif 3 of its own": ("m.png", turned_by_exif(3)),
    "exif 6 of its own": ("m.png", turned_by_exif(6)),
    "exif 8 of its own tiff": ("m.tif", turned_by_exif(8)),
    "png under the name of a jpeg": ("m.jpg", lambda path: pillow(SPOT, format="PNG")(path)),
}  # fmt: skip
NOISE = np.random.default_rng(0).integers(0, 255, (*SIZE, 3), np.uint8)
REFUSED: dict[str, tuple[str, Write, str]] = {
    "grey without background": ("m.png", pillow(SPOT + 1), "0 as background"),
    "floats without background": ("m.tif", pillow(SPOT + np.float32(0.5)), "0 as background"),
    "white background": ("m.png", pillow(coloured((255, 0, 0), (255, 255, 255))), "black as background"),
    "palette of colours": ("m.png", palette([255, 255, 255, 255, 0, 0]), "index 0 is black background"),
    "palette of greys without black": ("m.png", palette([255, 255, 255, 90, 90, 90]), "black as background"),
    "a photograph": ("m.png", pillow(NOISE), "not the picture or an overlay"),
    "nothing visible": ("m.png", pillow(coloured((9, 9, 9, 0), (0, 0, 0, 0))), "mask that can be seen"),
    "black beside colour on transparency": (
        "m.png", pillow(np.where(np.arange(SIZE[1])[None, :, None] > 25, layer((255, 0, 0)), layer((0, 0, 0)))),
        "black beside colours",
    ),
    "animation": ("m.gif", animated, "mask of one picture"),
    "pages": ("m.tif", tiff(np.stack([SPOT, SPOT])), "mask of one page"),
    "volume without slice": ("m.nii", lambda path: _volume(path), "::slice= of a mask with 3"),
    "frames without choice": ("m.dcm", dicom(SPOT, 2), "::frame= of a mask with 2"),
    "NaN": ("m.tif", tiff(np.where(TRUTH, np.nan, 0.0)), "without NaN"),
    "complex": ("m.npy", lambda path: np.save(path, SPOT * 1j), "numbers"),
    "three axes": ("m.npy", lambda path: np.save(path, np.stack([SPOT, SPOT])), "array .height, width."),
    "cmyk": ("m.tif", lambda path: _cmyk(path), "grey, palette"),
    "jpeg 2000": ("m.jp2", pillow(SPOT), "mask as PNG"),
    "avif": ("m.avif", pillow(coloured((255, 255, 255)), quality=100), "mask as PNG"),
    "jpeg xl": ("m.jxl", lambda path: path.write_bytes(imagecodecs.jpegxl_encode(SPOT, lossless=True)), "mask as PNG"),
    "tiff of jpeg 2000": ("m.tif", tiff(SPOT, compression="jpeg2000"), "lossy format"),
    "tiff in YCbCr": ("m.tif", tiff(coloured((255, 128, 128), (0, 128, 128)), photometric="ycbcr"), "grey, palette"),
    "dicom in jpeg": ("m.dcm", lambda path: _dicom_jpeg(path), "mask without losses"),
    "series without volume": ("m.nii", lambda path: _volume(path, (1, 2)), "::volume= of a mask with 2"),
    "text": ("m.png", lambda path: path.write_text("no mask"), "another format"),
    "empty file": ("m.png", lambda path: path.write_bytes(b""), "another format"),
    "cut short": ("m.png", lambda path: _cut(path), "whole PNG file"),
    "dark jpeg": ("m.jpg", jpeg(SPOT * 20), "mask without losses"),
    "bright jpeg": ("m.jpg", jpeg(140 + SPOT * 100), "white on black"),
    "jpeg of a photograph": ("m.jpg", jpeg(NOISE), "white on black"),
}  # fmt: skip
SIZES: dict[str, tuple[np.ndarray, str]] = {
    "smaller": (SPOT[:20], r"50x30 pixels .width x height., got 50x20"),
    "half": (SPOT[::2, ::2], "got 25x15"),
    "sides exchanged": (np.ascontiguousarray(SPOT.T), r"its sides are exchanged.*turn it"),
}


def _volume(path: Path, more: tuple[int, ...] = (3,)) -> None:
    import nibabel

    voxels = np.broadcast_to(SPOT.T.reshape(*SIZE[::-1], *[1] * len(more)), (*SIZE[::-1], *more))
    nibabel.save(nibabel.Nifti1Image(np.array(voxels), np.eye(4)), path)


def _dicom_jpeg(path: Path) -> None:
    import pydicom
    from pydicom.encaps import encapsulate

    dicom(SPOT * 255)(path)
    file = pydicom.dcmread(path)
    file.PixelData = encapsulate([imagecodecs.jpeg8_encode(SPOT * 255, level=90)])
    file["PixelData"].is_undefined_length = True
    file.file_meta.TransferSyntaxUID = pydicom.uid.JPEGBaseline8Bit
    file.save_as(path)


def _cmyk(path: Path) -> None:
    from PIL import Image

    Image.new("CMYK", SIZE[::-1]).save(path)


def _cut(path: Path) -> None:
    pillow(NOISE)(path)
    path.write_bytes(path.read_bytes()[:900])


@pytest.mark.parametrize("case", READ)
def test_read_as_it_was_drawn(case: str, tmp_path: Path) -> None:
    name, write = READ[case]
    write(tmp_path / name)
    reading = read_mask(tmp_path / name, FRAME)
    assert np.array_equal(reading.marked, TRUTH)
    assert reading.marked.dtype == bool
    assert reading.notes == ()


@pytest.mark.parametrize("case", REFUSED)
def test_refused_with_its_reason(case: str, tmp_path: Path) -> None:
    name, write, reason = REFUSED[case]
    write(tmp_path / name)
    with pytest.raises(AssistantError, match=reason) as caught:
        read_mask(tmp_path / name, FRAME)
    assert isinstance(caught.value, ImageError)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("case", SIZES)
def test_another_size_is_an_error(case: str, tmp_path: Path) -> None:
    values, reason = SIZES[case]
    pillow(values)(tmp_path / "m.png")
    with pytest.raises(DataSetError, match=reason):
        read_mask(tmp_path / "m.png", FRAME)


def test_a_plane_of_a_volume_is_chosen_along_any_axis(tmp_path: Path) -> None:
    import nibabel

    voxels = np.zeros((*SIZE[::-1], 3), np.uint8)
    voxels[..., 1] = SPOT[::-1, ::-1].T
    nibabel.save(nibabel.Nifti1Image(voxels, np.eye(4)), tmp_path / "m.nii")
    assert np.array_equal(read_mask(f"{tmp_path}/m.nii::slice=1", FRAME).marked, TRUTH)
    assert not read_mask(f"{tmp_path}/m.nii::slice=2", FRAME).marked.any()
    nibabel.save(nibabel.Nifti1Image(voxels[:1], np.eye(4)), tmp_path / "thin.nii")
    assert read_mask(f"{tmp_path}/thin.nii::axis=0", Frame(3, 30)).marked.shape == (3, 30)
    with pytest.raises(ImageError, match="::slice= of a mask with 3"):
        read_mask(tmp_path / "thin.nii", Frame(30, 1))


def test_lossy_masks_are_taken_at_half_and_told(tmp_path: Path) -> None:
    for name, write in (("m.jpg", jpeg(SPOT * 255)), ("m.webp", pillow(coloured((255, 255, 255)), quality=80))):
        write(tmp_path / name)
        reading = read_mask(tmp_path / name, FRAME)
        assert (reading.marked != TRUTH).sum() <= 4
        assert "lossy format" in reading.notes[0]


def test_a_mask_that_is_nearly_full_is_told_of(tmp_path: Path) -> None:
    pillow(255 - SPOT * 255)(tmp_path / "m.png")
    reading = read_mask(tmp_path / "m.png", FRAME)
    assert np.array_equal(reading.marked, ~TRUTH)
    assert "wrong way round?" in reading.notes[0]
    pillow(np.full(SIZE, 255, np.uint8))(tmp_path / "m.png")
    assert read_mask(tmp_path / "m.png", FRAME).marked.all()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_mask_in_the_frame_of_the_sensor_is_turned_with_its_picture(orientation: int, tmp_path: Path) -> None:
    """What the decoder does to the picture is what the reader does to the mask."""
    from PIL import Image

    from assistant.labels.masks import frame_of
    from assistant.pictures.images import load_image

    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(np.repeat(SPOT[..., None] * 255, 3, 2)).save(tmp_path / "p.png", exif=exif)
    pillow(SPOT)(tmp_path / "m.png")
    shown = load_image(tmp_path / "p.png").pixels[..., 0] > 0
    frame = frame_of(tmp_path / "p.png", shown.shape)
    assert frame == frame_of(tmp_path / "p.png") == Frame(*shown.shape, orientation)
    if orientation < 5:  # of the same size: it cannot be told which frame was meant, so that is said
        reading = read_mask(tmp_path / "m.png", frame)
        assert np.array_equal(reading.marked, TRUTH)
        assert bool(reading.notes) == (orientation > 1)
        return
    reading = read_mask(tmp_path / "m.png", frame)
    assert np.array_equal(reading.marked, shown)
    assert "turned like its picture" in reading.notes[0]
    pillow(np.ascontiguousarray(shown.astype(np.uint8)))(tmp_path / "upright.png")
    upright: MaskReading = read_mask(tmp_path / "upright.png", frame)
    assert np.array_equal(upright.marked, shown)
    assert upright.notes == ()
