"""Procedural medical pictures of healthy anatomy."""
from data_builders.sources.phantoms.brain import BrainScan
from data_builders.sources.phantoms.chest import ChestRadiograph
from data_builders.sources.phantoms.fundus import Fundus
from data_builders.sources.phantoms.oct import RetinalOct
from data_builders.sources.phantoms.ultrasound import Ultrasound
PHANTOMS = (BrainScan(),ChestRadiograph(),Fundus(),RetinalOct(),Ultrasound())
