"""The user's own rule: what it rejects, what it cannot tell, how it is written, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from assistant.errors import ConfigError
from assistant.inquiry import Inquiry
from assistant.request import Request
from assistant.rules import Rule, load_rule
from assistant.rules.rule_file import read_rule
from assistant.rules.sentence import read_sentence
from assistant.types import AnomalyMap, Box, Extents, Inspection, MeasuredBy, Measures, Region, RuleDecision, Severity
from tests.inspections import inspection, region

REJECT, ACCEPT, UNDECIDED = RuleDecision


def sized(
    number: int, kind: str = "crack", length: float = 30, mm: float | None = 0.1, *, goes_on: bool = False,
    box: Box | None = None,
) -> Region:  # fmt: skip
    """A region of a length in pixels, 3 px wide, known to 10 %; ``mm`` a pixel."""

    def extents(scale: float) -> Extents:
        sizes = (length * scale, 3 * scale, (length * scale, 3 * scale), 3 * length * scale**2, 0.0)
        return Extents(*sizes, margin=0.1 * length * scale)

    known = None if mm is None else extents(mm)
    made = Measures(MeasuredBy.LINE, (5.0, 5.0), extents(1.0), known, ("note",), may_go_on=goes_on)
    return replace(region(number, kind=kind), measures=made, box=box or Box(1, 1, 20, 20))


def decided(rule: str | dict[str, object], *regions: Region, score: float = 0.8) -> tuple[str, tuple[int, ...]]:
    made = read_sentence(rule) if isinstance(rule, str) else read_rule(rule, "r.yaml")
    said = made.decide(inspection(score, regions))
    assert (said.reason is not None) == (said.verdict is UNDECIDED)
    return said.verdict.value, said.regions


def test_lengths_are_compared_with_their_margins() -> None:
    rule = "reject any crack over 2 mm"
    assert decided(rule, sized(1, length=30)) == ("reject", (1,))
    assert decided(rule, sized(1, length=15)) == ("accept", ())
    assert decided(rule, sized(1, length=21)) == ("undecided", (1,))
    assert decided(rule, sized(1, length=15, goes_on=True)) == ("undecided", (1,))
    assert decided(rule, sized(1, length=25, goes_on=True)) == ("reject", (1,))
    assert decided(rule, sized(1, "scratch", 90)) == ("accept", ())
    assert decided(rule, sized(1, length=21), sized(2, length=90)) == ("reject", (2,))


def test_without_a_scale_a_rule_in_millimetres_is_undecided_and_says_why() -> None:
    said = read_sentence("reject any crack over 2 mm").decide(inspection(0.8, (sized(3, mm=None),)))
    assert said.verdict is UNDECIDED
    assert said.reason == "no scale is known, so the length of region 3 in mm is not"
    assert decided("reject any crack over 20 px", sized(3, mm=None)) == ("reject", (3,))
    assert decided("reject any crack over 2 mm", sized(3, "dent", mm=None)) == ("accept", ())
    unmeasured = region(1, kind="crack")
    assert decided("reject any crack over 20 px", unmeasured) == ("undecided", (1,))


def test_widths() -> None:
    assert decided("reject anything wider than 2 px", sized(1)) == ("reject", (1,))
    assert decided("reject anything wider than 3 px", sized(1)) == ("undecided", (1,))
    assert decided("reject anything wider than 0.5 mm", sized(1)) == ("accept", ())


def test_counts_are_of_regions_of_which_the_rest_holds() -> None:
    three = tuple(sized(n, "scratch") for n in (1, 2, 3))
    assert decided("reject three scratches", *three) == ("reject", (1, 2, 3))
    assert decided("reject three scratches", *three[:2]) == ("accept", ())
    assert decided("reject three scratches", *three[:2], sized(3, "crack")) == ("accept", ())
    long = {"kind": "scratch", "count_at_least": 2, "longer_than": "2 mm"}
    assert decided({"reject": [long]}, sized(1, "scratch", 40), sized(2, "scratch", 20)) == ("undecided", (1, 2))


def test_zones_hold_the_pixels_of_a_region_not_its_box_alone() -> None:
    scores = np.zeros((32, 48), np.float32)
    scores[20:30, 0:10] = 0.9
    seen = replace(inspection(0.8, (sized(1, box=Box(0, 0, 10, 30)),)), anomaly_map=AnomalyMap(scores))
    assert read_sentence("reject anything in the top").decide(seen).verdict is ACCEPT
    assert read_sentence("reject anything in the bottom left").decide(seen).regions == (1,)
    assert read_sentence("reject anything at the right").decide(seen).verdict is ACCEPT


def test_severities_and_scores() -> None:
    grave = replace(sized(1), severity=Severity.CRITICAL)
    minor = replace(sized(2), severity=Severity.MINOR)
    assert decided({"reject": [{"severity_at_least": "major"}]}, minor, grave) == ("reject", (1,))
    assert decided({"reject": [{"severity_at_least": "critical"}]}, minor) == ("accept", ())
    assert decided({"reject": [{"score_at_least": 0.9}]}, score=0.91) == ("reject", ())
    assert decided({"reject": [{"score_at_least": 0.9}]}, grave, score=0.8) == ("accept", ())
    assert decided({"reject": [{"score_at_least": 0.9, "kind": "crack"}]}, score=0.95) == ("accept", ())
    assert decided({"reject": [{"peak_at_least": 0.9}]}, sized(1)) == ("reject", (1,))


def test_a_synonym_is_its_kind_and_a_region_without_kind_is_unknown() -> None:
    assert decided("reject rust", sized(1, "corrosion")) == ("reject", (1,))
    assert decided("reject rust", replace(sized(1), type=None)) == ("undecided", (1,))


def test_what_no_clause_rejects_is_accepted_unless_the_rule_says_otherwise() -> None:
    rule: dict[str, object] = {"reject": [{"kind": "dent"}]}
    assert decided(rule, sized(1))[0] == "accept"
    assert decided(rule | {"accept_otherwise": False}, sized(1))[0] == "undecided"


def test_a_file_and_a_sentence_make_the_same_rule(tmp_path: Path) -> None:
    path = tmp_path / "rules.yaml"
    path.write_text(
        "reject:\n  - {kind: crack, longer_than: 0.2 cm}\n  - {kind: scratch, count_at_least: 3}\n"
        "  - zone: [0, 0, 1, 0.1]\n  - severity_at_least: critical\n  - score_at_least: 0.9\naccept_otherwise: true\n"
    )
    said = (
        "Reject any crack over 2 mm, three scratches or more; anything in the top 10 %, critical defects, "
        "a score of at least 0.9; otherwise accept."
    )
    assert load_rule(str(path)) == load_rule(said)
    assert str(load_rule(said)) == (
        "reject any crack longer than 2 mm; at least 3 scratch; any region in the zone 0, 0, 1, 0.1; "
        "any critical or graver region; a score of at least 0.9; otherwise accept"
    )


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("reject any crack over 2", "'crack over', which is not understood"),
        ("reject any crack over 2 mm, pretty ones", "'pretty ones', which is not understood"),
        ("reject any crack over 2 mm unless it is blue", "not understood"),
        ("accept everything", "a rule that begins with reject"),
        ("reject", "expected clauses of kinds"),
        ('reject any "solder bridge" crack', "one kind in"),
    ],
)
def test_words_that_are_not_understood_are_refused(said: str, message: str) -> None:
    with pytest.raises(ConfigError, match=r"^expected .*, got .*; write for example") as caught:
        read_sentence(said)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "`reject` with clauses in .*, got an empty file"),
        ("- kind: crack", "`reject` with clauses in .*, got list"),
        ("rejects: []", "keys of reject, accept_otherwise in .*, got 'rejects'"),
        ("reject: []", "a list of clauses under `reject` in .*, got none"),
        ("reject: [{knd: crack}]", "keys of kind, longer_than.* in clause 1 of .*, got 'knd'"),
        ("reject: [{kind: crack}, {longer_than: 2}]", "unit .* in longer_than of clause 2 of .*, got 2"),
        ("reject: [{longer_than: 2 furlongs}]", "unit .*, got '2 furlongs'; write for example 2 mm"),
        ("reject: [{count_at_least: 0}]", "a whole number from 1 for count_at_least of clause 1"),
        ("reject: [{zone: [0.5, 0, 0.2, 1]}]", "left before right and top above bottom"),
        ("reject: [{zone: [0, 0, 1]}]", "four shares"),
        ("reject: [{severity_at_least: huge}]", "a severity of minor, major, critical"),
        ("reject: [{score_at_least: 90}]", "a number from 0 to 1 for score_at_least"),
        ("reject: [{kind: crack}]\naccept_otherwise: maybe", "accept_otherwise: true or false"),
        ("reject: [", "a rule in YAML, got something else in .* in line 1"),
    ],
)
def test_files_that_are_no_rule_are_refused_in_one_line(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "rules.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=message) as caught:
        load_rule(str(path))
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"a file with a rule, got nowhere\.yaml"):
        load_rule("nowhere.yaml")


def test_kinds_that_no_region_can_have_are_refused_before_anything_is_inspected() -> None:
    bridge = read_sentence('reject any "solder bridge" over 2 mm')
    with pytest.raises(ConfigError, match=r"got 'solder bridge'; use one of .*crack"):
        Request(rule=bridge)
    assert Request(rule=bridge, inquiry=Inquiry(types=("solder bridge",))).rule is bridge
    assert Request(rule=bridge, inquiry=Inquiry(look_for=("solder bridge",))).rule is bridge
    with pytest.raises(ConfigError, match="got 'crack'; use one of solder bridge"):
        Request(rule=read_sentence("reject cracks"), inquiry=Inquiry(types=("solder bridge",)))


def test_a_rule_without_clauses_is_none() -> None:
    with pytest.raises(ConfigError, match="at least one clause"):
        Rule(())


def test_a_request_rules_an_inspection() -> None:
    seen: Inspection = inspection(0.8, (sized(1),))
    assert Request().ruled(seen) is seen
    said = Request(rule=read_sentence("reject cracks")).ruled(seen).rule
    assert said is not None
    assert said.verdict is REJECT
