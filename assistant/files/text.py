"""Bytes -> text: UTF-8 with and without a byte order mark, UTF-16 and UTF-32 as Windows programs write them.

A list of paths is bytes on some systems: what is no UTF-8 stays as it is (``surrogateescape``). Other text that is neither is
refused, for a guess would put other letters into names.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Protocol, runtime_checkable

from assistant.errors import ConfigError

_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"), (codecs.BOM_UTF32_BE, "utf-32-be"), (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"),
)  # fmt: skip
"""Byte order marks; those of four bytes first, for the shorter ones start like them."""
BLOCK = 2**16
MOST_BYTES = 2**28
"""Of a file that is read whole."""
_NULS = 0.4
"""Share of zero bytes from which text is UTF-16 without a mark: Latin letters make half of them zero."""


@runtime_checkable
class Readable(Protocol):
    """An open binary file, or whatever gives bytes like one."""

    def read(self, size: int, /) -> bytes:
        """At most ``size`` bytes; none at the end."""
        ...


def encoding_of(start: bytes) -> tuple[str, int]:
    r"""Encoding of text by its first bytes, and the length of its byte order mark.

    >>> encoding_of(b"\xff\xfea\0"), encoding_of("parts/a.png".encode("utf-16-le")), encoding_of(b"a.png")
    (('utf-16-le', 2), ('utf-16-le', 0), ('utf-8', 0))
    """
    for mark, name in _MARKS:
        if start.startswith(mark):
            return name, len(mark)
    even = start[: len(start) // 2 * 2]
    if even and even.count(0) >= _NULS * len(even):
        for name, zeros, letters in (("utf-16-le", even[1::2], even[::2]), ("utf-16-be", even[::2], even[1::2])):
            if zeros.count(0) > 0.7 * len(zeros) and letters.count(0) == 0 and set(letters) & set(b"\n\r./\\"):
                return name, 0
    return "utf-8", 0


def read_text(path: Path) -> str:
    """The text of a file, line ends as they are.

    Raises:
        ConfigError: it cannot be read, or is no text in UTF-8, UTF-16 or UTF-32.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        got = f"{path} ({getattr(error, 'strerror', None) or error})"
        raise ConfigError("a text file that can be read", got, "check the path") from None
    if len(data) > MOST_BYTES:
        raise ConfigError(f"a text file of at most {MOST_BYTES:,} bytes", f"more in {path}", "split it")
    return decoded(data, str(path))


def decoded(data: bytes, name: str) -> str:
    """Text of bytes; ``name`` is said where they are none. Raises :class:`ConfigError`."""
    encoding, mark = encoding_of(data[:BLOCK])
    try:
        return data[mark:].decode(encoding)
    except UnicodeDecodeError as error:
        got = f"other bytes at {error.start + mark} of {name}"
        raise ConfigError("text saved as UTF-8 or UTF-16", got, "save it as UTF-8") from None


def as_utf8(file: Readable) -> Iterator[bytes]:
    """Blocks of a text file as UTF-8 without a byte order mark; bytes of UTF-8 files pass as they are.

    Raises:
        ConfigError: a damaged UTF-16 or UTF-32 file.
    """
    block = file.read(BLOCK)
    while len(block) < 4 and (more := file.read(BLOCK)):
        block += more
    encoding, mark = encoding_of(block)
    blocks = chain([block[mark:]], iter(lambda: file.read(BLOCK), b""))
    if encoding == "utf-8":
        yield from filter(None, blocks)
        return
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        yield from (text.encode("utf-8", "surrogatepass") for block in blocks if (text := decoder.decode(block)))
        decoder.decode(b"", True)
    except UnicodeDecodeError:
        raise ConfigError(f"a whole list in {encoding.upper()}", "a damaged one", "save it as UTF-8") from None
