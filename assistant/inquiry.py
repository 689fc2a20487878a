"""What is asked of a picture, beside the picture itself: one checked value, made at the door and carried to the verdict."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, TypedDict

from assistant.errors import ConfigError
from assistant.types import Domain, QueryImage

SCORES = ("blend", "top1", "max", "p99")
"""Image scores: the trained image head, mean of the map's top 1 %, its maximum, its 99th percentile."""
MODES = ("auto", "zero-shot", "few-shot")
OVERKILL = 0.1
"""Share of normal pictures that may be called anomalous, unless another one is asked for."""
TOLD = "option"
"""Whose spacing it is when a person told it."""
MAX_PHRASE = 200
"""Characters of a name or phrase."""


SMALLEST = 16.0
"""Extent of the smallest thing looked for where a closer look names none, source pixels."""
LEAST_SMALLEST, MOST_SMALLEST = 4.0, 4096.0
"""Extents that may be asked for, source pixels."""
LOOKS = ("overview", "full", "auto")
LARGE = 2.1e6
"""Pixels above which ``auto`` looks at tiles, and what a look at the whole does not show is told: full HD is no such picture."""


@dataclass(frozen=True)
class Detail:
    """How closely is looked.

    Args:
        look: ``overview`` (the whole picture once), ``full`` (every tile as well) or ``auto`` (of large
            pictures the tiles that promise most as well).
        smallest: extent of the smallest thing looked for, source pixels; sets the scale of tiles.

    Raises:
        ConfigError: another look, or an extent out of range.
    """

    look: str = "auto"
    smallest: float = SMALLEST

    def __post_init__(self) -> None:
        if self.look not in LOOKS:
            raise ConfigError(f"a detail of {', '.join(LOOKS)} or pixels", str(self.look)[:40], "choose one")
        if not LEAST_SMALLEST <= self.smallest <= MOST_SMALLEST:
            wanted = f"a smallest thing of {LEAST_SMALLEST:g} to {MOST_SMALLEST:g} pixels"
            raise ConfigError(wanted, f"{self.smallest:g}", f"write for example --detail {SMALLEST:g}")

    def __str__(self) -> str:
        """As it is typed."""
        if self.smallest == SMALLEST:
            return self.look
        return f"{self.smallest:g}" if self.look == "full" else f"{self.look}:{self.smallest:g}"

    @property
    def closer(self) -> bool:
        """Whether there is more than the overview."""
        return self.look != "overview"

    def closer_at(self, size: tuple[int, int]) -> bool:
        """Whether there is more than the overview in a picture of this size.

        Args:
            size: (height, width), source pixels.
        """
        return self.look == "full" or (self.look == "auto" and size[0] * size[1] > LARGE)

    @classmethod
    def read(cls, text: str) -> Detail:
        """A detail as it is typed: a look by name, pixels, which are looked for everywhere, or both.

        >>> Detail.read("auto"), Detail.read("24")
        (Detail(look='auto', smallest=16.0), Detail(look='full', smallest=24.0))
        >>> Detail.read("auto:24")
        Detail(look='auto', smallest=24.0)

        Raises:
            ConfigError: neither.
        """
        look, _, pixels = text.rpartition(":")
        try:
            return cls(look or "full", float(pixels))
        except ValueError:
            return cls(text)


class InquiryFields(TypedDict, total=False):
    """The fields of an :class:`Inquiry` as keyword arguments."""

    object_name: str | None
    look_for: Iterable[str]
    types: Iterable[str]
    domain: Domain | Literal["industrial", "medical"] | None
    mode: str
    fixed_camera: bool
    score: str
    overkill: float
    spacing_mm: tuple[float, float] | None
    detail: Detail | str | float


