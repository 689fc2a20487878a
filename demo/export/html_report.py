"""A picture, its result and its conversation as one HTML file that opens offline. Every word is escaped; no script."""

from __future__ import annotations

import base64
from html import escape

import cv2
import numpy as np

from assistant import report
from demo.bench.sessions import Picture
from demo.bench.thresholds import View
from demo.view import drawing, scan_words, words

_STYLE = """
:root{color-scheme:light dark}
body{font:16px/1.5 system-ui,sans-serif;max-width:960px;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem;margin:0}h2{font-size:1.1rem;margin-top:2rem}
.verdict{font-weight:700}.warn{border-left:4px solid #b45309;padding:.2rem .8rem}
.note{border-left:4px solid #b45309;padding:.4rem .8rem;font-weight:600}
.pair{display:flex;flex-wrap:wrap;gap:1rem}figure{margin:0;flex:1 1 300px}img{max-width:100%;height:auto}
figure.crop{flex:0 1 160px}
figcaption,.small{font-size:.85rem;opacity:.75}
table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.3rem .6rem;border-bottom:1px solid #8886}
.said{white-space:pre-wrap;margin:.4rem 0;padding:.5rem .8rem;border-radius:.5rem;background:#8882}
.user{margin-left:15%;background:#0e749022}
"""
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
"""What a report may load: nothing but what is in it."""


def html_report(picture: Picture, view: View) -> str:
    """The report; one file, nothing in it is loaded from elsewhere."""
    source = escape(picture.name if picture.scan is not None else picture.image.source)
    before, after = drawing.before_after(view)
    headers, table_rows, said = words.HEADERS, words.region_table(view), words.summary(view)
    if picture.scan is not None:
        scan = picture.scan
        headers, table_rows, said = scan_words.HEADERS, scan_words.rows(scan, view), scan_words.caption(scan, view)
    rows = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in table_rows)
    head = "".join(f"<th>{name}</th>" for name in headers)
    table = f"<table><tr>{head}</tr>{rows}</table>" if rows else "<p>No region was found.</p>"
    talk = "".join(
        f'<div class="said {"user" if m["role"] == "user" else "assistant"}">{escape(m["content"])}</div>'
        for m in picture.messages
    )
    name = f"<p>Object: {escape(view.measured.object_name)}</p>" if view.measured.object_name else ""
    notice = f'<p class="note">{words.NOTICE}</p>' if words.is_medical(view) else ""
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" '
        f'content="width=device-width,initial-scale=1"><meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        f"<title>Inspection of {source}</title><style>{_STYLE}</style></head><body>"
        f"<h1>Inspection of {source}</h1>{name}{notice}"
        f'<p class="verdict">{escape(view.verdict.value.capitalize())}: {escape(words.verdict_words(view))}. '
        f"Score {view.score:.2f}, threshold {view.threshold:.2f}.</p><p>{escape(said)}</p>"
        f"{words.warning_lines(view)}"
        f'<div class="pair"><figure><img alt="The picture" src="{_data(before)}"><figcaption>The picture</figcaption></figure>'
        f'<figure><img alt="The anomaly map over it" src="{_data(after)}"><figcaption>Anomaly map and regions</figcaption>'
        f"</figure></div><h2>Regions</h2>{table}{_crops(view)}"
        + (f"<h2>Conversation</h2>{talk}" if talk else "")
        + f'<p class="small">Made by anomaly-assistant {escape(report.package_version())}, preset '
        f"{escape(view.measured.preset)}, weights {escape(view.measured.weights[:19])}.</p></body></html>\n"
    )


def _crops(view: View) -> str:
    """Regions at full resolution, where the picture above is reduced."""
    figures = "".join(
        f'<figure class="crop"><img alt="Region {number}" src="{_data(pixels)}"><figcaption>Region {number}</figcaption></figure>'
        for number, pixels in drawing.region_crops(view)
    )
    return f'<div class="pair">{figures}</div>' if figures else ""


def _data(pixels: np.ndarray) -> str:
    encoded = cv2.imencode(".webp", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_WEBP_QUALITY, 85])[1]
    return "data:image/webp;base64," + base64.b64encode(encoded.tobytes()).decode()
