"""Replies on what is done with a result: what is left out, limited, kept, shown, tested, and what is only told beside it.

remarks         what somebody tells and asks nothing of
named_regions   which regions are meant
gravity         how grave it is, by whose rule, and who has to know
leaving_out     a region or a thing that is not to count
limits          limits of the user's own, held against what was measured
candidates      the kinds that a region may be, with their chances; what was done to the part before
files           files, remarks, the place in the picture, which picture it is
trust           the same again, another inspection, how to test it
reference_set   references: how many, which, bad ones
"""
