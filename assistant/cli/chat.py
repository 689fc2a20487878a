"""A conversation about pictures in a terminal: reads lines, answers or obeys, prints. Decides nothing about pictures.

A line is a question, or a command that starts with a stroke. Ctrl-C stops an answer, Ctrl-D leaves.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.text import Text

from assistant import report
from assistant.cli.console import show_inspection
from assistant.cli.profile import tell_faults
from assistant.errors import AssistantError, ConfigError
from assistant.request import Inspector, Request
from assistant.types import Answer, Inspection
from assistant.vocabulary.knowledge import load_knowledge
from assistant.words.evidence import caption
from assistant.words.scene.dialogue_state import Earlier

if TYPE_CHECKING:
    from assistant.pipeline import Assistant

HELP = """\
A question is answered from what the anomaly map says. Commands:
/image PATH      inspect another picture; the conversation starts anew
/reference PATH  add a normal picture or folder, and inspect again
/report [FILE]   the finding in full; with FILE as JSON, answers included
/help            this text
/quit            leave (also Ctrl-D); Ctrl-C stops an answer"""
PROMPT = "? "


class TerminalChat:
    """A conversation about one picture at a time.

    Args:
        assistant: loaded; its conversation on each picture is opened when the picture is inspected.
        image: first picture.
        request: options of every inspection.
        console: printed on.
        ask_user: shows a prompt and returns the line; EOFError ends the conversation.

    Raises:
        AssistantError: the first picture or the request cannot be used.
    """

    def __init__(
        self, assistant: Assistant, image: str, request: Request, console: Console, ask_user: Callable[[str], str]
    ) -> None:
        self._assistant, self._console, self._ask_user = assistant, console, ask_user
        self._commands: dict[str, Callable[[str], bool]] = {
            "/image": self._open,
            "/reference": self._add_reference,
            "/report": self._report,
            "/help": self._help,
            "/quit": lambda _: False,
        }
        self.answers: list[Answer] = []
        self._earlier: list[Earlier] = []
        self._inspector: Inspector | None = None
        self._look(image, request, None)

    def run(self) -> None:
        """Talk until the user leaves."""
        self._console.print(Text("Ask, or /help.", style="dim"))
        going = True
        while going:
            try:
                line = self._ask_user(PROMPT).strip()
            except EOFError:
                self._console.print()
                return
            except KeyboardInterrupt:
                self._console.print(Text("Ctrl-D or /quit leaves.", style="dim"))
                continue
            try:
                going = self._obey(line) if line.startswith("/") else self._answer(line)
            except KeyboardInterrupt:
                self._console.print(Text(" [stopped]", style="yellow"))
            except (AssistantError, OSError) as error:
                self._say_error(error)

    def _obey(self, line: str) -> bool:
        name, _, rest = line.partition(" ")
        command = self._commands.get(name.lower())
        if command is None:
            raise ConfigError(f"one of {', '.join(self._commands)}", name, "/help says what they do")
        return command(_unquoted(rest))

    def _answer(self, question: str) -> bool:
        if not question:
            return True
        answer = self._streamed(question)
        if answer.contradictory:
            self._print("  [contradicts the evidence]", "bold yellow")
        self._console.print()
        self.answers.append(answer)
        return True

    def _streamed(self, question: str) -> Answer:
        """Print the answer as it grows; where the checked answer differs from what was printed, print it anew."""
        said, stop = "", Event()
        answer = Answer(question, "")
        try:
            for answer in self._talk.stream(question, stop=stop):
                if answer.text.startswith(said):
                    self._print(answer.text[len(said) :])
                else:
                    self._console.print()
                    self._print(answer.text)
                said = answer.text
        finally:
            stop.set()
        return answer

    def _open(self, path: str) -> bool:
        self._look(_named(path, "/image part.png"), self._request, self._inspector)
        return True

    def _add_reference(self, path: str) -> bool:
        added = _named(path, "/reference normal.png")
        inquiry = self._request.inquiry
        if inquiry.mode == "zero-shot":
            inquiry = replace(inquiry, mode="auto")
        request = replace(self._request, references=(*self._request.references, added), inquiry=inquiry)
        self._look(self.inspection.image.source, request, None)
        return True

    def _look(self, image: str, request: Request, inspector: Inspector | None) -> None:
        """Inspect, and only then let go of what was before."""
        with self._console.status(f"inspecting {image}"):
            inspector = inspector or Inspector(self._assistant, request)
            found = inspector.inspect(image)
        if self._inspector is not None:
            self._earlier.append(Earlier(self.inspection.image.source, self.inspection))
        self.inspection: Inspection = found
        if inspector is not self._inspector:
            tell_faults(inspector.profile, inspector.notes)
        self._inspector, self._request, self.answers = inspector, request, []
        self._talk = self._assistant.open(self.inspection, others=[one for one in self._earlier if one.name != image])
        show_inspection(self._console, self.inspection, self._assistant.caption(self.inspection))

    def _report(self, path: str) -> bool:
        words = caption(self.inspection, load_knowledge(), "full")
        if not path:
            show_inspection(self._console, self.inspection, words)
            return True
        target = Path(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(report.to_line(self.row(words)) + "\n", encoding="utf-8")
        self._console.print(Text(f"-> {target}", style="dim"), soft_wrap=True)
        return True

    def row(self, words: str | None = None) -> dict[str, Any]:
        """The inspection and the conversation on it, by the contract of :mod:`assistant.report`."""
        words = self._assistant.caption(self.inspection) if words is None else words
        return report.inspection_row(self.inspection, caption=words, answers=self.answers)

    def _help(self, _: str) -> bool:
        self._console.print(Text(HELP))
        return True

    def _print(self, text: str, style: str = "") -> None:
        """Words of a model, without control characters."""
        plain = "".join(c for c in text if c.isprintable() or c == "\n")
        self._console.print(Text(plain, style=style), end="", soft_wrap=True)

    def _say_error(self, error: Exception) -> None:
        self._console.print(Text(f"error: {' '.join(str(error).split())}", style="red"), soft_wrap=True)


def _named(path: str, example: str) -> str:
    if not path:
        raise ConfigError("a path after the command", "none", f"write {example}")
    return path


def _unquoted(path: str) -> str:
    """A path as a person types or drops it: without quotes around it, the home folder written out."""
    path = path.strip()
    if len(path) > 1 and path[0] == path[-1] and path[0] in "'\"":
        path = path[1:-1]
    return os.path.expanduser(path)


def user_lines(console: Console) -> Callable[[str], str]:
    """A reader of standard input: with line history in a terminal; from a pipe or file the lines are shown as well."""
    import contextlib

    if not sys.stdin.isatty():

        def piped(prompt: str) -> str:
            line = input()
            console.print(Text(f"{prompt}{line}"))
            return line

        return piped
    with contextlib.suppress(ImportError):  # arrow keys and history, where the platform has them
        import_module("readline")
    if not console.stderr:
        return input

    def beside(prompt: str) -> str:
        console.print(Text(prompt), end="")
        return input()

    return beside
