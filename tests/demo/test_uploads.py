"""Files that strangers send: only uploads, checked before decoding, names without markup, messages without paths."""

from __future__ import annotations

import gzip
import io
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from assistant.errors import AssistantError, ImageError, ProfileError
from assistant.pictures.pixels import ImageLimits
from demo.incoming import uploads

LIMITS = ImageLimits(max_pixels=1_000_000, max_bytes=2**20)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "uploads"
    folder.mkdir()
    return folder


def read(root: Path, name: str, data: bytes) -> str:
    """The message that a file of these bytes is refused with."""
    (root / name).write_bytes(data)
    with pytest.raises(ImageError) as refused:
        uploads.read_picture(str(root / name), root, LIMITS)
    return str(refused.value)


@pytest.mark.parametrize(
    "path",
    [
        "/etc/passwd",
        "../secret.png",
        "ROOT/../secret.png",
        "ROOT/link.png",
        "ROOT",
        "",
        "nul\0.png",
        None,
        7,
        {"path": "x"},
    ],
)
def test_paths_outside_the_uploads_are_refused(root: Path, path: object, pixels: np.ndarray) -> None:
    cv2.imwrite(str(root.parent / "secret.png"), pixels)
    (root / "link.png").symlink_to(root.parent / "secret.png")
    given = path.replace("ROOT", str(root)) if isinstance(path, str) else path
    with pytest.raises(ImageError, match="expected an uploaded file") as refused:
        uploads.read_picture(given, root, LIMITS)
    assert "secret" not in str(refused.value)
    assert str(root) not in str(refused.value)


@pytest.mark.parametrize(
    "path", ["http://127.0.0.1:1/a.png", "https://example.org/a.png", "file:///etc/passwd", "s3://b/a"]
)
def test_addresses_are_refused(root: Path, path: str) -> None:
    with pytest.raises(ImageError, match="expected an uploaded file, got an address"):
        uploads.read_picture(path, root, LIMITS)


def test_a_picture_is_read_under_its_own_name(root: Path, pixels: np.ndarray) -> None:
    cv2.imwrite(str(root / "lid 3.png"), pixels)
    image = uploads.read_picture(str(root / "lid 3.png"), root, LIMITS)
    assert image.source == "lid 3.png"
    assert image.pixels.shape == pixels.shape


def test_documents_are_refused_by_content(root: Path) -> None:
    script = b"<script>alert(1)</script>"
    assert "an HTML page in page.png" in read(root, "page.png", b"<!doctype html>" + script)
    svg = b'<svg xmlns="http://www.w3.org/2000/svg">' + script + b"</svg>"
    assert "an SVG drawing in drawing.svg" in read(root, "drawing.svg", svg)
    assert "0 bytes" in read(root, "empty.png", b"")
    assert str(root) not in read(root, "text.txt", b"hello")


def test_bombs_are_refused_before_they_are_decoded(root: Path) -> None:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 9000, 9000, 8, 0, 0, 0, 0))
    body = chunk(b"IDAT", zlib.compress(bytes(10**6)))
    message = read(root, "bomb.png", b"\x89PNG\r\n\x1a\n" + header + body + chunk(b"IEND", b""))
    assert "expected at most 1,000,000 pixels, got 9000x9000" in message
    assert "at most 1,048,576 bytes" in read(root, "large.png", bytes(2**20 + 1))


def test_markup_in_name_and_metadata_goes_nowhere(root: Path, pixels: np.ndarray) -> None:
    note = PngImagePlugin.PngInfo()
    note.add_text("Comment", "<img src=x onerror=alert(1)>")
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", pnginfo=note)
    name = "<b onclick=alert(1)>'\"&.png"
    (root / name).write_bytes(buffer.getvalue())
    image = uploads.read_picture(root / name, root, LIMITS)
    assert not set("<>'\"&") & set(image.source)
    assert "onerror" not in repr({**vars(image), "pixels": None})


@pytest.mark.parametrize("name", ["a" * 300 + ".png", "../../x.png", "", "....", "\u202egnp.exe", "a\n\x1b[2J.png"])
def test_names_are_short_and_plain(name: str) -> None:
    shown = uploads.display_name(name)
    assert 1 <= len(shown) <= uploads.LONGEST_NAME
    assert shown.isascii()
    assert shown.isprintable()
    assert "/" not in shown


def test_profiles_that_are_none(root: Path) -> None:
    (root / "p.safetensors").write_bytes(b"nothing")
    with pytest.raises(ProfileError, match="a profile written by"):
        uploads.read_profile(root / "p.safetensors", root)
    with pytest.raises(AssistantError, match="an uploaded file"):
        uploads.read_profile("/etc/passwd", root)


def test_bombs_in_scans_are_refused(root: Path) -> None:
    import nibabel

    header = nibabel.Nifti1Header()
    header.set_data_dtype(np.uint8)
    header.set_data_shape((4000, 4000, 2000))
    header["magic"], header["vox_offset"] = b"n+1", 352
    squeezed = gzip.compress(header.binaryblock + bytes(4 + 10**7))
    assert len(squeezed) < 20_000
    assert "voxels, got 4000x4000x2000" in read(root, "bomb.nii.gz", squeezed)
