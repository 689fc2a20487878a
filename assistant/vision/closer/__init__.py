"""Looks at pieces of a large picture.

left_out         tiles of normal pictures judged by the others
tile_references  normal pictures -> what their tiles are like
closer_look      overview and tiles -> one inspection
counting         tiles encoded so far, and planned
"""
