"""The same work by Ray Data with a pool of actors (extra ``ray``): on this machine, or on a cluster that is there.

With ``RAY_ADDRESS`` set the run joins that cluster; otherwise it starts a local one and ends it. The process that runs
the command reads the list of pictures and writes the rows. Pictures, references and ``--out`` (when maps or overlays are
saved) must be at the same paths on every machine, and so must the preset. An actor that dies is replaced by Ray, and its
pictures are done again; the writer takes one row a picture whatever happens.
"""

from __future__ import annotations

import os
import pickle
from collections.abc import Iterator
from typing import Any

from assistant.batch.engines import machine
from assistant.batch.engines.frames import packed, unpacked
from assistant.batch.engines.jobs import Job, Outcome, Unit
from assistant.batch.engines.worker import environment
from assistant.errors import AssistantError, ConfigError

UNITS_AT_ONCE = 8
"""Units of one call of an actor; a dead actor loses no more."""


class RayEngine:
    """Outcomes by actors.

    Args:
        job: of each actor.
        workers: actors; None takes one a processor of this machine, or one a GPU of the cluster.

    Raises:
        ConfigError: Ray is not installed.
    """

    def __init__(self, job: Job, workers: int | None) -> None:
        try:
            import ray
            import ray.data
        except ImportError:
            do = 'pip install "anomaly-assistant[ray]"'
            raise ConfigError("the package ray for --engine ray", "none", do) from None
        self._ray: Any = ray
        self._job, self._workers = job, workers

    def outcomes(self, units: Iterator[Unit]) -> Iterator[Outcome]:
        """Outcomes of all units, as actors finish them.

        Raises:
            AssistantError: what ends a run: references, weights or a folder that cannot be used.
        """
        ray, started = self._ray, False
        waiting = [{"unit": pickle.dumps(unit)} for unit in units]
        if not waiting:
            return
        if not ray.is_initialized():
            started = True
            self._start()
        try:
            for found in self._dataset(waiting).iter_rows():
                error, outcome = pickle.loads(found["outcome"])
                if error is not None:
                    raise unpacked(error)
                yield outcome
        finally:
            if started:
                ray.shutdown()

    def _start(self) -> None:
        variables = {
            k: v for k, v in environment(self._job.threads).items() if k not in os.environ or k.endswith("PATH")
        }
        variables |= {"OMP_NUM_THREADS": str(self._job.threads)}
        options: dict[str, Any] = {"log_to_driver": False, "include_dashboard": False, "logging_level": "error"}
        if "RAY_ADDRESS" in os.environ:
            options = {"log_to_driver": False, "logging_level": "error"}
            variables.pop("PYTHONPATH", None)  # paths of this machine mean nothing on others
        else:
            options["num_cpus"] = max(1, self._workers or machine.default_workers())
        self._ray.init(runtime_env={"env_vars": {k: v for k, v in variables.items() if k != "PATH"}}, **options)

    def _dataset(self, waiting: list[dict[str, bytes]]) -> Any:
        from ray.data import ActorPoolStrategy, DataContext

        DataContext.get_current().enable_progress_bars = False
        gpus = self._ray.cluster_resources().get("GPU", 0)
        size = self._workers or (int(gpus) or int(self._ray.cluster_resources().get("CPU", 1)))
        at_once = 1 if self._job.mutual else UNITS_AT_ONCE
        blocks = max(1, min(len(waiting) // at_once, max(4 * size, len(waiting) // 256)))
        return self._ray.data.from_items(waiting, override_num_blocks=blocks).map_batches(
            Actor,
            fn_constructor_args=(self._job,),
            compute=ActorPoolStrategy(size=size),
            batch_size=at_once,
            num_cpus=0 if gpus else 1,
            num_gpus=1 if gpus else None,
            max_restarts=-1,
        )


class Actor:
    """One loaded assistant of the pool."""

    def __init__(self, job: Job) -> None:
        import torch

        from assistant.batch.engines.unit_inspector import UnitInspector
        from assistant.pipeline import Assistant

        torch.set_num_threads(job.threads)
        self._error: tuple[str, str, str, str] | None = None
        try:
            self._bench = UnitInspector(Assistant.load(job.preset, device=job.device, language=job.language), job)
        except AssistantError as error:  # raised here it would be tried again without end
            self._error = packed(error)

    def __call__(self, batch: dict[str, Any]) -> dict[str, list[bytes]]:
        """Units as pickles -> outcomes as pickles, each with the error that ends the run or None."""
        if self._error is not None:
            return {"outcome": [pickle.dumps((self._error, None))]}
        units = iter([pickle.loads(unit) for unit in batch["unit"]])
        out: list[bytes] = []
        try:
            out.extend(pickle.dumps((None, outcome)) for outcome in self._bench.outcomes(units))
        except AssistantError as error:
            out.append(pickle.dumps((packed(error), None)))
        return {"outcome": out}
