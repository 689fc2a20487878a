"""Lines ``name:secret`` of a file -> pairs: passwords of the page, tokens of the server. No secret is ever quoted."""

from __future__ import annotations

from pathlib import Path

from assistant.errors import ConfigError
from assistant.files.text import decoded


def read_named_secrets(path: Path, option: str, secret: str, least: int = 1) -> list[tuple[str, str]]:
    """(name, secret) pairs; empty lines and those that begin with ``#`` are left out.

    Args:
        path: of the file.
        option: that named it.
        secret: what the secrets are called.
        least: characters of a secret.

    Raises:
        ConfigError: a file that cannot be read or holds no pair, or a line that is none.
    """
    try:
        lines = decoded(path.read_bytes(), path.name).splitlines()
    except OSError as error:
        raise ConfigError(f"a readable {option}", path.name, "check its path") from error
    pairs = []
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.startswith("#"):
            continue
        name, colon, given = line.strip().partition(":")
        if not (name and colon and len(given.strip()) >= least):
            of = "" if least == 1 else f", of {least} characters and more"
            raise ConfigError(f"name:{secret} on each line{of}", f"line {number} of {path.name}", "mend it")
        pairs.append((name, given))
    if not pairs:
        raise ConfigError(f"at least one name:{secret}", f"none in {path.name}", "add one")
    return pairs
