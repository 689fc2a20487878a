"""Bytes of one picture -> its samples, one file for the kinds that one library reads.

codecs        PNG, JPEG, WebP, AVIF, HEIC, JPEG XL, JPEG 2000, NumPy; Bayer mosaics
tiff          TIFF and its pages
dicom_codecs  12-bit and lossless JPEG for pydicom
"""
