"""What a closer look at a picture found, small enough to be kept; and what another one would cost.

Knows neither gradio nor who looks.
"""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from jaxtyping import Float32

from assistant import report
from assistant.inquiry import LOOKS, Detail
from assistant.types import AnomalyMap, Coverage, Inspection, Region
from assistant.vision.detail.painted import Layer, LayeredMap

_RANK = {"overview": 0, "auto": 1, "full": 2}


def closest(own: str, of_all: Detail) -> Detail:
    """How closely a picture is looked at: as is asked of all pictures, or as a person asked of it, where that is closer.

    >>> whole = Detail("overview")
    >>> str(closest("auto", Detail("full", 24))), str(closest("full", whole)), str(closest("", whole))
    ('24', 'full', 'overview')
    """
    return replace(of_all, look=max((own or "overview", of_all.look), key=_RANK.__getitem__))


def is_closer(look: object) -> bool:
    """Whether that is a closer look by its name."""
    return look in LOOKS and Detail(str(look)).closer


@dataclass(frozen=True, eq=False)
class Closely:
    """What a closer look found.

    Args:
        version: of the setup that it was taken under.
        row: of the inspection, by the contract of :mod:`assistant.report`.
        score: calibrated.
        regions: with all that was measured.
        warnings: of the inspection.
        layers: of the map; none where no tile was looked at, and the overview's map counts.
        embeddings: of the regions.
    """

    version: int
    row: dict[str, Any]
    score: float
    regions: tuple[Region, ...]
    warnings: tuple[str, ...]
    layers: tuple[Layer, ...]
    embeddings: Float32[np.ndarray, "regions width"] | None

    @classmethod
    def of(cls, found: Inspection, version: int) -> Closely:
        """Of an inspection that looked at tiles."""
        layers = found.anomaly_map.layers if isinstance(found.anomaly_map, LayeredMap) else ()
        return cls(
            version, report.inspection_row(found), found.image_score, found.regions, found.warnings, layers,
            found.region_embeddings,
        )  # fmt: skip

    @property
    def detail(self) -> str:
        """How closely was looked, as asked."""
        return str(self.row["detail"])

    def onto(self, overview: Inspection) -> Inspection:
        """The inspection again, of the overview of the same picture under the same setup."""
        told = self.row
        coverage = Coverage(self.detail, told["tiles"] or 0, told["looked_at"] or 0.0)
        seen = replace(overview, coverage=coverage, warnings=self.warnings, timing_ms=told["timing_ms"] or {})
        if not self.layers:
            return seen
        joined: AnomalyMap = LayeredMap(overview.anomaly_map.size, self.layers)
        return replace(
            seen, image_score=self.score, regions=self.regions, anomaly_map=joined, guarantee=None,
            region_embeddings=self.embeddings,
        )  # fmt: skip

    def as_bytes(self) -> bytes:
        """As a file."""
        about = {
            "version": self.version, "row": self.row, "score": self.score,
            "layers": [{"cell": one.cell, "usual": one.usual, "tiles": one.log_odds is not None} for one in self.layers],
        }  # fmt: skip
        arrays: dict[str, Any] = {
            f"layer{i}": one.scores if one.log_odds is None else one.log_odds for i, one in enumerate(self.layers)
        }
        if self.embeddings is not None:
            arrays["embeddings"] = self.embeddings
        file = io.BytesIO()
        np.savez_compressed(file, about=np.frombuffer(json.dumps(about).encode(), np.uint8), **arrays)
        return file.getvalue()

    @classmethod
    def of_bytes(cls, data: bytes) -> Closely:
        """As :meth:`as_bytes` wrote it.

        Raises:
            ValueError, KeyError, OSError, AssistantError: something else.
        """
        with np.load(io.BytesIO(data), allow_pickle=False) as file:
            about = json.loads(file["about"].tobytes())
            layers = tuple(_layer(file[f"layer{i}"], one) for i, one in enumerate(about["layers"]))
            embeddings = file["embeddings"] if "embeddings" in file.files else None
        told = report.inspection_of_row(about["row"], np.zeros((1, 1), np.float32))
        return cls(
            about["version"], about["row"], about["score"], told.regions, told.warnings, layers, embeddings
        )  # fmt: skip


def _layer(values: np.ndarray, about: dict[str, Any]) -> Layer:
    cell = (float(about["cell"][0]), float(about["cell"][1]))
    if not about["tiles"]:
        return Layer(values, cell)
    return Layer.of_log_odds(values, cell, about["usual"])


@dataclass(frozen=True)
class Offer:
    """A closer look that a picture is worth.

    Args:
        look: ``auto`` or ``full``.
        tiles: that will be encoded at most, of the picture.
        of_references: that will be encoded first, of normal pictures; none where those are known.
        seconds: that takes, by how long tiles took here.
    """

    look: str
    tiles: int
    of_references: int
    seconds: float


class LookStopped(Exception):
    """Somebody said that a look is to end."""
