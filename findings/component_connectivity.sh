#!/usr/bin/env bash
# scipy 1.17.1, scikit-image 0.26.0, OpenCV 5.0.0: the same mask has another number of connected components by default.
#
# Seen: a diagonal scratch one pixel wide and 20 long is 20 components for `scipy.ndimage.label`, and one for
# `skimage.measure.label` and `cv2.connectedComponents`. Of a scratch two pixels wide the three agree. Per-region overlap (AUPRO)
# weighs every component alike, so that one thin diagonal scratch outweighs nineteen compact defects with scipy's default.
# Why: scipy's default structure joins neighbours that share an edge (connectivity 1), scikit-image's default is full
# connectivity, OpenCV's is 8. Source: the parameters `structure`, `connectivity` in the documentation of each.
# What to do: say it: `label(mask, structure=numpy.ones((3, 3)))`, as the evaluation script of MVTec AD does.
set -euo pipefail
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check \
  scipy==1.17.1 scikit-image==0.26.0 opencv-python-headless==5.0.0.93 numpy==2.4.6
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import cv2
import numpy as np
from scipy import ndimage
from skimage import measure

thin = np.zeros((32, 32), np.uint8)
thin[np.arange(4, 24), np.arange(4, 24)] = 1
wide = thin | np.roll(thin, 1, axis=1)


def counted(mask):
    return ndimage.label(mask)[1], int(measure.label(mask).max()), cv2.connectedComponents(mask)[0] - 1


print("scipy, scikit-image, OpenCV")
print("one pixel wide: ", counted(thin))
print("two pixels wide:", counted(wide))
assert counted(thin) == (20, 1, 1), "a default has changed"
assert counted(wide) == (1, 1, 1)
assert ndimage.label(thin, structure=np.ones((3, 3)))[1] == 1
PYTHON
echo "as described: one scratch is twenty regions, or one"
