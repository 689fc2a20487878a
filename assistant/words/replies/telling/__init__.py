"""How a reply is put together.

teller     the pieces of a message, one after the other
named      what a sentence names goes before what its act asks for
sayers     what is said on each act
once       what was said is not said again
brevity    three sentences at most, besides lists
all_clear  what a normal verdict is worth where harm, recall, release or a doubt is spoken of
"""
