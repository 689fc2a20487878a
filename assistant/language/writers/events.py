"""What a server streams -> events: lines of bytes in, JSON values out, with limits on all that comes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from assistant.errors import ServerError

MOST_BYTES = 2**22
"""Of one answer, with all that stands around its words."""
DONE = "[DONE]"


def events(chunks: Iterable[bytes], server: str) -> Iterator[Any]:
    r"""JSON values of server-sent events, up to :data:`DONE`, the last one of a stream that comes to its end.

    Comments, empty events and fields other than ``data`` are passed over.

    Args:
        chunks: bytes as they come.
        server: what to call it.

    >>> list(events([b'data: {"a"', b': 1}\r\n\r\n: ping\n\ndata: [DONE]\n\ndata: {}\n'], "s"))
    [{'a': 1}, '[DONE]']

    Raises:
        ServerError: an event that is no JSON, or more than :data:`MOST_BYTES`.
    """
    for line in _lines(chunks, server):
        name, _, value = line.partition(":")
        if name != "data":
            continue
        value = value.strip()
        if value == DONE:
            yield DONE
            return
        if value:
            yield parsed(value, server)


def parsed(text: str | bytes, server: str) -> Any:
    """A JSON value.

    Raises:
        ServerError: no JSON.
    """
    try:
        return json.loads(text if isinstance(text, str) else text.decode("utf-8", "replace"))
    except (ValueError, RecursionError) as error:
        do = "check that it is an OpenAI-compatible address, which mostly ends with /v1"
        raise ServerError(f"JSON from {server}", type(error).__name__, do) from None


def whole(chunks: Iterable[bytes], server: str) -> bytes:
    """All bytes of an answer that is not streamed.

    Raises:
        ServerError: more than :data:`MOST_BYTES`.
    """
    return b"".join(_counted(chunks, server))


def _lines(chunks: Iterable[bytes], server: str) -> Iterator[str]:
    rest = b""
    for chunk in _counted(chunks, server):
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            yield line.rstrip(b"\r").decode("utf-8", "replace")
    if rest.strip():
        yield rest.decode("utf-8", "replace")


def _counted(chunks: Iterable[bytes], server: str) -> Iterator[bytes]:
    total = 0
    for chunk in chunks:
        total += len(chunk)
        if total > MOST_BYTES:
            raise ServerError(
                f"an answer of at most {MOST_BYTES // 2**20} MiB from {server}", "more", "ask another model"
            )
        yield chunk
