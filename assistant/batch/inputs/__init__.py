"""What a batch run reads.

listing    inputs -> pictures, each once
manifests  tables that name pictures
volumes    volumes -> slices
decoding   pictures decoded and prepared ahead
"""
