"""Any file -> a picture as a person sees it; maps and overlays out.

images   any image file -> QueryImage, within limits; lists of picture files
pixels   grey levels and colours -> RGB bytes; limits
medical  DICOM and NIfTI
scans    volumes and their planes
overlay  pictures with their map drawn in, and maps as files
"""
