"""``/inspect``, ``/ask``, ``/profiles``, ``/health``, ``/metrics``: what the library says, over HTTP."""

from __future__ import annotations

import base64
import json
import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import cv2
import httpx
import jsonschema
import numpy as np
import pytest

from assistant.errors import ConfigError
from assistant.pictures.images import load_image
from assistant.pipeline import Assistant
from assistant.report import json_schema
from assistant.types import Inspection
from tests.serving.conftest import pages, png


def inspected(client: httpx.Client, content: bytes, *references: bytes, **fields: Any) -> Any:
    files = [("image", ("part.png", content)), *(("references", ("normal.png", one)) for one in references)]
    return client.post("/inspect", files=files, data=fields)


def alone(tiny: Assistant, content: bytes, **asked: Any) -> Inspection:
    return tiny.inspect(load_image(content), **asked)


def test_a_picture_alone_is_enough(client: httpx.Client, tiny: Assistant) -> None:
    answer = inspected(client, png(1))
    assert answer.status_code == 200
    row = answer.json()["inspection"]
    jsonschema.validate(row, json_schema())
    found = alone(tiny, png(1))
    assert row["image_score"] == found.image_score
    assert [r["box"] for r in row["regions"]] == [list(r.box.as_tuple()) for r in found.regions]
    assert row["caption"] == tiny.caption(found)
    assert row["source"] == "part.png"
    assert answer.json()["map"] is None


def test_a_page_of_the_picture_and_of_the_references_is_named(client: httpx.Client, tiny: Assistant) -> None:
    whole = inspected(client, pages(3)).json()["inspection"]
    assert any("the selector ::frame=1" in warning for warning in whole["warnings"])
    row = inspected(client, pages(3), pages(2), selector="frame=2", reference_selector="frame=1").json()["inspection"]
    query, normal = (load_image(pages(n), selector={"frame": f}) for n, f in ((3, "2"), (2, "1")))
    assert row["image_score"] == tiny.inspect(query, references=[normal]).image_score
    assert row["source"] == "part.png::frame=2"
    assert not any("selector" in warning for warning in row["warnings"])


@pytest.mark.parametrize("selector", ["2", "slice=1", "frame=-1", "frame=1,frame=2", "frame=9"])
def test_a_selector_that_names_nothing_is_refused(client: httpx.Client, selector: str) -> None:
    answer = inspected(client, pages(3), selector=selector)
    assert answer.status_code == 400
    assert answer.json()["error"].startswith("expected ")


def test_what_is_asked_reaches_the_inspection(client: httpx.Client, tiny: Assistant) -> None:
    normals = [png(2), png(3)]
    fields = {
        "object_name": "metal lid",
        "look_for": ["deep scratch", "dent"],
        "mm_per_pixel": "0.5",
        "overkill": "0.05",
    }
    row = inspected(client, png(1), *normals, **fields).json()["inspection"]
    found = alone(
        tiny, png(1), references=[load_image(one) for one in normals], object_name="metal lid",
        look_for=["deep scratch", "dent"], spacing_mm=(0.5, 0.5), overkill=0.05,
    )  # fmt: skip
    assert (row["mode"], row["object_name"], row["spacing_mm"]) == ("few_shot", "metal lid", [0.5, 0.5])
    assert row["image_score"] == found.image_score


def test_map_and_overlay_come_along_where_they_are_asked_for(client: httpx.Client, tiny: Assistant) -> None:
    told = inspected(client, png(1), map="true", overlay="true").json()
    scores, overlay = (
        cv2.imdecode(np.frombuffer(base64.b64decode(told[k].partition(",")[2]), np.uint8), cv2.IMREAD_UNCHANGED)
        for k in ("map", "overlay")
    )
    assert scores.dtype == np.uint16
    np.testing.assert_allclose(scores / 65535, alone(tiny, png(1)).anomaly_map.scores, atol=1e-5)
    assert overlay.shape == (60, 80, 3)


