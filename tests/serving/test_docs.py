"""The blocks of docs/serving.md, run against a server."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from assistant.pipeline import Assistant
from tests.serving.conftest import png, serving
from tests.speech.sounds import tone, wav
from tests.speech.test_speech_doors import FakeRecogniser

PAGE = Path(__file__).parents[2] / "docs" / "serving.md"
BLOCKS = dict(
    re.findall(r"^```python notest (\w+)\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
)


@pytest.fixture(scope="module")
def spoken_to(tiny: Assistant) -> Iterator[str]:
    """Address of a server that hears the same in every recording."""
    with serving(tiny, FakeRecogniser()) as found:
        yield found


@pytest.mark.parametrize("name", ["openai", "plain", "voice"])
def test_what_the_page_shows_works(
    name: str, spoken_to: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "normal").mkdir()
    for number, path in enumerate(("part.png", "normal/1.png", "normal/2.png")):
        (tmp_path / path).write_bytes(png(number))
    (tmp_path / "question.ogg").write_bytes(wav(tone()))
    assert "http://127.0.0.1:8000" in BLOCKS[name]
    names: dict[str, Any] = {}
    exec(BLOCKS[name].replace("http://127.0.0.1:8000", spoken_to), names)
    names.get("client", names.get("server")).close()
    lines = capsys.readouterr().out.strip().splitlines()
    assert len(lines) == 2
    assert all(lines)
