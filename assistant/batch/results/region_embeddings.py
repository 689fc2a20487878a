"""What regions look like: ``embeddings.jsonl`` beside the rows, one line a picture with regions, the last one counts.

    {"source": "a.png", "width": 384, "regions": "…"}

``regions`` is base64 of half-precision numbers, little endian, ``width`` a region in the order of the row. A line is written
before its row, so a row of a killed run has one; a line without a row means nothing.
"""

from __future__ import annotations

import base64
import binascii
import json
from pathlib import Path

import numpy as np
from jaxtyping import Float16, Float32

from assistant.batch.inputs.item import key_of

NUMBER = np.dtype("<f2")


def embeddings_path(results: Path) -> Path:
    """The file of embeddings beside a file of rows."""
    return results.with_name(results.name.replace("results", "embeddings", 1))


def embeddings_line(source: str, embeddings: Float32[np.ndarray, "regions width"]) -> bytes:
    """The line of a picture's regions, as long as there are any."""
    numbers = base64.b64encode(embeddings.astype(NUMBER).tobytes()).decode("ascii")
    told = {"source": source, "width": embeddings.shape[1], "regions": numbers}
    return (json.dumps(told) + "\n").encode()


class RegionEmbeddings:
    """A file of embeddings read back: a place in the file is kept for each picture, and no numbers.

    Args:
        path: of the file; one that is not there holds nothing.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._places: dict[int, int] = {}
        if path.exists():
            with path.open("rb") as file:
                place = 0
                for line in file:
                    if (source := _source_of(line)) is not None:
                        self._places[key_of(source)] = place
                    place += len(line)

    def line_of(self, source: str) -> bytes | None:
        """The line of a picture; None where there is none."""
        place = self._places.get(key_of(source))
        if place is None:
            return None
        with self._path.open("rb") as file:
            file.seek(place)
            return file.readline()

    def of(self, source: str) -> Float16[np.ndarray, "regions width"] | None:
        """Embeddings of the regions of a picture in the order of its row; None where there are none."""
        line = self.line_of(source)
        if line is None:
            return None
        told = json.loads(line)
        try:
            numbers = np.frombuffer(base64.b64decode(told["regions"], validate=True), NUMBER)
            return numbers.reshape(-1, int(told["width"])).astype(np.float16)
        except (binascii.Error, ValueError, KeyError, TypeError):
            return None


def _source_of(line: bytes) -> str | None:
    """Whose line it is; None for a torn one, or one that is none."""
    try:
        source = json.loads(line)["source"] if line.endswith(b"\n") else None
    except (ValueError, KeyError, TypeError):
        return None
    return source if isinstance(source, str) else None
