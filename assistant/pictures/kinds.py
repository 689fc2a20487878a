"""What kind of file bytes are, by how they start; and what is said of the kinds that are not read. Decodes nothing."""

from __future__ import annotations

import gzip
import io
import zlib

SUFFIXES = (
    ".png", ".apng", ".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".tif", ".tiff", ".btf", ".bmp", ".dib", ".webp", ".gif",
    ".avif", ".heic", ".heif", ".jxl", ".jp2", ".j2k", ".jpx", ".jpf", ".j2c", ".jpc", ".npy", ".dng",
    ".dcm", ".dicom", ".nii", ".nii.gz",
)  # fmt: skip
"""Endings that make a file of a folder a picture, in any case of letters."""
FORMATS = "a PNG, JPEG, TIFF, BMP, WebP, GIF, AVIF, HEIC, JPEG XL, JPEG 2000, NumPy, DICOM or NIfTI file"
_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"II+\0", "TIFF"),
    (b"MM\0+", "TIFF"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"BM", "BMP"),
    (b"\x93NUMPY", "NPY"),
    (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG2000"),
    (b"\xff\x4f\xff\x51", "JPEG2000"),
    (b"\xff\x0a", "JPEGXL"),
    (b"\0\0\0\x0cJXL \r\n\x87\n", "JPEGXL"),
)
_AS_TIFF = "save it as a 16-bit TIFF"
_AS_PNG = "convert it to PNG or JPEG"
_REFUSED: tuple[tuple[bytes, str, str], ...] = (
    (b"%PDF", "a PDF document", "save its pages as PNG"),
    (b"PK\x03\x04", "a ZIP archive", "unpack it and name the folder"),
    (b"Rar!", "a RAR archive", "unpack it and name the folder"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", "unpack it and name the folder"),
    (b"v/1\x01", "an OpenEXR picture", _AS_TIFF),
    (b"#?RADIANCE", "a Radiance HDR picture", _AS_TIFF),
    (b"#?RGBE", "a Radiance HDR picture", _AS_TIFF),
    (b"8BPS", "a Photoshop document", "save it as TIFF or PNG"),
    (b"gimp xcf", "a GIMP document", "export it as PNG"),
    (b"DDS ", "a DDS texture", _AS_PNG),
    (b"\0\0\x01\0", "an icon", _AS_PNG),
    (b"II\xbc\x01", "a JPEG XR picture", _AS_TIFF),
    (b"IIU\0", "a Panasonic camera raw file", "develop it to a 16-bit TIFF, or convert it to DNG"),
    (b"IIRO", "an Olympus camera raw file", "develop it to a 16-bit TIFF, or convert it to DNG"),
    (b"IIRS", "an Olympus camera raw file", "develop it to a 16-bit TIFF, or convert it to DNG"),
    (b"FUJIFILMCCD-RAW", "a Fujifilm camera raw file", "develop it to a 16-bit TIFF, or convert it to DNG"),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file", "save the picture in it as .npy or TIFF"),
    (b"CDF", "a netCDF file", "save the picture in it as .npy or TIFF"),
    (b"MATLAB 5.0 MAT-file", "a MATLAB file", "save the picture in it as .npy or TIFF"),
    (b"SIMPLE  =", "a FITS file", _AS_TIFF),
    (b"NRRD", "an NRRD volume", "save it as NIfTI (.nii.gz)"),
    (b"ObjectType", "a MetaImage volume", "save it as NIfTI (.nii.gz)"),
    (b"NDims", "a MetaImage volume", "save it as NIfTI (.nii.gz)"),
    (b"ZISRAWFILE", "a Zeiss CZI file", "export it as TIFF"),
    (b"\xda\xce\xbe\x0a", "a Nikon ND2 file", "export it as TIFF"),
    (b"\x1aE\xdf\xa3", "a Matroska video", "save its frames as PNG"),
    (b"PAR1", "a Parquet table", "give the picture files themselves"),
    (b"\x1f\x8b", "a gzip file that holds no NIfTI volume", "unpack it"),
)
_BRANDS: dict[bytes, str] = {
    **dict.fromkeys((b"avif", b"avis"), "AVIF"),
    **dict.fromkeys((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"), "HEIC"),
}


def content_format(data: bytes) -> str | None:
    """Kind by the first bytes: a Pillow plugin's name, AVIF, HEIC, JPEGXL, NPY, DICOM, NIFTI; None for what is not read."""
    # The preamble of a DICOM file may hold the signature of a second format, so it is looked past first.
    if data[128:132] == b"DICM":
        return "DICOM"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    for signature, found in _SIGNATURES:
        if data.startswith(signature):
            return found
    if data[4:8] == b"ftyp":
        return _of_brands(data)
    # Files without the preamble start at group 0002 or 0008, whose elements are all below 0x2000.
    if len(data) > 132 and data[:2] in (b"\x02\0", b"\x08\0") and data[3] < 0x20:
        return "DICOM"
    return "NIFTI" if nifti_version(data) is not None else None


def refusal(data: bytes) -> tuple[str, str]:
    """What bytes that are not read look like, and what to do with them."""
    for signature, found, do in _REFUSED:
        if data.startswith(signature):
            return found, do
    if data[4:8] == b"ftyp":
        if data[8:12] == b"crx ":
            return "a Canon camera raw file", "develop it to a 16-bit TIFF, or convert it to DNG"
        return "a video", "save its frames as PNG"
    if data[:4] == b"RIFF":
        return "a video or sound", "save its frames as PNG"
    start = data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if b"<svg" in start:
        return "an SVG drawing", "save it as PNG"
    if start.startswith((b"<!doctype html", b"<html")):
        return "an HTML page", "download the picture itself"
    text = all(32 <= byte < 0xF8 or byte in b"\t\r\n" for byte in start)  # no control bytes, none foreign to UTF-8
    return ("a text file" if text else "bytes of no known picture format"), _AS_PNG


def nifti_version(data: bytes) -> int | None:
    """1 or 2 for single-file NIfTI, also packed by gzip, by size of header and magic; None for anything else."""
    if data[:2] == b"\x1f\x8b":
        try:
            data = gzip.GzipFile(fileobj=io.BytesIO(data)).read(540)
        except (OSError, EOFError, zlib.error):
            return None
    if data[344:348] == b"n+1\0":
        return 1
    return 2 if data[4:8] == b"n+2\0" else None


def _of_brands(data: bytes) -> str | None:
    size = int.from_bytes(data[:4], "big")
    brands = [data[8:12], *(data[at : at + 4] for at in range(16, min(size, 256), 4))]
    found = [_BRANDS[brand] for brand in brands if brand in _BRANDS]
    return "AVIF" if "AVIF" in found else found[0] if found else None
