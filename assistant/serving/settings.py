"""What an operator decides about the server: address, who may ask, limits. Checked once; knows no web framework."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
from dataclasses import dataclass, replace
from pathlib import Path

from assistant.errors import ConfigError
from assistant.files.named_secrets import read_named_secrets
from assistant.pictures.pixels import ImageLimits
from assistant.speech.recording import SpeechLimits

LEAST_TOKEN = 16
"""Characters of a token; shorter ones can be guessed."""
NAMES_OF_LOOPBACK = ("localhost", "127.0.0.1", "[::1]")


@dataclass(frozen=True)
class ServeSettings:
    """Options of the server.

    Args:
        host: address listened on; loopback keeps the server on this machine.
        port: of the address; 0 takes a free one.
        hosts: further names that clients may call the server by (the header ``Host``).
        token_file: lines ``name:token``; None asks nobody, which only loopback may.
        profiles: folder of saved profiles that may be named; None has none.
        speech: folder of the model that hears; None for ours, where this machine has it.
        seats: requests inside at once, waiting or worked on; more are told to come back.
        max_upload_mb: largest file, 2**20 bytes; of a request with references four times as much.
        max_megapixels: largest picture, 10**6 pixels.
        max_references: normal pictures in one request.
        body_seconds: a request whose body takes longer is given up.
        stop_seconds: what is being answered has so long to end when the server stops.
        max_talks: conversations kept; the one idle longest goes first.
        max_memory_mb: of all pictures and maps kept, 2**20 bytes.
        talk_seconds: a conversation idle for so long ends.

    Raises:
        ConfigError: a value that makes no sense, or an address for others without tokens.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    hosts: tuple[str, ...] = ()
    token_file: Path | None = None
    profiles: Path | None = None
    speech: Path | None = None
    seats: int = 32
    max_upload_mb: float = 20.0
    max_megapixels: float = 25.0
    max_references: int = 32
    body_seconds: float = 60.0
    stop_seconds: float = 30.0
    max_talks: int = 256
    max_memory_mb: float = 1024.0
    talk_seconds: float = 3600.0

    def __post_init__(self) -> None:
        for name in (
            "seats", "max_upload_mb", "max_megapixels", "max_references", "body_seconds", "stop_seconds", "max_talks",
            "max_memory_mb", "talk_seconds",
        ):  # fmt: skip
            value = getattr(self, name)
            if not value > 0:
                raise ConfigError(f"a positive --{name.replace('_', '-')}", f"{value:g}", "give a larger one")
        if not 0 <= self.port <= 65535:
            raise ConfigError("a port from 0 to 65535", str(self.port), "give another --port")
        if self.token_file is None and not is_loopback(self.host):
            raise ConfigError(
                "--tokens FILE where other machines can reach the server", f"--host {self.host} without",
                "write a line name:token for each client, or listen on 127.0.0.1",
            )  # fmt: skip
        if self.profiles is not None and not self.profiles.is_dir():
            raise ConfigError("a folder after --profiles", f"{self.profiles.name}, which is none", "make it first")

    @property
    def limits(self) -> ImageLimits:
        """What a picture may cost."""
        return ImageLimits.of_sent(self.max_megapixels, self.max_upload_mb)

    @property
    def speech_limits(self) -> SpeechLimits:
        """What a recording may cost."""
        usual = SpeechLimits()
        return replace(usual, max_bytes=min(usual.max_bytes, round(self.max_upload_mb * 2**20)))

    @property
    def max_body(self) -> int:
        """Bytes of a request: several pictures, a third larger where they are written as base64."""
        return round(4 * self.max_upload_mb * 2**20)

    @property
    def known_hosts(self) -> frozenset[str]:
        """Names that the header ``Host`` may hold, in small letters, without ports."""
        own = () if self.host in ("0.0.0.0", "::", "") else (self.host, f"[{self.host}]")
        return frozenset(name.lower() for name in (*NAMES_OF_LOOPBACK, *own, *self.hosts))

    def tokens(self) -> Tokens:
        """Who may ask.

        Raises:
            ConfigError: a file that cannot be read, or a line that is no pair; tokens are not quoted.
        """
        return Tokens() if self.token_file is None else Tokens.read(self.token_file)


@dataclass(frozen=True)
class Tokens:
    """Hashes of the tokens that open the server, with the names of their owners; none open it to all."""

    owners: tuple[tuple[bytes, str], ...] = ()

    @classmethod
    def read(cls, path: Path) -> Tokens:
        """Lines ``name:token`` of a file; empty ones and those that begin with ``#`` are left out.

        Raises:
            ConfigError: a file that cannot be read, or a line that is no pair; tokens are not quoted.
        """
        pairs = read_named_secrets(path, "--tokens", "token", LEAST_TOKEN)
        return cls(tuple((_hashed(token.strip()), name) for name, token in pairs))

    @property
    def open(self) -> bool:
        """Whether nobody is asked."""
        return not self.owners

    def owner(self, token: str) -> str | None:
        """Whose token it is; None for nobody's. Takes as long for a wrong one as for a right one."""
        given, found = _hashed(token), None
        for known, name in self.owners:
            if hmac.compare_digest(known, given):
                found = name
        return found


def is_loopback(host: str) -> bool:
    """Whether an address is this machine alone.

    >>> is_loopback("localhost"), is_loopback("127.0.0.2"), is_loopback("0.0.0.0")
    (True, True, False)
    """
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _hashed(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
