"""The commands ``serve`` and ``mcp``: options in, a server out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from assistant.cli.parameters import options
from assistant.cli.parameters.option_groups import Model, takes, talking_model_of


@takes(model=talking_model_of)
def serve(
    model: Model,
    host: Annotated[str, typer.Option(help="Address listened on; 127.0.0.1 is this machine alone.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port; 0 takes a free one.")] = 8000,
    tokens: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Lines name:token of those who may ask; a must beyond loopback.")
    ] = None,
    allow_host: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Further name that clients call the server by; repeat.")
    ] = None,
    profiles: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder of saved profiles that requests may name, and of new ones."),
    ] = None,
    speech: options.Speech = None,
    seats: Annotated[int, typer.Option(help="Requests inside at once; more get 429 and Retry-After.")] = 32,
    max_upload_mb: Annotated[float, typer.Option(help="Larger files are refused.")] = 20.0,
    max_megapixels: options.MaxMegapixels = 25.0,
) -> None:
    """Answer programs: chat completions as OpenAI's clients speak them, and plain routes."""
    from assistant.serving.app import serve as run
    from assistant.serving.settings import ServeSettings

    run(
        ServeSettings(
            host=host, port=port, hosts=tuple(allow_host or ()), token_file=tokens, profiles=profiles, seats=seats, speech=speech,
            max_upload_mb=max_upload_mb, max_megapixels=max_megapixels,
        ),
        model.load,
    )  # fmt: skip


@takes(model=talking_model_of)
def mcp(
    model: Model,
    folder: Annotated[
        list[Path] | None,
        typer.Option("--folder", metavar="DIR", help="Files below it may be read; repeat [the working folder]."),
    ] = None,
) -> None:
    """Be tools of the Model Context Protocol for an agent on this machine (standard input and output)."""
    import contextlib
    import sys

    from assistant.serving.mcp_tools import build_tools

    with contextlib.redirect_stdout(sys.stderr):  # standard output belongs to the protocol
        server = build_tools(model.load(), folder or [Path.cwd()])
    server.run("stdio")
