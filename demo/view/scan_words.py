"""The result of a whole scan as words and tables for the page. Every word from outside is escaped."""

from __future__ import annotations

from dataclasses import replace
from html import escape

from assistant.types import Mode, as_measured
from assistant.volumes.finding import VolumeInspection
from assistant.words import wording
from assistant.words.volume_caption import millilitres, volume_caption
from demo.bench.sessions import Picture
from demo.bench.thresholds import View
from demo.scans.look import Scan
from demo.view import words

HEADERS = ("No.", "Type", "Sure", "Severity", "Slices", "Volume", "Extent", "Peak")
_MODES = {Mode.ZERO_SHOT: "without reference scans", Mode.FEW_SHOT: "with reference scans"}


def scan_card(picture: Picture) -> str:
    """Verdict and score of the scan, caption, how it was judged."""
    scan, view = picture.scan, picture.view
    assert scan is not None, "a scan"
    if view is None or scan.at is None:
        return words.resting_card(picture)
    found = scan.at
    mode = _MODES.get(found.mode, "")
    if found.references:
        mode = f"with {wording.counted(found.references, 'reference scan')}"
    facts = [scan.kept.name, mode, size_words(found), words.timing_words(found.timing_ms)]
    if found.p_value is not None:
        facts.insert(2, f"{100 * found.p_value:.0f} % of normal scans look as unusual")
    counted = wording.counted(len(found.regions), "region")
    numbers = f"threshold {view.threshold:.2f} · {counted} in three dimensions · worst slice {found.worst_slice + 1}"
    warned = "".join(f'<div class="warn">{escape(f"The scan {one}.")}</div>' for one in view.measured.warnings)
    before = words.again(picture)
    return words.card(view, f'{before}<div class="said">{escape(caption(scan, view))}</div>{warned}', numbers, facts)


def caption(scan: Scan, view: View, first: int = 1) -> str:
    """The scan in words, with the score and the peaks as the page shows them.

    Args:
        scan: on the bench.
        view: its result.
        first: number of the first slice: 1 as people count, 0 as rows do.
    """
    assert scan.at is not None, "judged"
    text = volume_caption(measured(scan, view), first).replace(
        f"(score {scan.at.score:.2f},", f"(score {view.score:.2f},"
    )
    return f"{text} Questions are answered about its worst slice, {scan.at.worst_slice + first}."


def measured(scan: Scan, view: View) -> VolumeInspection:
    """What was found under the view's threshold, with scores as measured."""
    assert scan.at is not None, "judged"
    if scan.at is scan.found or scan.found is None:
        return scan.at
    regions = tuple(
        replace(
            one,
            peak_score=as_measured(one.peak_score, view.threshold),
            mean_score=as_measured(one.mean_score, view.threshold),
        )
        for one in scan.at.regions
    )
    return replace(scan.at, regions=regions, slice_scores=scan.found.slice_scores)


def size_words(found: VolumeInspection) -> str:
    """Voxels, millimetres and slices looked at."""
    size, spacing = (" x ".join(f"{one:.3g}" for one in some) for some in (found.volume.shape, found.volume.spacing_mm))
    return f"{found.volume.kind} {size}, {spacing} mm, {wording.counted(found.looked_at, 'slice')} looked at"


def rows(scan: Scan, view: View | None) -> list[list[str]]:
    """A row a region: number, type, probability, severity, slices counted from 1, millilitres, millimetres, peak as measured."""
    if scan.at is None or view is None:
        return []
    return [
        [
            str(one.id),
            one.type or "unknown",
            "" if one.type_probability is None else f"{100 * one.type_probability:.0f} %",
            one.severity.value,
            f"{one.slices[0] + 1}–{one.slices[1] + 1}, worst {one.worst_slice + 1}",
            f"{millilitres(one.volume_ml)} ml",
            " x ".join(f"{side:.0f}" for side in one.extent_mm) + " mm",
            f"{one.peak_score:.2f}",
        ]
        for one in measured(scan, view).regions
    ]


def table(scan: Scan, view: View | None) -> str:
    """The regions as HTML; a row brings the region's worst slice into view."""
    if scan.at is None:
        return ""
    head = "".join(f'<th scope="col">{name}</th>' for name in HEADERS)
    axis = scan.at.axes[0]
    body = "".join(
        f'<tr data-slice="{region.worst_slice}" data-axis="{axis}" tabindex="0" title="Show slice {region.worst_slice + 1}">'
        + "".join(f'<td data-label="{name}">{escape(cell)}</td>' for name, cell in zip(HEADERS, row, strict=True))
        + "</tr>"
        for region, row in zip(scan.at.regions, rows(scan, view), strict=True)
    )
    told = "Regions in three dimensions: click one to see its worst slice"
    return f"<table><caption>{told}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def probe(scan: Scan, x: int, y: int, scores: tuple[float, float] | None, crop: str) -> str:
    """What is at a pixel of the slice in view.

    Args:
        scan: on the bench.
        x: column.
        y: row.
        scores: there, and the threshold; None before it was looked at.
        crop: address of the pixels around it.
    """
    volume = scan.kept.volume
    columns, rows_ = (other for other in range(3) if other != scan.axis)
    voxel = [0, 0, 0]
    voxel[scan.axis], voxel[columns], voxel[rows_] = (
        scan.index, volume.shape[columns] - 1 - x, volume.shape[rows_] - 1 - y,
    )  # fmt: skip
    held = volume.values[voxel[0], voxel[1], voxel[2]]
    unit = " HU" if volume.units else ""
    said = (
        "not looked at yet"
        if scores is None
        else f"score <b>{scores[0]:.2f}</b> against a threshold of {scores[1]:.2f}"
    )
    place = ""
    if volume.placed:
        millimetres = (volume.affine @ [*voxel, 1.0])[:3]
        ways = [f"{abs(one):.1f} mm {name[int(one < 0)]}" for one, name in zip(millimetres, _WAYS, strict=True)]
        place = f"<br>{', '.join(ways)} of the scanner's origin"
    return (
        f'<div class="probe" role="status"><img src="{escape(crop)}" alt="Pixels around the place, as they are">'
        f"<div><b>Slice {scan.index + 1}, column {x}, row {y}</b>: {said}<br>value {held:g}{unit}{place}</div></div>"
    )


_WAYS = (("right", "left"), ("in front", "behind"), ("above", "below"))
