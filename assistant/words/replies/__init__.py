"""Facts -> what is said on each act of a message, in plain sentences that follow from the inspection.

scene      what is at hand: inspection, question, places named, regions asked about
phrases    noun phrases that replies are built of
verdicts   is something there, is it acceptable, how bad
findings   how many, where, what kind, what it looks like
sizes      length, width, area, distances
kinds      causes, effects, next steps
disputes   reasons, and somebody who disagrees
summaries  summaries and comparisons
scans      what is asked of scans
limits     what no picture tells
tool       the assistant itself, and small talk
reply      a message, understood -> sentences
"""
