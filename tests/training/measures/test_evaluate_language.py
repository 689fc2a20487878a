"""Measures of a language model: models that do the right and the wrong thing get the numbers they should."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from safetensors.torch import save_file

from assistant.config import LanguageConfig
from assistant.errors import DataSetError
from assistant.geometry import CELLS
from assistant.language.interface import EvidenceKind, TokenDialogue
from assistant.language.models.lora import add_lora, lora_parameters
from assistant.language.models.mini_parts import load_base, load_parts, new_parts, save_parts
from assistant.language.tokens.generation import DecodingOptions
from assistant.pipeline import Assistant
from assistant.report import inspection_row
from assistant.types import AnomalyMap, Domain, Inspection
from assistant.vision.checkpoint import Card
from assistant.vocabulary.knowledge import load_knowledge
from assistant.words.evidence import evidence_text
from data_builders.words.conversation import make_conversation
from data_builders.words.facts import facts_of_inspection
from tests.data_builders.word_facts import random_facts
from tests.inspections import inspection, region
from tests.tiny_language import tiny_folder
from training.evaluate_language import main
from training.language.data import read_replay
from training.measures.ablation import ablation, questions
from training.measures.answer_facts import JUDGES, judged
from training.measures.conversations import contradictions, premises, talk_all, transcript
from training.measures.general_behaviour import general_behaviour, side_by_side
from training.measures.map_following import PARTNERS, PLAIN, clear_cell, follows, map_following, place_questions, swaps
from training.measures.told_pictures import read_told

BLOCK_WIDTH = 256
FALSE = [{"role": "user", "content": "How deep is the crack?"}, {"role": "assistant", "content": "There is no crack."}]
ASKED = [
    {"role": "user", "content": "What does it cost?"},
    {"role": "assistant", "content": "I cannot tell the price."},
]


def found_at(number: int) -> Inspection:
    """A clear region in a cell of its own, or a normal picture; lesions in some."""
    medical = number % 4 == 3
    one = region(1, (CELLS[number % 9],), "cyst" if medical else "scratch")
    plain = inspection(0.95 if number % 3 else 0.04, (one,) if number % 3 else (), None, None)
    image = replace(
        plain.image, source=f"pictures/{number}.png", domain=Domain.MEDICAL if medical else Domain.INDUSTRIAL
    )
    maps = np.zeros((48, 48), np.float32)
    if plain.regions:
        row, column = divmod(number % 9, 3)
        maps[16 * row : 16 * row + 16, 16 * column : 16 * column + 16] = 0.95
    return replace(plain, image=image, anomaly_map=AnomalyMap(maps))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A language set of twelve pictures with held-out conversations, replay, and a preset with random parts."""
    out = tmp_path_factory.mktemp("evaluate")
    made = out / "set"
    made.mkdir()
    rows: dict[str, list[Any]] = {"evidence": [], "inspections": [], "conversations": []}
    rng, generator = np.random.default_rng(0), torch.Generator().manual_seed(0)
    for i in range(12):
        about = found_at(i)
        blocks = torch.randn(64, BLOCK_WIDTH, generator=generator).half()
        tensors = {"map": torch.from_numpy(about.anomaly_map.scores).half(), "image_tokens": blocks}
        save_file(tensors, made / f"{i:07d}.safetensors")
        source, row = about.image.source, inspection_row(about)
        text = evidence_text(about, load_knowledge())
        rows["evidence"].append({"index": i, "source": source, "evidence": text, "score": about.image_score})
        rows["inspections"].append(row)
        talk = make_conversation(facts_of_inspection(row, about.image.domain), rng, True)
        rows["conversations"].append({
            "index": i, "source": source, "evidence": text, "conversations": [talk.turns, [*FALSE, *ASKED]],
            "intents": [talk.intents, ["false_premise", "unanswerable"]], "kind": [talk.kind, "dialogue"],
        })  # fmt: skip
    for name, lines in rows.items():
        (made / f"{name}.jsonl").write_text("".join(json.dumps(r) + "\n" for r in lines))
    replay = [{"prompt": f"say {i}", "answer": f"it is {i}", "ended": i % 2 == 0} for i in range(4)]
    (out / "replay.jsonl").write_text("".join(json.dumps(r) + "\n" for r in replay))
    _preset(out)
    return out


