"""The language model: shown a picture and its map, asked, checked.

interface        what every language model can do
loading          which language model a preset has
conversation     questions about one picture
checked_answers  words of a model -> answers that hold against the evidence
choice           the language model that a user names
chat_model       a model that is told the facts in words
retold           a measured answer in a model's own words
spoken           a message -> what is said, led from the facts
reasoned         a verdict reasoned out, with the regions it cites
structured       a report in fixed fields
"""
