"""Printed stickers on a coloured surface: words, bar code, frame, emblem."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data_builders.sources.objects.drawing import (
    Colour,
    Field,
    Paint,
    Patch,
    Placement,
    circle,
    regular_polygon,
    rgb,
    rounded_box,
)
from data_builders.sources.objects.family import ACTIONS, Drawing, Leeway, ObjectFamily, edited
from data_builders.sources.objects.metal_bodies import bevelled
from data_builders.sources.objects.shading import Material, hue_colour, lit, random_colour, value_noise
from data_builders.sources.objects.stage import Line, design_line, set_stage
from data_builders.types import Edit

LETTERS = "ABCDEFGHIJKLMNOPRSTUVWXYZ0123456789"


@dataclass(frozen=True)
class LabelDesign:
    """A sticker: rows of text as (words, y, letter height, font), bars as (x, width) in units."""

    line: Line
    paper: Colour
    ink: Colour
    accent: Colour
    half_height: float
    corner: float
    rows: tuple[tuple[str, float, float, int], ...]
    bars: tuple[tuple[float, float], ...]
    bar_y: float
    frame: bool
    band: float
    emblem: int
    gloss: float


class Label(ObjectFamily):
    """A printed sticker."""

    name = "label"
    object_name = "printed label"
    actions = ACTIONS - {"bend"}

    def design(self, rng: np.random.Generator) -> LabelDesign:
        """Draw a sticker with one to four lines of text, perhaps a bar code."""
        half_height = float(rng.uniform(0.5, 0.95))
        with_bars = bool(rng.random() < 0.5)
        band = float(rng.choice([0.0, 0.0, 0.22]))
        top, bottom = -half_height + 0.12 + band, half_height - (0.42 if with_bars else 0.12)
        count = int(rng.integers(1, 5))
        space = (bottom - top) / count
        rows = []
        for k in range(count):
            tall = min(space * float(rng.uniform(0.5, 0.7)), 0.28)
            length = max(3, min(int(rng.integers(4, 15)), int(1.6 / (0.85 * tall))))
            words = "".join(rng.choice(list(LETTERS), size=length))
            if length > 6:
                words = words[: length // 2] + " " + words[length // 2 + 1 :]
            rows.append((words, top + (k + 0.5) * space, tall, int(rng.integers(0, 4))))
        edges = np.cumsum(rng.choice([0.012, 0.024, 0.036], size=44))
        widths = edges * (1.5 / edges[-1]) - 0.75
        bars = tuple((float((a + b) / 2), float(b - a)) for a, b in zip(widths[0:-1:2], widths[1::2], strict=False))
        dark = bool(rng.random() < 0.2)
        pale = hue_colour(float(rng.random()), float(rng.uniform(0, 0.2)), float(rng.uniform(0.85, 0.97)))
        return LabelDesign(
            line=design_line(rng, zoom=(0.72, 0.92), free_rotation=0.05),
            paper=random_colour(rng, (0.5, 0.9), (0.2, 0.5)) if dark else pale,
            ink=(0.95, 0.95, 0.93) if dark else hue_colour(float(rng.random()), float(rng.uniform(0, 0.7)), 0.15),
            accent=random_colour(rng, (0.5, 0.9), (0.4, 0.85)),
            half_height=half_height,
            corner=float(rng.uniform(0.0, 0.15)),
            rows=tuple(rows),
            bars=bars if with_bars else (),
            bar_y=half_height - 0.26,
            frame=bool(rng.random() < 0.4),
            band=band,
            emblem=int(rng.choice([0, 3, 5, 6])),
            gloss=float(rng.uniform(0.0, 0.2)),
        )

    def draw(self, design: LabelDesign, rng: np.random.Generator, size: tuple[int, int], edit: Edit | None) -> Drawing:
        """Draw the sticker; its parts are the letters, then the bars."""
        canvas, light = set_stage(design.line, rng, size, sum(design.paper) / 3)
        patch = canvas.patch()
        fibre = value_noise(rng, size, 1.3)
        swell = value_noise(rng, size, canvas.scale / 1.5)
        ink_wear = 1 - np.float32(0.05) * np.abs(value_noise(rng, size, max(1.5, canvas.scale / 30)))
        offset = rng.normal(0, 0.006, size=2)
        outer = rounded_box(patch.x, patch.y, 1.0, design.half_height, design.corner)
        alpha = patch.cover(outer)
        patch.shadow(alpha, light.shadow_offset(0.015), 0.012, 0.4)
        albedo = self.albedo(design, patch, outer)
        height = bevelled(outer, 0.012, 0.006) + np.float32(0.004) * swell
        paint = lit(height, patch.px, Material((1.0, 1.0, 1.0), gloss=design.gloss, sharpness=8.0), light, albedo)
        patch.blend(paint * (1 + np.float32(0.008) * fibre)[..., None], alpha)
        letters, faces = self.letters(design, float(offset[0]), float(offset[1]))
        bars = [
            Placement(x + float(offset[0]), design.bar_y + float(offset[1]), scale=1.0, seed=k)
            for k, (x, _) in enumerate(design.bars)
        ]

        def inside(x: float, y: float) -> bool:
            return abs(x) < 0.88 and abs(y) < design.half_height - 0.1

        step = 0.9 * max(tall for _, _, tall, _ in design.rows)
        letter_masks = []
        for letter in edited(letters, edit, Leeway(step, self.actions, inside, turn=1.2)):
            character, tall, font = faces[letter.seed]
            local = canvas.patch(letter, tall)
            ink = local.glyph(character, tall, font, 2)
            local.blend(design.ink, ink * ink_wear[local.window])
            letter_masks.append(local.mask(ink))
        bar_masks = []
        for bar in edited(bars, edit, Leeway(0.12, frozenset({"omit", "shift"})), first=len(letters)):
            local = canvas.patch(bar, 0.16)
            ink = local.cover(rounded_box(local.x, local.y, design.bars[bar.seed][1] / 2, 0.13))
            local.blend(design.ink, ink * ink_wear[local.window])
            bar_masks.append(local.mask(ink))
        parts = {"letter": tuple(letter_masks), "bar": tuple(bar_masks)}
        return Drawing(canvas, {name: masks for name, masks in parts.items() if masks})

    def albedo(self, design: LabelDesign, patch: Patch, outer: Field) -> Paint:
        """Colours of the paper with its band, frame and emblem; ``outer`` is the signed distance of its outline."""
        albedo = np.empty((*outer.shape, 3), dtype=np.float32)
        albedo[...] = design.paper
        if design.band:
            band = patch.cover(patch.y + np.float32(design.half_height - design.band))
            albedo += (rgb(design.accent) - albedo) * band[..., None]
        if design.frame:
            frame = patch.cover(np.abs(outer + np.float32(0.06)) - np.float32(0.012))
            albedo += (rgb(design.ink) - albedo) * frame[..., None]
        if design.emblem:
            ex, ey = patch.x - np.float32(0.82), patch.y + np.float32(design.half_height - 0.14 - design.band)
            shape = np.maximum(regular_polygon(ex, ey, design.emblem, 0.07), -circle(ex, ey, 0.035))
            emblem = rgb(design.ink if design.band else design.accent)
            albedo += (emblem - albedo) * patch.cover(shape)[..., None]
        return albedo

    def letters(
        self, design: LabelDesign, dx: float, dy: float
    ) -> tuple[list[Placement], list[tuple[str, float, int]]]:
        """Where each letter is printed, and (character, height, font) by ``Placement.seed``."""
        places: list[Placement] = []
        faces: list[tuple[str, float, int]] = []
        for words, y, tall, font in design.rows:
            step = min(0.85 * tall, 1.7 / len(words))
            for k, character in enumerate(words):
                if character != " ":
                    places.append(Placement((k - (len(words) - 1) / 2) * step + dx, y + dy, seed=len(faces)))
                    faces.append((character, min(tall, 1.3 * step), font))
        return places, faces
