"""A volume: voxels in canonical axes with their scale, and its slices as pictures.

Canonical axes point to the patient's right, front and head (axis 0, 1, 2; millimetres likewise, as NIfTI has them). All slices
of a volume are read with one pair of grey levels, found over the whole of it, so that they compare.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np
from jaxtyping import Float64

from assistant.errors import ImageError
from assistant.pictures.levels import BEYOND, Samples, drawn, shown
from assistant.pictures.pixels import DEFAULT_LIMITS, ImageLimits, printable
from assistant.types import DeepValues, Domain, Levels, QueryImage

FEWEST = 3
"""Slices along an axis below which nothing can be joined across them."""
ANISOTROPY = 1.2
"""A spacing this much larger than the others is that of the slices as they were taken."""
_SAMPLED = 4_000_000
_FLAT = 24
_FLAT_SHARE = 0.005


@dataclass(frozen=True, eq=False)
class Volume:
    """A volume.

    Args:
        values: of the voxels, (axis 0, axis 1, axis 2), canonical, integers or floats; more is lighter.
        affine: canonical voxel indices -> millimetres to the right, the front and the head.
        stored: for each canonical axis the axis of the source's own array, and 1, or -1 where that runs the other way.
        levels: that all slices are drawn with.
        source: the path as given, with any ``::selector``.
        kind: ``NIfTI`` or ``DICOM``.
        name: what tells it from others of the same source: a series' number and description; empty where it is alone.
        no_data: values that stand for nothing measured; they are drawn black.
        across: the axis that slices were taken along, where the source says so; None to tell by the spacing.
        sources: path of each slice along ``across``, where each has its own file.
        units: whether values have an absolute unit (Hounsfield), so that volumes compare by them.
        warnings: how it was read where that is not plain, one line each.
        placed: whether the source says how its axes lie in the patient; where it does not, they are named as stored.
    """

    values: np.ndarray
    affine: Float64[np.ndarray, "4 4"]
    stored: tuple[tuple[int, int], tuple[int, int], tuple[int, int]]
    levels: Levels
    source: str
    kind: str
    name: str = ""
    no_data: tuple[float, ...] = ()
    across: int | None = None
    sources: tuple[str, ...] = ()
    units: bool = False
    warnings: tuple[str, ...] = ()
    placed: bool = True

    @property
    def shape(self) -> tuple[int, int, int]:
        """Voxels along each canonical axis."""
        return self.values.shape[0], self.values.shape[1], self.values.shape[2]

    @property
    def spacing_mm(self) -> tuple[float, float, float]:
        """Millimetres from voxel to voxel along each canonical axis."""
        sides = np.linalg.norm(self.affine[:3, :3], axis=0)
        return float(sides[0]), float(sides[1]), float(sides[2])

    @property
    def main_axis(self) -> int:
        """The axis that slices were taken along: as the source says, else that of clearly largest spacing, else feet to head."""
        if self.across is not None:
            return self.across
        widest = int(np.argmax(self.spacing_mm))
        others = max(side for axis, side in enumerate(self.spacing_mm) if axis != widest)
        return widest if self.spacing_mm[widest] >= ANISOTROPY * others else 2

    @property
    def title(self) -> str:
        """The source, with the name where it holds several."""
        return f"{self.source} ({self.name})" if self.name else self.source

    def slices(self, axis: int | None = None, levels: Levels | None = None) -> Slices:
        """Slices across an axis, drawn when they are asked for.

        Args:
            axis: canonical; :attr:`main_axis` when None.
            levels: to draw them with; the volume's own when None.

        Raises:
            ImageError: no such axis, or slices outside the limits of pictures.
        """
        return Slices(self, self.main_axis if axis is None else axis, levels or self.levels)

    def in_source_order(self, values: np.ndarray) -> np.ndarray:
        """An array over the canonical voxels as the source's own array lies."""
        unturned = np.flip(values, tuple(axis for axis, (_, way) in enumerate(self.stored) if way < 0))
        back: np.ndarray = unturned.transpose(np.argsort([axis for axis, _ in self.stored]))
        return back


