"""A question -> what it does: acts, in the order of the message, each with its slots and a confidence.

    from assistant.reading.acts.understanding import understand
    understand(read_question("Can I ship it, and how long is the crack in mm?"))

understanding   the whole way: a question -> its acts, or the nearest ones
act             the acts, their families, examples to offer
message         a message -> pieces that each do one thing
certain         the few turns of phrase that need no guess
index           pieces -> acts with a confidence, by the heads in index/
sentence_tower  MiniLM, loaded once
lexical         a sentence as hashed words, where there is no tower
slots           regions, units, forms, pictures, claims and scales named
bounds          the top of a rating scale, how many at most, which width
languages       which language it is, its words in English (languages.yaml)
phrasings       how people say each act (phrasings/*.yaml), what the heads are fitted to
"""
