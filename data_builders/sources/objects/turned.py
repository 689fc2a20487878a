"""Round metal and rubber things from above: coins, washers and gaskets."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from data_builders.sources.objects.drawing import Field, Patch, Placement, blurred, circle, radius_of, smoothstep
from data_builders.sources.objects.family import Drawing, Leeway, ObjectFamily, edited
from data_builders.sources.objects.metal_bodies import draw_ring
from data_builders.sources.objects.shading import (
    METALS,
    Light,
    Material,
    lit,
    random_colour,
    value_noise,
)
from data_builders.sources.objects.stage import Line, design_line, set_stage
from data_builders.types import Edit


def metal(rng: np.random.Generator, choices: tuple[int, ...] = (0, 1, 2, 3, 5)) -> Material:
    """One of the metals, polished or dull."""
    polished = float(rng.uniform(0.2, 1.0))
    return Material(
        colour=METALS[int(rng.choice(choices))],
        metal=float(rng.uniform(0.7, 1.0)),
        gloss=0.1 + 0.3 * polished,
        sharpness=15 + 45 * polished,
        overhead=float(rng.uniform(0.55, 0.85)),
    )


@dataclass(frozen=True)
class CoinDesign:
    """A disc with a rim, a legend around and a motif in the middle; relief in units."""

    line: Line
    material: Material
    rim: float
    legend: str
    font: int
    relief: float
    petals: int
    petal_depth: float
    motif: float
    beads: int


class Coin(ObjectFamily):
    """A struck disc: coin, token or medal."""

    name = "coin"
    object_name = "coin"
    actions = frozenset({"omit", "shift", "rotate", "extra"})

    def design(self, rng: np.random.Generator) -> CoinDesign:
        """Draw a coin."""
        letters = "ABCDEFGHKLMNOPRSTUVXZ0123456789"
        count = int(rng.integers(6, 18))
        return CoinDesign(
            line=design_line(rng, zoom=(0.72, 0.92), right_angles=False),
            material=metal(rng),
            rim=float(rng.uniform(0.05, 0.1)),
            legend="".join(rng.choice(list(letters), size=count)),
            font=int(rng.integers(0, 4)),
            relief=float(rng.uniform(0.012, 0.025)),
            petals=int(rng.integers(3, 9)),
            petal_depth=float(rng.uniform(0.1, 0.4)),
            motif=float(rng.uniform(0.28, 0.42)),
            beads=int(rng.choice([0, 40, 56, 72])),
        )

    def draw(self, design: CoinDesign, rng: np.random.Generator, size: tuple[int, int], edit: Edit | None) -> Drawing:
        """Draw the coin; its parts are the letters of the legend."""
        canvas, light = set_stage(design.line, rng, size, design.material.tone)
        patch = canvas.patch()
        x, y = patch.x, patch.y
        radius = radius_of(x, y)
        outer = radius - np.float32(1.0)
        height = self.relief_field(design, patch, radius)
        wear = value_noise(rng, size, max(2.0, canvas.scale / 12), 3)
        grain = value_noise(rng, size, 1.0)
        step = 2 * math.pi * 0.72 / 22
        letters = []
        for index, character in enumerate(design.legend):
            turn = (index - (len(design.legend) - 1) / 2) * 2 * math.pi / 22 - math.pi / 2
            letters.append(
                Placement(0.72 * math.cos(turn), 0.72 * math.sin(turn), turn + math.pi / 2, seed=ord(character))
            )
        masks = []
        leeway = Leeway(step, fits=lambda px, py: 0.55 < math.hypot(px, py) < 0.8)
        for letter in edited(letters, edit, leeway):
            local = canvas.patch(letter, 0.16)
            raised = local.glyph(chr(letter.seed), 0.15, design.font)
            height[local.window] += np.float32(design.relief) * blurred(raised, 0.012 * canvas.scale)
            masks.append(local.mask(raised))
        paint = lit(height, patch.px, design.material, light)
        paint *= (1 + np.float32(0.035) * wear + np.float32(0.012) * grain)[..., None]
        alpha = patch.cover(outer)
        patch.shadow(alpha, light.shadow_offset(0.06), 0.035, 0.5)
        patch.blend(paint, alpha)
        return Drawing(canvas, {"letter": tuple(masks)})

    def relief_field(self, design: CoinDesign, patch: Patch, radius: Field) -> Field:
        """Height of rim, beads and motif (units)."""
        angle = np.arctan2(patch.y, patch.x)
        rim_inner = 1 - design.rim
        height = np.float32(0.03) * smoothstep(rim_inner - 0.02, rim_inner + 0.01, radius)
        height -= np.float32(0.05) * smoothstep(0.97, 1.0, radius)
        if design.beads:
            along = np.sin(angle * np.float32(design.beads / 2)) ** 2
            across = np.exp(-(((radius - np.float32(rim_inner - 0.05)) / np.float32(0.018)) ** 2))
            height += np.float32(design.relief * 0.8) * along * across
        wave = np.cos(angle * np.float32(design.petals))
        edge = radius - np.float32(design.motif) * (1 + np.float32(design.petal_depth) * wave)
        dome = smoothstep(0.03, -0.03, edge)
        height += np.float32(design.relief * 1.3) * dome * (1 - np.float32(0.7) * radius)
        ring = np.abs(radius - np.float32(design.motif * 0.42))
        height -= np.float32(design.relief * 0.9) * np.exp(-((ring / np.float32(0.025)) ** 2))
        veins = np.abs(np.sin(angle * np.float32(design.petals / 2))) * radius
        height -= np.float32(design.relief * 0.5) * dome * np.exp(-((veins / np.float32(0.02)) ** 2))
        return np.asarray(height, dtype=np.float32)


@dataclass(frozen=True)
class RingDesign:
    """A washer, gasket or O-ring; ``tabs`` small holes around, as in a gasket."""

    line: Line
    material: Material
    profile: str
    inner: float
    holes: int
    hole_radius: float
    words: str


class Ring(ObjectFamily):
    """A ring lying flat."""

    name = "ring"
    object_name = "washer"
    actions = frozenset({"omit", "shift", "extra"})

    def design(self, rng: np.random.Generator) -> RingDesign:
        """Draw a metal washer, a flat gasket with bolt holes, or a rubber ring."""
        words = str(rng.choice(["washer", "gasket", "O-ring"]))
        rubber = Material(
            random_colour(rng, (0.1, 0.8), (0.12, 0.7)), gloss=float(rng.uniform(0.1, 0.45)), sharpness=12.0
        )
        holes = int(rng.integers(4, 11)) if words == "gasket" else 0
        inner = float(rng.uniform(0.42, 0.58)) if words != "O-ring" else float(rng.uniform(0.68, 0.82))
        return RingDesign(
            line=design_line(rng, zoom=(0.62, 0.86), right_angles=False),
            material=metal(rng) if words == "washer" else rubber,
            profile="round" if words == "O-ring" else "flat",
            inner=inner,
            holes=holes,
            hole_radius=(1 - inner) * float(rng.uniform(0.14, 0.2)),
            words=words,
        )

    def describe(self, design: RingDesign) -> str:
        """Washer, gasket or O-ring."""
        return design.words

    def draw(self, design: RingDesign, rng: np.random.Generator, size: tuple[int, int], edit: Edit | None) -> Drawing:
        """Draw the ring; the parts are its bolt holes, if it has any."""
        canvas, light = set_stage(design.line, rng, size, design.material.tone)
        patch = canvas.patch()
        middle = (1 + design.inner) / 2
        holes = [
            Placement(middle * math.cos(turn), middle * math.sin(turn))
            for turn in np.arange(design.holes) * 2 * math.pi / max(1, design.holes)
        ]
        below = canvas.pixels.copy()
        draw_ring(patch, design.inner, design.profile, design.material, light, rng)
        half = (1 - design.inner) / 2 - 1.3 * design.hole_radius
        leeway = Leeway(
            step=0.22,
            allowed=frozenset({"omit", "shift", "extra"}),
            fits=lambda x, y: abs(math.hypot(x, y) - middle) < half,
            gap=2.2 * design.hole_radius,
        )
        masks = tuple(
            punch(canvas.patch(hole, design.hole_radius * 1.4), design.hole_radius, below, light)
            for hole in edited(holes, edit, leeway)
        )
        return Drawing(canvas, {"hole": masks} if masks else {})


def punch(patch: Patch, radius: float, below: np.ndarray, light: Light) -> np.ndarray:
    """Cut a round hole through which the backdrop shows, shaded at its rim; returns its mask."""
    distance = circle(patch.x, patch.y, radius)
    alpha = patch.cover(distance)
    offset_x, offset_y = light.shadow_offset(radius * 0.35)
    cos, sin = math.cos(patch.angle), math.sin(patch.angle)
    moved = circle(
        patch.x - np.float32(cos * offset_x + sin * offset_y),
        patch.y - np.float32(cos * offset_y - sin * offset_x),
        radius,
    )
    shade = np.float32(0.4) + np.float32(0.35) * smoothstep(radius * 0.2, -radius * 0.35, moved)
    patch.multiply(1 - np.float32(0.25) * np.exp(-np.abs(distance) * np.float32(10 / radius)))
    patch.blend(below[patch.window] * shade[..., None], alpha, solid=False)
    mask = patch.mask(alpha)
    patch.canvas.covered[mask] = False
    return mask
