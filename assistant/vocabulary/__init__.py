"""What can be wrong with a thing, and what is known of it.

defect_types  kinds of defects and lesions, and phrases for them
knowledge     look, causes, effects and actions of a kind (`knowledge/*.yaml`)
severity      how grave a region is, by a stated rule
"""
