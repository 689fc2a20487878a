"""How a reply is put together.

sayers     what is said on each act
once       what was said is not said again
brevity    three sentences at most, besides lists
all_clear  what a normal verdict is worth where harm, recall, release or a doubt is spoken of
"""
