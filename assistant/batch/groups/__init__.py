"""Regions of a run that no known kind fits, grouped by what they look like; groups that were named as examples of kinds.

clustering     vectors -> groups of those alike
members        rows and embeddings -> regions without a fitting kind
grouping       those of a whole run in groups: rows, file and sheet
group_file     groups.json
contact_sheet  groups as a picture
naming         a group -> examples of a kind
"""
