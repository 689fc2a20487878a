"""Any file -> a picture as a person sees it; maps and overlays out.

images   any image file -> QueryImage, within limits; lists of picture files
kinds    what kind of file bytes are; what is said of kinds that are not read
levels   values of any depth -> 0..255; no data; the levels of a reference set
formats  bytes -> samples: TIFF and its pages; PNG, JPEG, WebP, AVIF, HEIC, JPEG XL, JPEG 2000, NumPy
pixels   limits, selectors, errors in one line
medical  DICOM
nifti    NIfTI
sets     pictures that are read alike; decoded when they are asked for
scans    volumes and their planes
shards   pictures inside the parquet shards of data sets
spacing  the scale that a medical file states
overlay  pictures with their map drawn in, and maps as files
"""
