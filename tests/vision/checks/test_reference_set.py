"""Each fault of a reference is found and named with what to do; an ordinary set has none."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import pytest

from assistant.pipeline import Assistant
from assistant.types import QueryImage
from assistant.vision.checks.findings import Fault, Finding
from assistant.vision.checks.known import Known
from assistant.vision.checks.look import Look
from assistant.vision.checks.reference_set import Glance, ReferenceSet, check_references
from tests.vision.checks.parts import part, spoilt, stripes, turned, written_again


@pytest.fixture(scope="module")
def assistant() -> Assistant:
    return Assistant.load("tiny")


def known(assistant: Assistant, references: Sequence[QueryImage]) -> Known:
    found = assistant.build_profile(references).known
    assert found is not None
    return found


def faults(found: Known) -> list[tuple[str, str]]:
    return [(finding.fault.value, finding.source) for finding in found.findings]


@pytest.mark.parametrize("count", [1, 2, 3, 6])
def test_an_ordinary_set_has_no_faults(assistant: Assistant, count: int) -> None:
    found = known(assistant, [part(seed) for seed in range(count)])
    assert found.findings == ()
    assert (len(found.looks), len(found.class_distances)) == (count, count if count > 1 else 0)


@pytest.mark.parametrize("quarter", [1, 2, 3])
def test_a_turned_reference_is_named_with_the_turn_that_mends_it(assistant: Assistant, quarter: int) -> None:
    square = [part(seed, size=(112, 112)) for seed in range(6)]
    found = known(assistant, [*square[1:], turned(square[0], quarter)])
    assert faults(found) == [("turned", "turned.png")]
    assert f"turned by {90 * (4 - quarter)} degrees" in found.sentences[0]
    assert found.findings[0].number < 1


def test_a_picture_there_twice_is_named_with_its_twin(assistant: Assistant) -> None:
    some = [part(seed) for seed in range(5)]
    for again in (replace(some[0], source="again.png"), written_again(some[0], 97)):
        found = known(assistant, [*some, again])
        assert faults(found) == [("doubled", again.source)]
        assert "shows the same picture as part 0.png (distance 0.0" in found.sentences[0]
    assert faults(known(assistant, [some[0], replace(some[0], source="b")])) == [("doubled", "b")]


def test_another_product_is_named_whatever_the_number_of_references(assistant: Assistant) -> None:
    for count in (1, 2, 5):
        found = known(assistant, [*(part(seed) for seed in range(count)), stripes(0)])
        assert ("product", "stripes.png") in faults(found)
        assert all(source == "stripes.png" for _, source in faults(found))
        assert re.search(
            r"\(distance 0\.\d\d, of references 0\.\d\d, told from 0\.\d\d\): leave it out", found.sentences[0]
        )


def test_another_light_and_another_size_are_named_with_both_numbers(assistant: Assistant) -> None:
    some = [part(seed) for seed in range(5)]
    dark = known(assistant, [*some, part(7, "dark.png", light=0.5)])
    assert ("light", "dark.png") in faults(dark)
    assert any(re.search(r"lightness 25, of references \d+ to \d+\)", one) for one in dark.sentences)
    small = known(assistant, [*some, part(7, "small.png", size=(48, 64))])
    assert faults(small) == [("size", "small.png")]
    assert "64x48, of references 128x96" in small.sentences[0]


def test_an_anomalous_reference_is_named_by_the_others(assistant: Assistant) -> None:
    some = [part(seed) for seed in range(8)]
    glances = [Glance.of(picture) for picture in [*some, spoilt(some[0])]]
    told = a_set(glances, logits=[0.1, -0.2, 0.3, 0.0, -0.1, 0.2, 0.1, -0.3, 9.0])
    found = check_references(told)
    assert faults(found) == [("anomalous", "spoilt.png")]
    assert "spreads above their score): look at it" in found.sentences[0]
    doubtful = replace(told, logits=[*told.logits[:-1], 4.5])
    assert not check_references(doubtful).findings
    agreed = replace(doubtful, texts=[0.2] * 8 + [0.9])
    assert faults(check_references(agreed)) == [("anomalous", "spoilt.png")]
    assert not check_references(replace(told, logits=[0.1, 9.0], glances=glances[:2], distances=[0.1, 0.1])).findings


def test_of_one_or_two_the_text_expert_must_be_sure() -> None:
    one = a_set([Glance.of(part(0))], texts=[0.95])
    assert faults(check_references(one)) == [("anomalous", "part 0.png")]
    assert "(score without references 0.95)" in check_references(one).sentences[0]
    assert not check_references(replace(one, texts=[0.85])).findings
    three = a_set([Glance.of(part(seed)) for seed in range(3)], texts=[0.95, 0.1, 0.1], logits=[0.0, 0.0, 0.0])
    assert not check_references(three).findings


def a_set(glances: Sequence[Glance], texts: Sequence[float] = (), logits: Sequence[float] = ()) -> ReferenceSet:
    """References that are alike in all that is not told."""
    count = len(glances)
    several = count if count > 1 else 0
    return ReferenceSet(
        glances=glances,
        distances=[0.1] * several,
        copies=[0.05],
        class_distances=[0.05] * several,
        logits=logits,
        logit_spread=1.0,
        texts=texts or [0.2] * count,
        turned=lambda *_: 1.0,
    )


def test_only_far_references_are_turned_to_see() -> None:
    tried: list[tuple[int, int]] = []

    def turn(number: int, quarter: int) -> float:
        tried.append((number, quarter))
        return 0.09

    told = a_set([Glance.of(part(seed)) for seed in range(6)], logits=[0.0] * 6)
    check_references(replace(told, turned=turn))
    assert tried == []
    found = check_references(replace(told, turned=turn, distances=[0.1] * 5 + [0.3]))
    assert tried == [(5, 1), (5, 2), (5, 3)]
    assert faults(found) == [("turned", "part 5.png")]


def test_findings_are_read_as_they_were_written() -> None:
    made = Finding(Fault.LIGHT, "a\nb.png", 2.5, "was taken in another light")
    assert Finding.from_json(made.as_json()) == made
    assert made.sentence() == "a b.png was taken in another light"
    with pytest.raises(ValueError, match="noise"):
        Finding.from_json(made.as_json() | {"fault": "noise"})
    with pytest.raises(ValueError, match="without words"):
        Finding.from_json(made.as_json() | {"number": float("nan")})
    look = Look.of(part(0))
    assert Look.from_json(vars(look)) == look
    with pytest.raises(ValueError, match="no picture"):
        Look.from_json(vars(look) | {"width": 0})
