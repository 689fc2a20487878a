"""A model server as a writer: what is sent, what is tried again, what is given up, and that nothing of the key is said."""

from __future__ import annotations

import base64
import logging
import threading
import time
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest

from assistant.errors import ConfigError, ServerError
from assistant.language.choice import KEY, chosen_language
from assistant.language.writers import requests as tries
from assistant.language.writers.message import Message
from assistant.language.writers.requests import Requests
from assistant.language.writers.server import ServerWriter
from tests.language.writers.chat_server import Said, Server, pictures, seeing, serving, words

HELLO = (Message("system", "Be brief."), Message("user", "Hello?"))
HI = Said(["Hi", " there."])
SEEN = (Message("user", "What is it?", (np.full((20, 30, 3), 90, np.uint8),)),)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tries, "FIRST_WAIT", 0.01)


def writer(server: Server | str, **options: Any) -> ServerWriter:
    address = server if isinstance(server, str) else server.address
    return ServerWriter.of(chosen_language(address, model=options.pop("model", "tiny"), **options))


def heard(talk: ServerWriter, messages: tuple[Message, ...] = HELLO, **options: Any) -> tuple[str, bool]:
    """The whole answer, and whether the model came to an end by itself."""
    said, text = talk.write(messages, stop=threading.Event(), **options), ""
    while True:
        try:
            text += next(said)
        except StopIteration as stopped:
            return text, stopped.value


def scripted(*answers: Said) -> Callable[[int, dict[str, Any]], Said]:
    """The answers one after the other, then the last one."""
    return lambda number, _: answers[min(number, len(answers) - 1)]


def test_words_come_as_they_are_streamed() -> None:
    with serving(scripted(HI)) as server:
        assert heard(writer(server)) == ("Hi there.", True)
        (body,) = server.bodies
    assert body["messages"] == [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello?"}]
    assert (body["model"], body["temperature"], body["stream"]) == ("tiny", 0, True)


def test_an_answer_at_the_longest_length_has_not_ended() -> None:
    with serving(scripted(Said(["Hi", " th"], finish="length"))) as server:
        assert heard(writer(server)) == ("Hi th", False)


def test_a_server_that_does_not_stream_is_heard_too() -> None:
    whole = b'{"choices": [{"message": {"role": "assistant", "content": "Hi."}}]}'
    with serving(scripted(Said(raw=whole, headers={"Content-Type": "application/json"}))) as server:
        assert heard(writer(server)) == ("Hi.", True)


def test_the_only_model_of_a_server_needs_no_name() -> None:
    with serving(scripted(HI), models=["one"]) as server:
        heard(writer(server, model=""))
        assert server.bodies[0]["model"] == "one"
    with serving(scripted(HI), models=["one", "two"]) as server, pytest.raises(ConfigError, match="one, two"):
        heard(writer(server, model=""))


def test_pictures_are_sent_as_they_are() -> None:
    with serving(lambda number, body: seeing(number, body, HI)) as server:
        talk = writer(server)
        heard(talk, SEEN)
        heard(talk, SEEN)
        assert [pictures(body) for body in server.bodies] == [1] * 4, "it is tried once, with two pictures"
        (shown, text) = server.bodies[2]["messages"][0]["content"]
    assert text == {"type": "text", "text": "What is it?"}
    data = base64.b64decode(shown["image_url"]["url"].removeprefix("data:image/jpeg;base64,"))
    assert np.abs(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR).astype(int) - 90).max() <= 2


@pytest.mark.parametrize(
    ("status", "message"),
    [(400, "tiny is not a multimodal model"), (500, "image input is not supported - hint: provide the mmproj")],
)
def test_a_model_that_takes_no_pictures_is_told_in_words_from_then_on(
    status: int, message: str, caplog: pytest.LogCaptureFixture
) -> None:
    refused = Said([f'{{"error": {{"message": "{message}"}}}}'], status)
    with serving(lambda _, body: refused if pictures(body) else HI) as server, caplog.at_level(logging.WARNING):
        talk = writer(server)
        assert [heard(talk, SEEN)[0] for _ in range(3)] == ["Hi there."] * 3
        assert not talk.sees()
        assert [pictures(body) for body in server.bodies] == [1, 0, 0, 0, 0], (
            "the trial, the same in words, three answers"
        )
    assert sum("takes no pictures" in line for line in caplog.messages) == 1


