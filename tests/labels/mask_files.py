"""Masks as programs write them: the marked square of :data:`TRUTH` in every kind of file that a test compares."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import tifffile
from PIL import Image

SIZE = (30, 50)
TRUTH = np.zeros(SIZE, bool)
TRUTH[4:14, 20:33] = True
SPOT = TRUTH.astype(np.uint8)
Write = Callable[[Path], object]


def pillow(values: np.ndarray, **options: Any) -> Write:
    return lambda path: Image.fromarray(values).save(path, **options)


def opencv(values: np.ndarray) -> Write:
    def write(path: Path) -> None:
        shown = values if values.ndim == 2 else values[..., [2, 1, 0, 3][: values.shape[2]]]
        path.write_bytes(cv2.imencode(path.suffix, np.ascontiguousarray(shown))[1].tobytes())

    return write


def tiff(values: np.ndarray, **options: Any) -> Write:
    return lambda path: tifffile.imwrite(path, values, **options)


def palette(colours: list[int], values: np.ndarray = SPOT, **options: Any) -> Write:
    def write(path: Path) -> None:
        image = Image.fromarray(values).convert("P")
        image.putpalette(colours + [0] * (768 - len(colours)))
        image.save(path, **options)

    return write


def coloured(colour: tuple[int, ...], background: tuple[int, ...] = (0, 0, 0), kind: Any = np.uint8) -> np.ndarray:
    made: np.ndarray = np.empty((*SIZE, len(colour)), kind)
    made[:] = background
    made[TRUTH] = colour
    return made


def layer(colour: tuple[int, int, int], under: tuple[int, int, int] = (0, 0, 0), alpha: int = 255) -> np.ndarray:
    """RGBA: transparent but for the marked pixels."""
    return coloured((*colour, alpha), (*under, 0))


def png(values: np.ndarray, depth: int, kind: int) -> Write:
    """A PNG of a bit depth and colour type that no library at hand writes."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    def write(path: Path) -> None:
        wide = values.astype(">u2") if depth == 16 else values.astype(np.uint8)
        raw = b"".join(b"\0" + row.tobytes() for row in wide)
        head = struct.pack(">IIBBBBB", values.shape[1], values.shape[0], depth, kind, 0, 0, 0)
        parts = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b"")
        path.write_bytes(b"\x89PNG\r\n\x1a\n" + parts)

    return write


def nifti(values: np.ndarray) -> Write:
    """As a viewer shows the plane: the patient's right on the left, front on top."""

    def write(path: Path) -> None:
        import nibabel

        nibabel.save(nibabel.Nifti1Image(values[::-1, ::-1].T[:, :, None], np.eye(4)), path)

    return write


def dicom(values: np.ndarray, frames: int = 1) -> Write:
    def write(path: Path) -> None:
        from pydicom.dataset import Dataset, FileMetaDataset
        from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage, generate_uid

        file = Dataset()
        file.file_meta = FileMetaDataset()
        file.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        file.SOPClassUID, file.SOPInstanceUID = SecondaryCaptureImageStorage, generate_uid()
        bits = values.dtype.itemsize * 8
        file.Rows, file.Columns, file.SamplesPerPixel, file.PhotometricInterpretation = *values.shape, 1, "MONOCHROME2"
        file.BitsAllocated, file.BitsStored, file.HighBit, file.PixelRepresentation = bits, bits, bits - 1, 0
        if frames > 1:
            file.NumberOfFrames = frames
        file.PixelData = np.stack([values] * frames).tobytes()
        file.save_as(path, enforce_file_format=True)

    return write


def animated(path: Path) -> None:
    first = Image.fromarray(SPOT * 255)
    first.save(path, save_all=True, append_images=[Image.fromarray(255 - SPOT)])


def turned_by_exif(orientation: int) -> Write:
    """A mask that states an orientation itself, stored so that it is upright when that is applied."""

    def write(path: Path) -> None:
        stored = {3: SPOT[::-1, ::-1], 6: np.rot90(SPOT, 1), 8: np.rot90(SPOT, -1)}[orientation] * 255
        exif = Image.Exif()
        exif[0x0112] = orientation
        Image.fromarray(np.ascontiguousarray(stored)).save(path, exif=exif)

    return write


def buffer_of(write: Write, name: str, folder: Path) -> bytes:
    path = folder / name
    write(path)
    return path.read_bytes()


def jpeg(values: np.ndarray, quality: int = 90) -> Write:
    def write(path: Path) -> None:
        made = io.BytesIO()
        Image.fromarray(values).save(made, "JPEG", quality=quality)
        path.write_bytes(made.getvalue())

    return write
