"""Whole volumes, NIfTI files and series of DICOM slices: read once, inspected slice by slice, judged as one thing.

volume       the value: voxels in canonical axes, levels, scale; slices as pictures
nifti_file   NIfTI bytes -> a volume
series       DICOM files -> series in the order of their slices; gaps and mixtures told
dicom_files  a series, or a file of many frames -> a volume
reading      a path, folder or list -> volumes
"""
