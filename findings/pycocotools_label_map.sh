#!/usr/bin/env bash
# pycocotools 2.0.11: `mask.encode` of a label map (0, 1, 2 ...) is no mask of everything that is not 0.
#
# Seen: in a 6 x 4 map two labels that touch one above the other cover 8 pixels; the encoding covers 6, and not those: from the
# place where label 1 becomes label 2 on, inside and outside are exchanged to the end of the next run. Labels that do not touch
# within a column come out right, so that a test with one object passes. An engineer expects values other than 0 to count as
# set, or a refusal.
# Why: the run-length encoder walks the columns and starts a new run wherever a value differs from the one before; runs are read
# back as outside, inside, outside ... . Source: rleEncode in common/maskApi.c; the docstring of pycocotools/mask.py asks for
# "binary mask" and dtype uint8, which a label map has too.
# What to do: encode one boolean mask a label: `encode(numpy.asfortranarray(labels == 1))`, as uint8.
set -euo pipefail
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check pycocotools==2.0.11 numpy==2.4.6
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import numpy as np
from pycocotools import mask

labels = np.zeros((6, 4), np.uint8, order="F")
labels[1:3, 1:3] = 1
labels[3:5, 1:3] = 2
apart = labels.copy(order="F")
apart[3:5, 1:3] = 1
touching, binary = mask.decode(mask.encode(labels)), mask.decode(mask.encode(apart))
print("set pixels in the map:", int((labels > 0).sum()))
print("set pixels in the encoding of the label map:", int(touching.sum()))
print(touching)
assert touching.sum() == 6, "label maps are encoded otherwise now"
assert not np.array_equal(touching, labels > 0)
assert np.array_equal(binary, labels > 0)
PYTHON
echo "as described: touching labels are encoded inside out"
