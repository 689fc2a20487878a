"""What object families share: pictures that can be drawn again with one part changed.

A picture is drawn from a seed taken from the caller's generator. ``rerender(edit)`` draws from the same seed with the
edit applied to the list of parts, so everything else comes out the same. Families take their random numbers in an order
that does not depend on the edit.

``Edit.part`` counts the instances of ``Picture.parts`` through all its names, in the mapping's order.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import numpy as np

from assistant.errors import ConfigError
from assistant.types import Domain
from data_builders.sources.objects.drawing import Canvas, Placement
from data_builders.types import Edit, Kind, Mask, Picture, Pixels

ACTIONS = frozenset({"omit", "shift", "rotate", "extra", "bend"})
SMALLEST_SIDE = 32
FIXED = 0.3
"""Largest deviation of an angle that still counts as one pose, radians."""


class ImpossibleEditError(Exception):
    """Raised while drawing: this part cannot be changed so."""


@dataclass(frozen=True, eq=False)
class Drawing:
    """What a family drew: the finished canvas and its parts, name to masks."""

    canvas: Canvas
    parts: dict[str, tuple[Mask, ...]] = field(default_factory=dict)


class ObjectFamily(ABC):
    """A :class:`data_builders.types.SourceFamily` of things; subclasses give :meth:`design` and :meth:`draw`.

    Class attributes: ``name``, ``object_name`` (plain words) and ``actions``, the edits that make sense for some part.
    """

    kind: Kind = Kind.OBJECT
    domain: Domain = Domain.INDUSTRIAL
    name: str
    object_name: ClassVar[str]
    actions: ClassVar[frozenset[str]] = frozenset()

    @abstractmethod
    def design(self, rng: np.random.Generator) -> Any:
        """Draw the parameters of a product (a frozen dataclass, picklable)."""

    @abstractmethod
    def draw(self, design: Any, rng: np.random.Generator, size: tuple[int, int], edit: Edit | None) -> Drawing:
        """Draw one specimen, with ``edit`` applied.

        Raises:
            ImpossibleEditError: when this part cannot be changed so.
        """

    def describe(self, design: Any) -> str:
        """Plain words for the object."""
        return self.object_name

    def render(self, design: Any, rng: np.random.Generator, size: tuple[int, int]) -> Picture:
        """Take a picture of ``size`` (height, width) pixels of a specimen of ``design``.

        Raises:
            ConfigError: when a side is too small to show an object.
        """
        if min(size) < SMALLEST_SIDE:
            raise ConfigError(
                f"sides of at least {SMALLEST_SIDE} pixels", f"{size[0]}x{size[1]}", "ask for a larger picture"
            )
        seed = int(rng.integers(2**62))
        drawing = self.draw(design, np.random.default_rng(seed), size, None)
        pixels = drawing.canvas.finished()
        parts, indices = visible_parts(drawing.parts)

        def rerender(edit: Edit) -> Pixels | None:
            if edit.action not in ACTIONS:
                raise ConfigError(f"an action of {sorted(ACTIONS)}", repr(edit.action), "use one of these")
            if edit.action not in self.actions or not 0 <= edit.part < len(indices):
                return None
            try:
                inner = replace(edit, part=indices[edit.part])
                changed = self.draw(design, np.random.default_rng(seed), size, inner).canvas.finished()
            except ImpossibleEditError:
                return None
            return None if np.array_equal(changed, pixels) else changed

        return Picture(
            pixels=pixels,
            object_mask=drawing.canvas.covered,
            object_name=self.describe(design),
            family=self.name,
            kind=self.kind,
            domain=self.domain,
            parts=parts,
            rerender=rerender if self.actions and indices else None,
            fixed_pose=getattr(getattr(design, "line", None), "angle_spread", math.pi) < FIXED,
        )


def visible_parts(parts: dict[str, tuple[Mask, ...]]) -> tuple[dict[str, tuple[Mask, ...]], list[int]]:
    """The parts that show in the picture, and the index of each among all parts drawn."""
    seen: dict[str, tuple[Mask, ...]] = {}
    indices: list[int] = []
    first = 0
    for name, masks in parts.items():
        chosen = [index for index, mask in enumerate(masks) if mask.any()]
        if chosen:
            seen[name] = tuple(masks[index] for index in chosen)
        indices += [first + index for index in chosen]
        first += len(masks)
    return seen, indices


def anywhere(x: float, y: float) -> bool:
    """Every place (x, y) has room."""
    return True


@dataclass(frozen=True)
class Leeway:
    """What an edit may do to the parts of one kind.

    Args:
        step: units; the largest shift, and about how far an extra part lies from the one it doubles.
        allowed: actions that make sense for these parts.
        fits: whether an extra part may lie at (x, y).
        turn: radians of the largest rotation.
        gap: least distance of an extra part from the others, units; 0.6 ``step`` when None.
    """

    step: float
    allowed: frozenset[str] = ACTIONS
    fits: Callable[[float, float], bool] = anywhere
    turn: float = math.pi / 2
    gap: float | None = None


def edited(parts: Sequence[Placement], edit: Edit | None, leeway: Leeway, first: int = 0) -> list[Placement]:
    """The parts with the edit applied, when it speaks of one of them.

    Args:
        parts: where they are.
        edit: None leaves all as they are.
        leeway: what it may do to them.
        first: index of ``parts[0]`` among all parts of the picture.

    Raises:
        ImpossibleEditError: when the action makes no sense here, or an extra part fits nowhere.
    """
    result = list(parts)
    if edit is None or not first <= edit.part < first + len(result):
        return result
    if edit.action not in leeway.allowed:
        raise ImpossibleEditError
    index = edit.part - first
    part = result[index]
    if edit.action == "omit":
        del result[index]
    elif edit.action == "shift":
        reach = leeway.step * (0.35 + 0.65 * edit.amount)
        moved = replace(part, x=part.x + reach * math.cos(edit.direction), y=part.y + reach * math.sin(edit.direction))
        result[index] = moved
    elif edit.action == "rotate":
        sign = 1 if math.cos(edit.direction) >= 0 else -1
        result[index] = replace(part, angle=part.angle + sign * leeway.turn * (0.25 + 0.75 * edit.amount))
    elif edit.action == "bend":
        sign = 1 if math.cos(edit.direction) >= 0 else -1
        result[index] = replace(part, bend=sign * (0.3 + 0.7 * edit.amount))
    else:
        result.append(extra_part(part, result, edit, leeway))
    return result


def extra_part(part: Placement, others: Sequence[Placement], edit: Edit, leeway: Leeway) -> Placement:
    """A copy of ``part`` at the first place around it, starting in the edit's direction, that is free and fits.

    Raises:
        ImpossibleEditError: when there is none.
    """
    gap = 0.6 * leeway.step if leeway.gap is None else leeway.gap
    for reach in (1.0, 1.5, 0.75, 2.2):
        for turn in range(8):
            direction = edit.direction + turn * math.pi / 4
            x = part.x + leeway.step * reach * math.cos(direction)
            y = part.y + leeway.step * reach * math.sin(direction)
            if leeway.fits(x, y) and all(math.hypot(x - o.x, y - o.y) >= gap for o in others):
                return replace(part, x=x, y=y)
    raise ImpossibleEditError
