"""Procedural medical pictures of healthy anatomy."""
from data_builders.sources.phantoms.brain import BrainScan
PHANTOMS = (BrainScan(),)
