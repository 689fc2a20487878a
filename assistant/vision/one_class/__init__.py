"""A head of one product, learned in seconds from its normal pictures alone, and only kept where it is seen to help.

tokens         what heads look at: layer-normalised tokens of the plainly compared levels
subspace       distance from the normals' subspace
discriminator  a small net that tells normal tokens from noisy ones
pasting        synthetic defects on a product's own normals
fitted         a head as it is kept in a profile
choosing       families tried on left-out normals and defects pasted on them
"""
