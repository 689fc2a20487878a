"""Parameters that lie in shards on several processes (FSDP 2): the losses as a module, whole values, the module as it was.

Knows nothing of steps or files. Gathering is collective: every process has to call what says so.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from assistant.errors import ConfigError

Losses = Callable[[Any, random.Random], dict[str, Tensor]]


class StageLosses(nn.Module):
    """The stage as a module, so that a wrapped forward synchronises gradients between processes.

    Parameters stay in float32 whatever wraps them; where ``bf16`` is set, products are computed in bfloat16 by autocast.

    Args:
        module: what is trained.
        losses: of a batch.
        bf16: precision of the products.
    """

    def __init__(self, module: nn.Module, losses: Losses, bf16: bool) -> None:
        super().__init__()
        self.module = module
        self._losses, self._bf16 = losses, bf16
        self.used: set[str] | None = None
        """Names of the parameters that losses hang on since it was last emptied; None where nobody asks."""

    def forward(self, batch: Any, rng: random.Random) -> dict[str, Tensor]:
        """Losses by part, float32."""
        device = next(self.module.parameters()).device.type
        with torch.autocast(device, torch.bfloat16, enabled=self._bf16):
            parts = self._losses(batch, rng)
        if self.used is not None:
            self.used |= behind(parts.values(), self.module)
        return {name: value.float() for name, value in parts.items()}


def behind(losses: Iterable[Tensor], module: nn.Module) -> set[str]:
    """Names of the parameters of a module that losses hang on.

    >>> layers = nn.ModuleList([nn.Linear(1, 1, bias=False), nn.Linear(1, 1, bias=False)])
    >>> behind([layers[1](torch.ones(1)).sum()], layers)
    {'1.weight'}
    """
    leaves, seen = set[int](), set[Any]()
    left = [loss.grad_fn for loss in losses if loss.grad_fn is not None]
    while left:
        node = left.pop()
        if node in seen:
            continue
        seen.add(node)
        if (leaf := getattr(node, "variable", None)) is not None:
            leaves.add(id(leaf))
        left += [following for following, _ in node.next_functions if following is not None]
    return {name for name, parameter in module.named_parameters() if id(parameter) in leaves}


def is_sharded(prepared: Any) -> bool:
    """Whether parameters lie in shards."""
    return hasattr(prepared, "unshard")


def begin_shards(prepared: Any) -> None:
    """Prepare a sharded module for batches that use different parameters in different processes.

    Raises:
        ConfigError: parts that were sharded by themselves, which one process could not validate with alone, or a torch that
            reduces only what a process used.
    """
    if not hasattr(prepared, "set_reduce_scatter_unused_params"):
        raise ConfigError(
            "torch 2.15 or newer for FSDP 2", torch.__version__, "install it, or train with gpus_ddp.yaml"
        )
    if any(is_sharded(module) for module in prepared.modules() if module is not prepared):
        raise ConfigError("fsdp_auto_wrap_policy: NO_WRAP", "another policy", "mend the accelerate configuration")
    prepared.set_reduce_scatter_unused_params(True)
    prepared.used = set()


def forget_unused(prepared: Any, accelerator: Any) -> None:
    """Leave parameters that no process used since the last call without a gradient, as one process would; collective.

    Sharded gradients of unused parameters are zeros, with which an optimizer would decay and go on by its momentum.
    """
    names = [name for name, _ in prepared.module.named_parameters()]
    flags = torch.tensor([float(name in prepared.used) for name in names], device=accelerator.device)
    used = accelerator.reduce(flags, "sum").tolist()
    for (_, parameter), count in zip(prepared.module.named_parameters(), used, strict=True):
        if not count:
            parameter.grad = None
    prepared.used.clear()


def whole(tensor: Tensor) -> Tensor:
    """The whole of a parameter or buffer; collective."""
    from torch.distributed.tensor import DTensor

    return tensor.full_tensor() if isinstance(tensor, DTensor) else tensor


def whole_state(module: nn.Module, names: Collection[str]) -> dict[str, Tensor]:
    """Whole parameters and buffers by name, detached, in the precision they are trained in; collective."""
    every = {**dict(module.named_parameters()), **dict(module.named_buffers())}
    return {name: whole(every[name].detach()) for name in every if name in names}


@contextmanager
def unsharded(prepared: Any) -> Iterator[None]:
    """Whole parameters in every process, for what one of them does alone; collective."""
    if not is_sharded(prepared):
        yield
        return
    prepared.unshard()
    try:
        yield
    finally:
        prepared.reshard()


def rejoin(prepared: Any, module: nn.Module) -> None:
    """Make a module's parameters whole for good: it loads, saves and runs as before it was sharded; collective."""
    if not is_sharded(prepared):
        return
    prepared.reshard()
    for part in module.modules():
        for hooks in (part._load_state_dict_post_hooks, part._load_state_dict_pre_hooks, part._state_dict_pre_hooks):
            for key, hook in list(hooks.items()):
                if getattr(hook, "hook", hook).__module__.startswith("torch.distributed.fsdp"):
                    del hooks[key]  # it would look for a shard in every parameter that is loaded
        for name, parameter in list(part.named_parameters(recurse=False)):
            part.register_parameter(name, nn.Parameter(whole(parameter.detach()).clone(), parameter.requires_grad))
