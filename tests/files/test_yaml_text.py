"""YAML: values as ever, and deep nesting refused at once."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import yaml

from assistant.errors import ConfigError
from assistant.files.yaml_text import parse_yaml
from assistant.rules import load_rule


def test_values_are_those_of_yaml() -> None:
    text = "a: [1, {b: 2}]\nc: {d: [x, 'y']}\n- no"
    assert parse_yaml(text.partition("\n- ")[0]) == {"a": [1, {"b": 2}], "c": {"d": ["x", "y"]}}
    with pytest.raises(yaml.YAMLError):
        parse_yaml(text)


@pytest.mark.parametrize("text", ["[" * 3000, "{a: " * 3000, "- " * 3000, "[" * 3000 + "]" * 3000])
def test_deep_nesting_is_refused_at_once(text: str, tmp_path: Path) -> None:
    started = time.perf_counter()
    with pytest.raises(yaml.YAMLError, match="deeper than 60 levels"):
        parse_yaml(text)
    (tmp_path / "r.yaml").write_text(f"reject:\n  - zone: {text}")
    with pytest.raises(ConfigError, match="a rule in YAML"):
        load_rule(str(tmp_path / "r.yaml"))
    assert time.perf_counter() - started < 2


@pytest.mark.parametrize(
    "value",
    [
        "9" * 5000, "2001-13-45", "0x_", "!!int ''", "!!bool x", "!!timestamp soon", "2001-01-01T00:00:00+99:99",
    ],
    ids=lambda value: value[:12],
)  # fmt: skip
def test_a_value_that_pyyaml_trips_over_is_no_yaml(value: str, tmp_path: Path) -> None:
    with pytest.raises(yaml.YAMLError, match="a value that cannot be read") as caught:
        parse_yaml(f"lot: {value}")
    assert "\n" not in str(caught.value)
    (tmp_path / "r.yaml").write_text(f"reject:\n  - score: {value}\n")
    with pytest.raises(ConfigError, match="a rule in YAML"):
        load_rule(str(tmp_path / "r.yaml"))
