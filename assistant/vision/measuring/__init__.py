"""How large regions are and what they look like, from the picture's own pixels.

measures    lengths, widths, areas, distances of regions, in pixels and millimetres
lines       a line in the picture inside a region, followed to its ends
ridges      thin dark or bright structures
appearance  darker or brighter than the surroundings, and of which tint
directions  which way a region runs, and what it spans seen from the middle
picture_quality  exposure, contrast, tint, detail of a picture
"""
