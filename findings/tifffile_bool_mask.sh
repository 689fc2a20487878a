#!/usr/bin/env bash
# tifffile 2026.3.3: a mask of dtype bool is written as MINISWHITE with its bits as they are, so every other reader shows it inverted.
#
# Seen: a mask of 32 x 48 with 130 True, written by imwrite(file, mask). tifffile reads 130 back. Pillow 12.3 reads 1406 of 1536, the
# other pixels; OpenCV 5.0 likewise. With photometric="minisblack" all three read 130. A mask of uint8 is not touched by this.
# Marked and unmarked change places without a word, and both pictures look like a mask.
# Why: the writer takes MINISWHITE for arrays of bool where no photometric is given and packs True as 1; by TIFF 6.0 (PhotometricInterpretation)
# 0 is white there. tifffile's own reader returns the stored bits and leaves the photometric to the caller. Source: TiffWriter.write,
# `if bilevel: photometric = MINISWHITE`; the documentation of `photometric` lists both without the default.
# What to do: give photometric="minisblack" when writing; when reading masks of one bit, honour the photometric for any writer but
# tifffile (tag Software), and never for that one.
set -euo pipefail
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check tifffile==2026.3.3 imagecodecs==2026.3.6 pillow==12.3.0 \
    opencv-python-headless==5.0.0.93 numpy==2.4.6
"$work/venv/bin/python" - "$work" <<'PYTHON'
import sys

import cv2
import numpy as np
import tifffile
from PIL import Image

mask = np.zeros((32, 48), bool)
mask[4:14, 5:18] = True
for photometric, elsewhere in ((None, mask.size - mask.sum()), ("minisblack", mask.sum())):
    path = f"{sys.argv[1]}/{photometric}.tif"
    tifffile.imwrite(path, mask, photometric=photometric)
    own = int(tifffile.imread(path).sum())
    pillow = int(np.array(Image.open(path)).sum())
    opencv = int((cv2.imread(path, cv2.IMREAD_GRAYSCALE) > 0).sum())
    print(f"photometric {photometric}: tifffile {own}, Pillow {pillow}, OpenCV {opencv} of {mask.size} pixels marked")
    assert own == mask.sum(), own
    assert pillow == opencv == elsewhere, (pillow, opencv, elsewhere)
PYTHON
echo "as described: other readers mark what the mask left out"
