#!/usr/bin/env bash
# ruff 0.17.6 with jaxtyping 0.3.11: a fix that ruff calls safe takes the quotes from a shape of one number, and the shape is checked no more.
#
# Seen: under `from __future__ import annotations`, `Float32[np.ndarray, "3"]` and `Shaped[np.ndarray, "..."]` become `Float32[np.ndarray, 3]`
# and `Shaped[np.ndarray, ...]` by `ruff check --select UP --fix`, without --unsafe-fixes. Before, jaxtyped(typechecker=beartype) refuses an
# array of two values where three are asked for; after, it takes it, and nothing is said. `"rows 3"` is left alone, being no Python, and so
# is `" 3"`, with a space before it. Where hints are resolved by typing.get_type_hints the same file now raises AttributeError.
# Why: for ruff (pyupgrade's quoted-annotation, UP037) a string in a hint is a hint to come; it cannot know that jaxtyping's strings are
# shapes, and what parses as Python is unquoted. jaxtyping then cannot evaluate the hint and makes it Any (_decorator.py,
# _destring_annotation). Source: ruff's rule UP037, whose fix is marked as always safe; jaxtyping/_array_types.py, where the second
# argument has to be a string.
# What to do: write a space before shapes of one word, number or ellipsis, or leave UP037 out of ruff's rules.
set -euo pipefail
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check ruff==0.17.6 jaxtyping==0.3.11 beartype==0.23.1 numpy==2.4.6
cat >"$work/shapes.py" <<'PYTHON'
from __future__ import annotations

import numpy as np
from beartype import beartype
from jaxtyping import Float32, Shaped, jaxtyped


@jaxtyped(typechecker=beartype)
def one_number(colour: Float32[np.ndarray, "3"]) -> None: ...


@jaxtyped(typechecker=beartype)
def any_shape(values: Shaped[np.ndarray, "..."]) -> None: ...


@jaxtyped(typechecker=beartype)
def two_words(colours: Float32[np.ndarray, "rows 3"]) -> None: ...


@jaxtyped(typechecker=beartype)
def with_a_space(colour: Float32[np.ndarray, " 3"]) -> None: ...
PYTHON
cat >"$work/tried.py" <<'PYTHON'
import numpy as np
import shapes


def refuses(function, value) -> bool:
    try:
        function(value)
    except Exception as error:
        return type(error).__name__ == "TypeCheckError"
    return False


two = np.zeros(2, np.float32)
print(refuses(shapes.one_number, two), refuses(shapes.two_words, two[None]), refuses(shapes.with_a_space, two))
PYTHON
before=$(cd "$work" && venv/bin/python tried.py)
"$work/venv/bin/ruff" check --isolated --target-version py311 --select UP --fix --quiet "$work/shapes.py"
after=$(cd "$work" && venv/bin/python tried.py)
echo "before: one number, two words, with a space refused: $before"
echo "after:  one number, two words, with a space refused: $after"
grep -n "ndarray," "$work/shapes.py"
[ "$before" = "True True True" ]
[ "$after" = "False True True" ]
grep -q 'Float32\[np.ndarray, 3\]' "$work/shapes.py"
grep -q 'Shaped\[np.ndarray, \.\.\.\]' "$work/shapes.py"
grep -q '"rows 3"' "$work/shapes.py"
echo "as described: a shape of one number loses its quotes, and its check"