def test_a_verdict_is_reasoned_out_where_that_is_asked_for(client: httpx.Client, tiny: Assistant) -> None:
    row = inspected(client, png(1), reasoning="true").json()["inspection"]
    jsonschema.validate(row, json_schema())
    assert [(one["step"], one["text"]) for one in row["reasoning"]] == [
        (one.name, one.text) for one in tiny.reason(alone(tiny, png(1)))
    ]
    assert inspected(client, png(1)).json()["inspection"]["reasoning"] is None


def test_questions_of_a_session_are_one_conversation(client: httpx.Client, tiny: Assistant) -> None:
    questions = ["Is anything wrong?", "Where is it?", "And how large?"]
    session = inspected(client, png(4)).json()["session"]
    told = [client.post("/ask", json={"session": session, "question": q}).json() for q in questions]
    assert [one["answer"] for one in told] == [a.text for a in tiny.ask(alone(tiny, png(4)), questions)]
    assert told[0]["session"] == session


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"mode": "wild"}, "a mode of auto"), ({"domain": "food"}, "a domain of industrial, medical"),
        ({"mm_per_pixel": "a"}, "millimetres a pixel"), ({"overkill": "0.7"}, "overkill between"),
        ({"overkill": "much"}, "expected overkill"), ({"mode": "few-shot"}, "references or a profile"),
        ({"detail": "very"}, "a detail of"), ({"object_name": "a" * 300}, "object name"), ({"profile": "../x"}, "name"),
    ],
)  # fmt: skip
def test_a_wrong_field_is_told_in_one_line(client: httpx.Client, fields: dict[str, str], said: str) -> None:
    answer = inspected(client, png(1), **fields)
    assert answer.status_code == 400
    assert said in answer.json()["error"]
    assert "\n" not in answer.json()["error"]


@pytest.mark.parametrize("content", [b"", b"no picture", png(1)[:60], b"\x89PNG\r\n\x1a\n" + bytes(100)])
def test_a_file_that_is_no_picture_is_told_by_its_name(client: httpx.Client, content: bytes) -> None:
    answer = inspected(client, content)
    assert answer.status_code == 400
    assert answer.json()["error"].startswith("expected")
    assert "<bytes>" not in answer.text


def test_what_is_not_there_is_told(client: httpx.Client) -> None:
    unknown = client.post("/ask", json={"session": "x", "question": "Where?"})
    assert (unknown.status_code, "inspect the picture again" in unknown.text) == (404, True)
    assert client.get("/nowhere").status_code == 404
    missing = client.post("/inspect")
    assert (missing.status_code, missing.json()["error"][:20]) == (400, "expected image, got ")


def test_a_profile_is_built_listed_used_and_deleted(client: httpx.Client, tiny: Assistant) -> None:
    files = [("references", ("a.png", png(2))), ("references", ("b.png", png(3)))]
    made = client.post("/profiles", files=files, data={"name": "lid-1", "object_name": "lid"})
    assert made.status_code == 201
    assert made.json() == {
        "name": "lid-1", "object_name": "lid", "references": 2, "fixed_camera": False, "error": None
    }  # fmt: skip
    assert client.post("/profiles", files=files, data={"name": "lid-1"}).status_code == 400
    assert [one["name"] for one in client.get("/profiles").json()["profiles"]] == ["lid-1"]
    row = inspected(client, png(1), profile="lid-1").json()["inspection"]
    profile = tiny.build_profile([load_image(png(2)), load_image(png(3))], object_name="lid")
    assert row["image_score"] == pytest.approx(alone(tiny, png(1), profile=profile).image_score, abs=1e-4)
    assert client.delete("/profiles/lid-1").json() == {"deleted": "lid-1"}
    assert client.delete("/profiles/lid-1").status_code == 404
    assert inspected(client, png(1), profile="lid-1").status_code == 404


@pytest.mark.parametrize("name", ["../x", "", ".hidden", "a/b", "x" * 65, "a\nb"])
def test_a_profile_has_a_plain_name(client: httpx.Client, name: str) -> None:
    answer = client.post("/profiles", files=[("references", ("a.png", png(2)))], data={"name": name})
    assert answer.status_code == 400


