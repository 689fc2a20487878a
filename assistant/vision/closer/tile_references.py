"""Normal pictures -> what normal tiles of them are like, each judged by the others; or of the very picture that is judged."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Float32

from assistant.errors import ProfileError
from assistant.pictures.images import load_image
from assistant.towers.encoder import PatchFeatures
from assistant.types import QueryImage
from assistant.vision.closer.counting import Progress, TileCount
from assistant.vision.closer.left_out import FOLDS, Distances, Judged, SeenTile, judged_by_others, placed_by_others
from assistant.vision.detail.placed import PlacedTokens
from assistant.vision.detail.promise import Usual, block_statistics, on_cells
from assistant.vision.detail.references import TileReferences, block_side, cells_of, lattice_of
from assistant.vision.detail.spread import tile_tokens
from assistant.vision.detail.tile_bank import Tail, TileBank, evidence, heard
from assistant.vision.detail.tiles import Lattice, Tile
from assistant.vision.detector import Detector
from assistant.vision.encoded_query import Picture

MOST_TILES = 128
"""Of a scale, drawn from all references: two minutes on a CPU."""
PLACED_COPIES, MOST_PLACED = 2, 512
"""Under a fixed camera, references that each place is taken from, and most tiles of a scale: half a gigabyte of tokens."""
HALVES = ((0, 0), (1, 1), (1, 0), (0, 1))
"""Of a cell, by which the pictures of each part (:data:`FOLDS`) are taken aside, down and across."""
MOST_PICTURES = 16
"""References that tiles are drawn from, spread evenly over them."""
PROBES = 12
"""Tiles, spread over a picture, that tell whether it is even and of the same surface as others."""
UNEVEN_FROM = 0.2
"""From which :func:`unevenness` on a picture is not judged by itself."""


@dataclass(frozen=True, eq=False)
class OwnTiles:
    """How the one picture that is judged is judged by itself: some of its tiles may not be normal.

    Args:
        statistics: of its blocks.
        cells: of the scales.
    """

    statistics: Float32[np.ndarray, "features block_rows block_columns"]
    cells: Sequence[int]


@dataclass(frozen=True)
class _Taken:
    """What is taken of one picture at one scale: tiles of a lattice that begins so many pixels below and beside its corner."""

    aside: tuple[int, int]
    lattice: Lattice
    numbers: Sequence[int]


@torch.inference_mode()
def tile_references(
    detector: Detector,
    pictures: Sequence[Picture],
    smallest: float,
    own: OwnTiles | None = None,
    window: float | None = None,
    progress: Progress | None = None,
) -> TileReferences:
    """What normal tiles are like.

    Args:
        detector: what encodes them.
        pictures: normal ones, of any size; decoded one at a time, once for each scale and twice for their blocks.
        smallest: extent of the smallest thing that is looked for, source pixels.
        own: of the one picture, where it is the one that is judged.
        window: of a fixed camera, farthest that a patch may lie from those it is compared with, share of a side; None
            compares it with all.
        progress: told of tiles encoded and planned after each.

    Raises:
        ImageError: a picture that cannot be read.
        ProfileError: no picture.
    """
    if not pictures:
        raise ProfileError("at least one reference picture", "none", "give one with --references")
    side, scales = block_side(smallest), cells_of(smallest) if own is None else own.cells
    sizes, usual, unusual = _blocks(pictures, side, own)
    taken = {cell: _taken(sizes, cell, smallest, span_of(detector), window) for cell in scales}
    count = TileCount(progress, sum(len(one.numbers) for each in taken.values() for one in each))
    banks, known = [], {}
    for cell in scales:
        seen = _seen(detector, pictures, taken[cell], count, sure=own is None)
        judged, placed = judged_by_others(seen), None if window is None else placed_by_others(seen, window)
        blocks = [on_cells(one, side, of.lattice) for one, of in zip(unusual, taken[cell], strict=True)]
        banks.append(_bank(seen, judged, placed, blocks, sure=own is None))
        if own is not None:
            known.update({(cell, one.tile): d for one, d in zip(seen, judged[1], strict=True)})
    return TileReferences(smallest, usual, tuple(banks), own is not None, known)


def _taken(
    sizes: Sequence[tuple[int, int]], cell: int, smallest: float, span: int, window: float | None
) -> list[_Taken]:
    """What is taken of pictures of these (height, width), of one scale.

    Under a fixed camera pictures are taken by turns half a cell aside, so that what one shows is judged by other cells of the
    others: a camera never stands as still as to be off by less.
    """
    turns = [HALVES[owner % FOLDS] if window is not None else (0, 0) for owner in range(len(sizes))]
    asides = [(down * cell // 2, across * cell // 2) for down, across in turns]
    lattices = [
        lattice_of((height - down, width - across), cell, span, smallest)
        for (height, width), (down, across) in zip(sizes, asides, strict=True)
    ]
    numbers = chosen_tiles([len(one.tiles) for one in lattices], window)
    return [_Taken(*one) for one in zip(asides, lattices, numbers, strict=True)]


def chosen_tiles(counts: Sequence[int], window: float | None = None) -> list[list[int]]:
    """Numbers of the tiles that are taken of each picture, of one scale: :data:`MOST_TILES` drawn evenly from all pictures.

    Under a fixed camera every place is to be known: each is taken from :data:`PLACED_COPIES` pictures in turn, so that what one
    shows there can be judged by another; where these are more than :data:`MOST_PLACED` tiles, as many spread evenly.

    >>> chosen_tiles([200, 200, 200], 0.08)[1][:4]
    [1, 2, 4, 5]

    Args:
        counts: tiles of each picture.
        window: of a fixed camera.
    """
    several = len(counts)
    if window is None:
        most = -(-MOST_TILES // several)
        return [np.random.default_rng(0).permutation(tiles)[:most].tolist() for tiles in counts]
    found = []
    for owner, tiles in enumerate(counts):
        copies = max(PLACED_COPIES, -(-MOST_TILES // tiles))
        turn = [number for number in range(tiles) if (number - owner) % several < copies]
        spread = np.linspace(0, len(turn) - 1, min(len(turn), MOST_PLACED // several)).round().astype(int)
        found.append([turn[place] for place in spread])
    return found


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
    detector: Detector,
    pictures: Sequence[Picture],
    taken: Sequence[_Taken],
    count: TileCount,
    *,
    sure: bool,
) -> list[SeenTile]:
    """Tiles of one scale, encoded.

    Of a picture that is to judge itself no more than the first ones where those are too unlike each other.
    """
    found: list[SeenTile] = []
    for owner, image in enumerate(read_drawn(pictures)):
        one = taken[owner]
        part = replace(image, pixels=image.pixels[one.aside[0] :, one.aside[1] :], deep=None)
        for tile in (one.lattice.tiles[number] for number in one.numbers):
            tokens = tile_tokens(detector.localizer, tile_features(detector, part, one.lattice, tile).levels)
            found.append(SeenTile(owner, one.lattice, tile, tokens.half()))
            count.looked()
            if not sure and len(found) == PROBES and unevenness(judged_by_others(found)[1]) > UNEVEN_FROM:
                return found
    return sorted(found, key=lambda one: (one.owner, one.tile.row, one.tile.column))


def _blocks(
    pictures: Sequence[Picture], side: int, own: OwnTiles | None
) -> tuple[list[tuple[int, int]], Usual, list[Float32[np.ndarray, "rows columns"]]]:
    """(height, width) of each picture, what blocks are usually like, and how unusual those of each are."""
    sizes, usual = [], []
    for one in read_drawn(pictures):
        sizes.append((one.height, one.width))
        usual.append(Usual.of(block_statistics(one.pixels, side) if own is None else own.statistics))
    if own is not None:
        return sizes, usual[0], [usual[0].unusual(own.statistics)]
    return sizes, Usual.of_all(usual), [_unusual(one, i, usual, side) for i, one in enumerate(read_drawn(pictures))]


def _unusual(image: QueryImage, number: int, usual: Sequence[Usual], side: int) -> Float32[np.ndarray, "rows columns"]:
    """Of the blocks of a reference, told by the others; by itself where there is no other."""
    others = [one for i, one in enumerate(usual) if i != number] or list(usual)
    return Usual.of_all(others).unusual(block_statistics(image.pixels, side))


def _bank(
    tiles: Sequence[SeenTile],
    judged: Judged,
    placed: tuple[PlacedTokens, Distances] | None,
    unusual: Sequence[Float32[np.ndarray, "*size"]],
    *,
    sure: bool,
) -> TileBank:
    """The bank of a scale, with the tails of its tiles.

    Args:
        tiles: of the scale.
        judged: under the spread.
        placed: under a fixed camera, judged by place.
        unusual: how unusual the blocks of each cell of each picture are.
        sure: whether all tiles are normal.
    """
    distances = judged[1] if placed is None else placed[1]
    levels = tuple(
        Tail.of([float(one[level].max()) for one in distances], sure=sure) for level in range(len(distances[0]))
    )
    blocks = [unusual[one.owner][one.tile.cells] for one in tiles]
    second = Tail.of([float(one.max()) for one in blocks], sure=sure)
    joined = [float(evidence(heard(levels, d), second, b).max()) for d, b in zip(distances, blocks, strict=True)]
    return TileBank(
        tiles[0].lattice.cell, judged[0], levels, second, Tail.of(joined, sure=sure), common(judged[1]),
        None if placed is None else placed[0],
    )  # fmt: skip
