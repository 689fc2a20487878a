"""What replies are built of.

scene      what is at hand: inspection, question, places named, regions asked about
places     sides, hours and coordinates that a person names
spots      a place that somebody points to, and what the map says of it
seen       what somebody says that he sees, by its words
phrases    noun phrases: a mark, its place, box, score, and how a picture was judged
acts_said  which acts of a message are worth a reply
"""
