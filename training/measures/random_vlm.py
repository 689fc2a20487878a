"""A random model of the shape of Qwen2.5-VL with a tokenizer of bytes, saved as a hub would have it; needs no network."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

SPECIAL = (
    "<|im_end|>", "<|im_start|>", "<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>", "<|repo_name|>",
)  # fmt: skip
IMAGE = "<|vision_start|><|image_pad|><|vision_end|>"
TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{% if m['content'] is string %}{{ m['content'] }}{% else %}"
    "{% for c in m['content'] %}{% if c['type'] == 'image' %}IMAGE{% else %}{{ c['text'] }}{% endif %}{% endfor %}"
    "{% endif %}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
).replace("IMAGE", IMAGE)
LARGE = 1024
"""From this width on, sizes are those of the 7B model."""


def save_random_vlm(folder: Path, layers: int, width: int) -> None:
    """Write model and processor.

    Args:
        folder: written.
        layers: of the language model.
        width: of its tokens; 3584 is that of the 7B model, 64 the smallest that can be quantised.
    """
    from transformers import (
        Qwen2_5_VLConfig,
        Qwen2_5_VLForConditionalGeneration,
        Qwen2_5_VLProcessor,
        Qwen2VLImageProcessor,
        Qwen2VLVideoProcessor,
    )

    tokenizer, large = byte_tokenizer(SPECIAL, TEMPLATE), width >= LARGE
    patch = 14 if large else 7
    sizes: dict[str, Any] = {"patch_size": patch, "merge_size": 2, "temporal_patch_size": 2}
    heads = 28 if large else 4
    half = width // heads // 2
    section = [half // 4, (half - half // 4) // 2, half - half // 4 - (half - half // 4) // 2]  # time, height, width
    text: dict[str, Any] = {
        "vocab_size": 152064 if large else 288, "hidden_size": width, "intermediate_size": 18944 if large else width,
        "num_hidden_layers": layers, "num_attention_heads": heads, "num_key_value_heads": 4 if large else 2,
        "max_position_embeddings": 8192, "bos_token_id": 1, "eos_token_id": 0, "pad_token_id": 0,
        "rope_parameters": {"rope_type": "default", "rope_theta": 1e6, "mrope_section": section},
    }  # fmt: skip
    eye: dict[str, Any] = {
        "depth": 32 if large else 2, "hidden_size": 1280 if large else 32, "num_heads": 16 if large else 2,
        "intermediate_size": 3420 if large else 48, "out_hidden_size": width, "patch_size": patch, "spatial_merge_size": 2,
        "temporal_patch_size": 2, "window_size": 8 * patch if large else 28,
        "fullatt_block_indexes": [7, 15, 23, 31] if large else [1],
    }  # fmt: skip
    names = {"image_token_id": "<|image_pad|>", "video_token_id": "<|video_pad|>",
             "vision_start_token_id": "<|vision_start|>", "vision_end_token_id": "<|vision_end|>"}  # fmt: skip
    ids: dict[str, Any] = {name: int(tokenizer.convert_tokens_to_ids(token)) for name, token in names.items()}
    config = Qwen2_5_VLConfig(text_config=text, vision_config=eye, tie_word_embeddings=False, **ids)
    edge = {"shortest_edge": 28 * 28, "longest_edge": (448 * 448 if large else 56 * 56)}
    processor = Qwen2_5_VLProcessor(
        Qwen2VLImageProcessor(**sizes, size=edge), tokenizer, Qwen2VLVideoProcessor(**sizes), chat_template=TEMPLATE
    )
    where = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.bfloat16 if large else torch.float32)
    try:
        torch.manual_seed(0)
        with where:
            model = Qwen2_5_VLForConditionalGeneration(config)
    finally:
        torch.set_default_dtype(before)
    model.save_pretrained(folder)
    processor.save_pretrained(folder)


def byte_tokenizer(special: Sequence[str], template: str, **more: Any) -> Any:
    """A tokenizer with a token a byte, special tokens first, turns as in ChatML.

    Args:
        special: tokens that text is never split at; ``<|im_start|>`` and ``<|im_end|>`` among them.
        template: of a chat.
        more: of :class:`transformers.PreTrainedTokenizerFast`.
    """
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    every = [*special, *sorted(pre_tokenizers.ByteLevel.alphabet())]
    tokenizer = Tokenizer(models.BPE({word: i for i, word in enumerate(every)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(word, special=True, normalized=False) for word in special])
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, eos_token="<|im_end|>", pad_token="<|im_end|>", bos_token="<|im_start|>", **more
    )
    fast.chat_template = template
    return fast
