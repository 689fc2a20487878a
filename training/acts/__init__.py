"""The index that tells what a sentence does: heads over phrasings and conversations, and how far a first guess is to be believed.

spoken      conversations written for training, with what each piece of them does
features    sentences -> what the heads stand on
heads       sentences -> linear heads
tuning      sentences -> what is added to the sentence tower, with its head
left_out    what is fitted, what of it is left out, and guesses on that -> confidence
"""
