"""Defects of things that are made: one family a file. ``INDUSTRIAL_DEFECTS`` lists an instance of each."""

from __future__ import annotations

from data_builders.defects.industrial.alligator_crack import AlligatorCrack
from data_builders.defects.industrial.bent import Bent
from data_builders.defects.industrial.board_extra import BoardExtra
from data_builders.defects.industrial.board_missing import BoardMissing
from data_builders.defects.industrial.broken_apart import BrokenApart
from data_builders.defects.industrial.burn import Burn
from data_builders.defects.industrial.cell_crack import CellCrack
from data_builders.defects.industrial.chip import Chip
from data_builders.defects.industrial.corrosion import Corrosion
from data_builders.defects.industrial.crack import Crack
from data_builders.defects.industrial.cut import Cut
from data_builders.defects.industrial.cut_paste import CutPaste
from data_builders.defects.industrial.deformation import Deformation
from data_builders.defects.industrial.dent import Dent
from data_builders.defects.industrial.discolouration import Discolouration
from data_builders.defects.industrial.drop import Drop
from data_builders.defects.industrial.extra_part import ExtraPart
from data_builders.defects.industrial.fibre import Fibre
from data_builders.defects.industrial.finger_interruption import FingerInterruption
from data_builders.defects.industrial.fold import Fold
from data_builders.defects.industrial.foreign_texture import ForeignTexture
from data_builders.defects.industrial.frayed import Frayed
from data_builders.defects.industrial.hole import Hole
from data_builders.defects.industrial.inactive_area import InactiveArea
from data_builders.defects.industrial.line_interruption import LineInterruption
from data_builders.defects.industrial.misplacement import Misplacement
from data_builders.defects.industrial.missing_part import MissingPart
from data_builders.defects.industrial.missing_region import MissingRegion
from data_builders.defects.industrial.particles import Particles
from data_builders.defects.industrial.pin_hole import PinHole
from data_builders.defects.industrial.pit import Pit
from data_builders.defects.industrial.print_error import PrintError
from data_builders.defects.industrial.residue import Residue
from data_builders.defects.industrial.scratch import Scratch
from data_builders.defects.industrial.stain import Stain
from data_builders.defects.industrial.swapped import Swapped
from data_builders.defects.industrial.texture_disruption import TextureDisruption
from data_builders.types import DefectFamily

INDUSTRIAL_DEFECTS: tuple[DefectFamily, ...] = (
    Scratch(),
    Crack(),
    AlligatorCrack(),
    Dent(),
    Hole(),
    Pit(),
    Chip(),
    Stain(),
    Discolouration(),
    Particles(),
    Fibre(),
    Drop(),
    Residue(),
    MissingPart(),
    ExtraPart(),
    Misplacement(),
    Deformation(),
    Cut(),
    Fold(),
    PrintError(),
    Corrosion(),
    Burn(),
    TextureDisruption(),
    Frayed(),
    ForeignTexture(),
    CutPaste(),
    LineInterruption(),
    BoardMissing(),
    BoardExtra(),
    PinHole(),
    CellCrack(),
    FingerInterruption(),
    InactiveArea(),
    BrokenApart(),
    Bent(),
    Swapped(),
    MissingRegion(),
)

__all__ = ["INDUSTRIAL_DEFECTS"]