@dataclass(frozen=True)
class Inquiry:
    """What is asked of a picture.

    Args:
        object_name: plain words for what it shows; None when unknown.
        look_for: phrases of what to look for; they join the anomalous state and the vocabulary.
        types: names to choose the type of a region from; the built-in vocabulary when empty.
        domain: chooses the vocabulary; from the file format when None.
        mode: ``auto``, ``zero-shot`` (text alone) or ``few-shot`` (with references or a profile).
        fixed_camera: references are aligned with the picture: like places are compared.
        score: ``blend``, ``top1``, ``max`` or ``p99``.
        overkill: with references, the share of normal pictures that may be called anomalous: where the threshold lies.
        spacing_mm: millimetres from row to row and from column to column; from the file when None.
        detail: how closely is looked: ``overview``, ``full``, ``auto``, or the pixels of the smallest thing looked for.

    Raises:
        ConfigError: a value that makes no sense, with what was expected.
    """

    object_name: str | None = None
    look_for: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    domain: Domain | None = None
    mode: str = "auto"
    fixed_camera: bool = False
    score: str = "blend"
    overkill: float = OVERKILL
    spacing_mm: tuple[float, float] | None = None
    detail: Detail = Detail()

    def __post_init__(self) -> None:
        if self.score not in SCORES:
            raise ConfigError(f"an image score of {', '.join(SCORES)}", str(self.score), "choose another score")
        if not 0 < self.overkill < 0.5:
            do = "0.05 calls about one normal in twenty anomalous"
            raise ConfigError("an overkill between 0 and 0.5", str(self.overkill), do)
        if self.mode not in MODES:
            raise ConfigError(f"a mode of {', '.join(MODES)}", str(self.mode), "choose another mode")
        if self.spacing_mm is not None:
            object.__setattr__(self, "spacing_mm", checked_spacing(self.spacing_mm))
        if self.object_name:
            checked_phrase(self.object_name, "an object name")
        for phrase in self.look_for:
            checked_phrase(phrase, "a phrase to look for")
        for phrase in self.types:
            checked_phrase(phrase, "a type")

    def scaled(self, image: QueryImage) -> QueryImage:
        """A picture with the scale that is told here; as it is where none is."""
        return image if self.spacing_mm is None else replace(image, spacing_mm=self.spacing_mm, spacing_of=TOLD)

    @classmethod
    def of(cls, fields: InquiryFields) -> Inquiry:
        """An inquiry of keyword arguments.

        Raises:
            ConfigError: as the class says.
        """
        told: dict[str, Any] = dict(fields)
        for name in ("look_for", "types"):
            given = told.get(name, ())
            if isinstance(given, str):
                raise ConfigError(f"several phrases for {name}", f"one text, {given[:40]!r}", "put it in a list")
            told[name] = tuple(given)
            if wrong := next((one for one in told[name] if not isinstance(one, str)), None):
                raise ConfigError(f"phrases for {name}", type(wrong).__name__, "give texts")
        if told.get("domain") is not None:
            try:
                told["domain"] = Domain(told["domain"])
            except ValueError:
                expected = f"a domain of {', '.join(Domain)}"
                raise ConfigError(expected, str(told["domain"])[:40], "choose one, or leave it out") from None
        if not isinstance(detail := told.get("detail", Detail()), Detail):
            told["detail"] = Detail.read(str(detail))
        return cls(**told)

    def require_comparable(self, *, references: bool, profile: bool, anomalous: bool) -> None:
        """The one rule of what goes together; every door asks it before anything is encoded.

        References or a profile, not both, since a profile is a reference set. Anomalous references join either. Zero-shot takes
        none of the three, few-shot one of the first two. The camera is fixed with references; a profile knows its own.
        An overkill needs references or a profile: without, no threshold follows from it.

        Args:
            references: whether normal pictures are given.
            profile: whether a saved reference set is given.
            anomalous: whether pictures of the defect are given.

        Raises:
            ConfigError: what does not go together.
        """
        if references and profile:
            raise ConfigError("references or a profile", "both", "give one of them; a profile holds its references")
        if self.mode == "few-shot" and not (references or profile):
            raise ConfigError("references or a profile in few-shot mode", "none", "give --references or --profile")
        if self.mode == "zero-shot" and (references or profile or anomalous):
            raise ConfigError("no references in zero-shot mode", "some", "leave the mode or the references out")
        if self.overkill != OVERKILL and not (references or profile):
            raise ConfigError("references or a profile with an overkill", "none", "give --references, or leave it out")
        if self.fixed_camera and not references:
            got = "a profile" if profile else "none"
            do = "build the profile of a fixed camera instead" if profile else "give --references, or leave it out"
            raise ConfigError("references with a fixed camera", got, do)

    def require_overview(self, of: str = "in mutual mode", instead: str = "give references instead") -> None:
        """Pictures that judge each other, and the slices of a scan, are looked at as wholes.

        Args:
            of: what is looked at.
            instead: what else can be done.

        Raises:
            ConfigError: a look at every tile is asked for.
        """
        if self.detail.look == "full":
            raise ConfigError(f"detail overview {of}", str(self.detail), f"leave --detail out, or {instead}")


ANYTHING = Inquiry()
"""Nothing told: whatever is wrong with whatever it is."""


def checked_spacing(spacing: Sequence[float]) -> tuple[float, float]:
    """Millimetres a pixel from row to row and from column to column; one number stands for both.

    Raises:
        ConfigError: other than one or two positive numbers.
    """
    values = tuple(float(one) for one in spacing)
    if len(values) not in (1, 2) or not all(math.isfinite(one) and one > 0 for one in values):
        got = ", ".join(f"{one:g}" for one in values) or "nothing"
        raise ConfigError(
            "one or two positive millimetres a pixel", got, "write for example 0.05, or 0.05,0.04 (across, down)"
        )
    return values[0], values[-1]


def read_spacing(text: str) -> tuple[float, float]:
    """A scale as it is typed (one number, or across and down) as (from row to row, from column to column).

    >>> read_spacing("0.05"), read_spacing("0.05, 0.04")
    ((0.05, 0.05), (0.04, 0.05))

    Raises:
        ConfigError: other than one or two positive numbers.
    """
    try:
        values = [float(one) for one in text.split(",")]
    except ValueError:
        do = "write for example 0.05, or 0.05,0.04 (across, down)"
        raise ConfigError("one or two positive millimetres a pixel", repr(text[:40]), do) from None
    return checked_spacing(values[::-1])


def checked_phrase(text: str, what: str) -> str:
    """The text on one line, without braces.

    Raises:
        ConfigError: empty, longer than :data:`MAX_PHRASE` characters, or no Unicode.
    """
    clean = " ".join(text.replace("{", " ").replace("}", " ").split())
    if any("\ud800" <= letter <= "\udfff" for letter in clean):  # no tokenizer and no row takes halves of letters
        raise ConfigError(f"{what} in Unicode", "bytes that are no UTF-8", "write it in UTF-8")
    if not clean or len(clean) > MAX_PHRASE:
        raise ConfigError(
            f"{what} of 1 to {MAX_PHRASE} characters", f"{len(clean)} characters", "shorten or fill it in"
        )
    return clean
