"""DICOM and NIfTI bytes -> RGB; needs the extra ``medical`` (pydicom 3, nibabel 5). :mod:`assistant.pictures.images` calls it.

One plane is decoded, never a whole volume. Indices count from 0. Pixels are not resampled to square spacing.

* DICOM: ``::frame=12`` (default 0); ``::window=lung`` (a name of :data:`WINDOWS`, for CT), ``::window=1`` (the file's
  own windows, by index) or ``::window=full`` (0.1 to 99.9 percentile). Default: the file's first VOI table or window,
  else full.
* NIfTI: ``::axis=2,slice=40,volume=0,window=brain``, in canonical axes (0 left to right, 1 back to front, 2 feet to
  head). Default: the middle slice of the last axis of the first volume, full window. Shown as radiologists do: the
  patient's right on the picture's left, front or head on top. Voxels that are NaN or infinite are black.
"""

from __future__ import annotations

import gzip
import io
import warnings
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from assistant.errors import ImageError
from assistant.pictures.pixels import (
    ImageLimits,
    Rgb,
    check_selector,
    decoding,
    grey_to_rgb,
    printable,
    robust_range,
    selected_index,
    stretch,
)
from assistant.pictures.spacing import Plane, Spacing, dicom_spacing, nifti_spacing

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


def is_nifti(data: bytes) -> bool:
    """Whether the bytes, or what they unpack to with gzip, start as a single-file NIfTI volume."""
    return nifti_version(data) is not None


def decode_dicom(data: bytes, name: str, selector: Mapping[str, str], limits: ImageLimits) -> Plane:
    """One frame of a DICOM file. Raises :class:`ImageError` on anything that is not a picture within the limits."""
    check_selector(selector, ("frame", "window"), "DICOM", name)
    try:
        import pydicom
        from pydicom.pixels.utils import pixel_array
    except ImportError:
        raise _missing("DICOM", name) from None
    with decoding(name, "DICOM"):
        warnings.simplefilter("error", Image.DecompressionBombWarning)  # of a compressed frame larger than its header
        _check_deflated(data, name, limits)
        file = pydicom.dcmread(io.BytesIO(data), force=True)
        frames = _check_dicom(file, name, limits)
        frame = selected_index(selector, "frame", 0, name) or 0
        if frame >= frames:
            raise ImageError(f"a frame from 0 to {frames - 1}", f"frame {frame} in {name}", "use one of these")
        values = pixel_array(file, index=frame)
        spacing = dicom_spacing(file, _frame_values(file, frame, "PixelMeasuresSequence"))
        if str(file.PhotometricInterpretation) in ("MONOCHROME1", "MONOCHROME2"):
            return Plane(_grey_frame(values, file, frame, selector.get("window"), name), spacing)
        if "window" in selector:
            raise ImageError("no window for a colour picture", f"window= in {name}", "leave it out")
        return Plane(_colour_frame(values, file, name), spacing)


def decode_nifti(data: bytes, name: str, selector: Mapping[str, str], limits: ImageLimits) -> Plane:
    """One slice of a NIfTI volume. Raises :class:`ImageError` on anything that is not one within the limits."""
    check_selector(selector, ("axis", "slice", "volume", "window"), "NIfTI", name)
    window = selector.get("window", "full")
    if window != "full" and window not in WINDOWS:
        raise _unknown_window(window, name)
    try:
        import nibabel
    except ImportError:
        raise _missing("NIfTI", name) from None
    with decoding(name, "NIfTI"):
        stream = gzip.GzipFile(fileobj=io.BytesIO(data)) if data[:2] == b"\x1f\x8b" else io.BytesIO(data)
        kind = nibabel.Nifti1Image if nifti_version(data) == 1 else nibabel.Nifti2Image
        plane, spacing = _nifti_plane(kind.from_stream(stream), name, selector, limits)
        if plane.dtype.names:
            return Plane(np.stack([plane[channel] for channel in ("R", "G", "B")], axis=2).astype(np.uint8), spacing)
        if plane.dtype.kind not in "uif":
            raise ImageError("voxels of real numbers", f"{plane.dtype} in {name}", "save the magnitude")
        plane = plane.astype(np.float64)
        known = np.isfinite(plane)
        if not known.any():
            raise ImageError("a slice with finite voxels", f"none in {name}", "choose another slice")
        low, high = robust_range(plane[known]) if window == "full" else _bounds(*WINDOWS[window])
        return Plane(grey_to_rgb(stretch(np.where(known, plane, low), low, high)), spacing)


