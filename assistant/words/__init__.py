"""Facts -> words.

wording           numbers, places and kinds in plain words
evidence          an inspection as text and as a caption
template_answers  answers made of the evidence alone
answer_checks     what a model's answer owes the question
"""
