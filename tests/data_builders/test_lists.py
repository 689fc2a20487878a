"""Lists of what a folder source leaves out: read in either form, refused in one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from assistant.errors import ConfigError
from data_builders.files import read_excluded_names, read_hash_list

HASH = "ab" * 32


@pytest.mark.parametrize("text", [f"# kept out\n{HASH.upper()}  a.png\n\n", f'["{HASH}"]'])
def test_hashes_by_line_and_as_json(text: str, tmp_path: Path) -> None:
    (tmp_path / "hashes").write_text(text)
    assert read_hash_list(tmp_path / "hashes") == {HASH}


@pytest.mark.parametrize("text", ["[", "[" * 100_000, "[1]", "[null]", '["no hash"]', "no hash", f"[{'9' * 5000}]"])
def test_other_hashes_are_one_line(text: str, tmp_path: Path) -> None:
    (tmp_path / "hashes").write_text(text)
    with pytest.raises(ConfigError, match="SHA-256 hashes") as caught:
        read_hash_list(tmp_path / "hashes")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["a: [", "- " * 3000, "a: [1]", "[x]", "a: 2001-13-45"])
def test_other_names_are_one_line(text: str, tmp_path: Path) -> None:
    (tmp_path / "names.yaml").write_text(text)
    with pytest.raises(ConfigError) as caught:
        read_excluded_names(tmp_path / "names.yaml")
    assert "\n" not in str(caught.value)


def test_names_by_reason(tmp_path: Path) -> None:
    (tmp_path / "names.yaml").write_text("blurred: [a.png, b.png]\nempty:\n")
    assert read_excluded_names(tmp_path / "names.yaml") == {"a.png", "b.png"}
