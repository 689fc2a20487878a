"""The finding of a volume in words, from its numbers alone."""

from __future__ import annotations

from assistant.types import Mode, Verdict
from assistant.volumes.finding import VolumeInspection, VolumeRegion
from assistant.words.wording import RESEARCH_NOTICE, SURE, band, counted

NAMED = 3
"""Regions that a caption names."""


def volume_caption(found: VolumeInspection, first: int = 0) -> str:
    """A few sentences: verdict, how much was looked at, the strongest regions with slices, size and kind.

    Args:
        found: of the volume.
        first: number of the first slice: 0 as selectors and rows count, 1 for people.
    """
    name = f"scan ({found.volume.name})" if found.volume.name else "scan"
    looked = f"{counted(found.looked_at, 'slice')} looked at"
    if len(found.axes) > 1:
        looked += f" along the first of {len(found.axes)} axes"
    said = [f"The {name} is {band(found.score, found.mode is not Mode.ZERO_SHOT)} (score {found.score:.2f}, {looked})."]
    if found.verdict is Verdict.NORMAL:
        said.append(f"Its most unusual slice is {found.worst_slice + first}.")
    elif not found.regions:
        said.append("No part of it stands out: the whole scan looks unusual.")
    else:
        said.append(f"{counted(len(found.regions), 'region').capitalize()} in three dimensions.")
        said += [_region(region, first) for region in found.regions[:NAMED]]
    if found.mode is Mode.ZERO_SHOT:
        said.append("Without reference scans this is a rough guess.")
    return " ".join([*said, RESEARCH_NOTICE])


def millilitres(volume: float) -> str:
    """A volume as it is told: two digits, whole from ten on.

    >>> millilitres(0.0234), millilitres(4.56), millilitres(5812.0)
    ('0.023', '4.6', '5,812')
    """
    return f"{volume:,.0f}" if volume >= 10 else f"{volume:.2g}"


def _region(region: VolumeRegion, first: int) -> str:
    start, end = (number + first for number in region.slices)
    where = f"slice {start}" if start == end else f"slices {start} to {end}"
    size = " x ".join(f"{one:.0f}" for one in region.extent_mm)
    kind = ""
    if region.type is not None:
        unsure = region.type_probability is None or region.type_probability < SURE
        kind = f", {'possibly ' if unsure else ''}{region.type}"
    volume = f"{millilitres(region.volume_ml)} ml, about {size} mm{kind}"
    return (
        f"Region {region.id}: {where} (worst {region.worst_slice + first}), {volume}, {region.severity.value}, "
        f"peak {region.peak_score:.2f}."
    )
