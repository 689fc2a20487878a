"""JPEG of 12 bits and lossless JPEG for pydicom, by imagecodecs: neither Pillow nor the extra's other packages read these two."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

_EXTENDED, _LOSSLESS, _LOSSLESS_SV1 = (f"1.2.840.10008.1.2.4.{number}" for number in (51, 57, 70))
DECODER_DEPENDENCIES = dict.fromkeys((_EXTENDED, _LOSSLESS, _LOSSLESS_SV1), ("imagecodecs>=2025",))
"""As pydicom asks of a plugin: what each transfer syntax needs."""


def is_available(uid: str) -> bool:
    """Whether a transfer syntax can be decoded here; pydicom asks."""
    try:
        import imagecodecs
    except ImportError:
        return False
    return uid in DECODER_DEPENDENCIES and bool(imagecodecs.JPEG8.available)


def decode_frame(source: bytes, runner: Any) -> bytes:
    """Samples of one frame, colour by pixel, in the container that the data set states or in the stream's; pydicom calls it."""
    import imagecodecs

    from assistant.pictures.formats.codecs import jpeg_frame, require_end

    frame = jpeg_frame(source)
    if frame is None or (frame.height, frame.width) != (runner.rows, runner.columns):
        raise ValueError("another size than the data set states")
    require_end(source)
    # No colour is converted here: pydicom does that by the photometric interpretation.
    plain = None if runner.samples_per_pixel == 1 else "rgb"
    values = np.asarray(imagecodecs.jpeg_decode(source, colorspace=plain, outcolorspace=plain))
    if values.dtype.itemsize * 8 != runner.bits_allocated:
        runner.set_option("bits_allocated", values.dtype.itemsize * 8)
    if runner.samples_per_pixel > 1:
        runner.set_option("planar_configuration", 0)
    return values.astype(values.dtype.newbyteorder("<")).tobytes()


@cache
def registered() -> None:
    """Tell pydicom of this module, once."""
    from pydicom.pixels.decoders.base import get_decoder

    for syntax in DECODER_DEPENDENCIES:
        decoder = get_decoder(syntax)
        if "imagecodecs" not in decoder.available_plugins:
            decoder.add_plugin("imagecodecs", (__name__, "decode_frame"))
