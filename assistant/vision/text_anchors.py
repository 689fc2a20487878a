"""State prompts and defect vocabulary -> text embeddings. Data and pure functions; the text projection is not known here.

Two states (normal, anomalous), each several phrasings in several templates; one group of phrases a defect or lesion type. The
object's name is optional: "object" stands for it. Users' own phrases join the anomalous state and the vocabulary.
State x template ensembles follow WinCLIP (Jeong et al., CVPR 2023); wording is ours.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import torch
from jaxtyping import Float
from torch import Tensor, nn

from assistant.errors import ConfigError
from assistant.inquiry import Inquiry, checked_phrase
from assistant.towers.clip import Clip
from assistant.types import Domain
from assistant.vocabulary.defect_types import vocabulary

Kept = TypeVar("Kept")

NORMAL_STATES = (
    "flawless {}",
    "{} in perfect condition",
    "{} without any defect",
    "normal {}",
    "healthy {}",
    "intact {}",
)
ANOMALOUS_STATES = (
    "damaged {}",
    "{} with a defect",
    "{} with a flaw",
    "abnormal {}",
    "{} with a lesion",
    "broken {}",
)
TEMPLATES = ("a photo of a {}", "a close-up picture of the {}", "an inspection image of {}", "a scan showing {}")
TYPE_TEMPLATES = ("{}", "a picture of {}", "{} on the {object}")
KEPT = 64
"""Anchors kept of each kind; the one used longest ago goes first."""


@dataclass(frozen=True, eq=False)
class StatePrompts:
    """Text embeddings of the two states, before the text projection."""

    normal: Float[Tensor, "normal_prompts text_width"]
    anomalous: Float[Tensor, "anomalous_prompts text_width"]

    def to(self, device: torch.device) -> StatePrompts:
        """The same embeddings on another device."""
        return StatePrompts(self.normal.to(device), self.anomalous.to(device))


@dataclass(frozen=True, eq=False)
class TypePrompts:
    """Text embeddings of a vocabulary: ``embeddings[i]`` belongs to type ``names[owner[i]]``."""

    names: tuple[str, ...]
    embeddings: Float[Tensor, "phrases text_width"]
    owner: tuple[int, ...]

    def to(self, device: torch.device) -> TypePrompts:
        """The same vocabulary with its embeddings on another device."""
        return TypePrompts(self.names, self.embeddings.to(device), self.owner)


def state_texts(object_name: str | None, look_for: Sequence[str] = ()) -> tuple[list[str], list[str]]:
    """Prompts of the normal and of the anomalous state.

    >>> normal, anomalous = state_texts("hex nut", ["stripped thread"])
    >>> normal[0], anomalous[-1]
    ('a photo of a flawless hex nut', 'a scan showing hex nut with stripped thread')
    """
    name = checked_phrase(object_name, "an object name") if object_name else "object"
    states = [s.format(name) for s in ANOMALOUS_STATES]
    states += [f"{name} with {checked_phrase(p, 'a phrase to look for')}" for p in look_for]
    normal = [t.format(s.format(name)) for s in NORMAL_STATES for t in TEMPLATES]
    return normal, [t.format(s) for s in states for t in TEMPLATES]


def embed_states(clip: Clip, object_name: str | None, look_for: Sequence[str] = ()) -> StatePrompts:
    """Embeddings of both states for one object name."""
    normal, anomalous = state_texts(object_name, look_for)
    embedded = clip.embed_texts(normal + anomalous)
    return StatePrompts(embedded[: len(normal)], embedded[len(normal) :])


def embed_types(clip: Clip, kinds: Mapping[str, Sequence[str]], object_name: str | None = None) -> TypePrompts:
    """Embeddings of a vocabulary: type name to the phrases that describe it.

    Raises:
        ConfigError: an empty vocabulary, or a type without phrases.
    """
    if not kinds or not all(kinds.values()):
        raise ConfigError("at least one type, each with a phrase", str(dict(kinds)), "name what to look for")
    texts, owner = [], []
    for i, (_, phrases) in enumerate(kinds.items()):
        for phrase in phrases:
            clean = checked_phrase(phrase, "a phrase")
            texts += [t.format(clean, object=object_name or "object") for t in TYPE_TEMPLATES]
            owner += [i] * len(TYPE_TEMPLATES)
    return TypePrompts(tuple(kinds), clip.embed_texts(texts), tuple(owner))


def state_anchors(prompts: StatePrompts, project: torch.nn.Module) -> Float[Tensor, "2 joint_width"]:
    """Normalised mean embeddings of normal (0) and anomalous (1) in the joint space."""
    return torch.stack([_mean_direction(project(prompts.normal)), _mean_direction(project(prompts.anomalous))])


def type_anchors(prompts: TypePrompts, project: torch.nn.Module) -> Float[Tensor, "types joint_width"]:
    """Normalised mean embedding a type in the joint space."""
    projected = project(prompts.embeddings)
    owner = torch.tensor(prompts.owner, device=projected.device)
    return torch.stack([_mean_direction(projected[owner == i]) for i in range(len(prompts.names))])


def _mean_direction(vectors: Tensor) -> Tensor:
    unit = torch.nn.functional.normalize(vectors, dim=-1)
    return torch.nn.functional.normalize(unit.mean(0), dim=-1)


class AnchorCache:
    """Anchors of one text tower and projection, kept once made: embedding their words takes a CPU about a second.

    Args:
        clip: embeds words.
        projection: from its width to the joint width.
    """

    def __init__(self, clip: Clip, projection: nn.Linear) -> None:
        self._clip, self._projection = clip, projection
        self._states: OrderedDict[Hashable, Tensor] = OrderedDict()
        self._kinds: OrderedDict[Hashable, tuple[TypePrompts, Tensor]] = OrderedDict()
        self._lock = threading.Lock()

    def states(self, object_name: str | None, look_for: Sequence[str] = ()) -> Float[Tensor, "2 joint_width"]:
        """Anchors of the normal and the anomalous state, for an object name and phrases."""

        def made() -> Tensor:
            return state_anchors(embed_states(self._clip, object_name, look_for), self._projection)

        return self._found(self._states, (object_name, *look_for), made)

    def kinds(self, domain: Domain | None, inquiry: Inquiry) -> tuple[TypePrompts, Float[Tensor, "kinds joint_width"]]:
        """Names that regions are given, and their anchors: own types alone, or phrases and the vocabulary of a domain.

        Industrial where it is not known: a bottle that is taken for a scan is worse than a scan that is taken for a part.
        """
        own: dict[str, tuple[str, ...]] = {phrase: (phrase,) for phrase in inquiry.types or inquiry.look_for}
        phrases = own if inquiry.types else {**own, **vocabulary(domain or Domain.INDUSTRIAL)}

        def made() -> tuple[TypePrompts, Tensor]:
            prompts = embed_types(self._clip, phrases, inquiry.object_name)
            return prompts, type_anchors(prompts, self._projection)

        return self._found(self._kinds, (inquiry.object_name, *phrases.items()), made)

    def _found(self, kept: OrderedDict[Hashable, Kept], key: Hashable, made: Callable[[], Kept]) -> Kept:
        with self._lock:
            if key not in kept:
                with torch.inference_mode():
                    kept[key] = made()
                if len(kept) > KEPT:
                    kept.popitem(last=False)
            kept.move_to_end(key)
            return kept[key]
