"""Replies on files, remarks and pictures: what can be exported, what is kept, where a mark is shown, which picture it is."""

from __future__ import annotations

import re

from assistant.reading.spelling import plain
from assistant.vision.regions import highest_region
from assistant.words import wording
from assistant.words.replies.handling.named_regions import numbers_named, regions_meant
from assistant.words.scene import phrases
from assistant.words.scene.scene import Scene

OTHERS = 4
"""Further pictures of the session that are named."""
_FILE = re.compile(r"\b(?=[\w-]*\d)[a-z0-9][\w-]{3,}(?:\.[a-z]{2,4})?\b")
"""What looks like the name of a file: a word with a digit."""


def export(scene: Scene) -> list[str]:
    """Which files there are and where they come from, the one asked for first."""
    said = plain(scene.question.text)
    lead = next((say(scene) for words, say in _FORMATS if re.search(words, said)), "")
    page = (
        'On the page, Export has "Prepare files of the picture in view": JSON, mask, overlay and an HTML report with '
        "picture, map, regions "
        "and this conversation, which opens offline; All pictures has a CSV and a report of all."
    )
    command = "On the command line --out DIR writes an overlay, a map and a row of results.jsonl for each picture."
    return [*([lead] if lead else []), page, *([] if lead else [command])]


def _pdf(scene: Scene) -> str:
    return "A PDF I do not write: print the HTML report, or save it as PDF from the browser."


def _table(scene: Scene) -> str:
    count = wording.counted(len(scene.inspection.regions), "region")
    return (
        f"As a table: `batch --csv` writes results.csv, a line a region (this picture has {count}) with kind, box and "
        f"size, separated by "
        "commas."
    )


def _raw(scene: Scene) -> str:
    return (
        "The map itself is written by --out DIR as a 16-bit grey PNG of the picture's size, 0 for a score of 0 and 65535 for 1; "
        "with `batch` by --save-maps."
    )


def _sent(scene: Scene) -> str:
    return "I send nothing anywhere; the report is one file that you can attach."


def _cited(scene: Scene) -> str:
    found = scene.inspection
    return (
        f"To cite it: anomaly-assistant, with its version as the report prints it, preset {found.preset}, trained parts "
        f"{found.weights[:19]}, {phrases.scored(found)}, judged {phrases.judged_by(found)}."
    )


_FORMATS = (
    (r"\bcit(?:e|ation)\b|\bquote\b|\bmethods? section\b|\bversion\b", _cited),
    (r"\bpdf\b|\bprint(?:ed|ing|out)?\b|\bpaper\b", _pdf),
    (r"\bcsv\b|\bexcel\b|\btable\b|\bspreadsheet\b|\bcoordinates\b|\bdatabase\b|\berp\b|\bxlsx?\b", _table),
    (r"\b(?:raw|npy|tiff?|floats?|16[- ]bit)\b|\bheat ?map as\b|\bmap as\b", _raw),
    (r"\bsend\b|\bemail\b|\bmail\b|\bwhatsapp\b|\bforward\b|\battach\b", _sent),
)
"""What is asked for, and what is said first; the first that fits."""


def record(scene: Scene) -> list[str]:
    """Where what is typed is kept, and that it changes nothing in the result."""
    found = scene.inspection
    return [
        f"What you type stays in this conversation and does not change the result ({found.verdict.value}, "
        f"{phrases.scored(found)}).",
        "The page keeps the conversation with the project, unless it was started with --no-projects, and prints it in "
        "the picture's report "
        "and JSON; a name and a time have no field there, so write them into your sentence.",
        "What is to count goes under Correct on the page, where each correction is kept and listed, or to Good and Bad "
        "below the picture.",
    ]


def show(scene: Scene) -> list[str]:
    """Where the mark lies, and how to see it larger or framed."""
    numbers = numbers_named(scene)
    regions = regions_meant(scene) if numbers else scene.regions
    how = (
        "On the page a click on a region or its name shows it in the picture's own pixels; + and - zoom, Heat and "
        "Regions turn colours and "
        "boxes on and off."
    )
    written = "An overlay with map and boxes is written by Export, or by --out DIR."
    if not regions and numbers:
        return [
            f"There is no such region: {wording.counted(len(scene.inspection.regions), 'region')} marked here.",
            how,
        ]
    if not regions:
        highest = highest_region(scene.inspection)
        at = (
            ""
            if highest is None
            else (
                f"; the map is highest {phrases.place(highest)}, with "
                f"{wording.score(scene.inspection, highest.peak_score)}"
            )
        )
        there = f" at {scene.here}" if scene.cells else ""
        return [f"Nothing is marked{there} that could be shown ({phrases.scored(scene.inspection)}){at}.", how]
    first = regions[0]
    places = [
        f"{phrases.name(region)} {phrases.place(region)}, {phrases.box(region)}" for region in regions[: phrases.MOST]
    ]
    more = f"; and {len(regions) - len(places)} more" if len(regions) > len(places) else ""
    said = f"In words I can only say where: {'; '.join(places)}{more}."
    return [
        said
        if len(regions) > 1
        else f"{phrases.capital(phrases.name(first))} lies {phrases.place(first)}: {phrases.box(first)}.",
        how,
        written,
    ]


def loaded(scene: Scene) -> list[str]:
    """Which picture it is: name, size, and the others of the session."""
    image = scene.inspection.image
    name = file_name(scene)
    shows = f", told to show {phrases.thing(scene)}" if phrases.thing(scene) else ""
    said = [f'This is "{name}", {image.width} x {image.height} px{shows}{_matches(scene, name)}.']
    if not scene.state.others:
        return [
            *said,
            "It is the only picture of this conversation that I know; whether it shows the right part I cannot read in it.",
        ]
    names = phrases.listed([one.name for one in scene.state.others[:OTHERS]], len(scene.state.others))
    total = len(scene.state.others) + 1
    return [
        *said,
        f"It is one of {total} pictures of this session; the other{'s are' if total > 2 else ' is'} {names}.",
    ]


def file_name(scene: Scene) -> str:
    """The name of the picture's file, without its folder."""
    return scene.inspection.image.source.replace("\\", "/").rpartition("/")[2]


def _matches(scene: Scene, name: str) -> str:
    """Whether a file that the sentence names is this one."""
    typed = [word for word in _FILE.findall(scene.message.text.lower()) if not re.fullmatch(r"\d+(?:mm|cm|px)", word)]
    if not typed:
        return ""
    mine = [word for word in typed if word.partition(".")[0] in name.lower()]
    return f", so {mine[0]}" if mine else f", and not {wording.join(typed[:2], 'or')}"
