"""Normal pictures -> what normal tiles of them are like, each judged by the others; or of the very picture that is judged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from jaxtyping import Bool, Float, Float32, Int
from torch import Tensor

from assistant.errors import ProfileError
from assistant.pictures.images import load_image
from assistant.towers.encoder import PatchFeatures
from assistant.types import QueryImage
from assistant.vision.anomaly_map import BLUR
from assistant.vision.detail.promise import Usual, block_statistics, on_cells
from assistant.vision.detail.references import TileReferences, block_side, cells_of
from assistant.vision.detail.tile_bank import Tail, TileBank, evidence, nearest_distance, tile_keys
from assistant.vision.detail.tiles import Lattice, Tile
from assistant.vision.detector import Detector
from assistant.vision.encoded_query import Picture
from assistant.vision.references.growing_bank import covering_keys

MOST_TILES = 128
"""Of a scale, drawn from all references: two minutes on a CPU."""
OWN_TILES = 24
"""Of a scale where a picture is judged by itself."""
MOST_PICTURES = 16
"""References that tiles are drawn from, spread evenly over them."""
FARTHEST_OWN = 0.25
"""Patches of one picture judge each other from half a tile apart, or from this share of its long side where that is nearer."""


@dataclass(frozen=True, eq=False)
class _Seen:
    """A tile of a reference: its picture, where it lies and what it is compared by."""

    owner: int
    lattice: Lattice
    tile: Tile
    keys: Float[Tensor, "levels patches match_width"]
    place: Float[Tensor, "patches 2"]


@torch.inference_mode()
def tile_references(
    detector: Detector,
    pictures: Sequence[Picture],
    smallest: float,
    own: Float32[np.ndarray, "features block_rows block_columns"] | None = None,
) -> TileReferences:
    """What normal tiles are like.

    Args:
        detector: what encodes them.
        pictures: normal ones, of any size; decoded one at a time, twice.
        smallest: extent of the smallest thing that is looked for, source pixels.
        own: statistics of the blocks of the one picture, where it is the one that is judged: some of its tiles may not be
            normal.

    Raises:
        ImageError: a picture that cannot be read.
        ProfileError: no picture.
    """
    if not pictures:
        raise ProfileError("at least one reference picture", "none", "give one with --references")
    spread = np.linspace(0, len(pictures) - 1, min(len(pictures), MOST_PICTURES)).round().astype(int)
    chosen = [pictures[int(number)] for number in spread]
    side, usual, seen = block_side(smallest), [], dict[int, list[_Seen]]()
    each = -(-MOST_TILES // len(chosen)) if own is None else OWN_TILES
    for owner, picture in enumerate(chosen):
        image = picture if isinstance(picture, QueryImage) else load_image(picture)
        usual.append(Usual.of(block_statistics(image.pixels, side) if own is None else own))
        for cell in cells_of(smallest):
            lattice = Lattice((image.height, image.width), cell, span_of(detector))
            seen.setdefault(cell, []).extend(_encoded(detector, image, lattice, owner, each))
    numbers = range(len(chosen))
    unusual = [_unusual(chosen, i, usual, side) for i in numbers] if own is None else [usual[0].unusual(own)]
    rows = detector.preset.references.rows
    banks = tuple(_bank(tiles, unusual, side, rows, sure=own is None) for tiles in seen.values())
    return TileReferences(smallest, Usual.of_all(usual), banks, own is not None)


def span_of(detector: Detector) -> int:
    """Patches a side of the encoder's input: rows and columns of a tile."""
    return max(1, round(detector.preset.tower.side / detector.clip.encoder.patch))


def tile_features(detector: Detector, image: QueryImage, lattice: Lattice, tile: Tile) -> PatchFeatures:
    """Patch tokens of a tile, a patch a cell; batch of 1."""
    encoder = detector.clip.encoder
    return detector.patch_features_of(encoder.normalise(lattice.pixels(image.pixels, tile, encoder.patch))[None])[0]


