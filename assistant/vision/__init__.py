"""Patch tokens -> anomaly map -> verdict and regions.

adapters       multi-level feature adapters
heads          small nets that end in logits
localizer      tokens x anchors [x references] -> logits
text_anchors   state prompts and kinds -> text anchors, kept once made
encoded_query  a picture as encoder and adapters see it
detector       picture -> inspection
build_profile  normal pictures -> profile
anomaly_map    logits -> calibrated map and image score
calibration    raw -> calibrated, threshold at 0.5
regions        map -> regions
collinear      pieces of one line
checkpoint     the trained parts as files
"""
