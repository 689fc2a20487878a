"""Messages of whole conversations, written for training, with what each piece of them does: how people really type.

Each file of ``spoken/`` holds one message a line: ``{"talk": …, "text": …, "pieces": [[text, [act, …]], …]}``. A piece whose two
readings are both right names two acts, the better one first. Products, findings and people are invented.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from assistant.errors import ConfigError
from assistant.reading.acts.act import Act
from assistant.reading.acts.message import cut, main_clause, without_form

SPOKEN = Path(__file__).parent / "spoken"


@dataclass(frozen=True)
class SpokenPiece:
    """A piece of a message.

    Args:
        text: as it is typed.
        acts: one or two; what it does, and what it may as well do.
        talk: the conversation it comes from.
    """

    text: str
    acts: tuple[Act, ...]
    talk: str


def load_spoken(folder: Path = SPOKEN) -> tuple[SpokenPiece, ...]:
    """Every piece, as the writers cut it and as :func:`cut` does, in the order of files and lines.

    Raises:
        ConfigError: a line that is no message, or an act that is none.
    """
    found: dict[tuple[str, str], SpokenPiece] = {}
    for path in sorted(folder.glob("*.jsonl")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            try:
                message = json.loads(line)
                pieces = [(text, tuple(map(Act, acts))) for text, acts in message["pieces"]]
                for piece in _both_ways(message["text"], pieces, message["talk"]):
                    found.setdefault((piece.talk, piece.text), piece)
            except (ValueError, KeyError, TypeError) as error:
                raise ConfigError("a message with its pieces and their acts", f"{path.name}, line {number}: {error}",
                                  "write it as the others are") from None  # fmt: skip
    return tuple(found.values())


def _both_ways(text: str, pieces: list[tuple[str, tuple[Act, ...]]], talk: str) -> Iterator[SpokenPiece]:
    """The pieces as labelled; and those that :func:`cut` finds, each with the acts of the labelled pieces that lie in it."""
    for said, acts in pieces:
        if acts:
            yield SpokenPiece(as_ranked(said), acts, talk)
    for part in cut(text).pieces:
        inside = [acts for said, acts in pieces if acts and said.strip(" ,.;") in part]
        asking = [acts for acts in inside if acts[0] is not Act.CONTEXT]
        if len(asking) == 1 or (inside and not asking):
            yield SpokenPiece(as_ranked(part), (asking or inside)[0], talk)


def as_ranked(piece: str) -> str:
    """A piece as the index is given it."""
    return without_form(main_clause(piece))


def spoken_hash(folder: Path = SPOKEN) -> str:
    """SHA-256 of all files, 64 hex digits."""
    return _hash(path.read_bytes() for path in sorted(folder.glob("*.jsonl")))


def _hash(parts: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.hexdigest()
