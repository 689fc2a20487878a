"""Words as a model writes them -> words that may be read: no thinking aloud, no other roles, no marks of typesetting."""

from __future__ import annotations

import re
from collections.abc import Generator

MOST_LETTERS = 6000
"""Of an answer; what comes after is not read."""
LONGEST_MARK = 40
"""Letters of the longest mark; so many are held back while one may have begun."""
_THOUGHT = re.compile(r"<(think|thinking|reasoning)>.*?(?:</\1>|$)", re.DOTALL)
_ROLE = re.compile(
    r"<\|[^|<>]{0,40}\|?>?|</?s>|\[/?INST\]|<(?:start|end)_of_\w*>|\n\s*(?:user|assistant|system|human)\s*:|\n#+\s*user",
    re.I,
)
_OPEN = re.compile(r"(?:<[^<>]{0,40}|\[/?I?N?S?T?|\n\s*\w{0,9}\s*)$")
_MARKS = re.compile(r"\*\*|__|`+|(?m:^#{1,4} )")


def cleaned(pieces: Generator[str, None, bool]) -> Generator[str, None, bool]:
    r"""Pieces without what is not meant to be read; it ends where the model begins to speak for somebody else.

    >>> def said(*pieces):
    ...     yield from pieces
    ...     return True
    >>> "".join(cleaned(said("<thi", "nk>Hm.</think>It is **a", " crack**.", "<|im_", "start|>user\nAnd?")))
    'It is a crack.'

    Returns:
        whether the model came to an end by itself.
    """
    raw, shown = "", 0
    ended = True
    try:
        while True:
            raw += next(pieces)
            whole, over = _read(raw)
            ready = whole if over else _OPEN.sub("", whole).rstrip("*_`#")
            if len(ready) > shown:
                yield ready[shown:]
                shown = len(ready)
            if over or len(raw) > MOST_LETTERS:
                ended = over
                return ended
    except StopIteration as stopped:
        ended = bool(stopped.value)
    finally:
        pieces.close()
    whole, _ = _read(raw)
    if len(whole) > shown:
        yield whole[shown:]
    return ended


def _read(raw: str) -> tuple[str, bool]:
    """What may be read of all that came, and whether the model began to speak for somebody else."""
    text = _THOUGHT.sub("", raw).lstrip()
    role = _ROLE.search(text)
    text = text if role is None else text[: role.start()]
    text = "".join(c for c in _MARKS.sub("", text) if c.isprintable() or c == "\n")
    return text, role is not None
