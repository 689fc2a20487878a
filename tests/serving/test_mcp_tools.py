"""The tools for agents, called through the protocol by its own client."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from mcp import Client

from assistant.errors import ConfigError
from assistant.pipeline import Assistant
from assistant.serving.mcp_tools import build_tools
from tests.serving.conftest import png


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    found = tmp_path / "incoming"
    found.mkdir()
    for number in range(3):
        (found / f"{number}.png").write_bytes(png(number))
    (tmp_path / "secret.png").write_bytes(png(9))
    (found / "link.png").symlink_to(tmp_path / "secret.png")
    return found


def called(tiny: Assistant, folder: Path, *calls: tuple[str, dict[str, Any]]) -> list[Any]:
    async def run() -> list[Any]:
        async with Client(build_tools(tiny, [folder])) as client:
            return [await client.call_tool(name, arguments) for name, arguments in calls]

    return asyncio.run(run())


def test_an_inspection_is_the_librarys(tiny: Assistant, folder: Path) -> None:
    asked = {"path": str(folder / "0.png"), "references": [str(folder / "1.png"), str(folder / "2.png")]}
    (told,) = called(tiny, folder, ("inspect_picture", {**asked, "object_name": "lid"}))
    caption, row, picture = told.content
    found = tiny.inspect(asked["path"], references=asked["references"], object_name="lid")
    assert caption.text == tiny.caption(found)
    assert json.loads(row.text)["image_score"] == found.image_score
    assert picture.mime_type == "image/png"


def test_questions_about_a_file_are_one_conversation_until_it_changes(tiny: Assistant, folder: Path) -> None:
    path = folder / "0.png"
    questions = ["Is anything wrong?", "Where is it?"]
    told = called(tiny, folder, *(("ask_about_picture", {"path": str(path), "question": q}) for q in questions))
    assert [one.content[0].text for one in told] == [a.text for a in tiny.ask(tiny.inspect(path), questions)]


@pytest.mark.parametrize("path", ["../secret.png", "link.png", "/etc/hostname", "nothing.png", "", ".", "a\0b"])
def test_other_files_are_not_read(tiny: Assistant, folder: Path, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    refused, beside = called(
        tiny, folder, ("inspect_picture", {"path": path}), ("inspect_picture", {"path": "0.png", "references": [path]})
    )
    for one in (refused, beside):
        assert one.is_error
        assert "a picture below" in one.content[0].text
        assert "secret" not in one.content[0].text


def test_a_broken_picture_and_an_empty_question_are_told(tiny: Assistant, folder: Path) -> None:
    (folder / "broken.png").write_bytes(png()[:50])
    broken, empty = called(
        tiny, folder, ("inspect_picture", {"path": str(folder / "broken.png")}),
        ("ask_about_picture", {"path": str(folder / "0.png"), "question": " "}),
    )  # fmt: skip
    assert broken.is_error
    assert "expected" in broken.content[0].text
    assert "a question" in empty.content[0].text


def test_a_folder_that_is_none_is_refused(tiny: Assistant, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="--folder"):
        build_tools(tiny, [tmp_path / "nowhere"])
