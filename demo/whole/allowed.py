"""The folder that the operator allows, and what lies in it. Whatever a browser names outside it is refused."""

from __future__ import annotations

import os
from pathlib import Path

from assistant.errors import AssistantError, ConfigError

MOST_FOLDERS, DEEPEST = 300, 3
"""Folders that are offered, and how far down they lie."""


class FolderError(AssistantError):
    """A folder that is not allowed, or not there."""


class Allowed:
    """A folder of the operator.

    Args:
        root: the folder.

    Raises:
        ConfigError: no folder.
    """

    def __init__(self, root: Path) -> None:
        if not root.is_dir():
            raise ConfigError("a folder for --folder", f"{root}, which is none", "name one that is there")
        self.root = root.resolve()

    def folders(self) -> list[str]:
        """Folders below it, as paths from there; the folder itself is ``.``, and stands first."""
        found = ["."]
        for path, names, _ in os.walk(self.root):
            here = Path(path)
            names[:] = sorted(name for name in names if not name.startswith("."))
            found += [
                (here / name).relative_to(self.root).as_posix() for name in names if not (here / name).is_symlink()
            ]
            if len(here.relative_to(self.root).parts) + 1 >= DEEPEST:
                names.clear()
            if len(found) >= MOST_FOLDERS:
                break
        return sorted(found)[:MOST_FOLDERS]

    def folder(self, named: object) -> Path:
        """A folder below it.

        Raises:
            FolderError: anything else; nothing outside is told of.
        """
        real = self._inside(named)
        if real is None or not real.is_dir():
            raise FolderError("a folder that the operator allows", "none of these", "choose one of the list")
        return real

    def file(self, named: object) -> Path:
        """A file below it, links resolved.

        Raises:
            FolderError: anything else.
        """
        real = self._inside(named)
        if real is None or not real.is_file():
            raise FolderError(
                "a picture of the folder", "one that is gone, or lies elsewhere", "inspect the folder again"
            )
        return real

    def _inside(self, named: object) -> Path | None:
        try:
            real = (self.root / str(named)).resolve(strict=True)
        except (OSError, ValueError, RuntimeError):
            return None
        return real if real.is_relative_to(self.root) else None