def label_plane(data: bytes, kind: str, name: str, selector: Mapping[str, str], limits: ImageLimits) -> np.ndarray:
    """Values of a label map as they are stored, (height, width) in the orientation that the file is shown in.

    Args:
        data: of the file.
        kind: DICOM or NIFTI.
        name: of the file, for messages.
        selector: the frame or slice; needed where there is more than one, for another one marks other places.
        limits: of its size.

    Raises:
        ImageError: no label map within the limits, or several without a selector.
    """
    known = ("frame",) if kind == "DICOM" else ("axis", "slice", "volume")
    check_selector(selector, known, f"a mask as {kind}", name)
    try:
        import nibabel
        import pydicom
        from pydicom.pixels.utils import pixel_array
    except ImportError:
        raise _missing(kind, name) from None
    with decoding(name, kind):
        if kind == "DICOM":
            _check_deflated(data, name, limits)
            file = pydicom.dcmread(io.BytesIO(data), force=True)
            frames = _check_dicom(file, name, limits)
            _require_choice(frames, "frame", selector, name)
            frame = selected_index(selector, "frame", 0, name) or 0
            if frame >= frames:
                raise ImageError(f"a frame from 0 to {frames - 1}", f"frame {frame} in {name}", "use one of these")
            return np.asarray(pixel_array(file, index=frame, raw=True))
        stream = gzip.GzipFile(fileobj=io.BytesIO(data)) if data[:2] == b"\x1f\x8b" else io.BytesIO(data)
        volume = (nibabel.Nifti1Image if nifti_version(data) == 1 else nibabel.Nifti2Image).from_stream(stream)
        _require_choice(int(np.prod(volume.shape[2:3])), "slice", selector, name)
        return _nifti_plane(volume, name, selector, limits)[0]


def _require_choice(count: int, key: str, selector: Mapping[str, str], name: str) -> None:
    if count > 1 and key not in selector:
        raise ImageError(
            f"::{key}= of a mask with {count}", f"none in {name}", f"write {name}::{key}=…, as for its picture"
        )


def _missing(kind: str, name: str) -> ImageError:
    return ImageError(f"the packages that read {kind}", f"none for {name}", 'pip install "anomaly-assistant[medical]"')


def _unknown_window(window: str, name: str) -> ImageError:
    known = ", ".join(("full", *WINDOWS))
    return ImageError(f"a window of {known}", f"{printable(window)} for {name}", "use one of these")


def _bounds(centre: float, width: float) -> tuple[float, float]:
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
    if not get_decoder(syntax).is_available:
        do = "pip install pylibjpeg pylibjpeg-libjpeg pylibjpeg-openjpeg, or save it uncompressed"
        raise ImageError("a DICOM compression that is installed", f"another one in {name}", do)
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


def _grey_frame(values: np.ndarray, file: Any, frame: int, window: str | None, name: str) -> Rgb:
    """Modality transform, window or VOI table, and the inversion of MONOCHROME1."""
    if int(file.get("BitsStored", 8)) == 1:
        grey = (values != 0).astype(np.uint8) * np.uint8(255)
    else:
        grey = _windowed(_modality(values, file, frame), values, file, frame, window, name)
    if str(file.PhotometricInterpretation) == "MONOCHROME1":
        grey = np.uint8(255) - grey
    padding = file.get("PixelPaddingValue")
    if isinstance(padding, int):
        other = file.get("PixelPaddingRangeLimit", padding)
        grey[(values >= min(padding, other)) & (values <= max(padding, other))] = 0
    return grey_to_rgb(grey)