def _preset(out: Path) -> None:
    tiny_folder(out / "llama")
    raw = yaml.safe_load(Path("assistant/presets/tiny/preset.yaml").read_text())
    language = {"kind": "local", "name": str(out / "llama")}
    (out / "preset.yaml").write_text(yaml.safe_dump(raw | {"language": language}))
    parts = new_parts(LanguageConfig(**language), BLOCK_WIDTH, Assistant.load("tiny").detector.clip.hashes)
    torch.manual_seed(5)
    for parameter in (*add_lora(parts.model, 4).values(), *parts.projector.parameters()):
        torch.nn.init.normal_(parameter, std=0.3)
    save_parts(out / "parts", parts, Card("tiny", parts.towers, "", {}, [], {}))


class Says:
    """A model whose words are a function of the inspection it is shown, the question and what it is told."""

    def __init__(self, words: Callable[[Inspection, str, EvidenceKind], str]) -> None:
        self.words = words

    def open(self, inspection: Inspection, encoded: Any = None) -> TokenDialogue:
        assert encoded is not None
        return TokenDialogue(inspection, None)

    def stream(
        self, dialogue: TokenDialogue, question: str, *, stop: threading.Event | None = None, evidence: EvidenceKind = "both",
        begin: str = "",
    ) -> Iterator[str]:  # fmt: skip
        dialogue.talk.before = len(dialogue.talk.ids)
        dialogue.talk.ids += [1]
        yield begin or self.words(dialogue.inspection, question, evidence)

    def answer(
        self, dialogue: TokenDialogue, question: str, *, evidence: EvidenceKind = "both", begin: str = ""
    ) -> str:
        return "".join(self.stream(dialogue, question, evidence=evidence, begin=begin))


