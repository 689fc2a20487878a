"""Label Studio: its JSON export; brushes, bitmasks, polygons, rectangles and ellipses, in percent of the picture.

A rectangle is turned clockwise about its top left corner. A brush is packed by run lengths of bits, four bytes a pixel (RGBA, row
by row) of which the last says what is marked.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import numpy as np

from assistant.errors import DataSetError
from assistant.labels.mask_decoder import decode_mask
from assistant.labels.mask_rules import marked_pixels
from assistant.labels.masks import MASK_LIMITS
from data_builders.annotations.documents import numbers, read_json, whole
from data_builders.annotations.marks import Draw, Mark, box, ellipse, placed, polygons
from data_builders.annotations.pictures import AnnotatedPicture, Annotations, Tally
from data_builders.types import Mask

FORM = "an export of Label Studio as JSON: tasks with data and annotations"
_SHAPES = ("rectangle", "polygon", "ellipse", "brush", "bitmask")


def read_label_studio(source: Path) -> Annotations:
    """Pictures of the tasks; one whose annotation is empty is normal, one without annotation is left out.

    Of several annotations of a task the one marked as ground truth counts, else the last.

    Raises:
        DataSetError, ConfigError: another form, or a shape that makes no sense.
    """
    tasks = read_json(source, FORM)
    if not isinstance(tasks, list) or not all(isinstance(t, dict) and isinstance(t.get("data"), dict) for t in tasks):
        raise DataSetError(FORM, f"another form in {source}", "export it as JSON, not JSON-MIN")
    tally, made = Tally(), list[AnnotatedPicture]()
    for number, task in enumerate(tasks, 1):
        where = f"task {task.get('id', number)}"
        done = [a for a in task.get("annotations") or () if isinstance(a, dict) and not a.get("was_cancelled")]
        if not done:
            tally.add("{} tasks that nobody annotated are left out", where)
            continue
        if len(done) > 1:
            tally.add("{} tasks have several annotations, of which one counts", where)
        chosen = next((a for a in reversed(done) if a.get("ground_truth")), done[-1])
        made.append(
            AnnotatedPicture(_name(task["data"], where), tuple(_marks(chosen.get("result") or (), where, tally)))
        )
    return Annotations(tuple(made), tally.notes(), "label-studio")


def _name(data: dict[str, Any], where: str) -> str:
    """Path of a task's picture: of an upload without the letters that Label Studio puts before its name."""
    texts = [data[k] for k in ("image", *sorted(data)) if isinstance(data.get(k), str)]
    if not texts:
        raise DataSetError("a picture in the task's data", f"none in {where}", "export the project again")
    address = urlsplit(texts[0]) if "://" in texts[0] or "?" in texts[0] else None
    told = texts[0] if address is None else (parse_qs(address.query).get("d") or [address.path])[0]
    path = unquote(told)
    if "/data/upload/" in path:
        return re.sub(r"^[0-9a-f]{8}-", "", path.rpartition("/")[2])
    return path


def _marks(results: Any, where: str, tally: Tally) -> Iterator[Mark]:
    """A mark an area; the same area told twice, with and without its label, is one."""
    seen: dict[Any, str | None] = {}
    kinds = {one.get("id"): label for one in results if isinstance(one, dict) and (label := _label(one))}
    for number, one in enumerate(results):
        if not isinstance(one, dict) or not isinstance(one.get("value"), dict):
            continue
        key = one.get("id") or ("result", number)
        shape = next((s for s in _SHAPES if _is_of(one, s)), None)
        if shape is None:
            if _label(one) or one.get("type") in ("keypointlabels", "vectorlabels"):
                tally.add("{} results without an area are left out", where)
            continue
        if key in seen:
            continue
        seen[key] = shape
        if one.get("image_rotation"):
            raise DataSetError("shapes on pictures that were not turned", f"turned ones in {where}", "turn them back")
        size = tuple(whole(one.get(f"original_{side}"), f"a {side}", where, 1, 10**6) for side in ("height", "width"))
        draw = _draw(one["value"], shape, (size[0], size[1]), where)
        if shape == "rectangle":
            tally.add("{} defects are marked by their boxes alone, corners and all", where)
        yield Mark(_label(one) or kinds.get(one.get("id")) or "anomaly", draw, (size[0], size[1]), where)