@pytest.mark.parametrize(
    "failure",
    [
        Said(raw=b""),
        Said(raw=b'data: {"error": {"message": "can only concatenate str"}}\n\n'),
        Said(['{"error": {"message": "can only concatenate str"}}'], 500),
    ],
    ids=["breaks off", "an error in the stream", "an error"],
)
def test_a_server_that_fails_at_pictures_is_told_in_words(failure: Said, caplog: pytest.LogCaptureFixture) -> None:
    with serving(lambda _, body: failure if pictures(body) else HI) as server:
        talk = writer(server)
        assert [heard(talk, SEEN)[0] for _ in range(2)] == ["Hi there."] * 2
        assert [pictures(body) for body in server.bodies[-3:]] == [1, 0, 0]
    assert sum("fails at pictures" in line for line in caplog.messages) == 1


def test_a_server_that_failed_once_is_not_taken_for_blind() -> None:
    def answer(number: int, body: dict[str, Any]) -> Said:
        if number == 0:
            return Said(raw=b"")
        return seeing(number, body, HI) if pictures(body) else HI

    with serving(answer) as server:
        assert writer(server).sees()
        assert [pictures(body) for body in server.bodies] == [1, 0, 1, 1]


def test_a_server_that_fails_at_everything_is_an_error() -> None:
    with serving(lambda *_: Said(raw=b"")) as server, pytest.raises(ServerError, match="breaks off"):
        writer(server).sees()


def test_a_server_that_passes_over_pictures_is_found_out(caplog: pytest.LogCaptureFixture) -> None:
    with serving(lambda _, body: Said(["Red."]) if "Which colour" in words(body) else HI) as server:
        talk = writer(server)
        assert heard(talk, SEEN)[0] == "Hi there."
        assert [pictures(body) for body in server.bodies] == [1, 1, 0]
    assert caplog.messages == [f"tiny at {server.address} does not see pictures: it is told the facts in words alone"]


def test_a_server_that_is_told_to_see_is_not_tried() -> None:
    with serving(scripted(HI)) as server:
        heard(writer(server, pictures="yes"), SEEN)
        assert [pictures(body) for body in server.bodies] == [1]


def test_pictures_that_are_asked_for_are_not_left_out() -> None:
    refused = Said(['{"error": {"message": "no images please"}}'], 400)
    with serving(scripted(refused)) as server, pytest.raises(ServerError, match="no images please"):
        heard(writer(server, pictures="yes"), SEEN)


def test_no_pictures_are_sent_where_none_are_wanted() -> None:
    with serving(scripted(HI)) as server:
        heard(writer(server, pictures="no"), SEEN)
        assert pictures(server.bodies[0]) == 0


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_busy_server_is_asked_again(status: int) -> None:
    with serving(scripted(Said(["busy"], status, {"Retry-After": "0"}), Said(["busy"], status), HI)) as server:
        assert heard(writer(server))[0] == "Hi there."
        assert len(server.bodies) == 3


def test_a_server_says_how_long_to_wait() -> None:
    with serving(scripted(Said(["busy"], 429, {"Retry-After": "1"}), HI)) as server:
        began = time.monotonic()
        heard(writer(server))
        assert time.monotonic() - began >= 1.0


def test_a_server_that_wants_a_day_is_given_up() -> None:
    with serving(scripted(Said(["quota"], 429, {"Retry-After": "86400"}))) as server:
        began = time.monotonic()
        with pytest.raises(ServerError, match="429"):
            heard(writer(server))
        assert time.monotonic() - began < 10
        assert len(server.bodies) == 1


def test_what_a_server_does_not_know_is_left_out() -> None:
    def picky(_: int, body: dict[str, Any]) -> Said:
        for name, told in (
            ("seed", "seed"),
            ("max_tokens", "use max_completion_tokens"),
            ("response_format", "json_schema"),
        ):
            if name in body:
                return Said([f'{{"error": {{"message": "unknown: {told}"}}}}'], 400)
        return HI

    with serving(picky) as server:
        talk = writer(server)
        assert heard(talk, choices=("a", "b"))[0] == "Hi there."
        assert len(server.bodies) == 4
        assert server.bodies[-1]["max_completion_tokens"] > 0
        heard(talk, choices=("a", "b"))
        assert len(server.bodies) == 5, "and is not tried again"


def test_choices_are_asked_for_as_a_schema() -> None:
    with serving(scripted(Said(['{"answer": "crack"}']))) as server:
        heard(writer(server), choices=("crack", "stain"))
        schema = server.bodies[0]["response_format"]["json_schema"]["schema"]
    assert schema["properties"]["answer"]["enum"] == ["crack", "stain"]


