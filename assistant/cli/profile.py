"""The commands ``profile build``, ``profile show`` and ``profile check``."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from assistant import report
from assistant.cli.parameters import option_groups as groups
from assistant.cli.parameters import options
from assistant.cli.parameters.option_groups import Model, takes
from assistant.errors import AssistantError, ConfigError, ProfileError
from assistant.inquiry import Inquiry
from assistant.request import Inspector, Request, load_profile

if TYPE_CHECKING:
    from assistant.pipeline import Assistant
    from assistant.vision.references.profile import Profile

SAVED = ".safetensors"


@takes(inquiry=groups.reference_inquiry_of, marked=groups.marked_of, model=groups.model_of)
def build(
    references: Annotated[list[str], typer.Argument(metavar="REFERENCE...", help="Normal pictures or folders.")],
    output: Annotated[Path, typer.Option("-o", "--output", metavar="FILE", help="File to write (.safetensors).")],
    inquiry: Inquiry,
    marked: Callable[..., Request],
    model: Model,
    fit: Annotated[
        bool,
        typer.Option(
            "--fit/--no-fit",
            help="With 20 pictures or more: try to learn a head of this product, keep it where it helps, and say so.",
        ),
    ] = False,
    json: options.Json = False,
) -> None:
    """Encode normal pictures once into a file that inspect --profile uses."""
    asked = marked(inquiry=inquiry, references=tuple(references), fit=fit)
    _require_pictures([*references, *asked.anomalous_references])
    inspector = looked_at(model.load(), asked)
    profile = inspector.profile
    assert profile is not None, "a request with references makes a profile"
    profile.save(output)
    tell_faults(profile, inspector.notes)
    _show_values({"file": str(output), **profile.summary()}, json)


def show(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Saved by profile build.")], json: options.Json = False
) -> None:
    """What a saved profile holds."""
    _show_values({"file": str(file), **load_profile(file).summary()}, json)


@takes(inquiry=groups.reference_inquiry_of, model=groups.model_of)
def check(
    references: Annotated[
        list[str], typer.Argument(metavar="REFERENCE...", help="Normal pictures or folders, or one saved profile.")
    ],
    inquiry: Inquiry,
    model: Model,
    query: Annotated[
        list[str] | None,
        typer.Option("--query", metavar="PATH", help="Pictures or folders to be held against the references; repeat."),
    ] = None,
    json: options.Json = False,
) -> None:
    """Name references that do harm, and pictures that are unlike the references; exit code 1 where there are any."""
    saved = len(references) == 1 and references[0].lower().endswith(SAVED)
    if saved and inquiry != Inquiry():
        got = "a saved profile with --object, --look-for or --fixed-camera"
        raise ConfigError("these options with pictures", got, "leave them out: a profile knows its own")
    _require_pictures([*(() if saved else references), *(query or ())])
    asked = Request(profile=references[0]) if saved else Request(inquiry, references=tuple(references))
    inspector = looked_at(model.load(), asked) if query or not saved else None
    profile = load_profile(references[0]) if inspector is None else inspector.profile
    found = [*_faults(profile), *(() if inspector is None else _unlike(inspector, query or ()))]
    for row in found:
        _print(row, json)
    if not found and not json:
        print(f"nothing speaks against {_counted(profile)}" + (" and the pictures" if query else ""))
    raise typer.Exit(int(bool(found)))


def looked_at(assistant: Assistant, request: Request) -> Inspector:
    """What inspects as a request says, once its references are looked at; how far that is shows in the terminal."""
    if not request.references:
        return Inspector(assistant, request)
    from assistant.cli.console import reference_bar

    with reference_bar() as progress:
        return Inspector(assistant, request, progress)


def _require_pictures(references: Sequence[str]) -> None:
    from assistant.volumes.files.reading import require_pictures

    require_pictures(references)


def tell_faults(profile: Profile | None, notes: Sequence[str] = ()) -> None:
    """Faults of references and notes on their masks on standard error, once for all pictures."""
    for note in notes:
        tell(note)
    for sentence in () if profile is None else profile.warnings:
        tell(f"reference {sentence}")


def tell(sentence: str) -> None:
    """Something a person ought to hear, on standard error."""
    print(f"note: {sentence}", file=sys.stderr)


def _faults(profile: Profile | None) -> list[dict[str, Any]]:
    """Of the references, a row each.

    Raises:
        ProfileError: a profile that keeps no checks.
    """
    if profile is None or profile.known is None:
        got = "one of anomalous references alone, or built before references were checked"
        raise ProfileError("a profile of normal references with checks", got, "build the profile again")
    return [{"of": "reference", **finding.as_json()} for finding in profile.known.findings]


def _unlike(inspector: Inspector, queries: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Warnings about pictures and pictures that cannot be read, a row each."""
    for source, result in inspector.inspect_each(queries, tell):
        if isinstance(result, AssistantError):
            yield {"of": "query", "source": source, "error": " ".join(str(result).split())}
            continue
        yield from ({"of": "query", "source": source, "text": warning} for warning in result.warnings)


def _counted(profile: Profile | None) -> str:
    count = 0 if profile is None or profile.bank is None else profile.bank.shots
    return f"{count} reference{'' if count == 1 else 's'}"


def _print(row: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print(report.to_line(row), flush=True)
    elif "error" in row:
        print(f"error: {row['error']}", file=sys.stderr)
    else:
        print(f"{row['of']} {' '.join(row['source'].split())} {row['text']}")


def _show_values(values: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print(report.to_line(values), flush=True)
        return
    from assistant.cli import console

    console.show_values(console.new_console(), values)
