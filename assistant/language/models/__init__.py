"""The language models.

mini        projector + prompt learner + a small causal model
mini_parts  its trained parts as files
hub         any transformers image-text-to-text model
hub_parts   its trained parts as files
hub_inputs  what its processor makes of pictures
prompted    a base model that is told the evidence in words
lora        low-rank adapters on the language model
"""
