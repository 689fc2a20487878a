"""What a batch run reads.

listing    inputs -> pictures, each once
manifests  tables that name pictures
volumes    volumes -> slices
item       one picture, and the key that tells it from others
shards     a share of the inputs
"""
