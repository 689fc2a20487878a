"""What is at hand when a reply is made: the inspection, what was asked of it, and what came before in the conversation."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from assistant.geometry import CELLS
from assistant.reading.acts.act import Act
from assistant.reading.acts.message import states
from assistant.reading.acts.understanding import AskedAct
from assistant.reading.question import Question
from assistant.reading.spelling import plain
from assistant.types import Inspection, Region, Verdict
from assistant.vocabulary.knowledge import Knowledge
from assistant.words import wording
from assistant.words.scene.dialogue_state import NOTHING_TOLD, DialogueState, KindChances
from assistant.words.scene.places import (
    ALL_EDGES,
    CORNERS,
    Side,
    cells_of_corners,
    cells_of_hours,
    cells_of_many,
    cells_of_side,
    cells_of_sides,
    point_of,
    side_of,
)
from assistant.words.scene.seen import (
    asks_for_new,
    asks_of_place,
    claims_to_see,
    is_described,
    names_again,
    points_back,
    seen_in,
    sees_somewhere,
    speaks_of,
    whole_pattern,
)
from assistant.words.scene.spots import Spot, box_around, box_of_cells, region_inside, spot_beside

POINTING = frozenset(
    {Act.CLAIM, Act.CONFIRM, Act.TYPE, Act.PRESENCE, Act.MISSED, Act.DISAGREE, Act.APPEARANCE, Act.NONSENSE, Act.ACCEPT}
)
"""Acts that are about a place which another sentence of the message names."""
ELSEWHERE = frozenset(
    {Act.DISTANCE_EDGE, Act.DISTANCE_REGION, Act.SCALE, Act.SIDE, Act.COUNT, Act.LIST_REGIONS, Act.HEAT_MAP}
)
"""Acts whose places are none that somebody points to."""
OF_THE_WHOLE = frozenset({Act.PRESENCE, Act.ACCEPT, Act.STANDARD, Act.ESCALATE, Act.RATING, Act.SUMMARY})
"""Acts that are about the whole where it is named, whatever place was spoken of before."""
ELLIPSIS = 3
"""Words of a sentence, at most, that leaves out what it is about ("reflection maybe?")."""
REACH = 0.06
"""How far from coordinates that a person names is looked, share of the picture's longer side."""


