"""Rules written down: YAML with clauses under ``reject``, or one sentence. Reads and checks; decides nothing.

reject:
  - kind: crack
    longer_than: 2 mm
  - zone: [0.2, 0.0, 0.8, 0.1]
accept_otherwise: true
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

from assistant.errors import ConfigError
from assistant.files.text import decoded
from assistant.files.yaml_text import parse_yaml
from assistant.reading.told.scales import length_of
from assistant.rules.clauses import Clause, Quantity, Rule
from assistant.rules.sentence import read_sentence
from assistant.types import Severity

KEYS = ("reject", "accept_otherwise")
ENDINGS = (".yaml", ".yml")
EXAMPLE = "write for example - {kind: crack, longer_than: 2 mm}"
UNITS = ("mm", "cm", "m", "um", "µm", "in", "px")
"""Of lengths."""
_LENGTH = re.compile(rf"([0-9]+(?:\.[0-9]+)?)\s*({'|'.join(UNITS)})")


def load_rule(given: str) -> Rule:
    """The rule of a YAML file, or of a sentence.

    Args:
        given: path of a file, or words such as "reject any crack over 2 mm".

    Raises:
        ConfigError: neither; each message names the clause.
    """
    path = Path(given)
    if not given.lower().endswith(ENDINGS) and (" " in given.strip() or not path.exists()):
        return read_sentence(given)
    try:
        content = parse_yaml(decoded(path.read_bytes(), str(path)))
    except OSError as error:
        raise ConfigError("a file with a rule", f"{path} ({type(error).__name__})", "check the path") from None
    except (yaml.YAMLError, RecursionError) as error:
        where = getattr(error, "problem_mark", None)
        line = "" if where is None else f" in line {where.line + 1}"
        raise ConfigError("a rule in YAML", f"something else in {path}{line}", EXAMPLE) from None
    return read_rule(content, str(path))


def read_rule(content: Any, name: str) -> Rule:
    """A rule of what YAML holds.

    Raises:
        ConfigError: what is no rule.
    """
    if not isinstance(content, dict) or not content:
        got = "an empty file" if content in (None, {}) else type(content).__name__
        raise ConfigError(f"`reject` with clauses in {name}", got, EXAMPLE)
    _refuse_others(content, KEYS, name)
    clauses, otherwise = content.get("reject"), content.get("accept_otherwise", True)
    if not isinstance(clauses, list) or not clauses:
        got = "none" if not clauses else type(clauses).__name__
        raise ConfigError(f"a list of clauses under `reject` in {name}", got, EXAMPLE)
    if not isinstance(otherwise, bool):
        raise ConfigError(f"accept_otherwise: true or false in {name}", repr(otherwise), "write one of them")
    return Rule(tuple(_clause(one, f"clause {number} of {name}") for number, one in enumerate(clauses, 1)), otherwise)


def quantity(value: Any, where: str) -> Quantity:
    """A length with its unit.

    >>> str(quantity("0.2 cm", "a rule")), str(quantity("15 px", "a rule"))
    ('2 mm', '15 px')

    Raises:
        ConfigError: no number with a unit.
    """
    found = _LENGTH.fullmatch(str(value).strip().lower())
    if found is None:
        expected = f"a length with a unit ({', '.join(UNITS)}) in {where}"
        raise ConfigError(expected, repr(value), "write for example 2 mm or 15 px")
    number, unit = length_of(found[1], found[2])
    return Quantity(number, pixels=unit == "px")


def _clause(content: Any, where: str) -> Clause:
    if not isinstance(content, dict) or not content:
        raise ConfigError(f"keys and values in {where}", repr(content), EXAMPLE)
    _refuse_others(content, tuple(_READERS), where)
    return Clause(**{key: _READERS[key](value, f"{key} of {where}") for key, value in content.items()})


def _refuse_others(content: Mapping[Any, Any], known: tuple[str, ...], where: str) -> None:
    others = [key for key in content if key not in known]
    if others:
        raise ConfigError(f"keys of {', '.join(known)} in {where}", repr(others[0]), "correct or remove it")


def _word(value: Any, where: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ConfigError(f"a word for {where}", repr(value), "write for example crack")
    return value.strip()


def _count(value: Any, where: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ConfigError(f"a whole number from 1 for {where}", repr(value), "write for example 3")
    return value


def _share(value: Any, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 1:
        raise ConfigError(f"a number from 0 to 1 for {where}", repr(value), "write for example 0.9")
    return float(value)


def _zone(value: Any, where: str) -> tuple[float, float, float, float]:
    if not isinstance(value, list) or len(value) != 4:
        raise ConfigError(f"four shares [left, top, right, bottom] for {where}", repr(value), "write [0, 0, 1, 0.2]")
    left, top, right, bottom = (_share(one, where) for one in value)
    if not (left < right and top < bottom) or not all(map(math.isfinite, (left, top, right, bottom))):
        raise ConfigError(f"left before right and top above bottom for {where}", repr(value), "write [0, 0, 1, 0.2]")
    return left, top, right, bottom


def _severity(value: Any, where: str) -> Severity:
    try:
        return Severity(str(value).strip().lower())
    except ValueError:
        names = ", ".join(Severity)
        raise ConfigError(f"a severity of {names} for {where}", repr(value), "use one of these") from None


_READERS: dict[str, Callable[[Any, str], Any]] = {
    "kind": _word,
    "longer_than": quantity,
    "wider_than": quantity,
    "count_at_least": _count,
    "zone": _zone,
    "severity_at_least": _severity,
    "peak_at_least": _share,
    "score_at_least": _share,
}
