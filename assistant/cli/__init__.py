"""The commands.

app         the tree of commands
options     their options, and options -> request
registered  commands that other packages add
batch       batch, merge and what is made of results
evaluate    evaluate
chat        a conversation in the terminal
console     tables and colours
doctor      what this machine has
"""
