"""What a closer look at a picture would cost, what it would be compared with, and how regions of one are named."""

from __future__ import annotations

import hashlib
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from statistics import median
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from assistant.inquiry import Detail
from assistant.types import Coverage, Inspection, QueryImage, Region
from assistant.vision.closer.closer_look import UNEVEN, UNSURE, planned_tiles
from assistant.vision.closer.tile_references import MOST_PICTURES, MOST_TILES, span_of, tile_features
from assistant.vision.detail.overview import unseen_clause
from assistant.vision.detail.references import cells_of, lattice_of, lattices
from assistant.vision.regions import RegionMask, describe_regions
from assistant.vocabulary.severity import severity_of
from demo.bench.closely import Offer, closest
from demo.bench.sessions import Picture, Setup

if TYPE_CHECKING:
    from assistant.pipeline import Assistant

_digests: WeakKeyDictionary[QueryImage, str] = WeakKeyDictionary()


def offered(assistant: Assistant, picture: Picture, measured: Inspection, timed: deque[float]) -> Offer | None:
    """The closer look that a picture is worth: at the tiles that promise something, or at all where that left doubt.

    Args:
        assistant: that looks.
        picture: that was judged.
        measured: what was found.
        timed: seconds that tiles took to encode in this process; where none did, one is timed.
    """
    if picture.scan is not None or (picture.due and picture.detail.look == "full"):
        return None
    large, near = bool(unseen_clause(measured.warnings)), UNSURE in measured.warnings
    tried = (measured.coverage or Coverage()).detail != "overview"
    if UNEVEN in measured.warnings or not (large or near):
        return None
    look = "full" if near and (tried or not large) else "auto"
    detail = closest(look, picture.setup.inquiry.detail)
    image, detector = picture.image, assistant.detector
    normal, loaded = references_of(picture.setup), picture.setup.loaded
    of_loaded = None if loaded is None or loaded.tiles is None else loaded.tiles.smallest
    own = planned_tiles(detector, (image.height, image.width), detail, detail.smallest if normal else of_loaded)
    first = 0 if is_built(assistant, picture.setup, detail) else tiles_of_references(assistant, normal, detail.smallest)
    if not own:
        return None
    if not timed:
        timed.append(seconds_of_tile(assistant, image, detail))
    return Offer(detail.look, own, first, median(timed) * (own + first))


def seconds_of_tile(assistant: Assistant, image: QueryImage, detail: Detail) -> float:
    """How long the encoder takes for one tile of a picture that has some; the first of two, which warms up, does not count."""
    lattice = lattices((image.height, image.width), detail.smallest, span_of(assistant.detector))[-1]
    spent = []
    for _ in range(2):
        began = time.perf_counter()
        tile_features(assistant.detector, image, lattice, lattice.tiles[0])
        spent.append(time.perf_counter() - began)
    return min(spent)


def references_of(setup: Setup) -> list[QueryImage]:
    """Normal pictures whose tiles are to be looked at; none beside a profile, which has its own or none."""
    return [] if setup.loaded is not None or setup.inquiry.mode == "zero-shot" else setup.references


def tiles_of_references(assistant: Assistant, normal: Sequence[QueryImage], smallest: float) -> int:
    """Tiles of normal pictures that are encoded at most."""
    chosen = list(normal)[:MOST_PICTURES]
    each, span = -(-MOST_TILES // max(1, len(chosen))), span_of(assistant.detector)
    return sum(
        min(each, len(lattice_of((one.height, one.width), cell, span, smallest).tiles))
        for one in chosen
        for cell in cells_of(smallest)
    )


def made_of(assistant: Assistant, setup: Setup, detail: Detail) -> str:
    """Equal for the same normal tiles: of the same pixels by the same weights, for things of one size, by one kind of camera."""
    parts = [assistant.preset.name, assistant.weights, f"{detail.smallest:g}"]
    parts += ["fixed camera"] if setup.inquiry.fixed_camera else []
    parts += [_digest(one) for one in references_of(setup)]
    return hashlib.blake2b("|".join(parts).encode(), digest_size=12).hexdigest()


def is_built(assistant: Assistant, setup: Setup, detail: Detail) -> bool:
    """Whether normal tiles are known, or there are none to know."""
    if not references_of(setup):
        return True
    made = made_of(assistant, setup, detail)
    return made == setup.tiles_file[1] or (setup.tiles is not None and setup.tiles[0] == made)


def named_alike(known: Sequence[Region], masks: Sequence[RegionMask]) -> tuple[Region, ...]:
    """Regions under another threshold with the kinds of those that were named by their tiles; without one elsewhere.

    The overview's patches are too coarse to name what tiles found.

    Args:
        known: regions as they were measured.
        masks: to be named.
    """
    named = []
    for number, (mask, plain) in enumerate(zip(masks, describe_regions(masks), strict=True), start=1):
        shared = [(_shared(mask, one), one) for one in known]
        most, like = max(shared, key=lambda pair: pair[0], default=(0, None))
        if like is None or not most:
            named.append(replace(plain, id=number))
            continue
        severity = severity_of(mask.area_fraction, mask.peak_score, like.type)
        named.append(
            replace(plain, id=number, type=like.type, type_probability=like.type_probability, severity=severity)
        )
    return tuple(named)


def _shared(mask: RegionMask, region: Region) -> int:
    a, b = mask.box, region.box
    across, down = min(a.x_max, b.x_max) - max(a.x_min, b.x_min), min(a.y_max, b.y_max) - max(a.y_min, b.y_min)
    return max(0, across) * max(0, down)


def _digest(image: QueryImage) -> str:
    found = _digests.get(image)
    if found is None:
        found = hashlib.blake2b(image.pixels.tobytes() + str(image.pixels.shape).encode(), digest_size=12).hexdigest()
        _digests[image] = found
    return found
