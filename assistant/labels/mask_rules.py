"""Which pixels of a mask are marked: anything but the background. Knows arrays, no files.

Background is 0, black, or fully transparent; everything else is a defect, whether 255, 1, an index of a class, or a colour.
What could be read both ways is refused, for a mask taken the wrong way round measures the opposite:

* grey: 0 is background. Other values without a single 0 are refused, unless the mask holds one value alone (all is marked).
* palette: by index where index 0 is black or invisible (VOC, CVAT, LabelMe); by shade where the palette holds greys alone;
  any other palette is refused.
* colour: black is background. Several colours without black are refused, and so are more colours than labels have.
* alpha: where nothing is fully transparent, alpha says nothing and the colours decide. Else what is visible is marked (a
  layer of a drawing program, a shape cut out), and visible black beside visible colour is refused.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool

from assistant.errors import ImageError

Marked = Bool[np.ndarray, "height width"]
MOST_COLOURS = 1024
"""More distinct colours are a photograph or an overlay, no mask."""
MUCH = 0.5
"""A share of marked pixels above which somebody is told: the mask may be the wrong way round."""
LOSSY_STEP = 128
"""Of a lossy format: shades from here up are marked, and one as bright must be there."""


@dataclass(frozen=True, eq=False)
class MaskValues:
    """What a mask file holds.

    Args:
        values: (height, width) of bool, integers or floats; or (height, width, channels) with 3 channels of colour, 4 with
            alpha last, or 2 of grey and alpha.
        palette: (entries, 3) colours of the values, RGB; None where the values are no indices.
        invisible: index of the palette that is transparent.
        lossy: of a format that blurs edges, such as JPEG.
    """

    values: np.ndarray
    palette: np.ndarray | None = None
    invisible: int | None = None
    lossy: bool = False


def marked_pixels(mask: MaskValues, name: str) -> tuple[Marked, tuple[str, ...]]:
    """The marked pixels of a mask, and what is worth telling about it.

    Args:
        mask: its values.
        name: of the mask, for messages.

    Raises:
        ImageError: a mask that can be read more than one way, or that is none.
    """
    values = mask.values
    if values.dtype.kind not in "buif" or values.ndim not in (2, 3) or (values.ndim == 3 and values.shape[2] > 4):
        raise ImageError(
            "a mask of whole numbers", f"{values.dtype} of shape {values.shape} in {name}", "save it as PNG"
        )
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        raise ImageError("a mask without NaN", f"NaN or infinity in {name}", "save it as whole numbers, 0 where normal")
    if values.ndim == 3 and values.shape[2] == 1:
        values = values[:, :, 0]
    if mask.lossy:
        found, notes = _lossy(values, name)
    elif values.ndim == 2:
        found, notes = _grey(values, name) if mask.palette is None else (_palette(mask, name), ())
    else:
        found, notes = _colour(values, name), ()
    share = float(found.mean()) if found.size else 0.0
    if share > MUCH:
        notes += (f"{name}: {share:.0%} of the picture is marked; is the mask the wrong way round?",)
    return np.ascontiguousarray(found), notes


def _grey(values: np.ndarray, name: str) -> tuple[Marked, tuple[str, ...]]:
    if values.size and not (values == 0).any():
        low, high = values.min(), values.max()
        if low != high:
            raise ImageError("a mask with 0 as background", f"values from {low:g} to {high:g} in {name}", "set it to 0")
    return values != 0, ()


def _palette(mask: MaskValues, name: str) -> Marked:
    assert mask.palette is not None
    indices, colours = mask.values, mask.palette.astype(np.int64)
    used = np.unique(indices)
    if used.size and int(used[-1]) >= len(colours):
        raise ImageError(
            "a palette with every index used", f"index {used[-1]} without colour in {name}", "save it anew"
        )
    if mask.invisible == 0 or not colours[0].any():
        return np.asarray(indices != 0)
    shades = colours[used]
    if (shades == shades[:, :1]).all():
        found = np.asarray(colours[:, 0][indices] != 0)
        if found.all() and len(used) > 1:
            raise ImageError("a mask with black as background", f"a palette without it in {name}", "make it black")
        return found
    got = f"index 0 as colour {tuple(int(c) for c in colours[0])} in {name}"
    raise ImageError("a palette whose index 0 is black background", got, "save it as grey: 0 where normal")


def _colour(values: np.ndarray, name: str) -> Marked:
    colour = values[:, :, :3] if values.shape[2] > 2 else values[:, :, :1]
    shown = np.asarray((colour != 0).any(2))
    if values.shape[2] in (2, 4):
        visible = np.asarray(values[:, :, -1] != 0)
        if not visible.any() and shown.any():
            raise ImageError("a mask that can be seen", f"nothing but transparency in {name}", "save it without alpha")
        if not visible.all():
            if (shown & visible).any() and (~shown & visible).any():
                do = "save it without alpha, black where normal"
                raise ImageError("marks of one kind on transparency", f"black beside colours in {name}", do)
            _require_labels(colour[visible], name)
            return visible
    _require_labels(colour.reshape(-1, colour.shape[2]), name)
    if shown.all() and len(np.unique(colour.reshape(-1, colour.shape[2]), axis=0)) > 1:
        got = f"none in {name}, mostly {_commonest(colour)}"
        raise ImageError("a colour mask with black as background", got, "make the background black")
    return shown


def _require_labels(colours: np.ndarray, name: str) -> None:
    """Refuse pictures: labels are few colours. Shades between them, of smooth edges, are borne with."""
    wide = colours.astype(np.uint64) if colours.dtype.kind in "bu" else colours.astype(np.float64)
    coded = wide[:, 0] if wide.shape[1] == 1 else wide[:, 0] * 2**32 + wide[:, 1] * 2**16 + wide[:, 2]
    count = len(np.unique(coded))
    if count > MOST_COLOURS:
        got = f"{count} colours in {name}"
        raise ImageError(
            f"a mask of at most {MOST_COLOURS} colours", got, "give the mask, not the picture or an overlay"
        )


def _commonest(colour: np.ndarray) -> tuple[int, ...]:
    found, counts = np.unique(colour.reshape(-1, colour.shape[2]), axis=0, return_counts=True)
    return tuple(int(channel) for channel in found[counts.argmax()])


def _lossy(values: np.ndarray, name: str) -> tuple[Marked, tuple[str, ...]]:
    shades = values if values.ndim == 2 else values[:, :, :3].max(2)
    if not shades.any():
        return shades > 0, ()
    if shades.max() < LOSSY_STEP:
        got = f"shades up to {shades.max()} in a lossy format in {name}"
        raise ImageError("a mask without losses", got, "save it as PNG")
    between = float(((shades >= 32) & (shades < 224)).mean())
    if between > 0.1 or not (shades < 32).any():
        got = f"{between:.0%} of other shades in the lossy {name}"
        raise ImageError("a mask in white on black", got, "save it as PNG, 0 where normal")
    return shades >= LOSSY_STEP, (f"{name}: a lossy format blurs masks; {LOSSY_STEP} and brighter is taken as marked",)
