"""What goes into a language model and comes out: ids and embeddings.

chat_template     conversation -> ids with slots, supervision mask
projector         patch tokens -> language width
prompt_learner    map -> prompt embeddings
injection         embeddings at placeholder tokens
generation        ids -> words, one conversation at a time
stopping          what ends the writing
batch_generation  ids -> words, several conversations at once
"""
