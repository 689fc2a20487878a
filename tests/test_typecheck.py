"""What the checker of the tests refuses, in functions of the packages and in those made for it here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from beartype.roar import BeartypeCallHintViolation
from jaxtyping import Float32, TypeCheckError, jaxtyped

from assistant.geometry import fit, mask_box
from assistant.types import Box

Row = Float32[np.ndarray, " width"]
three, four = np.zeros(3, np.float32), np.zeros(4, np.float32)


@jaxtyped(typechecker=None)
def half(number: float) -> float:
    return "half" if number == 8 else number / 2  # type: ignore[return-value]


@jaxtyped(typechecker=None)
def sums(one: Row, *others: Row, names: dict[str, Row] | None = None) -> Row:
    nested = sums(four) if one is three and not others else four
    assert (nested.shape, next(pairs(four, four))) == ((4,), 0.0)
    return one if names is None else names["given"]


@jaxtyped(typechecker=None)
def numbers(below: int) -> Iterator[int]:
    yield from range(below)


@jaxtyped(typechecker=None)
def pairs(ones: Row, others: Row) -> Iterator[float]:
    for one, other in zip(ones, others, strict=True):
        yield float(one * other)


@jaxtyped(typechecker=None)
@dataclass
class Line:
    values: Row
    weights: Row


def added(count: int) -> Callable[..., int]:
    @jaxtyped(typechecker=None)
    def add(number: int, more: int = count) -> int:
        return number + count + more

    return add


class Holder:
    @staticmethod
    @jaxtyped(typechecker=None)
    def kept(value: NotThere, *, times: int = 2) -> list[Any]:  # type: ignore[name-defined]  # noqa: F821
        return [value] * times


def test_what_fits_passes() -> None:
    assert (half(3), half(number=2.5), list(numbers(2))) == (1.5, 1.25, [0, 1])
    assert list(pairs(four, four)) == [0.0] * 4
    assert [added(1)(1), added(2)(1), added(2)(1, more=7)] == [3, 5, 10]
    assert sums(three) is three
    assert sums(four) is four
    assert Line(three, three).weights is three
    assert Holder.kept("x", times=1) == ["x"]
    assert half.__wrapped__.__name__ == half.__name__ == "half"


@pytest.mark.parametrize(
    "call",
    [
        lambda: half("3"),  # type: ignore[arg-type]
        lambda: half(8),
        lambda: sums(three, four),
        lambda: sums(three, names={"given": four}),
        lambda: sums(three.astype(np.float64)),
        lambda: sums(np.zeros((3, 3), np.float32)),
        lambda: list(numbers("2")),  # type: ignore[arg-type]
        lambda: pairs(three, four),
        lambda: Line(three, four),
        lambda: Line(values=three, weights=[1.0]),  # type: ignore[arg-type]
        lambda: added(2)("1"),  # type: ignore[arg-type]
        lambda: Holder.kept(1, times="2"),  # type: ignore[arg-type]
        lambda: fit(60, 80, "56", 14),  # type: ignore[arg-type]
        lambda: mask_box(np.ones((2, 3, 4), bool)),
        lambda: Box(1, 2, 3, None),  # type: ignore[arg-type]
    ],
)
def test_what_does_not_fit_is_refused(call: Callable[[], object]) -> None:
    with pytest.raises((BeartypeCallHintViolation, TypeCheckError)):
        call()
