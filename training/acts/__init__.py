"""The index that tells what a sentence does: heads over phrasings, and how far their first guess is to be believed.

features    sentences -> what the heads stand on
heads       phrasings -> linear heads
left_out    guesses on patterns that the heads have not seen -> confidence
"""
