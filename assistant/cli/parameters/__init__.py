"""What commands are given.

options        the options, one by one
option_groups  options that belong together, as one value each
spoken         recordings of questions -> their words, told before they are answered
"""
