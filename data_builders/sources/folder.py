"""A folder of normal pictures as a source: crops, flips, slight turns and zooms of real pictures."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import cv2
import numpy as np

from assistant.errors import DataSetError
from assistant.labels.masks import frame_of, read_mask
from assistant.pictures.sets import shared_levels
from assistant.types import Domain, Levels
from data_builders.files import list_pictures, picture_hashes, read_pixels
from data_builders.types import Kind, Mask, Picture, Pixels

_KEPT = 32
"""Decoded pictures kept in memory."""
_LOOKED_AT = 32
"""Pictures that the grey levels of a folder are found on, evenly spread."""


@dataclass(frozen=True)
class FolderDesign:
    """What one product of the folder is.

    Args:
        first: index of the picture shown first.
        flips: whether pictures may be mirrored and turned upside down.
        zoom: share of the picture's side that a crop shows; None when each crop has its own.
    """

    first: int
    flips: bool
    zoom: float | None = None


def find_normal_pictures(folder: Path) -> tuple[Path, ...]:
    """Pictures of a flat folder, or of ``train/good`` in the MVTec layout.

    Raises:
        DataSetError: no such folder, or no pictures in it.
    """
    good = folder / "train" / "good"
    place = good if good.is_dir() else folder
    if not place.is_dir():
        raise DataSetError("a folder of normal pictures", str(folder), "correct the path of the folder source")
    files = tuple(list_pictures(place))
    if not files:
        raise DataSetError("at least one picture of a kind that is read", f"none in {place}", "add normal pictures")
    return files


@dataclass(eq=False)
class FolderFamily:
    """Normal pictures of a folder.

    Args:
        name: family name.
        folder: flat or in the MVTec layout; only ``train/good`` of it is read.
        object_name: plain words for what the pictures show.
        kind: surface (crops and any orientation) or object (framing kept, small moves only).
        domain: industrial or medical.
        masks: folder of object masks with the same stems; None when defects may lie anywhere.
        together: whether all pictures show one product; if not, a product's pictures are crops of one file.
        excluded: file names left out; names that the folder does not hold are no error.
    """

    name: str
    folder: Path
    object_name: str
    kind: Kind = Kind.OBJECT
    domain: Domain = Domain.INDUSTRIAL
    masks: Path | None = None
    together: bool = True
    excluded: frozenset[str] = frozenset()
    files: tuple[Path, ...] = field(init=False)
    _cache: OrderedDict[int, tuple[Pixels, Mask]] = field(init=False, repr=False, default_factory=OrderedDict)

    def __post_init__(self) -> None:
        self.files = tuple(p for p in find_normal_pictures(self.folder) if p.name not in self.excluded)
        if not self.files:
            raise DataSetError(
                "a picture that is not left out", f"all of {self.folder} excluded", "shorten the list of excluded"
            )

    def check_not_in(self, hashes: frozenset[str]) -> None:
        """Refuse pictures that belong to an evaluation set.

        Raises:
            DataSetError: a file's bytes or pixels are in ``hashes``.
        """
        for path in self.files if hashes else ():
            if picture_hashes(path.read_bytes()) & hashes:
                raise DataSetError(
                    "pictures outside the evaluation list", str(path), "remove it from the folder source"
                )

    def design(self, rng: np.random.Generator) -> FolderDesign:
        """Choose the picture shown first."""
        first = int(rng.integers(len(self.files)))
        zoom = None if self.together else float(rng.uniform(0.35, 0.9))
        return FolderDesign(first, bool(self.kind is Kind.SURFACE), zoom)

    def render(self, design: FolderDesign, rng: np.random.Generator, size: tuple[int, int]) -> Picture:
        """A crop of the design's picture or of one of its siblings, ``size`` (height, width) pixels."""
        others = len(self.files) if self.together else 1
        index = design.first if rng.random() < 1 / others else int(rng.integers(others))
        pixels, mask = self._load(index)
        matrix = self._placement(pixels.shape[:2], size, design, rng)
        turned = cv2.warpAffine(
            pixels,
            matrix,
            (size[1], size[0]),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REFLECT_101,
        )
        inside = cv2.warpAffine(
            mask.astype(np.uint8),
            matrix,
            (size[1], size[0]),
            flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REFLECT_101,
        )
        return Picture(
            pixels=np.ascontiguousarray(turned, np.uint8), object_mask=inside > 0, object_name=self.object_name,
            family=self.name, kind=self.kind, domain=self.domain,
        )  # fmt: skip

    @cached_property
    def _levels(self) -> Levels | None:
        """Grey levels that the pictures of one product share, found on some of them; None where each is a product of its own."""
        if not self.together:
            return None
        some = self.files[:: max(1, len(self.files) // _LOOKED_AT)]
        return shared_levels(some)

    def _load(self, index: int) -> tuple[Pixels, Mask]:
        if index not in self._cache:
            pixels = read_pixels(self.files[index], self._levels)
            self._cache[index] = (pixels, self._mask(self.files[index], pixels.shape[:2]))
            if len(self._cache) > _KEPT:
                self._cache.popitem(last=False)
        self._cache.move_to_end(index)
        return self._cache[index]

    def _mask(self, path: Path, shape: tuple[int, ...]) -> Mask:
        if self.masks is None:
            return np.ones(shape, bool)
        found = [p for p in list_pictures(self.masks) if p.stem in (path.stem, f"{path.stem}_mask")]
        if not found:
            return np.ones(shape, bool)
        return read_mask(found[0], frame_of(path, shape)).marked

    def _placement(
        self, source: tuple[int, ...], size: tuple[int, int], design: FolderDesign, rng: np.random.Generator
    ) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
        """Matrix from output to source pixels: zoom, slight turn, shift, flips; the window stays inside the source."""
        (source_h, source_w), (height, width) = source[:2], size
        most = min(source_h / height, source_w / width)
        share = rng.uniform(0.55, 1.0) if self.kind is Kind.SURFACE else rng.uniform(0.92, 1.0)
        if design.zoom is not None:
            share = min(1.0, design.zoom * rng.uniform(0.95, 1.05))
        zoom, flips = most * share, design.flips
        angle = rng.normal(0, 0.03)
        cos, sin = np.cos(angle) * zoom, np.sin(angle) * zoom
        flip_x, flip_y = rng.choice([-1, 1], 2) if flips else (1, 1)
        linear = np.array([[cos * flip_x, -sin * flip_y], [sin * flip_x, cos * flip_y]], np.float64)
        slack = np.array([source_w - width * zoom, source_h - height * zoom]) / 2
        centre = np.array([source_w, source_h]) / 2 + slack * rng.uniform(-1, 1, 2) * (1 if flips else 0.5)
        shift = centre - linear @ (np.array([width, height]) / 2)
        return np.hstack([linear, shift[:, None]])
