"""Captions and maps of whole folders: killed and continued, sharded, on one machine or many.

>>> from assistant.batch import Item
>>> Item("photos/lid.png").name
'photos/lid.png'

``run`` gives rows as they are written; ``merge`` joins the files of shards. Importing loads no torch.
"""

from __future__ import annotations

from assistant.batch.items import Inputs, Item, find_items
from assistant.batch.merging import Merged, merge
from assistant.batch.running import BatchOptions, BatchRun, run
from assistant.batch.shards import Shard

__all__ = ["BatchOptions", "BatchRun", "Inputs", "Item", "Merged", "Shard", "find_items", "merge", "run"]
