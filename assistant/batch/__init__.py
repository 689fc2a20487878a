"""Captions and maps of whole folders: killed and continued, sharded, on one machine or many.

>>> from assistant.batch import Item
>>> Item("photos/lid.png").name
'photos/lid.png'

``run`` gives rows as they are written; ``merge`` joins the files of shards. Importing loads no torch.

    running  a run: inputs, work, rows
    inputs   what is read
    engines  who does the work
    results  what is written
"""

from __future__ import annotations

from assistant.batch.inputs.item import Item
from assistant.batch.inputs.listing import Inputs, find_items
from assistant.batch.inputs.shards import Shard
from assistant.batch.results.merging import Merged, merge
from assistant.batch.running import BatchOptions, BatchRun, run

__all__ = ["BatchOptions", "BatchRun", "Inputs", "Item", "Merged", "Shard", "find_items", "merge", "run"]