def places(lattice: Lattice, tile: Tile) -> Float[Tensor, "patches 2"]:
    """Centres of the cells of a tile, (row, column), source pixels."""
    rows = (torch.arange(tile.rows, dtype=torch.float32) + tile.row + 0.5) * lattice.cell
    columns = (torch.arange(tile.columns, dtype=torch.float32) + tile.column + 0.5) * lattice.cell
    return torch.stack([rows.repeat_interleave(tile.columns), columns.repeat(tile.rows)], 1)


def too_near(
    place: Float[Tensor, "patches 2"], others: Float[Tensor, "rows 2"], lattice: Lattice
) -> Bool[Tensor, "patches rows"]:
    """Which rows lie too near in the same picture to judge a patch by."""
    reach = min(lattice.span * lattice.cell / 2, FARTHEST_OWN * max(lattice.size))
    return (place[:, None] - others).abs().amax(-1) < reach


def smooth(distances: Float[Tensor, " patches"], tile: Tile) -> Float32[np.ndarray, "rows columns"]:
    """Distances of a tile's patches as a map, blurred as the overview's is."""
    plane = distances.cpu().numpy().reshape(tile.rows, tile.columns).astype(np.float32)
    return np.asarray(cv2.GaussianBlur(plane, (0, 0), BLUR, borderType=cv2.BORDER_REPLICATE), np.float32)


def _encoded(detector: Detector, image: QueryImage, lattice: Lattice, owner: int, most: int) -> list[_Seen]:
    """Tiles of a picture, drawn evenly, encoded."""
    order = np.random.default_rng(0).permutation(len(lattice.tiles))[:most]
    found = []
    for tile in (lattice.tiles[int(number)] for number in np.sort(order)):
        keys = tile_keys(detector.localizer, tile_features(detector, image, lattice, tile).levels)
        found.append(_Seen(owner, lattice, tile, keys, places(lattice, tile).to(keys.device)))
    return found


def _unusual(
    pictures: Sequence[Picture], number: int, usual: Sequence[Usual], side: int
) -> Float32[np.ndarray, "rows columns"]:
    """Of the blocks of a reference, told by the others; by itself where there is no other."""
    picture = pictures[number]
    image = picture if isinstance(picture, QueryImage) else load_image(picture)
    others = [one for i, one in enumerate(usual) if i != number] or list(usual)
    return Usual.of_all(others).unusual(block_statistics(image.pixels, side))


def _bank(
    tiles: Sequence[_Seen], unusual: Sequence[Float32[np.ndarray, "*size"]], side: int, rows: int, *, sure: bool
) -> TileBank:
    """The bank of a scale, with the tails of its tiles."""
    keys, place = torch.cat([one.keys for one in tiles], 1), torch.cat([one.place for one in tiles])
    owner = torch.cat([torch.full((len(one.place),), one.owner) for one in tiles]).to(place.device)
    if len(owner) > rows:
        order = torch.randperm(len(owner), generator=torch.Generator().manual_seed(0))
        kept = covering_keys(keys[len(keys) // 2], rows, order)
        keys, place, owner = keys[:, kept], place[kept], owner[kept]
    patches = [_judged(one, keys, place, owner) for one in tiles]
    cells = {}
    for one in tiles:
        if one.owner not in cells:
            cells[one.owner] = on_cells(unusual[one.owner], side, one.lattice)
    blocks = [cells[one.owner][one.tile.cells] for one in tiles]
    first, second = (Tail.of([float(v.max()) for v in values], sure=sure) for values in (patches, blocks))
    joined = [float(evidence(first, second, p, b).max()) for p, b in zip(patches, blocks, strict=True)]
    both = Tail.of(joined, sure=sure)
    return TileBank(tiles[0].lattice.cell, keys, owner, place, first, second, both)


def _judged(
    one: _Seen,
    keys: Float[Tensor, "levels rows match_width"],
    place: Float[Tensor, "rows 2"],
    owner: Int[Tensor, " rows"],
) -> Float32[np.ndarray, "tile_rows tile_columns"]:
    """Distances of a tile's patches to those of other pictures; where there is one picture, to those elsewhere in it."""
    barred = owner == one.owner
    if bool(barred.all()):
        barred = too_near(one.place, place, one.lattice)
    return smooth(nearest_distance(keys, one.keys, barred), one.tile)
