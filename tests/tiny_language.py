"""Tiny random language models with a byte-level tokenizer, for tests of wiring."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
import yaml
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from assistant.config import LanguageConfig
from assistant.language.models.lora import add_lora
from assistant.language.models.mini_parts import new_parts, save_parts
from assistant.pipeline import Assistant
from assistant.vision.checkpoint import Card
from training.measures.random_vlm import byte_tokenizer

TEMPLATE = (
    "{% for m in messages %}{% if loop.first and m['role'] != 'system' %}<|im_start|>system\nYou help.<|im_end|>\n"
    "{% endif %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
SPECIAL = ("<|im_end|>", "<|im_start|>", "<file_sep>", "<repo_name>")


def tiny_tokenizer() -> PreTrainedTokenizerFast:
    """One token a byte, and four special tokens: ids 0 to 3."""
    found: PreTrainedTokenizerFast = byte_tokenizer(SPECIAL, TEMPLATE)
    return found


def tiny_model(vocabulary: int = 260, width: int = 32, seed: int = 0) -> LlamaForCausalLM:
    """A random Llama of two layers, float32, in evaluation mode."""
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=vocabulary, hidden_size=width, intermediate_size=48, num_hidden_layers=2, num_attention_heads=2,
        num_key_value_heads=1, max_position_embeddings=8192, bos_token_id=1, eos_token_id=0, pad_token_id=0,
        tie_word_embeddings=True,
    )  # fmt: skip
    model: LlamaForCausalLM = LlamaForCausalLM(config).eval()
    return model


def tiny_folder(folder: Path, seed: int = 0) -> Path:
    """Both, saved."""
    tokenizer = tiny_tokenizer()
    tokenizer.save_pretrained(folder)
    tiny_model(len(tokenizer), seed=seed).save_pretrained(folder)
    return folder


def talking_preset(folder: Path) -> Path:
    """A preset folder with random "trained" language parts that speak up."""
    tiny_folder(folder / "llama")
    raw = yaml.safe_load(Path("assistant/presets/tiny/preset.yaml").read_text())
    language: dict[str, Any] = {"kind": "local", "name": str(folder / "llama"), "parts": "language"}
    (folder / "preset.yaml").write_text(yaml.safe_dump(raw | {"language": language}))
    parts = new_parts(LanguageConfig(**language), 256, Assistant.load("tiny").detector.clip.hashes)
    torch.manual_seed(5)
    for parameter in (*add_lora(parts.model, 4).values(), *parts.projector.parameters()):
        torch.nn.init.normal_(parameter, std=0.3)
    save_parts(folder / "language", parts, Card("tiny", parts.towers, "", {}, [], {}))
    return folder
