"""Files -> volumes.

nifti_file   NIfTI bytes
series       DICOM files -> series in the order of their slices; gaps and mixtures told
dicom_files  a series, or a file of many frames
reading      a path, folder or list -> the volumes in it
"""