def test_health_and_metrics_tell_what_was_done(client: httpx.Client) -> None:
    def count(name: str) -> float:
        found = re.search(rf"^{re.escape(name)} (\S+)$", client.get("/metrics").text, re.MULTILINE)
        return 0.0 if found is None else float(found[1])

    line = 'anomaly_assistant_requests_total{route="/inspect",status="200"}'
    before = count(line)
    verdict = inspected(client, png(1)).json()["inspection"]["verdict"]
    assert count(line) == before + 1
    assert count(f'anomaly_assistant_inspections_total{{verdict="{verdict}"}}') >= 1
    health = client.get("/health").json()
    assert (health["status"], health["preset"], health["inside"]) == ("ok", "tiny", 0)


def test_many_clients_get_each_their_own(client: httpx.Client, tiny: Assistant) -> None:
    pictures = [png(seed, 40 + seed % 7) for seed in range(24)]
    expected = [alone(tiny, one).image_score for one in pictures]
    assert len(set(expected)) > 20

    def ask(number: int) -> tuple[float, list[str]]:
        told = inspected(client, pictures[number % 24]).json()
        answers = [
            client.post("/ask", json={"session": told["session"], "question": q}).json()["question"] for q in "ab"
        ]
        return told["inspection"]["image_score"], answers

    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(ask, range(67)))  # 201 requests
    assert [score for score, _ in found] == [expected[n % 24] for n in range(67)]
    assert all(asked == ["a", "b"] for _, asked in found)


def test_a_session_answers_in_the_order_it_was_asked(client: httpx.Client) -> None:
    session = inspected(client, png(5)).json()["session"]
    with ThreadPoolExecutor(8) as pool:
        told = list(
            pool.map(
                lambda n: client.post("/ask", json={"session": session, "question": f"Number {n}?"}).json(), range(8)
            )
        )
    assert [one["question"] for one in told] == [f"Number {n}?" for n in range(8)]


def test_sessions_end_when_others_need_the_room(started: Any) -> None:
    client = started(max_talks=2)
    sessions = [inspected(client, png(seed)).json()["session"] for seed in range(3)]
    codes = [client.post("/ask", json={"session": s, "question": "Where?"}).status_code for s in sessions]
    assert codes == [404, 200, 200]


def test_json_holds_no_numbers_that_json_lacks(client: httpx.Client) -> None:
    json.loads(inspected(client, png(1)).text, parse_constant=lambda word: pytest.fail(word))


@pytest.mark.parametrize(
    ("query", "more", "fields", "words"),
    [
        ("", [], {"objectname": "lid"}, "got 'objectname'"), ("?object_name=lid", [], {}, "behind ?"),
        ("", [("reference", ("b.png", png(2)))], {}, "got 'reference'"),
        ("", [("image", ("b.png", png(2)))], {}, "one image, got 2"),
        ("", [], {"object_name": ["lid", "cap"]}, "one object_name, got 2"),
    ],
)  # fmt: skip
def test_a_field_without_effect_is_refused(
    client: httpx.Client, query: str, more: list[Any], fields: dict[str, Any], words: str
) -> None:
    answer = client.post(f"/inspect{query}", files=[("image", ("part.png", png(1))), *more], data=fields)
    assert (answer.status_code, words in answer.json()["error"]) == (400, True), answer.text
    built = client.post("/profiles", files=[("references", ("a.png", png(1)))], data={"name": "a", "mode": "auto"})
    assert (built.status_code, "got 'mode'" in built.text) == (400, True)


def test_a_body_that_cannot_be_read_is_told_as_one(client: httpx.Client) -> None:
    answer = client.post("/ask", content=b"[" * 100_000, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["error"][:32]) == (400, "expected a body that can be read")


def test_a_name_that_is_no_unicode_is_refused(tiny: Assistant) -> None:
    with pytest.raises(ConfigError, match="object name in Unicode"):
        tiny.inspect(load_image(png(1)), object_name="lid \udcff")
