"""A run from its record to its preset folder, whatever its stage."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Protocol, TypeVar

from assistant.vision.checkpoint import Card
from training.runs.clock import Clock
from training.runs.preset_folder import export_preset
from training.runs.processes import processes
from training.runs.recipe import Call, LanguageRecipe, Recipe
from training.runs.record import Identity, RunMaterial, begin_record, end_record, write_record

_LOG = logging.getLogger(__name__)


class Work(Protocol):
    """What a stage's run stands on."""

    @property
    def clock(self) -> Clock:
        """Where the time goes."""


AnyWork = TypeVar("AnyWork", bound=Work)


def run_recorded(
    recipe: Recipe | LanguageRecipe, call: Call, identity: Identity, material: RunMaterial,
    begin: Callable[[], AnyWork], train: Callable[[AnyWork], Card | None],
) -> None:  # fmt: skip
    """Write ``run.json``, train, and write ``out/preset``.

    Args:
        recipe: as run.
        call: how.
        identity: what else the run hangs on, checked.
        material: what it trains on.
        begin: opens preset and parts.
        train: trains and saves; the card of what was made, None in all processes but the first.
    """
    record = begin_record(recipe, call.command, identity, material)
    work = begin()
    write_record(recipe.out, record)
    for fault in material.left_out if processes().is_main_process else ():
        _LOG.info("left out: %s", fault)
    card = train(work)
    if card is not None:
        export_preset([recipe.out], recipe.out / "preset", recipe.preset)
        end_record(recipe.out, record, scores=card.scores, before=card.before, seconds=work.clock.totals())
        for note in card.notes:
            _LOG.info("%s", note)
        _LOG.info("preset in %s", recipe.out / "preset")
