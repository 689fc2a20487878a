#!/usr/bin/env bash
# accelerate 1.15.0: an FSDP plugin that is given on CPUs is dropped without a word, and the model is copied whole to every process.
#
# Seen: two processes on a CPU, gloo between them, each with Accelerator(cpu=True, fsdp_plugin=FullyShardedDataParallelPlugin(
# fsdp_version=2)). No error, no warning: `distributed_type` is MULTI_CPU, `prepare` returns DistributedDataParallel, every process
# holds all parameters, and `state.fsdp_plugin` does not even exist. The same with `accelerate launch` and a configuration that says
# `distributed_type: FSDP` with `use_cpu: true`. torch itself does shard over gloo: `fully_shard` on the same processes leaves half of
# the numbers in each. So a run that is tried on CPUs before it goes to GPUs tries another way of training than the one it is to use,
# and what is only true of sharded models (names, states, optimizers of DTensors) stays untested.
# Why: AcceleratorState.__init__ looks at the plugin and at ACCELERATE_USE_FSDP only where the distributed type is one of accelerators
# (MULTI_GPU, MULTI_NPU, ...); MULTI_CPU has a branch of its own that knows neither (accelerate/state.py).
# What to do: compare `accelerator.distributed_type` with what was asked for, and stop; for a test on CPUs shard with torch's fully_shard.
set -euo pipefail
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check accelerate==1.15.0 torch==2.15.0 numpy
cat >"$work/asked.py" <<'PYTHON'
import warnings

import torch
from accelerate import Accelerator
from accelerate.utils import FullyShardedDataParallelPlugin
from torch import nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard


def held(model):
    return sum(getattr(p, "to_local", lambda p=p: p)().numel() for p in model.parameters())


with warnings.catch_warnings():
    warnings.simplefilter("error")
    accelerator = Accelerator(cpu=True, fsdp_plugin=FullyShardedDataParallelPlugin(fsdp_version=2))
    model = accelerator.prepare(nn.Linear(64, 64))
whole = 64 * 64 + 64
assert accelerator.num_processes == 2
assert accelerator.distributed_type.value == "MULTI_CPU", accelerator.distributed_type
assert type(model) is nn.parallel.DistributedDataParallel, type(model)
assert held(model) == whole, held(model)
assert not hasattr(accelerator.state, "fsdp_plugin")
sharded = nn.Linear(64, 64)
fully_shard(sharded, mesh=init_device_mesh("cpu", (2,)))
assert held(sharded) == whole // 2, held(sharded)
if accelerator.is_main_process:
    print(f"asked for FSDP 2: {accelerator.distributed_type.value}, {type(model).__name__}, {held(model)} numbers in each process")
    print(f"torch's fully_shard on the same processes: {held(sharded)} numbers in each")
torch.distributed.destroy_process_group()
PYTHON
cat >"$work/fsdp.yaml" <<'YAML'
compute_environment: LOCAL_MACHINE
distributed_type: FSDP
fsdp_config: {fsdp_version: 2, fsdp_auto_wrap_policy: NO_WRAP}
machine_rank: 0
num_machines: 1
num_processes: 2
use_cpu: true
mixed_precision: 'no'
YAML
cd "$work"
OMP_NUM_THREADS=1 venv/bin/accelerate launch --config_file fsdp.yaml asked.py
