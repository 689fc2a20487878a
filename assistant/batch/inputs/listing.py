"""What a batch run is given -> pictures, each once, in an order that depends on names alone. Decodes nothing.

Everything is an iterator: a folder of a million pictures is walked while the first are inspected. An input that names no
picture is an item with ``error``, so that the run can tell of it and go on.
"""

from __future__ import annotations

import glob
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from assistant.batch.inputs.item import Item, resolved_folder
from assistant.batch.inputs.manifests import opened, read_manifest
from assistant.batch.inputs.volumes import slices_of
from assistant.errors import ConfigError, ImageError
from assistant.files.folders import Unreadable, Walker
from assistant.files.text import Readable, as_utf8
from assistant.pictures.images import SUFFIXES, is_picture_name
from assistant.pictures.pixels import printable

STANDARD_INPUT = "-"


@dataclass(frozen=True)
class Inputs:
    """Where pictures come from.

    Args:
        paths: files, folders, patterns such as ``parts/**/*.png``, or ``-`` for a list on standard input.
        lists: files with a path a line (or ended by NUL, as ``find -print0`` writes).
        manifest: CSV or JSONL with ``source`` and optionally ``object_name`` and ``references``.
        slices: a DICOM, NIfTI or TIFF file without a selector stands for all its frames, slices or pages.
        skip: a folder that is never walked: that of the results.
        follow_links: linked folders are walked too, each folder once.
        everything: the root of the machine or a home folder may be walked.
    """

    paths: tuple[str, ...] = ()
    lists: tuple[Path, ...] = ()
    manifest: Path | None = None
    slices: bool = True
    skip: Path | None = None
    follow_links: bool = False
    everything: bool = False

    def walker(self, tell: Callable[[str], object]) -> Walker:
        """What walks the folders and patterns among them; ``tell`` hears what is left out."""
        return Walker(
            is_picture_name, self.everything, self.follow_links, None if self.skip is None else str(self.skip), tell, True,
            counts_empty=lambda folder: folder.lower().endswith(SUFFIXES),
        )  # fmt: skip


def find_items(
    inputs: Inputs, standard_input: Readable | None = None, tell: Callable[[str], object] = lambda _: None
) -> Iterator[Item]:
    """Pictures that ``inputs`` name, each once however it is spelled: paths as given, then lists, then the manifest.

    Args:
        inputs: where to look.
        standard_input: what ``-`` reads.
        tell: given what walking leaves out, in sentences.

    Raises:
        ConfigError: a list or manifest that cannot be read at all, or a path that stands for the whole machine.
    """
    resolved_folder.cache_clear()
    seen: set[int] = set()
    for item in _every(inputs, standard_input, inputs.walker(tell)):
        for one in _sliced(item) if inputs.slices else (item,):
            if one.key not in seen:
                seen.add(one.key)
                yield one


def _every(inputs: Inputs, standard_input: Readable | None, walker: Walker) -> Iterator[Item]:
    for given in inputs.paths:
        if _is_folder(given):
            walker.require_meant(given)
    for given in inputs.paths:
        if given == STANDARD_INPUT and standard_input is not None:
            yield from _listed(standard_input, walker)
        else:
            yield from _named(given, walker)
    for path in inputs.lists:
        with opened(path) as file:
            yield from _listed(file, walker)
    if inputs.manifest is not None:
        yield from read_manifest(inputs.manifest)


def _sliced(item: Item) -> Iterable[Item]:
    if item.error is not None:
        return (item,)
    return [Item(source, item.object_name, item.references) for source in slices_of(item.source)]


def _named(given: str, walker: Walker) -> Iterator[Item]:
    """Pictures of one input: a folder, a pattern, or a file."""
    if _is_folder(given):
        yield from _or_error(given, map(_found, walker.walk_on(given)), "a folder with pictures in it")
    elif glob.has_magic(given) and not os.path.lexists(given.partition("::")[0].replace("\0", "")):
        found = map(_found, walker.matches(given))
        yield from _or_error(given, found, "a pattern that some files match")
    else:
        yield Item(given)


def _found(one: str | Unreadable) -> Item:
    return Item(one) if isinstance(one, str) else _failed(one.folder, one.error)


def _or_error(given: str, found: Iterator[Item], expected: str) -> Iterator[Item]:
    empty = True
    for item in found:
        empty = False
        yield item
    if empty:
        yield _failed(given, ImageError(expected, f"none in {printable(given)}", "check it, or name the files"))


def _listed(file: Readable, walker: Walker) -> Iterator[Item]:
    """Pictures of a list; a line may be whatever an input may be, but for another list or the whole machine."""
    for line in lines(file):
        given = os.fsdecode(line)
        try:
            yield from _named(given, walker)
        except ConfigError as error:
            yield _failed(given, error)


def lines(file: Readable) -> Iterator[bytes]:
    """Lines of a list in UTF-8 without their ends, empty ones left out, in whatever encoding it was saved.

    They end with a line feed, a carriage return (or both), or with NUL where the first block holds one. Quotes about a whole
    line, which Windows copies with a path, are taken off.
    """
    blocks = as_utf8(file)
    block, rest = next(blocks, b""), b""
    mark = b"\0" if b"\0" in block else b"\n" if b"\n" in block or b"\r" not in block else b"\r"
    while block:
        *whole, rest = (rest + block).split(mark)
        yield from (found for line in whole if (found := _stripped(line, mark)))
        block = next(blocks, b"")
    if found := _stripped(rest, mark):
        yield found


def _stripped(line: bytes, mark: bytes) -> bytes:
    bare = line.removesuffix(b"\r") if mark == b"\n" else line
    quoted = mark != b"\0" and len(bare) > 2 and bare[:1] == bare[-1:] == b'"'
    return bare[1:-1] if quoted else bare


def _is_folder(path: str) -> bool:
    return "\0" not in path and os.path.isdir(path)


def _failed(source: str, error: Exception) -> Item:
    return Item(source, error=str(error))