def _modality(values: np.ndarray, file: Any, frame: int) -> np.ndarray:
    """Stored values -> the unit of the modality, such as Hounsfield, as float64."""
    from pydicom.pixels.processing import apply_modality_lut

    if file.get("ModalityLUTSequence"):
        return np.asarray(apply_modality_lut(values, file), dtype=np.float64)
    rescale = _frame_values(file, frame, "PixelValueTransformationSequence")
    slope, intercept = rescale.get("RescaleSlope"), rescale.get("RescaleIntercept")
    scaled = values.astype(np.float64) * float(1.0 if slope is None else slope)
    return np.asarray(scaled + float(intercept or 0.0))


def _windowed(
    values: np.ndarray, stored: np.ndarray, file: Any, frame: int, window: str | None, name: str
) -> UInt8[np.ndarray, "height width"]:
    """Values of the modality -> 0..255 by the window asked for, by the file's own, or by percentiles."""
    if not np.isfinite(values).all():
        raise ImageError("finite pixel values", f"NaN or infinity in {name}", "save it again from its source")
    if window in WINDOWS:
        if str(file.get("Modality", "")) != "CT":
            raise ImageError("a CT picture for a named window", f"another in {name}", "use window=0 or window=full")
        return stretch(values, *_bounds(*WINDOWS[str(window)]))
    own = _frame_values(file, frame, "FrameVOILUTSequence")
    tables = own.get("VOILUTSequence") or []
    centres, widths = _numbers(own.get("WindowCenter")), _numbers(own.get("WindowWidth"))
    count = len(tables) or min(len(centres), len(widths))
    if window is not None and window != "full":
        if not window.isdecimal():
            raise _unknown_window(window, name)
        if int(window) >= count:
            expected = f"one of the {count} windows of the file, from 0"
            raise ImageError(expected, f"{window} for {name}", "use window=full")
    index = int(window) if window is not None and window.isdecimal() else 0
    if window != "full" and count:
        if tables:
            return _by_table(values, own, file, index)
        return _by_window(values, centres[index], widths[index], str(own.get("VOILUTFunction") or "LINEAR"))
    padding = file.get("PixelPaddingValue")
    kept = values[stored != padding] if isinstance(padding, int) else values
    return stretch(values, *robust_range(kept if kept.size else values))


def _numbers(value: Any) -> list[float]:
    if value is None or value == "":
        return []
    return [float(number) for number in value] if hasattr(value, "__iter__") else [float(value)]


def _by_table(values: np.ndarray, own: Any, file: Any, index: int) -> UInt8[np.ndarray, "height width"]:
    from pydicom.pixels.processing import apply_voi

    if own is not file:
        own.file_meta = file.file_meta
    bits = int(own.VOILUTSequence[index].LUTDescriptor[2])
    return stretch(apply_voi(np.rint(values).astype(np.int64), own, index), 0.0, float(2**bits - 1))


def _by_window(values: np.ndarray, centre: float, width: float, function: str) -> UInt8[np.ndarray, "height width"]:
    """The three functions of DICOM PS3.3 C.11.2.1.2; a width that a function does not allow is raised to the least."""
    if function == "SIGMOID":
        exponent = np.clip(-4.0 * (values - centre) / max(width, 1e-9), -700.0, 700.0)
        return stretch(1.0 / (1.0 + np.exp(exponent)), 0.0, 1.0)
    if function == "LINEAR_EXACT":
        return stretch(values, *_bounds(centre, max(width, 1e-9)))
    return stretch(values, *_bounds(centre - 0.5, max(width - 1.0, 1e-9)))


