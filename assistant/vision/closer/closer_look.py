"""An encoded picture -> an inspection as closely as is asked: the overview, then tiles in the order of promise, as one."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

import cv2
import numpy as np
import torch
from jaxtyping import Float32

from assistant.inquiry import SMALLEST, Detail
from assistant.towers.encoder import PatchFeatures
from assistant.types import THRESHOLD, Coverage, Inspection, QueryImage, Region
from assistant.vision.anomaly_map import image_score
from assistant.vision.checks.known import told_of_tiles
from assistant.vision.closer.counting import Progress, TileCount
from assistant.vision.closer.left_out import smooth
from assistant.vision.closer.tile_references import (
    MOST_TILES,
    PROBES,
    UNEVEN_FROM,
    OwnTiles,
    common,
    span_of,
    tile_features,
    tile_references,
    unevenness,
)
from assistant.vision.detail.cell_regions import joined, regions_of_scales
from assistant.vision.detail.overview import without_unseen
from assistant.vision.detail.painted import Layer, LayeredMap, PaintedMap
from assistant.vision.detail.promise import EVEN, block_statistics, on_cells
from assistant.vision.detail.references import TileReferences, block_side, lattices
from assistant.vision.detail.scale import Scale
from assistant.vision.detail.spread import tile_tokens
from assistant.vision.detail.tiles import Lattice, Tile
from assistant.vision.detector import Detector
from assistant.vision.encoded_query import EncodedQuery
from assistant.vision.measuring.measures import measured
from assistant.vision.references.profile import Profile
from assistant.vision.regions import RegionMask, find_regions

AUTO_SHARE = 0.28
"""Share of all tiles that ``auto`` looks at in a large picture."""
COARSER = 0.94
"""Part of these at the coarser scale, where it has so many: in large pictures all of it."""
SMALL = 1.05e6
"""Pixels up to which nobody is advised to look closer."""
KEPT = 16
"""Tiles whose patch tokens are kept to name regions by: those where most was found."""
OVERVIEW_SIDE = 256
"""Longest side at which the overview's map is kept; its patches are coarser."""
ALONE = "was judged in tiles by the rest of itself: the profile has no normal tiles (build it with --detail)"
OTHER_DETAIL = "was searched for things of {:g} px, not {:g} px: the normal tiles of the profile are for those"
ANYWHERE = "was compared in tiles with normal ones of any place: --fixed-camera needs the profile built again for that"
UNSURE = "is nearly anomalous, and was not looked at everywhere as closely as may be: --detail full does"
UNEVEN = "is no even surface, so its tiles cannot judge each other: only the whole was looked at (give normal pictures)"
OTHER_SURFACE = (
    "is of another surface than the normal pictures ({:.1f} times as far from theirs as those are from each other), so its tiles "
    "were judged by the rest of itself: give normal pictures of this one"
)
OTHER_FROM = 1.4
"""From which :meth:`CloserLook.apart` on a picture is not judged by the normal tiles given: pictures of the same surface have
less than 1.1, marked all over 1.25, of other surfaces 1.9 and more."""
NEARLY = 0.15
"""Of the score, below the threshold: a normal picture that is worth a closer look."""


@dataclass(frozen=True, eq=False)
class _Found:
    """A tile in which something was found: its patch tokens are kept for names."""

    peak: float
    lattice: Lattice
    tile: Tile
    features: PatchFeatures


