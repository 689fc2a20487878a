"""Values of the masks of data sets, as the builders write them; masks of others are read by :mod:`assistant.labels`."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import UInt8

from assistant.errors import ImageError

_HEADER = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"
_GREY = b"\x08\x00"
"""Eight bits, no colour: what stands behind width and height."""


def mask_values(data: bytes, name: str) -> UInt8[np.ndarray, "height width"]:
    """Values of a mask: 0 is normal, the n-th defect (from 0) has ``255 - n``.

    Args:
        data: of the file.
        name: for errors.

    Raises:
        ImageError: anything but a grey PNG of 8 bits.
    """
    if data[:16] == _HEADER and data[24:26] == _GREY:
        values = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
        if values is not None and values.dtype == np.uint8 and values.ndim == 2:
            return np.asarray(values)
    raise ImageError("a mask of the data set, 8-bit grey PNG", f"something else in {name}", "build the set again")
