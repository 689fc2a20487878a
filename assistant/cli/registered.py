"""Commands that other packages add to the tree, found by the entry-point group ``anomaly_assistant.commands``.

The library knows none of its doors: a package names a command in its own metadata, as a function that typer understands or as
a ``ModuleCommand``. What is named is imported to show help, so it lies in a light module.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from assistant.errors import AssistantError

GROUP = "anomaly_assistant.commands"


@dataclass(frozen=True)
class ModuleCommand:
    """A command that is the ``main(arguments, program)`` of a module, imported when the command is called.

    Args:
        module: absolute name; its ``main`` takes the words behind the command and how usage names it, and returns an exit code.
        help: one line for the list of commands; ``--help`` of the command itself is the module's.
        panel: heading of the list under which the command stands.
    """

    module: str
    help: str
    panel: str


class CommandTree(TyperGroup):
    """The library's own commands, then the registered ones by name; a registered one never hides one of the library."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Take the words behind the program; ``evaluate --language`` without a name means the preset's own, as it always did."""
        return super().parse_args(ctx, _without_bare_language(args))

    def list_commands(self, ctx: Any) -> list[str]:
        """Names of all commands."""
        self._add_registered()
        return super().list_commands(ctx)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of a name; None where there is none."""
        if cmd_name not in self.commands:
            self._add_registered()
        return super().get_command(ctx, cmd_name)

    def _add_registered(self) -> None:
        for point in sorted(entry_points(group=GROUP), key=lambda point: point.name):
            if point.name not in self.commands:
                self.add_command(_command_of(point), point.name)


class _Launching(TyperCommand):
    """Hands every word behind it to the ``main`` of a module."""

    def __init__(self, name: str, launched: ModuleCommand) -> None:
        super().__init__(name, help=launched.help, rich_help_panel=launched.panel)
        self._module = launched.module

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        ctx.args = list(args)
        return []

    def invoke(self, ctx: Any) -> None:
        try:
            module = import_module(self._module)
        except ImportError as error:
            raise _unusable(str(self.name), self._module, error) from error
        raise typer.Exit(module.main(ctx.args, program=ctx.command_path))


class _Unusable(TyperCommand):
    """Stands for a command that cannot be loaded, and says so when it is called."""

    def __init__(self, name: str, module: str, error: Exception) -> None:
        super().__init__(name, help=f"Cannot be loaded: {type(error).__name__}.", rich_help_panel="Not available")
        self._error = _unusable(name, module, error)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        return []

    def invoke(self, ctx: Any) -> None:
        raise self._error


def _without_bare_language(args: list[str]) -> list[str]:
    """The words without a ``--language`` of ``evaluate`` that no name follows.

    >>> _without_bare_language(["evaluate", "set", "--language", "--limit", "2", "--language"])
    ['evaluate', 'set', '--limit', '2']
    """
    if args[:1] != ["evaluate"]:
        return args
    pairs = zip(args, [*args[1:], "-"], strict=True)
    return [word for word, next_word in pairs if word != "--language" or not next_word.startswith("-")]


def _command_of(point: EntryPoint) -> Any:
    try:
        found = point.load()
    except Exception as error:  # noqa: BLE001  a module that fails in whatever way leaves the other commands usable
        return _Unusable(point.name, point.module, error)
    if isinstance(found, ModuleCommand):
        return _Launching(point.name, found)
    holder = typer.Typer(add_completion=False)
    holder.command(point.name)(found)
    return typer.main.get_command(holder)


def _unusable(name: str, module: str, error: Exception) -> AssistantError:
    return AssistantError(
        f"the command {name} to load from {module}",
        f"{type(error).__name__}: {error}",
        f"install what it needs beside {sys.prefix}, or remove the package that brings it",
    )
