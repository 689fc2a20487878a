"""Layouts of circuit boards: traces on a grid with bends of 45 degrees, none touching another."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

import numpy as np

Node = tuple[int, int]
Trace = tuple[tuple[float, float], ...]
STEPS: tuple[Node, ...] = ((1, 0), (1, 1), (0, 1), (-1, 1), (-1, 0), (-1, -1), (0, -1), (1, -1))


def route(rng: np.random.Generator, grid: int, wanted: int, blocked: Iterable[Node] = ()) -> tuple[Trace, ...]:
    """Route up to ``wanted`` traces over ``grid`` x ``grid`` nodes.

    Args:
        rng: randomness.
        grid: nodes a side; node (i, j) lies at ``to_units(i, grid), to_units(j, grid)``.
        wanted: number of traces aimed at.
        blocked: nodes that no trace may use.

    Returns:
        corner points of each trace in units of [-1, 1], at least two each.
    """
    taken = set(blocked)
    diagonals: set[tuple[int, int]] = set()
    traces: list[Trace] = []
    for _ in range(wanted * 4):
        if len(traces) == wanted:
            break
        start = (int(rng.integers(0, grid)), int(rng.integers(0, grid)))
        if start in taken:
            continue
        path = walk(rng, start, grid, taken, diagonals)
        if len(path) < 4:
            continue
        taken.update(path)
        for a, b in itertools.pairwise(path):
            if a[0] != b[0] and a[1] != b[1]:
                diagonals.add((a[0] + b[0], a[1] + b[1]))
        traces.append(tuple((to_units(i, grid), to_units(j, grid)) for i, j in corners(path)))
    return tuple(traces)


def walk(
    rng: np.random.Generator, start: Node, grid: int, taken: set[Node], diagonals: set[tuple[int, int]]
) -> list[Node]:
    """A path over free nodes that mostly runs straight and turns by 45 degrees."""
    heading = int(rng.integers(0, 8))
    path = [start]
    length = int(rng.integers(4, max(6, int(grid * 1.3))))
    for _ in range(length):
        turns = [0, 1, -1] if rng.random() < 0.86 else [1, -1, 0]
        if rng.random() < 0.5:
            turns[1], turns[2] = turns[2], turns[1]
        for turn in turns:
            step = STEPS[(heading + turn) % 8]
            here = path[-1]
            there = (here[0] + step[0], here[1] + step[1])
            inside = 0 <= there[0] < grid and 0 <= there[1] < grid
            crossing = step[0] != 0 and step[1] != 0 and (here[0] + there[0], here[1] + there[1]) in diagonals
            if inside and there not in taken and there not in path and not crossing:
                heading = (heading + turn) % 8
                path.append(there)
                break
        else:
            break
    return path


def corners(path: list[Node]) -> list[Node]:
    """The path without the nodes inside straight runs."""
    kept = [path[0]]
    for before, here, after in zip(path, path[1:], path[2:], strict=False):
        if (here[0] - before[0], here[1] - before[1]) != (after[0] - here[0], after[1] - here[1]):
            kept.append(here)
    return [*kept, path[-1]]


def to_units(index: int, grid: int) -> float:
    """Position of a node's row or column in [-1, 1]."""
    return (2 * index + 1) / grid - 1


def point_on(trace: Trace, fraction: float) -> tuple[tuple[float, float], tuple[float, float]]:
    """The point at ``fraction`` in [0, 1] of a trace's length, and the unit direction there."""
    points = np.asarray(trace, dtype=np.float64)
    steps = np.diff(points, axis=0)
    lengths = np.hypot(steps[:, 0], steps[:, 1])
    target = fraction * lengths.sum()
    ends = np.cumsum(lengths)
    index = min(int(np.searchsorted(ends, target)), len(lengths) - 1)
    direction = steps[index] / lengths[index]
    point = points[index] + direction * (target - (ends[index] - lengths[index]))
    return (float(point[0]), float(point[1])), (float(direction[0]), float(direction[1]))
