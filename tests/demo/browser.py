"""A browser for tests of the page: Debian's chromium, installed where that is possible and it is missing."""

from __future__ import annotations

import os
import shutil
import subprocess
from functools import cache

ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-dev-shm-usage",
]


@cache
def chromium() -> tuple[str | None, str]:
    """Path of chromium, and why there is none."""
    names = ("chromium", "chromium-browser", "google-chrome")
    if found := next(filter(None, map(shutil.which, names)), None):
        return found, ""
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        return None, "chromium is not installed, and installing it takes root and apt-get"
    for command in (["apt-get", "update", "-qq"], ["apt-get", "install", "-y", "-qq", "chromium"]):
        try:
            subprocess.run(command, check=True, capture_output=True, timeout=400)
        except (OSError, subprocess.SubprocessError) as error:
            return None, f"chromium could not be installed: {error}"
    return shutil.which("chromium"), "apt-get installed no chromium"
