"""Data sets on disk, as pictures beside ``metadata.jsonl`` or as parquet shards, behind one interface.

rows     a row of the contract <-> a record of a shard; the columns of shards
sets     either form -> samples by number, decoded when they are asked for
masks    values of the masks of data sets
packing  rows and pictures -> shards
streams  sets too large to be looked at by number: mixed by weight, shared by processes, resumed where they stopped
"""
