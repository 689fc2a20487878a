"""The index of acts: heads that learn, confidences that hold for patterns not seen, and the command that writes both."""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file

from assistant.reading.acts.act import Act
from assistant.reading.acts.lexical import BUCKETS, buckets_of
from assistant.reading.acts.phrasings import Phrasing, load_phrasings
from assistant.reading.acts.sentence_tower import SentenceTower
from training import index_acts
from training.acts.features import by_words
from training.acts.heads import HeadRecipe, fit_head, phrasing_weights
from training.acts.left_out import calibration_error, fit_confidence, left_out
from training.acts.spoken import SpokenPiece, load_spoken


class BagOfWords(SentenceTower):
    """Stands for the sentence tower: a word moves a sentence along a direction of its own."""

    def __init__(self) -> None:
        super().__init__(None, {})

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        rows = [
            sum(np.random.default_rng(zlib.crc32(word.encode())).normal(size=384) for word in text.split())
            for text in texts
        ]
        return np.stack([row / np.linalg.norm(row) for row in rows]).astype(np.float32)


def few_phrasings() -> list[Phrasing]:
    """Of each act the first sentences of its first four patterns."""
    found = []
    for act in Act:
        firsts = {phrasing.group: phrasing for phrasing in reversed(load_phrasings()) if phrasing.act is act}
        found += [firsts[group] for group in sorted(firsts)[:4]]
    renumbered = {group: at for at, group in enumerate(sorted({phrasing.group for phrasing in found}))}
    return [Phrasing(phrasing.text, phrasing.act, renumbered[phrasing.group]) for phrasing in found]


def test_rows_of_words_have_length_one() -> None:
    rows = by_words(["where is it", "how bad is it"]).to_dense()
    assert rows.shape == (2, BUCKETS)
    torch.testing.assert_close(rows.norm(dim=1), torch.ones(2))
    assert torch.nonzero(rows[0])[:, 0].tolist() == buckets_of("where is it").tolist()


def test_a_head_tells_what_its_features_tell() -> None:
    features = torch.eye(3).repeat(4, 1)
    head = fit_head(features, features, torch.ones(12), HeadRecipe(decay=1e-4, learning_rate=0.1, steps=60))
    assert (features.numpy() @ head.weight + head.bias).argmax(1).tolist() == [0, 1, 2] * 4


def test_a_pattern_of_many_sentences_has_not_as_many_votes() -> None:
    weights = phrasing_weights(torch.tensor([0, 0, 0, 0, 0, 1]), torch.tensor([0, 0, 0, 0, 1, 2]))
    assert weights.mean().item() == pytest.approx(1)
    assert weights[0] < weights[4] < weights[5]


def test_whole_patterns_and_conversations_are_left_out() -> None:
    groups = torch.arange(200).repeat_interleave(3)
    out = left_out(groups, 0.2, 0)
    assert 20 <= int(out.sum()) / 3 <= 60
    assert not set(groups[out].tolist()) & set(groups[~out].tolist())
    assert torch.equal(out, left_out(groups, 0.2, 0))


def test_material_holds_patterns_and_pieces() -> None:
    phrasings = [
        Phrasing("where is it", Act.WHERE, 0),
        Phrasing("where", Act.WHERE, 0),
        Phrasing("how long", Act.LENGTH, 1),
    ]
    spoken = [SpokenPiece("so where", (Act.WHERE, Act.POSITION), "t1"), SpokenPiece("morning", (Act.GREETING,), "t2")]
    material = index_acts.material_of(phrasings, spoken)
    assert material.groups.tolist() == [0, 0, 1, 2, 3]
    assert material.spoken.tolist() == [False, False, False, True, True]
    order = list(Act)
    assert material.targets.sum(1).tolist() == pytest.approx([1] * 5)
    assert material.targets[3, order.index(Act.WHERE)].item() == pytest.approx(0.65)
    guesses = np.zeros((5, len(order)))
    for row, act in enumerate([Act.WHERE, Act.LENGTH, Act.LENGTH, Act.POSITION, Act.THANKS]):
        guesses[row, order.index(act)] = 1
    assert material.right(guesses).tolist() == [True, False, True, True, False], "either of two readings is right"
    part = material.part(material.spoken)
    assert list(part.texts) == ["so where", "morning"]
    assert part.lexical.shape == (2, BUCKETS)


def test_confidence_is_the_share_that_is_right() -> None:
    rng = np.random.default_rng(0)
    tops = rng.uniform(0.5, 0.98, 4000)
    guesses = np.stack([tops, 1 - tops], 1)
    right = rng.uniform(size=4000) <= tops
    confidence = fit_confidence(guesses, right)
    sure = np.array([confidence.of(row) for row in guesses])
    assert calibration_error(sure, right) < 0.03
    assert calibration_error(np.full(100, 0.9), np.zeros(100, bool)) == pytest.approx(0.9)


def test_the_command_writes_an_index_and_its_scores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index_acts, "sentence_tower", BagOfWords)
    monkeypatch.setattr(index_acts, "load_phrasings", few_phrasings)
    monkeypatch.setattr(index_acts, "load_spoken", lambda: load_spoken()[:400])
    held_out = tmp_path / "held_out.yaml"
    held_out.write_text("acts:\n  where: |\n    where is it\nunknown: |\n  xyzzy\n", encoding="utf-8")
    out = tmp_path / "index"
    assert index_acts.main(["--out", str(out), "--held-out", str(held_out), "--epochs", "0"]) == 0
    card = json.loads((out / "index.json").read_text(encoding="utf-8"))
    assert card["acts"] == list(Act)
    assert card["phrasings"]["count"] == len(few_phrasings())
    assert card["recipe"]["tuning"]["epochs"] == 0
    assert card["spoken"]["pieces"] == 400
    assert card["scores"]["left_out"]["sentence"]["spoken"]["pieces"] > 20
    assert card["scores"]["held_out"]["sentence"]["acts"]["top_1"] == 1
    tensors = load_file(out / "index.safetensors")
    assert {name: array.shape for name, array in tensors.items()} == {
        "sentence.weight": (384, len(Act)),
        "sentence.bias": (len(Act),),
        "lexical.weight": (BUCKETS, len(Act)),
        "lexical.bias": (len(Act),),
    }


def test_without_the_tower_it_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(index_acts, "sentence_tower", lambda: None)
    assert index_acts.main(["--out", str(tmp_path)]) == 2
    assert "weights fetch minilm" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
