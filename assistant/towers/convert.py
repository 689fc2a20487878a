"""Published tower files -> folders that timm, open_clip and transformers load offline. Converts; fetches nothing.

Each converter takes the files taken out of a wheel, by base name, and fills a folder:

* DINOv2-S/14: ``model.safetensors`` under timm's names for ``vit_small_patch14_dinov2``, 37 x 37 positions kept.
* MiniLM: the safetensors, configuration and tokenizer files as they are.
* Whisper: CTranslate2's files as they are.
* SmolLM2: bfloat16 safetensors, configuration, tokenizer with its chat template.

The ONNX file is read with a small protobuf reader, so that ``onnx`` is no dependency.
"""

from __future__ import annotations

import contextlib
import io
import math
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from assistant.errors import WeightsError

Files = Mapping[str, Path]
"""Base name of a wheel's member -> where it lies."""

ONNX_FLOAT = 1
"""``TensorProto.DataType.FLOAT``."""


@dataclass(frozen=True)
class OnnxNode:
    """One operation of an ONNX graph: its kind and the names of the values it reads and writes."""

    operation: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


@dataclass(frozen=True)
class OnnxGraph:
    """Operations in order, and the float32 arrays stored in the file by name (read-only views of its bytes)."""

    nodes: tuple[OnnxNode, ...]
    arrays: dict[str, np.ndarray]


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    """Number stored at ``at`` in groups of seven bits, low first, and where the next thing begins."""
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def _fields(data: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """Fields of a protobuf message in order: number, and an integer or the bytes of a string or message."""
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        number, wire = key >> 3, key & 7
        if wire == 0:
            value, at = _varint(data, at)
            yield number, value
            continue
        if wire == 2:
            length, at = _varint(data, at)
        elif wire in (1, 5):
            length = 8 if wire == 1 else 4
        else:
            raise ValueError(f"protobuf wire type {wire}")
        if at + length > len(data):
            raise ValueError(f"a field of {length} bytes where {len(data) - at} are left")
        yield number, data[at : at + length]
        at += length


def _messages(data: memoryview, number: int) -> Iterator[memoryview]:
    """The sub-messages (or strings) stored under one field number."""
    return (value for n, value in _fields(data) if n == number and isinstance(value, memoryview))


def _strings(data: memoryview, number: int) -> tuple[str, ...]:
    return tuple(bytes(value).decode() for value in _messages(data, number))


def _array(tensor: memoryview) -> tuple[str, np.ndarray | None]:
    """Name and values of a ``TensorProto`` (dims 1, data_type 2, name 8, raw_data 9); None unless float32 raw bytes."""
    name, raw, kind, dims = "", None, 0, list[int]()
    for number, value in _fields(tensor):
        if number == 1 and isinstance(value, int):
            dims.append(value)
        elif number == 1 and isinstance(value, memoryview):  # packed
            at = 0
            while at < len(value):
                size, at = _varint(value, at)
                dims.append(size)
        elif number == 2 and isinstance(value, int):
            kind = value
        elif number == 8 and isinstance(value, memoryview):
            name = bytes(value).decode()
        elif number == 9 and isinstance(value, memoryview):
            raw = value
    if kind != ONNX_FLOAT or raw is None or len(raw) != 4 * math.prod(dims):
        return name, None
    return name, np.frombuffer(raw, "<f4").reshape(dims)


def read_onnx(path: Path) -> OnnxGraph:
    """Operations and float32 arrays of an ONNX file.

    Field numbers of the format: ``ModelProto.graph`` 7; ``GraphProto.node`` 1, ``.initializer`` 5;
    ``NodeProto.input`` 1, ``.output`` 2, ``.op_type`` 4.

    Raises:
        WeightsError: not an ONNX model, or cut short.
    """
    try:
        graph = next(_messages(memoryview(path.read_bytes()), 7))
        nodes = tuple(OnnxNode("".join(_strings(n, 4)), _strings(n, 1), _strings(n, 2)) for n in _messages(graph, 1))
        arrays = dict(_array(tensor) for tensor in _messages(graph, 5))
    except (StopIteration, IndexError, ValueError) as error:
        raise WeightsError(
            "an ONNX model", f"{path.name}: {str(error) or 'no graph in it'}", "fetch it again"
        ) from error
    return OnnxGraph(nodes, {name: array for name, array in arrays.items() if array is not None})


def _linear_weights(graph: OnnxGraph) -> dict[str, np.ndarray]:
    """Name of each linear layer's bias -> its weight as (out, in): ``Add(bias, MatMul(x, weight))`` in the graph.

    The exporter keeps the names of the biases but renames the transposed weights, so the graph tells which is whose.
    """
    product_weight = {
        node.outputs[0]: graph.arrays[name].T
        for node in graph.nodes
        if node.operation == "MatMul"
        for name in node.inputs
        if name in graph.arrays
    }
    return {
        bias: product_weight[product]
        for node in graph.nodes
        if node.operation == "Add"
        for bias, product in (node.inputs, node.inputs[::-1])
        if bias in graph.arrays and product in product_weight
    }


def _positions(graph: OnnxGraph, width: int) -> np.ndarray:
    """Position vectors, class token first: (1, 1 + grid * grid, width).

    They are folded constants without a telling name: the only arrays of shape (1, n, width) beside the class token.
    """
    rows = sorted(
        (a for n, a in graph.arrays.items() if a.ndim == 3 and a.shape[2] == width and not n.startswith("backbone.")),
        key=lambda a: a.shape[1],
    )
    if len(rows) != 2 or rows[0].shape[1] != 1:
        raise WeightsError(
            "two arrays of positions in the graph", f"shapes {[a.shape for a in rows]}", "fetch it again"
        )
    return np.concatenate(rows, 1)


def dinov2_arrays(graph: OnnxGraph) -> dict[str, np.ndarray]:
    """Weights of a DINOv2 backbone under timm's names, from its exported graph (Hugging Face names).

    timm keeps query, key and value in one layer, in that order.

    Raises:
        WeightsError: the graph lacks a weight the backbone needs.
    """
    arrays, linear = graph.arrays, _linear_weights(graph)
    patch = "backbone.embeddings.patch_embeddings.projection"
    blocks = 1 + max(
        (int(m[1]) for n in arrays if (m := re.match(r"backbone\.encoder\.layer\.(\d+)\.", n))), default=-1
    )
    try:
        cls_token = arrays["backbone.embeddings.cls_token"]
        found = {
            "cls_token": cls_token,
            "pos_embed": _positions(graph, cls_token.shape[2]),
            "patch_embed.proj.weight": arrays[f"{patch}.weight"],
            "patch_embed.proj.bias": arrays[f"{patch}.bias"],
            "norm.weight": arrays["backbone.layernorm.weight"],
            "norm.bias": arrays["backbone.layernorm.bias"],
        }
        for i in range(blocks):
            there, here = f"backbone.encoder.layer.{i}", f"blocks.{i}"
            qkv = [f"{there}.attention.attention.{part}.bias" for part in ("query", "key", "value")]
            found[f"{here}.attn.qkv.weight"] = np.concatenate([linear[n] for n in qkv])
            found[f"{here}.attn.qkv.bias"] = np.concatenate([arrays[n] for n in qkv])
            for ours, theirs in (
                ("attn.proj", "attention.output.dense"),
                ("mlp.fc1", "mlp.fc1"),
                ("mlp.fc2", "mlp.fc2"),
            ):
                found[f"{here}.{ours}.weight"] = linear[f"{there}.{theirs}.bias"]
                found[f"{here}.{ours}.bias"] = arrays[f"{there}.{theirs}.bias"]
            for n in (1, 2):
                found[f"{here}.norm{n}.weight"] = arrays[f"{there}.norm{n}.weight"]
                found[f"{here}.norm{n}.bias"] = arrays[f"{there}.norm{n}.bias"]
                found[f"{here}.ls{n}.gamma"] = arrays[f"{there}.layer_scale{n}.lambda1"]
    except KeyError as error:
        raise WeightsError("a DINOv2 backbone in the graph", f"no weight for {error}", "fetch it again") from error
    return {name: np.ascontiguousarray(array, np.float32) for name, array in found.items()}


def convert_dinov2(files: Files, folder: Path) -> None:
    """``vit_s_focus.onnx`` -> ``model.safetensors`` with the backbone alone; the decoder in the file is left out."""
    from safetensors.numpy import save_file

    onnx = next(path for name, path in files.items() if name.endswith(".onnx"))
    save_file(dinov2_arrays(read_onnx(onnx)), folder / "model.safetensors", {"format": "pt"})


def convert_minilm(files: Files, folder: Path) -> None:
    """The files as they are: a folder for ``AutoModel`` and ``AutoTokenizer``."""
    for name, path in files.items():
        shutil.copyfile(path, folder / name)


def convert_whisper(files: Files, folder: Path) -> None:
    """The files as they are: a folder for ``faster_whisper.WhisperModel``."""
    convert_minilm(files, folder)


def convert_smollm2(files: Files, folder: Path) -> None:
    """GGUF -> bfloat16 safetensors, configuration and tokenizer for ``AutoModelForCausalLM`` and ``AutoTokenizer``.

    Read as float32: asked for bfloat16, transformers keeps the packed weights and unpacks them at each product.
    """
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    gguf = next(path for name, path in files.items() if name.endswith(".gguf"))
    with contextlib.redirect_stderr(io.StringIO()):  # progress bars of its own, in the middle of ours
        unpacked = AutoModelForCausalLM.from_pretrained(
            gguf.parent, gguf_file=gguf.name, dtype=torch.float32, local_files_only=True
        )
        tokenizer = AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name, local_files_only=True)
        if not tokenizer.chat_template:
            raise WeightsError("a chat template in the GGUF file", "none", "fetch it again")
        config = unpacked.config
        del config.quantization_config  # a model read from GGUF refuses to be saved: a plain one takes its weights
        model = AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16)
        model.load_state_dict(unpacked.state_dict(), strict=True)
        model.generation_config = unpacked.generation_config
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)


CONVERTERS: dict[str, Callable[[Files, Path], None]] = {
    "dinov2_vits14": convert_dinov2,
    "minilm": convert_minilm,
    "smollm2": convert_smollm2,
    "whisper_tiny_en": convert_whisper,
}
"""Name of a tower -> what turns its published files into a folder."""
