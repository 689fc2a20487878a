"""The stages that train the language parts.

run          a recipe -> trained parts
check        two steps of it
stage        one step of them
mini_stage   batches for mini
hub_stage    batches for hub models
data         conversations and maps on disk
sets         language sets that are streamed
packing      several conversations a row
merge_lora   LoRA added into a base model
lora_folder  LoRA alone, for other programs
"""
