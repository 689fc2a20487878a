#!/usr/bin/env bash
# NIfTI files whose sform and pixdim disagree: SimpleITK 2.5.3 places voxels by the sform's directions but sizes them by pixdim, and
# nibabel 5.4.2 gives both answers of one file.
#
# Seen: a volume with an sform of 2 x 2 x 5 mm (code 1), no qform (code 0) and pixdim 1 1 1. nibabel: `affine` has columns 2, 2, 5 mm long,
# `header.get_zooms()` says 1, 1, 1. SimpleITK: spacing (1, 1, 1), directions from the sform; a line about unexpected scales goes to
# standard error, and nothing in the image says so. A length or volume measured through SimpleITK or get_zooms is wrong by
# 2 x 2 x 5 = 20 here, while through nibabel's affine it is right. An engineer expects the sform, once chosen for placement,
# to give the spacing as well. Such files come from programs that edit one of the two.
# Source: nifti1.h, "METHOD 3" (the sform takes no part of pixdim); nibabel's manual "The image voxel orientation axis" and
# Nifti1Header.get_best_affine; ITK's Modules/IO/NIFTI/src/itkNiftiImageIO.cxx, which reads spacing from pixdim.
# What to do: take spacing from the lengths of the affine's columns, compare it with pixdim and with the qform, and tell where they differ.
set -euo pipefail
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check nibabel==5.4.2 SimpleITK==2.5.3 numpy==2.4.6
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import nibabel
import numpy as np
import SimpleITK

wanted = np.diag([2.0, 2.0, 5.0, 1.0])
volume = nibabel.Nifti1Image(np.arange(24, dtype=np.int16).reshape(2, 3, 4), wanted)
volume.header.set_sform(wanted, code=1)
volume.header.set_qform(None, code=0)
volume.header["pixdim"][1:4] = 1
nibabel.save(volume, "volume.nii")

read = nibabel.load("volume.nii")
lengths = np.linalg.norm(read.affine[:3, :3], axis=0)
zooms = tuple(float(z) for z in read.header.get_zooms())
spacing = SimpleITK.ReadImage("volume.nii").GetSpacing()
print("nibabel affine:", lengths.tolist(), "| nibabel get_zooms:", zooms, "| SimpleITK spacing:", spacing)
assert lengths.tolist() == [2, 2, 5]
assert zooms == (1, 1, 1), "nibabel's zooms follow the sform now"
assert spacing == (1, 1, 1), "SimpleITK's spacing follows the sform now"
PYTHON
echo "as described: three answers to one question, two of them 1 mm"
