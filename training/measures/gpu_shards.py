"""Training with parameters in shards over one process (FSDP 2) against the same steps without, on whatever computes here."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from training.runs.losses import total
from training.runs.sharding import StageLosses, begin_shards, forget_unused, rejoin, whole_state

WIDTH, LAYERS, ROWS = 256, 4, 64
RATE, DECAY = 1e-3, 0.5


class SmallStage:
    """Least squares by a few layers, of which every other batch leaves one out."""

    def __init__(self) -> None:
        torch.manual_seed(0)
        where = "cuda" if torch.cuda.is_available() else "cpu"
        layers = [nn.Linear(WIDTH, WIDTH) for _ in range(LAYERS)]
        self.module = nn.ModuleList([*layers, nn.Linear(WIDTH, 1)]).to(where)
        self.where = torch.device(where)

    def batch(self, number: int) -> tuple[int, Tensor]:
        """The n-th batch: how many layers it goes through, and its rows."""
        rows = torch.randn(ROWS, WIDTH, generator=torch.Generator().manual_seed(number))
        return LAYERS - number % 2, rows.to(self.where)

    def losses(self, batch: tuple[int, Tensor], rng: random.Random) -> dict[str, Tensor]:
        """One part."""
        count, rows = batch
        hidden = rows
        for layer in list(self.module)[:count]:
            hidden = hidden + torch.relu(layer(hidden))
        return {"all": (list(self.module)[-1](hidden)[:, 0] - rows.mean(1)).square().mean()}


def sharded_against_plain(folder: Path, steps: int) -> dict[str, Any]:
    """Steps a second both ways, how far apart the weights are after them, and how far they moved.

    Args:
        folder: where processes find each other.
        steps: of each way.

    Raises:
        ConfigError: a torch that shards otherwise.
    """
    begun = {name: value.clone() for name, value in SmallStage().module.state_dict().items()}
    plain, plain_s = _trained(steps, shard=False)
    with _one_process(folder):
        sharded, sharded_s = _trained(steps, shard=True)
    return {
        "plain_steps_s": steps / plain_s, "sharded_steps_s": steps / sharded_s, "ratio": plain_s / sharded_s,
        "largest_difference": max(float((sharded[name] - plain[name]).abs().max()) for name in plain),
        "moved": max(float((plain[name] - begun[name]).abs().max()) for name in plain),
    }  # fmt: skip


def _trained(steps: int, shard: bool) -> tuple[dict[str, Tensor], float]:
    """The weights of so many steps, whole, and the seconds they took; as the loop makes them."""
    from accelerate import Accelerator
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import fully_shard

    stage = SmallStage()
    names = set(stage.module.state_dict())
    losses: Any = StageLosses(stage.module, stage.losses, bf16=False)
    accelerator = Accelerator(cpu=not torch.cuda.is_available())
    if shard:
        fully_shard(losses, mesh=init_device_mesh(stage.where.type, (1,)))
        begin_shards(losses)
    optimizer = torch.optim.AdamW(losses.parameters(), lr=RATE, weight_decay=DECAY)
    started = time.perf_counter()
    for number in range(steps):
        total(losses(stage.batch(number), random.Random(number)), {}).backward()
        if shard:
            forget_unused(losses, accelerator)
        torch.nn.utils.clip_grad_norm_(losses.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
    if stage.where.type == "cuda":
        torch.cuda.synchronize()
    seconds = time.perf_counter() - started
    state = whole_state(stage.module, names)
    if shard:
        rejoin(losses, stage.module)
        stage.module.load_state_dict(state)
    return state, seconds


@contextmanager
def _one_process(folder: Path) -> Iterator[None]:
    """A process group of this process alone."""
    from torch._C._distributed_c10d import FileStore

    store = FileStore(str(folder / "processes"), 1)
    kind = "nccl" if torch.cuda.is_available() else "gloo"
    torch.distributed.init_process_group(kind, store=store, rank=0, world_size=1)
    try:
        yield
    finally:
        torch.distributed.destroy_process_group()
