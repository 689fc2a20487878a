"""What the site says of the code, made from the code when it is built: commands, their options, one line a file.

MkDocs calls ``on_page_markdown``; a page holds ``<!-- commands -->``, ``<!-- options -->`` or ``<!-- rooms -->``.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PACKAGES = ("assistant", "training", "data_builders", "demo")


def on_page_markdown(markdown: str, **_: Any) -> str:
    """The page with its marks replaced."""
    for mark, make in MARKS.items():
        if mark in markdown:
            markdown = markdown.replace(mark, "\n".join(make()))
    return markdown


def commands() -> Iterator[str]:
    """A table of every command, under the headings of ``--help``."""
    yield from ("| command | what |", "|---|---|")
    for name, command in _tree():
        yield f"| `{name}` | {_line(command.help)} |"


def options() -> Iterator[str]:
    """A table of options for each command whose options typer knows; the others show theirs with ``--help``."""
    for name, command in _tree():
        told = [one for one in command.params if one.name != "help" and not getattr(one, "hidden", False)]
        if told:
            yield from (f"### {name}", "", _line(command.help), "", "| option | what |", "|---|---|")
            for one in told:
                names = (
                    one.metavar or one.name.upper()
                    if one.param_type_name == "argument"
                    else ", ".join((*one.opts, *one.secondary_opts))
                )
                yield f"| `{names.replace('|', '/')}` | {_line(one.help)} |"
            yield ""


def rooms() -> Iterator[str]:
    """For each folder of the packages a heading, what it is for, and a line for each file in it."""
    for package in PACKAGES:
        for home in sorted(path.parent for path in (ROOT / package).rglob("__init__.py")):
            text = _docstring(home / "__init__.py")
            listed = dict(re.findall(r"^ *(\w+) +(.+)$", text, re.MULTILINE))
            room = home.relative_to(ROOT).as_posix()
            yield from (f"## {room}" if home.name == package else f"### {room}", "", _line(text), "")
            files = [path for path in sorted(home.glob("*.py")) if not path.stem.startswith("__")]
            yield from ("| file | what |", "|---|---|") if files else ()
            for path in files:
                yield f"| `{path.name}` | {listed.get(path.stem) or _line(_docstring(path))} |"
            yield ""


def _tree() -> Iterator[tuple[str, Any]]:
    import typer

    from assistant.cli.app import app

    top: Any = typer.main.get_command(app)
    for name in top.list_commands(None):
        command = top.get_command(None, name)
        inner = getattr(command, "commands", None)
        yield from ((f"{name} {below}", one) for below, one in inner.items()) if inner else [(name, command)]


def _docstring(path: Path) -> str:
    return ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""


def _line(text: str | None) -> str:
    """The first paragraph up to its first full stop, as a cell of a table."""
    first = " ".join((text or "").split("\n\n")[0].split())
    return re.split(r"(?<=[.]) (?=[A-Z])", first)[0].rstrip(".").replace("|", "\\|").replace("``", "`")


MARKS: dict[str, Callable[[], Iterator[str]]] = {
    "<!-- commands -->": commands,
    "<!-- options -->": options,
    "<!-- rooms -->": rooms,
}
