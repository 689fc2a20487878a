"""The camera of the operator: an address that answers with a still, fetched, checked and decoded. Nobody else names one."""

from __future__ import annotations

import ipaddress
import time
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from urllib.parse import urlsplit

import httpx

from assistant.errors import AssistantError, ConfigError
from assistant.pictures.images import load_image
from assistant.pictures.pixels import ImageLimits
from assistant.types import QueryImage

SECONDS, LONGEST = 5.0, 10.0
"""That the camera may keep silent, and that a still may take in all."""


class CameraError(AssistantError):
    """A still that could not be had; the address is not quoted."""


class Camera:
    """A camera that answers with a still.

    Args:
        address: of the still.
        limits: what it may cost.
        remote: whether it may stand on another machine.

    Raises:
        ConfigError: no address, or that of another machine without leave.
    """

    def __init__(self, address: str, limits: ImageLimits, *, remote: bool = False) -> None:
        self._address, self._limits = address, limits
        try:
            parts = urlsplit(address)
            host = parts.hostname or ""
            _ = parts.port
        except ValueError:
            host, parts = "", urlsplit("")
        if parts.scheme not in ("http", "https") or not host or not address.isprintable() or " " in address:
            raise ConfigError("an address such as http://127.0.0.1:8081/still.jpg for --camera", "another", "mend it")
        if not remote and not _is_this_machine(host):
            raise ConfigError("a camera on this machine", host, "--allow-remote-camera allows another")

    def still(self) -> tuple[QueryImage, bytes]:
        """A picture taken now, named by the time, and its bytes as they came.

        Raises:
            AssistantError: a camera that does not answer, or with something else than a picture.
        """
        data = self._fetched()
        image = load_image(data, limits=self._limits)
        return replace(image, source=f"camera {datetime.now():%Y-%m-%d %H.%M.%S}"), data

    def _fetched(self) -> bytes:
        do, began, data = "see whether the camera is on", time.monotonic(), bytearray()
        try:
            with httpx.Client(timeout=SECONDS, trust_env=False) as client, client.stream("GET", self._address) as reply:
                if reply.status_code != 200:
                    raise CameraError("a picture of the camera", f"the answer {reply.status_code}", do)
                if reply.headers.get("content-type", "").startswith("multipart/"):
                    raise CameraError("a still of the camera", "a stream", "name the address of its snapshot")
                for piece in reply.iter_bytes():
                    data += piece
                    if len(data) > self._limits.max_bytes:
                        raise CameraError(f"a still of at most {self._limits.max_bytes:,} bytes", "a larger one", do)
                    if time.monotonic() - began > LONGEST:
                        raise CameraError(f"a still within {LONGEST:.0f} s", "one that takes longer", do)
        except httpx.HTTPError as error:
            raise CameraError("a camera that answers", type(error).__name__, do) from None
        return bytes(data)


def _is_this_machine(host: str) -> bool:
    with suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost"
