"""What is found of a volume -> files that open over the scan.

score_file         the score volume as NIfTI
segmentation_file  regions as a DICOM segmentation
"""
