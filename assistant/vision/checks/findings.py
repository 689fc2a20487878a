"""One fault of a reference picture: which picture, what is wrong, the number behind it, what to do."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Fault(StrEnum):
    """What a reference picture may have that does harm."""

    ANOMALOUS = "anomalous"
    TURNED = "turned"
    DOUBLED = "doubled"
    PRODUCT = "product"
    LIGHT = "light"
    SIZE = "size"
    ALIKE = "alike"


@dataclass(frozen=True)
class Finding:
    """A fault.

    Args:
        fault: of which kind.
        source: of the picture, as given.
        number: behind it; its unit stands in ``text``.
        text: what is wrong, by how much and what to do, one line without the source.
    """

    fault: Fault
    source: str
    number: float
    text: str

    def sentence(self) -> str:
        """With the source, one line."""
        return f"{' '.join(self.source.split())} {self.text}"

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return {"fault": self.fault.value, "source": self.source, "number": round(self.number, 4), "text": self.text}

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> Finding:
        """As :meth:`as_json` gives it.

        Raises:
            ValueError, KeyError, TypeError: what is no finding.
        """
        number, source, text = told["number"], told["source"], told["text"]
        if not isinstance(source, str) or not isinstance(text, str) or not math.isfinite(number):
            raise ValueError("a finding without words or number")
        return cls(Fault(told["fault"]), source, float(number), text)
