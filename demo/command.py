"""The commands that this package adds to ``anomaly-assistant``: ``demo``, options in and the page out, and ``samples``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from assistant.cli.parameters import options
from assistant.cli.parameters.option_groups import Model, takes, talking_model_of
from assistant.cli.registered import ModuleCommand

samples = ModuleCommand(
    "demo.samples", "Inspect a folder of sample pictures; leaves overlays, rows and a sheet.", "Data sets"
)
choose_samples = ModuleCommand(
    "demo.choosing", "Choose the samples of the page from a larger pool that is inspected.", "Data sets"
)


@dataclass(frozen=True)
class Listening:
    """Where the page is opened, and to whom.

    Args:
        host: address listened on.
        port: 0 takes a free one.
        share: whether gradio opens a public link.
        auth_file: lines name:password of those who may use the page; None lets everybody.
    """

    host: str
    port: int
    share: bool
    auth_file: Path | None


def listening_of(
    host: Annotated[str, typer.Option(help="Address listened on; 127.0.0.1 is this machine alone.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port; 0 takes a free one.")] = 7860,
    share: Annotated[bool, typer.Option("--share/--no-share", help="Open a public link through gradio.")] = False,
    auth_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Lines name:password of those who may use the page.")
    ] = None,
) -> Listening:
    """Where the page is opened, and to whom."""
    return Listening(host, port, share, auth_file)


@takes(model=talking_model_of, listening=listening_of)
def demo(
    model: Model,
    listening: Listening,
    max_upload_mb: Annotated[float, typer.Option(help="Larger files are refused.")] = 20.0,
    max_megapixels: options.MaxMegapixels = 25.0,
    queue_size: Annotated[int, typer.Option(help="Requests that may wait.")] = 32,
    projects: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder in which projects are kept; one of this user when left out."),
    ] = None,
    no_projects: Annotated[
        bool, typer.Option("--no-projects", help="Keep nothing: what is not exported goes with the page.")
    ] = False,
    max_project_mb: Annotated[float, typer.Option(help="Files of one project; more pictures are refused.")] = 20_480.0,
    keep_days: Annotated[float, typer.Option(help="Projects that nobody used for so many days are removed.")] = 90.0,
    samples: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Data set of sample pictures; made when left out.")
    ] = None,
    speech: options.Speech = None,
    folder: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder whose pictures may be inspected from the page; none when left out."),
    ] = None,
    watch: Annotated[
        bool, typer.Option("--watch", help="Inspect new files of an inspected folder as they come.")
    ] = False,
    camera: Annotated[
        str, typer.Option(metavar="URL", help="Address of a camera's still, to take pictures with from the page.")
    ] = "",
    allow_remote_camera: Annotated[
        bool, typer.Option("--allow-remote-camera", help="That camera may stand on another machine.")
    ] = False,
) -> None:
    """Open the page: pictures, regions and questions in a browser."""
    from demo.settings import Settings, own_projects

    settings = Settings(
        host=listening.host, port=listening.port, share=listening.share, auth_file=listening.auth_file,
        preset=model.preset, device=model.device, language=model.language,
        max_upload_mb=max_upload_mb, max_megapixels=max_megapixels, queue_size=queue_size,
        samples=samples, projects=None if no_projects else projects or own_projects(), keep_days=keep_days,
        max_project_mb=max_project_mb, speech=speech, incoming=folder, watch=watch, camera=camera,
        remote_camera=allow_remote_camera,
    )  # fmt: skip
    settings.require_free_port()

    from demo.server import serve

    serve(settings)
