"""The values builders pass on: pictures of normal things, edits of them, and defects painted onto them.

numpy only. Every random choice takes an ``np.random.Generator``: the same seed gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import Field, dataclass, field
from enum import StrEnum
from typing import Any, ClassVar, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Bool, UInt8

from assistant.types import Domain

Pixels = UInt8[np.ndarray, "height width 3"]
Mask = Bool[np.ndarray, "height width"]
Parameters = Mapping[str, float | int | str | bool]


@runtime_checkable
class Drawn(Protocol):
    """Parameters that a defect family draws: a frozen dataclass."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]


class Kind(StrEnum):
    """What a picture is of."""

    SURFACE = "surface"
    OBJECT = "object"
    PHANTOM = "phantom"


@dataclass(frozen=True)
class Edit:
    """A change to one part of an object, drawn by its own generator so that the result stays believable.

    Args:
        action: ``omit`` | ``shift`` | ``rotate`` | ``extra`` | ``bend``.
        part: index into ``Picture.parts``; for ``extra`` the part that is doubled elsewhere.
        amount: strength in [0, 1].
        direction: angle in radians.
    """

    action: str
    part: int
    amount: float = 0.5
    direction: float = 0.0


@dataclass(frozen=True, eq=False)
class Picture:
    """A normal picture as a generator made it, before camera effects.

    Args:
        pixels: RGB, 0..255.
        object_mask: where the inspected thing is (a surface fills the picture): defects belong inside it.
        object_name: plain words, for example "hex nut".
        family: name of the generator.
        kind: surface, object or phantom.
        domain: industrial or medical.
        parts: masks of countable parts (holes, pins, pads, threads …) or tissues; name to masks of the instances.
        rerender: draws the very same picture with one part edited; None where the generator has no editable parts.
            ``rerender(edit)`` returns pixels of the same size, or None when that edit is impossible here.
        fixed_pose: every normal picture of the product shows the object the same way round.
    """

    pixels: Pixels
    object_mask: Mask
    object_name: str
    family: str
    kind: Kind
    domain: Domain
    parts: Mapping[str, tuple[Mask, ...]] = field(default_factory=dict)
    rerender: Callable[[Edit], Pixels | None] | None = None
    fixed_pose: bool = False


@dataclass(frozen=True, eq=False)
class Defect:
    """A synthetic defect.

    Args:
        pixels: the whole picture with the defect in it.
        mask: pixels that visibly changed.
        type: a name of :data:`assistant.vocabulary.defect_types.ALL_TYPES`.
        family: the defect family that made it.
        parameters: the numbers it was made with; JSON scalars only.
    """

    pixels: Pixels
    mask: Mask
    type: str
    family: str
    parameters: Parameters


@runtime_checkable
class SourceFamily(Protocol):
    """Generator of normal pictures of one family of things.

    ``design`` fixes the product (colours, sizes, pattern, typical pose and light); ``render`` takes one picture of one
    specimen of it: each call with another ``rng`` varies pose, phase of the texture, grain, light within what one production
    line and one camera would show. Reference pictures are further renders of the same design.
    """

    name: str
    kind: Kind
    domain: Domain

    def design(self, rng: np.random.Generator) -> Any:
        """Draw the parameters of a product (a frozen dataclass, picklable)."""

    def render(self, design: Any, rng: np.random.Generator, size: tuple[int, int]) -> Picture:
        """Take a picture of ``size`` (height, width) pixels of a specimen of ``design``."""


@runtime_checkable
class DefectFamily(Protocol):
    """Paints one kind of defect onto a normal picture."""

    name: str
    domains: frozenset[Domain]

    def applies(self, picture: Picture) -> bool:
        """Whether this defect makes sense on this picture (kind, domain, parts)."""

    def apply(self, picture: Picture, rng: np.random.Generator) -> Defect | None:
        """Paint one defect; None when no believable place was found."""
