"""What every test stands on: one thread a worker, fixed seeds, tiny pictures. No network, no GPU, no downloads.

Tests marked ``weights`` use the towers in the cache folder (``ANOMALY_ASSISTANT_HOME`` or the user's), left as it is.
"""

from __future__ import annotations

import atexit
import gc
import os
import random
import sys
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path
from typing import Any

for _variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")
os.environ.setdefault("MKL_CBWR", "AUTO,STRICT")  # sums that do not depend on where in memory their terms lie
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ["COLUMNS"] = "200"
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # the processes that tests start would compile every module anew
sys.dont_write_bytecode = False

import cv2
import numpy as np
import pytest


class _NoStubs(MetaPathFinder):
    """Imports gradio without the stubs for editors that it compares with its sources at each import, which takes a second."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        if name != "gradio.component_meta":
            return None
        sys.meta_path.remove(self)
        found = find_spec(name)
        assert found is not None
        assert found.loader is not None
        real = found.loader.exec_module

        def load(module: Any) -> None:
            real(module)
            assert callable(module.create_or_modify_pyi)
            module.create_or_modify_pyi = lambda *_: None

        found.loader.exec_module = load  # type: ignore[method-assign]
        return found


sys.meta_path.insert(0, _NoStubs())
cv2.setNumThreads(1)
gc.disable()  # what imports leave stays; looking through it again and again takes a quarter of their time


def pytest_collection_finish() -> None:
    """Modules and tests are there to the end: no collection looks at them again."""
    gc.freeze()
    atexit.register(gc.unfreeze)  # extension modules would tell what is never collected as leaked
    gc.enable()


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop() -> None:
    """The server of tests that start processes is forked while this one has nothing but modules."""
    if (processes := sys.modules.get("tests.processes")) is not None:
        processes.start_server()


@pytest.fixture(autouse=True)
def _seeded() -> None:
    """The same draws in every test, and one thread, whatever an earlier one in this process asked for."""
    random.seed(0)
    np.random.seed(0)  # noqa: NPY002  libraries that draw from the global state
    if (torch := sys.modules.get("torch")) is not None:
        torch.default_generator.manual_seed(0)  # of the CPU: `torch.manual_seed` looks for devices each time
        torch.set_num_threads(1)


@pytest.fixture
def pixels() -> np.ndarray:
    """As :func:`textured` gives it."""
    return textured()


def textured() -> np.ndarray:
    """A small textured picture, 60 x 80, RGB, with a dark square at rows 10..20, columns 50..65."""
    rng = np.random.default_rng(0)
    base = np.clip(rng.normal(150, 12, (60, 80, 1)), 0, 255).repeat(3, 2).astype(np.uint8)
    base[10:20, 50:65] = 20
    return base


@pytest.fixture
def pictures(tmp_path: Path, pixels: np.ndarray) -> Path:
    """A folder with three small PNG pictures: ``a.png``, ``b.png`` and ``deeper/c.png``."""
    folder = tmp_path / "pictures"
    (folder / "deeper").mkdir(parents=True)
    for number, name in enumerate(("a.png", "b.png", "deeper/c.png")):
        cv2.imwrite(str(folder / name), np.roll(pixels, 7 * number, axis=1))
    return folder
