"""What an object is made of, as far as its name tells, and which kinds, causes, effects and actions make sense on that.

A kind is chosen by its looks alone, so it may be one that the object cannot have; what is usual for a kind is usual on some
materials only.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from assistant.vocabulary.knowledge import Entry, Knowledge

_OBJECTS = {
    "metal": r"cast(?:ing)?s?|steel|metal|iron|alumini?um|copper|brass|screws?|bolts?|nuts?|gears?|bearings?|impellers?|pumps?"
    r"|shafts?|valves?|pipes?|welds?|sheets?|rails?|blades?|nails?|washers?|springs?|forgings?|rims?|lids?|cans?|flanges?|housings?|engines?",
    "glass": r"glass|bottles?|vials?|ampoules?|windows?|lens(?:es)?|windscreens?|jars?|mirrors?|syringes?",
    "ceramic": r"tiles?|ceramics?|porcelain|bricks?|plates?|cups?|ferrites?",
    "textile": r"fabrics?|textiles?|cloths?|carpets?|woven|yarns?|cotton|denim|knit\w*|shirts?|rugs?|felts?",
    "leather": r"leather|hides?",
    "wood": r"wood(?:en)?|boards? of wood|planks?|parquet|timber|veneers?",
    "ground": r"roads?|asphalt|concrete|walls?|bridges?|pavements?|streets?|floors?|tunnels?|runways?|facades?",
    "electronics": r"circuit|pcbs?|pcba|electronics?|chips? \(ic\)|transistors?|capacitors?|connectors?|cables?|chargers?|wires?",
    "cell": r"solar|photovoltaic|wafers?|cells?|modules?",
    "printed": r"labels?|prints?|printed|cartons?|packag\w*|boxes|box|papers?|books?|cards?|stickers?|banknotes?|pouch(?:es)?",
    "plastic": r"plastics?|polymers?|toothbrush(?:es)?|zippers?|foils?|films?|grids?|foams?|rubber|caps?|bumpers?",
    "food": r"tablets?|pills?|capsules?|drugs?|fruits?|apples?|hazelnuts?"
    r"|cashews?|candles?|macaronis?|gums?|foods?|bread|chocolate",
}
_NAMED = {material: re.compile(rf"\b(?:{words})\b") for material, words in _OBJECTS.items()}
_WEB = {"textile", "leather", "printed", "plastic"}
_KINDS: dict[str, set[str]] = {
    "print error": {"printed", "glass", "plastic", "food", "electronics"},
    "corrosion": {"metal", "electronics", "cell"},
    "fold": _WEB,
    "texture disruption": set(_OBJECTS) - {"glass", "electronics", "cell"},
    "crack": set(_OBJECTS) - {"textile", "printed"},
    "dent": set(_OBJECTS) - {"textile", "ground", "glass", "cell"},
    "burn": set(_OBJECTS) - {"ground"},
    "misplacement": set(_OBJECTS) - {"ground", "leather", "textile"},
    "missing part": set(_OBJECTS) - {"ground", "leather"},
}
"""Materials that a kind can be on, for kinds that cannot be on all."""
_PHRASES: tuple[tuple[re.Pattern[str], set[str]], ...] = tuple(
    (re.compile(words), materials)
    for words, materials in (
        (r"broken thread", {"textile"}),
        (r"broken grain", {"wood", "leather"}),
        (r"rollers?|along the web", {*_WEB, "wood", "metal"}),
        (r"tension\b", _WEB),
        (r"casting or welding|the melt|shrinkage while cooling|uneven cooling", {"metal", "glass", "plastic", "ceramic"}),
        (r"unlike metals|local corrosion|start corrosion|dye penetrant", {"metal", "electronics"}),
        (r"seize joints|reduce the wall|left of the wall", {"metal"}),
        (r"contact resistance|short circuit|circuit open|electric arc|insulation|solder|corrode contacts|flux\b",
         {"electronics", "cell", "metal"}),
        (r"oven", {"metal", "ceramic", "food", "electronics", "plastic", "glass"}),
        (r"print head|misregistration|artwork|the code|printer|code or label",
         {"printed", "plastic", "glass", "food", "electronics"}),
        (r"liquid or gas leak|leak paths|^leak$|disturb (?:fit or )?sealing", {"metal", "glass", "plastic", "ceramic"}),
        (r"out of use|fixtures|stacking|clamp\w*|stop assembly|assembly step|feeder|moving parts|careless packing"
         r"|a fall|neighbouring parts",
         set(_OBJECTS) - {"ground"}),
        (r"load\b|fatigue", set(_OBJECTS) - {"food", "textile"}),
    )
)  # fmt: skip
"""Materials on which a phrase makes sense, for phrases that do not on all."""
_SPLIT = {
    "a broken thread or grain": ("a broken thread", "broken grain"),
    "thermal stress or shrinkage while cooling": ("thermal stress", "shrinkage while cooling"),
    "worn tools or rollers": ("worn tools", "worn rollers"),
    "overload or a fall": ("overload", "a fall"),
}
"""Phrases that name what is usual on different materials, apart."""
_ON_METAL = " (dye penetrant or ultrasound on metal)"


def materials_of(object_name: str | None) -> frozenset[str]:
    """What an object is made of, by its name; empty where that does not tell.

    >>> sorted(materials_of("a metal casting")), sorted(materials_of("widget"))
    (['metal'], [])
    """
    name = (object_name or "").lower()
    return frozenset(material for material, pattern in _NAMED.items() if pattern.search(name))


def fits_object(kind: str, materials: frozenset[str]) -> bool:
    """Whether a kind can be on an object of these materials; True where they are not known.

    >>> fits_object("print error", materials_of("casting")), fits_object("scratch", materials_of("casting"))
    (False, True)
    """
    return not materials or kind not in _KINDS or bool(materials & _KINDS[kind])


def sensible(phrases: Sequence[str], materials: frozenset[str]) -> tuple[str, ...]:
    """The phrases of a kind that make sense on these materials; all of them where the materials are not known.

    >>> sensible(("a broken thread or grain", "worn tools or rollers"), materials_of("leather"))
    ('broken grain', 'worn tools or rollers')
    """
    if not materials:
        return tuple(phrases)
    kept: list[str] = []
    for phrase in phrases:
        bare = phrase if "metal" in materials else phrase.removesuffix(_ON_METAL)
        parts = [one for one in _SPLIT.get(bare, (bare,)) if _makes_sense(one, materials)]
        kept += [bare] if len(parts) == len(_SPLIT.get(bare, (bare,))) else parts
    return tuple(kept)


def on_object(entry: Entry, object_name: str | None) -> Entry:
    """A kind with the causes, effects and actions that make sense on an object; where none does, with all of them."""
    materials = materials_of(object_name)
    told = {"causes": entry.causes, "effects": entry.effects, "actions": entry.actions}
    return entry.model_copy(update={name: sensible(phrases, materials) or phrases for name, phrases in told.items()})


def known_on(kind: str | None, object_name: str | None, knowledge: Knowledge) -> Entry | None:
    """What is known of a kind on an object; None of a kind that is unknown, or that the object cannot have."""
    entry = knowledge.find(kind)
    return on_object(entry, object_name) if entry and fits_object(entry.name, materials_of(object_name)) else None


def _makes_sense(phrase: str, materials: frozenset[str]) -> bool:
    return all(materials & on for words, on in _PHRASES if words.search(phrase))


def is_plain(entry: Entry, object_name: str | None) -> bool:
    """Whether all that is known of a kind makes sense on an object."""
    materials = materials_of(object_name)
    known = (*entry.causes, *entry.effects, *entry.actions)
    return fits_object(entry.name, materials) and sensible(known, materials) == known


def is_movable(object_name: str | None) -> bool:
    """Whether an object can be held back, rejected or taken out of use: a road cannot."""
    return "ground" not in materials_of(object_name)
