"""A finding of a whole volume at the command line: its files, then its table or row."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from assistant import report
from assistant.errors import ConfigError
from assistant.types import Verdict
from assistant.words.volume_caption import millilitres, volume_caption

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from assistant.cli.parameters.option_groups import Display, ScanOptions
    from assistant.volumes.finding import VolumeInspection, VolumeRegion

BARS = " ▁▂▃▄▅▆▇█"


def require_one(inputs: Sequence[str], scans: ScanOptions) -> None:
    """See, before anything is loaded, that files of one scan have one scan to be of.

    Raises:
        ConfigError: pictures, none or several, or a scan that is no DICOM for a segmentation.
        ImageError: inputs that cannot be read, or the extra ``segmentation`` is missing.
    """
    asked = {"--score-volume": scans.score_volume, "--segmentation": scans.segmentation}
    option = next((name for name, path in asked.items() if path is not None), None)
    if option is None:
        return
    from assistant.pictures.pixels import printable
    from assistant.request import expand_volumes
    from assistant.volumes.files.reading import VolumeSource, is_dicom

    found = [source for source, problem in expand_volumes(inputs) if problem is None] if scans.volumes else []
    whole = [one for one in found if isinstance(one, VolumeSource)]
    if len(whole) != 1 or len(found) != 1:
        got = f"{len(whole)} scans and {len(found) - len(whole)} pictures" if scans.volumes else "--no-volumes"
        raise ConfigError(f"one scan with {option}", got, "name one scan, or use --out for several")
    if scans.segmentation is not None:
        from assistant.volumes.written.segmentation_file import require_highdicom

        source = whole[0]
        if source.series is None and not is_dicom(source.source.partition("::")[0]):
            do = "write its scores with --score-volume, or inspect the DICOM slices that it was made of"
            raise ConfigError("a scan of DICOM slices with --segmentation", f"NIfTI, {printable(source.title)}", do)
        require_highdicom(printable(str(scans.segmentation)))


def show(found: VolumeInspection, shown: Display, scans: ScanOptions) -> None:
    """Write the files of one volume where asked, then print it.

    Args:
        found: about it.
        shown: where it goes.
        scans: files of its scores and regions, besides those of the folder.

    Raises:
        StorageError: a file that cannot be written.
    """
    from assistant.volumes.written.score_file import save_scores

    written = []
    if scans.score_volume is not None:
        save_scores(scans.score_volume, found)
        written.append(scans.score_volume)
    if scans.segmentation is not None:
        written += _segmented(scans.segmentation, found)
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

    if shown.out is not None:
        paths = (files.overlay_path, files.map_path, score_path)
        written += [shown.out / path for path in paths if path is not None]
    _print(console.new_console(), found, words, written)


def _segmented(path: Path, found: VolumeInspection) -> list[Path]:
    from assistant.volumes.written.segmentation_file import save_segmentation

    if save_segmentation(path, found):
        return [path]
    print(f"no region was found: {path} is not written", file=sys.stderr)
    return []


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
            str(region.worst_slice), millilitres(region.volume_ml), " x ".join(f"{one:.0f}" for one in region.extent_mm),
            f"{region.peak_score:.2f}", " ".join(f"{a}:{b}" for a, b in zip(low, high, strict=True)),
        )  # fmt: skip
    return table


def strip(scores: Sequence[float | None]) -> str:
    """Scores along the axis as bars, a letter a slice; a dot where nothing was to be seen.

    >>> strip((None, 0.0, 0.5, 1.0))
    '· ▄█'
    """
    return "".join("·" if one is None else BARS[min(8, int(one * 8 + 0.5))] for one in scores)
