"""Small things in large pictures, measured: pictures are built here with marks whose places are known.

surfaces    even surfaces of any size, of ours or of photographs of textures
marks       pits, scratches, fibres, chips and smears of a size, with their masks
benchmark   built pictures inspected at a detail: marks found in place, false regions, time
"""
