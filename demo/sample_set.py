"""The sample pictures of the page: a data set on disk, made by the builders in a process of their own where there is none."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

from assistant.errors import AssistantError, ConfigError
from assistant.pictures.images import load_image
from assistant.pictures.pixels import ImageLimits
from assistant.types import QueryImage
from demo.samples import SamplePicture, read_samples

BUILT = Path("demo_output") / "chosen"
"""Where `make demo` puts them, below the working directory."""
SECONDS = 600
"""That making the samples may take."""
CONFIG = Path(__file__).parents[1] / "data_builders" / "configs" / "demo.yaml"


class SampleSet:
    """Samples, once they are there.

    Args:
        folder: data set; built at ``fallback`` when None and :data:`BUILT` is not there.
        fallback: a folder of the server's own.
    """

    def __init__(self, folder: Path | None, fallback: Path) -> None:
        self._folder = folder or (BUILT if (BUILT / "metadata.jsonl").is_file() else None)
        self._fallback = fallback
        self._samples: list[SamplePicture] = []
        self._thread = threading.Thread(target=self._work, name="make-samples", daemon=True)
        self._maker: subprocess.Popen[bytes] | None = None
        self._stopped = False
        self.error: AssistantError | None = None

    def start(self) -> SampleSet:
        """Begin to read or make them; returns itself."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Make no more of them."""
        self._stopped = True
        if self._maker is not None:
            self._maker.kill()
            self._maker.wait()

    @property
    def done(self) -> bool:
        """Whether there is nothing left to wait for."""
        return not self._thread.is_alive()

    def wait(self, timeout: float | None = None) -> list[SamplePicture]:
        """The samples; empty when they are not there yet or cannot be had."""
        self._thread.join(timeout)
        return self._samples

    def picture(
        self, index: int, limits: ImageLimits, *, references: bool = True
    ) -> tuple[QueryImage, list[QueryImage], SamplePicture]:
        """A sample decoded, and its references where they are wanted.

        Raises:
            ConfigError: no such sample.
        """
        if not 0 <= index < len(self._samples):
            raise ConfigError("one of the samples", "none there", "choose another")
        sample = self._samples[index]
        image = load_image(sample.path, limits=limits, domain=sample.domain)
        shown = QueryImage(image.pixels, f"sample {index + 1} ({sample.object_name})", image.domain)
        paths = sample.references if references else ()
        return shown, [load_image(p, limits=limits, domain=sample.domain) for p in paths], sample

    def _work(self) -> None:
        try:
            if self._folder is None:
                command = [sys.executable, "-m", "data_builders.build", "--config", str(CONFIG)]
                self._make([*command, "--out", str(self._fallback)])
                self._folder = self._fallback
            self._samples = read_samples(self._folder)
        except AssistantError as error:
            self.error = error
        except (OSError, subprocess.SubprocessError) as error:
            self.error = AssistantError("sample pictures", type(error).__name__, "make them: see `make demo`")

    def _make(self, command: list[str]) -> None:
        """Run a command that ends with the page.

        Raises:
            SubprocessError: it failed, or took too long.
        """
        if self._stopped:
            return
        self._maker = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        try:
            _, told = self._maker.communicate(timeout=SECONDS)
        except subprocess.TimeoutExpired:
            self._maker.kill()
            self._maker.wait()
            raise
        if self._maker.returncode and not self._stopped:
            raise subprocess.CalledProcessError(self._maker.returncode, command, stderr=told)
