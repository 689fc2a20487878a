"""Bytes and data URLs that strangers send -> pictures; tables of options -> an inquiry. Nothing is fetched, no path is opened."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass, field, replace
from pathlib import PurePath

from assistant.errors import ConfigError, ImageError
from assistant.inquiry import OVERKILL, Detail, Inquiry, read_spacing
from assistant.pictures.images import load_image, read_selector
from assistant.pictures.pixels import ImageLimits, printable
from assistant.types import Domain, QueryImage

LONGEST_NAME = 60
_DATA_URL = re.compile(r"data:(?P<kind>[A-Za-z0-9.+/-]{0,80})(?P<parameters>(?:;[A-Za-z0-9=.+-]{1,80})*);base64,")
SELECTOR_KEYS = frozenset({"frame", "axis", "slice", "volume", "window", "bayer"})
"""What a plane of a file is named by."""


@dataclass(frozen=True)
class Sent:
    """A file that was sent.

    Args:
        name: to be shown; safe.
        content: bytes of the file.
        selector: of a plane of it, ``axis=2,slice=40``; empty for the whole.
    """

    name: str
    content: bytes
    selector: str = ""

    @property
    def parts(self) -> tuple[bytes, bytes]:
        """What tells the picture from all others."""
        return self.content, self.selector.encode("utf-8", "surrogatepass")


def decoded_url(url: object, name: str, limits: ImageLimits) -> Sent:
    """The bytes of a data URL; its parameters that are a selector's (``data:;axis=2;slice=40;base64,…``) take a plane.

    Raises:
        ImageError: an address or a path, which is never opened, or no base64.
    """
    do = "send the picture itself: data:image/png;base64,…"
    if not isinstance(url, str):
        raise ImageError("a picture as a data URL", f"a {type(url).__name__}", do)
    head = _DATA_URL.match(url)
    if head is None:
        raise ImageError("a picture as a data URL with base64", "an address, a path or another text", do)
    if (len(url) - head.end()) * 3 // 4 > limits.max_bytes + 3:
        raise ImageError(f"a picture of at most {limits.max_bytes:,} bytes", "a larger one", "send a smaller one")
    selector = ",".join(part for part in head["parameters"].split(";") if part.partition("=")[0] in SELECTOR_KEYS)
    try:
        return Sent(name, base64.b64decode(url[head.end() :], validate=True), selector)
    except (binascii.Error, ValueError):
        raise ImageError("base64 in the data URL", "something else", do) from None


def read_sent(sent: Sent, limits: ImageLimits) -> QueryImage:
    """Decode a file that was sent; its source is the name to show.

    Raises:
        ImageError: broken, or outside the limits.
    """
    if len(sent.content) > limits.max_bytes:
        got = f"{len(sent.content):,} bytes in {sent.name}"
        raise ImageError(f"a picture of at most {limits.max_bytes:,} bytes", got, "send a smaller one")
    try:
        selector = read_selector(sent.selector, sent.name) if sent.selector else None
        image = load_image(sent.content, limits=limits, selector=selector)
    except ImageError as error:
        told = [str(part).replace("<bytes>", sent.name) for part in (error.expected, error.got, error.do)]
        raise ImageError(*told) from None
    chosen = ",".join(f"{key}={printable(value)}" for key, value in (selector or {}).items())
    return replace(image, source=f"{sent.name}::{chosen}" if chosen else sent.name)


def display_name(name: str | None, otherwise: str) -> str:
    """A file's name as it may be shown: letters, digits and ``._- ()`` only, short.

    >>> display_name("../x/<b>lid.png", "picture")
    '_b_lid.png'
    >>> display_name("a" * 70 + ".tif", "picture")[-8:]
    'aaaa.tif'
    """
    last = re.split(r"[/\\]", name or "")[-1]
    safe = re.sub(r"[^\w. ()-]+", "_", last, flags=re.ASCII).strip(". ") or otherwise
    path = PurePath(safe)
    return safe if len(safe) <= LONGEST_NAME else path.stem[: LONGEST_NAME - 8] + path.suffix[:8]


@dataclass(frozen=True)
class Asked:
    """What is asked of a picture beside the picture, as a program writes it.

    Args:
        object_name: what the picture shows, in words.
        look_for: phrases of what to look for.
        types: kinds that a region may be, instead of ours.
        domain: ``industrial`` or ``medical``.
        mode: ``auto``, ``zero-shot`` or ``few-shot``.
        profile: name of one of the server's profiles.
        fixed_camera: whether references are aligned with the picture.
        score: image score.
        overkill: share of normal pictures that may be called anomalous.
        mm_per_pixel: ``0.05``, or ``0.05,0.1`` for rows and columns.
        detail: how closely is looked.
    """

    object_name: str | None = None
    look_for: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    domain: str | None = None
    mode: str = "auto"
    profile: str | None = None
    fixed_camera: bool = False
    score: str = "blend"
    overkill: float = OVERKILL
    mm_per_pixel: str | None = None
    detail: str = "auto"
    references: tuple[Sent, ...] = field(default=())

    def inquiry(self) -> Inquiry:
        """What is asked, checked.

        Raises:
            ConfigError: a value that makes no sense.
        """
        domains = [one.value for one in Domain]
        if self.domain is not None and self.domain not in domains:
            raise ConfigError(f"a domain of {', '.join(domains)}", self.domain[:40], "choose one, or leave it out")
        return Inquiry(
            object_name=self.object_name or None,
            look_for=tuple(one for one in self.look_for if one),
            types=tuple(one for one in self.types if one),
            domain=None if self.domain is None else Domain(self.domain),
            mode=self.mode,
            fixed_camera=self.fixed_camera,
            score=self.score,
            overkill=self.overkill,
            spacing_mm=read_spacing(self.mm_per_pixel) if self.mm_per_pixel else None,
            detail=Detail.read(self.detail),
        )
