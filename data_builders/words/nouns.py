"""Noun phrases for regions and things inspected: articles, plurals, lists. Grammar, no judgement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from assistant.types import Inspection, Region
from assistant.vocabulary.knowledge import Knowledge
from assistant.words import wording

LISTED = 4
"""Regions a list names; the others are counted."""


@dataclass(frozen=True)
class Name:
    """What the inspected thing is called in one sentence."""

    noun: str
    plural: bool = False


def name_of(object_name: str | None) -> Name:
    """The object's name without its article, and whether it takes a plural verb; the picture when unknown.

    >>> name_of("small parts").plural, name_of("fabric printed with dots").plural, name_of("brass").plural
    (True, False, False)
    """
    noun = (object_name or "").strip()
    first, _, rest = noun.partition(" ")
    if first.lower() in {"the", "a", "an"} and rest:
        noun = rest
    if not noun:
        return Name("picture")
    words = noun.lower().split()
    ends = next((n for n, word in enumerate(words) if n and word in _LINKS), len(words))
    if words[ends - 1].endswith("ed") and ends < len(words) and ends > 1:
        ends -= 1
    return Name(noun, _is_plural(words[ends - 1]))


_LINKS = frozenset({"with", "of", "in", "on", "for", "from"})


def _is_plural(word: str) -> bool:
    return word.endswith("s") and not word.endswith(("ss", "us", "is")) and word not in {"canvas", "lens", "gas"}


def plural(noun: str) -> str:
    """Plural of a countable kind.

    >>> plural("scratch"), plural("opacity"), plural("missing part")
    ('scratches', 'opacities', 'missing parts')
    """
    if noun.endswith("y") and noun[-2:-1] not in "aeiou":
        return f"{noun[:-1]}ies"
    return f"{noun}{'es' if noun.endswith(('s', 'x', 'ch', 'sh')) else 's'}"


def unsure(region: Region) -> bool:
    """Whether the kind is only a guess."""
    return region.type_probability is None or region.type_probability < wording.SURE


def places(regions: Sequence[Region]) -> str:
    """Places of the regions, each once, the strongest region's first."""
    cells = dict.fromkeys(cell for region in regions for cell in region.cells)
    return wording.place(tuple(cells))


def unique_places(regions: Sequence[Region]) -> int:
    """How many different places the regions hold."""
    return len({cell for region in regions for cell in region.cells})


def _group(regions: list[Region], knowledge: Knowledge, medical: bool) -> str:
    """Regions of one kind with their places: "scratches at the top left and the centre"."""
    first = regions[0]
    where = f"at {places(regions)}"
    entry = knowledge.find(first.type)
    if len(regions) == 1 or (entry is not None and not entry.countable and not medical):
        return f"{wording.kind(first, knowledge, medical)} {where}"
    if first.type is None or entry is None:
        named = "unclassified findings" if medical else "anomalies"
        return f"{named} {where}" if first.type is None else f'places that look like "{first.type}" {where}'
    if medical:
        link = "that are possibly" if unsure(first) else "suggestive of"
        return f"findings {link} {wording.noun(first.type, knowledge) if not entry.countable else plural(entry.name)} {where}"
    return f"{'possibly ' if unsure(first) else ''}{plural(entry.name)} {where}"


def groups(regions: Sequence[Region]) -> list[list[Region]]:
    """Regions by kind and sureness, in the order of the strongest of each."""
    found: dict[tuple[str | None, bool], list[Region]] = {}
    for region in regions:
        found.setdefault((region.type, unsure(region)), []).append(region)
    return list(found.values())


def listed(regions: Sequence[Region], knowledge: Knowledge, medical: bool) -> str:
    """What stands out and where, as one noun phrase; kinds that occur twice are put in the plural."""
    named = [_group(group, knowledge, medical) for group in groups(regions[:LISTED])]
    if (more := len(regions) - LISTED) > 0:
        named.append(f"{wording.NUMBERS[more] if more < len(wording.NUMBERS) else more} more")
    long = len(named) > 1 and any(" and " in phrase or "," in phrase for phrase in named)
    if long and len(named) == 2:
        return f"{named[0]}, and {named[1]}"
    return f"{', '.join(named[:-1])}, and {named[-1]}" if long else wording.join(named)


def kinds(regions: Sequence[Region], knowledge: Knowledge, medical: bool) -> str:
    """The kinds alone: "a scratch and possibly a stain"."""
    return wording.join([_group(group, knowledge, medical).split(" at the ")[0] for group in groups(regions)])


def starts_plural(regions: Sequence[Region], knowledge: Knowledge, medical: bool) -> bool:
    """Whether the list of :func:`listed` takes "there are"."""
    group = groups(regions[:LISTED])[0]
    entry = knowledge.find(group[0].type)
    return len(group) > 1 and (medical or entry is None or entry.countable)


def flaw_words(inspection: Inspection, medical: bool) -> tuple[tuple[str, str], ...]:
    """Neutral words for what stands out, singular and plural; milder where the picture is normal as a whole."""
    if medical:
        return (("finding", "findings"), ("abnormality", "abnormalities"))
    return (("defect", "defects"), ("anomaly", "anomalies"), ("flaw", "flaws"), ("defect", "defects"))


def size_word(fraction: float) -> str:
    """Size in a word: under 0.5 %, 2 % and 8 % of the picture, or more.

    >>> size_word(0.001), size_word(0.2)
    ('tiny', 'large')
    """
    return (
        "tiny" if fraction < 0.005 else "small" if fraction < 0.02 else "of medium size" if fraction < 0.08 else "large"
    )
