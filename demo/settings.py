"""What an operator decides about the page: address, sharing, limits. Checked once; knows no gradio."""

from __future__ import annotations

import errno
import socket
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from assistant.config import LanguageConfig
from assistant.errors import ConfigError
from assistant.files.named_secrets import read_named_secrets
from assistant.pictures.pixels import ImageLimits
from demo.doors import LOOPBACK


def own_projects() -> Path:
    """Folder of this user's projects."""
    return Path(platformdirs.user_data_dir("anomaly-assistant")) / "projects"


@dataclass(frozen=True)
class Settings:
    """Options of the page.

    Args:
        host: address listened on; loopback keeps the page on this machine.
        port: of the address; 0 takes a free one.
        share: whether a public link is opened.
        auth_file: lines ``name:password``; None asks nobody.
        preset: name, YAML file or folder.
        device: torch device; found when None.
        language: that talks instead of the preset's own.
        max_upload_mb: largest file, 2**20 bytes.
        max_megapixels: largest picture, 10**6 pixels.
        queue_size: waiting requests; more are refused.
        max_sessions: people whose pictures are kept; the one idle longest goes first.
        max_pictures: pictures of one person that stay in memory; others are read again from disk.
        max_memory_mb: of all pictures and maps kept, 2**20 bytes.
        projects: folder in which projects outlive the page; None keeps nothing.
        max_project_mb: of the files of one project, 2**20 bytes.
        keep_days: projects that nobody used for so many days are removed.
        samples: data set of sample pictures; made on the machine when None.
        speech: folder of a Whisper model that hears questions; the package's own when None.
        incoming: folder whose pictures may be inspected from the page; None allows none.
        watch: whether new files of an inspected folder are waited for.
        camera: address of a still; empty for none.
        remote_camera: whether it may stand on another machine.

    Raises:
        ConfigError: a value that makes no sense.
    """

    host: str = "127.0.0.1"
    port: int = 7860
    share: bool = False
    auth_file: Path | None = None
    preset: str = "mini"
    device: str | None = None
    language: LanguageConfig | None = None
    max_upload_mb: float = 20.0
    max_megapixels: float = 25.0
    queue_size: int = 32
    max_sessions: int = 32
    max_pictures: int = 12
    max_memory_mb: float = 2048.0
    projects: Path | None = None
    max_project_mb: float = 20_480.0
    keep_days: float = 90.0
    samples: Path | None = None
    speech: Path | None = None
    incoming: Path | None = None
    watch: bool = False
    camera: str = ""
    remote_camera: bool = False

    def __post_init__(self) -> None:
        least = {
            "max_upload_mb": self.max_upload_mb,
            "max_megapixels": self.max_megapixels,
            "queue_size": self.queue_size,
            "max_sessions": self.max_sessions,
            "max_pictures": self.max_pictures,
            "max_memory_mb": self.max_memory_mb,
            "max_project_mb": self.max_project_mb,
            "keep_days": self.keep_days,
        }
        for name, value in least.items():
            if not value > 0:
                raise ConfigError(f"a positive --{name.replace('_', '-')}", f"{value:g}", "give a larger one")
        if not 0 <= self.port <= 65535:
            raise ConfigError("a port from 0 to 65535", str(self.port), "give another --port")
        if self.watch and self.incoming is None:
            raise ConfigError("--folder with --watch", "none", "name the folder to watch")
        if self.incoming is not None and self.auth_file is None and (self.share or self.host not in LOOPBACK):
            do = "give --auth-file, or leave out --share and --host"
            raise ConfigError("--folder on a page that asks who comes in, or on this machine alone", "neither", do)

    @property
    def limits(self) -> ImageLimits:
        """What a picture may cost."""
        return ImageLimits.of_sent(self.max_megapixels, self.max_upload_mb)

    def require_free_port(self) -> None:
        """To be asked before what takes long is imported; the server finds out again.

        Raises:
            ConfigError: somebody listens at the address.
        """
        with socket.socket(socket.AF_INET6 if ":" in self.host else socket.AF_INET) as asked:
            asked.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                asked.bind((self.host.strip("[]"), self.port))
            except OSError as error:
                if error.errno == errno.EADDRINUSE:
                    raise self.taken() from None

    def taken(self) -> ConfigError:
        """What is told of an address at which somebody listens."""
        got = f"{self.port}, which is taken" if self.port else "none that is free"
        return ConfigError("a port of this machine that is free", got, "give another --port, or 0")

    def accounts(self) -> list[tuple[str, str]] | None:
        """(name, password) pairs of the file; None without a file.

        Raises:
            ConfigError: a file that cannot be read, or a line that is no pair; passwords are not quoted.
        """
        if self.auth_file is None:
            return None
        return read_named_secrets(self.auth_file, "--auth-file", "password")
