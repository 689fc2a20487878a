"""Normal pictures of things on a production line, drawn from signed distances, height fields and light.

``OBJECTS`` lists one generator a family. Most give countable parts and can draw the same picture again with one part
missing, displaced, turned, doubled or bent.
"""

from __future__ import annotations

from data_builders.sources.objects.assortments import Assortment
from data_builders.sources.objects.baked import Biscuit
from data_builders.sources.objects.board_scans import BoardScan
from data_builders.sources.objects.boards import CircuitBoard
from data_builders.sources.objects.bottles import BottleMouth
from data_builders.sources.objects.cables import Brush, CableSection
from data_builders.sources.objects.electronics import Chip, Connector
from data_builders.sources.objects.fasteners import HexNut, PerforatedPlate, Screw
from data_builders.sources.objects.gears import Gear
from data_builders.sources.objects.labels import Label
from data_builders.sources.objects.pharma import Capsule, Tablet
from data_builders.sources.objects.turned import Coin, Ring
from data_builders.types import SourceFamily

OBJECTS: tuple[SourceFamily, ...] = (
    Coin(),
    Ring(),
    Gear(),
    HexNut(),
    Screw(),
    PerforatedPlate(),
    Capsule(),
    Tablet(),
    BottleMouth(),
    CircuitBoard(),
    BoardScan(),
    Chip(),
    Connector(),
    CableSection(),
    Brush(),
    Assortment(),
    Label(),
    Biscuit(),
)

__all__ = ["OBJECTS"]
