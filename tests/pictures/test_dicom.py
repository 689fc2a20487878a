"""DICOM as it comes: any name, every compression, tables and windows that overstate, groups of frames, padding, colour."""

from __future__ import annotations

import io
import shutil
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pydicom
import pydicom.data
import pytest
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence

from assistant.batch.inputs.listing import Inputs, find_items
from assistant.errors import ImageError
from assistant.pictures.images import find_images, load_image
from assistant.pictures.sets import ReadAlike
from tests.pictures.test_images import dicom

OWN = Path(pydicom.data.__file__).parent
RAMP = np.tile(np.linspace(100, 4000, 64), (24, 1)).astype(np.uint16)
REFUSED = {
    "JPEG2000-embedded-sequence-delimiter.dcm": "damaged, truncated or unusual",
    "MR_truncated.dcm": "damaged, truncated or unusual",
    "SC_rgb_small_odd.dcm": "at least 8 pixels, got 3x3",
    "SC_rgb_small_odd_big_endian.dcm": "at least 8 pixels, got 3x3",
    "SC_rgb_small_odd_jpeg.dcm": "at least 8 pixels, got 3x3",
    "badVR.dcm": "damaged, truncated or unusual",
    "meta_missing_tsyntax.dcm": "states the size and kind of its picture",
    "nested_priv_SQ.dcm": "states the size and kind of its picture",
}
"""Files of pydicom with pixels that are no picture within the limits, and what is said of them."""


def own_files() -> list[Path]:
    """DICOM files that lie in pydicom's package and hold pixels; none is downloaded."""
    found = []
    for path in sorted(OWN.rglob("*")):
        if not path.is_file() or path.suffix in (".py", ".pyc", ".json", ".txt", ".gz", ".dump", ".icc", ".md"):
            continue
        try:
            file = pydicom.dcmread(path, force=True)
            if any(key in file for key in ("PixelData", "FloatPixelData", "DoubleFloatPixelData")):
                found.append(path)
        except Exception:  # noqa: BLE001  what pydicom itself cannot read holds no pixels
            continue
    return found


