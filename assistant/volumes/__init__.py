"""Whole volumes, NIfTI files and series of DICOM slices: read once, inspected slice by slice, judged as one thing.

volume             the value: voxels in canonical axes, levels, scale; slices as pictures
files              files -> volumes
slice_evidence     slices, each encoded once -> logits of their patch grids
joining            maps of slices -> one score volume and its parts in three dimensions
scan_score         logits of slices -> the score of the scan
matched_banks      slices of reference volumes, compared at the same share of the axis
contrast           places beside their surroundings, against the range of reference volumes
usual_planes       what normal slices show, place by place
reference_volumes  normal volumes of one kind, and where whole normal scans lie
finding            what is said of a volume
inspecting         a volume -> what is said of it
written            files that open over the scan
"""
