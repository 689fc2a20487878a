"""Build a data set: ``python -m data_builders.build --config FILE --out DIR [--workers N]``.

Rows are appended in the order of their indices, whatever the number of workers; a killed build goes on
where it stopped. A set lies in files or, with ``--format shards``, in parquet shards (:mod:`data_builders.stores`).
Samples that share references are made together, so that these are rendered and written once.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Literal

from assistant.errors import AssistantError, ConfigError, DataSetError
from data_builders.config import BuildConfig, load_config, override, parse_config
from data_builders.families import Families, Pool, families_of_kinds, load_families, pools
from data_builders.files import read_hash_list
from data_builders.products import by_product, samples_from_pools
from data_builders.ray_workers import by_ray
from data_builders.stores import SHARD_ROWS, FileStore, ShardStore
from data_builders.writer import Refused, Row, clear, config_record, write_manifest, write_samples

Engine = Literal["local", "ray"]


@dataclass(frozen=True)
class _Job:
    """Makes samples and writes their pictures."""

    folder: Path
    config: BuildConfig
    pools: dict[str, Pool]
    evaluation: frozenset[str]

    def __call__(self, indices: tuple[int, ...]) -> list[Row | Refused]:
        samples = samples_from_pools(self.config, indices, self.pools)
        return write_samples(self.folder, samples, self.config, self.evaluation)


_job: _Job | None = None


def _start_worker(folder: Path, config: BuildConfig, families: Families | None, evaluation: frozenset[str]) -> None:
    global _job
    import cv2

    cv2.setNumThreads(1)
    _job = _Job(folder, config, pools(config, load_families(config) if families is None else families), evaluation)


def _work(indices: tuple[int, ...]) -> list[Row | Refused]:
    assert _job is not None
    return _job(indices)


def build(
    config: BuildConfig, folder: Path, workers: int = 1, families: Families | None = None, restart: bool = False,
    progress: bool = False, shard_rows: int = SHARD_ROWS, engine: Engine = "local",
) -> Row:  # fmt: skip
    """Build or complete a data set.

    Args:
        config: what to make; ``count`` may be larger than in an earlier run of the same folder.
        folder: where; empty, absent, or left by an earlier run.
        workers: processes; the rows do not depend on it.
        families: families to draw from; those of this package and of the configuration when None.
        restart: throw an earlier run away.
        progress: show a progress bar on standard error.
        shard_rows: rows of a shard, for a set in shards.
        engine: where the workers run: processes of this machine, or actors of Ray.

    Returns:
        The manifest.

    Raises:
        ConfigError: a configuration that does not fit the families, or other than that of the earlier run.
        DataSetError: the folder holds something else, or a damaged earlier run.
    """
    known = load_families(config) if families is None else families
    pools(config, known)
    evaluation = frozenset[str]() if config.evaluation_hashes is None else read_hash_list(config.evaluation_hashes)
    _prepare(folder, config, restart)
    store = ShardStore(folder, shard_rows) if config.format == "shards" else FileStore(folder)
    done = store.recover()
    write_manifest(folder, config, [], complete=False)
    refused: list[int] = []
    missing = by_product(config, [index for index in config.numbers if index not in done])
    with (
        _results(missing, workers, (store.pictures, config, families, evaluation), engine) as results,
        _bar(len(config.numbers), len(done), progress) as advance,
    ):
        for result in chain.from_iterable(results):
            if isinstance(result, Refused):
                refused.append(result.index)
            else:
                store.append(result)
            advance()
    return write_manifest(folder, config, refused, complete=True, shards=store.finish())


@contextmanager
def _results(
    missing: Sequence[tuple[int, ...]],
    workers: int,
    setup: tuple[Path, BuildConfig, Families | None, frozenset[str]],
    engine: Engine,
) -> Iterator[Iterator[list[Row | Refused]]]:
    if engine == "ray" and missing:
        folder, config, families, evaluation = setup
        known = load_families(config) if families is None else families
        job = _Job(folder.resolve(), config, pools(config, known), evaluation)
        with by_ray(job, missing, workers) as results:
            yield results
        return
    if workers <= 1 or len(missing) < 2:
        _start_worker(*setup)
        yield map(_work, missing)
        return
    context = multiprocessing.get_context("spawn")
    with context.Pool(workers, _start_worker, setup) as pool:
        yield pool.imap(_work, missing, chunksize=max(1, 4 // len(missing[0])))


@contextmanager
def _bar(total: int, done: int, shown: bool) -> Iterator[Callable[[], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("samples"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), disable=not shown) as bar:
        task = bar.add_task("samples", total=total, completed=done)
        yield lambda: bar.advance(task)


def _prepare(folder: Path, config: BuildConfig, restart: bool) -> None:
    manifest_path = folder / "manifest.json"
    folder.mkdir(parents=True, exist_ok=True)
    if not manifest_path.exists():
        if any(folder.iterdir()):
            raise DataSetError("an empty folder or an earlier build", str(folder), "choose another --out")
        return
    if restart:
        clear(folder)
        return
    try:
        earlier = json.loads(manifest_path.read_text(encoding="utf-8"))["config"]
    except (ValueError, KeyError, TypeError) as error:
        raise DataSetError("a manifest of an earlier build", str(manifest_path), "use --restart") from error
    now = config_record(config)
    usual = config_record(parse_config({}, "defaults"))  # of options that came after the build was begun
    changed = sorted(key for key in now if now[key] != earlier.get(key, usual.get(key)))
    changed += sorted(earlier.keys() - now.keys())
    if changed:
        raise ConfigError(
            f"the configuration {folder} was begun with", f"other values for {', '.join(changed)}",
            "use --restart or another --out",
        )  # fmt: skip


def parser(program: str) -> argparse.ArgumentParser:
    """Options of the command line."""
    options = argparse.ArgumentParser(prog=program, description="Build a data set of synthetic anomalies.")
    options.add_argument("--config", type=Path, required=True, help="YAML file; see data_builders/configs")
    options.add_argument("--out", type=Path, required=True, help="folder of the data set")
    options.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes (default: one a core)")
    options.add_argument(
        "--engine", choices=("local", "ray"), default="local", help="ray: actors of a cluster, which shares the folder"
    )
    options.add_argument("--count", type=int, help="samples, instead of the file's")
    options.add_argument("--seed", type=int, help="seed, instead of the file's")
    options.add_argument("--normals", type=Path, help="folder of your own normal pictures, the only source then")
    options.add_argument("--object", help="--normals: what they show, in plain words (default: the folder's name)")
    options.add_argument("--masks", type=Path, help="--normals: a mask of the object for each picture, by stem")
    options.add_argument(
        "--kind",
        choices=("object", "surface"),
        default="object",
        help="--normals: surfaces are cropped and turned freely",
    )
    options.add_argument(
        "--defects",
        metavar="NAME",
        nargs="+",
        help="kinds of defects that occur on your part, as stain or crack; every kind when left out",
    )
    options.add_argument(
        "--faint",
        type=float,
        metavar="SHARE",
        help="share of the defects that are faded, down to barely visible, instead of the file's",
    )
    options.add_argument(
        "--format",
        choices=("files", "shards"),
        help="a file a picture, or parquet shards; instead of the file's",
    )
    options.add_argument("--restart", action="store_true", help="throw an earlier build of this folder away")
    return options


def _own_pictures(given: argparse.Namespace) -> dict[str, object]:
    """Options that make a folder of normal pictures the only source."""
    if given.normals is None:
        return {}
    name = f"own {given.object or given.normals.resolve().name}"
    source: dict[str, object] = {
        "path": given.normals.resolve(), "name": name, "kind": given.kind, "object_name": given.object or "",
        "masks": None if given.masks is None else given.masks.resolve(),
    }  # fmt: skip
    return {"folders": [source], "sources": {"include": [name], "kinds": {given.kind: 1.0}}}


def _own_defects(given: argparse.Namespace) -> dict[str, object]:
    """Options that draw the kinds named alone, in both splits."""
    if given.defects is None:
        return {}
    return {"defects": {"include": families_of_kinds(given.defects)}, "validation_only": {}}


def main(arguments: Sequence[str] | None = None, program: str = "python -m data_builders.build") -> int:
    """Run the command line; 0 built, 1 failed, 2 usage."""
    given = parser(program).parse_args(arguments)
    try:
        config = load_config(given.config)
        changes: dict[str, object] = {
            key: value for key in ("count", "seed", "format") if (value := getattr(given, key)) is not None
        }
        if given.faint is not None:
            changes["faint_probability"] = given.faint
        changes |= _own_pictures(given) | _own_defects(given)
        manifest = build(
            override(config, changes),
            given.out,
            given.workers,
            restart=given.restart,
            progress=True,
            engine=given.engine,
        )
    except ConfigError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except AssistantError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped; run the same command again to go on", file=sys.stderr)
        return 130
    print(f"{manifest['rows']} samples, {manifest['pictures']} pictures in {given.out}")
    if manifest["refused"]:
        print(f"{len(manifest['refused'])} samples refused: on the evaluation list", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
