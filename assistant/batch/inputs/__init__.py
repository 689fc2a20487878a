"""What a batch run reads.

item          one picture and its keys
listing       inputs -> pictures, each once
manifests     tables that name pictures
volumes       volumes -> slices
fingerprints  what a file was
shards        a share of the inputs
"""
