"""Facts -> what is said on each act of a message, in plain sentences that follow from the inspection.

verdicts   is something there, is it acceptable, how bad
findings   how many, where, what kind, what it looks like
sizes      length, width, area, distances
kinds      causes, effects, next steps
disputes   reasons, and somebody who disagrees
shapes     which way it runs, shape, edge, several to each other
pictures   the picture's quality, the map's colours, references
summaries  summaries and comparisons
numbers    what a number or a rating is made of, and what it means
spots      a place that the user points to, where nothing is marked
meaning    words of the card, and what a result rests on, asked by their words
untold     what no picture tells, and what is asked of scans
handling   what is done with a result: left out, limited, kept, shown, tested; words of the card; mere remarks
tool       the assistant itself, and small talk
reply      a message, understood -> sentences
"""
