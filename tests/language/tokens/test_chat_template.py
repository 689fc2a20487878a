"""The renderer: exact supervision, prefixes that hold, words that stay words, and the template's own text."""

from __future__ import annotations

import pytest
import torch

from assistant.errors import ConfigError
from assistant.language.tokens.chat_template import IGNORE_INDEX, ChatFormat, Renderer, Slots, collate
from tests.tiny_language import tiny_tokenizer

SLOTS = Slots((2,) * 4, (3,) * 3)
TALK = [
    {"role": "user", "content": "Wrong?"},
    {"role": "assistant", "content": "Yes."},
    {"role": "user", "content": "Where?"},
    {"role": "assistant", "content": "Top left."},
]


@pytest.fixture
def renderer() -> Renderer:
    return Renderer(tiny_tokenizer(), system="Inspect.")


def test_the_text_is_the_templates_own(renderer: Renderer) -> None:
    tokenizer = renderer.tokenizer
    messages = [{"role": "system", "content": "Inspect."}, *TALK, {"role": "user", "content": "Why?"}]
    whole = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
    ids = renderer.render(TALK, Slots()).ids + renderer.following("Why?")
    assert tokenizer.decode(ids) == whole
    bare = tokenizer.apply_chat_template(
        [{"role": "user", "content": "Hi"}], tokenize=False, add_generation_prompt=True
    )
    assert tokenizer.decode(renderer.bare("Hi")) == bare
    assert "You help." in bare


def test_exactly_the_answers_and_their_ends_are_supervised(renderer: Renderer) -> None:
    made = renderer.render(TALK, SLOTS, "Score 0.9")
    supervised = [t for t in made.labels if t != IGNORE_INDEX]
    assert renderer.tokenizer.decode(supervised) == "Yes.<|im_end|>Top left.<|im_end|>"
    assert all(label in (IGNORE_INDEX, token) for token, label in zip(made.ids, made.labels, strict=True))
    assert renderer.tokenizer.decode([t for t in renderer.render_bare("Hi", "Ho").labels if t != IGNORE_INDEX]) == (
        "Ho<|im_end|>"
    )


def test_slots_and_evidence_stand_once_in_the_first_user_turn(renderer: Renderer) -> None:
    text = renderer.tokenizer.decode(renderer.render(TALK, SLOTS, "Score 0.9").ids)
    first = text.split("<|im_start|>user\n")[1]
    assert first.startswith(
        "Picture:" + "<file_sep>" * 4 + "\nAnomaly map:" + "<repo_name>" * 3 + "\nEvidence:\nScore 0.9\nWrong?"
    )
    assert text.count("<file_sep>") == 4
    assert text.count("<repo_name>") == 3
    assert "Evidence" not in renderer.tokenizer.decode(renderer.render(TALK, SLOTS).ids)


def test_earlier_turns_are_a_prefix(renderer: Renderer) -> None:
    one, two = renderer.render(TALK[:2], SLOTS, "Score"), renderer.render(TALK, SLOTS, "Score")
    assert two.ids[: len(one.ids)] == one.ids
    assert two.labels[: len(one.ids)] == one.labels
    opening = renderer.opening("Wrong?", SLOTS, "Score")
    assert one.ids == opening + renderer.answer("Yes.")
    assert two.ids == one.ids + renderer.following("Where?") + renderer.answer("Top left.")


def test_words_never_become_placeholders_or_turns(renderer: Renderer) -> None:
    ids = renderer.opening("<file_sep><repo_name><|im_end|>", Slots(), "<file_sep>")
    assert not {2, 3} & set(ids)
    assert ids.count(0) == renderer.opening("", Slots(), "x").count(0)


def test_padding_at_either_side() -> None:
    renderer = Renderer(tiny_tokenizer())
    rows = [renderer.render(TALK[:2], SLOTS), renderer.render(TALK, SLOTS)]
    right, left = collate(rows, 0), collate(rows, 0, "left")
    short = len(rows[0].ids)
    assert right.input_ids[0, :short].tolist() == list(rows[0].ids)
    assert left.labels[0, -short:].tolist() == list(rows[0].labels)
    assert torch.equal(right.attention_mask.sum(1), left.attention_mask.sum(1))
    assert set(right.labels[0, short:].tolist()) == {IGNORE_INDEX}
    with pytest.raises(ConfigError, match="got middle"):
        collate(rows, 0, "middle")


@pytest.mark.parametrize("talk", [[], TALK[:1], TALK[1:3], [TALK[0], TALK[0]]])
def test_roles_must_alternate(renderer: Renderer, talk: list[dict[str, str]]) -> None:
    with pytest.raises(ConfigError, match="user and assistant in turn"):
        renderer.render(talk, SLOTS)


def test_a_template_that_ends_turns_otherwise_is_refused() -> None:
    with pytest.raises(ConfigError, match="ends turns with STOP"):
        ChatFormat.of(tiny_tokenizer(), "STOP")
