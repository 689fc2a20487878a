#!/usr/bin/env bash
# OpenCV 5.0.0 (and 4.12): lines, polylines and outlines of an odd `thickness` t > 1 are t + 2 pixels wide, those of an even one t + 1.
#
# Seen: horizontal and vertical lines between whole pixels, drawn with LINE_8. thickness 1 sets 1 row, 2 sets 3, 3 and 4 set 5, 5 and 6
# set 7, 7 and 8 set 9. The outline of a rectangle and of a circle of thickness 3 is 5 wide, too. Pillow's ImageDraw.line(width=3) sets 3.
# So two neighbouring thicknesses look the same, and a mask of a synthetic scratch drawn "3 pixels wide" is two thirds larger than
# asked: ground truth for a defect, and any width measured against it, is off by one to two pixels. LINE_AA touches two rows more.
# Why: thick lines are filled polygons, whose edges lie half the thickness from the line, and polygons include every pixel that their
# border touches. Source: modules/imgproc/src/drawing.cpp, ThickLine and FillConvexPoly; the documentation says "line thickness".
# What to do: measure the mask that was drawn, never take the asked thickness for the truth; for a line of t pixels fill a polygon of
# its own, or draw with `shift` on a picture several times larger and reduce it.
set -euo pipefail
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check opencv-python-headless==5.0.0.93 pillow==12.0.0 numpy==2.4.6
"$work/venv/bin/python" - <<'PYTHON'
import cv2
import numpy as np
from PIL import Image, ImageDraw

wanted = {1: 1, 2: 3, 3: 5, 4: 5, 5: 7, 6: 7, 7: 9, 8: 9}
for thickness, rows in wanted.items():
    across, down, poly = (np.zeros((201, 201), np.uint8) for _ in range(3))
    cv2.line(across, (20, 100), (180, 100), 255, thickness)
    cv2.line(down, (100, 20), (100, 180), 255, thickness)
    cv2.polylines(poly, [np.array([(20, 100), (180, 100)])], False, 255, thickness)
    seen = [int((across[:, 100] > 0).sum()), int((down[100] > 0).sum()), int((poly[:, 100] > 0).sum())]
    drawn = Image.new("L", (201, 201))
    ImageDraw.Draw(drawn).line([(20, 100), (180, 100)], 255, thickness)
    pillow = int((np.array(drawn)[:, 100] > 0).sum())
    print(f"thickness {thickness}: OpenCV {seen[0]} rows, Pillow {pillow}")
    assert seen == [rows] * 3, (thickness, seen)
    assert pillow == thickness, (thickness, pillow)
frame = np.zeros((201, 201), np.uint8)
cv2.rectangle(frame, (40, 40), (160, 160), 255, 3)
assert int((frame[100, :100] > 0).sum()) == 5
PYTHON
echo "as described: thickness 3 draws 5 rows, as thickness 4 does"
