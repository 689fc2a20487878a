"""Multiple choice: a question, lettered options in random order, and the right letter."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from assistant.geometry import CELLS
from assistant.types import Verdict
from assistant.words import wording
from data_builders.words.facts import Facts
from data_builders.words.phrases import Unsayable, lines, load, pick
from data_builders.words.plain import absent_kind
from data_builders.words.slots import Scene
from data_builders.words.teller import Exchange, Teller

LETTERS = "ABCD"


@dataclass(frozen=True)
class Options:
    """The right option and wrong ones; ``fixed`` keeps their order, as for yes and no."""

    right: str
    wrong: tuple[str, ...]


def choice(teller: Teller) -> Exchange:
    """A question with options; the answer is the option's text with its letter after it, or the letter alone.

    Words first: what is right is found in the evidence as words, and its letter beside them in the question.
    """
    kind = pick(tuple(kind for kind in _KINDS for _ in range(_SHARES.get(kind, 1))), teller.rng)
    options = _KINDS[kind](teller)
    stem = stem_of(teller, kind)
    shuffled = [options.right, *options.wrong]
    if set(shuffled) != {"Yes", "No"} or teller.chance(0.3):
        teller.rng.shuffle(shuffled)
    else:
        shuffled = ["Yes", "No"]
    bare = teller.chance(0.25)
    listed = [f"{LETTERS[n]}. {text}" for n, text in enumerate(shuffled)]
    ways = lines(load("choices"), "letter_only" if bare else "with_text")
    wanted = teller.draw(ways, teller.scene(), None)
    block = "\n".join(listed)
    ask = f"{stem} {wanted}\n{block}" if teller.chance(0.5) else f"{stem}\n{block}\n{wanted}"
    letter = LETTERS[shuffled.index(options.right)]
    answer = letter if bare else f"{options.right[:1].upper()}{options.right[1:]} ({letter})."
    if not teller.agrees(answer, ask):
        raise Unsayable("the option would be misread")
    return Exchange("choice", ask, answer)


def stem_of(teller: Teller, kind: str) -> str:
    """The question above the options."""
    scene = Scene(teller.facts, teller.knowledge, teller.rng, None, {}, True)
    return teller.draw(lines(load("choices"), "stems", kind), scene, None)


def _some(teller: Teller, names: Sequence[str], count: int = 3) -> tuple[str, ...]:
    """A few of the names, without repetition."""
    unique = list(dict.fromkeys(names))
    if len(unique) < count:
        raise Unsayable("too few options")
    return tuple(unique[int(n)] for n in teller.rng.choice(len(unique), count, replace=False))


def _presence(teller: Teller) -> Options:
    anomalous = teller.facts.verdict is Verdict.ANOMALOUS
    return Options("Yes" if anomalous else "No", ("No" if anomalous else "Yes",))


def _verdict(teller: Teller) -> Options:
    anomalous = teller.facts.verdict is Verdict.ANOMALOUS
    return Options("anomalous" if anomalous else "normal", ("normal" if anomalous else "anomalous",))


def _place(teller: Teller) -> Options:
    highest = teller.facts.highest
    if teller.situation == "clear" and (highest is None or teller.chance(0.4)):
        return Options("nowhere", _some(teller, CELLS))
    if teller.chance(0.35) or teller.situation == "clear":
        return _nearest(teller, (teller.strongest() if highest is None else highest).cells[0])
    cells = teller.strongest().cells
    taken = {cell for r in teller.regions for cell in r.cells}
    free = [cell for cell in CELLS if cell not in taken]
    wrong = (*_some(teller, free, 2), "nowhere") if teller.chance(0.3) else _some(teller, free)
    return Options(cells[0], wrong)


def _nearest(teller: Teller, cell: str) -> Options:
    """Places of which the one nearest to a cell is right: for pictures without regions, and options without the cell."""
    at = divmod(CELLS.index(cell), 3)

    def far(other: str) -> int:
        row, column = divmod(CELLS.index(other), 3)
        return (row - at[0]) ** 2 + (column - at[1]) ** 2

    chosen = sorted(_some(teller, CELLS, 4), key=far)
    if far(chosen[0]) == far(chosen[1]):
        raise Unsayable("two places are equally near")
    return Options(chosen[0], tuple(chosen[1:]))


def _type(teller: Teller) -> Options:
    highest = teller.facts.highest
    if teller.situation == "clear" and (highest is None or highest.type is None or teller.chance(0.4)):
        return Options("none", _some(teller, [absent_kind(teller) for _ in range(12)]))
    region = teller.strongest() if highest is None else highest
    if teller.knowledge.find(region.type) is None or region.type is None:
        raise Unsayable("the kind is not known")
    others = _some(teller, [kind for kind in (absent_kind(teller) for _ in range(16)) if kind != region.type])
    return Options(region.type, (*others[:2], "none") if teller.chance(0.2) else others)


def _count(teller: Teller) -> Options:
    right = len(teller.regions)
    near = [n for n in range(max(0, right - 3), right + 4) if n != right]
    words = [_number(n) for n in near]
    return Options(_number(right), _some(teller, words))


def _number(number: int) -> str:
    if number == 0:
        return "none"
    return wording.NUMBERS[number] if number < len(wording.NUMBERS) else str(number)


def _severity(teller: Teller) -> Options:
    severities = ["minor", "major", "critical", "nothing to rate"]
    right = "nothing to rate" if teller.situation == "clear" else teller.strongest().severity.value
    return Options(right, tuple(s for s in severities if s != right))


def _known(field: Callable[[str, Teller], str]) -> Callable[[Teller], Options]:
    """Options out of what is known of the strongest region's kind and of others."""

    def options(teller: Teller) -> Options:
        region = teller.strongest()
        if region.type is None or teller.knowledge.find(region.type) is None:
            raise Unsayable("the kind is not known")
        right = field(region.type, teller)
        wrong = [field(absent_kind(teller), teller) for _ in range(12)]
        return Options(right, _some(teller, [text for text in wrong if text != right]))

    return options


def _shape(kind: str, teller: Teller) -> str:
    return teller.knowledge.entries[kind].look.shape


def _effect(kind: str, teller: Teller) -> str:
    return f"it can {teller.knowledge.entries[kind].effects[0]}"


def _object(teller: Teller) -> Options:
    facts: Facts = teller.facts
    if not facts.object_name or facts.domain is None:
        raise Unsayable("the object is not named")
    name = facts.object_name.lower()
    others = [
        o for o in load("choices")["objects"][facts.domain.value] if not set(o.lower().split()) & set(name.split())
    ]
    return Options(facts.object_name, _some(teller, others))


_KINDS: dict[str, Callable[[Teller], Options]] = {
    "presence": _presence, "verdict": _verdict, "place": _place, "type": _type, "count": _count,
    "severity": _severity, "appearance": _known(_shape), "effect": _known(_effect), "object": _object,
}  # fmt: skip
_SHARES = {"presence": 2, "place": 4, "type": 2}
"""How often a kind is drawn, where not once: what is asked most, and what is hardest to learn."""
