"""Processes of a test's own: real ones that can be killed, forked from a server that has imported once what they need."""

from __future__ import annotations

import atexit
import multiprocessing
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path

TRAINING = [
    "tests.training.runs.test_loop", "tests.training.runs.test_continuation", "training.localizer.run",
    "training.language.run", "training.language.mini_stage", "transformers.models.llama.modeling_llama", "open_clip", "peft",
    "torch.utils.tensorboard",
]  # fmt: skip
"""What runs of training import."""
PAGE = ["tests.processes", "assistant.cli.app", "assistant.pipeline", "demo.loading", "demo.server", "open_clip"]
"""What the command ``demo`` imports."""


def context(preloaded: Sequence[str] = TRAINING) -> ForkServerContext:
    """What starts them; the server is started with the first, and knows the modules and the environment of then."""
    made = multiprocessing.get_context("forkserver")
    made.set_forkserver_preload(list(preloaded))
    return made


def command(words: Sequence[str], environment: Mapping[str, str], log: Path) -> ForkServerProcess:
    """The command line ``anomaly-assistant`` with these words, begun; what it prints goes to ``log``."""
    process = context(PAGE).Process(target=_command, args=(list(words), dict(environment), log))
    process.start()
    return process


def _command(words: list[str], environment: dict[str, str], log: Path) -> None:
    from assistant.cli.app import main

    os.environ.update(environment)
    tempfile.tempdir = None  # chosen anew, by that environment
    sys.argv = ["anomaly-assistant", *words]
    with log.open("wb") as file:
        for number in (1, 2):
            os.dup2(file.fileno(), number)
    try:
        main()
    finally:
        atexit._run_exitfuncs()  # a process of multiprocessing ends without them