@dataclass(frozen=True, eq=False)
class Scene:
    """What a reply may be made of.

    Args:
        inspection: of the picture that is talked about.
        question: the sentence or clause that is replied to, read.
        asked: its act, with slots.
        message: the whole of what was typed, read.
        knowledge: of kinds.
        focus: numbers of the regions that the last reply was about; empty at the beginning.
        state: of the conversation.
        before: the place that the last reply was about, where it was one that a user pointed to.
        reported: the last place where the user said before that he sees something which is not marked.
    """

    inspection: Inspection
    question: Question
    asked: AskedAct
    message: Question
    knowledge: Knowledge
    focus: tuple[int, ...] = ()
    state: DialogueState = NOTHING_TOLD
    before: Spot | None = None
    reported: Spot | None = None

    def chances_of(self, region: Region) -> KindChances:
        """Kinds of a region with their chances, the likeliest first; its own kind alone where the others are not known."""
        at = self.inspection.regions.index(region)
        known = self._kinds[at] if at < len(self._kinds) else ()
        alone = () if region.type is None else ((region.type, region.type_probability or 0.0),)
        return known or alone

    @cached_property
    def _kinds(self) -> tuple[KindChances, ...]:
        return tuple(self.state.kind_chances())

    @property
    def medical(self) -> bool:
        """Whether cautious words are due."""
        return self.state.told_scan or wording.is_medical(self.inspection, self.knowledge)

    @property
    def anomalous(self) -> bool:
        """The verdict of the picture."""
        return self.inspection.verdict is Verdict.ANOMALOUS

    @cached_property
    def cells(self) -> frozenset[str]:
        """Places that the question names, by words, by the hours of a clock or by coordinates; none where it means a region."""
        if self.inside is not None:
            return frozenset()
        found = set(self.question.cells) | self.asked.slots.cells
        if not found and self.asked.act in POINTING:
            found = set(self.message.cells)
        found |= self._cells_in_words
        if not found and self.side is not None:
            found = set(cells_of_side(self.side))
        if not found and self.asked.act in POINTING:
            said = self.message.text.lower()
            found = set(cells_of_sides(said) or cells_of_many(said))
        if not found and (point := self.point) is not None:
            column, row = (min(2, 3 * v // max(1, n)) for v, n in zip(point, self._size, strict=True))
            found.add(CELLS[3 * row + column])
        return frozenset(found)

    @cached_property
    def _cells_in_words(self) -> frozenset[str]:
        """Places that the sentence names in other words than the grammar of places reads."""
        said = self.question.text.lower()
        found = cells_of_hours(said) | cells_of_corners(said)
        return found or cells_of_sides(said) or (frozenset() if self.question.cells else cells_of_many(said))

    @cached_property
    def inside(self) -> int | None:
        """The number of the region inside which the user points: in the sentence, or before it where it is about that place."""
        if self.asked.act in ELSEWHERE:
            return None
        found = region_inside(plain(self.question.text), self.inspection, self.focus)
        leans = self.asked.act in POINTING or bool(self.asked.slots.cells)
        if found is None and leans and not self.question.cells:
            return region_inside(plain(self.message.text), self.inspection, self.focus)
        return found

    @cached_property
    def side(self) -> Side | None:
        """The side of the picture that the question, or the message where it is about a place, names instead of cells."""
        if self.asked.act is Act.DISTANCE_EDGE:
            return None
        found = side_of(self.question.text.lower())
        return side_of(self.message.text.lower()) if found is None and self.asked.act in POINTING else found

    @property
    def here(self) -> str:
        """The place named, in words."""
        if self.cells in (CORNERS, ALL_EDGES):
            return "the corners" if self.cells == CORNERS else "the edges"
        named = self.side is not None and self.cells == cells_of_side(self.side)
        return (
            f"the {self.side}{' side' if self.side in ('left', 'right') else ''}"
            if named
            else wording.place(sorted(self.cells))
        )

    @cached_property
    def point(self) -> tuple[int, int] | None:
        """(x, y) in source pixels that the question names; the middle row where it names x alone. None outside the picture."""
        if (told := point_of(self.question.text.lower())) is None:
            return None
        point = told[0], self._size[1] // 2 if told[1] is None else told[1]
        return point if point[0] < self._size[0] and point[1] < self._size[1] else None

    @cached_property
    def spot(self) -> Spot | None:
        """The place that the user points to: named in the sentence, or before it and meant by "it" or "there"."""
        said = plain(self.question.text)
        if self.asked.act in ELSEWHERE or self.inside is not None:
            return None
        if (beside := spot_beside(said, self.inspection, self.focus)) is not None:
            return beside
        if (self.numbers and not (self._names_place and not self.question.numbers)) or (
            self.question.rank and not claims_to_see(said)
        ):
            return None
        if not self._names_place and (carried := self._carried(said)) is not None:
            return carried
        if self.point is not None and not self.question.cells:
            box = box_around(self.point, REACH * max(self._size), *self._size)
            return Spot(f"around x {self.point[0]}, y {self.point[1]} px", box, named=seen_in(said))
        if self.cells:
            box = box_of_cells(self.cells, *self._size)
            return Spot(f"at {self.here}", box, self.cells, seen_in(said))
        if self.before is not None and self.asked.act is Act.CLAIM and len(said.split()) <= ELLIPSIS:
            return self.before
        return Spot("", None, named=seen_in(said)) if sees_somewhere(said) else None

    def _carried(self, said: str) -> Spot | None:
        """The place named before that a plain sentence is about; None where it is about another thing."""
        for spot in (self.before, self.reported):
            if spot is not None and speaks_of(said, spot.named, self.question.kinds):
                return spot
        thing = self.inspection.object_name or ""
        if self.asked.act in OF_THE_WHOLE and (whole_pattern(thing).search(said) or asks_for_new(said)):
            return None
        if self.before is None:
            return self.reported if self.reported is not None and names_again(said) else None
        if self.asked.confidence == 0 or not points_back(said, thing):
            return None
        return self.before if not _is_another(said, self.before) else Spot("", None, named=seen_in(said))

    @property
    def is_carried(self) -> bool:
        """Whether the place that the sentence is about was named before it."""
        return self.spot is not None and (self.spot is self.before or self.spot is self.reported)

    @property
    def sees_unmarked(self) -> bool:
        """Whether the user says that he sees something where nothing is marked."""
        spot, said = self.spot, plain(self.question.text)
        if spot is None or spot.regions(self.inspection):
            return False
        described = not self.is_carried and (
            is_described(spot.named) or (spot.box is not None and any(map(states, said.split(", "))))
        )
        return described or (claims_to_see(said) and not asks_of_place(said))

    @property
    def _names_place(self) -> bool:
        """Whether the sentence itself, not another one of the message, names a place."""
        named = self.question.cells | self.asked.slots.cells | self._cells_in_words
        return bool(named or side_of(self.question.text.lower()) or self.point)

    @property
    def _size(self) -> tuple[int, int]:
        return self.inspection.image.width, self.inspection.image.height

    @cached_property
    def regions(self) -> tuple[Region, ...]:
        """The regions a question is about: numbered, at a place, worst, the other one, or those spoken of last; else all.

        Empty where it names a number or a place at which there is none.
        """
        regions, asked = self.inspection.regions, self.question
        if numbers := self.numbers:
            return tuple(r for r in regions if r.id in numbers)
        if self.cells:
            return tuple(r for r in regions if self._at(r))
        if asked.rank in ("first", "largest"):
            return (
                tuple(sorted(regions, key=lambda r: -r.area_fraction)[:1]) if asked.rank == "largest" else regions[:1]
            )
        if asked.rank == "second":
            rest = tuple(r for r in regions if r.id not in (self.focus or (1,)))
            return rest[:1] or regions[1:2]
        if self.focus and (re.search(r"\b(?:it|its|that|this)\b", asked.text.lower()) or self._goes_on):
            return tuple(r for r in regions if r.id in self.focus) or regions
        return regions

    @property
    def _goes_on(self) -> bool:
        """Whether the question stands beside another one of the message that names a place or regions."""
        return bool(self.message.cells or self.message.numbers) and self.question.text != self.message.text

    @property
    def numbers(self) -> frozenset[int]:
        """Of regions that the question names, or inside which it points."""
        inside = frozenset() if self.inside is None else frozenset({self.inside})
        return self.question.numbers | self.asked.slots.numbers | inside

    @property
    def places_one(self) -> bool:
        """Whether the question is about some regions rather than about the picture."""
        return bool(self.numbers or self.cells or self.question.rank)

    def _at(self, region: Region) -> bool:
        if self.point is not None and not self.question.cells:
            x, y = self.point
            reach, box = REACH * max(self._size), region.box
            return box.x_min - reach <= x < box.x_max + reach and box.y_min - reach <= y < box.y_max + reach
        return bool(self.cells & set(region.cells))

    def peak_at(self, cells: Sequence[str]) -> float:
        """Highest score of the map in some cells of the 3x3 grid."""
        scores = self.inspection.anomaly_map.scores
        height, width = scores.shape
        best = 0.0
        for cell in cells:
            row, column = divmod(CELLS.index(cell), 3)
            part = scores[row * height // 3 : (row + 1) * height // 3, column * width // 3 : (column + 1) * width // 3]
            best = max(best, float(np.max(part)) if part.size else 0.0)
        return best


def _is_another(said: str, before: Spot) -> bool:
    """Whether a plain text describes something else that is seen than what was seen before."""
    seen = seen_in(said)
    return sees_somewhere(said) and bool(seen) and seen.split()[-1] not in before.named