class Slices(Sequence[QueryImage]):
    """Slices of a volume across one axis, as radiologists see them: the patient's right on the left, front or head on top.

    Args:
        volume: whose.
        axis: canonical.
        levels: that they are drawn with.
    """

    def __init__(self, volume: Volume, axis: int, levels: Levels, limits: ImageLimits = DEFAULT_LIMITS) -> None:
        if axis not in (0, 1, 2):
            raise ImageError("an axis of 0, 1 or 2", str(axis), "use one of these")
        self.volume, self.axis, self.levels = volume, axis, levels
        self.columns, self.rows = (other for other in range(3) if other != axis)
        self.shape = (volume.shape[self.rows], volume.shape[self.columns])
        limits.check_size(*self.shape, printable(volume.source))

    def __len__(self) -> int:
        return self.volume.shape[self.axis]

    @overload
    def __getitem__(self, index: int) -> QueryImage: ...
    @overload
    def __getitem__(self, index: slice) -> list[QueryImage]: ...
    def __getitem__(self, index: int | slice) -> QueryImage | list[QueryImage]:
        """One slice, or several, drawn now."""
        if isinstance(index, slice):
            return [self[number] for number in range(*index.indices(len(self)))]
        number = range(len(self))[index]
        volume = self.volume
        plane = np.ascontiguousarray(upright(volume.values, self.axis, number))
        known = _known(plane, volume.no_data)
        deep = DeepValues(plane, self.levels, own=self.levels, known=known, chosen=True)
        spacing = volume.spacing_mm
        return QueryImage(
            drawn(deep), self.source(number), Domain.MEDICAL, (spacing[self.rows], spacing[self.columns]), "object", deep
        )  # fmt: skip

    def source(self, number: int) -> str:
        """Where a slice is found: its own file, or the volume's with a selector."""
        volume = self.volume
        if volume.sources and self.axis == volume.across:
            return volume.sources[number]
        return f"{volume.source}{',' if '::' in volume.source else '::'}axis={self.axis},slice={number}"

    def empty(self, number: int) -> bool:
        """Whether next to nothing is to be seen on a slice, as above a head: it is not looked at."""
        pixels = self[number].pixels[..., 0].astype(np.int16)
        return float((np.abs(pixels - np.median(pixels)) >= _FLAT).mean()) < _FLAT_SHARE


def upright(values: np.ndarray, axis: int, number: int) -> np.ndarray:
    """A plane of an array over canonical voxels as it is shown, (rows, columns); a view."""
    where = (slice(None),) * axis + (number,)  # np.take would copy a whole array that is turned
    plane: np.ndarray = values[where].T[::-1, ::-1]
    return plane


def voxels_of(planes: np.ndarray, axis: int) -> np.ndarray:
    """Planes as they are shown, (slices, rows, columns) -> an array over canonical voxels; a view.

    >>> values = np.arange(24).reshape(2, 3, 4)
    >>> shown = np.stack([upright(values, 1, number) for number in range(3)])
    >>> bool((voxels_of(shown, 1) == values).all())
    True
    """
    return np.moveaxis(planes[:, ::-1, ::-1].transpose(0, 2, 1), 0, axis)


def volume_levels(values: np.ndarray, name: str) -> tuple[Levels, tuple[float, ...], tuple[str, ...]]:
    """Grey levels of a whole volume by the rule of :mod:`assistant.pictures.levels`, values that stand for no data, notes.

    Found on at most four million voxels at even strides.

    Raises:
        ImageError: no finite value, or voxels of another type.
    """
    step = max(1, round((values.size / _SAMPLED) ** (1 / 3)))
    sample = np.ascontiguousarray(values[::step, ::step, ::step])
    flat = sample.reshape(sample.shape[0] * sample.shape[1], sample.shape[2])
    flat = flat.astype(np.int16) if flat.dtype == np.uint8 else flat  # measurements, not the grey levels of a screen
    found = shown(Samples(flat), name)
    if found.deep is None:
        return Levels(0.0, 1.0), (), found.notes
    lost: tuple[float, ...] = ()
    if found.deep.known is not None:
        gone = flat[~found.deep.known]
        lost = tuple(float(one) for one in np.unique(gone[np.abs(gone) < BEYOND]))
    notes = tuple(note.replace("pixels", "voxels") for note in found.notes)
    return found.deep.levels, lost, notes


def _known(plane: np.ndarray, no_data: Sequence[float]) -> np.ndarray | None:
    known = np.ones(plane.shape, bool)
    if plane.dtype.kind == "f":
        with np.errstate(invalid="ignore"):
            known &= np.abs(plane) < BEYOND
    for value in no_data:
        known &= plane != value
    return None if known.all() else known
