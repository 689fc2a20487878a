"""The sentence tower: all-MiniLM-L6-v2, the text tower of the preset ``mini``, on the CPU.

Its forward pass stands here in full: a BERT of six layers, mean over tokens, normalised (Reimers and Gurevych 2019). For one
short sentence the general implementation spends more time around its products than in them. Weights never change and a
pass keeps nothing, so that threads share one tower.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float32

if TYPE_CHECKING:
    from torch import Tensor

TOWER = "minilm"
WIDTH = 384
HEADS = 12
LAYERS = 6
LONGEST = 64
"""Tokens of a sentence that are read."""
EPSILON = 1e-12


@dataclass(frozen=True, eq=False)
class LowRank:
    """What is added to the weight of a dense layer: ``up @ down``.

    Args:
        down: (rank, inputs).
        up: (outputs, rank).
    """

    down: Float32[np.ndarray, "rank inputs"]
    up: Float32[np.ndarray, "outputs rank"]


@dataclass(frozen=True, eq=False)
class SentenceTower:
    """The tower, loaded.

    Args:
        tokenizer: of the package ``tokenizers``; cut at :data:`LONGEST` tokens, not padded.
        weights: tensors by their names in the published file, float32.
    """

    tokenizer: Any
    weights: dict[str, Tensor]

    def embed(self, texts: Sequence[str]) -> Float32[np.ndarray, "texts 384"]:
        """Unit vectors of sentences, each read alone: what stands beside it changes no digit."""
        import torch

        with torch.inference_mode():
            rows = [self._pooled(torch.tensor([coded.ids])) for coded in self.tokenizer.encode_batch(list(texts))]
            found = torch.cat(rows) if rows else torch.zeros(0, WIDTH)
            return torch.nn.functional.normalize(found, dim=1).numpy()

    def adapted(self, additions: Mapping[str, LowRank]) -> SentenceTower:
        """The tower with something added to its dense layers; it shares all other weights with this one.

        Args:
            additions: by the names of the layers (``encoder.layer.0.output.dense``).

        Raises:
            KeyError: a layer that the tower has not.
        """
        if not additions:
            return self
        import torch

        changed = {}
        for name, added in additions.items():
            key = f"{name}.weight"
            changed[key] = self.weights[key] + torch.from_numpy(added.up) @ torch.from_numpy(added.down)
        return replace(self, weights={**self.weights, **changed})

    def _pooled(self, ids: Tensor) -> Tensor:
        """(1, tokens) -> (1, width): mean of the last layer's tokens."""
        w = self.weights
        tokens = ids.shape[1]
        hidden = w["embeddings.word_embeddings.weight"][ids] + w["embeddings.position_embeddings.weight"][:tokens]
        hidden = self._normed(hidden + w["embeddings.token_type_embeddings.weight"][0], "embeddings.LayerNorm")
        for layer in range(LAYERS):
            hidden = self._layer(hidden, f"encoder.layer.{layer}")
        return hidden.mean(1)

    def _layer(self, hidden: Tensor, at: str) -> Tensor:
        """Attention and two dense layers, each added to its input and normalised."""
        import torch.nn.functional as F

        batch, tokens, width = hidden.shape

        def heads(name: str) -> Tensor:
            made = self._dense(hidden, f"{at}.attention.self.{name}")
            return made.view(batch, tokens, HEADS, width // HEADS).transpose(1, 2)

        mixed = F.scaled_dot_product_attention(heads("query"), heads("key"), heads("value"))
        mixed = mixed.transpose(1, 2).reshape(batch, tokens, width)
        hidden = self._normed(
            hidden + self._dense(mixed, f"{at}.attention.output.dense"), f"{at}.attention.output.LayerNorm"
        )
        inner = F.gelu(self._dense(hidden, f"{at}.intermediate.dense"))
        return self._normed(hidden + self._dense(inner, f"{at}.output.dense"), f"{at}.output.LayerNorm")

    def _dense(self, x: Tensor, name: str) -> Tensor:
        import torch.nn.functional as F

        return F.linear(x, self.weights[f"{name}.weight"], self.weights[f"{name}.bias"])

    def _normed(self, x: Tensor, name: str) -> Tensor:
        import torch.nn.functional as F

        return F.layer_norm(x, (WIDTH,), self.weights[f"{name}.weight"], self.weights[f"{name}.bias"], EPSILON)


_LOADED: dict[Path, SentenceTower] = {}
_LOADING = threading.Lock()


def sentence_tower() -> SentenceTower | None:
    """The tower, loaded once a process; None where its files were not brought to this machine."""
    from assistant.towers.weights import list_towers

    folder = next((found.path for found in list_towers() if found.tower.name == TOWER and found.present), None)
    if folder is None:
        return None
    with _LOADING:
        if folder not in _LOADED:
            _LOADED[folder] = _load(folder)
        return _LOADED[folder]


def _load(folder: Path) -> SentenceTower:
    from safetensors.torch import load_file
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(LONGEST)
    return SentenceTower(tokenizer, load_file(folder / "model.safetensors"))
