"""What a batch run writes.

writer    rows and pictures, appended safely
records   what was written so far
pictures  maps and overlays as files
merging   shards -> one set of results
summary   counts and a page
exports   results in formats of other tools
"""
