"""Lists and tables as programs save them: the same two pictures out of every one, or one line that says what is wrong."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from assistant.batch.inputs.item import Item
from assistant.batch.inputs.listing import Inputs, find_items, lines
from assistant.errors import ConfigError
from assistant.files.tables import column_name, read_table
from assistant.files.text import as_utf8, encoding_of, read_text

PATHS = ["parts/a.png", "parts/b ü.png"]
BYTES = [path.encode() for path in PATHS]


def joined(end: str = "\n", paths: list[str] | None = None) -> str:
    return "".join(path + end for path in paths or PATHS)


LISTS: dict[str, bytes] = {
    "utf-8": joined().encode(),
    "utf-8 with a mark": joined().encode("utf-8-sig"),
    "utf-8 crlf": joined("\r\n").encode(),
    "utf-8 cr of old macs": joined("\r").encode(),
    "utf-8 without a last end": joined().rstrip("\n").encode(),
    "utf-8 with empty lines": joined("\n\n\n").encode(),
    "mark and crlf": joined("\r\n").encode("utf-8-sig"),
    "powershell utf-16": joined("\r\n").encode("utf-16"),
    "utf-16 little endian with a mark": b"\xff\xfe" + joined("\r\n").encode("utf-16-le"),
    "utf-16 big endian with a mark": b"\xfe\xff" + joined("\r\n").encode("utf-16-be"),
    "utf-16 little endian without a mark": joined("\r\n").encode("utf-16-le"),
    "utf-16 big endian without a mark": joined("\n").encode("utf-16-be"),
    "utf-32": joined().encode("utf-32"),
    "find -print0": joined("\0").encode(),
    "quoted as windows copies paths": joined(paths=[f'"{path}"' for path in PATHS]).encode(),
}


@pytest.mark.parametrize("case", LISTS)
def test_lists_of_every_encoding_name_the_same_files(case: str) -> None:
    assert list(lines(io.BytesIO(LISTS[case]))) == BYTES


def test_the_root_is_no_entry_of_a_list_in_utf16() -> None:
    """PowerShell's ``>`` writes UTF-16: once a letter was an entry, one of them ``/``."""
    found = list(lines(io.BytesIO("parts/a.png\r\nparts/b.png\r\n".encode("utf-16"))))
    assert found == [b"parts/a.png", b"parts/b.png"]
    assert list(lines(io.BytesIO(b"\xef\xbb\xbfparts/a.png\n"))) == [b"parts/a.png"]


