"""What a growing mass does to the tissue around it: oedema and displacement."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data_builders.defects.medical.tissue import Tone, offset_of, press, shift
from data_builders.defects.painting import Layer
from data_builders.defects.shapes import Alpha, Outline, Point, smoothstep
from data_builders.types import Mask, Picture


@dataclass(frozen=True)
class Surroundings:
    """Oedema of ``oedema`` radii beyond the mass with ``oedema_strength`` of its contrast; tissue pushed by ``push`` radii."""

    oedema: float
    oedema_strength: float
    oedema_darker: bool
    push: float


def draw_surroundings(rng: np.random.Generator, chance: float = 0.45) -> Surroundings:
    """Neither, either or both."""
    return Surroundings(
        oedema=float(rng.uniform(0.25, 0.9)) if rng.random() < chance else 0.0,
        oedema_strength=float(rng.uniform(0.2, 0.6)),
        oedema_darker=bool(rng.random() < 0.4),
        push=float(rng.uniform(0.08, 0.3)) if rng.random() < chance else 0.0,
    )


@dataclass(frozen=True, eq=False)
class Place:
    """Where a mass lies: around ``centre``, with the field of its outline (1 at the centre, 0 on the outline)."""

    outline: Outline
    centre: Point
    field: Alpha


def prepare(picture: Picture, around: Surroundings, tone: Tone, place: Place, soft: Alpha) -> tuple[Layer, Mask]:
    """The picture with its tissue pressed and swollen around the mass, where ``soft`` gives way, and what that changed."""
    layer, field, radius = picture.pixels.astype(np.float32), place.field, place.outline.radius
    region = np.zeros(field.shape, bool)
    if around.push > 0:
        layer = press(layer, place.centre, radius, around.push * radius, soft)
        region = np.asarray(field > -0.5)
    if around.oedema > 0:
        swelling = np.asarray(smoothstep(field, -around.oedema, -0.2 * around.oedema) * soft, np.float32)
        kind = Tone(tone.strength, around.oedema_darker, tone.tint, 1.0, 0.0)
        layer = shift(layer, swelling, offset_of(picture.pixels, swelling > 0.3, kind, around.oedema_strength))
        region = np.asarray(region | (swelling > 0.01))
    return layer, region
