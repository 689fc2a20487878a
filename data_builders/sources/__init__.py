"""Sources of normal pictures: procedural surfaces, objects and medical phantoms, and folders of pictures.

``ALL_SOURCES`` is gathered on first use, so that importing one family does not import the others.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

from assistant.errors import ConfigError

if TYPE_CHECKING:
    from data_builders.types import SourceFamily

    ALL_SOURCES: tuple[SourceFamily, ...]

_GROUPS = (("surfaces", "SURFACES"), ("objects", "OBJECTS"), ("phantoms", "PHANTOMS"))


@cache
def all_sources() -> tuple[SourceFamily, ...]:
    """Every procedural source family, in a fixed order."""
    families: list[SourceFamily] = []
    for module, attribute in _GROUPS:
        families.extend(getattr(import_module(f"{__name__}.{module}"), attribute))
    return tuple(families)


def source_by_name(name: str) -> SourceFamily:
    """The procedural source family of a name.

    Raises:
        ConfigError: there is none.
    """
    for family in all_sources():
        if family.name == name:
            return family
    raise ConfigError(
        "the name of a source family", repr(name), f"choose from {', '.join(f.name for f in all_sources())}"
    )


def __getattr__(name: str) -> object:
    if name == "ALL_SOURCES":
        return all_sources()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
