"""The terminal conversation: questions, commands, streaming, what Ctrl-C and Ctrl-D do. Lines are scripted."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from rich.console import Console

from assistant.cli.chat import TerminalChat
from assistant.errors import ImageError
from assistant.inquiry import Inquiry
from assistant.request import Request
from assistant.types import Answer, Inspection, QueryImage
from assistant.words.scene.dialogue_state import Earlier
from tests.inspections import inspection, region


class Whole:
    """Answers whole; finds a scratch in every picture. Remembers what it was asked."""

    def __init__(self) -> None:
        self.inspected: list[str] = []
        self.asked: list[list[str]] = []
        self.references: list[int] = []

    def examine(self, image: QueryImage, inquiry: Inquiry, profile: Any) -> Inspection:
        self.inspected.append(Path(image.source).name)
        found = inspection(0.9, (region(1),))
        return Inspection(**{**vars(found), "image": image})

    def comparison(
        self,
        inquiry: Inquiry,
        references: Sequence[QueryImage],
        anomalous: Sequence[Any],
        profile: Any,
        *,
        fit: bool = False,
        progress: object = None,
    ) -> Any:
        if references:
            self.references.append(len(references))
        return profile

    def examples(self, given: Any) -> None:
        return None

    def caption(self, inspection: Inspection) -> str:
        return "It looks anomalous."

    def open(self, inspection: Inspection, others: Sequence[Earlier] = ()) -> Whole:
        self.others = [one.name.rpartition("/")[2] for one in others]
        self.asked.append([])
        return self

    def stream(self, question: str, *, stop: Event) -> Iterator[Answer]:
        self.asked[-1].append(question)
        self.stop = stop
        if question == "Stop!":
            raise KeyboardInterrupt
        yield Answer(question, f"Reply to {question}", None, question == "Wrong?")


class Streaming(Whole):
    """Answers in pieces; the last may be another answer."""

    def stream(self, question: str, *, stop: Event) -> Iterator[Answer]:
        self.asked[-1].append(question)
        self.stop = stop
        yield Answer(question, "It is")
        if question == "Stop!":
            raise KeyboardInterrupt
        end = "at the bottom right\x1b[2J." if question == "Wrong?" else "at the top left."
        yield Answer(question, f"It is {end}", None, question == "Wrong?")
        if question == "Checked?":
            yield Answer(question, "At the centre.", None, True)


Talk = Callable[..., str]


@pytest.fixture
def talk(pictures: Path) -> Talk:
    """A conversation of scripted lines about ``a.png``; what was printed."""

    def run(assistant: Whole, *lines: str | type[BaseException], request: Request | None = None) -> str:
        out = io.StringIO()
        waiting = iter(lines)

        def read(prompt: str) -> str:
            assert prompt == "? "
            line = next(waiting, EOFError)
            if isinstance(line, str):
                return line.replace("PICTURES", str(pictures))
            raise line

        console = Console(file=out, width=400, highlight=False)
        chat = TerminalChat(assistant, str(pictures / "a.png"), request or Request(), console, read)  # type: ignore[arg-type]
        chat.run()
        assert next(waiting, None) is None, "the conversation ended before the lines did"
        return out.getvalue()

    return run


def test_questions_are_one_conversation(talk: Talk) -> None:
    assistant = Whole()
    said = talk(assistant, "Where?", "", "  Why?  ")
    assert assistant.asked == [["Where?", "Why?"]]
    assert said.index("It looks anomalous.") < said.index("Reply to Where?") < said.index("Reply to Why?")


def test_contradictions_are_marked(talk: Talk) -> None:
    assert "Reply to Wrong?  [contradicts the evidence]" in talk(Whole(), "Wrong?")
    said = talk(Streaming(), "Wrong?")
    assert "at the bottom right[2J.  [contradicts the evidence]" in said
    assert "\x1b" not in said
    assert "[contradicts" not in talk(Streaming(), "Where?")
    assert "[contradicts" in talk(Streaming(), "Checked?")


def test_a_streamed_answer_is_printed_once(talk: Talk) -> None:
    assistant = Streaming()
    said = talk(assistant, "Where?")
    assert said.count("It is at the top left.") == 1
    assert assistant.stop.is_set()
    said = talk(assistant, "Checked?")
    assert said.index("It is at the top left.") < said.index("At the centre.")


@pytest.mark.parametrize("kind", [Whole, Streaming])
def test_ctrl_c_stops_the_answer_alone(talk: Talk, kind: type[Whole]) -> None:
    assistant = kind()
    said = talk(assistant, KeyboardInterrupt, "Stop!", "Where?")
    assert "Ctrl-D or /quit leaves." in said
    assert "[stopped]" in said
    assert assistant.asked[-1] == ["Stop!", "Where?"]
    assert assistant.stop.is_set()


def test_quit_and_the_end_of_input_leave(talk: Talk) -> None:
    for lines in (("/quit",), (EOFError,), ("/QUIT",)):
        assert "Ask, or /help." in talk(Whole(), *lines)


def test_another_picture_starts_anew(talk: Talk) -> None:
    assistant = Whole()
    talk(assistant, "Where?", "/image 'PICTURES/b.png'", "Why?")
    assert assistant.inspected == ["a.png", "b.png"]
    assert assistant.asked[-1] == ["Why?"]


def test_references_are_added_to_those_there(talk: Talk, pictures: Path) -> None:
    assistant = Whole()
    request = Request(references=(str(pictures / "b.png"),))
    talk(assistant, "/reference PICTURES/deeper", "Where?", request=request)
    assert assistant.references == [1, 2]
    assert assistant.inspected == ["a.png", "a.png"]


def test_bad_commands_are_one_line_and_change_nothing(talk: Talk) -> None:
    assistant = Whole()
    bad = ("/image PICTURES/none.png", "/image", "/reference PICTURES/none.png", "/reference", "/dance")
    said = talk(assistant, "Where?", *bad, "Why?")
    assert [line.partition(":")[0] for line in said.splitlines()].count("error") == len(bad)
    assert "expected one of /image, /reference, /report, /help, /quit, got /dance" in said
    assert assistant.asked[-1] == ["Where?", "Why?"]


def test_a_profile_and_a_reference_do_not_go_together(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assistant.request.load_profile", lambda path: None)
    said = talk(Whole(), "/reference PICTURES/b.png", request=Request(profile="p.safetensors"))
    assert "error: expected references or a profile, got both" in said


def test_reports(talk: Talk, tmp_path: Path) -> None:
    target = tmp_path / "deep" / "report.json"
    said = talk(Whole(), "Where?", "/report", f"/report {target}")
    assert "Region 1, at the top left, covers 3.0 % of the picture" in said
    row = json.loads(target.read_text())
    assert row["answers"] == [
        {
            "question": "Where?",
            "answer": "Reply to Where?",
            "stated_verdict": None,
            "contradictory": False,
            "words_of": None,
        }
    ]
    assert f"-> {target}" in said


def test_help_names_every_command(talk: Talk) -> None:
    said = talk(Whole(), "/help")
    assert all(name in said for name in ("/image", "/reference", "/report", "/help", "/quit", "Ctrl-C", "Ctrl-D"))


def test_a_first_picture_that_cannot_be_read_is_an_error(pictures: Path) -> None:
    with pytest.raises(ImageError):
        TerminalChat(Whole(), str(pictures / "none.png"), Request(), Console(file=io.StringIO()), input)  # type: ignore[arg-type]
