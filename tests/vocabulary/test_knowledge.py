"""Knowledge: complete for the vocabulary, extensible by the user, strict on bad files."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from assistant.errors import ConfigError
from assistant.types import Domain
from assistant.vocabulary.defect_types import ALL_TYPES, MEDICAL_TYPES
from assistant.vocabulary.knowledge import load_knowledge

GLAZE = """
domain: industrial
types:
  crawling:
    synonyms: [glaze retraction]
    look: {shape: bare islands, colour: that of the body, texture: beaded borders}
    causes: [dust below the glaze, a thick coat]
    effects: [spoil the appearance]
    actions: [check cleaning before glazing]
    confusable: [chip]
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_one_entry_for_each_type_of_the_vocabulary() -> None:
    entries = load_knowledge().entries
    assert set(entries) == set(ALL_TYPES)
    assert {name for name, e in entries.items() if e.domain is Domain.MEDICAL} == set(MEDICAL_TYPES)


def test_lesions_and_only_lesions_are_cautious() -> None:
    for entry in load_knowledge().entries.values():
        assert ("not a diagnosis" in (entry.caution or "")) == (entry.domain is Domain.MEDICAL), entry.name


def test_phrases_fit_the_sentences_they_are_put_in() -> None:
    for entry in load_knowledge().entries.values():
        for phrase in (*entry.causes, *entry.effects, *entry.actions, *entry.look.model_dump().values()):
            assert phrase[-1] not in ".;,", (entry.name, phrase)
            assert ";" not in phrase


def test_found_by_name_and_synonym_in_any_case() -> None:
    knowledge = load_knowledge()
    for word, name in (("Rust", "corrosion"), ("tumour", "mass"), (" crack ", "crack")):
        entry = knowledge.find(word)
        assert entry is not None
        assert entry.name == name
    assert knowledge.find("unicorn") is None
    assert knowledge.find(None) is None


def test_knowledge_is_read_only() -> None:
    knowledge = load_knowledge()
    with pytest.raises(TypeError):
        knowledge.entries["x"] = knowledge.entries["crack"]  # type: ignore[index]
    with pytest.raises(ValidationError):
        knowledge.entries["crack"].countable = False  # type: ignore[misc]


def test_user_file_adds_a_type(tmp_path: Path) -> None:
    knowledge = load_knowledge([write(tmp_path, GLAZE)])
    entry = knowledge.find("glaze retraction")
    assert entry is not None
    assert entry.causes == ("dust below the glaze", "a thick coat")
    assert load_knowledge().find("crawling") is None


def test_user_file_overrides_single_fields(tmp_path: Path) -> None:
    text = "types: {scratch: {causes: [the new conveyor], look: {colour: silver}}, mass: {effects: [grow]}}"
    knowledge = load_knowledge([write(tmp_path, text)])
    before, scratch = load_knowledge().entries["scratch"], knowledge.entries["scratch"]
    assert scratch.causes == ("the new conveyor",)
    assert (scratch.look.colour, scratch.look.shape) == ("silver", before.look.shape)
    assert scratch.actions == before.actions
    assert "not a diagnosis" in (knowledge.entries["mass"].caution or "")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("types: [", "no YAML"),
        ("- a", "no mapping 'types'"),
        ("types: {}", "no mapping 'types'"),
        ("typos: {a: 1}\ntypes: {scratch: {}}", "typos too"),
        ("types: {scratch: 3}", "without fields"),
        ("types: {scratch: {colour: red}}", r"scratch\.colour"),
        ("types: {scratch: {causes: []}}", r"scratch\.causes"),
        ("types: {scratch: {name: x}}", "the key names the type"),
        ("types: {scratch: {confusable: [unicorn]}}", "unicorn"),
        (GLAZE.replace("domain: industrial", ""), r"crawling\.domain"),
    ],
)
def test_bad_files_say_what_is_wrong(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load_knowledge([write(tmp_path, text)])


def test_absent_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="name a YAML file"):
        load_knowledge([tmp_path / "none.yaml"])
