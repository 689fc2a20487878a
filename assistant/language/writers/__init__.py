"""Models that are told the facts in words, wherever they run: messages in, words out.

message      what is said to a model, and what it is to the rest
briefing     a question -> messages: the rules, the facts, the pictures, the conversation
exhibits     the pictures that a model is shown
cleaning     words as they come -> words that may be read
local        a transformers model in this process
server       an OpenAI-compatible server
requests     tries, retries and what becomes of a refusal
events       what a server streams
"""