def test_a_server_that_is_down_is_one_line_and_is_left_alone_for_a_while() -> None:
    with serving(scripted(HI)) as server:
        address = server.address
    talk = writer(address)
    with pytest.raises(ServerError, match="start it, or check --language") as caught:
        heard(talk)
    assert "\n" not in str(caught.value)
    began = time.monotonic()
    with pytest.raises(ServerError):
        heard(talk)
    assert time.monotonic() - began < 0.5


def test_a_server_that_came_back_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tries, "REST", 0.0)
    with serving(scripted(*[Said(["no"], 503)] * tries.TRIES, HI)) as server:
        talk = writer(server)
        with pytest.raises(ServerError, match="503"):
            heard(talk)
        assert heard(talk)[0] == "Hi there."


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (Said(["Hi"], finish=None), "breaks off"),
        (Said(raw=b"data: {nonsense\n\n"), "JSON"),
        (Said(raw=b"data: [1]\n\n"), "chat completion"),
        (Said(raw=b'data: {"error": {"message": "out of memory"}}\n\n'), "out of memory"),
        (Said(raw=b"<html>hello</html>"), "breaks off"),
        (Said(raw=b'data: {"a": "' + b"x" * (5 * 2**20) + b'"}\n\n'), "at most 4 MiB"),
        (Said(['{"error": {"message": "no such model"}}'], 404), "no such model"),
        (Said(["{"], 400), "status 400"),
    ],
)
def test_what_a_server_should_not_send(said: Said, told: str) -> None:
    with serving(scripted(said)) as server, pytest.raises(ServerError, match=told):
        heard(writer(server))


def test_bytes_that_are_no_text_do_not_end_the_answer() -> None:
    event = b'data: {"choices": [{"delta": {"content": "caf\xe9"}, "finish_reason": "stop"}]}\n\n'
    with serving(scripted(Said(raw=event))) as server:
        assert heard(writer(server))[0] == "caf\ufffd"


def test_a_redirect_is_told_and_not_followed() -> None:
    with serving(scripted(HI)) as other:
        away = Said(status=307, headers={"Location": f"{other.address}/chat/completions"})
        with serving(scripted(away)) as server, pytest.raises(ServerError, match="redirect"):
            heard(writer(server))
        assert other.bodies == []


def test_a_silent_server_is_given_up_and_a_reader_leaves_at_once() -> None:
    with serving(scripted(Said(["Hi"] * 50, pause=0.3))) as server:
        quick = ServerWriter(Requests(server.address, {}, silence=0.1), chosen_language(server.address, model="tiny"))
        with pytest.raises(ServerError, match="timed out"):
            heard(quick)
        stop, began = threading.Event(), time.monotonic()
        pieces = writer(server).write(HELLO, stop=stop)
        assert next(pieces) == "Hi"
        stop.set()
        assert list(pieces) == []
        assert time.monotonic() - began < 2


def test_the_key_is_sent_and_never_said(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setenv(KEY, "sk-secret")
    with serving(scripted(Said(['{"error": "wrong key sk-secret"}'], 401))) as server:
        talk = writer(server)
        with caplog.at_level(logging.DEBUG), pytest.raises(ServerError, match=KEY) as caught:
            heard(talk)
        assert server.headers[0]["Authorization"] == "Bearer sk-secret"
    told = " ".join([str(caught.value), repr(caught.value), *caplog.messages, talk.name])
    assert "sk-secret" not in told


def test_no_proxy_of_the_environment_sees_what_is_asked_on_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(scripted(HI)) as proxy, serving(scripted(HI)) as server:
        monkeypatch.setenv("HTTP_PROXY", proxy.address)
        monkeypatch.setenv("http_proxy", proxy.address)
        heard(writer(server))
        assert (len(server.bodies), len(proxy.bodies)) == (1, 0)


def test_many_at_once_get_their_own_answers() -> None:
    from concurrent.futures import ThreadPoolExecutor

    def echo(_: int, body: dict[str, Any]) -> Said:
        return Said([words(body)[:3], words(body)[3:]], pause=0.005)

    with serving(echo) as server:
        talk = writer(server)
        asked = [f"question {number}" for number in range(200)]
        with ThreadPoolExecutor(16) as pool:
            answers = list(pool.map(lambda q: heard(talk, (Message("user", q),))[0], asked))
        assert answers == asked
        assert 2 <= server.most_at_once <= 16
