"""Pictures -> units of work of one shard, without those that are done."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from assistant.batch.engines.jobs import Unit
from assistant.batch.inputs.item import Item
from assistant.batch.inputs.shards import Shard


def single_units(
    items: Iterable[Item], shard: Shard, done: Callable[[Item], bool], found: Callable[[Item], None]
) -> Iterator[Unit]:
    """Each picture of the shard alone, by a hash of its path: it does not matter what else is in the folder.

    Args:
        items: of the whole run.
        shard: whose.
        done: whether a picture has a row.
        found: told of each picture of the shard, done or not.
    """
    for item in items:
        if shard.owns(item.share):
            found(item)
            if not done(item):
                yield (item,)


def chunked_units(
    items: Iterable[Item], size: int, shard: Shard, done: Callable[[Item], bool], found: Callable[[Item], None]
) -> Iterator[Unit]:
    """Chunks that judge each other, of the shard; one that is only half done is done again.

    Chunks follow the order of the run, so they are the same as long as the list of pictures is.
    """
    for number, chunk in enumerate(chunks(items, size)):
        if not shard.owns(number):
            continue
        for item in chunk:
            found(item)
        if not all(done(item) for item in chunk):
            yield chunk


def chunks(items: Iterable[Item], size: int) -> Iterator[Unit]:
    """Consecutive chunks of ``size``; what is left over joins the last, unless it makes up half of one.

    >>> [len(chunk) for chunk in chunks([Item(str(i)) for i in range(9)], 4)]
    [4, 5]
    """
    waiting: list[Item] = []
    for item in items:
        waiting.append(item)
        if len(waiting) == size + max(1, size // 2):
            yield tuple(waiting[:size])
            del waiting[:size]
    if waiting:
        yield tuple(waiting)
