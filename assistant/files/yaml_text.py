"""YAML that people write -> values, without the nesting that a parser takes minutes for."""

from __future__ import annotations

import re
from typing import Any

import yaml

DEEPEST = 60
"""Levels of lists and mappings; configurations and rules need five."""
_OF_VALUES = (ValueError, LookupError, AttributeError, TypeError, OverflowError)
"""What PyYAML lets through from the conversion of single values."""
_DASHES = re.compile(rf"(?:[-?:][ \t]+){{{DEEPEST},}}")


def parse_yaml(text: str) -> Any:
    """The value of a YAML document, plain values alone.

    Raises:
        yaml.YAMLError: no YAML, values that are none (a 13th month, thousands of digits), or lists and mappings deeper than
            :data:`DEEPEST`.
        RecursionError: deeper by indentation.
    """
    depth = deepest = 0
    for letter in text:
        depth += (letter in "[{") - (letter in "]}")
        deepest = max(deepest, depth)
    if deepest > DEEPEST or _DASHES.search(text):
        raise yaml.YAMLError(f"lists and mappings nested deeper than {DEEPEST} levels")
    try:
        return yaml.safe_load(text)
    except _OF_VALUES as error:
        said = " ".join(str(error).split())[:80]
        raise yaml.YAMLError(f"a value that cannot be read ({type(error).__name__}: {said})") from None
