"""Defect families: each paints one kind of defect onto a normal picture and says which pixels it changed."""

from __future__ import annotations

import importlib
import importlib.util
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from data_builders.types import DefectFamily

    INDUSTRIAL_DEFECTS: tuple[DefectFamily, ...]
    MEDICAL_DEFECTS: tuple[DefectFamily, ...]
    ALL_DEFECTS: tuple[DefectFamily, ...]

__all__ = ["ALL_DEFECTS", "INDUSTRIAL_DEFECTS", "MEDICAL_DEFECTS", "by_name"]


def __getattr__(name: str) -> Any:
    if name == "ALL_DEFECTS":
        return _load("industrial", "INDUSTRIAL_DEFECTS") + _load("medical", "MEDICAL_DEFECTS")
    if name == "INDUSTRIAL_DEFECTS":
        return _load("industrial", name)
    if name == "MEDICAL_DEFECTS":
        return _load("medical", name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _load(package: str, attribute: str) -> tuple[DefectFamily, ...]:
    """Families of a subpackage; none where it is not installed."""
    full = f"{__name__}.{package}"
    if importlib.util.find_spec(full) is None:
        return ()
    return tuple(getattr(importlib.import_module(full), attribute, ()))


def by_name(name: str) -> DefectFamily:
    """The defect family of that name.

    Raises:
        ConfigError: when there is none.
    """
    from assistant.errors import ConfigError

    families = {f.name: f for f in __getattr__("ALL_DEFECTS")}
    if name not in families:
        raise ConfigError(f"one of the defect families {', '.join(sorted(families))}", repr(name), "correct the name")
    found: DefectFamily = families[name]
    return found
