"""The index: that it was made from today's phrasings and tower, and what it tells apart."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from importlib import resources
from pathlib import Path

import numpy as np
import pytest
import yaml

from assistant.reading import acts as room
from assistant.reading.acts import sentence_tower as towers
from assistant.reading.acts.act import EVASIVE, Act
from assistant.reading.acts.index import Confidence, load_index
from assistant.reading.acts.languages import language_of
from assistant.reading.acts.phrasings import MOST, expanded, load_phrasings, phrasings_hash
from assistant.reading.acts.sentence_tower import SentenceTower, sentence_tower
from assistant.reading.acts.understanding import KNOWN, understand
from assistant.reading.question import read_question
from assistant.towers.weights import tower_hash
from tests.reading.acts.test_understanding import USUAL

FOREIGN = yaml.safe_load((Path(__file__).parent / "foreign_messages.yaml").read_text(encoding="utf-8"))
HELD_OUT = yaml.safe_load((Path(__file__).parent / "held_out.yaml").read_text(encoding="utf-8"))


def pairs_of(acts: Mapping[str, str]) -> list[tuple[str, Act]]:
    return [(line, Act(act)) for act, lines in acts.items() for line in lines.splitlines()]


def share_right(acts: Mapping[str, str], tower: SentenceTower | None) -> float:
    pairs = pairs_of(acts)
    ranked = load_index().rank([text for text, _ in pairs], tower)
    return float(np.mean([one.acts[0] is act for one, (_, act) in zip(ranked, pairs, strict=True)]))


def share_refused(texts: list[str], tower: SentenceTower | None) -> float:
    ranked = load_index().rank(texts, tower)
    return float(np.mean([one.confidence < KNOWN or one.acts[0] in EVASIVE for one in ranked]))


def test_the_index_was_made_from_the_phrasings_as_they_are() -> None:
    card = load_index().card
    assert card["phrasings"]["sha256"] == phrasings_hash(), "make it again: python -m training.index_acts"
    assert card["phrasings"]["count"] == len(load_phrasings())
    assert card["towers"] == {"minilm": tower_hash("minilm")}


def test_the_index_is_small() -> None:
    folder = resources.files(room) / "index"
    assert sum(len((folder / name).read_bytes()) for name in ("index.safetensors", "index.json")) < 4_000_000


def test_every_act_has_many_phrasings_and_no_pattern_too_many() -> None:
    phrasings = load_phrasings()
    assert len({phrasing.text for phrasing in phrasings}) == len(phrasings) > 5000
    assert min(sum(phrasing.act is act for phrasing in phrasings) for act in Act) >= 40
    groups = np.bincount([phrasing.group for phrasing in phrasings])
    assert groups.max() <= MOST
    assert not any(sign in phrasing.text for phrasing in phrasings for sign in "{}|<>")


def test_patterns_expand() -> None:
    assert expanded("{a|b} c{|!}") == ["a c", "a c!", "b c", "b c!"]
    assert expanded("plain") == ["plain"]


def test_held_out_sentences_are_in_no_phrasing() -> None:
    known = {" ".join(phrasing.text.lower().strip("?!. ").split()) for phrasing in load_phrasings()}
    held_out = [text for block in ("acts", "rough") for text, _ in pairs_of(HELD_OUT[block])]
    assert len(held_out) > 250
    assert not [text for text in [*held_out, *HELD_OUT["unknown"].splitlines()] if text.lower().strip("?!. ") in known]


def test_confidence_grows_with_the_first_guess() -> None:
    confidence = Confidence(0.0, 1.0, 1.0)
    low, high = (confidence.of(np.array([top, (1 - top) / 2, (1 - top) / 2])) for top in (0.4, 0.9))
    assert 0 < low < high < 1
    assert all(one.top >= 0 and one.margin >= 0 for one in load_index().confidences.values())


def test_words_alone_tell_most_acts() -> None:
    assert share_right(HELD_OUT["acts"], None) >= 0.71
    assert share_refused(HELD_OUT["unknown"].splitlines(), None) >= 0.71


def test_an_absent_tower_leaves_the_words(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ANOMALY_ASSISTANT_HOME", str(tmp_path))
    assert sentence_tower() is None
    asked = read_question("Where is the defect, and how sure are you?")
    assert understand(asked) == understand(asked, lexical=True)


@pytest.mark.weights
def test_the_tower_tells_acts_of_sentences_it_has_not_seen() -> None:
    tower = sentence_tower()
    assert tower is not None
    assert share_right(HELD_OUT["acts"], tower) >= 0.88
    assert share_refused(HELD_OUT["unknown"].splitlines(), tower) >= 0.84


@pytest.mark.weights
def test_the_tower_is_loaded_once_whoever_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(towers, "_LOADED", {})
    found: list[SentenceTower | None] = []
    threads = [threading.Thread(target=lambda: found.append(sentence_tower())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(one) for one in found}) == 1


@pytest.mark.weights
@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_the_tower_reads_as_the_general_implementation_does() -> None:
    import torch
    from open_clip.hf_model import HFTextEncoder
    from open_clip.tokenizer import HFTokenizer

    from assistant.towers.weights import tower_path

    texts = ["Is it ok to ship?", "how long is the crack in mm", "x"]
    folder = str(tower_path("minilm"))
    general = HFTextEncoder(folder, output_dim=384, pooler_type="mean_pooler", proj_type=None, pretrained=True).eval()
    with torch.inference_mode():
        expected = torch.nn.functional.normalize(general(HFTokenizer(folder, context_length=16)(texts)), dim=1)
    tower = sentence_tower()
    assert tower is not None
    np.testing.assert_allclose(tower.embed(texts), expected.numpy(), atol=1e-5)
    assert tower.embed([]).shape == (0, 384)


@pytest.mark.weights
@pytest.mark.parametrize("language", USUAL)
def test_the_usual_questions_of_ten_languages(language: str) -> None:
    assert {act: _acts(text) for act, text in USUAL[language].items()} == {act: [Act(act)] for act in USUAL[language]}


@pytest.mark.weights
def test_messages_of_ten_languages_in_two_parts() -> None:
    messages = [(language, text, acts) for language, found in FOREIGN.items() for text, acts in found.items()]
    assert len(messages) == 60
    assert [text for language, text, _ in messages if language_of(text) != language] == []
    wrong = [text for _, text, acts in messages if [act.value for act in _acts(text)] != acts]
    assert len(wrong) <= 6, wrong


def _acts(text: str) -> list[Act]:
    return [asked.act for asked in understand(read_question(text)).acts]


@pytest.mark.weights
@pytest.mark.parametrize(
    ("text", "acts"),
    [
        ("Is there a defect, where is it and how bad is it?", [Act.PRESENCE, Act.WHERE, Act.SEVERITY]),
        ("Hi! Can I ship this or not? And how long is the crack in mm?", [Act.GREETING, Act.ACCEPT, Act.LENGTH]),
        ("What is the diagnosis and does he need a biopsy?", [Act.DIAGNOSIS, Act.BIOPSY]),
        ("Good job! Now tell me how sure you are.", [Act.PRAISE, Act.SURE]),
        ("it is a reflection. look again please", [Act.CLAIM, Act.RERUN]),
        ("Wo ist der Riss und wie groß ist er?", [Act.WHERE, Act.SIZE]),
    ],
)
def test_acts_of_whole_messages(text: str, acts: list[Act]) -> None:
    assert _acts(text) == acts
