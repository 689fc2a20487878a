"""Patch tokens -> anomaly map -> verdict and regions.

adapters      multi-level feature adapters
localizer     tokens x anchors [x references] -> logits
text_anchors  state prompts and kinds -> text anchors
anchor_cache  anchors once made
anomaly_map   logits -> calibrated map and image score
calibration   raw -> calibrated, threshold at 0.5
regions       map -> regions
checkpoint    the trained parts as files
"""
