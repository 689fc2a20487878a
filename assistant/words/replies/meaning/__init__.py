"""What is asked by its words, whatever the act of the sentence seems to be.

card_words   words of a verdict's card: which is asked for
card_values  what each of them means, with the card's own value
sense        whether a kind can be on the object
grounds      what a result rests on, and what would change or confirm it
"""
