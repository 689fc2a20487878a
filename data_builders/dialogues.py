"""Conversations about the pictures of a data set.

``python -m data_builders.dialogues DATA_SET [--inspections results.jsonl] --out FILE.jsonl``: one row a picture, with
questions and answers that follow from the ground truth or, better for training, from what was predicted.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from assistant.errors import AssistantError, DataSetError
from assistant.types import Domain
from assistant.words.evidence import evidence_text
from data_builders.words.conversation import make_conversation
from data_builders.words.facts import Facts, by_file_name, facts_of_inspection, facts_of_sample
from data_builders.words.teller import shipped_knowledge
from data_builders.writer import read_rows

Row = dict[str, Any]


@dataclass(frozen=True)
class DialogueSettings:
    """How conversations are drawn.

    Args:
        per_picture: conversations a picture.
        seed: of everything drawn.
        held_out: with held-out phrasings alone, for evaluation.
        own: the conversations that the data set holds, as they are.
    """

    per_picture: int = 3
    seed: int = 0
    held_out: bool = False
    own: bool = False


def dialogue_row(pair: tuple[Row, Mapping[str, Any] | None], settings: DialogueSettings) -> Row:
    """The conversations of one picture, the same for the same seed and index.

    Args:
        pair: row of the data set, and the picture's inspection row; ground truth is used where that is None.
        settings: how to draw.

    Returns:
        ``index``, ``source`` (image file name), ``evidence`` (the text the answers agree with), ``conversations``,
        ``intents`` and ``kind``; the last three have one entry a conversation.
    """
    row, inspected = pair
    if settings.own:
        talks = row.get("conversations") or []
        about = {"index": row["index"], "source": row["image_file_name"], "evidence": ""}
        return about | {"conversations": talks, "intents": [[] for _ in talks], "kind": ["own"] * len(talks)}
    rng = np.random.default_rng([settings.seed, int(row["index"]), int(settings.held_out)])
    facts = _facts(row, inspected, rng)
    made = [make_conversation(facts, rng, settings.held_out) for _ in range(settings.per_picture)]
    return {
        "index": row["index"],
        "source": row["image_file_name"],
        "evidence": evidence_text(facts.inspection, shipped_knowledge(), facts.reference_count),
        "conversations": [conversation.turns for conversation in made],
        "intents": [conversation.intents for conversation in made],
        "kind": [conversation.kind for conversation in made],
    }


def _facts(row: Row, inspected: Mapping[str, Any] | None, rng: np.random.Generator) -> Facts:
    if inspected is None:
        return facts_of_sample(row, rng)
    domain = row.get("domain")
    return facts_of_inspection(inspected, None if domain is None else Domain(domain))


def pairs(folder: Path, inspections: Path | None) -> list[tuple[Row, Mapping[str, Any] | None]]:
    """Rows of a data set, each with its inspection; rows without one are left out when inspections are given.

    Raises:
        DataSetError: files that are absent or damaged, or no row of the data set was inspected.
    """
    rows = list(read_rows(folder))
    if inspections is None:
        return [(row, None) for row in rows]
    found = by_file_name(_json_lines(inspections))
    matched = [(row, found.get(Path(row["image_file_name"]).name)) for row in rows]
    kept = [pair for pair in matched if pair[1] is not None]
    if not kept:
        raise DataSetError(
            f"inspections of the pictures of {folder}", f"no file name in common with {inspections}",
            "run anomaly-assistant batch on the data set's images",
        )  # fmt: skip
    return kept


def _json_lines(path: Path) -> list[Row]:
    try:
        return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line.strip()]
    except (OSError, ValueError) as error:
        raise DataSetError("a results.jsonl of whole lines", f"{path} ({error})", "run batch again") from error


def write_dialogues(
    folder: Path, out: Path, settings: DialogueSettings, inspections: Path | None = None, workers: int = 1,
    progress: bool = False,
) -> int:  # fmt: skip
    """Write a row a picture, in the order of the data set, whatever the number of workers.

    Args:
        folder: data set.
        out: JSON lines; written anew.
        settings: how to draw.
        inspections: results of ``batch`` on the data set's images; ground truth when None.
        workers: processes.
        progress: show a progress bar on standard error.

    Returns:
        Conversations written.
    """
    work = pairs(folder, inspections)
    out.parent.mkdir(parents=True, exist_ok=True)
    written = 0
    with (
        out.open("w", encoding="utf-8") as file,
        _rows(work, partial(dialogue_row, settings=settings), workers) as rows,
        _bar(len(work), progress) as advance,
    ):
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
            file.flush()
            written += len(row["conversations"])
            advance()
    return written


@contextmanager
def _rows(
    work: list[tuple[Row, Mapping[str, Any] | None]],
    make: Callable[[tuple[Row, Mapping[str, Any] | None]], Row],
    workers: int,
) -> Iterator[Iterator[Row]]:
    if workers <= 1 or len(work) < 2:
        yield map(make, work)
        return
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        yield pool.imap(make, work, chunksize=16)


@contextmanager
def _bar(total: int, shown: bool) -> Iterator[Callable[[], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("pictures"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), disable=not shown) as bar:
        task = bar.add_task("pictures", total=total)
        yield lambda: bar.advance(task)


def parser(program: str) -> argparse.ArgumentParser:
    """Options of the command line."""
    options = argparse.ArgumentParser(prog=program, description="Write conversations about the pictures of a data set.")
    options.add_argument("data_set", type=Path, help="folder with metadata.jsonl")
    options.add_argument(
        "--inspections", type=Path, help="results.jsonl of batch on its images (default: ground truth)"
    )
    options.add_argument("--out", type=Path, required=True, help="JSON lines to write")
    options.add_argument("--per-picture", type=int, default=3, help="conversations a picture (default: 3)")
    options.add_argument("--seed", type=int, default=0, help="of everything drawn (default: 0)")
    options.add_argument("--held-out", action="store_true", help="held-out phrasings alone, for evaluation")
    options.add_argument(
        "--own", action="store_true", help="the conversations of the data set itself, as they are, instead of new ones"
    )
    options.add_argument(
        "--workers", type=int, default=1, help=f"processes (default: 1; this machine: {os.cpu_count()})"
    )
    return options


def main(arguments: Sequence[str] | None = None, program: str = "python -m data_builders.dialogues") -> int:
    """Run the command line; 0 written, 1 failed, 2 usage."""
    options = parser(program)
    given = options.parse_args(arguments)
    if given.per_picture < 1 or given.seed < 0:
        options.error("--per-picture must be 1 or more, and --seed 0 or more")
    settings = DialogueSettings(given.per_picture, given.seed, given.held_out, given.own)
    try:
        written = write_dialogues(given.data_set, given.out, settings, given.inspections, given.workers, progress=True)
    except AssistantError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"{written} conversations in {given.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
