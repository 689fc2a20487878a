"""Groups as a picture: a row a group, its medoid first, then regions less and less like it, each outlined in its surroundings."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import UInt8

from assistant.batch.groups.group_file import Group, Groups, Member
from assistant.batch.results.records import write_whole
from assistant.batch.results.rows import read_rows
from assistant.errors import AssistantError
from assistant.pictures.images import load_image, map_limits
from assistant.pictures.overlay import outline
from assistant.pictures.pixels import ImageLimits
from assistant.types import Box

SHEET = "groups.webp"
ROWS, COLUMNS = 26, 8
TILE, GAP, TITLE = 144, 6, 24
"""Pixels: side of a crop, space between crops, height of the line above them."""
SURROUNDINGS = 1.8
"""Side of a crop in long sides of its box."""
LEAST_CROP = 48
"""Side of the smallest crop, source pixels."""
QUALITY = 85
_INK = (30, 30, 30)
Rgb = UInt8[np.ndarray, "rows columns 3"]
Boxed = tuple[Box, ImageLimits]


def write_sheet(path: Path, groups: Groups, results: Path) -> None:
    """Write the sheet; none where there are no groups, and one of before is taken away.

    Args:
        path: of the picture, WebP.
        groups: of which the first are shown.
        results: rows, which tell the boxes.

    Raises:
        StorageError: the folder is full or cannot be written.
    """
    if not groups.groups:
        path.unlink(missing_ok=True)
        return
    shown = {group.name: _spread(group.members) for group in groups.groups[:ROWS]}
    boxes = _boxes(results, {one for members in shown.values() for one in members})
    rows = [_row(group, [(one, boxes.get(one)) for one in shown[group.name]]) for group in groups.groups[:ROWS]]
    sheet = cv2.cvtColor(np.vstack(rows), cv2.COLOR_RGB2BGR)
    encoded = cv2.imencode(".webp", sheet, [cv2.IMWRITE_WEBP_QUALITY, QUALITY])[1]
    write_whole(path, encoded.tobytes())


def _spread(members: Sequence[Member]) -> list[Member]:
    """The first, the last, and those evenly between."""
    if len(members) <= COLUMNS:
        return list(members)
    return [members[round(place)] for place in np.linspace(0, len(members) - 1, COLUMNS)]


def _boxes(results: Path, wanted: set[Member]) -> dict[Member, Boxed]:
    """Where regions lie, with what reading their pictures may cost: those of a run were allowed their size."""
    sources = {one.source for one in wanted}
    found = {}
    for row in read_rows(results):
        if row["source"] in sources:
            for region in row["regions"] or ():
                member = Member(source=row["source"], region=region["id"])
                if member in wanted:
                    found[member] = Box(*region["box"]), map_limits(row["height"], row["width"])
    return found


def _row(group: Group, shown: Sequence[tuple[Member, Boxed | None]]) -> Rgb:
    canvas = np.full((TITLE + TILE + GAP, COLUMNS * (TILE + GAP) + GAP, 3), 255, np.uint8)
    cv2.putText(canvas, _title(group), (GAP, TITLE - 7), cv2.FONT_HERSHEY_SIMPLEX, 0.5, _INK, 1, cv2.LINE_AA)
    for column, (member, boxed) in enumerate(shown):
        left = GAP + column * (TILE + GAP)
        canvas[TITLE : TITLE + TILE, left : left + TILE] = _tile(member, boxed)
    return canvas


def _title(group: Group) -> str:
    known = ", ".join(f"{kind} {share:.0%}" for kind, share in list(group.known_kinds.items())[:3])
    name = group.name if group.kind is None else f"{group.name} = {group.kind}"
    counts = f"{group.regions} regions in {group.pictures} pictures, cohesion {group.cohesion:.2f}"
    return f"{name}: {counts}; nearest kinds: {known}".encode("ascii", "replace").decode()[:130]


def _tile(member: Member, boxed: Boxed | None) -> Rgb:
    """A region in its surroundings; grey where its picture is gone or was changed."""
    tile = np.full((TILE, TILE, 3), 200, np.uint8)
    if boxed is None:
        return tile
    box, limits = boxed
    try:
        pixels = load_image(member.source, limits=limits).pixels
    except AssistantError:
        return tile
    if box.x_max > pixels.shape[1] or box.y_max > pixels.shape[0]:
        return tile
    side = max(LEAST_CROP, SURROUNDINGS * (box.x_max - box.x_min), SURROUNDINGS * (box.y_max - box.y_min))
    left, right = _window(box.x_min, box.x_max, side, pixels.shape[1])
    top, bottom = _window(box.y_min, box.y_max, side, pixels.shape[0])
    scale = TILE / max(right - left, bottom - top)
    size = (max(1, round(scale * (right - left))), max(1, round(scale * (bottom - top))))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    crop = np.asarray(cv2.resize(pixels[top:bottom, left:right], size, interpolation=how), np.uint8)
    edges = [
        round(scale * (edge - start))
        for edge, start in zip(box.as_tuple(), (left, top, left, top), strict=True)
    ]  # fmt: skip
    outline(crop, Box(edges[0], edges[1], max(edges[2], edges[0] + 1), max(edges[3], edges[1] + 1)), 1)
    tile[: size[1], : size[0]] = crop
    return tile


def _window(first: int, last: int, side: float, most: int) -> tuple[int, int]:
    """A stretch of ``side`` pixels around another, moved and cut to lie within the picture."""
    length = min(most, round(side))
    start = min(max(0, round((first + last - length) / 2)), most - length)
    return start, start + length
