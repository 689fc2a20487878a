"""The blocks of docs/serving.md, run against a server."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.serving.conftest import png

PAGE = Path(__file__).parents[2] / "docs" / "serving.md"
BLOCKS = dict(
    re.findall(r"^```python notest (\w+)\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
)


@pytest.mark.parametrize("name", ["openai", "plain"])
def test_what_the_page_shows_works(
    name: str, address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "normal").mkdir()
    for number, path in enumerate(("part.png", "normal/1.png", "normal/2.png")):
        (tmp_path / path).write_bytes(png(number))
    assert "http://127.0.0.1:8000" in BLOCKS[name]
    names: dict[str, Any] = {}
    exec(BLOCKS[name].replace("http://127.0.0.1:8000", address), names)
    names.get("client", names.get("server")).close()
    lines = capsys.readouterr().out.strip().splitlines()
    assert len(lines) == 2
    assert all(lines)
