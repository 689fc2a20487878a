"""A LoRA in a transformers model: put in, saved in PEFT's layout, loaded, merged, taken out. Language models only, never eyes."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from assistant.errors import ConfigError, WeightsError

ADAPTER, ADAPTER_CONFIG = "adapter_model.safetensors", "adapter_config.json"
PEFT_PREFIX = "base_model.model."
LORA_TARGETS = r"^(?!.*(?:vision|visual|image)).*\.(?:q_proj|k_proj|v_proj|o_proj|gate_proj|up_proj|down_proj)$"
"""Attention and MLP projections of the language model; those of a vision tower are left alone."""


def add_lora(model: Any, rank: int = 16, alpha: int = 32, seed: int = 0) -> dict[str, Any]:
    """Put an untrained LoRA into a model, in place, float32; the model says the same until it is trained.

    Returns:
        Its trainable parameters by name.
    """
    logging.getLogger("bitsandbytes").setLevel(logging.ERROR)  # peft imports it: it tells of kernels that are not used
    from peft import LoraConfig, inject_adapter_in_model

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        inject_adapter_in_model(LoraConfig(r=rank, lora_alpha=alpha, target_modules=LORA_TARGETS), model)
    found = lora_parameters(model)
    for parameter in found.values():
        parameter.data = parameter.data.float()
        parameter.requires_grad_(True)
    if not found:
        raise ConfigError("projections for a LoRA", "none in this model", "choose another base model")
    return found


def lora_parameters(model: Any) -> dict[str, Any]:
    """Parameters of the LoRA in a model, by name; empty without one."""
    return {name: p for name, p in model.named_parameters() if ".lora_" in name}


def save_lora(folder: Path, model: Any) -> None:
    """Write the LoRA of a model, where it has one, in PEFT's layout, half precision."""
    lora = lora_parameters(model)
    if lora:
        state = {PEFT_PREFIX + name.replace(".default.", "."): half(p) for name, p in lora.items()}
        save_file(state, folder / ADAPTER, metadata={"format": "pt"})
        config = next(m for m in model.modules() if hasattr(m, "lora_A"))
        about = {
            "peft_type": "LORA", "task_type": "CAUSAL_LM", "r": config.r["default"],
            "lora_alpha": config.lora_alpha["default"], "target_modules": LORA_TARGETS, "base_model_name_or_path": None,
        }  # fmt: skip
        (folder / ADAPTER_CONFIG).write_text(json.dumps(about, indent=1) + "\n")


def half(tensor: Tensor) -> Tensor:
    """As it is saved: on the CPU, half precision, contiguous."""
    return tensor.detach().cpu().half().contiguous()


def load_lora(model: Any, folder: Path, merge: bool = True) -> None:
    """Put the LoRA of a folder, where there is one, into a model.

    Args:
        model: of the LoRA's base.
        folder: with the LoRA.
        merge: add it into the weights (in float32, rounded once to their precision), so that nothing of it is computed apart;
            for weights that are not quantised. Else it stays apart, for more training.

    Raises:
        WeightsError: damaged, or of another base model.
    """
    if not (folder / ADAPTER).exists():
        return
    try:
        state, about = load_file(folder / ADAPTER), json.loads((folder / ADAPTER_CONFIG).read_text())
    except (OSError, json.JSONDecodeError, SafetensorError) as error:
        what = f"{ADAPTER} and {ADAPTER_CONFIG} in {folder.name}"
        raise WeightsError(what, str(error).splitlines()[0], "train or install again") from error
    add_lora(model, int(about["r"]), int(about["lora_alpha"]))
    _fill(model, state)
    if merge:
        _merge(model)


def _merge(model: Any) -> None:
    """Add each LoRA layer into the weight below it and take it out: the model is as its family makes it."""
    for name, module in list(model.named_modules()):
        if hasattr(module, "lora_A"):
            weight, delta = module.base_layer.weight, module.get_delta_weight("default").detach()
            weight.data = (weight.data.float() + delta.float()).to(weight.dtype)
            parent, _, leaf = name.rpartition(".")
            setattr(model.get_submodule(parent), leaf, module.base_layer)
    for attribute in ("peft_config", "_hf_peft_config_loaded"):
        if attribute in vars(model):
            delattr(model, attribute)


def _fill(model: Any, state: dict[str, Tensor]) -> None:
    """Copy a saved LoRA into the one in the model; the same names and shapes, or an error."""
    wanted = {PEFT_PREFIX + name.replace(".default.", "."): p for name, p in lora_parameters(model).items()}
    shapes = {name: p.shape for name, p in wanted.items()}
    if shapes != {name: tensor.shape for name, tensor in state.items()}:
        odd = sorted(set(shapes) ^ set(state))
        raise WeightsError("a LoRA of this base model", f"another ({(odd or ['other shapes'])[0]})", "train it anew")
    with torch.no_grad():
        for name, parameter in wanted.items():
            parameter.copy_(state[name])
