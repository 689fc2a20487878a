"""Tools of the Model Context Protocol, for agents on this machine: they name files, all below folders that are allowed.

Needs the extra ``mcp``. Standard output belongs to the protocol.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2

from assistant.errors import AssistantError, ConfigError, ImageError
from assistant.inquiry import Inquiry
from assistant.pictures.images import load_image, split_selector
from assistant.pictures.overlay import overlay
from assistant.report import inspection_row, package_version, to_line
from assistant.serving.talks import Kept, Talk, held_bytes
from assistant.types import Inspection

if TYPE_CHECKING:
    from mcp.server.mcpserver import MCPServer

    from assistant.pipeline import Assistant

TALKS = 32
TALK_BYTES = 1024 * 2**20
TALK_SECONDS = 3600.0
INSTRUCTIONS = (
    "Inspects pictures of parts, surfaces and scans for anomalies by measuring. Call inspect_picture first; give normal pictures "
    "of the same kind as references where you can, since a verdict without them is a rough guess. Quote its numbers as they are."
)


class Tools:
    """The tools' work, without the protocol's part.

    Args:
        assistant: loaded.
        folders: files below them may be read.
    """

    def __init__(self, assistant: Assistant, folders: Sequence[Path]) -> None:
        self._assistant = assistant
        self._folders = [folder.resolve() for folder in folders]
        self._talks: Kept[Talk] = Kept(TALKS, TALK_BYTES, TALK_SECONDS, lambda talk: held_bytes(talk.inspection))
        self._lock = threading.Lock()

    def inspect(
        self, path: str, references: Sequence[str] = (), object_name: str | None = None, look_for: Sequence[str] = ()
    ) -> tuple[str, str, bytes]:
        """Caption, row as JSON and overlay as PNG of a picture.

        Raises:
            AssistantError: a file outside the folders, or whatever else is wrong.
        """
        found = self._talk(path, references, object_name, look_for).inspection
        drawn = overlay(found.image, found.anomaly_map, found.regions)
        _, png = cv2.imencode(".png", cv2.cvtColor(drawn, cv2.COLOR_RGB2BGR))
        return self._assistant.caption(found), to_line(inspection_row(found)), png.tobytes()

    def ask(
        self,
        path: str,
        question: str,
        references: Sequence[str] = (),
        object_name: str | None = None,
        look_for: Sequence[str] = (),
    ) -> str:
        """The answer to a question; questions about a file that did not change are one conversation.

        Raises:
            AssistantError: as :meth:`inspect` says, or no question.
        """
        if not question.strip():
            raise ConfigError("a question", "nothing", "write one")
        talk = self._talk(path, references, object_name, look_for)
        with talk.lock:
            return talk.conversation.ask(question).text

    def _talk(self, path: str, references: Sequence[str], object_name: str | None, look_for: Sequence[str]) -> Talk:
        files = [self._allowed(one) for one in (path, *references)]
        stamps = [(file, Path(split_selector(file)[0]).stat().st_mtime_ns) for file in files]
        key = repr((stamps, object_name, tuple(look_for)))
        with self._lock:
            talk = self._talks.get(key)
            if talk is None:
                talk = Talk(self._assistant.open(self._inspected(files, object_name, look_for)))
                self._talks.put(talk, key)
        return talk

    def _inspected(self, files: Sequence[str], object_name: str | None, look_for: Sequence[str]) -> Inspection:
        inquiry = Inquiry(object_name=object_name or None, look_for=tuple(look_for))
        comparison = self._assistant.comparison(inquiry, files[1:])
        levels = None if comparison is None else comparison.levels
        return self._assistant.examine(load_image(files[0], levels=levels), inquiry, comparison)

    def _allowed(self, path: str) -> str:
        """A path below one of the folders, links resolved; its selector is kept.

        Raises:
            ImageError: any other; it is not told whether there is such a file.
        """
        allowed = ", ".join(str(one) for one in self._folders)
        try:
            plain, _ = split_selector(path)
            real = Path(plain).expanduser().resolve(strict=True)
            if real.is_file() and any(real.is_relative_to(folder) for folder in self._folders):
                return f"{real}{path[len(plain) :]}"
        except (OSError, ValueError, RuntimeError):
            pass
        raise ImageError(f"a picture below {allowed}", "no such file there", "name one, or allow its folder (--folder)")


def build_tools(assistant: Assistant, folders: Sequence[Path]) -> MCPServer:
    """The protocol's server, to be run by any of its transports.

    Args:
        assistant: loaded.
        folders: files below them may be read.

    Raises:
        ConfigError: the extra is not installed, or a folder that is none.
    """
    try:
        from mcp.server.mcpserver import Image, MCPServer
        from mcp.server.mcpserver.exceptions import ToolError
    except ImportError:
        raise ConfigError("the extra mcp", "none", 'pip install "anomaly-assistant[mcp]"') from None
    for folder in folders:
        if not folder.is_dir():
            raise ConfigError("a folder after --folder", f"{folder.name}, which is none", "check its path")
    tools = Tools(assistant, folders)
    server = MCPServer("anomaly-assistant", instructions=INSTRUCTIONS, version=package_version(), log_level="WARNING")

    @server.tool(structured_output=False)
    def inspect_picture(
        path: str,
        references: list[str] | None = None,
        object_name: str | None = None,
        look_for: list[str] | None = None,
    ) -> list[Any]:
        """Inspect a picture file for anomalies: a summary, the measured row as JSON, and the picture with heat and boxes.

        references: files of normal pictures of the same kind; object_name: what it shows; look_for: phrases of defects.
        """
        try:
            caption, row, png = tools.inspect(path, references or (), object_name, look_for or ())
        except AssistantError as error:
            raise ToolError(str(error)) from None
        return [caption, row, Image(data=png, format="png")]

    @server.tool(structured_output=False)
    def ask_about_picture(
        path: str,
        question: str,
        references: list[str] | None = None,
        object_name: str | None = None,
        look_for: list[str] | None = None,
    ) -> str:
        """Answer a question about a picture file from what was measured; later questions on it see the earlier ones."""
        try:
            return tools.ask(path, question, references or (), object_name, look_for or ())
        except AssistantError as error:
            raise ToolError(str(error)) from None

    return server
