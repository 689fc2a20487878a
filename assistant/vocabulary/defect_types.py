"""The vocabulary of defect and lesion types: names and the phrases that describe each. Data only; no torch.

The first phrase of each type is its plain name. Builders label with these names, text anchors embed the phrases, severity
and evidence look them up.
"""

from __future__ import annotations

from assistant.types import Domain

INDUSTRIAL_TYPES: dict[str, tuple[str, ...]] = {
    "scratch": ("scratch", "thin straight scratch mark", "scuffed line on the surface", "abrasion"),
    "crack": ("crack", "branching crack", "fracture line", "hairline fissure"),
    "dent": ("dent", "shallow impression", "bump or dented area", "pressed-in spot"),
    "hole": ("hole", "punctured hole", "perforation", "dark hole through the material"),
    "pit": ("pit", "small pits", "blowhole", "pore or cavity", "poke mark"),
    "chip": ("chip", "broken edge", "chipped rim", "broken-off piece", "fracture at the border"),
    "stain": ("stain", "dirty stain", "blot on the surface", "spot of dirt or oil"),
    "discolouration": ("discolouration", "colour change", "wrong colour", "uneven shade", "faded area"),
    "contamination": (
        "contamination",
        "foreign particle",
        "fibre or hair on the surface",
        "drop of liquid",
        "dust and debris",
    ),
    "residue": ("residue", "glue residue", "leftover adhesive", "smeared film"),
    "missing part": ("missing part", "component is missing", "absent element", "open circuit, missing connection"),
    "extra part": (
        "extra part",
        "additional element that does not belong",
        "spurious material",
        "short circuit, extra connection",
    ),
    "misplacement": ("misplacement", "misaligned part", "shifted component", "rotated or swapped part"),
    "deformation": ("deformation", "bent part", "warped shape", "distorted geometry"),
    "cut": ("cut", "sharp cut", "slit in the material", "torn opening"),
    "fold": ("fold", "wrinkle", "crease", "folded material"),
    "print error": ("print error", "smudged print", "misprinted pattern", "broken or blurred print"),
    "corrosion": ("corrosion", "rust", "oxidised metal", "corroded spots"),
    "burn": ("burn", "scorched mark", "charred area", "heat damage"),
    "texture disruption": (
        "texture disruption",
        "irregular texture",
        "uneven surface structure",
        "frayed or rough patch",
        "broken weave",
    ),
}
MEDICAL_TYPES: dict[str, tuple[str, ...]] = {
    "mass": ("mass", "tumour", "solid lesion", "nodule"),
    "cyst": ("cyst", "fluid-filled round lesion", "dark round cyst"),
    "haemorrhage": ("haemorrhage", "bleeding", "blood collection", "red haemorrhagic spot"),
    "opacity": ("opacity", "hazy consolidation", "cloudy opacity", "infiltrate"),
    "fluid": ("fluid", "fluid collection", "effusion", "oedema"),
    "exudate": ("exudate", "drusen", "bright yellow deposits", "hard exudates"),
    "calcification": ("calcification", "bright calcified spots", "calcium deposit"),
    "polyp": ("polyp", "protruding growth", "raised lesion"),
    "atrophy": ("atrophy", "shrunken tissue", "deformed anatomy", "thinned layer"),
}
ALL_TYPES: dict[str, tuple[str, ...]] = INDUSTRIAL_TYPES | MEDICAL_TYPES


def vocabulary(domain: Domain | None) -> dict[str, tuple[str, ...]]:
    """Types of a domain, name to phrases; those of both domains when it is unknown.

    >>> "scratch" in vocabulary(Domain.MEDICAL)
    False
    """
    if domain is Domain.MEDICAL:
        return dict(MEDICAL_TYPES)
    if domain is Domain.INDUSTRIAL:
        return dict(INDUSTRIAL_TYPES)
    return dict(ALL_TYPES)
