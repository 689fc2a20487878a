"""What a message only tells: passed over beside what it asks, alone one act; its sizes and regions stay. Heads by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import pytest

from assistant.reading.acts import understanding
from assistant.reading.acts.act import Act
from assistant.reading.acts.index import Ranking
from assistant.reading.acts.sentence_tower import SentenceTower
from assistant.reading.acts.understanding import Understanding, understand
from assistant.reading.question import read_question
from assistant.reading.told.scales import Scale, Unit, scale_of

Told = Callable[[str, Mapping[str, tuple[Act, float]]], Understanding]


class Heads:
    """An index that gives each piece the act, and the confidence, that a test says."""

    def __init__(self, acts: Mapping[str, tuple[Act, float]]) -> None:
        self._acts = acts

    def rank(self, texts: Sequence[str], tower: SentenceTower | None) -> list[Ranking]:
        rankings = []
        for text in texts:
            first, confidence = next(
                (told for words, told in self._acts.items() if words in text.lower()), (Act.NONSENSE, 0.0)
            )
            rankings.append(Ranking((first, *(act for act in Act if act is not first)), confidence))
        return rankings


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Iterator[Told]:
    def read(text: str, acts: Mapping[str, tuple[Act, float]]) -> Understanding:
        understanding._understood.cache_clear()
        monkeypatch.setattr(understanding, "load_index", lambda: Heads(acts))
        return understand(read_question(text), lexical=True)

    yield read
    understanding._understood.cache_clear()


def test_context_is_passed_over_beside_a_question(told: Told) -> None:
    acts = {"two hundred": (Act.CONTEXT, 0.9), "coming": (Act.CONTEXT, 0.9), "ship": (Act.ACCEPT, 0.9)}
    found = told("We run two hundred a minute. The buyer is coming. Can we ship it?", acts)
    assert [one.act for one in found.acts] == [Act.ACCEPT]
    assert found.unclear == ()


def test_context_alone_is_one_act(told: Told) -> None:
    acts = {"two hundred": (Act.CONTEXT, 0.9), "region 2": (Act.CONTEXT, 0.9)}
    found = told("We run two hundred a minute. Region 2 is by the gate.", acts)
    assert [one.act for one in found.acts] == [Act.CONTEXT]
    assert found.acts[0].slots.numbers == {2}, "the piece that names a region is kept"
    assert [
        one.act
        for one in told(
            "We run two hundred a minute. Qwx.", {"two": (Act.CONTEXT, 0.9), "qwx": (Act.NONSENSE, 0.9)}
        ).acts
    ] == [Act.CONTEXT]


def test_a_size_told_in_passing_is_taken_up(told: Told) -> None:
    acts = {"60 mm": (Act.CONTEXT, 0.9), "bought": (Act.CONTEXT, 0.9)}
    found = told("The part is 60 mm wide. We bought it in May.", acts)
    assert [(one.act, one.slots.scale) for one in found.acts] == [(Act.SCALE, Scale("width", 60, Unit.MM, "the part"))]


def test_a_region_named_in_passing_is_what_the_next_piece_is_about(told: Told) -> None:
    acts = {"by the gate": (Act.CONTEXT, 0.9), "how long": (Act.LENGTH, 0.9)}
    found = told("Region 2 is by the gate. How long is it?", acts)
    assert [(one.act, one.slots.numbers) for one in found.acts] == [(Act.LENGTH, frozenset({2}))]


def test_what_asks_is_no_context(told: Told) -> None:
    found = told("And the gasket then?", {"gasket": (Act.CONTEXT, 0.9)})
    assert Act.CONTEXT not in {one.act for one in found.acts}
    beside = told("We bought it in May. What about the qwx thing?", {"may": (Act.CONTEXT, 0.9)})
    late = told("The auditor is here, so on what basis was it rejected", {"auditor": (Act.CONTEXT, 0.9)})
    assert Act.CONTEXT not in {one.act for one in late.acts}
    assert beside.acts == ()
    assert beside.unclear == ("What about the qwx thing?",)


def test_a_statement_that_is_nearest_to_context_is_that(told: Told) -> None:
    assert [one.act for one in told("It comes off line 3.", {"line 3": (Act.CONTEXT, 0.2)}).acts] == [Act.CONTEXT]


@pytest.mark.parametrize("text", ["our limit is 1.5 mm", "the tolerance is 0.5 mm on the length", "max width 0.3 mm"])
def test_a_limit_is_no_scale(text: str) -> None:
    assert scale_of(text) is None
