"""What trained parts do, measured.

answer_facts       facts in an answer
conversations      long conversations
map_following      whether words follow the map
ablation           evidence switched off
general_behaviour  what is kept of the base model
told_pictures      pictures as a model is told them
language_speed     words a second
gpu_phases         what a GPU is measured by
gpu_scores         scores of another process
gpu_shards         training in shards over one process
random_vlm         a model of the shape of Qwen2.5-VL
"""
