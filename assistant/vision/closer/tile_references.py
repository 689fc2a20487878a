"""Normal pictures -> what normal tiles of them are like, each judged by the others; or of the very picture that is judged."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from jaxtyping import Float, Float32
from torch import Tensor

from assistant.errors import ProfileError
from assistant.pictures.images import load_image
from assistant.towers.encoder import PatchFeatures
from assistant.types import QueryImage
from assistant.vision.anomaly_map import BLUR
from assistant.vision.closer.counting import Progress, TileCount
from assistant.vision.detail.promise import Usual, block_statistics, on_cells
from assistant.vision.detail.references import TileReferences, block_side, cells_of, lattice_of
from assistant.vision.detail.spread import TokenSpread, TokenSums, tile_tokens
from assistant.vision.detail.tile_bank import Tail, TileBank, evidence, heard
from assistant.vision.detail.tiles import Lattice, Tile
from assistant.vision.detector import Detector
from assistant.vision.encoded_query import Picture

MOST_TILES = 128
"""Of a scale, drawn from all references: two minutes on a CPU."""
MOST_PICTURES = 16
"""References that tiles are drawn from, spread evenly over them."""
FOLDS = 4
"""Parts that the tiles of one picture are left out in; those of several references are left out a picture at a time."""


PROBES = 12
"""Tiles, spread over a picture, that tell whether it is even and of the same surface as others."""
UNEVEN_FROM = 0.2
"""From which :func:`unevenness` on a picture is not judged by itself."""


@dataclass(frozen=True, eq=False)
class _Seen:
    """A tile of a reference: its picture, where it lies, and its tokens in half precision."""

    owner: int
    lattice: Lattice
    tile: Tile
    tokens: Float[Tensor, "levels patches width"]


Judged = tuple[TokenSpread, list[Float32[np.ndarray, "levels tile_rows tile_columns"]]]
"""The spread of tiles, and the distances of each."""


@torch.inference_mode()
def tile_references(
    detector: Detector,
    pictures: Sequence[Picture],
    smallest: float,
    own: Float32[np.ndarray, "features block_rows block_columns"] | None = None,
    cells: Sequence[int] | None = None,
    progress: Progress | None = None,
) -> TileReferences:
    """What normal tiles are like.

    Args:
        detector: what encodes them.
        pictures: normal ones, of any size; decoded one at a time, once for each scale and twice for their blocks.
        smallest: extent of the smallest thing that is looked for, source pixels.
        own: statistics of the blocks of the one picture, where it is the one that is judged: some of its tiles may not be
            normal.
        cells: of the scales; those of ``smallest`` when None.
        progress: told of tiles encoded and planned after each.

    Raises:
        ImageError: a picture that cannot be read.
        ProfileError: no picture.
    """
    if not pictures:
        raise ProfileError("at least one reference picture", "none", "give one with --references")
    side, scales, several = block_side(smallest), cells or cells_of(smallest), len(drawn(pictures))
    if own is None:
        usual = [Usual.of(block_statistics(one.pixels, side)) for one in read_drawn(pictures)]
        unusual = [_unusual(one, i, usual, side) for i, one in enumerate(read_drawn(pictures))]
    else:
        usual = [Usual.of(own)]
        unusual = [usual[0].unusual(own)]
    count = TileCount(progress, several * len(scales) * -(-MOST_TILES // several))
    banks, known = [], {}
    for cell in scales:
        seen = _seen(detector, pictures, cell, smallest, count, sure=own is None)
        judged = _judged(seen)
        banks.append(_bank(seen, judged, unusual, side, sure=own is None))
        if own is not None:
            known.update({(cell, one.tile): d for one, d in zip(seen, judged[1], strict=True)})
    return TileReferences(smallest, Usual.of_all(usual), tuple(banks), own is not None, known)


def drawn(pictures: Sequence[Picture]) -> list[int]:
    """Numbers of those whose tiles are taken."""
    spread = np.linspace(0, len(pictures) - 1, min(len(pictures), MOST_PICTURES)).round().astype(int)
    return [int(number) for number in spread]


def read_drawn(pictures: Sequence[Picture]) -> Iterator[QueryImage]:
    """Those whose tiles are taken, decoded one at a time."""
    for number in drawn(pictures):
        picture = pictures[number]
        yield picture if isinstance(picture, QueryImage) else load_image(picture)


def span_of(detector: Detector) -> int:
    """Patches a side of the encoder's input: rows and columns of a tile."""
    return max(1, round(detector.preset.tower.side / detector.clip.encoder.patch))


def tile_features(detector: Detector, image: QueryImage, lattice: Lattice, tile: Tile) -> PatchFeatures:
    """Patch tokens of a tile, a patch a cell; batch of 1."""
    encoder = detector.clip.encoder
    return detector.patch_features_of(encoder.normalise(lattice.pixels(image.pixels, tile, encoder.patch))[None])[0]


