"""Files that the browser is sent to: whole, and still there when an answer that names them arrives late."""

from __future__ import annotations

import hashlib
from pathlib import Path

from assistant.files.whole import whole_file

STAY = 8
"""Files of a kind that stay in a folder: answers overtake one another, and each is to find its own."""


def sent_file(folder: Path, kind: str, ending: str, data: bytes, stay: int = STAY) -> Path:
    """Bytes as a file named by what it holds: answers that say the same share it.

    Args:
        folder: of a session.
        kind: begins the name; older files of the kind go.
        ending: of the name, with its dot.
        data: whole content.
        stay: files of the kind that stay, this one among them.

    Raises:
        OSError: the folder is full or cannot be written.
    """
    path = folder / f"{kind}-{hashlib.sha256(data).hexdigest()[:16]}{ending}"
    with whole_file(path) as part:
        part.write_bytes(data)
    kept = sorted(((_written_at(one), one) for one in folder.glob(f"{kind}-*{ending}")), reverse=True)
    for _, old in kept[stay:]:
        old.unlink(missing_ok=True)
    return path


def _written_at(path: Path) -> int:
    """Nanoseconds; 0 where another thread has let go of the file."""
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return 0
