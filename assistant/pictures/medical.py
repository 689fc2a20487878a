"""DICOM bytes -> one frame; needs the extra ``medical`` (pydicom 3). :mod:`assistant.pictures.images` calls it.

``::frame=12`` (default 0); ``::window=lung`` (a name of :data:`WINDOWS`, for CT), ``::window=1`` (the file's own windows, by
index) or ``::window=full`` (the values' own range). Default: the file's first VOI table or window; without one, and where a
window holds next to no pixel (then with a note), the range of the bits stored where the values use its upper half, else their
own. Pixels are not resampled to square spacing. One frame is decoded, never a whole series.
"""

from __future__ import annotations

import io
import warnings
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib.util import find_spec
from typing import Any

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from assistant.errors import ImageError
from assistant.pictures.formats.dicom_codecs import registered
from assistant.pictures.levels import LEAST_SPREAD, Samples, find_levels, percent, robust_range, stretch
from assistant.pictures.pixels import ImageLimits, check_selector, decoding, printable, selected_index
from assistant.pictures.spacing import Plane, dicom_spacing
from assistant.types import Levels

WINDOWS: dict[str, tuple[float, float]] = {
    "lung": (-600.0, 1500.0),
    "brain": (40.0, 80.0),
    "stroke": (35.0, 40.0),
    "subdural": (75.0, 215.0),
    "bone": (400.0, 1800.0),
    "mediastinum": (40.0, 400.0),
    "abdomen": (60.0, 400.0),
    "liver": (70.0, 150.0),
}
"""Centre and width of the CT windows that ``window=`` names, Hounsfield units."""

_DEFLATED = "1.2.840.10008.1.2.1.99"
_RLE = "1.2.840.10008.1.2.5"
_RLE_SLACK = 2**16
_JPEG_LS = frozenset({"1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.81"})
_END = b"\xff\xd9"
"""Marker that ends a JPEG stream; padding may follow."""
_DECODERS = ("imagecodecs", "jpeg_ls", "openjpeg", "pylibjpeg")
"""What decodes compressed frames beside Pillow, all of it in the extra."""
_HELD = 0.001
"""Share of the pixels that a window must hold to be believed."""


def decode_dicom(data: bytes, name: str, selector: Mapping[str, str], limits: ImageLimits) -> Plane:
    """One frame of a DICOM file. Raises :class:`ImageError` on anything that is not a picture within the limits."""
    check_selector(selector, ("frame", "window"), "DICOM", name)
    with decoding(name, "DICOM"):
        file, frames = opened_dicom(data, name, limits)
        frame = dicom_frame(frames, selector, name)
        values = frame_values(file, frame, name)
        told = _one_of_many(frames) if "frame" not in selector and frames > 1 else ()
        spacing = dicom_spacing(file, _frame_values(file, frame, "PixelMeasuresSequence"))
        if str(file.PhotometricInterpretation) in ("MONOCHROME1", "MONOCHROME2"):
            grey = _grey_frame(values, file, frame, selector.get("window"), name)
            return Plane(replace(grey, notes=told + grey.notes), spacing)
        if "window" in selector:
            raise ImageError("no window for a colour picture", f"window= in {name}", "leave it out")
        return Plane(replace(_colour_frame(values, file, name), notes=told), spacing)


def opened_dicom(data: bytes, name: str, limits: ImageLimits) -> tuple[Any, int]:
    """A DICOM file by pydicom, its pixels not decoded yet, and how many frames it has.

    Call it inside :func:`~assistant.pictures.pixels.decoding`, whose filters of warnings it sets.

    Raises:
        ImageError: the extra is not installed, or a file without pixels, outside the limits, in an unknown compression.
    """
    try:
        import pydicom
    except ImportError:
        raise missing("DICOM", name) from None
    warnings.simplefilter("error", Image.DecompressionBombWarning)  # of a compressed frame larger than its header
    _check_deflated(data, name, limits)
    file = pydicom.dcmread(io.BytesIO(data), force=True)
    return file, _check_dicom(file, name, limits)


def dicom_frame(frames: int, selector: Mapping[str, str], name: str) -> int:
    """Which of the frames is asked for; the first where none is.

    Raises:
        ImageError: one that the file does not have.
    """
    frame = selected_index(selector, "frame", 0, name) or 0
    if frame >= frames:
        raise ImageError(f"a frame from 0 to {frames - 1}", f"frame {frame} in {name}", "use one of these")
    return frame


def _one_of_many(frames: int) -> tuple[str, ...]:
    return (f"is the first frame of its file (of {frames}; the selector ::frame=1 takes the next)",)


