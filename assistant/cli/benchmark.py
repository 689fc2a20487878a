"""The command ``benchmark detail``: options in, measuring out."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assistant import report
from assistant.cli.parameters import option_groups as groups
from assistant.cli.parameters import options
from assistant.cli.parameters.option_groups import Model, takes
from assistant.errors import ConfigError
from assistant.inquiry import Detail

if TYPE_CHECKING:
    from assistant.evaluation.detail.surfaces import Surface


@takes(model=groups.model_of)
def detail(
    model: Model,
    textures: Annotated[
        Path | None,
        typer.Option("--textures", metavar="DIR", help="Photographs of textures, beside four surfaces of ours."),
    ] = None,
    details: Annotated[
        list[str] | None,
        typer.Option("--detail", metavar="auto|full|PIXELS", help="What is compared; repeat [auto, full]."),
    ] = None,
    size: Annotated[str, typer.Option("--size", metavar="WIDTHxHEIGHT", help="Of the pictures, pixels.")] = "4000x3000",
    pictures: Annotated[int, typer.Option("--pictures", min=2, help="Of each surface; every other one has marks.")] = 6,
    marks: Annotated[int, typer.Option("--marks", min=1, help="A marked picture.")] = 4,
    references: Annotated[int, typer.Option("--references", min=0, help="Normal pictures of each surface.")] = 2,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of all draws.")] = 0,
    json: options.Json = False,
) -> None:
    """Build large pictures with marks of 12 to 80 pixels and inspect them: found in place, false regions, time, memory."""
    from assistant.evaluation.detail.benchmark import BenchmarkOptions, run_benchmark

    compared = tuple(Detail.read(one) for one in details or ("auto", "full"))
    wanted = BenchmarkOptions(
        _surfaces(textures),
        compared,
        _read_size(size),
        pictures=pictures,
        marks=marks,
        references=references,
        seed=seed,
    )
    for row in run_benchmark(model.load(), wanted, lambda said: print(said, file=sys.stderr, flush=True)):
        print(report.to_line(row) if json else _line(row), flush=True)


def _surfaces(textures: Path | None) -> dict[str, Surface]:
    from assistant.evaluation.detail.surfaces import OWN, mirrored
    from assistant.pictures.images import find_images

    found = dict(OWN)
    for path in () if textures is None else find_images([str(textures)]):
        found[Path(path).stem] = mirrored(Path(path))
    return found


def _read_size(text: str) -> tuple[int, int]:
    """(height, width) of WIDTHxHEIGHT."""
    width, _, height = text.partition("x")
    if not (width.isdecimal() and height.isdecimal() and min(int(width), int(height)) >= 400):
        raise ConfigError(
            "a size of WIDTHxHEIGHT of at least 400 pixels each", repr(text), "write for example 4000x3000"
        )
    return int(height), int(width)


def _line(row: dict[str, object]) -> str:
    return "  ".join(f"{name} {value}" for name, value in row.items())
