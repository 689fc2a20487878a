"""What a batch run is given -> pictures, each once, in an order that depends on names alone. Decodes nothing.

Everything is an iterator: a folder of a million pictures is walked while the first are inspected. An input that names no
picture is an item with ``error``, so that the run can tell of it and go on.
"""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from assistant.batch.inputs.item import Item, resolved_folder
from assistant.batch.inputs.manifests import opened, read_manifest
from assistant.batch.inputs.volumes import as_volumes, slices_of
from assistant.errors import ImageError
from assistant.pictures.images import SUFFIXES, is_picture_name
from assistant.pictures.pixels import printable

STANDARD_INPUT = "-"
_BLOCK = 2**16


@runtime_checkable
class Readable(Protocol):
    """An open binary file, or whatever gives bytes like one."""

    def read(self, size: int, /) -> bytes:
        """At most ``size`` bytes; none at the end."""
        ...


@dataclass(frozen=True)
class Inputs:
    """Where pictures come from.

    Args:
        paths: files, folders, patterns such as ``parts/**/*.png``, or ``-`` for a list on standard input.
        lists: files with a path a line (or ended by NUL, as ``find -print0`` writes).
        manifest: CSV or JSONL with ``source`` and optionally ``object_name`` and ``references``.
        slices: a DICOM, NIfTI or TIFF file without a selector stands for all its frames, slices or pages.
        skip: a folder that is never walked: that of the results.
        volumes: a NIfTI volume, and the DICOM slices of a series that lie in one folder below a folder given, are one each.
    """

    paths: tuple[str, ...] = ()
    lists: tuple[Path, ...] = ()
    manifest: Path | None = None
    slices: bool = True
    skip: Path | None = None
    volumes: bool = False


def find_items(inputs: Inputs, standard_input: Readable | None = None) -> Iterator[Item]:
    """Pictures that ``inputs`` name, each once however it is spelled: paths as given, then lists, then the manifest.

    Args:
        inputs: where to look.
        standard_input: what ``-`` reads.

    Raises:
        ConfigError: a list or manifest that cannot be read at all.
    """
    resolved_folder.cache_clear()
    seen: set[int] = set()
    for item in _every(inputs, standard_input):
        for one in _sliced(item) if inputs.slices and not item.volume else (item,):
            if one.key not in seen:
                seen.add(one.key)
                yield one


def _every(inputs: Inputs, standard_input: Readable | None) -> Iterator[Item]:
    for given in inputs.paths:
        if given == STANDARD_INPUT and standard_input is not None:
            yield from _listed(standard_input, inputs)
        else:
            yield from _named(given, inputs)
    for path in inputs.lists:
        with opened(path) as file:
            yield from _listed(file, inputs)
    if inputs.manifest is not None:
        items = read_manifest(inputs.manifest)
        yield from as_volumes(items, walked=False) if inputs.volumes else items


def _sliced(item: Item) -> Iterable[Item]:
    if item.error is not None:
        return (item,)
    return [Item(source, item.object_name, item.references) for source in slices_of(item.source)]


def _named(given: str, inputs: Inputs) -> Iterator[Item]:
    """Pictures and volumes of one input: a folder, a pattern, or a file."""
    found = _pictures(given, inputs.skip)
    yield from as_volumes(found, walked=_is_folder(given)) if inputs.volumes else found


def _pictures(given: str, skip: Path | None) -> Iterator[Item]:
    if _is_folder(given):
        yield from _or_error(given, _walk(given, skip), "a folder with pictures in it")
    elif glob.has_magic(given) and not os.path.lexists(given.partition("::")[0].replace("\0", "")):
        found = (
            item
            for path in sorted(glob.iglob(given, recursive=True), key=_order)
            for item in ([] if _is_folder(path) else [Item(path)])
        )
        yield from _or_error(given, found, "a pattern that some files match")
    else:
        yield Item(given)


def _or_error(given: str, found: Iterator[Item], expected: str) -> Iterator[Item]:
    empty = True
    for item in found:
        empty = False
        yield item
    if empty:
        yield _failed(given, ImageError(expected, f"none in {printable(given)}", "check it, or name the files"))


def _walk(folder: str, skip: Path | None) -> Iterator[Item]:
    """Pictures below a folder in the order of their names; hidden files and linked folders are left out."""
    if skip is not None and os.path.realpath(folder) == str(skip):
        return
    try:
        with os.scandir(folder) as scanned:
            entries = sorted(scanned, key=lambda entry: entry.name)
    except OSError as error:
        got = f"{error.strerror} at {printable(folder)}"
        yield _failed(folder, ImageError("a folder that can be read", got, "check its permissions"))
        return
    for entry in entries:
        if entry.name.startswith("."):
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _inside(entry.path, skip)
        elif not os.path.isdir(entry.path) and is_picture_name(entry.path):
            yield Item(entry.path)


def _inside(folder: str, skip: Path | None) -> Iterator[Item]:
    """A folder in a folder; one that is called like a picture and holds none is told of."""
    empty = True
    for item in _walk(folder, skip):
        empty = False
        yield item
    if empty and folder.lower().endswith(SUFFIXES):
        yield Item(folder)


def _listed(file: Readable, inputs: Inputs) -> Iterator[Item]:
    """Pictures of a list; a line may be whatever an input may be, but for another list."""
    for line in lines(file):
        yield from _named(os.fsdecode(line), inputs)


def lines(file: Readable) -> Iterator[bytes]:
    """Lines of a list without their ends, empty ones left out; ended by NUL if its first block holds one."""
    block, mark, rest = file.read(_BLOCK), b"\n", b""
    if b"\0" in block:
        mark = b"\0"
    while block:
        *whole, rest = (rest + block).split(mark)
        yield from (found for line in whole if (found := _stripped(line, mark)))
        block = file.read(_BLOCK)
    if found := _stripped(rest, mark):
        yield found


def _stripped(line: bytes, mark: bytes) -> bytes:
    return line.removesuffix(b"\r") if mark == b"\n" else line


def _is_folder(path: str) -> bool:
    return "\0" not in path and os.path.isdir(path)


def _order(path: str) -> list[str]:
    return path.split(os.sep)


def _failed(source: str, error: Exception) -> Item:
    return Item(source, error=str(error))
