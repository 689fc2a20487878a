"""Finds, names and explains anomalies in pictures. Names here load on first use; importing loads no torch."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from assistant.pictures.images import load_image
    from assistant.pipeline import Assistant
    from assistant.types import Inspection, QueryImage, Region, Verdict
    from assistant.vision.references.profile import AnomalousReference, Profile

_HOMES = {
    "AnomalousReference": "assistant.vision.references.profile",
    "Assistant": "assistant.pipeline",
    "Inspection": "assistant.types",
    "Profile": "assistant.vision.references.profile",
    "QueryImage": "assistant.types",
    "Region": "assistant.types",
    "Verdict": "assistant.types",
    "load_image": "assistant.pictures.images",
}
__all__ = [
    "AnomalousReference",
    "Assistant",
    "Inspection",
    "Profile",
    "QueryImage",
    "Region",
    "Verdict",
    "load_image",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
