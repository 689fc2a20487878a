"""Messages between a run and its worker processes: pickled values with their length before them, over plain pipes.

Pipes of our own children only: nothing read here comes from a file or a network.
"""

from __future__ import annotations

import pickle
import struct
from typing import Any, BinaryIO

from assistant import errors
from assistant.errors import AssistantError

_LENGTH = struct.Struct("<Q")


def send(file: BinaryIO, value: Any) -> None:
    """Write one value."""
    body = pickle.dumps(value)
    file.write(_LENGTH.pack(len(body)) + body)
    file.flush()


def receive(file: BinaryIO) -> Any:
    """Read one value.

    Raises:
        EOFError: the other side has gone, also in the middle of a value.
    """
    body = _exactly(file, _LENGTH.unpack(_exactly(file, _LENGTH.size))[0])
    return pickle.loads(body)


def packed(error: AssistantError) -> tuple[str, str, str, str]:
    """An error as words; :func:`unpacked` makes it an error of the same class again."""
    return type(error).__name__, error.expected, error.got, error.do


def unpacked(words: tuple[str, str, str, str]) -> AssistantError:
    """See :func:`packed`."""
    kind: type[AssistantError] = getattr(errors, words[0], AssistantError)
    return kind(*words[1:])


def _exactly(file: BinaryIO, count: int) -> bytes:
    found = file.read(count)
    if len(found) < count:
        raise EOFError
    return found
