"""The language model that a user names -> what a preset would say of it. Decides by the words alone; nothing is loaded."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import ValidationError

from assistant.config import LanguageConfig
from assistant.errors import ConfigError

NONE = "none"
"""Stands for no language model: answers are what the measurements say."""
KEY = "ANOMALY_ASSISTANT_API_KEY"
"""Environment variable with the key of a model server; the only place that one is read from."""
LEAVES = "the picture, its overlay and crops, what was found in it and the conversation"
"""What a server is sent."""


def chosen_language(named: str, **options: Any) -> LanguageConfig:
    """The language model that a name, a folder or an address stands for.

    Args:
        named: ``none``, an address (``http://127.0.0.1:8080/v1``), a folder, or a name on the model hub (``owner/name``).
        options: further fields of :class:`~assistant.config.LanguageConfig`, ``model``, ``pictures``, ``in_flight``,
            ``remote`` and ``quantization`` among them.

    >>> chosen_language("http://127.0.0.1:8080/v1/", model="qwen").name
    'http://127.0.0.1:8080/v1'
    >>> chosen_language("Qwen/Qwen2.5-VL-7B-Instruct").kind
    'hub'

    Raises:
        ConfigError: neither of them, or options that do not go with it.
    """
    named = named.strip()
    if "://" in named:
        named, kind = _checked_address(named, remote=bool(options.get("remote"))), "server"
    elif named == NONE:
        named, kind = "", NONE
    elif named and Path(named).is_dir():
        kind = "local"
    elif _is_hub_name(named):
        kind = "hub"
    else:
        do = "check the path, write an address with http://, or none"
        raise ConfigError("a language model by folder, hub name (owner/name) or address", repr(named[:80]), do)
    if kind != "server" and (options.get("model") or options.get("remote")):
        given = "--model" if options.get("model") else "--allow-remote"
        raise ConfigError(f"the address of a server with {given}", repr(named[:80]), "write it with http://")
    if kind == "server" and options.get("quantization", "none") != "none":
        raise ConfigError("a model that is loaded here with a quantization", "a server", "start the server with it")
    try:
        return LanguageConfig.model_validate({**options, "kind": kind, "name": named})
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ConfigError(f"a valid `{where}` of the language model", str(first["msg"]), "mend it") from error


def check_server(config: LanguageConfig) -> None:
    """Whether a preset's server may be asked: on this machine, or on another one where that is allowed.

    Raises:
        ConfigError: no address, or another machine without leave.
    """
    _checked_address(config.name, remote=config.remote)


def told_of(config: LanguageConfig, environment: Mapping[str, str]) -> str | None:
    """What a user is to know before anything is sent to another machine; None where nothing is.

    Args:
        config: of the language model.
        environment: in which a key may stand.
    """
    if config.kind != "server" or is_loopback(config.name):
        return None
    parts = urlsplit(config.name)
    clear = parts.scheme == "http"
    plain = f", unencrypted{', the key too' if environment.get(KEY) else ''}" if clear else ""
    return f"{LEAVES} are sent to {parts.hostname}{plain}"


def is_loopback(address: str) -> bool:
    """Whether an address is this machine's own.

    >>> [is_loopback(f"http://{host}/v1") for host in ("localhost:1", "127.0.0.1", "[::1]:8", "10.0.0.1", "127.0.0.1.evil.org")]
    [True, True, True, False, False]
    """
    host = urlsplit(address).hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _is_hub_name(named: str) -> bool:
    owner, _, name = named.partition("/")
    letters = owner + name
    known = bool(letters) and all(c.isalnum() or c in "._-" for c in letters)
    return known and "/" in named and bool(owner and name) and not named.startswith(".")


def _checked_address(address: str, *, remote: bool) -> str:
    """An address without a stroke at its end.

    Raises:
        ConfigError: one that cannot be asked, holds a password, or is another machine's without leave.
    """
    try:
        parts = urlsplit(address)
        _ = parts.port
    except ValueError:
        parts = urlsplit("")
    if parts.username is not None or parts.password is not None:
        raise ConfigError("an address without a password", f"one for {parts.hostname}", f"put the key into {KEY}")
    if parts.scheme not in ("http", "https") or not parts.hostname or not address.isprintable() or " " in address:
        raise ConfigError("an address such as http://127.0.0.1:8080/v1", repr(address[:80]), "mend it")
    if parts.query or parts.fragment:
        raise ConfigError(
            "an address that ends with its path", repr(address.split("?")[0][:80]), f"a key goes into {KEY}"
        )
    if not remote and not is_loopback(address):
        do = f"{LEAVES} would leave this machine: --allow-remote allows it"
        raise ConfigError("a server on this machine", parts.hostname, do)
    return address.rstrip("/")
