"""A finding of a whole volume at the command line: its files, then its table or row."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from assistant import report
from assistant.errors import ConfigError
from assistant.types import Verdict
from assistant.words.volume_caption import volume_caption

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from assistant.cli.parameters.option_groups import Display
    from assistant.volumes.finding import VolumeInspection, VolumeRegion

BARS = " ▁▂▃▄▅▆▇█"


def show(found: VolumeInspection, shown: Display, score_volume: Path | None, *, first: bool) -> None:
    """Write the files of one volume where asked, then print it.

    Args:
        found: about it.
        shown: where it goes.
        score_volume: file of its scores; None writes none but those of the folder.
        first: whether no volume came before it: one file holds the scores of one.

    Raises:
        ConfigError: a second volume for one file of scores.
        StorageError: a file that cannot be written.
    """
    from assistant.volumes.written.score_file import save_scores

    if score_volume is not None:
        if not first:
            raise ConfigError("one scan with --score-volume", f"another, {found.volume.title}", "use --out for several")
        save_scores(score_volume, found)
    words = volume_caption(found) if shown.caption else None
    files, score_path = report.Files(), None
    if shown.out is not None:
        files = report.write_pictures(report.of_scan(found), shown.out)
        score_path = f"scores/{report.picture_name(found.volume.title)}.nii.gz"
        save_scores(shown.out / score_path, found)
    row = report.volume_inspection_row(found, caption=words, files=files, score_path=score_path)
    if shown.out is not None:
        report.append_row(shown.out / report.RESULTS, row)
    if shown.json:
        print(report.to_line(row), flush=True)
        return
    from assistant.cli import console

    written = [score_volume] if score_volume is not None else []
    if shown.out is not None:
        paths = (files.overlay_path, files.map_path, score_path)
        written += [shown.out / path for path in paths if path is not None]
    _print(console.new_console(), found, words, written)


def _print(console: Console, found: VolumeInspection, words: str | None, written: Sequence[Path]) -> None:
    from rich.text import Text

    volume, style = found.volume, "bold green" if found.verdict is Verdict.NORMAL else "bold red"
    size, spacing = ("x".join(f"{one:.3g}" for one in some) for some in (volume.shape, volume.spacing_mm))
    mode = found.mode.value.replace("_", "-")
    head = Text.assemble(
        (volume.title, "bold"), "  ", (found.verdict.value, style), f"  score {found.score:.2f}",
        "" if found.p_value is None else f"  p {found.p_value:.3f}",
        (f"  {mode}, {volume.kind} {size}, {spacing} mm, {found.looked_at} slices", "dim"),
    )  # fmt: skip
    console.print(head, soft_wrap=True)
    if found.regions:
        console.print(_regions(found.regions))
    console.print(Text(f"slices {strip(found.slice_scores)} worst {found.worst_slice}"), soft_wrap=True)
    if words:
        console.print(Text(words), soft_wrap=True)
    for warning in found.warnings:
        console.print(Text(f"warning: it {warning}", style="yellow"), soft_wrap=True)
    for path in written:
        console.print(Text(f"-> {path}", style="dim"), soft_wrap=True)


def _regions(regions: Sequence[VolumeRegion]) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    for name in ("region", "type", "severity", "slices", "worst", "ml", "extent mm", "peak", "voxels"):
        table.add_column(name, style="dim" if name == "voxels" else None)
    for region in regions:
        kind = "-" if region.type is None else f"{region.type} ({region.type_probability or 0:.0%})"
        low, high = region.box[:3], region.box[3:]
        table.add_row(
            str(region.id), Text(kind), region.severity.value, f"{region.slices[0]}-{region.slices[1]}",
            str(region.worst_slice), f"{region.volume_ml:.2g}", " x ".join(f"{one:.0f}" for one in region.extent_mm),
            f"{region.peak_score:.2f}", " ".join(f"{a}:{b}" for a, b in zip(low, high, strict=True)),
        )  # fmt: skip
    return table


def strip(scores: Sequence[float | None]) -> str:
    """Scores along the axis as bars, a letter a slice; a dot where nothing was to be seen.

    >>> strip((None, 0.0, 0.5, 1.0))
    '· ▄█'
    """
    return "".join("·" if one is None else BARS[min(8, int(one * 8 + 0.5))] for one in scores)
