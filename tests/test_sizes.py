"""Functions are short enough to be read at once, and take few enough arguments to be called without counting them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("assistant", "training", "data_builders", "demo")
LINES = 50
"""A function has at most so many, its docstring apart."""
ARGUMENTS, MOST_ARGUMENTS, EXCEPTIONS = 6, 10, 8
"""A function takes at most so many arguments; those of a short list may take more, up to the second number."""
WITH_MORE = {
    "assistant/language/checked_answers.py: _checked": "an answer, with what earlier steps found of it",
    "assistant/vision/localizer.py: Localizer.__init__": "hyperparameters of the model, one each",
    "data_builders/annotated.py: from_annotations": "options of a conversion, one each",
    "data_builders/build.py: build": "options of a build; most calls give three",
    "demo/bench/pictures.py: Pictures.add": "each door knows other things of where a picture is from",
    "training/localizer/fresh_stage.py: FreshStage.__init__": "what is trained, on what, and how it is drawn",
}
DECLARING = frozenset({"Option", "Argument", "Form", "File", "Path"})
"""What typer and FastAPI call an option of a command and a field of a route."""
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Size:
    """Of a function.

    Args:
        name: file and dotted name.
        lines: without those of its docstring.
        arguments: without ``self``, ``cls``, ``*rest`` and ``**rest``, and without options of a command and fields of a route,
            which no caller passes: they are declared once, as parameters, and filled in by the framework.
    """

    name: str
    lines: int
    arguments: int


def sizes_of(source: str, path: str) -> Iterator[Size]:
    """Of every function of a module, methods and functions inside functions among them."""
    module = ast.parse(source)
    aliases = {
        target.id
        for statement in module.body
        if isinstance(statement, ast.Assign) and _declares(statement.value, frozenset())
        for target in statement.targets
        if isinstance(target, ast.Name)
    }

    def below(node: ast.AST, outer: tuple[str, ...]) -> Iterator[Size]:
        for child in ast.iter_child_nodes(node):
            named = (*outer, child.name) if isinstance(child, Function | ast.ClassDef) else outer
            if isinstance(child, Function):
                yield Size(f"{path}: {'.'.join(named)}", lines_of(child), arguments_of(child, frozenset(aliases)))
            yield from below(child, named)

    yield from below(module, ())


def lines_of(function: Function) -> int:
    """From ``def`` to the end, decorators and docstring apart."""
    documented = [function.body[0]] if ast.get_docstring(function, clean=False) is not None else []
    return _height(function) - sum(map(_height, documented))


def arguments_of(function: Function, aliases: frozenset[str]) -> int:
    """As :class:`Size` counts them; ``aliases``: names that stand for the annotation of an option or a field."""
    given = function.args
    named = [*given.posonlyargs, *given.args, *given.kwonlyargs]
    return sum(not _declares(one.annotation, aliases) for one in named if one.arg not in ("self", "cls"))


def _height(node: ast.stmt) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def _declares(annotation: ast.expr | None, aliases: frozenset[str]) -> bool:
    """Whether an annotation is that of an option of a command or of a field of a route."""
    if isinstance(annotation, ast.Attribute):
        return ast.unparse(annotation.value) == "options"
    if isinstance(annotation, ast.Name):
        return annotation.id in aliases
    called = [one.func for one in ast.walk(annotation) if isinstance(one, ast.Call)] if annotation is not None else []
    return any(ast.unparse(one).rpartition(".")[2] in DECLARING for one in called)


@pytest.fixture(scope="module")
def sizes() -> list[Size]:
    """Of all functions of the packages."""
    files = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
    return [one for path in files for one in sizes_of(path.read_text("utf-8"), path.relative_to(ROOT).as_posix())]


def test_functions_are_short(sizes: list[Size]) -> None:
    assert {one.name.split("/")[0] for one in sizes} == set(PACKAGES), "every package is walked"
    long = [f"{one.name} has {one.lines} lines" for one in sizes if one.lines > LINES]
    assert not long, f"at most {LINES} lines a function, its docstring apart; split where the sense splits: {long}"


def test_functions_take_few_arguments(sizes: list[Size]) -> None:
    more = {one.name: one.arguments for one in sizes if one.arguments > ARGUMENTS}
    new = [f"{name} takes {count}" for name, count in more.items() if name not in WITH_MORE]
    assert not new, f"at most {ARGUMENTS} arguments a function; find the value that is missing among them: {new}"
    many = [f"{name} takes {count}" for name, count in more.items() if count > MOST_ARGUMENTS]
    assert not many, f"at most {MOST_ARGUMENTS} arguments, whatever the reason: {many}"
    assert not WITH_MORE.keys() - more.keys(), "these take few by now, and are no exceptions any more"
    assert len(WITH_MORE) <= EXCEPTIONS
    assert all(WITH_MORE.values()), "each with its reason"


@pytest.mark.parametrize(
    ("source", "lines", "arguments"),
    [
        ("def f(a, b, /, c, *rest, d=1, **more):\n    return a", 2, 4),
        ('def f():\n    """One.\n\n    Two.\n    """\n    # why\n\n    return 1\n', 4, 0),
        ('@cached\nasync def f(a):\n    """Only words."""\n', 1, 1),
        ("def f(a: Annotated[int, typer.Option('--a')], b: options.Out, c: Model):\n    ...", 2, 1),
        ("Many = Annotated[list[str], Form()]\ndef f(a: Many, b: Annotated[str, File()], c: list[str]): ...", 1, 1),
    ],
)  # fmt: skip
def test_lines_and_arguments_are_counted(source: str, lines: int, arguments: int) -> None:
    assert list(sizes_of(source, "a.py")) == [Size("a.py: f", lines, arguments)]


def test_inner_functions_and_methods_are_counted_too() -> None:
    source = "class C:\n    def m(self, a):\n        def inner(b, c):\n            return b\n        return inner\n"
    assert list(sizes_of(source, "a.py")) == [Size("a.py: C.m", 4, 1), Size("a.py: C.m.inner", 2, 2)]
