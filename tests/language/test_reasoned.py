"""A verdict reasoned out: three steps, the regions that each speaks of, a model's words held against the facts."""

from __future__ import annotations

import pytest

from assistant.config import LanguageConfig
from assistant.language.chat_model import ChatLanguageModel
from assistant.language.conversation import Conversation
from assistant.language.reasoned import cited, reasoned
from assistant.types import Domain, Inspection, ReasoningStep, WordsOf
from tests.inspections import inspection, region
from tests.language.fake_writer import FakeWriter

CRACK = region(1, ("top left",), "crack", 0.72, 0.031, 0.97)
STAIN = region(2, ("centre", "middle right"), "stain", 0.66, 0.012, 0.81)
SERVED = LanguageConfig(kind="server", name="http://127.0.0.1:1/v1")
TWO = inspection(0.93, (CRACK, STAIN), "metal plate")


def steps(found: Inspection, writer: FakeWriter | None = None, medical: bool = False) -> tuple[ReasoningStep, ...]:
    if writer is None:
        return reasoned(Conversation(found, lambda: pytest.fail("no model is needed")), medical)
    model = ChatLanguageModel(writer)
    return reasoned(Conversation(found, lambda: (model, model.open(found)), language=SERVED), medical)


def test_three_steps_from_the_measurements() -> None:
    look, compare, conclude = steps(inspection(0.2))
    assert [one.name for one in (look, compare, conclude)] == ["look", "compare", "conclude"]
    assert "0.20" in compare.text
    assert {one.words_of for one in (look, compare, conclude)} == {WordsOf.MEASUREMENTS}
    assert {one.regions for one in (look, compare, conclude)} == {()}


def test_a_model_words_what_it_may_and_cites_what_it_speaks_of() -> None:
    writer = FakeWriter(
        "The crack at the top left stands out. ", "It may come from rain at the bottom.", "Nonsense 77 mm."
    )
    look, compare, conclude = steps(TWO, writer)
    assert look.regions == (1, 2)
    assert WordsOf.MODEL in {look.words_of, compare.words_of, conclude.words_of}
    assert not any(wrong in f"{look.text} {compare.text} {conclude.text}" for wrong in ("rain", "77 mm"))
    down = steps(TWO, FakeWriter(None))
    assert WordsOf.MODEL_UNREACHABLE in {one.words_of for one in down}


def test_of_a_scan_nobody_says_that_it_can_be_shipped() -> None:
    scan = inspection(0.2, (), "brain", Domain.MEDICAL)
    assert "ship" not in steps(scan, medical=True)[2].text
    assert steps(scan, medical=True)[2].text


@pytest.mark.parametrize(
    ("text", "regions"),
    [
        ("Region 2 is weak.", (2,)),
        ("1. a crack at the top left\n2. a stain", (1, 2)),
        ("Region 1, at the centre and the middle right, is dark.", (1,)),
        ("A mark at the centre and the middle right.", (2,)),
        ("A mark at the centre.", (2,)),
        ("It scores 0.81 at no place.", ()),
        ("Region 7 is not there.", ()),
    ],
)
def test_what_a_text_speaks_of(text: str, regions: tuple[int, ...]) -> None:
    assert cited(text, TWO) == regions
