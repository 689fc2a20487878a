"""The first seconds of a page: pictures that come while the model loads and warms up are answered like any other."""

from __future__ import annotations

import gc
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import cv2
import httpx
import numpy as np
import pytest

from assistant.pipeline import Assistant
from assistant.types import QueryImage
from demo.engine import Engine
from demo.loading import warm_language
from tests.demo.running import running
from tests.tiny_language import talking_preset

PICTURES = 6


def sent(address: str, path: Path) -> dict[str, Any]:
    """The row of a picture sent to ``/inspect``."""
    with httpx.Client(base_url=address, timeout=120) as client:
        files = {"files": (path.name, path.read_bytes(), "image/png")}
        uploaded = client.post("gradio_api/upload", files=files).json()[0]
        given = {"path": uploaded, "meta": {"_type": "gradio.FileData"}}
        asked = client.post("gradio_api/call/inspect", json={"data": [given, [], "", "", 0.5]}).json()
        told = client.get(f"gradio_api/call/inspect/{asked['event_id']}").text
    row: dict[str, Any] = json.loads(told.split("data: ")[-1])[0]
    return row


@pytest.mark.filterwarnings("ignore")
def test_six_pictures_at_once_from_the_first_second_are_all_answered(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    paths = [tmp_path / f"{i}.png" for i in range(PICTURES)]
    for number, path in enumerate(paths):
        cv2.imwrite(str(path), rng.integers(0, 255, (60 + 9 * number, 80, 3), dtype=np.uint8))
    preset = talking_preset(tmp_path / "preset")
    alone = [Assistant.load(preset).inspect(path).image_score for path in paths]
    waiting, answered, warmed = threading.Event(), threading.Event(), threading.Event()
    problems: list[BaseException | None] = []

    def load() -> Assistant:
        assert waiting.wait(60)
        return Assistant.load(preset)

    def warm(assistant: Assistant) -> None:
        """The language model's first word, beside pictures of other shapes for as long as some wait for an answer."""

        def looks(number: int) -> None:
            while not answered.is_set():
                assistant.inspect(QueryImage(np.full((50 + 30 * number, 64, 3), 90, np.uint8), "warm-up"))

        with ThreadPoolExecutor(2) as threads:
            looking = [threads.submit(looks, number) for number in range(2)]
            warm_language(assistant)
            answered.wait(120)
            for one in looking:
                problems.append(one.exception())
        warmed.set()

    engine = Engine(load, warm)
    with running(engine, tmp_path / "page") as (address, _), ThreadPoolExecutor(PICTURES) as pool:
        rows = [pool.submit(sent, address, path) for path in paths]
        waiting.set()
        try:
            found = [row.result(120) for row in rows]
        finally:
            answered.set()
        later = sent(address, paths[0])
        assert warmed.wait(120)
    gc.collect()  # what the server left open is of this test
    assert [row.get("error") for row in found] == [None] * PICTURES
    assert [row["image_score"] for row in found] == pytest.approx(alone, abs=1e-9)
    assert problems == [None, None]
    assert later["image_score"] == found[0]["image_score"], "and the page is as it was"
