"""CSV as spreadsheets write it -> rows: `,`, `;`, tab or `|` between the cells, capital letters and blanks in the header.

The header decides what lies between cells, so a decimal comma in a cell changes nothing. Excel's first line ``sep=;`` is obeyed.
A column is known by its letters and digits: ``Object Name``, ``object-name`` and ``object_name`` are one.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant.errors import ConfigError
from assistant.files.text import BLOCK, encoding_of

DELIMITERS = ",;\t|"


@dataclass(frozen=True)
class TableRow:
    """A row of a table.

    Args:
        line: of the file, from 1, at which it ends.
        cells: by name of the column, blanks at their ends taken off; empty where the row ends before the column.
        surplus: cells beyond the header's: a row that was written with another mark between its cells.
    """

    line: int
    cells: Mapping[str, str]
    surplus: int = 0


def column_name(text: str) -> str:
    """A column's name as it is compared.

    >>> column_name(" Object Name"), column_name("object-name"), column_name("SOURCE")
    ('object_name', 'object_name', 'source')
    """
    return re.sub(r"[\W_]+", "_", text.strip().casefold()).strip("_")


def read_table(path: Path, columns: Sequence[str]) -> Iterator[TableRow]:
    """Rows of a CSV file with a header; empty ones are left out, other columns are kept.

    Args:
        path: of the file.
        columns: names that the header must hold.

    Raises:
        ConfigError: it cannot be read, lacks a column, or names one twice.
    """
    try:
        file = path.open("rb")
    except (OSError, ValueError) as error:
        got = f"{path} ({getattr(error, 'strerror', None) or error})"
        raise ConfigError("a table that can be read", got, "check the path") from None
    with file:
        start = file.read(BLOCK)
        encoding, mark = encoding_of(start)
        file.seek(mark)
        errors = "surrogateescape" if encoding == "utf-8" else "strict"
        with io.TextIOWrapper(file, encoding=encoding, errors=errors, newline="") as text:
            try:
                yield from _rows(text, columns, path.name)
            except (csv.Error, UnicodeDecodeError) as error:
                got = f"{' '.join(str(error).split())[:120]} in {path.name}"
                raise ConfigError("a CSV table in UTF-8 or UTF-16", got, "save it again as CSV UTF-8") from None


def _rows(text: io.TextIOBase, columns: Sequence[str], name: str) -> Iterator[TableRow]:
    first, before = text.readline(BLOCK), 0
    told = re.fullmatch(r"sep=(.)\s*", first, re.IGNORECASE)
    if told:
        first, before = text.readline(BLOCK), 1
    delimiter = told[1] if told else _delimiter(first, columns)
    reader = csv.reader(_again(first, text), delimiter=delimiter, skipinitialspace=True)
    header = [column_name(cell) for cell in next(reader, [])]
    missing = [column for column in columns if column not in header]
    if missing:
        got = ", ".join(header) or "none"
        expected = f"a column `{missing[0]}` in {name}"
        raise ConfigError(expected, f"{got[:200]}", "name the columns in its first line")
    twice = next((n for n in header if n and header.count(n) > 1), None)
    if twice is not None:
        raise ConfigError(f"each column once in {name}", f"`{twice}` {header.count(twice)} times", "remove one")
    for cells in reader:
        stripped = [cell.strip() for cell in cells]
        if not any(stripped):
            continue
        padded = stripped + [""] * (len(header) - len(stripped))
        surplus = sum(1 for cell in stripped[len(header) :] if cell)
        known = {n: cell for n, cell in zip(header, padded, strict=False) if n}
        yield TableRow(before + reader.line_num, known, surplus)


def _delimiter(header: str, columns: Sequence[str]) -> str:
    """What lies between the cells of a header: the mark that shows most of the wanted columns, else most cells."""

    def fits(mark: str) -> tuple[int, int]:
        cells = [column_name(cell) for cell in next(csv.reader([header], delimiter=mark, skipinitialspace=True), [])]
        return sum(column in cells for column in columns), len(cells)

    return max(DELIMITERS, key=fits)


def _again(first: str, rest: io.TextIOBase) -> Iterator[str]:
    yield first
    yield from rest