@pytest.fixture(scope="module", autouse=True)
def _quiet() -> Any:
    """Pydicom warns of its own files while they are listed."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def error_of(source: Any) -> str:
    with pytest.raises(ImageError) as caught:
        load_image(source)
    return str(caught.value)


def test_every_file_of_pydicom_is_read_or_refused_with_its_reason() -> None:
    files = own_files()
    assert len(files) >= 90
    read = 0
    for path in files:
        if path.name in REFUSED:
            assert REFUSED[path.name] in error_of(path), path.name
            continue
        image = load_image(path)
        read += 1
        assert image.pixels.max() > image.pixels.min(), path.name
    assert read >= 85


@pytest.mark.parametrize(
    ("names", "tolerance"),
    [
        (("MR_small.dcm", "MR_small_RLE.dcm", "MR_small_bigendian.dcm", "MR_small_implicit.dcm", "MR_small_expb.dcm",
          "MR_small_jp2klossless.dcm", "MR_small_jpeg_ls_lossless.dcm", "MR_small_padded.dcm"), 0),
        (("SC_rgb_rle.dcm", "SC_rgb_jpeg_gdcm.dcm", "SC_rgb_gdcm_KY.dcm", "SC_ybr_full_422_uncompressed.dcm",
          "SC_rgb_jpeg_dcmtk.dcm", "SC_rgb_dcmtk_+eb+cr.dcm", "SC_rgb_dcmtk_+eb+cy+n1.dcm", "SC_rgb_dcmtk_+eb+cy+np.dcm",
          "SC_rgb_dcmtk_+eb+cy+s2.dcm", "SC_rgb_dcmtk_+eb+cy+s4.dcm", "SC_rgb_jpeg_lossy_gdcm.dcm",
          "SC_rgb_jls_lossy_line.dcm", "SC_rgb_jls_lossy_sample.dcm", "SC_rgb_rle_16bit.dcm", "SC_rgb_rle_32bit.dcm"), 8),
        (("JPGExtended.dcm", "JPEG-lossy.dcm"), 0),
        (("SC_jpeg_no_color_transform_2.dcm", "SC_rgb_jpeg_app14_dcmd.dcm"), 4),
    ],
)  # fmt: skip
def test_encodings_of_one_picture_agree(names: tuple[str, ...], tolerance: int) -> None:
    lines = (
        slice(None) if tolerance == 0 else slice(4, None, 10)
    )  # colours that were sampled down differ where bars meet
    first = load_image(OWN / "test_files" / names[0]).pixels[lines].astype(int)
    for name in names[1:]:
        assert np.abs(load_image(OWN / "test_files" / name).pixels[lines] - first).max() <= tolerance, name


def encapsulated(stream: bytes, syntax: str, values: np.ndarray, bits: int, **tags: Any) -> bytes:
    """A compressed frame in the data set of :func:`dicom`."""
    file = pydicom.dcmread(io.BytesIO(dicom(values, BitsStored=bits, HighBit=bits - 1, **tags)))
    file.file_meta.TransferSyntaxUID = syntax
    file.PixelData = encapsulate([stream])
    file["PixelData"].VR, file["PixelData"].is_undefined_length = "OB", True
    out = io.BytesIO()
    file.save_as(out, enforce_file_format=True)
    return out.getvalue()


STREAMS = {
    "lossless process 14": ("1.2.840.10008.1.2.4.57", lambda v: imagecodecs.jpeg8_encode(v, lossless=True, bitspersample=12)),
    "lossless SV1": ("1.2.840.10008.1.2.4.70", lambda v: imagecodecs.ljpeg_encode(v, bitspersample=12)),
    "extended of 12 bits": ("1.2.840.10008.1.2.4.51", lambda v: imagecodecs.jpeg8_encode(v, bitspersample=12, level=100)),
    "JPEG-LS": ("1.2.840.10008.1.2.4.80", imagecodecs.jpegls_encode),
    "JPEG 2000": ("1.2.840.10008.1.2.4.90", lambda v: imagecodecs.jpeg2k_encode(v, codecformat="j2k", reversible=True, level=0)),
}  # fmt: skip


@pytest.mark.parametrize("name", STREAMS)
def test_compressed_frames_are_what_was_compressed(name: str, capfd: pytest.CaptureFixture[str]) -> None:
    syntax, encode = STREAMS[name]
    stream = bytes(encode(RAMP))
    plain = load_image(dicom(RAMP, BitsStored=12, HighBit=11)).pixels.astype(int)
    packed = load_image(encapsulated(stream, syntax, RAMP, 12)).pixels
    assert np.abs(packed - plain).max() <= (3 if "extended" in name else 0)
    assert error_of(encapsulated(stream[: len(stream) // 2], syntax, RAMP, 12))
    assert capfd.readouterr() == ("", "")


def test_a_jpeg_ls_stream_that_was_cut_is_not_given_to_its_decoder(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which may look for the rest for seconds."""
    import jpeg_ls

    syntax, encode = STREAMS["JPEG-LS"]
    stream = bytes(encode(RAMP))
    for padding in (b"", b"\0\0"):
        load_image(encapsulated(stream + padding, syntax, RAMP, 12))
    monkeypatch.setattr(jpeg_ls, "decode_pixel_data", lambda *args, **options: pytest.fail("decoded"))
    for cut in (len(stream) // 2, len(stream) - 1):
        assert "damaged, truncated" in error_of(encapsulated(stream[:cut], syntax, RAMP, 12))


def test_a_frame_of_another_size_is_refused_before_it_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = bytes(imagecodecs.ljpeg_encode(np.zeros((3000, 3000), np.uint16), bitspersample=12))
    data = encapsulated(stream, "1.2.840.10008.1.2.4.70", RAMP, 12)
    monkeypatch.setattr(imagecodecs, "jpeg_decode", lambda *args, **options: pytest.fail("decoded"))
    assert "whole DICOM file" in error_of(data)


def test_without_the_packages_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    from assistant.pictures import medical

    monkeypatch.setattr(medical, "find_spec", lambda name: None)
    data = encapsulated(b"\xff\xd8\xff\xd9", "1.2.840.10008.1.2.4.80", RAMP, 12)
    assert 'pip install "anomaly-assistant[medical]"' in error_of(data)


def test_dicom_is_found_whatever_its_name(tmp_path: Path) -> None:
    names = ["A0001.IMA", "CT.1.2.840.113619.2.55.1001", "IM0001", "scan.dat"]
    for name in names:
        (tmp_path / name).write_bytes(dicom(RAMP))
    (tmp_path / "DICOMDIR").write_bytes(dicom(RAMP))
    (tmp_path / "notes.txt").write_bytes(dicom(RAMP))
    (tmp_path / "other.dat").write_bytes(b"\0" * 300)
    expected = [str(tmp_path / name) for name in names]
    assert find_images(tmp_path) == expected
    assert [item.source for item in find_items(Inputs(paths=(str(tmp_path),)))] == expected
    frames = tmp_path / "series" / "1.2.3.4"
    frames.parent.mkdir()
    frames.write_bytes(dicom(np.stack([RAMP] * 3)))
    assert len(list(find_items(Inputs(paths=(str(frames.parent),))))) == 3
    shutil.rmtree(frames.parent)


@pytest.mark.parametrize("bits", [12, 16])
def test_a_voi_table_may_overstate_its_bits(bits: int) -> None:
    table = Dataset()
    table.add_new(0x00283002, "US", [4096, 0, bits])
    table.add_new(0x00283006, "US", list(range(4096)))
    pixels = load_image(dicom(RAMP, BitsStored=12, HighBit=11, VOILUTSequence=Sequence([table]))).pixels
    assert np.abs(pixels[0, :, 0] - np.rint(RAMP[0] / 4095 * 255)).max() <= 1


@pytest.mark.parametrize("bits", [8, 16])
def test_a_palette_may_overstate_its_bits(bits: int) -> None:
    index = np.tile(np.arange(256, dtype=np.uint8), (16, 1))
    tags: dict[str, Any] = {"PhotometricInterpretation": "PALETTE COLOR"}
    for colour, entries in (("Red", np.arange(256)), ("Green", np.arange(255, -1, -1)), ("Blue", np.full(256, 9))):
        tags[f"{colour}PaletteColorLookupTableDescriptor"] = [256, 0, bits]
        packed = entries.astype(np.uint8) if bits == 8 else entries.astype("<u2")
        tags[f"{colour}PaletteColorLookupTableData"] = packed.tobytes()
    pixels = load_image(dicom(index, **tags)).pixels
    assert np.array_equal(pixels[0], np.stack([np.arange(256), np.arange(255, -1, -1), np.full(256, 9)], 1))


def test_groups_of_an_enhanced_object_belong_to_their_frame(tmp_path: Path) -> None:
    groups = []
    for slope, intercept, centre in ((1, 0, 2000), (2, -1000, 3000)):
        group, rescale, window = Dataset(), Dataset(), Dataset()
        rescale.RescaleSlope, rescale.RescaleIntercept, rescale.RescaleType = slope, intercept, "US"
        window.WindowCenter, window.WindowWidth = centre, 2000
        group.PixelValueTransformationSequence = Sequence([rescale])
        group.FrameVOILUTSequence = Sequence([window])
        groups.append(group)
    path = tmp_path / "enhanced.dcm"
    path.write_bytes(dicom(np.stack([RAMP, RAMP]), PerFrameFunctionalGroupsSequence=Sequence(groups)))
    for frame, (slope, intercept, centre) in enumerate(((1, 0, 2000), (2, -1000, 3000))):
        values = RAMP[0].astype(float) * slope + intercept
        expected = np.clip((values - (centre - 0.5 - 999.5)) / 1999, 0, 1) * 255
        pixels = load_image(f"{path}::frame={frame}").pixels[0, :, 0]
        assert np.abs(pixels - np.rint(expected)).max() <= 1
    assert load_image(path).notes[0].startswith("is the first frame of its file (of 2;")


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
@pytest.mark.parametrize("window", [False, True])
def test_padding_ranges_are_left_out(photometric: str, window: bool) -> None:
    values = RAMP.copy()
    values[:, :6], values[:, 6:10] = 60000, 65535
    tags = {"WindowCenter": 2050, "WindowWidth": 3900} if window else {}
    data = dicom(
        values, PhotometricInterpretation=photometric, PixelPaddingValue=60000, PixelPaddingRangeLimit=65535, **tags
    )
    pixels = load_image(data).pixels[..., 0].astype(int)
    assert (pixels[:, :10] == 0).all()
    assert np.ptp(pixels[:, 10:]) > 200
    assert (pixels[0, 63] > pixels[0, 12]) == (photometric == "MONOCHROME2")


def test_padding_of_signed_values_written_as_unsigned() -> None:
    values = (RAMP.astype(np.int16) - 2000).copy()
    values[:, :10] = -32000
    data = dicom(values)
    file = pydicom.dcmread(io.BytesIO(data))
    file.add_new(0x00280120, "US", 65536 - 32000)
    out = io.BytesIO()
    file.save_as(out)
    pixels = load_image(out.getvalue()).pixels
    assert (pixels[:, :10] == 0).all()
    assert np.ptp(pixels[:, 10:]) > 250


@pytest.mark.parametrize("function", [None, "LINEAR_EXACT"])
def test_a_window_that_holds_no_pixel_gives_way_with_a_warning(tmp_path: Path, function: str | None) -> None:
    tags: dict[str, Any] = {"WindowCenter": 40000, "WindowWidth": 200}
    if function:
        tags["VOILUTFunction"] = function
    image = load_image(dicom(RAMP, **tags))
    assert np.ptp(image.pixels) == 255
    assert image.notes[0].startswith("is read by its own range, as the window of the file holds next to none of it (")
    path = tmp_path / "ct.dcm"
    path.write_bytes(dicom(RAMP + np.uint16(20000), Modality="CT"))
    assert "the window lung holds next to none" in load_image(f"{path}::window=lung").notes[0]
    flat = load_image(dicom(np.full_like(RAMP, 7), WindowCenter=40000, WindowWidth=200))
    assert flat.notes == ()
    assert (flat.pixels == 0).all()


@pytest.mark.parametrize(("bits", "photometric"), [(8, "RGB"), (10, "RGB"), (12, "RGB"), (16, "RGB"), (8, "YBR_FULL")])
def test_colour_by_its_bits_stored(bits: int, photometric: str) -> None:
    top = 2**bits - 1
    grey = np.tile(np.linspace(0.1, 0.9, 64), (24, 1))
    others = np.full_like(grey, 128) if photometric == "YBR_FULL" else grey * top
    values = np.dstack([grey * top, others, others]).round().astype(np.uint8 if bits == 8 else np.uint16)
    data = dicom(values, BitsStored=bits, HighBit=bits - 1, PhotometricInterpretation=photometric)
    assert np.abs(load_image(data).pixels - np.rint(grey * 255)[..., None]).max() <= 2


def test_references_and_query_are_read_alike(tmp_path: Path) -> None:
    for n in range(3):
        (tmp_path / f"{n}.dcm").write_bytes(dicom((RAMP * (0.5 + 0.1 * n)).astype(np.uint16)))
    means = [image.pixels.mean() for image in ReadAlike(sorted(tmp_path.iterdir()))]
    assert means[0] < means[1] < means[2]
