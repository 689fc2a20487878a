"""Every kind of bad input is a row of its own, in one line, and the good pictures around it are as if alone."""

from __future__ import annotations

import io
import json
import os
import struct
import threading
import zlib
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from jsonschema import Draft202012Validator
from PIL import Image

from assistant.batch import BatchRun, find_items
from assistant.batch.inputs.listing import Inputs
from assistant.pipeline import Assistant
from assistant.report import SCHEMA_FILE
from tests.batch.conftest import draw, rows_of


def png(pixels: np.ndarray) -> bytes:
    return bytes(cv2.imencode(".png", pixels)[1].tobytes())


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def bomb() -> bytes:
    """A PNG that says it is 60000 x 60000."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 60000, 60000, 8, 2, 0, 0, 0)
    body = zlib.compress(b"\0" * 10_000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def refused(pixels: np.ndarray) -> dict[str, bytes]:
    """Files that are no pictures, under names of pictures."""
    image = Image.fromarray(pixels)
    good, photo = png(pixels), saved(image, "JPEG")
    return {
        "truncated.png": good[: len(good) // 2],
        "truncated.jpg": photo[: len(photo) // 2],
        "truncated.tif": saved(image, "TIFF")[:300],
        "signature-only.png": good[:8],
        "signature-only.gif": b"GIF89a",
        "zero.png": b"",
        "one-byte.jpg": b"\xff",
        "text.png": b"this is no picture\n",
        "page.jpg": b"<!doctype html><html></html>",
        "drawing.png": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        "document.png": b"%PDF-1.7\n",
        "archive.png": b"PK\x03\x04" + b"\0" * 64,
        "array.png": b"\x93NUMPY\x01\0" + b"\0" * 64,
        "zeros.png": b"\0" * 5000,
        "noise.jpg": np.random.default_rng(0).bytes(5000),
        "video.png": b"\0\0\0\x20ftypisom" + b"\0" * 64,
        "bomb.png": bomb(),
        "flipped.png": good[:60] + bytes(b ^ 255 for b in good[60:120]) + good[120:],
        "thin.png": png(np.zeros((4, 300, 3), np.uint8)),
        "long.png": png(np.zeros((10, 2000, 3), np.uint8)),
        "tiny.png": png(np.zeros((1, 1, 3), np.uint8)),
        "header.bmp": saved(image, "BMP")[:40],
        "broken.webp": b"RIFF\x10\0\0\0WEBPVP8 \0\0",
        "broken.dcm": b"\0" * 128 + b"DICM" + b"\xff" * 40,
        "broken.nii.gz": b"\x1f\x8b\x08" + b"\0" * 30,
        "deep.psd.png": b"8BPS" + b"\0" * 100,
    }


def unusual(pixels: np.ndarray) -> dict[str, bytes]:
    """Files that are pictures after all."""
    image = Image.fromarray(pixels)
    frames = [image, Image.fromarray(255 - pixels)]
    exif = b"Exif\0\0" + b"II*\0" + b"\xff" * 20
    return {
        "wrong-extension.jpg": png(pixels),
        "broken-exif.jpg": saved(image, "JPEG", exif=exif),
        "cmyk.jpg": saved(image.convert("CMYK"), "JPEG"),
        "sixteen.png": png(pixels[:, :, 0].astype(np.uint16) * 257),
        "sixteen.tif": saved(Image.fromarray(pixels[:, :, 0].astype(np.uint16) * 200), "TIFF"),
        "animated.gif": saved(frames[0], "GIF", save_all=True, append_images=frames[1:]),
        "animated.webp": saved(frames[0], "WEBP", save_all=True, append_images=frames[1:]),
        "palette.png": saved(image.convert("P"), "PNG"),
        "transparent.png": saved(image.convert("RGBA"), "PNG"),
        "one-bit.png": saved(image.convert("1"), "PNG"),
        "two\nlines.png": png(pixels),
        "\u2028smile 😀.png": png(pixels),
        "x" * 251 + ".png": png(pixels),
        "-dash.png": png(pixels),
        "quote'\"`$(x).png": png(pixels),
        os.fsdecode(b"latin\xe9.png"): png(pixels),
        "colon::frame=7.png": png(pixels),
    }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "photos"


def test_every_kind_is_a_row_and_the_rest_is_unharmed(
    folder: Path, tmp_path: Path, pixels: np.ndarray, inspected: Callable[..., BatchRun], tiny: Assistant
) -> None:
    folder.mkdir()
    bad, odd = refused(pixels), unusual(pixels)
    for name, data in {**bad, **odd}.items():
        (folder / name).write_bytes(data)
    (folder / "dangling.png").symlink_to(folder / "nowhere.png")
    (folder / "loop.png").symlink_to(folder / "loop.png")
    (folder / "folder.png").mkdir()
    os.mkfifo(folder / "pipe.png")
    errors = {*bad, "dangling.png", "loop.png", "folder.png", "pipe.png"}
    if os.geteuid() != 0:
        (folder / "secret.png").write_bytes(png(pixels))
        (folder / "secret.png").chmod(0)
        errors.add("secret.png")
    draw(folder / "good.png", pixels)
    missing = [str(tmp_path / "missing.png"), "http://example.org/a.png", "nul\0.png", ""]

    asked = inspected(folder, *missing)

    rows = rows_of(tmp_path / "out/results.jsonl")
    found = {Path(source).name: row for source, row in rows.items() if source.startswith(str(folder))}
    assert len(errors) >= 25
    assert {name for name, row in found.items() if row["error"] is not None} == errors
    assert len(found) == len(errors) + len(odd) + 1
    assert asked.failed == len(errors) + len(missing)
    schema = Draft202012Validator(json.loads(SCHEMA_FILE.read_text()))
    for line in (tmp_path / "out/results.jsonl").read_text(encoding="utf-8").split("\n")[:-1]:
        row = json.loads(line)
        schema.validate(row)
        assert row["error"] is None or "\n" not in row["error"]
    alone = tiny.inspect(folder / "good.png")
    assert abs(found["good.png"]["image_score"] - alone.image_score) < 1e-4
    assert inspected(folder, *missing).written == 0, "every one of them counts as done"


def test_a_file_that_vanishes_or_changes_during_the_run_is_a_row(
    photos: Path, tmp_path: Path, inspected: Callable[..., BatchRun], monkeypatch: pytest.MonkeyPatch
) -> None:
    from assistant.batch import running

    def then_gone(inputs: Inputs, *_: object) -> object:
        for item in find_items(inputs):
            if item.source.endswith("4.png"):
                Path(item.source).unlink()
            if item.source.endswith("5.png"):
                Path(item.source).write_bytes(b"")
            yield item

    monkeypatch.setattr(running, "find_items", then_gone)
    inspected(photos)
    rows = rows_of(tmp_path / "out/results.jsonl")
    assert {Path(source).name for source, row in rows.items() if row["error"] is not None} == {"4.png", "5.png"}
    assert len(rows) == 9


def test_an_error_nobody_thought_of_is_a_row_too(
    photos: Path, tmp_path: Path, inspected: Callable[..., BatchRun], tiny: Assistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    score, encode = tiny.detector.score, tiny.detector.patch_features_of

    def failing(seen: object, *arguments: object, **options: object) -> object:
        if seen.image.source.endswith("2.png"):  # type: ignore[attr-defined]
            raise ZeroDivisionError("no\nway")
        return score(seen, *arguments, **options)  # type: ignore[arg-type]

    def out_of_memory(given: object) -> object:
        if len(given) > 1:  # type: ignore[arg-type]
            raise RuntimeError("out of memory")
        return encode(given)  # type: ignore[arg-type]

    monkeypatch.setattr(tiny.detector, "score", failing)
    monkeypatch.setattr(tiny.detector, "patch_features_of", out_of_memory)
    inspected(photos, batch_size=3)
    rows = rows_of(tmp_path / "out/results.jsonl")
    (bad,) = [row for row in rows.values() if row["error"] is not None]
    assert "ZeroDivisionError: no way" in bad["error"]
    assert len(rows) == 9


def test_a_deep_folder_is_no_problem(tmp_path: Path) -> None:
    deep = tmp_path
    for _ in range(60):
        deep = deep / "d"
    draw(deep / "a.png", np.zeros((9, 9, 3), np.uint8))
    assert len(list(find_items(Inputs((str(tmp_path),))))) == 1


def test_bad_pictures_leave_no_thread_behind(photos: Path, inspected: Callable[..., BatchRun]) -> None:
    before = threading.active_count()
    for number in range(3):
        inspected(photos, out=f"o{number}")
    assert threading.active_count() <= before + 1
