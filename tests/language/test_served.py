"""An assistant whose words come from a server: behind every door, in order, and with what was measured while it is down."""

from __future__ import annotations

import json
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from assistant.batch import run
from assistant.cli import app as cli
from assistant.errors import ConfigError
from assistant.language.chat_model import UNHEARD
from assistant.language.choice import KEY, chosen_language
from assistant.language.writers import requests as tries
from assistant.pipeline import Assistant
from assistant.report import to_line
from demo.bench.conversations import open_conversation
from demo.loading import load_assistant, warm_language
from demo.settings import Settings
from tests.inspections import inspection, region
from tests.language.writers.chat_server import Said, serving, words

WHY = "What could have caused the crack?"
TRUE = "It may have come from overload or impact."
CRACKED = inspection(0.93, (region(1, ("top left",), "crack", 0.72, 0.031, 0.97),))


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tries, "FIRST_WAIT", 0.01)
    monkeypatch.setattr(tries, "REST", 0.0)


def served(address: str, **options: Any) -> Assistant:
    return Assistant.load("tiny", language=chosen_language(address, model="tiny", **options))


def test_a_conversation_in_a_servers_words() -> None:
    with serving(lambda *_: Said([f"{word} " for word in TRUE.split(" ")])) as server:
        talk = served(server.address).open(CRACKED)
        assert talk.ask(WHY).text == TRUE
        assert talk.ask("How many defects are there?").text.startswith("One")
        assert len(server.bodies) == 1, "what is measured is not asked for"
        told = "".join(m["content"] for m in server.bodies[0]["messages"])
        assert "most like crack (72 % sure)" in told


def test_lettered_options_are_chosen_from_and_checked() -> None:
    question = "What kind of defect is it?\nA. stain\nB. crack\nAnswer with the letter."
    with serving(lambda *_: Said(['{"answer": ', '"stain"}'])) as server:
        answer = served(server.address).open(CRACKED).ask(question)
        assert server.bodies[0]["response_format"]["type"] == "json_schema"
    assert "B" in answer.text, "the map says crack"
    with serving(lambda *_: Said(['{"answer": "crack"}'])) as server:
        assert served(server.address).open(CRACKED).ask(question).text == "crack"


def test_without_facts_where_the_evidence_is_off() -> None:
    with serving(lambda *_: Said(["A crack."])) as server:
        served(server.address).open(CRACKED, "off").ask("What do you see?")
        assert "Region 1" not in json.dumps(server.bodies[0])
        served(server.address).open(CRACKED, "both").ask("What do you see?")
        assert "Region 1" in json.dumps(server.bodies[1])


def test_a_server_that_dies_and_comes_back_in_a_conversation(caplog: pytest.LogCaptureFixture) -> None:
    with serving(lambda *_: Said([TRUE])) as server:
        talk = served(server.address).open(CRACKED)
        assert talk.ask(WHY).text == TRUE
    down = talk.ask(WHY)
    assert down.text.endswith(UNHEARD)
    assert "overload" in down.text
    lettered = talk.ask("What kind is it?\nA. stain\nB. crack")
    assert lettered.text.endswith(UNHEARD)
    assert not lettered.contradictory
    assert len(caplog.messages) == 1
    assert "model server" in caplog.messages[0]
    with serving(lambda *_: Said(["Overload may be the cause."]), port=int(server.address.split(":")[2][:-3])):
        assert talk.ask(WHY).text == "Overload may be the cause."


def test_many_pictures_at_once_keep_their_own_answers() -> None:
    kinds = ("crack", "dent", "stain", "hole", "chip", "scratch")

    def answer(_: int, body: dict[str, Any]) -> Said:
        system = body["messages"][0]["content"]
        kind = next(k for k in kinds if f"most like {k} " in system)
        return Said([f"This {kind} may ", f"be looked at: {words(body)[:4]}."], pause=0.02)

    found = [inspection(0.93, (region(1, ("centre",), kinds[n % 6]),)) for n in range(30)]
    with serving(answer) as server:
        answers = served(server.address, in_flight=8).ask_together(found, ["Why do you think so?", WHY])
        assert 2 <= server.most_at_once <= 8
    for n, (first, second) in enumerate(answers):
        assert kinds[n % 6] in first.text
        assert (first.question, second.question) == ("Why do you think so?", WHY)
        other = {k for k in kinds if k in first.text} - {kinds[n % 6]}
        assert not other


def test_a_run_goes_on_while_the_server_is_down(tmp_path: Path, pictures: Path) -> None:
    with serving(lambda *_: Said([TRUE])) as server:
        chosen = chosen_language(server.address, model="tiny")
    rows = list(run([pictures], tmp_path / "out", preset="tiny", language=chosen, questions=(WHY,), workers=0))
    assert [row["error"] for row in rows] == [None] * 3
    assert all(row["answers"][0]["answer"].endswith(UNHEARD) for row in rows)
    assert {row["answers"][0]["words_of"] for row in rows} == {"model_unreachable"}


