"""Replies to what is put to the assistant to take a stand on.

alternatives  kinds and causes
choices       regions, decisions, degrees, sides
objections    against a kind, a cause or an advice; what else it could be; the user's own name for a region
suppositions  without a region, with another threshold, if it were of another kind
told_sizes    what a size told is of, and the scale that follows
forms         the form that a message asks for
"""
