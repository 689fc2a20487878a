"""Folders and patterns -> names of files, in the order of their names. Never leaves a file system, never enters the system's own.

Hidden files and folders are left out. A linked folder is left out and told of; with ``follow_links`` it is walked, each folder
once, however many links lead to it. The root of a machine and a home folder are refused unless everything in them is asked for.
"""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from assistant.errors import ConfigError, ImageError

SYSTEM = ("/proc", "/sys", "/dev")
"""Folders of the operating system: files without end, of devices and of processes."""
Tell = Callable[[str], object]


def _say_nothing(_: str) -> None:
    pass


def _never(_: str) -> bool:
    return False


@dataclass(frozen=True)
class Unreadable:
    """A folder that could not be read, and why."""

    folder: str
    error: ImageError


@dataclass
class Walker:
    """How folders are walked.

    Args:
        accepts: whether a file is wanted, by its path.
        everything: the root of a machine or a home folder may be walked.
        follow_links: linked folders are walked too.
        skip: a folder, resolved, that is never walked.
        tell: given what was left out, in sentences.
        has_options: whoever asks has --follow-links and --yes-everything, which messages then name.
        counts_empty: whether a folder in a folder, by its path, is given itself where nothing wanted is in it.
    """

    accepts: Callable[[str], bool]
    everything: bool = False
    follow_links: bool = False
    skip: str | None = None
    tell: Tell = _say_nothing
    has_options: bool = False
    counts_empty: Callable[[str], bool] = _never
    _seen: set[tuple[int, int]] = field(default_factory=set, init=False, repr=False)

    def walk(self, folder: str) -> Iterator[str]:
        """Files below a folder that are wanted.

        Raises:
            ConfigError: the root of a machine, a home folder, or one of the system.
            ImageError: a folder that cannot be read.
        """
        for found in self.walk_on(folder):
            if isinstance(found, Unreadable):
                raise found.error
            yield found

    def walk_on(self, folder: str) -> Iterator[str | Unreadable]:
        """As :meth:`walk`, but a folder that cannot be read is given as such and the walk goes on."""
        self.require_meant(folder)
        self._seen = set()
        yield from self._inside(folder, device_of(folder))

    def require_meant(self, folder: str) -> None:
        """Refuse what is hardly ever meant: see :meth:`walk`."""
        real = os.path.realpath(folder)
        if _is_of_system(real):
            raise ConfigError("a folder of pictures", f"{folder!r}, which is the operating system's", "name another")
        large = (os.path.dirname(real) == real, "the root of the machine"), (_is_home(real), "a home folder")
        named = next((name for found, name in large if found), None)
        if named is not None and not self.everything:
            do = "name the folders in it"
            do += ", or add --yes-everything where that is what you want" if self.has_options else ""
            raise ConfigError("a folder of pictures", f"{folder!r}, which is {named}", do)

    def _inside(self, folder: str, device: int) -> Iterator[str | Unreadable]:
        try:
            status = os.stat(folder)
            if (status.st_dev, status.st_ino) in self._seen or (self.skip and os.path.realpath(folder) == self.skip):
                return
            self._seen.add((status.st_dev, status.st_ino))
            with os.scandir(folder) as scanned:
                entries = sorted(scanned, key=lambda entry: entry.name)
        except OSError as error:
            yield Unreadable(folder, _unreadable(error, folder))
            return
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if entry.is_dir(follow_symlinks=False) or os.path.isdir(entry.path):
                yield from self._deeper(entry, device)
            elif self.accepts(entry.path):
                yield entry.path

    def _deeper(self, entry: os.DirEntry[str], device: int) -> Iterator[str | Unreadable]:
        """A folder in a folder, unless there is a reason to leave it."""
        if entry.is_symlink():
            if not self.follow_links:
                do = "--follow-links takes it" if self.has_options else "name it to have it walked"
                self.tell(f"the linked folder {entry.path!r} is left out; {do}")
                return
            if _is_of_system(os.path.realpath(entry.path)):
                self.tell(f"the folder {entry.path!r} is the operating system's and left out")
                return
            device = device_of(entry.path)
        elif _is_of_system(os.path.realpath(entry.path)) or device_of(entry.path) != device:
            self.tell(f"the folder {entry.path!r} is of another file system and left out; name it to have it walked")
            return
        empty = True
        for found in self._inside(entry.path, device):
            empty = False
            yield found
        if empty and self.counts_empty(entry.path):
            yield entry.path

    def matches(self, pattern: str) -> Iterator[str]:
        """Files that a pattern such as ``parts/**/*.png`` names; ``**`` walks as :meth:`walk` does.

        Raises:
            ConfigError, ImageError: as :meth:`walk`.
        """
        parts = pattern.split(os.sep)
        if "**" not in parts:
            yield from sorted((p for p in glob.iglob(pattern) if not os.path.isdir(p)), key=lambda p: p.split(os.sep))
            return
        first = next(n for n, part in enumerate(parts) if glob.has_magic(part))
        start = os.sep.join(parts[:first]) or (os.sep if pattern.startswith(os.sep) else "")
        wanted = re.compile(_expression(parts[first:]))
        if not os.path.isdir(start or os.curdir):
            return
        everywhere = replace(self, accepts=lambda _: True, counts_empty=_never)
        for path in everywhere.walk(start or os.curdir):
            inside = os.path.relpath(path, start or os.curdir)
            if wanted.fullmatch(inside):
                yield path if start else inside


def _unreadable(error: OSError, folder: str) -> ImageError:
    return ImageError("a folder that can be read", f"{error.strerror} at {folder!r}", "check its permissions")


def device_of(folder: str) -> int:
    """The file system that a folder is on; -1 where it is gone."""
    try:
        return os.stat(folder).st_dev
    except OSError:
        return -1


def walked(folder: str, accepts: Callable[[str], bool], tell: Tell = _say_nothing) -> Iterator[str]:
    """Files below a folder that are wanted, linked folders left out and told of; see :meth:`Walker.walk`."""
    return Walker(accepts, tell=tell).walk(folder)


def _expression(parts: list[str]) -> str:
    """A regular expression for the parts of a pattern; ``**`` is any number of folders, hidden ones are never reached."""
    made, last = "", len(parts) - 1
    for number, part in enumerate(parts):
        if part == "**":
            made += "(?:[^/]+/)*" if number < last else "(?:[^/]+/)*[^/]+"
            continue
        for token in re.findall(r"\[!?\]?[^]]*\]|.", part, re.DOTALL):
            if token in ("*", "?"):
                made += "[^/]*" if token == "*" else "[^/]"
            elif len(token) > 1:
                made += "[" + token[1:].replace("!", "^", token[1] == "!").replace("\\", r"\\")
            else:
                made += re.escape(token)
        made += "" if number == last else "/"
    return made


def _is_home(real: str) -> bool:
    homes = {os.path.realpath(os.path.expanduser("~"))}
    return real in homes or os.path.dirname(real) in ("/home", "/Users") or real in ("/home", "/Users")


def _is_of_system(real: str) -> bool:
    return any(real == folder or real.startswith(folder + os.sep) for folder in SYSTEM)
