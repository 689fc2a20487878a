"""Noun phrases and short clauses that replies are built of: a mark, its place, box, score, and how a picture was judged."""

from __future__ import annotations

from assistant.types import Domain, Extents, Inspection, Mode, Region
from assistant.vocabulary.knowledge import Entry
from assistant.vocabulary.materials import fits_object, materials_of
from assistant.words import wording
from assistant.words.scene.scene import Scene

CERTAIN = 0.6
"""Chance of a kind from which it is said as it is."""
MOST = 4
"""Regions that a sentence lists."""
LIMIT = "Small or faint defects can be missed."
WHICH_SIDE = "Which side of the patient that is depends on how the scan is displayed; the picture itself does not say."
SCAN_LIMIT = "Small or faint lesions can be missed."


def mark(region: Region, scene: Scene) -> str:
    """What a region is: the user's name for it, "a crack", "an unusual mark, perhaps a crack", "a finding, perhaps a mass"."""
    if (called := scene.state.called.get(region.id)) is not None:
        return f'what you call "{called}"'
    what = "a finding" if scene.medical else "an unusual mark" if scene.anomalous else "a mark"
    entry = scene.knowledge.find(region.type)
    if region.type is None or (scene.medical and entry is not None and entry.domain is Domain.INDUSTRIAL):
        return what
    named = wording.noun(region.type, scene.knowledge)
    sure = (region.type_probability or 0.0) >= CERTAIN
    if scene.medical:
        return f"{what} {'suggestive of' if sure else 'that is possibly'} {named}"
    return named if sure else f"{what}, perhaps {named}"


def place(region: Region) -> str:
    """``at the top left``; over many cells ``across most of the picture``."""
    if len(region.cells) > 4:
        return "across much of the picture"
    return f"at {wording.place(region.cells)}"


def mark_at(region: Region, scene: Scene) -> str:
    """A mark with its place."""
    said = mark(region, scene)
    return f"{said}{',' if ',' in said else ''} {place(region)}"


def name(region: Region) -> str:
    """``region 2``."""
    return f"region {region.id}"


def named_at(region: Region) -> str:
    """``Region 2, at the top left``."""
    return f"{capital(name(region))}, {place(region)}"


def box(region: Region) -> str:
    """Where its box lies, in pixels of the picture."""
    b = region.box
    return f"x {b.x_min} to {b.x_max - 1}, y {b.y_min} to {b.y_max - 1} px"


def centre(region: Region) -> tuple[int, int]:
    """(x, y) of the middle of a region, source pixels."""
    if region.measures is not None:
        return round(region.measures.centroid[0]), round(region.measures.centroid[1])
    b = region.box
    return (b.x_min + b.x_max) // 2, (b.y_min + b.y_max) // 2


def listed(phrases: list[str], total: int) -> str:
    """Phrases joined, with how many more there are."""
    more = total - len(phrases)
    return wording.join([*phrases, f"{wording.NUMBERS[more] if more < 10 else more} more"] if more > 0 else phrases)


def marks(regions: tuple[Region, ...], scene: Scene) -> str:
    """Several marks with their places."""
    separated = "; ".join(f"{name(r)}, {mark_at(r, scene)}" for r in regions[:MOST])
    more = len(regions) - MOST
    return separated + (f"; and {more} more" if more > 0 else "")


def scored(inspection: Inspection) -> str:
    """``score 0.86 against a threshold of 0.50``."""
    return f"score {wording.score(inspection)} against a threshold of {wording.threshold(inspection)}"


def no_defect(scene: Scene) -> str:
    """What was not found."""
    return "no lesion or other anomaly" if scene.medical else "no defect"


def thing(scene: Scene) -> str:
    """The object as told, with its article: "the metal lid"; empty where none was told."""
    name = (scene.inspection.object_name or "").strip()
    first, _, rest = name.partition(" ")
    if first.lower() in {"the", "a", "an"} and rest:
        name = rest
    return f"the {name}" if name else ""


def how_close(score: float) -> str:
    """How far a score is from the threshold, in words."""
    if wording.borderline(score):
        return "close to the threshold, so it could go either way"
    return "well above the threshold" if score >= 0.8 else "well below the threshold" if score < 0.2 else (
        "above the threshold" if score >= 0.5 else "below the threshold"
    )  # fmt: skip


def judged_by(inspection: Inspection) -> str:
    """What the picture was compared with."""
    if inspection.mode is Mode.ZERO_SHOT:
        return "without reference pictures, by general knowledge alone"
    if inspection.mode is Mode.MUTUAL:
        return "against the other pictures of the same run"
    count = inspection.references
    if count is None:
        return "against the reference pictures"
    return f"against {wording.counted(count, 'reference picture')}"


def caveat(scene: Scene) -> str:
    """What a normal verdict is worth."""
    return SCAN_LIMIT if scene.medical else LIMIT


def length(value: float, unit: str) -> str:
    """A length with its unit, to about three digits.

    >>> length(134.4, "px"), length(2.031, "mm"), length(0.1234, "mm")
    ('134 px', '2.0 mm', '0.12 mm')
    """
    if unit == "px":
        return f"{value:.0f} px"
    digits = 0 if value >= 100 else 1 if value >= 1 else 2
    return f"{value:.{digits}f} {unit}"


def extents(region: Region) -> tuple[Extents, str] | None:
    """The extents of a region with their unit, millimetres where the scale is known; None where it was not measured."""
    found = region.measures
    if found is None:
        return None
    return (found.mm, "mm") if found.mm is not None else (found.px, "px")


def hardly(entry: Entry, scene: Scene) -> str:
    """That a kind makes little sense on the object, and what looks alike and could be on it."""
    materials = materials_of(scene.inspection.object_name)
    alike = [wording.noun(n, scene.knowledge) for n in entry.confusable if fits_object(n, materials)]
    like = "" if not alike else f"; what looks alike: {wording.join(alike, 'or')}"
    head = f"{capital(wording.noun(entry.name, scene.knowledge))} makes little sense on {thing(scene)}"
    return f"{head}: the kind is a guess by looks alone{like}."


def lowered(text: str) -> str:
    """The text without a capital at its head."""
    return text[:1].lower() + text[1:]


def capital(text: str) -> str:
    """The text with a capital at its head."""
    return text[:1].upper() + text[1:]
