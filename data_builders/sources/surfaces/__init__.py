"""Generators of normal surfaces: metal, textile, natural, mineral, coated and technical materials."""

from __future__ import annotations

from data_builders.sources.surfaces.carpet import CARPET_FAMILIES
from data_builders.sources.surfaces.cellular import CELLULAR_FAMILIES
from data_builders.sources.surfaces.coating import COATING_FAMILIES
from data_builders.sources.surfaces.draped_fabric import DRAPED_FAMILIES
from data_builders.sources.surfaces.metal import METAL_FAMILIES
from data_builders.sources.surfaces.mineral import MINERAL_FAMILIES
from data_builders.sources.surfaces.natural import NATURAL_FAMILIES
from data_builders.sources.surfaces.printed import PRINTED_FAMILIES
from data_builders.sources.surfaces.solar import SOLAR_FAMILIES
from data_builders.sources.surfaces.technical import TECHNICAL_FAMILIES
from data_builders.sources.surfaces.textile import TEXTILE_FAMILIES
from data_builders.types import SourceFamily

SURFACES: tuple[SourceFamily, ...] = (
    *METAL_FAMILIES,
    *TEXTILE_FAMILIES,
    *DRAPED_FAMILIES,
    *CARPET_FAMILIES,
    *NATURAL_FAMILIES,
    *MINERAL_FAMILIES,
    *CELLULAR_FAMILIES,
    *COATING_FAMILIES,
    *PRINTED_FAMILIES,
    *TECHNICAL_FAMILIES,
    *SOLAR_FAMILIES,
)

__all__ = ["SURFACES"]