def of_map(shown: Inspection, question: str, evidence: EvidenceKind) -> str:
    """Reads the map when told of it."""
    best = int(shown.anomaly_map.scores.argmax())
    cell = CELLS[3 * (best // 48 // 16) + best % 48 // 16]
    return f"It is at the {cell}." if evidence in ("embeddings", "both") else "It is somewhere."


def of_regions(shown: Inspection, question: str, evidence: EvidenceKind) -> str:
    """Answers from the picture alone."""
    return f"It is at the {shown.regions[0].cells[0]}." if shown.regions else "Nothing stands out."


def test_sets_are_read_back_whole(folder: Path) -> None:
    pictures = read_told(folder / "set")
    assert len(pictures) == 12
    for number, picture in enumerate(pictures):
        made = found_at(number)
        assert picture.inspection.regions == made.regions
        assert picture.inspection.verdict is made.verdict
        assert picture.inspection.image.domain is made.image.domain
        np.testing.assert_allclose(picture.inspection.anomaly_map.scores, made.anomaly_map.scores, atol=1e-3)
        assert picture.encoded().blocks.shape == (1, 64, BLOCK_WIDTH)
        assert [e.intent for e in picture.conversations[1]] == ["false_premise", "unanswerable"]


def test_conversations_without_intents_are_refused(folder: Path, tmp_path: Path) -> None:
    for file in (folder / "set").iterdir():
        (tmp_path / file.name).symlink_to(file)
    (tmp_path / "conversations.jsonl").unlink()
    row = {"index": 0, "source": "x", "conversations": [FALSE], "intents": [], "kind": []}
    (tmp_path / "conversations.jsonl").write_text(json.dumps(row) + "\n")
    with pytest.raises(DataSetError, match="line 1 of conversations"):
        read_told(tmp_path)


def test_swapped_maps_tell_who_follows(folder: Path) -> None:
    pictures = read_told(folder / "set")
    clear = [p for p in pictures if clear_cell(p.inspection)]
    assert len(clear) == 8
    made = swaps(pictures, None, random.Random(0))
    assert len(made) == 8 * PARTNERS
    assert len({id(swap.picture) for swap in made[:8]}) == 8
    assert len({(id(swap.picture), id(swap.shown.anomaly_map)) for swap in made}) == len(made)
    assert len(swaps(pictures, 11, random.Random(0))) == 11
    assert all(swap.own != swap.other for swap in made)
    for swap in made:
        assert swap.shown.regions == swap.picture.inspection.regions
        assert of_map(swap.shown, "", "both") == f"It is at the {swap.other}."
    follower = map_following(Says(of_map), pictures, None, 0)
    assert follower["embeddings_follows"] == 1
    assert (follower["embeddings_own"], follower["off_follows"], follower["off_no_place"]) == (0, 0, 1)
    stubborn = map_following(Says(of_regions), pictures, 5, 0)
    assert (stubborn["pairs"], stubborn["embeddings_follows"], stubborn["embeddings_own"]) == (5, 0, 1)
    assert follows("At the centre.", "top left", "centre")
    assert not follows("At the centre and the top left.", "top left", "centre")
    assert place_questions([]) == PLAIN


def test_conversations_count_what_is_said(folder: Path) -> None:
    pictures = read_told(folder / "set")

    def good(shown: Inspection, question: str, evidence: EvidenceKind) -> str:
        answers = {e.question: e.answer for p in pictures if p.inspection is shown for t in p.conversations for e in t}
        return answers[question]

    held = talk_all(Says(good), pictures, "both", None, 0)
    assert len(held) == 24
    found, told = contradictions(held), premises(held)
    assert (found["before_retry"], found["after_retry"]) == (0, 0)
    assert (told["corrected"], told["declined"], told["answerable_declined"]) == (1, 1, 0)
    assert (told["reading_corrected"], told["reading_declined"]) == (1, 1)
    wrong = {"How deep is the crack?": "The crack is deep.", "What does it cost?": "It costs 20 dollars."}
    bad = talk_all(Says(lambda shown, q, _: wrong.get(q, "I cannot tell.")), pictures, "both", None, 0)
    told = premises(bad)
    assert told["corrected"] == 0
    assert told["declined"] == 1  # a price is taken back, and declined the second time
    assert any("20 dollars" in turn.draft and turn.retried for one in bad for turn in one.turns)
    assert told["answerable_declined"] == 1
    liar = talk_all(Says(lambda shown, q, _: "There is a crack at the top left."), pictures, "both", 6, 0)
    found = contradictions(liar)
    assert found["conversations"] == 6
    assert found["before_retry"] == 1
    assert found["retried"] > 0
    assert found["after_retry"] < 1
    text = transcript(liar[0])
    assert "taken back: There is a crack at the top left." in text or "CONTRADICTS" in text


def test_built_answers_are_judged_right_and_others_wrong() -> None:
    rng, seen = np.random.default_rng(3), 0
    for number in range(90):
        facts = random_facts(rng)
        for e in make_conversation(facts, rng, number % 2 == 0).exchanges:
            if e.intent in JUDGES:
                assert judged(e.intent, e.answer, e.question, facts.inspection) is True, (e, facts)
                seen += 1
    assert seen > 40


WHOLE = inspection(0.93, (region(1, ("top left",), "scratch"), region(2, ("centre",), "stain", area=0.001, peak=0.6)))
CLEAR = inspection(0.03)


@pytest.mark.parametrize(
    ("intent", "question", "text", "shown", "right"),
    [
        ("presence", "Is anything wrong?", "No, it looks normal.", WHOLE, False),
        ("presence", "Is anything wrong?", "Hello.", WHOLE, None),
        ("presence", "Is there a crack?", "Yes, there is a crack.", WHOLE, False),
        ("presence", "Is there a scratch?", "A scratch was not found.", WHOLE, False),
        ("presence", "Is there a crack?", "Nothing here looks like a crack.", WHOLE, True),
        ("count", "How many?", "Three.", WHOLE, False),
        ("count", "How many?", "Two regions stand out.", WHOLE, True),
        ("count", "How many?", "Several regions stand out.", WHOLE, None),
        ("count", "How many?", "One.", CLEAR, False),
        ("where", "Where is region 2?", "At the top left.", WHOLE, False),
        ("where", "Where is region 2?", "At the centre.", WHOLE, True),
        ("where", "Where is the scratch?", "At the top left and the bottom left.", WHOLE, False),
        ("where", "Where is it?", "At the centre.", CLEAR, False),
        ("where", "Where is it?", "It is a nice day.", WHOLE, None),
        ("type", "What is region 1?", "A stain.", WHOLE, False),
        ("type", "What is it?", "A crack.", WHOLE, False),
        ("severity", "How bad is region 2?", "It is rated critical.", WHOLE, False),
        ("severity", "How bad is region 2?", "It is rated minor.", WHOLE, True),
        ("severity", "How bad is it?", "Very.", WHOLE, None),
    ],
)
def test_facts_are_judged(intent: str, question: str, text: str, shown: Inspection, right: bool | None) -> None:
    assert judged(intent, text, question, shown) is right


def test_the_ablation_asks_the_same_under_each_evidence(folder: Path) -> None:
    pictures = read_told(folder / "set")
    asked = dict[str, list[str]]()

    def words(shown: Inspection, question: str, evidence: EvidenceKind) -> str:
        asked.setdefault(evidence, []).append(question)
        built = {e.question: e.answer for p in pictures if p.inspection is shown for t in p.conversations for e in t}
        return built[question] if evidence == "both" else "Hm."

    rows = ablation(Says(words), pictures, 3, 0)
    assert list(rows) == ["built", "off", "text", "embeddings", "both"]
    assert asked["off"] == asked["both"]
    assert rows["built"]["mean"]["accuracy"] == rows["both"]["mean"]["accuracy"] == 1
    assert rows["off"]["mean"]["accuracy"] == 0
    assert all(row["unread"] == 1 for intent, row in rows["off"].items() if intent != "mean")
    assert all(len(found) <= 3 for found in questions(pictures, 3, 0).values())


def test_general_behaviour_is_one_until_it_is_tuned(folder: Path) -> None:
    replay = read_replay(folder / "replay.jsonl")
    base, _ = load_base(folder / "llama", torch.float32)
    config = LanguageConfig(kind="local", name=str(folder / "llama"))
    same = new_parts(config, BLOCK_WIDTH, {})
    kept = general_behaviour(same, base, replay, None)
    assert kept["ratio"] == 1
    tokens = sum(len(r.messages[1]["content"]) + r.ended for r in replay)
    assert (kept["prompts"], kept["tokens"]) == (4, tokens)
    hashes = Assistant.load("tiny").detector.clip.hashes
    tuned = load_parts(folder / "parts", config, BLOCK_WIDTH, hashes, torch.float32)
    assert not lora_parameters(tuned.model)  # it is in the weights
    changed = general_behaviour(tuned, base, replay, 2)
    assert changed["prompts"] == 2
    assert changed["ratio"] != 1
    ids = [same.renderer.render_bare(r.messages[0]["content"], r.messages[1]["content"]) for r in replay[:1]]
    given = torch.tensor([ids[0].ids])
    labels = torch.tensor([ids[0].labels])
    by_hand = float(base(input_ids=given, labels=labels).loss)
    assert general_behaviour(same, base, replay, 1)["base_loss"] == pytest.approx(by_hand, rel=1e-4)
    assert "tuned:" in side_by_side(tuned, replay, 1, 4)[0]


def test_the_command_measures_and_writes(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "assistant.language.tokens.generation.DecodingOptions", lambda: DecodingOptions(max_new_tokens=6)
    )
    out = folder / "found" / "result.json"
    arguments = [
        str(folder / "set"), "--preset", str(folder / "preset.yaml"), "--parts", str(folder / "parts"), "--replay",
        str(folder / "replay.jsonl"), "--limit", "2", "--transcripts", "1", "-o", str(out),
    ]  # fmt: skip
    assert main(arguments) == 0
    found = json.loads(out.read_text())
    assert set(found) == {"about", "map", "talk", "ablation", "general", "speed"}
    speed = found["speed"]
    assert (speed["encoder_calls"], speed["turns"]) == (1, 10)
    assert all(read < whole / 2 for read, whole in list(zip(speed["read"], speed["conversation"], strict=True))[4:])
    assert speed["rate_ratio"] > 0
    assert speed["first_token_ratio"] > 0
    assert found["talk"]["conversations"] == 2
    said = capsys.readouterr().out
    assert "Q (" in said
    assert "evidence; states" in said
    assert main([str(folder), "--preset", str(folder / "preset.yaml")]) == 2
    assert main([str(folder / "set"), "--preset", str(folder / "preset.yaml")]) == 2
    assert "--parts" in capsys.readouterr().err
