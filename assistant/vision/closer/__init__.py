"""Looks at pieces of a large picture.

tile_references  normal pictures -> what their tiles are like
closer_look      overview and tiles -> one inspection
counting         tiles encoded so far, and planned
"""
