"""Captions and maps of whole folders: killed and continued, sharded, on one machine or many.

>>> from assistant.batch import Item
>>> Item("photos/lid.png").name
'photos/lid.png'

``run`` gives rows as they are written; ``merge`` joins the files of shards. Importing loads no torch.

    options  what is asked of a run
    running  a run: inputs, work, rows
    merging  shards -> one set of results
    inputs   what is read
    engines  who does the work
    results  what is written
    groups   regions that no known kind fits
"""

from __future__ import annotations

from assistant.batch.inputs.item import Item
from assistant.batch.inputs.listing import Inputs, find_items
from assistant.batch.inputs.shards import Shard
from assistant.batch.merging import MergeReport, merge
from assistant.batch.options import BatchOptions
from assistant.batch.running import BatchRun, run

__all__ = ["BatchOptions", "BatchRun", "Inputs", "Item", "MergeReport", "Shard", "find_items", "merge", "run"]
