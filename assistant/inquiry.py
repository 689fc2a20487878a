"""What is asked of a picture, beside the picture itself: one checked value, made at the door and carried to the verdict."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypedDict

from assistant.errors import ConfigError
from assistant.types import Domain

SCORES = ("blend", "top1", "max", "p99")
"""Image scores: the trained image head, mean of the map's top 1 %, its maximum, its 99th percentile."""
MODES = ("auto", "zero-shot", "few-shot")
OVERKILL = 0.1
"""Share of normal pictures that may be called anomalous, unless another one is asked for."""
MAX_PHRASE = 200
"""Characters of a name or phrase."""


class InquiryFields(TypedDict, total=False):
    """The fields of an :class:`Inquiry` as keyword arguments."""

    object_name: str | None
    look_for: Iterable[str]
    types: Iterable[str]
    domain: Domain | None
    mode: str
    fixed_camera: bool
    score: str
    overkill: float


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

    def __post_init__(self) -> None:
        if self.score not in SCORES:
            raise ConfigError(f"an image score of {', '.join(SCORES)}", str(self.score), "choose another score")
        if not 0 < self.overkill < 0.5:
            do = "0.05 calls about one normal in twenty anomalous"
            raise ConfigError("an overkill between 0 and 0.5", str(self.overkill), do)
        if self.mode not in MODES:
            raise ConfigError(f"a mode of {', '.join(MODES)}", str(self.mode), "choose another mode")
        if self.object_name:
            checked_phrase(self.object_name, "an object name")
        for phrase in self.look_for:
            checked_phrase(phrase, "a phrase to look for")
        for phrase in self.types:
            checked_phrase(phrase, "a type")

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


ANYTHING = Inquiry()
"""Nothing told: whatever is wrong with whatever it is."""


def checked_phrase(text: str, what: str) -> str:
    """The text on one line, without braces.

    Raises:
        ConfigError: empty, or longer than :data:`MAX_PHRASE` characters.
    """
    clean = " ".join(text.replace("{", " ").replace("}", " ").split())
    if not clean or len(clean) > MAX_PHRASE:
        raise ConfigError(
            f"{what} of 1 to {MAX_PHRASE} characters", f"{len(clean)} characters", "shorten or fill it in"
        )
    return clean
