"""All pictures of a project as CSV and as one HTML file that opens offline, written a picture at a time."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from pathlib import Path
from typing import Any, TextIO

import cv2
import numpy as np

from assistant import report
from assistant.errors import AssistantError
from assistant.pictures.images import load_image, split_selector
from assistant.pictures.pixels import ImageLimits
from assistant.types import QueryImage, Verdict
from demo.bench.judging import BenchError
from demo.bench.sessions import Picture, Session
from demo.export.html_report import POLICY
from demo.table import counts
from demo.table.folder_rows import RUN
from demo.table.lines import Line
from demo.table.spreadsheet import write_csv
from demo.view import drawing
from demo.whole.allowed import Allowed
from demo.whole.listed import id_of, lines_of

GUESS = "no normal reference pictures: rough guesses"
"""What verdicts rest on where nothing was compared."""
SIDE, QUALITY = 240, 78
"""Longest side of a picture in the report, pixels, and how well it is kept."""
_COLOURS = {"minor": (86, 180, 233), "major": (230, 159, 0), "critical": (213, 94, 0)}
_STYLE = """
:root{color-scheme:light dark}
body{font:15px/1.45 system-ui,sans-serif;max-width:1100px;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem;margin:0}svg{width:100%;max-width:640px;height:120px;display:block;border-bottom:1px solid}
.axis,.colours{display:flex;max-width:640px;font-size:.85rem}.axis{justify-content:space-between}
.colours{gap:.2rem 1.2rem;flex-wrap:wrap}
.colours i{display:inline-block;width:.8em;height:.8em;margin-right:.35em}.warn{border-left:4px solid #b45309;padding:0 .6rem}
.none{fill:#7c8ba1}.good{fill:#0072b2}.bad{fill:#d55e00}.at{stroke:currentColor;stroke-width:.5}
article{display:grid;grid-template-columns:250px minmax(0,1fr);gap:1rem;padding:.8rem 0;border-top:1px solid #8886;
content-visibility:auto;contain-intrinsic-size:auto 190px}
article img{max-width:240px;height:auto}h2{font-size:1rem;margin:0;overflow-wrap:anywhere}p{margin:.2rem 0}
.anomalous h2::before{content:"! ";color:#d55e00}ul{margin:.2rem 0;padding-left:1.2rem}.small{font-size:.85rem;opacity:.8}
@media(max-width:600px){article{grid-template-columns:minmax(0,1fr)}}
"""


@dataclass(eq=False)
class Files:
    """CSV and report of all pictures of a session, in the order of its table.

    Args:
        session: whose.
        allowed: the operator's folder, for its pictures.
        limits: what a picture may cost.
    """

    session: Session
    allowed: Allowed | None
    limits: ImageLimits

    @property
    def table(self) -> Path:
        """The CSV file."""
        return self.session.folder / "pictures.csv"

    @property
    def report(self) -> Path:
        """The HTML file."""
        return self.session.folder / "pictures_report.html"

    def write(self) -> Iterator[tuple[int, int]]:
        """Write both; gives (pictures written, pictures) now and then. Each file appears whole or not at all.

        Raises:
            BenchError: no picture.
        """
        session, at = self.session, self.session.choice.at
        every = lines_of(session)
        if not every:
            raise BenchError("at least one picture", "none", "drop some first")
        order = {line.id: number for number, line in enumerate(session.choice.lines(every))}
        lines = sorted(every, key=lambda line: order.get(line.id, len(order)))
        part = self.table.with_suffix(".part")
        with part.open("w", encoding="utf-8-sig", newline="") as file:
            write_csv(lines, file, at)
        part.replace(self.table)
        part = self.report.with_suffix(".part")
        pictures = {id_of(one): one for one in session.pictures}
        with part.open("w", encoding="utf-8") as file:
            file.write(_head(lines, at, session.project.name, basis(session)))
            for number, line in enumerate(sorted(lines, key=_worst_first), 1):
                self._write(file, line, pictures.get(line.id), at)
                if number % 10 == 0:
                    yield number, len(lines)
            file.write(
                f'<p class="small">Made by anomaly-assistant {escape(report.package_version())}.</p></body></html>\n'
            )
        part.replace(self.report)

    def _write(self, file: TextIO, line: Line, picture: Picture | None, at: float) -> None:
        """One picture; it is read for this alone, and let go of again."""
        regions = self._regions(line, picture)
        try:
            image = self._image(line, picture) if not line.error else None
        except (AssistantError, OSError):
            image = None
        file.write(_article(line, regions, image, at))

    def _regions(self, line: Line, picture: Picture | None) -> list[Mapping[str, Any]]:
        if picture is None:
            row = self.session.rows.row(line.id)
            found = [] if row is None else row["regions"] or []
        else:
            told = self.session.project.document("found", picture.key) if picture.key >= 0 else None
            found = [] if told is None else told["regions"]
        return found if line.regions else []

    def _image(self, line: Line, picture: Picture | None) -> QueryImage | None:
        if picture is not None:
            if picture.held is None and picture.scan is not None:
                return picture.scan.image
            return picture.held or (None if picture.origin is None else picture.origin.read())
        source = self.session.rows.source(line.id)
        if self.allowed is None:
            return None
        self.allowed.file(split_selector(source)[0])
        return load_image(source, limits=self.limits)


def _worst_first(line: Line) -> tuple[bool, float]:
    return not line.error, -(line.score or 0.0)


def basis(session: Session) -> str:
    """What the verdicts rest on: references, or a profile, and corrections; that they are guesses only where that is so."""
    folder: dict[str, Any] = session.project.document(RUN, 0) or {}
    rests: Counter[str] = Counter(_rests(session, one) for one in session.pictures if one.mark is not None)
    for line in session.rows.lines():
        if line.score is not None:
            rests[_references(folder.get("references", 0), "normal reference picture") if line.compared else GUESS] += 1
    if len(rests) == 1:
        return f"The verdicts rest on {next(iter(rests))}."
    parts = [f"{_counted(count, 'verdict')} on {on}" for on, count in rests.most_common()]
    return f"Of the verdicts rest {'; '.join(parts)}." if parts else ""


def _rests(session: Session, picture: Picture) -> str:
    """What the verdict on a picture rests on."""
    setup = picture.setup
    corrections = sum(one.picture.setup is setup for one in session.corrections)
    if setup.inquiry.mode == "zero-shot":
        on = GUESS
    elif picture.scan is not None:
        on = _references(len(setup.scans), "normal reference scan") if setup.scans else GUESS
    elif setup.loaded is not None:
        on = f"a profile of {_references(setup.loaded.summary()['references'], 'normal reference picture')}"
    else:
        on = _references(len(setup.references), "normal reference picture") if setup.references else GUESS
    if not corrections:
        return on
    yours = f"{_counted(corrections, 'correction')} of yours"
    return f"{yours} and {on}" if on == GUESS else f"{on} and {yours}"


def _references(count: int, noun: str) -> str:
    return _counted(count, noun) if count else f"{noun}s"


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _head(lines: Sequence[Line], at: float, name: str, rests: str) -> str:
    verdicts = [line.verdict(at) for line in lines]
    anomalous, failed = verdicts.count(Verdict.ANOMALOUS), sum(bool(line.error) for line in lines)
    told = f"{len(lines):,} pictures, {anomalous:,} anomalous, {verdicts.count(Verdict.NORMAL):,} normal"
    told += f", {failed:,} could not be read" if failed else ""
    outdated = sum(line.outdated for line in lines)
    title = escape(f"{name}: inspection of" if name else "Inspection of") + f" {_counted(len(lines), 'picture')}"
    told += f", {outdated:,} judged before references or details changed" if outdated else ""
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" '
        f'content="width=device-width,initial-scale=1"><meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        f"<title>{title}</title><style>{_STYLE}</style></head><body>"
        f"<h1>{title}</h1><p>{datetime.now():%Y-%m-%d %H:%M}: {told}; "
        f"threshold {at:.2f}; the most unusual come first. {escape(rests)} Verdicts are a program's and have to be looked at.</p>"
        f"{_marks(lines, at)}{_bars(lines, at)}{_legend()}"
    )


def _marks(lines: Sequence[Line], at: float) -> str:
    """Overkill and misses, where a person marked pictures."""
    marked = any(line.good is not None for line in lines)
    return f"<p>{escape(str(counts.mistakes(lines, at)))}</p>" if marked else ""


def _bars(lines: Sequence[Line], at: float) -> str:
    """The histogram of the scores, with the threshold."""
    bins = counts.histogram(lines).reshape(counts.BINS // 2, 2, 3).sum(1)
    most = max(1, int(bins.sum(1).max()))
    out = []
    for number, bin in enumerate(bins):
        top = 60.0
        for which, name in ((1, "good"), (2, "bad"), (0, "none")):
            height = 58 * int(bin[which]) / most
            top -= height
            if height:
                out.append(f'<rect class="{name}" x="{2 * number}" y="{top:.2f}" width="1.7" height="{height:.2f}"/>')
    line = f'<line class="at" x1="{100 * at:.1f}" x2="{100 * at:.1f}" y1="0" y2="60"/>'
    label = f"Scores from 0 to 1, threshold {at:.2f}"
    bars = f'<svg viewBox="0 0 100 60" preserveAspectRatio="none" role="img" aria-label="{label}">{"".join(out)}{line}</svg>'
    axis = '<div class="axis"><span>0</span><span>0.5</span><span>1</span></div>'
    marked = any(one.good is not None for one in lines)
    key = f'<span><i style="background:#7c8ba1"></i>pictures{" not marked" if marked else ""}</span>'
    if marked:
        key += '<span><i style="background:#0072b2"></i>marked good</span>'
        key += '<span><i style="background:#d55e00"></i>marked bad</span>'
    words = f"Score, from 0 (normal) to 1 (anomalous); the line is the threshold, {at:.2f}"
    return f'{bars}{axis}<div class="colours"><span>{words}</span>{key}</div>'


def _legend() -> str:
    """What the colours of the boxes mean."""
    keys = "".join(f'<span><i style="background:rgb{colour}"></i>{name}</span>' for name, colour in _COLOURS.items())
    return f'<p class="colours"><span>Boxes by severity:</span>{keys}</p>'


def _article(line: Line, regions: Sequence[Mapping[str, Any]], image: QueryImage | None, at: float) -> str:
    verdict = line.verdict(at)
    shown = "" if image is None else f'<img alt="" loading="lazy" src="{_data(image, regions)}">'
    facts = ["could not be read" if line.error else "not judged yet" if verdict is None else verdict.value]
    facts += [whose] if (whose := line.whose(at)) else []
    facts += [f"worst severity {line.severity}"] if line.severity else []
    facts += [f"score {line.score:.2f}"] if line.score is not None else []
    facts += ["corrected"] if line.corrected else []
    facts += [f"marked {'good' if line.good else 'bad'}"] if line.good is not None else []
    facts += ["judged before references or details changed"] if line.outdated else []
    listed = "".join(f"<li>{escape(_region_words(region))}</li>" for region in regions)
    why = f"<p>{escape(line.error)}</p>" if line.error else ""
    why += "".join(f'<p class="warn">The picture {escape(one)}.</p>' for one in line.warnings)
    found = f'<p class="small">Regions at a threshold of {line.found_at:.2f}:</p><ul>{listed}</ul>' if regions else ""
    return (
        f'<article class="{verdict.value if verdict else ""}"><div>{shown}</div><div><h2>{escape(line.name)}</h2>'
        f"<p>{escape(', '.join(facts))}</p>{why}{found}</div></article>\n"
    )


def _region_words(region: Mapping[str, Any]) -> str:
    place, kind = ", ".join(region["cells"]), region["type"] or "unknown"
    area = f"{100 * region['area_fraction']:.2g} % of the picture"
    return f"{region['id']}: {kind}, {region['severity']}, {place}, {area}, highest score {region['peak_score']:.2f}"


def _data(image: QueryImage, regions: Sequence[Mapping[str, Any]]) -> str:
    """The picture with the boxes of its regions, small, as an address that holds it."""
    pixels = drawing.fitted(image.pixels, SIDE).copy()
    scale = pixels.shape[1] / image.width
    for region in regions:
        x0, y0, x1, y1 = (round(scale * edge) for edge in region["box"])
        cv2.rectangle(pixels, (x0, y0), (max(x0, x1 - 1), max(y0, y1 - 1)), _COLOURS[region["severity"]], 2)
    bgr = np.ascontiguousarray(pixels[:, :, ::-1])
    encoded = cv2.imencode(".webp", bgr, [cv2.IMWRITE_WEBP_QUALITY, QUALITY])[1]
    return "data:image/webp;base64," + base64.b64encode(encoded.tobytes()).decode()
