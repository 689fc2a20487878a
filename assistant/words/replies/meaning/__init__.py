"""What is asked by its words, whatever the act of the sentence seems to be.

card_words  words of a verdict's card, explained with the card's own values
grounds     what a result rests on, and what would change or confirm it
"""
