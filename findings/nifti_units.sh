#!/usr/bin/env bash
# NIfTI files in micrometres or metres: SimpleITK 2.5.3 converts sizes to millimetres, nibabel 5.4.2 hands the numbers over as they stand,
# in `get_zooms()` and in `affine` alike, so the same micro-CT volume is a thousand times larger through one of them.
#
# Seen: a volume with voxels of 12 and the header's unit set to micrometres. nibabel: zooms (12, 12, 12), columns of `affine` 12 long;
# SimpleITK: spacing (0.012, 0.012, 0.012). With metres nibabel says 12 and SimpleITK 12000. With millimetres, or no unit, both say 12.
# Neither tells that there was a unit. Other than for an sform and pixdim that disagree, nibabel's affine is no way out: it is unscaled too.
# Why: xyzt_units of the header is read by nibabel's `header.get_xyzt_units()` alone; the manual leaves units to the caller. ITK's
# Modules/IO/NIFTI/src/itkNiftiImageIO.cxx multiplies spacing and origin by 1000 or 0.001 so that they are in millimetres.
# What to do: multiply what nibabel gives by the unit (`get_xyzt_units()[0]`), and write millimetres, which every program takes alike.
set -euo pipefail
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check nibabel==5.4.2 SimpleITK==2.5.3 numpy==2.4.6
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import nibabel
import numpy as np
import SimpleITK as sitk

wanted = {"mm": 12.0, "micron": 0.012, "meter": 12000.0, "unknown": 12.0}
for unit, millimetres in wanted.items():
    volume = nibabel.Nifti1Image(np.zeros((4, 5, 6), np.float32), np.diag([12.0, 12.0, 12.0, 1.0]))
    volume.header.set_xyzt_units(unit)
    nibabel.save(volume, f"{unit}.nii")
    read = nibabel.load(f"{unit}.nii")
    zooms = [float(v) for v in read.header.get_zooms()]
    columns = nibabel.affines.voxel_sizes(read.affine).tolist()
    spacing = sitk.ReadImage(f"{unit}.nii").GetSpacing()
    print(f"{unit:8} nibabel zooms {zooms[0]:g}, affine {columns[0]:g}; SimpleITK {spacing[0]:g}")
    assert zooms == columns == [12.0] * 3, (unit, zooms, columns)
    assert np.allclose(spacing, millimetres), (unit, spacing)
PYTHON
echo "as described: 12 micrometres are 12 in nibabel and 0.012 in SimpleITK"