def _label(one: dict[str, Any]) -> str | None:
    value = one.get("value")
    for key, told in value.items() if isinstance(value, dict) else ():
        if key.endswith("labels") and isinstance(told, list) and told:
            return str(told[0])
    return None


def _is_of(one: dict[str, Any], shape: str) -> bool:
    value = one["value"]
    known = {
        "rectangle": {"x", "y", "width", "height"}, "polygon": {"points"}, "ellipse": {"radiusX", "radiusY"},
        "brush": {"rle"}, "bitmask": {"imageDataURL"},
    }  # fmt: skip
    return known[shape] <= set(value) and not (shape == "rectangle" and "keypointlabels" in value)


def _draw(value: dict[str, Any], shape: str, size: tuple[int, int], where: str) -> Draw:
    height, width = size
    across, down = width / 100, height / 100
    if shape == "polygon":
        points = value["points"] if isinstance(value["points"], list) else []
        flat = [number for point in points for number in numbers(point, where)]
        if len(flat) != 2 * len(points):
            raise DataSetError("points x and y", f"others in {where}", "export it again")
        return polygons([[n * (down if i % 2 else across) for i, n in enumerate(flat)]])
    turned = numbers([value.get("rotation") or 0], where)[0]
    if shape == "rectangle":
        x, y, wide, high = numbers([value[key] for key in ("x", "y", "width", "height")], where)
        return box(x * across, y * down, (x + wide) * across, (y + high) * down, turned, centre=False)
    if shape == "ellipse":
        x, y, wide, high = numbers([value.get(key) for key in ("x", "y", "radiusX", "radiusY")], where)
        return ellipse(x * across, y * down, wide * across, high * down, turned)
    if shape == "bitmask":
        packed = str(value["imageDataURL"]).rpartition("base64,")[2]
        try:
            data = base64.b64decode(packed, validate=True)
        except (binascii.Error, ValueError):
            raise DataSetError("a bitmask as base64", f"something else in {where}", "export it again") from None
        return placed(marked_pixels(decode_mask(data, where, {}, MASK_LIMITS), where)[0], 0, 0)
    made = unpacked_brush(value["rle"], height, width, where)
    return placed(made, 0, 0)


def unpacked_brush(packed: Any, height: int, width: int, where: str) -> Mask:
    """The marked pixels of a brush (thi.ng's ``rle-pack``): 32 bits of count, 5 of word size, four of 4 bits of run sizes, runs.

    Raises:
        DataSetError: no such packing of the picture's size.
    """
    problem = DataSetError(f"a brush of {width}x{height} pixels", f"something else in {where}", "export it again")
    try:
        stream = np.unpackbits(np.asarray(packed, np.int64).astype(np.uint8))
    except (TypeError, ValueError, OverflowError):
        raise problem from None
    place = 0

    def read(bits: int) -> int:
        nonlocal place
        if place + bits > len(stream):
            raise problem
        value = 0
        for bit in stream[place : place + bits]:
            value = value * 2 + int(bit)
        place += bits
        return value

    count, word = read(32), read(5) + 1
    sizes = [read(4) + 1 for _ in range(4)]
    if count != height * width * 4 or count > 4 * MASK_LIMITS.max_pixels:
        raise problem
    out, at = np.zeros(count, np.uint8), 0
    while at < count:
        same = read(1)
        end = at + 1 + read(sizes[read(2)])
        if end > count:
            raise problem
        if same:
            out[at:end] = read(word) & 255
        else:
            length = (end - at) * word
            if place + length > len(stream):
                raise problem
            bits = stream[place : place + length].reshape(end - at, word)
            out[at:end] = np.packbits(bits[:, -8:], axis=1)[:, 0] if word >= 8 else bits @ (1 << np.arange(word)[::-1])
            place += length
        at = end
    return np.ascontiguousarray(out.reshape(height, width, 4)[:, :, 3] > 0)
