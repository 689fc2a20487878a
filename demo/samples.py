"""Inspect a folder of sample pictures, without and with references, and leave overlays, rows and one sheet to look at.

``python -m demo.samples --pictures DIR --out DIR``; the pictures are a data set that ``data_builders.build`` made, read
from disk; what is right is told beside each verdict.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
from jaxtyping import UInt8
from rich.console import Console
from rich.progress import track
from rich.table import Table

from assistant import report
from assistant.errors import AssistantError, DataSetError
from assistant.pictures.images import load_image
from assistant.pictures.overlay import overlay
from assistant.samples.sets import Sample, open_set
from assistant.types import Domain, Inspection

if TYPE_CHECKING:
    from assistant.pipeline import Assistant

MODES = ("zero-shot", "few-shot")
TILE = 320
"""Side of a picture on the sheet, pixels."""
CHOICE = Path(__file__).parent / "chosen_samples.json"
"""The samples of the page: their numbers, in order, and how each was found when they were chosen (:mod:`demo.choosing`)."""
BAR = 26
"""Height of the line of text over a picture on the sheet, pixels."""


@dataclass(frozen=True)
class SamplePicture:
    """A picture whose defects are known.

    Args:
        path: of the picture.
        references: normal pictures of the same object.
        object_name: what it shows.
        domain: industrial or medical.
        truth: kinds of the defects in it; empty for a normal picture.
        number: of the sample in its data set.
        mask: of its defects, a file; None where it has none.
        missed: whether it is shown as a defect that the assistant does not find.
    """

    path: Path
    references: tuple[Path, ...]
    object_name: str
    domain: Domain
    truth: tuple[str, ...]
    number: int = 0
    mask: Path | None = None
    missed: bool = False


@dataclass(frozen=True, eq=False)
class Shown:
    """A picture and what was found in it, a mode."""

    sample: SamplePicture
    found: dict[str, Inspection]


def read_samples(folder: Path) -> list[SamplePicture]:
    """The samples of a data set.

    Raises:
        DataSetError: no data set, or one with other columns.
    """
    build = "make them with: python -m data_builders.build --config data_builders/configs/demo.yaml --out DIR"
    try:
        missed, numbers = _missed(folder), _chosen(folder)
        samples = [_sample(one, missed) for one in open_set(folder)]
        samples.sort(key=lambda one: numbers.index(one.number) if one.number in numbers else len(numbers))
    except DataSetError as error:
        raise DataSetError(error.expected, error.got, build) from error
    except (ValueError, KeyError, TypeError) as error:
        raise DataSetError("rows of a built data set", f"{error!r} in {folder}", build) from error
    if not samples:
        raise DataSetError("at least one sample picture", f"none in {folder}", build)
    return samples


def inspect_samples(assistant: Assistant, samples: Sequence[SamplePicture], out: Path) -> Iterator[Shown]:
    """Inspect each picture zero-shot and few-shot; rows, maps and overlays land in ``out``, named after the mode."""
    for sample in samples:
        image = load_image(sample.path, domain=sample.domain)
        found: dict[str, Inspection] = {}
        for mode, references in (("zero-shot", ()), ("few-shot", sample.references)):
            if mode == "few-shot" and not references:
                continue
            inspection = assistant.inspect(image, references=references, object_name=sample.object_name)
            files = report.write_pictures(inspection, out / mode)
            row = report.inspection_row(
                inspection,
                caption=assistant.caption(inspection),
                map_path=f"{mode}/{files.map_path}",
                overlay_path=f"{mode}/{files.overlay_path}",
            )
            report.append_row(out / report.RESULTS, row)
            found[mode] = inspection
        yield Shown(sample, found)


def sheet(shown: Sequence[Shown]) -> UInt8[np.ndarray, "rows columns 3"]:
    """One row a picture: the picture, the overlay without references, the overlay with references. RGB."""
    rows = []
    for one in shown:
        picture = next(iter(one.found.values())).image
        truth = ", ".join(one.sample.truth) or "normal"
        tiles = [_tile(picture.pixels, f"{one.sample.object_name}: {truth}")]
        for mode in MODES:
            if (inspection := one.found.get(mode)) is None:
                tiles.append(np.full_like(tiles[0], 255))
                continue
            drawn = overlay(picture, inspection.anomaly_map, inspection.regions)
            tiles.append(_tile(drawn, f"{mode}: {inspection.verdict.value} {inspection.image_score:.2f}"))
        rows.append(np.hstack(tiles))
    return np.vstack(rows)


def summary(shown: Sequence[Shown]) -> Table:
    """Truth and verdicts as a table."""
    table = Table(title="sample pictures", title_justify="left")
    for name in ("picture", "truth", "zero-shot", "few-shot", "strongest region with references"):
        table.add_column(name)
    for one in shown:
        cells = [f"{i.verdict.value} {i.image_score:.2f}" if (i := one.found.get(m)) else "-" for m in MODES]
        table.add_row(one.sample.object_name, ", ".join(one.sample.truth) or "normal", *cells, _strongest(one))
    return table


def _strongest(one: Shown) -> str:
    regions = one.found[next(reversed(one.found))].regions
    return f"{regions[0].type}, {regions[0].severity.value}, {', '.join(regions[0].cells)}" if regions else "-"


def _chosen(folder: Path) -> list[int]:
    """Numbers of the samples that a build was to make, in that order; none where it made all."""
    try:
        built = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["config"]
        return [int(one) for one in built["only"] or ()]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def _missed(folder: Path) -> frozenset[int]:
    """Numbers of the samples that are shown as misses: none in a data set other than that of the choice."""
    try:
        built = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["config"]
        told = json.loads(CHOICE.read_text(encoding="utf-8"))
        numbers = [one["number"] for one in told["samples"]]
        if (built["seed"], list(built["only"])) != (told["seed"], numbers):
            return frozenset()
    except (OSError, ValueError, KeyError, TypeError):
        return frozenset()
    return frozenset(one["number"] for one in told["samples"] if one["mark"] == "missed")


def _sample(one: Sample, missed: frozenset[int] = frozenset()) -> SamplePicture:
    row = one.row
    return SamplePicture(
        path=one.image,
        references=one.references,
        object_name=row["object_name"],
        domain=Domain(row["domain"]),
        truth=tuple(dict.fromkeys(defect["type"] for defect in row["defects"])),
        number=int(row.get("index", 0)),
        mask=one.mask if row.get("mask_file_name") else None,
        missed=int(row.get("index", 0)) in missed,
    )


def _tile(pixels: np.ndarray, title: str) -> np.ndarray:
    """A picture fitted into a square, a line of text over it."""
    height, width = pixels.shape[:2]
    scale = TILE / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    tile = np.full((TILE + BAR, TILE + 6, 3), 255, np.uint8)
    tile[BAR : BAR + size[1], : size[0]] = small
    cv2.putText(tile, title, (2, BAR - 9), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (0, 0, 0), 1, cv2.LINE_AA)
    return tile


def main(arguments: Sequence[str] | None = None, program: str = "python -m demo.samples") -> int:
    """Run the command line; 0 done, 1 failed, 2 usage."""
    options = argparse.ArgumentParser(prog=program, description="Inspect sample pictures.")
    options.add_argument("--pictures", type=Path, required=True, help="data set made by data_builders.build")
    options.add_argument("--out", type=Path, required=True, help="folder for overlays, results.jsonl and sheet.png")
    options.add_argument("--preset", default="mini", help="name, YAML file or folder (default: mini)")
    given = options.parse_args(arguments)
    console = Console(stderr=True)
    try:
        samples = read_samples(given.pictures)
        from assistant.pipeline import Assistant

        assistant = Assistant.load(given.preset)
        (given.out / report.RESULTS).unlink(missing_ok=True)
        found = inspect_samples(assistant, samples, given.out)
        shown = list(track(found, "inspecting", total=len(samples), console=console))
        given.out.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(given.out / "sheet.png"), cv2.cvtColor(sheet(shown), cv2.COLOR_RGB2BGR))
    except AssistantError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    Console(width=None if sys.stdout.isatty() else 160).print(summary(shown))
    print(f"look at {given.out / 'sheet.png'}; rows in {given.out / report.RESULTS}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