def _colour_frame(values: np.ndarray, file: Any, name: str) -> Rgb:
    """RGB, YBR (already converted by pydicom) or palette colour -> RGB."""
    from pydicom.pixels.processing import apply_color_lut

    bits = int(file.BitsStored)
    if str(file.PhotometricInterpretation) == "PALETTE COLOR":
        values = apply_color_lut(values, file)
        bits = values.dtype.itemsize * 8
    if values.ndim != 3 or values.shape[2] < 3:
        raise ImageError("a grey or colour DICOM picture", f"other channels in {name}", "convert it to PNG")
    values = values[:, :, :3]
    return values.copy() if values.dtype == np.uint8 else stretch(values, 0.0, float(2**bits - 1))


def nifti_version(data: bytes) -> int | None:
    """1 or 2 for single-file NIfTI, by size of header and magic; None for anything else."""
    if data[:2] == b"\x1f\x8b":
        try:
            data = zlib.decompressobj(16 + zlib.MAX_WBITS).decompress(data, 540)
        except zlib.error:
            return None
    if data[344:348] == b"n+1\0":
        return 1
    return 2 if data[4:8] == b"n+2\0" else None


def _nifti_plane(
    volume: Any, name: str, selector: Mapping[str, str], limits: ImageLimits
) -> tuple[np.ndarray, Spacing | None]:
    """The slice asked for, rows downwards, in the units of the file, with its spacing; only that slice is read."""
    shape = tuple(int(side) for side in volume.shape)
    shape += (1,) * (3 - len(shape))
    if min(shape) < 1 or any(side != 1 for side in shape[4:]):
        raise ImageError("a NIfTI volume of 2, 3 or 4 dimensions", f"shape {shape} in {name}", "split it into volumes")
    if int(np.prod(shape[:3], dtype=object)) > limits.max_voxels or volume.dataobj.offset > limits.max_bytes:
        got = f"{shape[0]}x{shape[1]}x{shape[2]} in {name}"
        raise ImageError(f"at most {limits.max_voxels:,} voxels", got, "crop the volume")
    turns, stored = _orientation(volume)
    ranges = {"axis": 3, "volume": shape[3] if len(shape) > 3 else 1}
    chosen = {key: selected_index(selector, key, {"axis": 2, "volume": 0}[key], name) or 0 for key in ranges}
    across = stored[min(chosen["axis"], 2)]
    ranges["slice"] = shape[across]
    middle = shape[across] // 2
    position = selected_index(selector, "slice", middle, name)
    chosen["slice"] = middle if position is None else position
    for key, count in ranges.items():
        if chosen[key] >= count:
            got = f"{key}={chosen[key]} in {name}"
            raise ImageError(f"{key}= from 0 to {count - 1}", got, "use one of these")
    columns, rows = (axis for axis in stored if axis != across)
    limits.check_size(shape[rows], shape[columns], name)
    flipped = turns[across, 1] < 0
    where: list[Any] = [slice(None)] * 3
    where[across] = shape[across] - 1 - chosen["slice"] if flipped else chosen["slice"]
    where += [chosen["volume"], *[0] * (len(shape) - 4)] if len(shape) > 3 else []
    plane = np.asarray(volume.dataobj[tuple(where[: len(volume.shape)])])
    plane = plane.T if columns < rows else plane
    # Canonical axes point right, forward and up; the picture's axes point to the patient's left, back and feet.
    turned = plane[:: -1 if turns[rows, 1] > 0 else 1, :: -1 if turns[columns, 1] > 0 else 1]
    return turned, nifti_spacing(volume, rows, columns)


def _orientation(volume: Any) -> tuple[np.ndarray, list[int]]:
    """Direction of each stored axis, and which stored axis each canonical one is."""
    import nibabel

    turns = nibabel.io_orientation(volume.affine)
    if np.isnan(turns).any():
        turns = np.stack([np.arange(3), np.ones(3)], axis=1)
    return turns, [int(np.flatnonzero(turns[:, 0] == axis)[0]) for axis in range(3)]


def nifti_sides(volume: Any) -> tuple[int, int, int]:
    """Slices across each canonical axis of a NIfTI volume."""
    shape = (*(int(side) for side in volume.shape), 1, 1)
    sides = [shape[axis] for axis in _orientation(volume)[1]]
    return sides[0], sides[1], sides[2]
