"""The commands.

app            the tree of commands
registered     commands that other packages add
batch          batch, merge and what is made of results
groups         groups of a batch run
evaluate       evaluate
chat           a conversation in the terminal
scan           findings of whole volumes
console        tables and colours
doctor         what this machine has
"""
