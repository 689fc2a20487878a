"""A whole file -> a broken one: bits, bytes, cuts, copies, numbers that are too large, words that do not belong."""

from __future__ import annotations

import gzip
import re
import struct
import zlib

import numpy as np

MOST = 2**20
"""Bytes of a broken file at most, before it is packed."""
_PNG = b"\x89PNG\r\n\x1a\n"
_NUMBERS = (0, 1, -1, 127, 128, 255, 256, 32767, 65535, 65536, 2**24, 2**31 - 1, 2**31, 2**32 - 1, 2**63 - 1)
_WORDS = (
    "null", "true", "[]", "{}", '""', "-1", "0", "1e999", "NaN", "99999999999999999999", "0.5", "-0", '"\\ud800"', "[[[[[[[[",
    "}", "]", '"', ",", ";", "\t", "\r", "\n", "\0", "\ufeff", "é", "\U0001f600", "/", "..", "<", "&#0;", "<!--", "'",
)  # fmt: skip
_TOKEN = re.compile(r'-?\d+(?:\.\d+)?|"[^"\n]*"|\w+|[^\w\s]')


def mutated(data: bytes, other: bytes, rng: np.random.Generator, text: bool) -> bytes:
    """A broken copy of a file.

    Args:
        data: the file.
        other: another one, of which pieces may come in.
        rng: of everything.
        text: words are broken beside bytes.
    """
    if data[:2] == b"\x1f\x8b" and rng.random() < 0.8:
        return gzip.compress(mutated(gzip.decompress(data), other, rng, text), 1)
    made = bytearray(data)
    for _ in range(int(rng.choice([1, 1, 1, 2, 3, 8, 30]))):
        made = _words(made, rng) if text and rng.random() < 0.7 else _bytes(made, other, rng)
        del made[MOST:]
        if not made:
            break
    done = bytes(made)
    if done.startswith(_PNG) and rng.random() < 0.8:
        return _with_sums(done)
    return done


def _bytes(data: bytearray, other: bytes, rng: np.random.Generator) -> bytearray:
    size = len(data)
    # headers stand at the start: half of the places lie there
    at = int(rng.integers(min(size, 400))) if rng.random() < 0.5 else int(rng.integers(size))
    length = int(min(rng.geometric(0.05), size - at))
    way = int(rng.integers(9))
    if way == 0:
        data[at] ^= 1 << int(rng.integers(8))
    elif way == 1:
        data[at] = int(rng.choice([0, 1, 127, 128, 254, 255]))
    elif way == 2:
        del data[at:]
    elif way == 3:
        del data[at : at + length]
    elif way == 4:
        data[at:at] = rng.integers(0, 256, length, np.uint8).tobytes()
    elif way == 5:
        data[at : at + length] = rng.integers(0, 256, length, np.uint8).tobytes()
    elif way == 6:
        data[at:at] = data[at : at + length] * int(rng.choice([1, 2, 50]))
    elif way == 7:
        number, kind = _NUMBERS[int(rng.integers(len(_NUMBERS)))], str(rng.choice(["<H", ">H", "<I", ">I", "<Q"]))
        packed = struct.pack(kind, number % 2 ** (8 * struct.calcsize(kind)))
        data[at : at + len(packed)] = packed
    elif other:
        start = int(rng.integers(len(other)))
        data[at : at + length] = other[start : start + length * 4]
    return data


def _words(data: bytearray, rng: np.random.Generator) -> bytearray:
    text = data.decode("latin-1")
    found = list(_TOKEN.finditer(text))
    if not found:
        return data
    word = found[int(rng.integers(len(found)))]
    way = int(rng.integers(5))
    new = _WORDS[int(rng.integers(len(_WORDS)))].encode("utf-8").decode("latin-1")
    if way == 0:
        other = found[int(rng.integers(len(found)))]
        new = other.group()
    elif way == 1:
        new = ""
    elif way == 2:
        new = word.group()[:1000] * int(rng.choice([2, 3, 2000]))
    elif way == 3 and word.group().lstrip("-").isdigit():
        new = str(_NUMBERS[int(rng.integers(len(_NUMBERS)))])
    return bytearray((text[: word.start()] + new + text[word.end() :]).encode("latin-1"))


def _with_sums(data: bytes) -> bytes:
    """A PNG file whose chunks have the right check sums, so that what is broken is read."""
    made, at = bytearray(data[:8]), 8
    while at + 12 <= len(data):
        length = struct.unpack(">I", data[at : at + 4])[0]
        if at + 12 + length > len(data):
            break
        body = data[at + 4 : at + 8 + length]
        made += data[at : at + 4] + body + struct.pack(">I", zlib.crc32(body))
        at += 12 + length
    return bytes(made + data[at:])
