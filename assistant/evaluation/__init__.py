"""How good it is, measured on labelled sets.

sets               labelled pictures in the MVTec layout
metrics            image and pixel metrics
passes             one pass over a set
command            evaluate on sets
questions          multiple-choice questions
answerers          who answers them
question_scores    accuracy of answers
question_report    table and report of answers
question_journal   answers so far, for a run that goes on
questions_command  evaluate on questions
"""
