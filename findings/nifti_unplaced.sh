#!/usr/bin/env bash
# NIfTI files without a placement (qform and sform code 0): nibabel 5.4.2 and SimpleITK 2.5.7 put the same voxel on opposite sides.
#
# Seen: a volume of 40 x 50 x 30 voxels of 2 x 2 x 3 mm, both codes 0. From the first voxel to the last of the second axis nibabel's
# affine goes forward (anterior), SimpleITK's directions go back (posterior), both in patient coordinates; the origin is the middle of
# the volume for nibabel and the first voxel for SimpleITK. A lesion at one voxel is front in one program and back in the other.
# Neither warns. srow_x, srow_y and srow_z of the header, filled with a sound affine, are passed over by both: code 0 says that they do
# not count. With either code set to 1 both agree.
# Why: METHOD 1 of nifti1.h leaves directions open. nibabel takes the Analyze convention (first axis to the left, the others forward and
# up; Nifti1Header.get_base_affine, default_x_flip), ITK takes the identity in its own left-posterior-superior coordinates.
# What to do: where both codes are 0, say that sides are not known, and do not name them; writers set the code (set_sform(affine, code=1)).
set -euo pipefail
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check nibabel==5.4.2 SimpleITK==2.5.7 numpy==2.4.6
"$work/venv/bin/python" - "$work" <<'PYTHON'
import sys

import nibabel
import numpy as np
import SimpleITK

shape, sound = (40, 50, 30), np.diag([2.0, 2.0, 3.0, 1.0])
sound[:3, 3] = -30, -40, -20


def forward(code: int) -> tuple[float, float]:
    """Millimetres towards the front from the first voxel of the second axis to its last, by both."""
    image = nibabel.Nifti1Image(np.zeros(shape, np.float32), sound)
    image.header.set_zooms((2, 2, 3))
    image.set_qform(sound, code=0)
    image.set_sform(sound, code=code)
    path = f"{sys.argv[1]}/{code}.nii"
    nibabel.save(image, path)
    by_nibabel = nibabel.affines.apply_affine(nibabel.load(path).affine, [(0, 0, 0), (0, 49, 0)])
    read = SimpleITK.ReadImage(path)
    by_itk = [read.TransformIndexToPhysicalPoint(index)[1] * -1.0 for index in ((0, 0, 0), (0, 49, 0))]
    return float(by_nibabel[1, 1] - by_nibabel[0, 1]), by_itk[1] - by_itk[0]


for code, expected in ((0, (98.0, -98.0)), (1, (98.0, 98.0))):
    found = forward(code)
    print(f"sform code {code}: the second axis goes {found[0]:+.0f} mm forward by nibabel, {found[1]:+.0f} mm by SimpleITK")
    assert np.allclose(found, expected), found
PYTHON
echo "as described: front and back change places where no code is set"
