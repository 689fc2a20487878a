"""Which samples the page shows: a larger pool is built and inspected once, and eight of it are chosen by a rule.

``python -m demo.choosing --out DIR`` builds the pool, inspects each picture with its references as the page does,
chooses, and writes :data:`CHOICE`: numbers and marks, no pictures. ``data_builders/configs/demo.yaml`` builds those numbers.

The rule: hits, whose regions lie on the defect and cover it; normal pictures that are called so; and one defect that is missed,
the plainest one, so that nobody thinks there are none. Industrial and medical, each object and each kind once.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import yaml

from assistant.errors import AssistantError, ConfigError
from assistant.pictures.images import load_image
from assistant.pictures.shards import is_there, picture_bytes
from assistant.samples.masks import mask_values
from assistant.types import THRESHOLD, Domain
from demo.samples import CHOICE, SamplePicture, read_samples

if TYPE_CHECKING:
    from assistant.pipeline import Assistant

CONFIG = Path(__file__).parents[1] / "data_builders" / "configs" / "demo.yaml"
POOL = 64
"""Samples that are chosen from."""
HITS, NORMALS, MISSED = 5, 2, 1
SURE, CALM = 0.7, 0.3
"""Scores from which on a hit is plain, and up to which a normal picture is."""
COVERED, STRAY = 0.5, 0.5
"""Share of the defect that regions cover at least; share of the regions that may lie beside it, at most."""


@dataclass(frozen=True)
class Tried:
    """A sample of the pool, inspected.

    Args:
        number: in the pool.
        object_name, domain, kinds: of the sample.
        score: calibrated.
        covered: share of the defect under regions; 0 without a defect.
        stray: share of the regions' pixels off the defect.
        strongest: whether the highest score lies on the defect.
        area: share of the picture that is defect.
    """

    number: int
    object_name: str
    domain: str
    kinds: tuple[str, ...]
    score: float
    covered: float
    stray: float
    strongest: bool
    area: float

    @property
    def mark(self) -> str:
        """``hit``, ``normal``, ``missed``, or nothing that is plain enough to be shown."""
        if not self.kinds:
            return "normal" if self.score <= CALM else ""
        if self.score < THRESHOLD:
            return "missed"
        plain = self.score >= SURE and self.covered >= COVERED and self.stray <= STRAY and self.strongest
        return "hit" if plain else ""


def tried(assistant: Assistant, sample: SamplePicture, mask: np.ndarray) -> Tried:
    """Inspect a sample with its references, as the page does, and hold it against its mask (bool, the picture's size)."""
    image = load_image(sample.path, domain=sample.domain)
    references = [load_image(path, domain=sample.domain) for path in sample.references]
    found = assistant.inspect(image, references=references, object_name=sample.object_name, domain=sample.domain)
    scores = found.anomaly_map.scores
    above = (scores >= THRESHOLD) & (found.image_score >= THRESHOLD)
    near = cv2.dilate(mask.astype(np.uint8), np.ones((9, 9), np.uint8)).astype(bool)
    return Tried(
        sample.number, sample.object_name, sample.domain.value, sample.truth, round(float(found.image_score), 4),
        round(float((above & mask).sum() / max(1, mask.sum())), 3),
        round(float((above & ~near).sum() / max(1, above.sum())), 3),
        bool(near[np.unravel_index(int(scores.argmax()), scores.shape)]),
        round(float(mask.mean()), 4),
    )  # fmt: skip


def chosen(pool: Sequence[Tried]) -> list[Tried]:
    """The samples to show, hits first; the same for the same pool.

    Raises:
        ConfigError: a pool with too few that are plain.
    """
    shown: list[Tried] = []
    ranked = sorted(pool, key=lambda one: (-one.covered + one.stray - one.score, one.number))
    for domain, count in ((Domain.INDUSTRIAL.value, HITS - HITS // 2), (Domain.MEDICAL.value, HITS // 2)):
        shown += _unlike([one for one in ranked if one.mark == "hit" and one.domain == domain], shown, count)
    calm = sorted((one for one in pool if one.mark == "normal"), key=lambda one: (one.score, one.number))
    for domain in (Domain.INDUSTRIAL.value, Domain.MEDICAL.value):
        shown += _unlike([one for one in calm if one.domain == domain], shown, NORMALS // 2)
    missed = sorted((one for one in pool if one.mark == "missed"), key=lambda one: (-one.area, one.number))
    shown += _unlike(missed, shown, MISSED)
    if len(shown) < HITS + NORMALS + MISSED:
        got = ", ".join(f"{sum(one.mark == mark for one in pool)} {mark}" for mark in ("hit", "normal", "missed"))
        raise ConfigError("a pool with enough plain samples of each kind", got, "build a larger one (--pool)")
    industrial, medical = (
        [one for one in shown if one.mark == "hit" and one.domain == domain.value] for domain in Domain
    )
    turns = [one for pair in zip(industrial, medical, strict=False) for one in pair]
    return [*turns, *industrial[len(medical) :], *shown[HITS:]]


def _unlike(candidates: Sequence[Tried], shown: Sequence[Tried], count: int) -> list[Tried]:
    """The first few that show another object than those before; their kinds differ too where that can be had."""
    found: list[Tried] = []
    for strict in (True, False):
        for one in candidates:
            before = [*shown, *found]
            fits = all(one.object_name != other.object_name for other in before)
            fits = fits and not (strict and one.kinds and any(set(one.kinds) & set(other.kinds) for other in before))
            if fits and len(found) < count:
                found.append(one)
    return found


def inspect_pool(assistant: Assistant, folder: Path, numbers: Collection[int] | None = None) -> list[Tried]:
    """Samples of a data set, inspected and held against their masks.

    Args:
        assistant: that inspects.
        folder: of the data set.
        numbers: of the samples; all when None.

    Raises:
        AssistantError: a folder without samples, or a mask that cannot be read.
    """
    found = []
    for sample in read_samples(folder):
        if numbers is not None and sample.number not in numbers:
            continue
        if sample.mask is None or not is_there(sample.mask):
            raise ConfigError("a mask beside each sample", f"none at {sample.mask}", "build the pool again")
        found.append(tried(assistant, sample, mask_values(picture_bytes(sample.mask), str(sample.mask)) > 0))
    return found


def main(arguments: Sequence[str] | None = None, program: str = "python -m demo.choosing") -> int:
    """Run the command line; 0 done, 1 failed, 2 usage."""
    options = argparse.ArgumentParser(prog=program, description="Choose the samples of the page from a larger pool.")
    options.add_argument("--out", type=Path, required=True, help="folder for the pool")
    options.add_argument("--pool", type=int, default=POOL, help=f"samples in it (default: {POOL})")
    options.add_argument("--preset", default="mini", help="name, YAML file or folder (default: mini)")
    options.add_argument("--choice", type=Path, default=CHOICE, help="file of the choice")
    given = options.parse_args(arguments)
    try:
        _build(given.out, given.pool)
        from assistant.pipeline import Assistant

        assistant = Assistant.load(given.preset)
        pool = inspect_pool(assistant, given.out)
        (given.out / "tried.json").write_text(json.dumps([asdict(one) for one in pool], indent=1) + "\n")
        kept = chosen(pool)
    except AssistantError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    told: dict[str, Any] = {
        "seed": _values()["seed"], "pool": given.pool, "preset": assistant.preset.name, "weights": assistant.weights,
        "samples": [{"mark": one.mark, **asdict(one)} for one in kept],
    }  # fmt: skip
    given.choice.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    print(f"only: [{', '.join(str(one.number) for one in kept)}]  # for {CONFIG.name}")
    return 0


def _build(folder: Path, count: int) -> None:
    """The pool: the configuration of the samples with nothing left out.

    Raises:
        ConfigError: the builders failed.
    """
    values = _values() | {"count": count}
    values.pop("only", None)
    folder.mkdir(parents=True, exist_ok=True)
    config = folder.parent / f"{folder.name}.yaml"
    config.write_text(yaml.safe_dump(values), encoding="utf-8")
    command = [sys.executable, "-m", "data_builders.build", "--config", str(config), "--out", str(folder)]
    if subprocess.run(command, check=False).returncode:
        raise ConfigError("a pool that can be built", "an error above", "mend that first")


def _values() -> dict[str, Any]:
    """The configuration of the samples as it is written."""
    values: dict[str, Any] = yaml.safe_load(CONFIG.read_text(encoding="utf-8"))
    return values


if __name__ == "__main__":
    sys.exit(main())
