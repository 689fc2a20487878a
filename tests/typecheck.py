"""The checker that every annotated function runs under in tests: an int is a float, as for mypy (PEP 484).

What is checked is made when a function is first called: a worker calls a part of the functions it imports.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import FunctionType
from typing import Any

from beartype import BeartypeConf, beartype

_check = beartype(conf=BeartypeConf(is_pep484_tower=True))


def check(checked: Any) -> Any:
    """The function, checked; a class as it is told by beartype."""
    if not isinstance(checked, FunctionType):
        return _check(checked)
    made: list[Callable[..., Any]] = []

    @functools.wraps(checked)
    def called(*args: Any, **kwargs: Any) -> Any:
        if not made:
            made.append(_check(checked))
        return made[0](*args, **kwargs)

    return called