def test_a_run_whose_model_is_not_named_ends_and_does_not_fill_its_rows_with_errors(
    tmp_path: Path, pictures: Path
) -> None:
    with serving(lambda *_: Said([TRUE]), models=["a", "b"]) as server:
        chosen = chosen_language(server.address)
        options = {
            "preset": "tiny",
            "language": chosen,
            "questions": ("Say what is odd, in your own words.",),
            "workers": 0,
        }
        with pytest.raises(ConfigError, match="a, b"):
            list(run([pictures], tmp_path / "out", **options))


def test_a_lettered_question_to_a_server_that_is_down_is_told_too(caplog: pytest.LogCaptureFixture) -> None:
    served("http://127.0.0.1:1/v1").open(CRACKED).ask("What kind is it?\nA. stain\nB. crack")
    assert len(caplog.messages) == 1


def test_the_page_talks_in_the_words_of_a_server_and_opens_while_it_is_down() -> None:
    with serving(lambda *_: Said([TRUE])) as server:
        settings = Settings(preset="tiny", language=chosen_language(server.address, model="tiny"))
        assistant = load_assistant(settings)
        warm_language(assistant)
        assert server.bodies, "the first word is written before anybody asks"
        assert [a.text for a in open_conversation(assistant, CRACKED).stream(WHY)][-1] == TRUE
    warm_language(assistant)


def test_embeddings_are_nothing_that_a_server_can_be_told() -> None:
    talk = served("http://127.0.0.1:1/v1").open(CRACKED, "embeddings")
    with pytest.raises(ConfigError, match="off, text or both"):
        talk.ask(WHY)


def asked(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr(sys, "argv", ["anomaly-assistant", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return int(ended.value.code or 0)


@pytest.mark.parametrize("command", ["inspect", "ask", "batch"])
def test_commands_take_a_server_and_say_nothing_of_its_key(
    command: str, tmp_path: Path, pictures: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(KEY, "sk-secret")
    (tmp_path / "q.txt").write_text("Say what is odd, in your own words.\n")
    more: dict[str, list[object]] = {
        "inspect": [pictures / "a.png"],
        "ask": [pictures / "a.png", "Say what is odd, in your own words."],
        "batch": [pictures, "--out", tmp_path / "out", "--questions", tmp_path / "q.txt", "--workers", "0"],
    }
    with serving(lambda *_: Said(["Something may be odd."])) as server:
        options = ["--preset", "tiny", "--json", "--language", server.address, "--model", "tiny", "--in-flight", "2"]
        assert asked(monkeypatch, command, *more[command], *options) == 0
        assert bool(server.bodies) is (command != "inspect")
    out, err = capfd.readouterr()
    written = "".join(p.read_text() for p in (tmp_path / "out").glob("*.json*")) if command == "batch" else ""
    assert "sk-secret" not in out + err + written


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--language", "http://10.1.2.3/v1"], "--allow-remote"),
        (["--model", "a"], "--language"),
        (["--language", "http://127.0.0.1:1/v1", "--no-language"], "--no-language"),
        (["--language", "nowhere/at/all"], "check the path"),
        (["--allow-remote"], "--language"),
    ],
)
def test_options_that_do_not_go_together(
    options: list[str], told: str, pictures: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert asked(monkeypatch, "ask", pictures / "a.png", "Why?", "--preset", "tiny", *options) == 2
    assert told in capsys.readouterr().err


def test_what_leaves_the_machine_is_told(
    pictures: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--preset", "tiny", "--language", "http://192.0.2.1:9/v1", "--allow-remote"]
    assert asked(monkeypatch, "inspect", pictures / "a.png", *options) == 0
    note = capsys.readouterr().err
    assert note.count("note: the picture, its overlay and crops") == 1
    assert "sent to 192.0.2.1" in note


def test_no_language_is_what_was_measured(
    pictures: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert asked(monkeypatch, "ask", pictures / "a.png", "Why?", "--preset", "mini-is-not-loaded", "--no-language") == 2
    capsys.readouterr()
    assert asked(monkeypatch, "ask", pictures / "a.png", WHY, "--preset", "tiny", "--no-language", "--json") == 0
    assert json.loads(capsys.readouterr().out)["answers"][0]["answer"]


def test_one_conversation_is_stopped_at_once() -> None:
    with serving(lambda *_: Said(["It may come ", "from overload. "] * 40, pause=0.2)) as server:
        stop = threading.Event()
        answers = served(server.address).open(CRACKED).stream(WHY, stop=stop)
        stop.set()
        assert to_line({"text": [one.text for one in answers][-1]})


def test_a_servers_models_are_told_where_none_is_named() -> None:
    with serving(lambda *_: Said([TRUE]), models=["a", "b"]) as server:
        talk = Assistant.load("tiny", language=server.address).open(CRACKED)
        with pytest.raises(ConfigError, match="a, b"):
            talk.ask(WHY)
