"""A LoRA as other programs load it: a folder in PEFT's layout (vLLM, transformers), and one file for llama.cpp.

The LoRA alone goes there. Projector and prompt learner have no place in these programs, which are told the facts in words
(``--language ADDRESS``); a LoRA that learned with prompt embeddings is then used without them.

llama.cpp's file: GGUF of type ``adapter`` with ``NAME.lora_a`` (rank, in) and ``NAME.lora_b`` (out, rank) by the names of its own
tensors; rows of queries and keys of Llama models stand there in the order of its rotary embedding (llama.cpp,
``convert_lora_to_gguf.py``).
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Shaped
from safetensors.numpy import load_file, save_file

from assistant.config import load_preset
from assistant.errors import ConfigError
from assistant.language.models.lora import ADAPTER, ADAPTER_CONFIG, PEFT_PREFIX
from training.language.merge_lora import checked_folder
from training.runs.trained_parts import base_of, lora_parts, read_card

GGUF_NAME = "adapter.gguf"
FAMILIES = {"llama": "LLAMA", "qwen2": "QWEN2", "qwen3": "QWEN3", "mistral": "LLAMA"}
"""Kind of a transformers model to its name in GGUF."""
ROTATED = {"llama", "mistral"}
"""Families whose queries and keys llama.cpp holds in another order."""
_LAYER = re.compile(r"(?:^|\.)layers\.(\d+)\.((?:self_attn|mlp)\.\w+)\.lora_([AB])\.weight$")


def write_lora(run: Path, out: Path, preset: str | None = None, base_name: str | None = None) -> list[Path]:
    """Write the LoRA of a run.

    Args:
        run: run folder, or folder of language parts.
        out: folder, empty or absent.
        preset: whose language model; that of the run when None.
        base_name: what the programs that load it call the base model; None leaves that to them, or to the hub's name.

    Returns:
        The files; without :data:`GGUF_NAME` for a family that it does not know.

    Raises:
        ConfigError: no LoRA there, or a folder in use.
        WeightsError: a base model that cannot be had, or another than the LoRA was trained on.
    """
    parts = lora_parts(run, out)
    language = load_preset(preset or base_of(run))[0].language
    about, state = json.loads((parts / ADAPTER_CONFIG).read_text()), load_file(parts / ADAPTER)
    name = base_name or (language.name if language.kind == "hub" else None)
    hub = language.kind == "hub"
    config = _base_config(language.name if hub else str(checked_folder(language, read_card(parts))))
    out.mkdir(parents=True, exist_ok=True)
    save_file(state, out / ADAPTER, metadata={"format": "pt"})
    (out / ADAPTER_CONFIG).write_text(json.dumps(_peft_config(about, state, name), indent=1) + "\n")
    written = [out / ADAPTER, out / ADAPTER_CONFIG]
    if config.model_type in FAMILIES:
        written.append(write_gguf(out / GGUF_NAME, state, int(about["lora_alpha"]), config))
    return written


def _peft_config(about: dict[str, Any], state: dict[str, Any], base_name: str | None) -> dict[str, Any]:
    """PEFT's configuration with every layer by its name: regular expressions are not understood by all that load it."""
    modules = sorted({name.removeprefix(PEFT_PREFIX).rpartition(".lora_")[0] for name in state})
    return {
        **about, "target_modules": modules, "base_model_name_or_path": base_name, "bias": "none", "lora_dropout": 0.0,
        "use_rslora": False, "use_dora": False, "fan_in_fan_out": False, "modules_to_save": None, "inference_mode": True,
    }  # fmt: skip


def _base_config(name: str) -> Any:
    from transformers import AutoConfig

    return AutoConfig.from_pretrained(name).get_text_config()


def write_gguf(path: Path, state: dict[str, np.ndarray], alpha: int, config: Any) -> Path:
    """Write a LoRA for llama.cpp.

    Args:
        path: of the file.
        state: names of PEFT to matrices, A (rank, in) and B (out, rank).
        alpha: of the LoRA; llama.cpp divides it by the rank.
        config: of the base model's text part, of a family in :data:`FAMILIES`.

    Raises:
        ConfigError: a layer that such a model has not.
    """
    import gguf

    family = getattr(gguf.MODEL_ARCH, FAMILIES[config.model_type])
    names = gguf.get_tensor_name_map(family, config.num_hidden_layers)
    writer = gguf.GGUFWriter(path, gguf.MODEL_ARCH_NAMES[family])
    writer.add_type(gguf.GGUFType.ADAPTER)
    writer.add_string(gguf.Keys.Adapter.TYPE, "lora")
    writer.add_float32(gguf.Keys.Adapter.LORA_ALPHA, float(alpha))
    for name, matrix in sorted(state.items()):
        found = _LAYER.search(name)
        known = None if found is None else names.get_name(f"model.layers.{found[1]}.{found[2]}")
        if found is None or known is None:
            raise ConfigError(f"layers of a {config.model_type} model", name, "export it without llama.cpp's file")
        if found[3] == "B" and config.model_type in ROTATED and found[2].endswith(("q_proj", "k_proj")):
            heads = config.num_attention_heads if found[2].endswith("q_proj") else config.num_key_value_heads
            side = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
            if matrix.shape[0] != heads * side:
                do = "name the preset that it was trained with"
                raise ConfigError(f"{heads * side} rows in {name}", str(matrix.shape[0]), do)
            matrix = rotated(matrix, heads)
        writer.add_tensor(f"{known}.weight.lora_{found[3].lower()}", np.ascontiguousarray(matrix, np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def rotated(matrix: Shaped[np.ndarray, "rows columns"], heads: int) -> Shaped[np.ndarray, "rows columns"]:
    """Rows of a projection in the order of llama.cpp's rotary embedding: of each head, halves become pairs."""
    halves = matrix.reshape(heads, 2, matrix.shape[0] // heads // 2, matrix.shape[1])
    return halves.swapaxes(1, 2).reshape(matrix.shape)
