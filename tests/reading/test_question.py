"""A question as one value: what it holds, that it is made once, and that it stays as it was typed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import FrozenInstanceError
from pathlib import Path
from typing import Any

import pytest

from assistant.language.interface import LanguageModel
from assistant.language.models.mini import MiniLVLM
from assistant.language.models.prompted import PromptedLanguageModel
from assistant.language.models.templates import TemplateLanguageModel
from assistant.reading import question as reading
from assistant.reading.intents import Intent
from assistant.reading.question import MOST_READ, Question, read_question
from assistant.types import Verdict
from tests.conversations import alone
from tests.inspections import inspection, region
from tests.tiny_language import tiny_folder

ONE = inspection(0.93, (region(1, ("top left",), "scratch", 0.72, 0.031, 0.97),), "metal plate")
CHOICE = "It is a plate.\nWhere is the crack? Answer with the letter only.\nA. centre\nB) top left"


def test_what_is_asked_stands_in_one_value() -> None:
    asked = read_question("Is there a crack at the top Center of region 2, and how bad is it?")
    assert asked.text.endswith("Center of region 2, and how bad is it?")
    assert asked.put == asked.text
    assert asked.intents == (Intent.PRESENCE, Intent.SEVERITY)
    assert asked.kinds == ("crack",)
    assert asked.cells == {"top centre"}
    assert asked.yes_or_no
    assert (asked.yes_verdict, asked.region, asked.numbers, asked.rank) == (None, 2, {2}, "")
    assert not any((asked.options, asked.letter_alone, asked.compares, asked.unanswerable))
    assert asked.stem is None


def test_a_question_with_options_holds_its_stem_and_how_it_is_put() -> None:
    asked = read_question(CHOICE)
    assert asked.options == {"A": "centre", "B": "top left"}
    assert asked.stem == read_question("Where is the crack? Answer with the letter only.")
    assert asked.letter_alone
    assert asked.put.splitlines() == [
        "It is a plate.", "Where is the crack?", "A. centre", "B) top left", "Answer with the option."
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "yes"),
    [
        ("Are there any defects?", Verdict.ANOMALOUS),
        ("Is it normal?", Verdict.NORMAL),
        ("Isn’t it damaged?", Verdict.ANOMALOUS),
        ("Is there another defect?", None),
        ("Is there a crack?", None),
        ("Is anything wrong at the top left?", None),
        ("Where is the defect?", None),
    ],
)
def test_the_verdict_that_yes_would_state(text: str, yes: Verdict | None) -> None:
    assert read_question(text).yes_verdict is yes


@pytest.mark.parametrize(
    ("text", "rank"),
    [("The worst one?", "first"), ("How bad is the biggest?", "largest"), ("And the other one?", "second")],
)
def test_which_region_is_meant(text: str, rank: str) -> None:
    assert read_question(text).rank == rank


def test_own_kinds_are_found_beside_the_built_in_ones() -> None:
    asked = read_question("Is there a wormhole (small) or a crack?")
    assert asked.kinds_among(("crack",)) == asked.kinds == ("crack",)
    assert asked.kinds_among(("wormhole (small)",)) == ("wormhole (small)", "crack")


def test_a_question_cannot_be_changed() -> None:
    asked = read_question(CHOICE)
    with pytest.raises(FrozenInstanceError):
        asked.text = "Why?"  # type: ignore[misc]
    with pytest.raises(TypeError):
        asked.options["A"] = "nowhere"  # type: ignore[index]


class Drafts(MiniLVLM):
    """A trained model that says the words it is given."""

    def __init__(self, *words: str) -> None:
        self.words = list(words)

    def open(self, *_: Any) -> Any:
        from assistant.language.interface import TokenDialogue

        return TokenDialogue(ONE, None)

    def stream(self, dialogue: Any, question: str, **_: Any) -> Any:
        yield self.words.pop(0)


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts that are parsed from now on."""
    texts: list[str] = []
    read_question.cache_clear()
    for name in ("options_of", "plain", "region_numbers"):
        function = getattr(reading, name)

        def counted(text: str, name: str = name, function: Callable[[str], Any] = function) -> Any:
            texts.append(name)
            return function(text)

        monkeypatch.setattr(reading, name, counted)
    return texts


@pytest.mark.parametrize("kind", ["trained", "prompted", "templates"])
def test_a_conversation_reads_its_question_once(kind: str, parsed: list[str], tmp_path: Path) -> None:
    model: LanguageModel[Any] = TemplateLanguageModel()
    if kind == "trained":
        model = Drafts("No, it is normal.", "Still normal.")
    elif kind == "prompted":
        model = PromptedLanguageModel(tiny_folder(tmp_path), dtype="float32", max_new_tokens=4)
    answer = alone(model, ONE).ask("Isn’t it damaged?")
    assert answer.question == "Isn’t it damaged?"
    assert sorted(parsed) == ["options_of", "plain", "region_numbers"]


def test_the_same_words_are_the_same_value() -> None:
    assert read_question("Where is it?") is read_question("Where is it?")
    assert isinstance(read_question(""), Question)


def test_what_stands_behind_the_longest_text_is_kept_but_not_read() -> None:
    text = "Where is it? " * (MOST_READ // 13 + 1) + "Is there a crack?"
    asked = read_question(text)
    assert (asked.text, asked.kinds) == (text, ())
    assert read_question(text[-100:]).kinds == ("crack",)
