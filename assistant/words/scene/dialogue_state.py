"""What a conversation holds beside the picture in view and the message: what the user told so far, and what else is at hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from assistant.reading.told.scales import Scale
from assistant.types import Inspection

KindChances = tuple[tuple[str, float], ...]
"""Kinds with their chances, the likeliest first."""


@dataclass(frozen=True)
class Earlier:
    """Another picture of the session.

    Args:
        name: as shown.
        inspection: what the numbers say of it.
    """

    name: str
    inspection: Inspection


@dataclass(frozen=True, eq=False)
class DialogueState:
    """What holds of a conversation when a message comes.

    Args:
        others: further pictures of the session, in their order.
        told_scan: the user said that the picture is a scan of a patient.
        told_scale: the last size that the user told.
        kind_chances: gives the kinds of each region with their chances, the likeliest first; empty where they are not known.
        called: what the user calls regions, by their numbers.
        heard: answers given before, which are not said again without need.
    """

    others: Sequence[Earlier] = ()
    told_scan: bool = False
    told_scale: Scale | None = None
    kind_chances: Callable[[], Sequence[KindChances]] = tuple
    called: Mapping[int, str] = field(default_factory=dict)
    heard: Sequence[str] = ()


NOTHING_TOLD = DialogueState()
"""The state at the beginning of a conversation on a single picture."""
