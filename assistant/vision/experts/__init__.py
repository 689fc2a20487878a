"""Several experts on one picture, how far each is believed, and where normal pictures of a product lie.

opinions      text, text explained away, plain distance, reference expert
gate          a reference set -> weight of each expert
jitter        copies of a picture as the same camera would take it again
normal_range  scores of normals -> threshold of the product
"""
