"""Normal (and anomalous) pictures, and regions of known kinds, that others are compared with.

memory_bank   tokens of reference pictures, and matches in them
growing_bank  features of reference pictures, one after the other -> memory bank
profile       a reference set as one value
profile_file  that value as a file, checked when it is read
kind_examples regions that were given a kind, as a file
reference_features  features of reference pictures, as often as they are wanted
nearest       which reference a part of a picture is most like
mutual        pictures scored against each other
"""
