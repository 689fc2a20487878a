"""Text anchors of states and kinds of defects, kept once made: embedding their words takes a CPU about a second."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from assistant.towers.clip import Clip
from assistant.types import Domain
from assistant.vision.text_anchors import TypePrompts, embed_states, embed_types, state_anchors, type_anchors
from assistant.vocabulary.defect_types import vocabulary


class Anchors:
    """Anchors of one text tower and projection.

    Args:
        clip: embeds words.
        projection: from its width to the joint width.
    """

    def __init__(self, clip: Clip, projection: nn.Linear) -> None:
        self._clip, self._projection = clip, projection
        self._states: dict[tuple[object, ...], Tensor] = {}
        self._kinds: dict[tuple[object, ...], tuple[TypePrompts, Tensor]] = {}

    def states(self, object_name: str | None, look_for: Sequence[str] = ()) -> Float[Tensor, "2 joint_width"]:
        """Anchors of the normal and the anomalous state, for an object name and phrases."""
        key = (object_name, *look_for)
        if key not in self._states:
            with torch.inference_mode():
                prompts = embed_states(self._clip, object_name, look_for)
                self._states[key] = state_anchors(prompts, self._projection)
        return self._states[key]

    def kinds(
        self, domain: Domain | None, object_name: str | None, look_for: Sequence[str] = (), types: Sequence[str] = ()
    ) -> tuple[TypePrompts, Float[Tensor, "kinds joint_width"]]:
        """Names that regions are given, and their anchors: ``types`` alone, or phrases and the vocabulary of a domain."""
        words = {t: (t,) for t in types} if types else {**{p: (p,) for p in look_for}, **vocabulary(domain)}
        key = (object_name, *words)
        if key not in self._kinds:
            with torch.inference_mode():
                prompts = embed_types(self._clip, words, object_name)
                self._kinds[key] = (prompts, type_anchors(prompts, self._projection))
        return self._kinds[key]
