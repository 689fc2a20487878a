"""The language model: shown a picture and its map, asked, checked.

interface        what every language model can do
loading          which language model a preset has
conversation     questions about one picture
checked_answers  words of a model -> answers that hold against the evidence
structured       a report in fixed fields
"""
