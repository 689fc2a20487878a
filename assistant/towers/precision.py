"""The precision a tower runs in on a device."""

from __future__ import annotations

import torch


def best_dtype(wanted: str, device: torch.device) -> torch.dtype:
    """The precision a tower runs in: as wanted, or bfloat16 where the hardware multiplies it natively."""
    if wanted == "float32":
        return torch.float32
    if wanted == "bfloat16":
        return torch.bfloat16
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float32
    return torch.bfloat16 if bf16_pays() else torch.float32


def bf16_pays() -> bool:
    """Whether this CPU has bfloat16 products (AVX512-BF16 or AMX): elsewhere bfloat16 is emulated and slower."""
    if hasattr(torch.cpu, "_is_avx512_bf16_supported"):
        return bool(torch.cpu._is_avx512_bf16_supported())
    return False
