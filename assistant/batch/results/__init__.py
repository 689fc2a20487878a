"""What a batch run writes.

writer        rows, never two for one picture
rows          rows read back and checked
line_file     lines appended safely
file_records  what the files of the rows were
changes       what became of those files since
records       settings of a run
pictures      maps and overlays as files
summary       counts and a page
exports       results in formats of other tools
region_embeddings  what regions look like
"""
