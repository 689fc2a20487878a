"""What harms an inspection before a defect is looked for: references that are not what they should be, pictures unlike them.

look           size, light, colour of a picture
expected       values seen -> where the next one lies
findings       one fault of a reference, in words
known          what a profile keeps of its references to judge pictures by; warnings about a picture
reference_set  a set of references -> its faults
"""
