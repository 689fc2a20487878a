"""How a reply is put together.

sayers  what is said on each act
once    what was said is not said again
"""
