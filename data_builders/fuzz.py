"""Broken files for every reader: ``python -m data_builders.fuzz [--cases 10000] [--seed 0] [--reader NAME] [--save DIR]``.

Pictures, masks, maps, lists, tables, questions, rules and annotations are broken in ways that a seed decides. A reader may read
such a file or refuse it in one line; a traceback, more than five seconds, a dead process or a gigabyte of memory is a fault.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from rich.progress import track

from data_builders.files import write_atomic
from data_builders.fuzzing.readers import targets
from data_builders.fuzzing.trial import FAULTS, Outcome, broken, trials


def main(arguments: Sequence[str] | None = None, program: str = "python -m data_builders.fuzz") -> int:
    """Run the command line; 0 without faults, 1 with some, 2 for a reader that is not known."""
    options = argparse.ArgumentParser(prog=program, description="Broken files for every reader.")
    options.add_argument("--cases", type=int, default=10_000, help="broken files (default: 10000)")
    options.add_argument("--seed", type=int, default=0, help="of all of them (default: 0)")
    options.add_argument("--first", type=int, default=0, help="number of the first case, to go on or to repeat one")
    options.add_argument("--reader", action="append", default=[], help="reader, or the start of its name; repeat")
    options.add_argument("--save", type=Path, help="folder that gets the files with which something went wrong")
    given = options.parse_args(arguments)
    chosen = [t for t in targets() if not given.reader or t.name.startswith(tuple(given.reader))]
    if not chosen:
        options.error(f"no such reader; known are {', '.join(t.name for t in targets())}")
    numbers = range(given.first, given.first + given.cases)
    running = trials(given.seed, numbers, given.reader)
    found = []
    for one in track(running, "reading", len(numbers), disable=len(numbers) < 1000):
        found.append(one)
        if one.end in FAULTS and given.save is not None:
            target, data = broken(chosen, given.seed, one.number)
            write_atomic(given.save / f"{one.number}_{Path(target.file).name}", data)
    print(_table(found))
    for said, count in Counter(
        f"{one.target}: {one.end}: {one.said}" for one in found if one.end in FAULTS
    ).most_common(40):
        first = next(one.number for one in found if f"{one.target}: {one.end}: {one.said}" == said)
        print(f"{count} x {said} (first: --first {first} --cases 1)")
    return int(any(one.end in FAULTS for one in found))


def _table(found: Sequence[Outcome]) -> str:
    """A line a reader: cases, how they ended, the longest and the most memory."""
    lines = [
        "| reader | cases | read | refused | traceback | hang | death | memory | longest s | most MiB |",
        "|" + "---|" * 10,
    ]
    for name in sorted({one.target for one in found}):
        mine = [one for one in found if one.target == name]
        ends = Counter(one.end for one in mine)
        counts = " | ".join(str(ends[end]) for end in ("read", "refused", *FAULTS))
        longest, most = max(one.seconds for one in mine), max(one.added for one in mine) / 2**20
        lines.append(f"| {name} | {len(mine)} | {counts} | {longest:.2f} | {most:.0f} |")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
