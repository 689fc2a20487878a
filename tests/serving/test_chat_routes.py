"""Chat completions, asked by OpenAI's own client."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import httpx
import openai
import pytest

from assistant.pictures.images import load_image
from assistant.pipeline import Assistant
from assistant.words.scene.dialogue_state import Earlier
from tests.serving.conftest import data_url, pages, png, said


@pytest.fixture
def chat(address: str) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(
        base_url=f"{address}/v1", api_key="none", max_retries=0, http_client=httpx.Client(trust_env=False)
    ) as made:
        yield made


def answers(tiny: Assistant, content: bytes, *questions: str, **asked: Any) -> list[str]:
    return [one.text for one in tiny.ask(tiny.inspect(load_image(content), **asked), questions)]


def completed(chat: openai.OpenAI, messages: list[Any], **more: Any) -> Any:
    return chat.chat.completions.create(model="tiny", messages=messages, **more)


def test_the_answer_is_the_librarys_and_carries_the_inspection(chat: openai.OpenAI, tiny: Assistant) -> None:
    assert [one.id for one in chat.models.list()] == ["anomaly-assistant", "tiny"]
    assert chat.models.retrieve("tiny").id == "tiny"
    with pytest.raises(openai.NotFoundError, match="a model of"):
        chat.models.retrieve("gpt")
    done = completed(chat, [said("Is anything wrong?", png(1))])
    assert done.choices[0].message.content == answers(tiny, png(1), "Is anything wrong?")[0]
    assert done.choices[0].finish_reason == "stop"
    row = done.anomaly_assistant["inspection"]
    assert row["image_score"] == tiny.inspect(load_image(png(1))).image_score
    assert row["answers"][0]["question"] == "Is anything wrong?"


def test_a_page_is_named_in_the_pictures_address(chat: openai.OpenAI, tiny: Assistant) -> None:
    def asked(parameters: str) -> Any:
        url = f"data:image/tiff{parameters};base64,{base64.b64encode(pages(3)).decode()}"
        parts = [{"type": "text", "text": "Is anything wrong?"}, {"type": "image_url", "image_url": {"url": url}}]
        return completed(chat, [{"role": "user", "content": parts}]).anomaly_assistant["inspection"]

    second, first = asked(";charset=none;frame=1"), asked("")
    expected = tiny.inspect(load_image(pages(3), selector={"frame": "1"})).image_score
    assert (second["source"], second["image_score"]) == ("picture 1::frame=1", expected)
    assert first["image_score"] != expected
    with pytest.raises(openai.BadRequestError, match="a frame that the file has"):
        asked(";frame=9")


def test_a_conversation_goes_on_and_can_be_branched_off(chat: openai.OpenAI, tiny: Assistant) -> None:
    questions = ["Is anything wrong?", "Where is it?", "How large is it?"]
    expected = answers(tiny, png(2), *questions)
    messages: list[Any] = []
    for number, question in enumerate(questions):
        messages.append(said(question, png(2)) if not number else {"role": "user", "content": question})
        got = completed(chat, messages).choices[0].message.content
        assert got == expected[number]
        messages.append({"role": "assistant", "content": got})
    assert completed(chat, messages[:5]).choices[0].message.content == expected[2], "held anew from its questions"
    branch = [*messages[:2], {"role": "user", "content": "How sure are you?"}]
    expected_branch = answers(tiny, png(2), questions[0], "How sure are you?")[1]
    assert completed(chat, branch).choices[0].message.content == expected_branch


def test_a_stream_ends_as_the_whole_answer(chat: openai.OpenAI, tiny: Assistant) -> None:
    pieces = list(completed(chat, [said("Is anything wrong?", png(3))], stream=True))
    text = "".join(one.choices[0].delta.content or "" for one in pieces)
    assert text == answers(tiny, png(3), "Is anything wrong?")[0]
    assert [one.choices[0].finish_reason for one in pieces][-1] == "stop"
    assert len({one.id for one in pieces}) == 1
    assert pieces[-1].anomaly_assistant["inspection"]["width"] == 80


def test_a_picture_without_words_is_described(chat: openai.OpenAI, tiny: Assistant) -> None:
    only = {"role": "user", "content": [{"type": "image_url", "image_url": {"url": data_url(png(4))}}]}
    done = completed(chat, [only])
    assert done.choices[0].message.content == tiny.caption(tiny.inspect(load_image(png(4))))


def test_the_last_picture_is_talked_about_and_the_earlier_ones_are_known(chat: openai.OpenAI, tiny: Assistant) -> None:
    messages = [said("Is it fine?", png(5)), {"role": "assistant", "content": "…"}, said("Which is worse?", png(6))]
    first, second = (tiny.inspect(load_image(png(seed))) for seed in (5, 6))
    expected = tiny.open(second, others=[Earlier("picture 1", first)]).ask("Which is worse?").text
    assert completed(chat, messages).choices[0].message.content == expected


def test_what_is_asked_of_the_picture_comes_in_a_field_of_its_own(chat: openai.OpenAI, tiny: Assistant) -> None:
    asked = {"object_name": "metal lid", "references": [data_url(png(7)), data_url(png(8))]}
    done = completed(chat, [said("Is it fine?", png(1))], extra_body={"anomaly_assistant": asked})
    row = done.anomaly_assistant["inspection"]
    found = tiny.inspect(
        load_image(png(1)), references=[load_image(png(7)), load_image(png(8))], object_name="metal lid"
    )
    assert (row["mode"], row["object_name"], row["image_score"]) == ("few_shot", "metal lid", found.image_score)


@pytest.mark.parametrize("stream", [False, True])
def test_a_report_as_json_is_one(chat: openai.OpenAI, stream: bool) -> None:
    done = completed(chat, [said("Report.", png(1))], response_format={"type": "json_object"}, stream=stream)
    text = "".join(one.choices[0].delta.content or "" for one in done) if stream else done.choices[0].message.content
    assert set(json.loads(text)) == {"verdict", "score", "regions", "summary"}


@pytest.mark.parametrize(
    ("messages", "more", "error", "words"),
    [
        ([said("Hello")], {}, openai.BadRequestError, "a picture in the conversation"),
        ([said("x", png(1)), {"role": "assistant", "content": "y"}], {}, openai.BadRequestError, "of the user at the end"),
        ([said("x", png(1))], {"n": 2}, openai.BadRequestError, "one choice"),
        ([said("x", png(1))], {"model": "gpt-4"}, openai.NotFoundError, "a model of"),
        ([said("x", b"no picture")], {}, openai.BadRequestError, "picture"),
        ([said("x" * 4001, png(1))], {}, openai.BadRequestError, "4000"),
        (
            [said("x", png(1))], {"response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": {}}}},
            openai.BadRequestError, "json_object",
        ),
        ([said("x", *[png(1)] * 9)], {}, openai.BadRequestError, "8 pictures"),
        ([said("x", png(1))], {"extra_body": {"anomaly_assistant": {"colour": 1}}}, openai.BadRequestError, "colour"),
        (
            [said("x", png(1))], {"stream": True, "extra_body": {"anomaly_assistant": {"mode": "x"}}},
            openai.BadRequestError, "mode",
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_is_an_error_of_the_api(
    chat: openai.OpenAI, messages: list[Any], more: dict[str, Any], error: type[openai.APIStatusError], words: str
) -> None:
    with pytest.raises(error, match=words):
        chat.chat.completions.create(**{"model": "tiny", "messages": messages, **more})


def _score(done: Any) -> float:
    return float(done.anomaly_assistant["inspection"]["image_score"])


def test_a_picture_seen_alone_before_is_compared_with_the_references_sent_now(
    chat: openai.OpenAI, tiny: Assistant
) -> None:
    messages = [said("Is it fine?", png(31))]
    completed(chat, messages)
    for normals in ([png(32), png(33)], [png(34), png(35)]):
        asked = {"references": [data_url(one) for one in normals]}
        row = completed(chat, messages, extra_body={"anomaly_assistant": asked}).anomaly_assistant["inspection"]
        found = tiny.inspect(load_image(png(31)), references=[load_image(one) for one in normals])
        assert (row["mode"], row["image_score"]) == ("few_shot", found.image_score)


def test_an_earlier_picture_is_not_a_reference(chat: openai.OpenAI) -> None:
    first = [said("Is it fine?", png(36)), {"role": "assistant", "content": "…"}, said("And this?", png(37))]
    completed(chat, first)
    asked = {"references": [data_url(png(37))]}
    messages = [said("And this?", png(36)), {"role": "assistant", "content": "…"}, {"role": "user", "content": "Why?"}]
    row = completed(chat, messages, extra_body={"anomaly_assistant": asked}).anomaly_assistant["inspection"]
    assert (row["mode"], row["source"]) == ("few_shot", "picture 1")


def test_a_picture_is_called_by_its_place_in_each_conversation(chat: openai.OpenAI) -> None:
    for messages, name in (
        ([said("x", png(38)), said("Is it fine?", png(39))], "picture 2"), ([said("Is it fine?", png(39))], "picture 1"),
    ):  # fmt: skip
        assert completed(chat, messages).anomaly_assistant["inspection"]["source"] == name


def test_a_profile_of_the_same_name_is_another_one(chat: openai.OpenAI, client: httpx.Client, tiny: Assistant) -> None:
    asked, messages = {"anomaly_assistant": {"profile": "again"}}, [said("Is it fine?", png(40))]
    for seed in (41, 43):
        files = [("references", ("a.png", png(one))) for one in (seed, seed + 1)]
        assert client.post("/profiles", files=files, data={"name": "again"}).status_code == 201
        profile = tiny.build_profile([load_image(png(seed)), load_image(png(seed + 1))])
        expected = tiny.inspect(load_image(png(40)), profile=profile).image_score
        assert _score(completed(chat, messages, extra_body=asked)) == pytest.approx(expected, abs=1e-4)
        client.delete("/profiles/again")
    with pytest.raises(openai.NotFoundError, match="saved profile"):
        completed(chat, messages, extra_body=asked)


def test_an_option_beside_its_field_is_refused(chat: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="object_name in the field anomaly_assistant"):
        completed(chat, [said("Is it fine?", png(1))], extra_body={"object_name": "lid"})


def test_an_empty_last_message_is_no_question(chat: openai.OpenAI) -> None:
    messages = [said("Is it fine?", png(1)), {"role": "assistant", "content": "…"}, {"role": "user", "content": " "}]
    with pytest.raises(openai.BadRequestError, match="in the last message"):
        completed(chat, messages)


def test_half_a_letter_is_no_fault(client: httpx.Client) -> None:
    body = json.dumps({"model": "tiny", "messages": [said("Is it \ud800 fine?", png(1))]}).encode()
    for stream in (b"false", b"true"):
        sent = body[:-1] + b', "stream": ' + stream + b"}"
        answer = client.post("/v1/chat/completions", content=sent, headers={"Content-Type": "application/json"})
        assert answer.status_code == 200