def smooth(
    distances: Float[Tensor, "levels patches"], tile: Tile
) -> Float32[np.ndarray, "levels tile_rows tile_columns"]:
    """Distances of a tile's patches as maps, blurred as the overview's is."""
    planes = distances.cpu().numpy().reshape(-1, tile.rows, tile.columns).astype(np.float32)
    return np.stack([cv2.GaussianBlur(p, (0, 0), BLUR, borderType=cv2.BORDER_REPLICATE) for p in planes])


def common(distances: Sequence[Float32[np.ndarray, "levels tile_rows tile_columns"]]) -> float:
    """The distance of a common patch of a common tile, at the shallowest level: marks change few patches, or few tiles."""
    return float(np.median([np.median(one[0]) for one in distances]))


def unevenness(distances: Sequence[Float32[np.ndarray, "levels tile_rows tile_columns"]]) -> float:
    """How unlike each other the tiles of a picture are: by how much a tenth of them is farther off than another tenth.

    Of each tile the median distance at the shallowest level counts, as a share of what is usual: even surfaces have less than
    .1, a circuit board .4.
    """
    low, usual, high = np.quantile([float(np.median(one[0])) for one in distances], (0.1, 0.5, 0.9))
    return float((high - low) / max(float(usual), 1e-6))


def _seen(
    detector: Detector, pictures: Sequence[Picture], cell: int, smallest: float, count: TileCount, *, sure: bool
) -> list[_Seen]:
    """Tiles of one scale, drawn evenly from each picture, encoded.

    Of a picture that is to judge itself no more than the first ones where those are too unlike each other.
    """
    each, found = -(-MOST_TILES // len(drawn(pictures))), []
    for owner, image in enumerate(read_drawn(pictures)):
        lattice = lattice_of((image.height, image.width), cell, span_of(detector), smallest)
        count.planned -= max(0, each - len(lattice.tiles))
        for number in np.random.default_rng(0).permutation(len(lattice.tiles))[:each]:
            tile = lattice.tiles[int(number)]
            tokens = tile_tokens(detector.localizer, tile_features(detector, image, lattice, tile).levels)
            found.append(_Seen(owner, lattice, tile, tokens.half()))
            count.looked()
            if not sure and len(found) == PROBES and unevenness(_judged(found)[1]) > UNEVEN_FROM:
                return found
    return sorted(found, key=lambda one: (one.owner, one.tile.row, one.tile.column))


def _unusual(image: QueryImage, number: int, usual: Sequence[Usual], side: int) -> Float32[np.ndarray, "rows columns"]:
    """Of the blocks of a reference, told by the others; by itself where there is no other."""
    others = [one for i, one in enumerate(usual) if i != number] or list(usual)
    return Usual.of_all(others).unusual(block_statistics(image.pixels, side))


def _judged(tiles: Sequence[_Seen]) -> Judged:
    """The spread of all tiles of a scale, and the distances of each under that of the others."""
    alone = len({one.owner for one in tiles}) == 1
    folds = [number % FOLDS if alone else one.owner for number, one in enumerate(tiles)]
    parts = {
        fold: TokenSums.of_all(TokenSums.of(one.tokens) for one, own in zip(tiles, folds, strict=True) if own == fold)
        for fold in dict.fromkeys(folds)
    }
    total = TokenSums.of_all(parts.values())
    others = {fold: total.without(part).spread() for fold, part in parts.items() if len(parts) > 1}
    whole = total.spread()
    return whole, [
        smooth(others.get(fold, whole).distances(one.tokens), one.tile) for one, fold in zip(tiles, folds, strict=True)
    ]


def _bank(
    tiles: Sequence[_Seen], judged: Judged, unusual: Sequence[Float32[np.ndarray, "*size"]], side: int, *, sure: bool
) -> TileBank:
    """The bank of a scale, with the tails of its tiles."""
    spread, distances = judged
    levels = tuple(
        Tail.of([float(one[level].max()) for one in distances], sure=sure) for level in range(len(distances[0]))
    )
    cells: dict[int, np.ndarray] = {}
    for one in tiles:
        if one.owner not in cells:
            cells[one.owner] = on_cells(unusual[one.owner], side, one.lattice)
    blocks = [cells[one.owner][one.tile.cells] for one in tiles]
    second = Tail.of([float(one.max()) for one in blocks], sure=sure)
    joined = [float(evidence(heard(levels, d), second, b).max()) for d, b in zip(distances, blocks, strict=True)]
    both = Tail.of(joined, sure=sure)
    return TileBank(tiles[0].lattice.cell, spread, levels, second, both, common(distances))
