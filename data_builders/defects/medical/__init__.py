"""Lesions and other findings in medical pictures: one family a file. ``MEDICAL_DEFECTS`` lists an instance of each."""

from __future__ import annotations

from typing import Any

from data_builders.defects.medical.atrophy import Atrophy
from data_builders.defects.medical.base import MedicalFamily
from data_builders.defects.medical.calcification import Calcification
from data_builders.defects.medical.cyst import Cyst
from data_builders.defects.medical.dense_tissue import DenseTissue
from data_builders.defects.medical.displacement import Displacement
from data_builders.defects.medical.effusion import Effusion
from data_builders.defects.medical.exudate import Exudate
from data_builders.defects.medical.fluid_pocket import FluidPocket
from data_builders.defects.medical.haemorrhage import Haemorrhage
from data_builders.defects.medical.mixed_mass import MixedMass
from data_builders.defects.medical.nodules import Nodules
from data_builders.defects.medical.oedema import Oedema
from data_builders.defects.medical.opacity import Opacity
from data_builders.defects.medical.polyp import Polyp
from data_builders.defects.medical.rim_mass import RimMass
from data_builders.defects.medical.solid_mass import SolidMass

MEDICAL_DEFECTS: tuple[MedicalFamily[Any], ...] = (
    SolidMass(),
    RimMass(),
    MixedMass(),
    Nodules(),
    DenseTissue(),
    Cyst(),
    Haemorrhage(),
    Opacity(),
    Effusion(),
    FluidPocket(),
    Oedema(),
    Exudate(),
    Calcification(),
    Polyp(),
    Atrophy(),
    Displacement(),
)

__all__ = ["MEDICAL_DEFECTS"]
