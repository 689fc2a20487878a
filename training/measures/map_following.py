"""Whether answers follow the map they are shown: maps are swapped between pictures, and places are asked for.

A model that answers from the picture, or from habit, names another place than the swapped map's.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest

from assistant.language.interface import DraftWriter, EvidenceKind, TokenDialogue
from assistant.reading.faithfulness import own_names
from assistant.reading.question import read_question
from assistant.reading.statements import read
from assistant.types import Inspection, Verdict
from training.measures.told_pictures import ToldPicture, watched

CLEAR = 0.8
"""Peak score from which a region is clear."""
PARTNERS = 3
"""Maps that a picture is shown with at most."""
PLAIN = ("Where is it?", "Where is the defect?", "Which place stands out?", "Tell me the position of the anomaly.")
"""Asked where no conversation asks for a place in neutral words."""


@dataclass(frozen=True, eq=False)
class Swap:
    """A picture that is shown with another one's map.

    Args:
        picture: whose image tokens are shown.
        shown: its inspection with map and image score of the other.
        own, other: cell of its own region, and of the one shown.
        question: asks for the place.
    """

    picture: ToldPicture
    shown: Inspection
    own: str
    other: str
    question: str


def clear_cell(inspection: Inspection) -> str | None:
    """The cell of the one clear region; None where there is another number, or it lies in several cells."""
    regions = inspection.regions
    if inspection.verdict is Verdict.NORMAL or len(regions) != 1:
        return None
    one = regions[0]
    return one.cells[0] if len(one.cells) == 1 and one.peak_score >= CLEAR else None


def place_questions(pictures: Sequence[ToldPicture]) -> tuple[str, ...]:
    """Questions for a place in the conversations that name no kind, no number and no place themselves."""
    found = {
        e.question
        for p in pictures
        if clear_cell(p.inspection)
        for talk in p.conversations
        for e in talk
        if e.intent == "where" and not _leads(e.question)
    }
    return tuple(sorted(found)) or PLAIN


def _leads(question: str) -> bool:
    """Whether a question tells something of the answer."""
    asked = read_question(question)
    return bool(asked.kinds or asked.cells) or any(c.isdigit() for c in question)


def swaps(pictures: Sequence[ToldPicture], limit: int | None, rng: random.Random) -> list[Swap]:
    """Clear pictures with the map of another one whose region lies in another cell, in random order.

    Every picture has one partner before any has a second, up to :data:`PARTNERS`.
    """
    questions = place_questions(pictures)
    clear = [(p, cell) for p in pictures if (cell := clear_cell(p.inspection))]
    rng.shuffle(clear)
    partners = [[(one, other) for other in _others(one, clear, rng)] for one in clear]
    rounds = [pair for pairs in zip_longest(*partners) for pair in pairs if pair is not None]
    made = []
    for (picture, own), (other, cell) in rounds[:limit]:
        shown = replace(
            picture.inspection, anomaly_map=other.inspection.anomaly_map, image_score=other.inspection.image_score
        )
        made.append(Swap(picture, shown, own, cell, rng.choice(questions)))
    return made


def _others(
    one: tuple[ToldPicture, str], clear: Sequence[tuple[ToldPicture, str]], rng: random.Random
) -> list[tuple[ToldPicture, str]]:
    """Up to :data:`PARTNERS` pictures whose regions lie in another cell."""
    others = [pair for pair in clear if pair[1] != one[1]]
    return rng.sample(others, min(PARTNERS, len(others)))


def follows(text: str, own: str, other: str, names: Sequence[str] = ()) -> bool:
    """Whether an answer names the shown map's cell and not the picture's own."""
    cells = read(text, names).cells
    return other in cells and own not in cells


def map_following(
    model: DraftWriter[TokenDialogue], pictures: Sequence[ToldPicture], limit: int | None, seed: int
) -> dict[str, float | int | None]:
    """Shares of answers that follow the swapped map, or stay with the picture's own; and the same untold of it."""
    chosen = swaps(pictures, limit, random.Random(seed))
    out: dict[str, float | int | None] = {"pairs": len(chosen)}
    told: tuple[EvidenceKind, ...] = ("embeddings", "off")
    for evidence in told:
        followed = stayed = silent = 0
        for swap in watched(chosen, f"swapped maps, evidence {evidence}"):
            dialogue = model.open(swap.shown, swap.picture.encoded())
            text = model.answer(dialogue, swap.question, evidence=evidence)
            names = own_names(swap.picture.inspection)
            followed += follows(text, swap.own, swap.other, names)
            stayed += follows(text, swap.other, swap.own, names)
            silent += not read(text, names).cells
        count = len(chosen)
        for name, number in (("follows", followed), ("own", stayed), ("no_place", silent)):
            out[f"{evidence}_{name}"] = number / count if count else None
    return out
