"""The language models.

trained       what all trained models have in common
mini          projector + prompt learner + a small causal model
mini_parts    its trained parts as files
hub           any transformers image-text-to-text model
hub_parts     its trained parts as files
hub_inputs    what its processor makes of pictures
prompted      a base model that is told the evidence in words
instructions  what that model is told
templates     answers of the evidence alone, where a preset has no model
lora          low-rank adapters on the language model
"""
