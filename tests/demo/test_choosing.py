"""The samples of the page: chosen by a rule, built as they were chosen, and what is said of them is true."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from assistant.errors import ConfigError
from data_builders.build import build
from data_builders.config import load_config
from demo import choosing
from demo.choosing import Tried
from demo.samples import CHOICE, read_samples
from demo.view import words


def one(number: int, **told: object) -> Tried:
    """A plain hit, but for what is told."""
    usual = {
        "object_name": f"object {number}", "domain": "industrial", "kinds": (f"kind {number}",), "score": 0.9,
        "covered": 0.9, "stray": 0.1, "strongest": True, "area": 0.02,
    }  # fmt: skip
    return Tried(number, **(usual | told))  # type: ignore[arg-type]


def test_the_rule_of_the_choice() -> None:
    assert one(0).mark == "hit"
    for told in ({"score": 0.6}, {"covered": 0.3}, {"stray": 0.7}, {"strongest": False}):
        assert one(0, **told).mark == "", "a hit that is not plain is not shown"
    assert one(0, score=0.4).mark == "missed"
    assert one(0, kinds=(), score=0.2).mark == "normal"
    assert one(0, kinds=(), score=0.45).mark == ""
    pool = [
        *(one(n, domain="medical" if n % 2 else "industrial", covered=0.5 + n / 100) for n in range(12)),
        one(20, object_name="object 10", covered=0.99), one(30, kinds=(), score=0.1),
        one(31, kinds=(), score=0.2, domain="medical"), one(40, score=0.2, area=0.01), one(41, score=0.3, area=0.05),
    ]  # fmt: skip
    kept = choosing.chosen(pool)
    assert [one.mark for one in kept] == ["hit"] * 5 + ["normal"] * 2 + ["missed"]
    assert [one.number for one in kept] == [20, 11, 8, 9, 6, 30, 31, 41]
    assert choosing.chosen(pool[::-1]) == kept, "the order of the pool does not matter"
    with pytest.raises(ConfigError, match="enough plain samples"):
        choosing.chosen(pool[:3])


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The samples as `make demo` builds them."""
    folder = tmp_path_factory.mktemp("samples") / "set"
    build(load_config(choosing.CONFIG), folder, workers=1)
    return folder


def test_what_is_built_is_what_was_chosen(shown: Path) -> None:
    told = json.loads(CHOICE.read_text(encoding="utf-8"))
    samples = read_samples(shown)
    assert [(s.number, s.object_name, list(s.truth)) for s in samples] == [
        (one["number"], one["object_name"], one["kinds"]) for one in told["samples"]
    ]
    assert [s.missed for s in samples] == [one["mark"] == "missed" for one in told["samples"]]
    assert {s.domain.value for s in samples} == {"industrial", "medical"}
    assert words.sample_label("gear", ("crack",), missed=True) == "Missed: gear: crack"
    other = json.loads((shown / "manifest.json").read_text())
    other["config"]["seed"] += 1
    (shown / "manifest.json").write_text(json.dumps(other))
    assert not any(s.missed for s in read_samples(shown)), "no other data set is marked"


@pytest.mark.weights
def test_the_marks_are_true(shown: Path) -> None:
    """A hit, a normal picture and the miss; slow, since each is inspected beside its references, as the page does."""
    from assistant.pipeline import Assistant

    told = json.loads(CHOICE.read_text(encoding="utf-8"))["samples"]
    firsts = {one["mark"]: one["number"] for one in reversed(told)}
    found = choosing.inspect_pool(Assistant.load("mini"), shown, firsts.values())
    assert {one.mark: one.number for one in found} == firsts
