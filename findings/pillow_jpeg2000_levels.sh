#!/usr/bin/env bash
# Pillow 13.0.0: grey levels of a JPEG 2000 file of 9 to 15 bits are not those of the file, and signed ones are moved; other readers keep them.
#
# Seen: one lossless grey file of each depth. 10 bits, highest level 1023: Pillow gives 65472; 12 bits, 4095: 65520, in mode I;16 and without
# a word; imagecodecs and OpenCV give 1023 and 4095. A signed 16-bit file (-32768 to 32767, as CT scans are kept) comes as 0 to 65535: water at
# 0 HU reads 32768; imagecodecs gives the signed levels, OpenCV 5 refuses the file. 16 bits unsigned are the same in all. The same
# levels in a TIFF or PNG file are left as they are by Pillow, so that two files of one camera, one of each kind, differ sixteenfold.
# Why: the decoder fills the 16 bits of its mode (Jpeg2KDecode.c, j2ku_gray_i: it shifts by 16 minus the precision and adds half the range
# where samples are signed). The handbook's page on JPEG 2000 does not say so, and neither the mode nor Image.info tells the depth.
# What to do: read levels that mean something with another decoder, or take the precision from the SIZ marker and shift back.
set -euo pipefail
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check pillow==13.0.0 imagecodecs==2026.3.6 opencv-python-headless==5.0.0.93 numpy
cat >"$work/levels.py" <<'PYTHON'
import sys
from pathlib import Path

import cv2
import imagecodecs
import numpy as np
from PIL import Image

folder = Path(sys.argv[1])
ramp = np.arange(4096, dtype=np.uint16).reshape(64, 64)


def written(name: str, levels: np.ndarray, bits: int | None) -> Path:
    path = folder / f"{name}.jp2"
    path.write_bytes(imagecodecs.jpeg2k_encode(levels, level=0, bitspersample=bits))
    assert np.array_equal(imagecodecs.jpeg2k_decode(path.read_bytes()), levels), "lossless"
    return path


def pillow(path: Path) -> tuple[str, np.ndarray]:
    with Image.open(path) as image:
        return image.mode, np.asarray(image).astype(np.int64)


for bits in (10, 12, 16):
    levels = ramp >> (12 - bits) if bits < 12 else ramp << (bits - 12)
    path = written(f"{bits} bits", levels, bits)
    mode, seen = pillow(path)
    other = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    print(f"{bits} bits: highest level {levels.max()}, Pillow {seen.max()} ({mode}), OpenCV {other.max()}")
    assert mode == "I;16" and np.array_equal(other, levels)
    assert np.array_equal(seen, levels.astype(np.int64) << (16 - bits))
signed = (ramp.astype(np.int32) * 16 - 32768).astype(np.int16)
mode, seen = pillow(written("signed", signed, None))
print(f"signed 16 bits: {signed.min()} to {signed.max()}, Pillow {seen.min()} to {seen.max()} ({mode})")
assert mode == "I;16" and np.array_equal(seen, signed.astype(np.int64) + 32768)
twelve = folder / "12 bits.png"
Image.fromarray(ramp).save(twelve)
assert np.array_equal(pillow(twelve)[1], ramp), "as a PNG they are kept"
PYTHON
"$work/venv/bin/python" "$work/levels.py" "$work"
echo "as described: Pillow fills 16 bits with JPEG 2000 samples of fewer, and moves signed ones by half the range"
