"""Processes of a test's own: real ones that can be killed, forked from a server that has imported once what they need."""

from __future__ import annotations

import multiprocessing
from multiprocessing.context import ForkServerContext

PRELOADED = [
    "tests.training.runs.test_loop", "tests.training.runs.test_continuation", "training.localizer.run",
    "training.language.run", "training.language.mini_stage", "transformers.models.llama.modeling_llama",
]  # fmt: skip


def context() -> ForkServerContext:
    """What starts them; the server is started with the first, and knows the environment of then."""
    made = multiprocessing.get_context("forkserver")
    made.set_forkserver_preload(PRELOADED)
    return made
