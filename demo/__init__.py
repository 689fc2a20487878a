"""The page in a browser, and its endpoints for programs.

settings    what an operator decides
samples     a folder of sample pictures, inspected from the command line
sample_set  the samples of the page
handlers    what happens when a person does something
api         endpoints for programs
wiring      which handler runs when
server      the page, started and cleaned up after
command     commands that this package adds
"""
