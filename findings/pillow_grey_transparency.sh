#!/usr/bin/env bash
# Pillow 12.3.0: the transparent grey of a PNG of 2 or 4 bits is not scaled with its pixels, so nothing is transparent any more.
#
# Seen: a grey PNG whose largest value is declared transparent (tRNS). Of 1 and 8 bits, convert("LA") and convert("RGBA") make those
# pixels transparent. Of 2 bits the pixels come out as 0, 85, 170, 255, but info["transparency"] stays 3, and of 4 bits 15: no pixel
# has that value, and alpha is 255 everywhere. imagecodecs 2026.3.6 (libpng) gives two channels for all four, transparent where declared.
# Label maps with a transparent background of few classes are such files: read through Pillow's alpha they are opaque throughout, and
# a mask by opacity marks the whole picture. A value 3 that a real pixel of 8 bits has is taken for transparent, by contrast.
# Why: the unpackers of L;2 and L;4 spread values over 0 to 255, while the chunk is kept as it was stored. Source:
# PIL/PngImagePlugin.py, chunk_tRNS (mode "1" is scaled, "L" is not); PNG specification, 11.3.2.1: the value is one of the image's own depth.
# What to do: scale info["transparency"] by 255 / (2 ** bits - 1) for files of 2 and 4 bits (IHDR tells), or read them by another decoder.
set -euo pipefail
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check pillow==12.3.0 imagecodecs==2026.3.6 numpy==2.4.6
"$work/venv/bin/python" - <<'PYTHON'
import io
import struct
import zlib

import imagecodecs
import numpy as np
from PIL import Image


def grey_png(bits, values, transparent):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    lines = b""
    for row in values:
        packed = "".join(format(int(value), f"0{bits}b") for value in row)
        lines += b"\0" + int(packed, 2).to_bytes(len(packed) // 8, "big")
    height, width = values.shape
    header = struct.pack(">IIBBBBB", width, height, bits, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        chunk(kind, data)
        for kind, data in (
            (b"IHDR", header), (b"tRNS", struct.pack(">H", transparent)), (b"IDAT", zlib.compress(lines)), (b"IEND", b""),
        )
    )


for bits, alike in ((1, True), (2, False), (4, False), (8, True)):
    top = 2**bits - 1
    values = np.zeros((8, 8), int)
    values[2:5, 2:5] = top
    data = grey_png(bits, values, top)
    picture = Image.open(io.BytesIO(data))
    seen = [int((np.array(picture.convert(mode))[..., -1] == 0).sum()) for mode in ("LA", "RGBA")]
    decoded = imagecodecs.png_decode(data)
    other = int((decoded[..., -1] == 0).sum())
    print(f"{bits} bits: transparency {picture.info['transparency']}, greys {np.unique(np.array(picture).astype(int)).tolist()}, "
          f"transparent pixels: Pillow {seen}, imagecodecs {other}")
    assert seen == ([9, 9] if alike else [0, 0]), seen
    assert other == 9, other
PYTHON
echo "as described: of 2 and 4 bits nothing is transparent"
