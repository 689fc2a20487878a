"""How well whole scans are told apart: ``python -m training.benchmark_volumes DIR`` on what ``build-volumes`` wrote.

Scores of scans against the best slice alone, lesions found within 5 mm, false regions, false scans; time against passes of the
encoder over the same slices, and the peak of memory. Each scan's numbers are appended to ``--out`` as it is done.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float32

from assistant.errors import AssistantError, DataSetError
from assistant.inquiry import ANYTHING
from assistant.pipeline import Assistant
from assistant.volumes.files.reading import VolumeSource, read_volume
from assistant.volumes.inspecting import concluded, look
from assistant.volumes.reference_volumes import VolumeReferences, build_references
from assistant.volumes.volume import Volume

LIST = "volumes.jsonl"
WITHIN_MM = 5.0
"""Between the middle of a lesion and that of a region or place which finds it."""
PLACES = 5
"""Strongest places of a scan that are looked at."""
_APART_MM, _AROUND_MM, _BELOW = 25.0, 16.0, 2.0


@dataclass(frozen=True)
class ScanResult:
    """Numbers of one scan.

    Args:
        source: of the scan.
        lesion: whether it holds one.
        artefact: whether it holds a spot in one slice alone.
        score: of the scan.
        best_slice: the highest image logit of a slice alone.
        best_map: the highest top of a slice's map alone.
        nearest_mm: from the lesion's middle to the nearest region's; None without lesion or region.
        found: whether a region lies within reach.
        false_regions: regions that find no lesion.
        places: the strongest places of the score volume whatever the verdict: logit, and millimetres to the lesion's middle.
        seconds: of the whole, and of the encoder alone.
    """

    source: str
    lesion: bool
    artefact: bool
    score: float
    best_slice: float
    best_map: float
    nearest_mm: float | None
    found: bool
    false_regions: int
    places: tuple[tuple[float, float | None], ...]
    seconds: tuple[float, float]


def measured_scan(
    assistant: Assistant, folder: Path, told: dict[str, Any], references: VolumeReferences | None
) -> ScanResult:
    """Inspect one scan of a set and compare with what is known of it."""
    started = time.perf_counter()
    volume = read_volume(folder / told["source"])
    axis = volume.main_axis
    evidence = look(assistant.detector, volume, axis, ANYTHING, references)
    found = concluded(assistant.detector, volume, [evidence], ANYTHING, references)
    spent = time.perf_counter() - started
    tops = np.sort(evidence.planes.reshape(len(evidence.planes), -1), 1)[:, -6:].mean(1)
    nearest, hit, centre = None, [], None
    if told["lesion"] is not None:
        centre = (volume.affine @ [*told["lesion"]["centre"], 1.0])[:3]
        apart = [float(np.linalg.norm(np.array(one.centroid_mm) - centre)) for one in found.regions]
        nearest = min(apart, default=None)
        hit = [one <= WITHIN_MM for one in apart]
    return ScanResult(
        source=told["source"],
        lesion=told["lesion"] is not None,
        artefact=told["artefact"] is not None,
        score=found.score,
        best_slice=float(evidence.images.max()),
        best_map=float(tops.max()),
        nearest_mm=nearest,
        found=any(hit),
        false_regions=len(found.regions) - sum(hit),
        places=tuple(
            (logit, None if centre is None else float(np.linalg.norm(at - centre)))
            for logit, at in strongest_places(found.scores, volume)
        ),
        seconds=(spent, evidence.timing_ms["encode"] / 1000),
    )


def strongest_places(scores: Float32[np.ndarray, "x y z"], volume: Volume) -> list[tuple[float, np.ndarray]]:
    """Peaks of a score volume 25 mm apart, strongest first: logit, and the middle in mm of what is within 2 of it nearby."""
    logits = np.log(np.clip(scores, 1e-9, 1 - 1e-7) / (1 - np.clip(scores, 1e-9, 1 - 1e-7)))
    cell = np.array(volume.shape) / np.array(scores.shape)
    at = np.moveaxis(np.indices(scores.shape), 0, -1)
    millimetres = ((at + 0.5) * cell - 0.5) @ volume.affine[:3, :3].T + volume.affine[:3, 3]
    left, found = np.ones(scores.shape, bool), []
    for _ in range(PLACES):
        if not left.any():
            break
        peak = np.unravel_index(int(np.where(left, logits, -np.inf).argmax()), scores.shape)
        far = np.linalg.norm(millimetres - millimetres[peak], axis=-1)
        weights = np.where((far <= _AROUND_MM) & (logits >= logits[peak] - _BELOW), np.exp(logits - logits[peak]), 0)
        found.append((float(logits[peak]), (millimetres * weights[..., None]).sum((0, 1, 2)) / weights.sum()))
        left &= far > _APART_MM
    return found


def found_at(results: Sequence[ScanResult], false_places: float) -> float:
    """Share of lesions with a place within reach, at the lowest limit with so many false places a scan on average at most."""
    ordered = []
    for scan, one in enumerate(results):
        near = [logit for logit, apart in one.places if apart is not None and apart <= WITHIN_MM]
        ordered += [(logit, scan, logit == max(near, default=None)) for logit, _ in one.places]
    hits = wrong = best = 0
    for _, _, hit in sorted(ordered, reverse=True):
        hits, wrong = hits + hit, wrong + (not hit)
        best = hits if wrong <= false_places * len(results) else best
    return best / sum(one.lesion for one in results)


def summary(results: Sequence[ScanResult]) -> dict[str, Any]:
    """The numbers of a set.

    Raises:
        DataSetError: no normal scan, or none with a lesion.
    """
    from sklearn.metrics import roc_auc_score

    lesions, normals = [one for one in results if one.lesion], [one for one in results if not one.lesion]
    if not lesions or not normals:
        raise DataSetError("scans with a lesion and normal ones", f"{len(lesions)} and {len(normals)}", "build more")
    truth = [one.lesion for one in results]
    whole, bare = (sum(one.seconds[i] for one in results) for i in range(2))
    return {
        "scans": len(results),
        "scan_auroc": float(roc_auc_score(truth, [one.score for one in results])),
        "best_slice_auroc": float(roc_auc_score(truth, [one.best_slice for one in results])),
        "best_map_auroc": float(roc_auc_score(truth, [one.best_map for one in results])),
        "sensitivity": float(np.mean([one.score >= 0.5 for one in lesions])),
        "false_scans": float(np.mean([one.score >= 0.5 for one in normals])),
        "found": float(np.mean([one.found for one in lesions])),
        "found_at_one_false_place_a_scan": found_at(results, 1.0),
        "false_regions_a_scan": float(np.mean([one.false_regions for one in results])),
        "time_ratio": whole / bare,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def read_list(folder: Path) -> list[dict[str, Any]]:
    """What is known of the scans of a set.

    Raises:
        DataSetError: no set of ``build-volumes``.
    """
    try:
        return [json.loads(line) for line in (folder / LIST).read_text(encoding="utf-8").splitlines()]
    except (OSError, ValueError):
        raise DataSetError(f"a folder with {LIST}", str(folder), "build one with build-volumes") from None


def main(arguments: Sequence[str] | None = None, program: str = "python -m training.benchmark_volumes") -> int:
    """Run the command line; 0 done, 2 bad options."""
    options = argparse.ArgumentParser(prog=program, description="How well whole scans are told apart.")
    options.add_argument("folder", type=Path, help="what build-volumes wrote")
    options.add_argument("--preset", default="mini", help="name, file or folder (default mini)")
    options.add_argument("--references", type=int, default=4, help="normal scans compared with; 0 for none (default 4)")
    options.add_argument("--count", type=int, help="scans at most, from the first")
    options.add_argument("--out", type=Path, help="file that gets a line a scan")
    given = options.parse_args(arguments)
    try:
        told = read_list(given.folder)
        scans = [one for one in told if one["source"].startswith("scans/")][: given.count]
        normal = [one["source"] for one in told if one["source"].startswith("references/")][: given.references]
        assistant = Assistant.load(given.preset)
        references = None
        if normal:
            sources = [VolumeSource(str(given.folder / one)) for one in normal]
            references = build_references(assistant.detector, sources, None, ANYTHING)
        results = []
        for one in scans:
            results.append(measured_scan(assistant, given.folder, one, references))
            if given.out is not None:
                with given.out.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(vars(results[-1])) + "\n")
        print(json.dumps(summary(results), indent=1))
    except AssistantError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
