"""The commands ``groups show`` and ``groups name``: what a run with ``--group`` found, and what a person calls it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from assistant import report
from assistant.cli.parameters import options

Run = Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a run with --group.")]


def show(run: Run, json: options.Json = False) -> None:
    """Groups of a run: letter, kind, regions, pictures, cohesion, nearest known kinds."""
    from assistant.batch.groups.group_file import GROUPS, read_groups

    groups = read_groups(run / GROUPS)
    if json:
        for group in groups.groups:
            print(report.to_line(group.model_dump(mode="json")), flush=True)
        return
    from assistant.cli import console

    console.show_groups(console.new_console(), groups)


def name(
    run: Run,
    group: Annotated[str, typer.Argument(metavar="GROUP", help="Its letter on groups.webp.")],
    kind: Annotated[str, typer.Argument(metavar="KIND", help="What its regions are, in words.")],
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", metavar="FILE", help="Examples to add to; kinds.safetensors in RUN if left out."
        ),
    ] = None,
    json: options.Json = False,
) -> None:
    """Call a group by a name: its regions become examples for --kind-examples."""
    from assistant.batch.groups.naming import KINDS, name_group

    examples = name_group(run, group, kind, output)
    about = {"file": str(output or run / KINDS), **examples.summary()}
    if len(examples.names) > 1:
        about["leave_one_out"] = examples.leave_one_out()
    if json:
        print(report.to_line(about), flush=True)
        return
    from assistant.cli import console

    console.show_values(console.new_console(), about)