class CloserLook:
    """Tiles of one picture, looked at one by one; memory grows with the cells, not with the tiles looked at.

    Args:
        detector: what encodes.
        encoded: the picture with what is asked of it.
        references: what tiles are compared with.
        blocks: how unusual the picture's blocks are.
        count: of tiles encoded.
    """

    def __init__(
        self,
        detector: Detector,
        encoded: EncodedQuery,
        references: TileReferences,
        blocks: Float32[np.ndarray, "rows columns"],
        count: TileCount,
    ) -> None:
        image, inquiry, self._count = encoded.image, encoded.inquiry, count
        self._detector, self._encoded, self._judged = detector, encoded, references.judged
        device = detector.localizer.device
        side, banks = block_side(references.smallest), {bank.cell: bank.to(device) for bank in references.banks}
        every = lattices((image.height, image.width), references.smallest, span_of(detector))
        self._tiles = sum(len(one.tiles) for one in every)
        fitting = [one for one in every if one.cell in banks]
        overkill = inquiry.overkill / max(1, len(fitting))
        self.scales = [Scale(one, banks[one.cell], on_cells(blocks, side, one), overkill) for one in fitting]
        self.found: list[_Found] = []

    def plan(self, look: str) -> Iterator[tuple[Scale, Tile]]:
        """Tiles in the order they are worth a look; those of the finer scales follow from what the coarser ones found.

        In ``auto`` a coarser scale has most of the share, since its tiles show more, the finer one what it left.
        Tiles of one even colour are left out, those that were judged already never are.
        """
        left = self._share(look, 1)
        for coming, scale in reversed(list(enumerate(self.scales, start=1))):
            part = left if coming < len(self.scales) else self._share(look, coming)
            promise = {
                tile: max(scale.promise(tile), self._seen_from_afar(scale, tile)) for tile in scale.lattice.tiles
            }
            for tile in sorted(promise, key=lambda one: -promise[one]):
                if tile in scale.looked:
                    part, left = part - 1, left - 1
                    continue
                known = (scale.lattice.cell, tile) in self._judged
                if not known and part <= 0:
                    continue
                if known or float(scale.blocks[tile.cells].max()) > 0:
                    part, left = part - 1, left - 1
                    yield scale, tile

    def _share(self, look: str, coming: int) -> int:
        """Tiles to look at in the first of so many scales that are still to come."""
        if look == "full":
            return self._tiles
        all_scales = math.ceil(AUTO_SHARE * self._tiles)
        return all_scales if coming == 1 else math.ceil(COARSER * all_scales)

    def apart(self, look: str) -> float:
        """How far a common patch lies from normal tiles, as a multiple of how far those lie from each other.

        Told by tiles that are looked at in any case; 0 where those are less than half of the picture.
        """
        scale, part = self.scales[-1], self._share(look, len(self.scales))
        promise = {t: scale.promise(t) for t in scale.lattice.tiles if float(scale.blocks[t.cells].max()) > 0}
        worth = sorted(promise, key=lambda one: -promise[one])[:part]
        if 2 * len(worth) < scale.tiles:
            return 0.0
        order = np.random.default_rng(0).permutation(len(worth))[:PROBES]
        return common([self.look(scale, worth[int(number)]) for number in order]) / scale.bank.usual

    def look(self, scale: Scale, tile: Tile) -> Float32[np.ndarray, "levels tile_rows tile_columns"]:
        """Encode a tile, where it was not judged yet, and compare it; distances of its patches wherever they lie."""
        detector, features, bank = self._detector, None, scale.bank
        distances = surface = self._judged.get((scale.lattice.cell, tile))
        if distances is None or surface is None:
            features = tile_features(detector, self._encoded.image, scale.lattice, tile)
            tokens = tile_tokens(detector.localizer, features.levels)
            distances = smooth(bank.distances(tokens, scale.lattice.places(tile)), tile)
            surface = distances if bank.placed is None else smooth(bank.spread.distances(tokens), tile)
            self._count.looked()
        scale.patches.write(tile, bank.heard(distances))
        scale.looked.add(tile)
        peak = float(scale.log_odds(tile.cells).max())
        if peak >= 0:
            features = features or tile_features(detector, self._encoded.image, scale.lattice, tile)
            self.found.append(_Found(peak, scale.lattice, tile, features))
            self.found = sorted(self.found, key=lambda one: -one.peak)[:KEPT]
        return surface

    def regions(self) -> list[RegionMask]:
        """Of all scales; what a coarser one finds where a finer one did is the same."""
        return regions_of_scales((scale.log_odds(), scale.lattice, scale.usual) for scale in self.scales)

    @property
    def coverage(self) -> Coverage:
        """What was looked at."""
        tiles = sum(len(scale.looked) for scale in self.scales)
        share = max((scale.patches.looked_at for scale in self.scales), default=0.0)
        return Coverage(str(self._encoded.inquiry.detail), tiles, round(share, 4))

    def named(self, region: RegionMask) -> tuple[Region, Float32[np.ndarray, " width"]]:
        """A region with its kind, and what it looks like, told by the tile in which most of it was found."""
        tiles = [(float(self._covered(one.lattice, one.tile, region).sum()), one) for one in self.found]
        most, found = max(tiles, key=lambda pair: pair[0], default=(0.0, None))
        if found is None or not most:
            found = self._encoded_again(region)
        image, weights = self._encoded.image, self._covered(found.lattice, found.tile, region)
        piece = QueryImage(found.lattice.pixels(image.pixels, found.tile, 1), image.source, image.domain)
        encoded = self._detector.from_features(piece, found.features, self._encoded.inquiry)
        told, embedded = self._detector.describe(encoded, [region], torch.from_numpy(weights.reshape(1, -1)))
        return told[0], embedded[0].float().cpu().numpy()

    def _encoded_again(self, region: RegionMask) -> _Found:
        """The tile of the finest scale that most of a region lies in."""
        lattice = self.scales[0].lattice
        tile = max(lattice.tiles, key=lambda one: float(self._covered(lattice, one, region).sum()))
        return _Found(0.0, lattice, tile, tile_features(self._detector, self._encoded.image, lattice, tile))

    def _covered(self, lattice: Lattice, tile: Tile, region: RegionMask) -> Float32[np.ndarray, "rows columns"]:
        """1 where a cell of a tile lies in the box of a region, else 0."""
        cell, box = lattice.cell, region.box
        rows, columns = np.arange(tile.row, tile.row + tile.rows), np.arange(tile.column, tile.column + tile.columns)
        down = (rows * cell < box.y_max) & ((rows + 1) * cell > box.y_min)
        across = (columns * cell < box.x_max) & ((columns + 1) * cell > box.x_min)
        return np.asarray(down[:, None] & across, np.float32)

    def _seen_from_afar(self, scale: Scale, tile: Tile) -> float:
        """The highest log-odds that coarser scales found inside a tile; minus infinity where they did not look."""
        best, box = -math.inf, scale.lattice.box(tile)
        for other in self.scales:
            if other.lattice.cell > scale.lattice.cell and other.looked:
                cell = other.lattice.cell
                rows, columns = (
                    slice(box.y_min // cell, -(-box.y_max // cell)),
                    slice(box.x_min // cell, -(-box.x_max // cell)),
                )
                best = max(best, float(other.log_odds((rows, columns)).max()))
        return best


@torch.inference_mode()
def inspect_closely(
    detector: Detector, encoded: EncodedQuery, profile: Profile | None = None, progress: Progress | None = None
) -> Inspection:
    """Verdict, map and regions of an encoded picture, looked at as closely as its inquiry says.

    Args:
        detector: what looks.
        encoded: with what is asked of it.
        profile: what it is compared with; None for text alone, and for tiles the rest of the picture.
        progress: told of tiles encoded and planned after each.
    """
    return _hinted(_inspected(detector, encoded, profile, TileCount(progress)), span_of(detector))


def planned_tiles(detector: Detector, size: tuple[int, int], detail: Detail, compared: float | None = None) -> int:
    """Most tiles that a look at a picture encodes; 0 where the overview shows all that is looked for.

    Args:
        detector: what looks.
        size: (height, width), source pixels.
        detail: how closely is looked.
        compared: extent of the smallest thing that the normal tiles are for; None where the picture is judged by itself.
    """
    tiles = [len(one.tiles) for one in lattices(size, compared or detail.smallest, span_of(detector))]
    if not detail.closer_at(size) or not tiles:
        return 0
    if detail.look == "full":
        return sum(tiles)
    share = math.ceil(AUTO_SHARE * sum(tiles))
    return share if compared is not None else min(tiles[-1], max(MOST_TILES, share))


def _hinted(found: Inspection, span: int) -> Inspection:
    """With the advice to look closer, where that may change the verdict."""
    image, full = found.image, found.coverage is not None and Detail.read(found.coverage.detail).look == "full"
    large = image.height * image.width > SMALL
    nearly = large and THRESHOLD - NEARLY <= found.image_score < THRESHOLD
    if not nearly or full or not lattices((image.height, image.width), SMALLEST, span):
        return found
    return replace(found, warnings=(*found.warnings, UNSURE))


def _inspected(detector: Detector, encoded: EncodedQuery, profile: Profile | None, count: TileCount) -> Inspection:
    overview, detail, image = detector.score(encoded, profile), encoded.inquiry.detail, encoded.image
    if not detail.closer:
        return overview
    known = None if profile is None or profile.tiles is None else profile.tiles
    smallest = detail.smallest if known is None else known.smallest
    asked, size = replace(overview, coverage=Coverage(str(detail))), (image.height, image.width)
    if not detail.closer_at(size) or not lattices(size, smallest, span_of(detector)):
        return asked
    started = time.perf_counter()
    statistics = block_statistics(image.pixels, block_side(smallest))
    if float(np.ptp(statistics.reshape(len(statistics), -1), axis=1).max()) < EVEN:
        return asked
    count.planned = planned_tiles(detector, size, detail, None if known is None else smallest)
    look = None if known is None else CloserLook(detector, encoded, known, known.usual.unusual(statistics), count)
    warnings = _of_profile(detail, profile)
    apart = 0.0 if look is None else look.apart(detail.look)
    if look is None or apart > OTHER_FROM:
        warnings = warnings if look is None else (*warnings, OTHER_SURFACE.format(apart))
        count.planned = count.done + planned_tiles(detector, size, detail)
        themselves = OwnTiles(statistics, _own_cells(detector, encoded))
        own = tile_references(detector, [image], smallest, themselves, progress=count.looked)
        if any(unevenness(own.judged_at(bank.cell)) > UNEVEN_FROM for bank in own.banks):
            return replace(asked, warnings=(*asked.warnings, *warnings, UNEVEN))
        look = CloserLook(detector, encoded, own, own.usual.unusual(statistics), count)
    for scale, tile in look.plan(detail.look):
        look.look(scale, tile)
    found = _joined(detector, encoded, overview, look)
    seen = without_unseen(overview.warnings) if look.coverage.tiles else overview.warnings
    like = look.coverage.tiles > 0 and all(one.bank.placed is None for one in look.scales)
    warnings = (*(told_of_tiles(seen) if like else seen), *warnings)
    timing = {**overview.timing_ms, "tiles": (time.perf_counter() - started) * 1000}
    return replace(found, warnings=warnings, timing_ms=timing)


def _of_profile(detail: Detail, profile: Profile | None) -> tuple[str, ...]:
    """Warnings about a profile that has no normal tiles, or other ones than are asked for."""
    if profile is None:
        return ()
    if profile.tiles is None:
        return (ALONE,)
    asked, known = detail.smallest, profile.tiles.smallest
    placed = profile.window is None or any(bank.placed is not None for bank in profile.tiles.banks)
    told = () if placed else (ANYWHERE,)
    return told if asked == known else (*told, OTHER_DETAIL.format(known, asked))


def _own_cells(detector: Detector, encoded: EncodedQuery) -> list[int]:
    """Scales at which a picture is judged by itself: a quick look at a large one has tiles for the coarsest alone."""
    image, detail = encoded.image, encoded.inquiry.detail
    cells = [one.cell for one in lattices((image.height, image.width), detail.smallest, span_of(detector))]
    return cells[-1:] if detail.look == "auto" else cells


def _joined(detector: Detector, encoded: EncodedQuery, overview: Inspection, look: CloserLook) -> Inspection:
    """Overview and tiles as one inspection."""
    image, size = encoded.image, (encoded.image.height, encoded.image.width)
    coverage = look.coverage
    if not coverage.tiles:
        return replace(overview, coverage=coverage)
    odds = [scale.log_odds() for scale in look.scales]
    best = max(float(one.max()) for one in odds)
    anomaly_map = LayeredMap(
        size,
        [
            _layer(overview),
            *(
                Layer.of_log_odds(o, (s.lattice.cell, s.lattice.cell), s.usual)
                for o, s in zip(odds, look.scales, strict=True)
            ),
        ],
    )
    fine, wide = look.regions(), find_regions(overview.anomaly_map) if overview.regions else []
    grid = encoded.features.grid
    masks = joined(fine, wide, size[0] * size[1] / (grid[0] * grid[1]))
    named: list[Region] = []
    looks: list[Float32[np.ndarray, " width"]] = []
    for mask in masks:
        before = next((i for i, one in enumerate(wide) if one is mask), None)
        region, seen = look.named(mask) if before is None else (overview.regions[before], _look_of(overview, before))
        named.append(replace(region, id=len(named) + 1))
        looks.append(seen)
    regions = measured(named, image, anomaly_map, masks, look.scales[0].lattice.shape)
    score = max(overview.image_score, image_score(best))
    return replace(
        overview, image_score=score, regions=regions, anomaly_map=anomaly_map, coverage=coverage, guarantee=None,
        region_embeddings=np.stack(looks) if looks else overview.region_embeddings,
    )  # fmt: skip


def _look_of(overview: Inspection, number: int) -> Float32[np.ndarray, " width"]:
    """What a region of the overview looks like."""
    assert overview.region_embeddings is not None, "a detector tells it"
    return np.asarray(overview.region_embeddings[number], np.float32)


def _layer(overview: Inspection) -> Layer:
    """The overview's map, as coarse as it is."""
    if isinstance(overview.anomaly_map, PaintedMap):
        return overview.anomaly_map.layers[0]
    scores = overview.anomaly_map.scores
    factor = min(1.0, OVERVIEW_SIDE / max(scores.shape))
    small = (max(1, round(scores.shape[1] * factor)), max(1, round(scores.shape[0] * factor)))
    reduced = np.asarray(cv2.resize(scores, small, interpolation=cv2.INTER_AREA), np.float32)
    return Layer(reduced, (scores.shape[0] / small[1], scores.shape[1] / small[0]))
