"""Words -> facts: what a question asks, what an answer says.

spelling          one spelling of every text
clauses           sentences, clauses, kinds and places named in them
quantities        numbers and sizes in words
statements        what a text says of places, counts and sizes
refusals          texts that decline or put a premise right
intents           what a question is about
lettered_options  questions with lettered options
question          a question, read once
fitting_options   the options that fit an inspection
faithfulness      whether an answer contradicts the evidence
chosen_option     the option that an answer chooses
"""