def missing(kind: str, name: str) -> ImageError:
    """Says that the extra is not installed."""
    return ImageError(f"the packages that read {kind}", f"none for {name}", 'pip install "anomaly-assistant[medical]"')


def unknown_window(window: str, name: str) -> ImageError:
    """Says which windows there are."""
    known = ", ".join(("full", *WINDOWS))
    return ImageError(f"a window of {known}", f"{printable(window)} for {name}", "use one of these")


def bounds(centre: float, width: float) -> tuple[float, float]:
    """Least and greatest value of a window."""
    return centre - width / 2, centre + width / 2


def _check_deflated(data: bytes, name: str, limits: ImageLimits) -> None:
    """Bound what a deflated file unpacks to, since pydicom unpacks it whole."""
    from pydicom.filereader import read_dataset, read_preamble

    stream = io.BytesIO(data)
    read_preamble(stream, force=True)
    meta = read_dataset(stream, False, True, stop_when=lambda tag, vr, length: tag.group != 2)
    if meta.get("TransferSyntaxUID") == _DEFLATED:
        unpacked = zlib.decompressobj(-zlib.MAX_WBITS).decompress(data[stream.tell() :], limits.max_bytes + 1)
        if len(unpacked) > limits.max_bytes:
            do = "scale it down or crop it"
            raise ImageError(f"at most {limits.max_bytes:,} bytes", f"more once unpacked in {name}", do)


