"""The page in a browser, and its endpoints for programs.

settings    what an operator decides
engine      the assistant, which may still be loading
loading     loads it and warms it up
samples     a folder of sample pictures, inspected from the command line
choosing    which samples the page shows, chosen from a larger pool by a rule
sample_set  the samples of the page
handlers    all reactions in one value
api         endpoints for programs
wiring      which handler runs when
wiring_of_all  those of the table of all pictures; the queues
cleaning    what is left on disk is removed
doors       who may come in
server      the page, started and cleaned up after
command     commands that this package adds
"""
