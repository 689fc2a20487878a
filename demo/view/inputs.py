"""Components that take files: uploads alone, never an address that the server would have to fetch.

The methods are replaced on the instance: gradio writes a stub file beside every module that subclasses a component.
"""

from __future__ import annotations

import re
from typing import Any, TypeVar

import gradio as gr
from gradio.data_classes import FileData
from gradio.utils import NamedString

_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://|data:|//")
Made = TypeVar("Made", bound=gr.components.Component)


def refuse_address(path: Any) -> None:
    """Raise :class:`gradio.Error` on anything that is not a plain path."""
    if _ADDRESS.match(str(path)):
        raise gr.Error("expected an uploaded file, got an address; upload the file itself", print_exception=False)


def uploads_only(component: Made) -> Made:
    """The component, made to fetch nothing."""
    fetch, fetch_later = component.move_resource_to_block_cache, component.async_move_resource_to_block_cache

    def move(path: Any) -> str | None:
        refuse_address(path)
        return fetch(path)

    async def move_later(path: Any) -> str | None:
        refuse_address(path)
        return await fetch_later(path)

    def given(payload: Any) -> Any:
        """Paths of the files sent; gradio would leave an empty file beside each."""
        if payload is None:
            return None
        sent = [payload] if isinstance(payload, FileData) else list(payload)
        paths = [NamedString(one.path) for one in sent]  # type: ignore[no-untyped-call]
        several = isinstance(component, gr.File) and component.file_count != "single"
        return paths if several else paths[0] if paths else None

    replaced: Any = component
    replaced.preprocess = given
    replaced.move_resource_to_block_cache, replaced.async_move_resource_to_block_cache = move, move_later
    return component


def uploaded_file(**options: Any) -> gr.File:
    """A file drop."""
    return uploads_only(gr.File(**options))
