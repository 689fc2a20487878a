"""Procedural medical pictures of healthy anatomy, one generator a kind of examination."""

from __future__ import annotations

from data_builders.sources.phantoms.abdominal_ct import AbdominalCt
from data_builders.sources.phantoms.brain import BrainScan
from data_builders.sources.phantoms.chest_xray import ChestXray
from data_builders.sources.phantoms.colonoscopy import Colonoscopy
from data_builders.sources.phantoms.fundus import Fundus
from data_builders.sources.phantoms.retinal_oct import RetinalOct
from data_builders.sources.phantoms.skin import Skin
from data_builders.sources.phantoms.stained_tissue import StainedTissue
from data_builders.sources.phantoms.ultrasound import Ultrasound
from data_builders.types import SourceFamily

PHANTOMS: tuple[SourceFamily, ...] = (
    BrainScan(),
    ChestXray(),
    RetinalOct(),
    Fundus(),
    Ultrasound(),
    StainedTissue(),
    Skin(),
    AbdominalCt(),
    Colonoscopy(),
)

__all__ = ["PHANTOMS"]
