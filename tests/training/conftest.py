"""Data sets that several tests of training read; each test writes into folders of its own beside them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.training.tiny_runs import build_set, language_folder, texts_embedded_once


@pytest.fixture(scope="package", autouse=True)
def _texts_embedded_once() -> Iterator[None]:
    with texts_embedded_once():
        yield


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a built data set ``set``."""
    return build_set(tmp_path_factory.mktemp("built"))


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A preset with a tiny language model, a language set of 40 pictures, and replay."""
    return language_folder(tmp_path_factory.mktemp("language"))
