"""Tiny random models of families of image-text-to-text models, with their own processors, saved as a hub would have them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from transformers import PreTrainedTokenizerFast

from training.measures.random_vlm import byte_tokenizer

SPECIAL = (
    "<|im_end|>", "<|im_start|>", "<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>", "<image>",
    "<video>", "<fake_token_around_image>", "<global-img>", "<img>", "</img>", "<IMG_CONTEXT>", "<|repo_name|>",
)  # fmt: skip
CHATML = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{% if m['content'] is string %}{{ m['content'] }}{% else %}"
    "{% for c in m['content'] %}{% if c['type'] == 'image' %}IMAGE{% else %}{{ c['text'] }}{% endif %}{% endfor %}"
    "{% endif %}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
TEXT: dict[str, Any] = {
    "vocab_size": 288, "hidden_size": 64, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4,
    "num_key_value_heads": 2, "max_position_embeddings": 8192, "bos_token_id": 1, "eos_token_id": 0, "pad_token_id": 0,
    "tie_word_embeddings": False,
}  # fmt: skip
"""Widths are those of a quantisation block, 64, which four bits on a CPU ask for."""
SIGLIP: dict[str, Any] = {
    "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 2, "image_size": 28,
    "patch_size": 7,
}  # fmt: skip
QWEN_EYE: dict[str, Any] = {
    "depth": 2, "hidden_size": 32, "num_heads": 2, "intermediate_size": 48, "out_hidden_size": 64, "patch_size": 7,
    "spatial_merge_size": 2, "temporal_patch_size": 2,
}  # fmt: skip


def words(image: str, **attributes: str) -> PreTrainedTokenizerFast:
    """One token a byte, special tokens first; a ChatML template that writes ``image`` for a picture."""
    more: dict[str, Any] = {"extra_special_tokens": attributes} if attributes else {}
    found: PreTrainedTokenizerFast = byte_tokenizer(SPECIAL, CHATML.replace("IMAGE", image), **more)
    return found


def _ids(tokenizer: Any, **tokens: str) -> dict[str, Any]:
    """Arguments of a configuration: names to token ids."""
    return {name: int(tokenizer.convert_tokens_to_ids(text)) for name, text in tokens.items()}


def _qwen_tokens(tokenizer: Any) -> dict[str, Any]:
    found = _ids(
        tokenizer, image_token_id="<|image_pad|>", video_token_id="<|video_pad|>",
        vision_start_token_id="<|vision_start|>", vision_end_token_id="<|vision_end|>",
    )  # fmt: skip
    return {**found, "tie_word_embeddings": False}


QWEN_IMAGE = "<|vision_start|><|image_pad|><|vision_end|>"
QWEN_SIZES: dict[str, Any] = {"patch_size": 7, "merge_size": 2, "temporal_patch_size": 2}


def qwen2_5_vl() -> tuple[Any, Any]:
    """Qwen2.5-VL."""
    from transformers import (
        Qwen2_5_VLConfig,
        Qwen2_5_VLForConditionalGeneration,
        Qwen2_5_VLProcessor,
        Qwen2VLImageProcessor,
        Qwen2VLVideoProcessor,
    )

    tokenizer = words(QWEN_IMAGE)
    rope = {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [2, 3, 3]}
    eye = QWEN_EYE | {"window_size": 28, "fullatt_block_indexes": [1]}
    config = Qwen2_5_VLConfig(
        text_config=TEXT | {"rope_parameters": rope}, vision_config=eye, **_qwen_tokens(tokenizer)
    )
    eyes = Qwen2VLImageProcessor(**QWEN_SIZES, size={"shortest_edge": 28 * 28, "longest_edge": 56 * 56})
    processor = Qwen2_5_VLProcessor(
        eyes, tokenizer, Qwen2VLVideoProcessor(**QWEN_SIZES), chat_template=tokenizer.chat_template
    )
    return Qwen2_5_VLForConditionalGeneration(config), processor


def qwen3_vl() -> tuple[Any, Any]:
    """Qwen3-VL."""
    from transformers import (
        Qwen2VLImageProcessor,
        Qwen3VLConfig,
        Qwen3VLForConditionalGeneration,
        Qwen3VLProcessor,
        Qwen3VLVideoProcessor,
    )

    tokenizer = words(QWEN_IMAGE)
    rope = {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [2, 3, 3], "mrope_interleaved": True}
    eye = QWEN_EYE | {"num_position_embeddings": 16, "deepstack_visual_indexes": [0]}
    text = TEXT | {"rope_parameters": rope, "head_dim": 16}
    config = Qwen3VLConfig(text_config=text, vision_config=eye, **_qwen_tokens(tokenizer))
    eyes = Qwen2VLImageProcessor(**QWEN_SIZES, size={"shortest_edge": 28 * 28, "longest_edge": 56 * 56})
    processor = Qwen3VLProcessor(
        eyes, tokenizer, Qwen3VLVideoProcessor(**QWEN_SIZES), chat_template=tokenizer.chat_template
    )
    return Qwen3VLForConditionalGeneration(config), processor


def llava_onevision() -> tuple[Any, Any]:
    """LLaVA-OneVision; pictures of other shapes are cut into several squares."""
    from transformers import (
        LlavaOnevisionConfig,
        LlavaOnevisionForConditionalGeneration,
        LlavaOnevisionImageProcessor,
        LlavaOnevisionProcessor,
        LlavaOnevisionVideoProcessor,
    )

    tokenizer = words("<image>\n")
    pinpoints = [[28, 28], [28, 56], [56, 28]]
    found = _ids(tokenizer, image_token_index="<image>", video_token_index="<video>")
    config = LlavaOnevisionConfig(
        vision_config={"model_type": "siglip_vision_model"} | SIGLIP | {"vision_use_head": False},
        text_config={"model_type": "qwen2"} | TEXT, image_grid_pinpoints=pinpoints, tie_word_embeddings=False, **found,
    )  # fmt: skip
    size = {"height": 28, "width": 28}
    processor = LlavaOnevisionProcessor(
        LlavaOnevisionImageProcessor(size=size, image_grid_pinpoints=pinpoints), tokenizer,
        LlavaOnevisionVideoProcessor(size=size), num_image_tokens=16, vision_feature_select_strategy="full",
        chat_template=tokenizer.chat_template,
    )  # fmt: skip
    return LlavaOnevisionForConditionalGeneration(config), processor


def smolvlm() -> tuple[Any, Any]:
    """SmolVLM2."""
    from transformers import (
        SmolVLMConfig,
        SmolVLMForConditionalGeneration,
        SmolVLMImageProcessor,
        SmolVLMProcessor,
        SmolVLMVideoProcessor,
    )

    tokenizer = words("<image>")
    config = SmolVLMConfig(
        vision_config=SIGLIP, text_config={"model_type": "llama"} | TEXT, scale_factor=2, tie_word_embeddings=False,
        **_ids(tokenizer, image_token_id="<image>") | {"pad_token_id": 0},
    )  # fmt: skip
    size = {"longest_edge": 28}
    sampled: dict[str, Any] = {"video_sampling": {"fps": 1, "max_frames": 4}}
    eyes = SmolVLMImageProcessor(size=size, max_image_size=size, do_image_splitting=False)
    processor = SmolVLMProcessor(
        eyes, tokenizer, SmolVLMVideoProcessor(size=size, max_image_size=size, **sampled),
        image_seq_len=4, chat_template=tokenizer.chat_template,
    )  # fmt: skip
    return SmolVLMForConditionalGeneration(config), processor


def internvl() -> tuple[Any, Any]:
    """InternVL."""
    from transformers import (
        GotOcr2ImageProcessor,
        InternVLConfig,
        InternVLForConditionalGeneration,
        InternVLProcessor,
        InternVLVideoProcessor,
    )

    tokenizer = words(
        "<IMG_CONTEXT>\n", start_image_token="<img>", end_image_token="</img>", context_image_token="<IMG_CONTEXT>",
        video_token="<video>",
    )  # fmt: skip
    eye = {
        "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 2,
        "image_size": [28, 28], "patch_size": [7, 7],
    }  # fmt: skip
    config = InternVLConfig(
        vision_config=eye, text_config={"model_type": "qwen2"} | TEXT, downsample_ratio=0.5, tie_word_embeddings=False,
        **_ids(tokenizer, image_token_id="<IMG_CONTEXT>"),
    )  # fmt: skip
    size = {"height": 28, "width": 28}
    processor = InternVLProcessor(
        GotOcr2ImageProcessor(size=size, crop_to_patches=False), tokenizer, InternVLVideoProcessor(size=size),
        image_seq_length=4, chat_template=tokenizer.chat_template,
    )  # fmt: skip
    return InternVLForConditionalGeneration(config), processor


FAMILIES: dict[str, Callable[[], tuple[Any, Any]]] = {
    "smolvlm": smolvlm,
    "llava_onevision": llava_onevision,
    "qwen2_5_vl": qwen2_5_vl,
    "qwen3_vl": qwen3_vl,
    "internvl": internvl,
}


def gemma3() -> tuple[Any, Any]:
    """Gemma 3, whose pictures see each other both ways."""
    from transformers import (
        Gemma3Config,
        Gemma3ForConditionalGeneration,
        Gemma3ImageProcessor,
        Gemma3Processor,
    )

    tokenizer = words("<img>", boi_token="<img>", eoi_token="</img>", image_token="<IMG_CONTEXT>")
    config = Gemma3Config(
        vision_config=SIGLIP, mm_tokens_per_image=4, tie_word_embeddings=False,
        text_config=TEXT | {"head_dim": 16, "sliding_window": 32, "layer_types": ["sliding_attention", "full_attention"]},
        **_ids(tokenizer, boi_token_index="<img>", eoi_token_index="</img>", image_token_index="<IMG_CONTEXT>"),
    )  # fmt: skip
    eyes = Gemma3ImageProcessor(size={"height": 28, "width": 28}, do_pan_and_scan=False)
    processor = Gemma3Processor(eyes, tokenizer, chat_template=tokenizer.chat_template, image_seq_length=4)
    return Gemma3ForConditionalGeneration(config), processor


TOLD: dict[str, Callable[[], tuple[Any, Any]]] = {**FAMILIES, "gemma3": gemma3}
"""Those that are told the facts in words; not all of them can be trained with prompt embeddings."""


def save_family(name: str, folder: Path) -> Path:
    """A random model with its processor in a folder."""
    torch.manual_seed(0)
    model, processor = TOLD[name]()
    for parameter_name, parameter in model.named_parameters():
        if parameter.ndim > 1 and "embed_tokens" not in parameter_name:
            torch.nn.init.normal_(parameter, std=0.2)
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder
