"""What can be wrong with a thing, and what is known of it.

defect_types  kinds of defects and lesions, and phrases for them
knowledge     look, causes, effects and actions of a kind (`knowledge/*.yaml`)
materials     what an object is made of, and which kinds and causes make sense on it
severity      how grave a region is, by a stated rule
"""
