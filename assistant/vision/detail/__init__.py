"""Small things in large pictures: what a closer look is made of. Knows no encoder and no files; ``closer_look`` joins it.

tiles         cells over a picture, overlapping tiles of them, one map that tiles write
promise       how unusual blocks are at full resolution: the order in which tiles are taken
spread        how the tokens of normal tiles are spread
placed        tokens of normal tiles and where they lie, for a fixed camera
tile_bank     how far normal tiles reach
scale         what the tiles of one scale said so far, what the others promise
references    normal tiles of all scales as one value
cell_regions  log-odds of cells -> regions in source pixels
overview      what the overview of a large picture does not show, in words
layered_regions  regions of a painted map under any threshold
painted       a map kept by its cells, painted where it is asked for
"""
