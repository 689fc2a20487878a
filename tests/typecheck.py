"""The checker that every annotated function runs under in tests: an int is a float, as for mypy (PEP 484).

It stands in the place of ``jaxtyping.jaxtyped``, which the import hook decorates with. The same is checked for a fraction of
the time: a function is made ready at its first call, by beartype; only calls with shapes keep the sizes that names stand for.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import is_dataclass
from types import CellType, CodeType, FunctionType
from typing import Any, get_args, get_type_hints

import jaxtyping
from beartype import BeartypeConf, beartype

check = beartype(conf=BeartypeConf(is_pep484_tower=True))
_jaxtyped: Any = jaxtyping.jaxtyped
_checkers: dict[tuple[str, str, CodeType], Callable[[FunctionType], Callable[..., Any]]] = {}
"""By module and name: a function within another is defined anew with each call of the outer one."""
_unchecked: list[bool] = []
_WRAPPED = "__beartype_func"
"""Keyword by which what beartype made holds the function that it checks."""


def jaxtyped(checked: Any = None, **_: Any) -> Any:
    """The function, checked at each call; a dataclass with its ``__init__`` checked; any other class as it is."""
    if checked is None:
        return jaxtyped
    if isinstance(checked, type):
        if is_dataclass(checked) and not hasattr(checked.__init__, "__wrapped__"):
            checked.__init__ = jaxtyped(checked.__init__)  # type: ignore[method-assign]
        return checked
    assert isinstance(checked, FunctionType), f"expected a function below all other decorators, got {checked}"
    made: list[Callable[..., Any]] = []

    @functools.wraps(checked)
    def called(*args: Any, **kwargs: Any) -> Any:
        if not made:
            made.append(checked if _unchecked else _made(checked))
        return made[0](*args, **kwargs)

    return called


def check_no_more() -> None:
    """In a process that stands for a user's: what it calls for the first time from now on is run as it is."""
    _unchecked.append(True)


def _made(function: FunctionType) -> Callable[..., Any]:
    """The function with its arguments and what it gives checked; of a generator, its arguments."""
    known = (function.__module__, function.__qualname__, function.__code__)
    if known not in _checkers:
        _checkers[known] = _checker(function)
    return _checkers[known](function)


def _checker(function: FunctionType) -> Callable[[FunctionType], Callable[..., Any]]:
    """What checks a function and those made of the same lines; holds nothing that the function does."""
    hints = {name: _read(hint, function.__globals__) for name, hint in function.__annotations__.items()}
    has_shapes = any(map(_has_shape, hints.values()))
    if inspect.isgeneratorfunction(function):
        if has_shapes:  # the sizes would be those of whoever asks for a value
            return functools.partial(_jaxtyped, typechecker=check)
        hints.pop("return", None)
    cells = tuple(CellType() for _ in function.__closure__ or ())
    empty = FunctionType(function.__code__, {}, function.__name__, function.__defaults__, cells)
    empty.__kwdefaults__, empty.__annotations__ = function.__kwdefaults__, hints
    empty.__qualname__, empty.__module__ = function.__qualname__, function.__module__
    checked = check(empty)
    if checked is empty:  # it names no types
        return lambda function: function

    def make(function: FunctionType) -> Callable[..., Any]:
        plain = FunctionType(checked.__code__, checked.__globals__, checked.__name__)
        plain.__kwdefaults__ = {**(checked.__kwdefaults__ or {}), _WRAPPED: function}
        return _with_sizes(plain) if has_shapes else plain

    return make


def _with_sizes(function: Callable[..., Any]) -> Callable[..., Any]:
    def sized(*args: Any, **kwargs: Any) -> Any:
        with _jaxtyped("context"):
            return function(*args, **kwargs)

    return sized


def _read(hint: Any, names: dict[str, Any]) -> Any:
    """The type that a hint names in its module; ``Any`` where a name is not there: a type checker's, or a local one."""
    holder = FunctionType((lambda: None).__code__, names)
    holder.__annotations__ = {"hint": hint}
    try:
        return get_type_hints(holder, include_extras=True)["hint"]
    except NameError:
        return Any


def _has_shape(hint: Any) -> bool:
    """Whether a type of jaxtyping stands in a hint."""
    if isinstance(hint, type) and issubclass(hint, jaxtyping.AbstractArray):
        return True
    return any(map(_has_shape, hint if isinstance(hint, (list, tuple)) else get_args(hint)))


vars(jaxtyping)["jaxtyped"] = jaxtyped
