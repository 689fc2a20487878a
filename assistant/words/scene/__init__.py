"""What replies are built of.

scene    what is at hand: inspection, question, places named, regions asked about
phrases  noun phrases: a mark, its place, box, score, and how a picture was judged
"""