def _check_dicom(file: Any, name: str, limits: ImageLimits) -> int:
    """Frames of the file, once its header is within the limits and its pixels can be decoded."""
    from pydicom.pixels.decoders.base import get_decoder
    from pydicom.uid import UID, ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

    if not any(key in file for key in ("PixelData", "FloatPixelData", "DoubleFloatPixelData")):
        raise ImageError("a DICOM file with pixels", f"one without in {name}", "name a file that holds a picture")
    if not file.get("Rows") or not file.get("Columns") or not file.get("PhotometricInterpretation"):
        do = "save it again from its source"
        raise ImageError(
            "a DICOM file that states the size and kind of its picture", f"one that does not in {name}", do
        )
    height, width = int(file.Rows), int(file.Columns)
    frames = max(1, int(file.get("NumberOfFrames") or 1))
    limits.check_size(height, width, name)
    if height * width * frames > limits.max_voxels:
        got = f"{width}x{height}x{frames} in {name}"
        raise ImageError(f"at most {limits.max_voxels:,} voxels", got, "split the file into shorter series")
    if not file.file_meta.get("TransferSyntaxUID"):
        implicit, little = file.original_encoding
        plain = ExplicitVRLittleEndian if little else ExplicitVRBigEndian
        file.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian if implicit else plain
    syntax = UID(file.file_meta.TransferSyntaxUID)
    registered()
    if not get_decoder(syntax).is_available:
        raise _not_installed(name)
    plane = height * width * int(file.get("SamplesPerPixel", 1)) * (int(file.BitsAllocated) // 8 or 1)
    if syntax == _RLE and len(file.PixelData) > frames * (plane * 2 + _RLE_SLACK):
        raise ImageError("a whole DICOM file", f"more run-length data than pixels in {name}", "save it uncompressed")
    return frames


def _frame_values(file: Any, frame: int, group: str) -> Any:
    """The data set that holds a functional group's values for a frame; the file itself where there are no groups."""
    for sequence, index in (("PerFrameFunctionalGroupsSequence", frame), ("SharedFunctionalGroupsSequence", 0)):
        groups = file.get(sequence)
        if groups and index < len(groups) and groups[index].get(group):
            return groups[index].get(group)[0]
    return file


def frame_values(file: Any, frame: int, name: str, *, raw: bool = False) -> np.ndarray:
    """Stored values of a frame, before any transform of them; YBR as RGB unless ``raw``.

    Raises:
        ImageError: only a package is missing that decodes it. pydicom raises whatever it likes.
    """
    from pydicom.pixels.decoders.base import get_decoder
    from pydicom.pixels.utils import pixel_array

    _check_end(file, frame)
    try:
        return np.asarray(pixel_array(file, index=frame, raw=raw))
    except (RuntimeError, NotImplementedError):
        missing = get_decoder(file.file_meta.TransferSyntaxUID).missing_dependencies
        if missing and not all(find_spec(package) for package in _DECODERS):
            raise _not_installed(name) from None
        raise


def _check_end(file: Any, frame: int) -> None:
    """A JPEG-LS stream that was cut is not given to its decoder, which may look for the rest for seconds."""
    from pydicom.encaps import get_frame

    if file.file_meta.TransferSyntaxUID in _JPEG_LS:
        table = "ExtendedOffsetTable" in file
        offsets = (file.ExtendedOffsetTable, file.ExtendedOffsetTableLengths) if table else None
        frames = int(file.get("NumberOfFrames", 1) or 1)
        stream = get_frame(file.PixelData, frame, extended_offsets=offsets, number_of_frames=frames)
        if _END not in stream[-16:]:
            raise ValueError("a JPEG-LS stream without its end")


def _not_installed(name: str) -> ImageError:
    do = 'pip install "anomaly-assistant[medical]", or save it uncompressed'
    return ImageError("a DICOM compression that is installed", f"another one in {name}", do)


def _grey_frame(stored: np.ndarray, file: Any, frame: int, window: str | None, name: str) -> Samples:
    """Modality transform, window or VOI table, and the inversion of MONOCHROME1."""
    inverted, known = str(file.PhotometricInterpretation) == "MONOCHROME1", _unpadded(stored, file)
    if int(file.get("BitsStored", 8)) == 1:
        return Samples((stored != 0).astype(np.uint8) * np.uint8(255), inverted=inverted, known=known)
    values = _modality(stored, file, frame)
    if known is not None and not known.any():
        known = None
    return replace(_windowed(values, known, file, frame, window, name), inverted=inverted, known=known)


def _unpadded(stored: np.ndarray, file: Any) -> np.ndarray | None:
    """Where a grey frame is not padding; None where it has none."""
    padding = file.get("PixelPaddingValue")
    if not isinstance(padding, int):
        return None
    ends = [padding, int(file.get("PixelPaddingRangeLimit", padding))]
    if stored.dtype.kind == "i":  # written as unsigned by some, for signed values
        half = 2 ** (stored.dtype.itemsize * 8 - 1)
        ends = [end - 2 * half if end >= half else end for end in ends]
    known = (stored < min(ends)) | (stored > max(ends))
    return None if known.all() else np.asarray(known)


def _modality(values: np.ndarray, file: Any, frame: int) -> np.ndarray:
    """Stored values -> the unit of the modality, such as Hounsfield; as they are where nothing changes them."""
    from pydicom.pixels.processing import apply_modality_lut

    if file.get("ModalityLUTSequence"):
        return np.asarray(apply_modality_lut(values, file))
    rescale = _frame_values(file, frame, "PixelValueTransformationSequence")
    slope, intercept = rescale.get("RescaleSlope"), float(rescale.get("RescaleIntercept") or 0.0)
    factor = 1.0 if not slope else float(slope)
    if factor == 1.0 and intercept == 0.0:
        return values
    return np.asarray(values.astype(np.float64) * factor + intercept).astype(np.float32)


def _windowed(
    values: np.ndarray, known: np.ndarray | None, file: Any, frame: int, window: str | None, name: str
) -> Samples:
    """Values of the modality with the window asked for, with the file's own, or to be read by what they hold."""
    own = _frame_values(file, frame, "FrameVOILUTSequence")
    tables = own.get("VOILUTSequence") or []
    centres, widths = _numbers(own.get("WindowCenter")), _numbers(own.get("WindowWidth"))
    count = len(tables) or min(len(centres), len(widths))
    counted = values if known is None else values[known]
    if window in WINDOWS:
        if str(file.get("Modality", "")) != "CT":
            raise ImageError("a CT picture for a named window", f"another in {name}", "use window=0 or window=full")
        return _held(values, counted, bounds(*WINDOWS[str(window)]), f"the window {window}", chosen=True)
    index = _window_index(window, count, name)
    if window == "full":
        return Samples(values, window=Levels(*robust_range(counted[np.isfinite(counted)])), chosen=True)
    if not count and values.dtype == np.uint8 and int(file.get("BitsStored", 8)) == 8:
        return Samples(values)
    if not count:
        return Samples(values, declared=_stored_range(counted, file, frame))
    if tables:
        return Samples(_by_table(values, own, file, index))
    function = str(own.get("VOILUTFunction") or "LINEAR")
    centre, width = centres[index], widths[index]
    if function == "SIGMOID":
        return Samples(_sigmoid(values, centre, width))
    ends = (
        bounds(centre, max(width, 1e-9)) if function == "LINEAR_EXACT" else bounds(centre - 0.5, max(width - 1, 1e-9))
    )
    return _held(values, counted, ends, "the window of the file", chosen=window is not None)


def _window_index(window: str | None, count: int, name: str) -> int:
    """Which of the file's own windows is asked for; the first where none is."""
    if window is None or window == "full":
        return 0
    if not window.isdecimal():
        raise unknown_window(window, name)
    if int(window) >= count:
        expected = f"one of the {count} windows of the file, from 0"
        raise ImageError(expected, f"{window} for {name}", "use window=full")
    return int(window)


def _held(
    values: np.ndarray, counted: np.ndarray, ends: tuple[float, float], words: str, *, chosen: bool = False
) -> Samples:
    """Values with a window (least, greatest), or with their own range where it holds next to none of them."""
    inside = float(((counted > ends[0]) & (counted < ends[1])).mean())
    if inside >= _HELD or float(counted.min()) == float(counted.max()):
        return Samples(values, window=Levels(*ends), chosen=chosen)
    held = percent(inside) if inside else "none"
    told = f"is read by its own range, as {words} holds next to none of it ({ends[0]:g} to {ends[1]:g} holds {held})"
    return Samples(values, window=find_levels(counted[np.isfinite(counted)], None)[0], chosen=chosen, notes=(told,))


def _stored_range(counted: np.ndarray, file: Any, frame: int) -> Levels | None:
    """Levels of the bits stored, in the unit of the modality, where unsigned values use them; None where they do not."""
    if int(file.get("PixelRepresentation", 0)) or file.get("ModalityLUTSequence") or counted.dtype.kind not in "uf":
        return None
    low, high = sorted(_modality(np.array([0, 2 ** int(file.get("BitsStored", 8)) - 1]), file, frame).astype(float))
    least, most = robust_range(counted[np.isfinite(counted)])
    used = most >= (low + high) / 2 and most - least >= LEAST_SPREAD * (high - low)
    return Levels(float(low), float(high)) if used else None


def _numbers(value: Any) -> list[float]:
    if value is None or value == "":
        return []
    return [float(number) for number in value] if hasattr(value, "__iter__") else [float(value)]


def _by_table(values: np.ndarray, own: Any, file: Any, index: int) -> UInt8[np.ndarray, "height width"]:
    """Values through a VOI table; its entries tell how many bits they have, where the descriptor overstates them."""
    from pydicom.pixels.processing import apply_voi

    if own is not file:
        own.file_meta = file.file_meta
    looked_up = apply_voi(np.rint(values).astype(np.int64), own, index)
    entries = own.VOILUTSequence[index].get("LUTData")
    most = int(max(entries)) if isinstance(entries, Sequence) and not isinstance(entries, bytes | str) else 0
    if isinstance(entries, bytes) and len(entries) > 1:
        most = int(np.frombuffer(entries[: len(entries) // 2 * 2], "<u2").max())
    most = max(most, int(looked_up.max()))
    return stretch(looked_up, 0.0, _full_scale(most))


def _full_scale(most: int) -> float:
    """The largest value of as many bits as an entry needs."""
    return float(2 ** max(1, most.bit_length()) - 1)


def _sigmoid(values: np.ndarray, centre: float, width: float) -> UInt8[np.ndarray, "height width"]:
    """The function SIGMOID of DICOM PS3.3 C.11.2.1.3.1."""
    exponent = np.clip(-4.0 * (values.astype(np.float64) - centre) / max(width, 1e-9), -700.0, 700.0)
    return stretch(1.0 / (1.0 + np.exp(exponent)), 0.0, 1.0)


def _colour_frame(values: np.ndarray, file: Any, name: str) -> Samples:
    """RGB, YBR (already converted by pydicom) or palette colour -> colours."""
    from pydicom.pixels.processing import apply_color_lut

    bits = int(file.BitsStored)
    if str(file.PhotometricInterpretation) == "PALETTE COLOR":
        values = np.asarray(apply_color_lut(values, file))
        if values.dtype != np.uint8:
            values = stretch(values[:, :, :3], 0.0, 255.0 if int(values.max()) < 256 else 65535.0)
    if values.ndim != 3 or values.shape[2] < 3:
        raise ImageError("a grey or colour DICOM picture", f"other channels in {name}", "convert it to PNG")
    if str(file.PhotometricInterpretation).startswith("YBR_PARTIAL"):
        raise ImageError("RGB or full-range YBR", f"another colour space in {name}", "save it as RGB")
    values = values[:, :, :3].copy()
    whole = bits == values.dtype.itemsize * 8 or values.dtype.kind != "u"
    return Samples(values, declared=None if whole else Levels(0.0, float(2**bits - 1)))
