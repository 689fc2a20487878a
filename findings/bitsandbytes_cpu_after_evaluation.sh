#!/usr/bin/env bash
# bitsandbytes 0.50.2 on a CPU with AVX512-BF16: one evaluation of a 4-bit layer, and what is trained below it gets no gradient any more.
#
# Seen: a linear layer of float32, a Linear4bit (nf4, compute_dtype float32) and another linear layer on a CPU. In training mode the
# Linear4bit answers as its dequantised weight does (difference below 1e-6) and both linear layers get gradients. One pass in evaluation
# mode under no_grad later, back in training mode: the difference is 3e-3 (it computes in bfloat16 whatever compute_dtype says), the
# gradient of the lower layer is None, that of the upper one is as before, so the loss still moves. torch gives a UserWarning on the
# operator at the first backward pass, no error. `dequantize_4bit` of the same weight and state gives other numbers altogether, in silence.
# `state_dict()` sets all of it right again, until the next evaluation. So an adapter that is trained on a CPU with a validation loss
# between the epochs lacks, from the first one on, whatever gradient should pass through 4-bit layers (residual connections still carry
# some, so it goes on learning something), and a checkpoint written after each validation hides it.
# Why: Linear4bit.forward packs the weight for the CPU's matrix product when it is called outside of training with an input that wants no
# gradient; nothing unpacks it for training, and the packed product has no backward pass (bitsandbytes/nn/modules.py, Linear4bit;
# bitsandbytes/autograd/_functions.py, matmul_4bit). Other processors do not pack.
# What to do: before training set `support_avx512bf16_for_cpu = False` on every Linear4bit, or train 4-bit models on a GPU alone.
set -euo pipefail
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT
if ! grep -qw avx512_bf16 /proc/cpuinfo; then echo "this processor has no AVX512-BF16: nothing is packed, nothing to see"; exit 0; fi
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check bitsandbytes==0.50.2 torch==2.15.0 numpy
cat >"$work/packed.py" <<'PYTHON'
import logging
import warnings

logging.getLogger("bitsandbytes").setLevel(logging.ERROR)
import bitsandbytes as bnb
import torch
from torch import nn

torch.manual_seed(0)
given = torch.randn(4, 64)


def stack():
    layer = bnb.nn.Linear4bit(64, 64, bias=False, compute_dtype=torch.float32, quant_type="nf4")
    layer.weight = bnb.nn.Params4bit(torch.randn(64, 64), requires_grad=False, quant_type="nf4")
    return nn.Sequential(nn.Linear(64, 64), layer.to("cpu"), nn.Linear(64, 1))


def weight(layer):
    return bnb.functional.dequantize_4bit(layer.weight.data, layer.weight.quant_state).float()


def trained(model):
    """Difference of the 4-bit layer from its weight, and the gradients below and above it."""
    model.train()
    model.zero_grad()
    with torch.no_grad():
        inner = model[0](given)
        expected = inner @ before.T
    found = model[1](inner.requires_grad_())
    model(given).sum().backward()
    return ((found - expected).norm() / expected.norm()).item(), model[0].weight.grad, model[2].weight.grad


warnings.simplefilter("ignore")
model = stack()
before = weight(model[1])
first = trained(model)
assert first[0] < 1e-6 and first[1] is not None
model.eval()
with torch.no_grad():
    model(given)
second = trained(model)
assert 1e-3 < second[0] < 1e-2, second[0]
assert second[1] is None, "a gradient came through"
assert torch.allclose(second[2], first[2], rtol=0.05, atol=0.5)
scrambled = (weight(model[1]) - before).abs().max().item()
assert scrambled > 1, scrambled
model.state_dict()
third = trained(model)
assert third[1] is not None
print(f"before an evaluation: {first[0]:.0e} from the weight's answer, gradient below of norm {first[1].norm():.0f}")
print(f"after it:             {second[0]:.0e}, gradient below {second[1]}, above as it was; dequantised weight off by {scrambled:.1f}")
print(f"after state_dict():   gradient below of norm {third[1].norm():.0f}")
free = stack()
free[1].support_avx512bf16_for_cpu = False
before = weight(free[1])
free.eval()
with torch.no_grad():
    free(given)
kept = trained(free)
assert kept[0] < 1e-6 and kept[1] is not None
print(f"with support_avx512bf16_for_cpu = False: {kept[0]:.0e}, gradient below of norm {kept[1].norm():.0f}")
PYTHON
OMP_NUM_THREADS=1 "$work/venv/bin/python" "$work/packed.py"