def test_blocks_may_end_anywhere() -> None:
    class Slow(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            return super().read(1 if size else 0)

    for data in LISTS.values():
        if data[:2] in (b"\xff\xfe", b"\xfe\xff") or data[:3] == b"\xef\xbb\xbf":
            assert list(lines(Slow(data))) == BYTES
    assert list(lines(io.BytesIO(b"a\0b\0c\0"))) == [b"a", b"b", b"c"], "names of one letter are no UTF-16"
    long = [f"{number:05d}.png" for number in range(20_000)]
    assert list(lines(io.BytesIO(joined("\r\n", long).encode("utf-16")))) == [path.encode() for path in long]


def test_names_that_are_no_utf8_stay_as_they_are() -> None:
    assert list(lines(io.BytesIO(b"parts/\xe4.png\n"))) == [b"parts/\xe4.png"]


def test_a_damaged_utf16_list_is_one_line() -> None:
    with pytest.raises(ConfigError, match="a whole list in UTF-16-LE, got a damaged one"):
        list(lines(io.BytesIO(b"\xff\xfea\0\0\xdc")))
    assert list(as_utf8(io.BytesIO(b""))) == []
    assert encoding_of(b"") == ("utf-8", 0)


def excel(mark: str = ",", header: tuple[str, ...] = ("source", "object_name", "references"), **more: str) -> str:
    file = io.StringIO()
    table = csv.writer(file, delimiter=mark, lineterminator=more.get("end", "\r\n"))
    table.writerow(header)
    for path in PATHS:
        table.writerow([path, "lid, blue", "r/1.png;r/2.png"] + ["0,5"] * (len(header) - 3))
    return file.getvalue()


TABLES: dict[str, bytes] = {
    "commas": excel().encode(),
    "commas and unix ends": excel(end="\n").encode(),
    "excel csv utf-8": excel().encode("utf-8-sig"),
    "semicolons": excel(";").encode("utf-8-sig"),
    "semicolons and decimal commas": excel(";", ("source", "object_name", "references", "width")).encode(),
    "commas and decimal commas in quotes": excel(",", ("source", "object_name", "references", "width")).encode(),
    "tabs": excel("\t").encode(),
    "excel unicode text": excel("\t").encode("utf-16"),
    "bars": excel("|").encode(),
    "sep line of excel": ("sep=;\r\n" + excel(";")).encode("utf-8-sig"),
    "capital letters": excel(header=("Source", "Object_Name", "REFERENCES")).encode(),
    "blanks in the header": excel(header=(" source ", "object name", "references ")).encode(),
    "hyphens in the header": excel(header=("source", "object-name", "references")).encode(),
    "other columns with marks": excel(",", ("source", "object_name", "references", "a;b;c;d;e;f")).encode(),
    "empty lines and cells": (excel(";") + ";;\r\n\r\n").encode(),
    "quotes about everything": "".join(f'"{p}","lid, blue","r/1.png;r/2.png"\n' for p in ["source", *PATHS])
    .replace('"lid, blue","r/1.png;r/2.png"', '"object_name","references"', 1).encode(),
    "blanks after the marks": ("source, object_name, references\n" + "".join(
        f'{p}, "lid, blue", r/1.png ; r/2.png\n' for p in PATHS)).encode(),
}  # fmt: skip


@pytest.mark.parametrize("case", TABLES)
def test_tables_of_every_spreadsheet_say_the_same(case: str, tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_bytes(TABLES[case])
    found = list(find_items(Inputs(manifest=tmp_path / "list.csv")))
    assert found == [Item(path, "lid, blue", ("r/1.png", "r/2.png")) for path in PATHS]


JSON_LINES = {
    "utf-8": joined(paths=[json.dumps({"source": path}) for path in PATHS]).encode(),
    "with a mark": joined(paths=[json.dumps({"source": path}) for path in PATHS]).encode("utf-8-sig"),
    "utf-16": joined("\r\n", [json.dumps({"source": path}) for path in PATHS]).encode("utf-16"),
    "without a last end": joined(paths=[json.dumps({"source": path}) for path in PATHS]).rstrip("\n").encode(),
}


@pytest.mark.parametrize("case", JSON_LINES)
def test_json_lines_of_every_encoding(case: str, tmp_path: Path) -> None:
    (tmp_path / "list.jsonl").write_bytes(JSON_LINES[case])
    assert [item.source for item in find_items(Inputs(manifest=tmp_path / "list.jsonl"))] == PATHS


WRONG: dict[str, tuple[str, bytes, str]] = {
    "no column source": ("l.csv", b"path;object\na.png;lid\n", "a column `source` in l.csv, got path, object"),
    "empty": ("l.csv", b"", "a column `source` in l.csv, got none"),
    "a column twice": ("l.csv", b"source,Source\na.png,b.png\n", "each column once in l.csv, got `source` 2 times"),
    "a huge cell": ("l.csv", b"source\n" + b"x" * 200_000, "a CSV table .*field larger"),
    "damaged utf-16": ("l.csv", "source\na.png\n".encode("utf-16") + b"\0", "a CSV table in UTF-8 or UTF-16"),
    "another ending": ("l.xlsx", b"PK", "ends in .csv or .jsonl"),
    "absent": ("none.csv", b"", "a table that can be read"),
}


@pytest.mark.parametrize("case", WRONG)
def test_tables_that_make_no_sense_are_one_line(case: str, tmp_path: Path) -> None:
    name, data, reason = WRONG[case]
    if case != "absent":
        (tmp_path / name).write_bytes(data)
    with pytest.raises(ConfigError, match=reason) as caught:
        list(find_items(Inputs(manifest=tmp_path / name)))
    assert "\n" not in str(caught.value)


def test_rows_that_make_no_sense_are_told_and_the_others_taken(tmp_path: Path) -> None:
    table = b"source,object_name\na.png,lid\nb, with a comma.png,lid,blue\n,lid\n" + b"c.png,\xe4\nd.png\n"
    (tmp_path / "l.csv").write_bytes(table)
    found = list(find_items(Inputs(manifest=tmp_path / "l.csv")))
    assert [item.source for item in found if item.error is None] == ["a.png", "d.png"]
    wrong = [item for item in found if item.error is not None]
    assert [item.source.rpartition(":")[2] for item in wrong] == ["3", "4", "5"]
    assert "as many cells as columns" in str(wrong[0].error)
    (tmp_path / "l.jsonl").write_bytes(b'{"source": "a.png"}\n[1]\n' + b"[" * 100_000 + b"\n\xff\n")
    found = list(find_items(Inputs(manifest=tmp_path / "l.jsonl")))
    assert [item.error is None for item in found] == [True, False, False, False]


def test_text_files_of_people_are_read_in_every_encoding(tmp_path: Path) -> None:
    path = tmp_path / "t.txt"
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "utf-32"):
        path.write_bytes("Wo? ü\r\n".encode(encoding))
        assert read_text(path) == "Wo? ü\r\n"
    path.write_bytes("Wo? ü".encode("cp1252"))
    with pytest.raises(ConfigError, match=r"text saved as UTF-8 or UTF-16, got other bytes at 4 of .*save it as UTF-8"):
        read_text(path)
    with pytest.raises(ConfigError, match="a text file that can be read"):
        read_text(tmp_path)


def test_columns_are_known_by_letters_and_digits() -> None:
    assert [column_name(name) for name in ("\ufeffÄ B", "a__b", "A.b-")] == ["ä_b", "a_b", "a_b"]


def test_a_table_says_on_which_line_a_row_ends(tmp_path: Path) -> None:
    (tmp_path / "l.csv").write_text('sep=,\nsource,note\na.png,"two\nlines"\nb.png,\n')
    assert [(row.line, row.cells["source"]) for row in read_table(tmp_path / "l.csv", ("source",))] == [
        (4, "a.png"),
        (5, "b.png"),
    ]
