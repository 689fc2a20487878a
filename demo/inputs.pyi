"""Components that take files: uploads alone, never an address that the server would have to fetch."""

from __future__ import annotations

import re
from typing import Any

import gradio as gr

_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://|data:|//")


def refuse_address(path: Any) -> None:
    """Raise :class:`gradio.Error` on anything that is not a plain path."""
    if _ADDRESS.match(str(path)):
        raise gr.Error("expected an uploaded file, got an address; upload the file itself", print_exception=False)

from gradio.events import Dependency

class UploadedFile(gr.File):
    """A file drop that fetches nothing."""

    is_template = True

    async def async_move_resource_to_block_cache(self, url_or_file_path: Any) -> str | None:
        """Refuse addresses, else as always."""
        refuse_address(url_or_file_path)
        return await super().async_move_resource_to_block_cache(url_or_file_path)

    def move_resource_to_block_cache(self, url_or_file_path: Any) -> str | None:
        """Refuse addresses, else as always."""
        refuse_address(url_or_file_path)
        return super().move_resource_to_block_cache(url_or_file_path)
    from typing import Callable, Literal, Sequence, Any, TYPE_CHECKING
    from gradio.blocks import Block
    if TYPE_CHECKING:
        from gradio.components import Timer
        from gradio.components.base import Component


class MarkedPicture(gr.ImageEditor):
    """A picture to paint on that fetches nothing."""

    is_template = True

    async def async_move_resource_to_block_cache(self, url_or_file_path: Any) -> str | None:
        """Refuse addresses, else as always."""
        refuse_address(url_or_file_path)
        return await super().async_move_resource_to_block_cache(url_or_file_path)

    def move_resource_to_block_cache(self, url_or_file_path: Any) -> str | None:
        """Refuse addresses, else as always."""
        refuse_address(url_or_file_path)
        return super().move_resource_to_block_cache(url_or_file_path)
    from typing import Callable, Literal, Sequence, Any, TYPE_CHECKING
    from gradio.blocks import Block
    if TYPE_CHECKING:
        from gradio.components import Timer
        from gradio.components.base import Component