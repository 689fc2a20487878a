#!/usr/bin/env bash
# safetensors 0.8.0 through its numpy interface: an array that is not C-contiguous is written with other numbers, without an error.
#
# Seen: `save_file({"turned": a.T})` of a = [[0, 1, 2], [3, 4, 5]] loads as [[0, 1], [2, 3], [4, 5]] (shape of the transpose, memory of
# the original), and every second column of it as [[0, 1], [2, 3]]. An engineer expects the values, as numpy.save keeps them,
# or the refusal that safetensors.torch gives for a tensor that is not contiguous.
# Why: `safetensors.numpy._flatten` hands the address of an array's first element and its number of bytes to the writer; strides are
# not asked for. Source: module safetensors/numpy.py of the wheel; the torch interface checks contiguity in safetensors/torch.py.
# What to do: `numpy.ascontiguousarray` on everything that is saved.
set -euo pipefail
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check safetensors==0.8.0 numpy==2.4.6
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import numpy as np
from safetensors.numpy import load_file, save_file

whole = np.arange(6, dtype=np.float32).reshape(2, 3)
given = {"turned": whole.T, "cut": whole[:, ::2], "whole": whole, "mended": np.ascontiguousarray(whole.T)}
save_file(given, "arrays.safetensors")
found = load_file("arrays.safetensors")
for name, value in given.items():
    print(f"{name}: given {value.tolist()}, loaded {found[name].tolist()}")
assert found["turned"].tolist() == [[0, 1], [2, 3], [4, 5]], "transposed arrays are written otherwise now"
assert found["cut"].tolist() == [[0, 1], [2, 3]], "cut arrays are written otherwise now"
assert np.array_equal(found["whole"], whole)
assert np.array_equal(found["mended"], whole.T)
PYTHON
echo "as described: safetensors.numpy writes memory, not values, of arrays with strides"
