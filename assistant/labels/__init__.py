"""What people marked as defects, as every tool writes it.

mask_rules    values of a mask -> defect or not
mask_decoder  bytes of a mask file -> its values, untouched
label_planes  DICOM and NIfTI label maps -> their values, untouched
masks         mask files -> the marked pixels of a picture
outlines      masks -> polygons
known_ids     identifiers of a COCO file
layouts       folders of data sets -> labelled pictures
tables        data sets whose labels stand in tables
labelled_set  pictures with what is known of them
"""
