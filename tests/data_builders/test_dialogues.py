"""Conversations out of facts: right, grammatical, reproducible, and held-out phrasings kept apart."""

from __future__ import annotations

import json
import re
from collections import Counter
from functools import cache

import numpy as np
import pytest

from assistant.errors import DataSetError
from assistant.reading.chosen_option import read_choice
from assistant.reading.faithfulness import contradicts
from assistant.reading.question import read_question
from assistant.reading.refusals import declines
from assistant.report import inspection_row
from assistant.types import Domain, Mode, Verdict
from assistant.vocabulary.knowledge import load_knowledge
from assistant.words import wording
from assistant.words.evidence import evidence_text
from data_builders.build import build
from data_builders.dialogues import DialogueSettings, dialogue_row, main, write_dialogues
from data_builders.words import choices, plain, special
from data_builders.words.compound import compound
from data_builders.words.conversation import INTENTS, make_conversation
from data_builders.words.facts import by_file_name, facts_of_inspection, facts_of_sample
from data_builders.words.general import general_prompts
from data_builders.words.nouns import listed, name_of, plural
from data_builders.words.phrases import Unsayable, expand, expansions, load, share
from data_builders.words.teller import Teller
from data_builders.writer import read_rows
from tests.data_builders.fakes import config, fake_families
from tests.data_builders.word_facts import random_facts

RNG = np.random.default_rng


@cache
def conversations(count: int, held_out: bool = False):
    rng, made = RNG(3 + held_out), []
    for _ in range(count):
        facts = random_facts(rng)
        made.append((facts, make_conversation(facts, rng, held_out)))
    return made


def all_lists(tree, path=()):
    """Every list of phrasings with its path."""
    if isinstance(tree, list):
        yield path, tree
    else:
        for key, value in tree.items():
            yield from all_lists(value, (*path, key))


def phrasings(name):
    return [
        (path, items) for path, items in all_lists(load(name)) if isinstance(items[0], str) and path[0] != "objects"
    ]


def test_no_answer_contradicts_its_facts() -> None:
    for facts, conversation in conversations(500)[:250]:
        for exchange in conversation.exchanges:
            assert not contradicts(exchange.answer, facts.inspection, read_question(exchange.question)), exchange


def test_language_is_clean() -> None:
    wrong = re.compile(
        r"\{|\}|\[[a-z |]*\||  |\s[.,;?!](?:\s|$)|\.\.|,\.|;\.|(?<=[a-z] )None\b|\b(?:a) [aeio]\w|\ban [bcdfgjklmnpqrstvwz]\w"
        r"|\bone (?:regions|defects|flaws|anomalies)\b|\b(?:two|three|four|five|six|seven|eight|nine) region\b"
        r"|\bregions stands\b|\bregion stand\b|\bthere is (?:two|three|\w+es at)\b|\b(\w+) \1\b"
    )
    for _, conversation in [*conversations(500)[:250], *conversations(150, True)[:100]]:
        for exchange in conversation.exchanges:
            if exchange.intent == "report":
                continue
            for text in (exchange.question, exchange.answer):
                assert not (found := wrong.search(text)), (found, text)
                assert text[0].isupper() or not text[0].isalpha(), text
            assert exchange.answer[-1] in ".!" or exchange.intent == "choice", exchange.answer


@pytest.mark.parametrize("count", range(10))
def test_counts_are_worded_right(count: int) -> None:
    number = wording.NUMBERS[count]
    for seed in range(12):
        facts = random_facts(RNG(seed), count, domain=Domain.INDUSTRIAL, score=0.9 if count else 0.1)
        answer = plain.count(Teller(facts, RNG(seed))).answer.lower()
        if count == 0:
            assert re.search(r"\b(no|none|zero|nothing)\b", answer), answer
        else:
            assert re.search(rf"\b{number}\b", answer), answer
        if count > 1:
            assert re.search(rf"^(?:i count |there are )?{number}\b", answer), answer


def test_normal_pictures_are_asked_as_much() -> None:
    for seed in range(40):
        facts = random_facts(RNG(seed), 0, score=0.05)
        for intent in plain.ABOUT_ONE:
            exchange = plain.about_one(Teller(facts, RNG(seed)), intent)
            assert re.search(r"\b(no|nothing|none|nowhere|normal)\b", exchange.answer.lower()), exchange.answer


def test_every_intent_appears_and_lengths_vary() -> None:
    made = [conversation for _, conversation in conversations(500)]
    assert {intent for c in made for intent in c.intents} == set(INTENTS)
    lengths = Counter(len(c.turns) for c in made)
    assert set(lengths) == {2, 4, 6, 8}
    words = [len(e.answer.split()) for c in made for e in c.exchanges if e.intent not in {"report", "choice"}]
    assert min(words) == 1
    assert max(words) > 25
    assert {c.kind for c in made} == {"single", "dialogue", "choice", "report"}
    for conversation in made:
        assert [t["role"] for t in conversation.turns] == ["user", "assistant"] * len(conversation.exchanges)
        questions = [e.question for e in conversation.exchanges]
        assert len(set(questions)) == len(questions)


def test_the_same_seed_gives_the_same_words() -> None:
    facts = random_facts(RNG(5), 2)
    first, again, other = (make_conversation(facts, RNG(seed)).turns for seed in (7, 7, 8))
    assert first == again
    assert first != other


@pytest.mark.parametrize("name", ["questions", "answers", "choices"])
def test_held_out_phrasings_are_never_trained_on(name: str) -> None:
    for path, items in phrasings(name):
        kept, held = ({e for line in share(items, flag) for e in expansions(line)} for flag in (False, True))
        assert kept, path
        assert held, path
        assert not kept & held, (path, kept & held)
        assert 0.1 <= len(share(items, True)) / len(items) <= 0.25


def test_held_out_conversations_use_held_out_questions() -> None:
    templates = {True: set(), False: set()}
    for _, items in phrasings("questions"):
        for flag in templates:
            for line in share(items, flag):
                templates[flag] |= {e for e in expansions(line) if "{" not in e}
    for flag in templates:
        asked = {
            e.question.rstrip("?.!").lower()
            for _, c in (conversations(150, True) if flag else conversations(500)) for e in c.exchanges
        }  # fmt: skip
        mine, theirs = ({t.rstrip("?.!").lower() for t in templates[f]} for f in (flag, not flag))
        assert len(asked & mine) >= 5
        assert not asked & (theirs - mine)


@pytest.mark.parametrize("name", ["questions", "answers"])
def test_every_intent_has_fifteen_phrasings(name: str) -> None:
    counts = Counter()
    for path, items in phrasings(name):
        counts[path[0]] += len({e for line in items for e in expansions(line)})
    small = {intent: n for intent, n in counts.items() if n < 15 and intent not in {"diffuse", "doubt"}}
    assert not small


def test_false_premises_are_always_corrected() -> None:
    asked = 0
    for seed in range(300):
        facts = random_facts(RNG(seed))
        teller = Teller(facts, RNG(seed))
        try:
            made = special.false_premise(teller)
        except Unsayable:
            continue
        asked += 1
        answer = made.answer.lower()
        assert re.search(r"\b(no|not|none|nothing)\b", answer), made
        present = [r.type for r in facts.regions if r.type]
        if facts.verdict is Verdict.NORMAL:
            assert "normal" in answer, made
        elif present and "more" not in answer:
            assert any(kind[:5] in answer for kind in present), made
        if number := re.search(r"region (\d+)", made.question):
            assert int(number[1]) > len(facts.regions)
    assert asked > 200


def test_what_no_picture_tells_is_always_declined() -> None:
    for seed in range(200):
        facts = random_facts(RNG(seed))
        made = special.unanswerable(Teller(facts, RNG(seed), held_out=seed % 5 == 0))
        assert declines(made.answer), made
        if "patient" in made.question:
            assert facts.domain is Domain.MEDICAL


def test_several_questions_at_once_are_all_answered() -> None:
    asked = Counter()
    for seed in range(600):
        facts = random_facts(RNG(seed), seed % 4, domain=Domain.INDUSTRIAL, score=0.95 if seed % 4 else 0.05)
        try:
            made = compound(Teller(facts, RNG(seed), held_out=seed % 5 == 0))
        except Unsayable:
            continue
        asked[seed % 4] += 1
        assert not contradicts(made.answer, facts.inspection, read_question(made.question)), made
        said, question = made.answer.lower(), made.question.lower()
        if not facts.regions:
            assert re.search(r"\b(no|nothing|none|nowhere|normal)\b", said), made
            continue
        strongest = facts.regions[0]
        if re.search(r"\bwhere is\b(?! .*come from)", question):
            assert strongest.cells[0] in said, made
        if re.search(r"how (?:bad|serious|severe|grave) is", question):
            assert strongest.severity.value in said, made
    assert min(asked.values()) > 60, asked


def test_letters_are_right_and_spread() -> None:
    letters = Counter()
    asked = 0
    for seed in range(300):
        facts = random_facts(RNG(seed))
        try:
            made = choices.choice(Teller(facts, RNG(seed)))
        except Unsayable:
            continue
        asked += 1
        options = dict(re.findall(r"^([A-D])\. (.+)$", made.question, re.MULTILINE))
        assert 2 <= len(options) <= 4
        assert len(set(options.values())) == len(options)
        letter = re.fullmatch(r"(?:(.+) \()?([A-D])(?:\)\.)?", made.answer)[2]
        assert made.answer.lower() in {letter.lower(), f"{options[letter]} ({letter}).".lower()}
        assert read_choice(made.answer, options) == letter
        letters[letter] += len(options) == 4
        right = options[letter]
        if right in {"Yes", "No"}:
            assert (right == "Yes") == (facts.verdict is Verdict.ANOMALOUS)
        if right in {"normal", "anomalous"}:
            assert right == facts.verdict.value
        if set(options.values()) & {"top left", "centre", "bottom right"}:
            assert right == "nowhere" if not facts.regions else right in facts.regions[0].cells
    assert asked > 220
    assert min(letters.values()) > 0.1 * letters.total()


def test_pointed_boxes_are_told_apart() -> None:
    hits = 0
    for seed in range(200):
        facts = random_facts(RNG(seed), 1, score=0.9, domain=Domain.INDUSTRIAL)
        try:
            made = special.pointed(Teller(facts, RNG(seed)))
        except Unsayable:
            continue
        if made.focus is not None:
            hits += 1
            continue
        assert re.search(r"\b(nothing|no)\b", made.answer.lower()), made
        box = re.search(r"(\d+), (\d+), (\d+), (\d+)", made.question)
        if box:
            x_min, y_min, x_max, y_max = map(int, box.groups())
            one = facts.regions[0].box
            assert x_max <= one.x_min or x_min >= one.x_max or y_max <= one.y_min or y_min >= one.y_max
    assert 60 < hits < 140


def test_reports_are_json() -> None:
    facts = random_facts(RNG(0), 3, score=0.9, domain=Domain.INDUSTRIAL)
    content = json.loads(special.report(Teller(facts, RNG(0))).answer)
    assert content["verdict"] == "anomalous"
    assert [r["id"] for r in content["regions"]] == [1, 2, 3]
    assert content["regions"][0]["cells"] == list(facts.regions[0].cells)


def test_close_calls_and_medical_pictures_are_worded_with_care() -> None:
    noticed = 0
    for seed in range(60):
        close = random_facts(RNG(seed), 1, score=0.55, domain=Domain.INDUSTRIAL)
        answer = plain.presence(Teller(close, RNG(seed))).answer
        assert re.search(r"0\.55|close", answer), answer
        scan = random_facts(RNG(seed), 1, score=0.95, domain=Domain.MEDICAL)
        noticed += "not a diagnosis" in plain.presence(Teller(scan, RNG(seed))).answer
    assert 15 < noticed < 45


def test_knowledge_alone_explains() -> None:
    knowledge = load_knowledge()
    for seed in range(60):
        facts = random_facts(RNG(seed), 1, score=0.9)
        entry = knowledge.find(facts.regions[0].type)
        made = plain.about_one(Teller(facts, RNG(seed)), "cause")
        if entry is None:
            assert not re.search("usual|typical", made.answer)
        else:
            assert any(cause in made.answer.lower() for cause in map(str.lower, entry.causes)), made.answer


def test_comparison_needs_a_reference() -> None:
    for seed in range(40):
        facts = random_facts(RNG(seed), 1, score=0.9, mode=Mode.ZERO_SHOT, reference_count=None)
        answer = plain.compare(Teller(facts, RNG(seed))).answer.lower()
        assert re.search(r"\b(no|without)\b.*\breference", answer), answer


def test_nouns() -> None:
    assert name_of("the small parts").plural
    assert not name_of("fabric printed with chevrons").plural
    assert not name_of("brass").plural
    assert name_of(None).noun == "picture"
    assert [plural(n) for n in ("mass", "opacity", "cyst", "scratch", "print error")] == [
        "masses", "opacities", "cysts", "scratches", "print errors",
    ]  # fmt: skip
    facts = random_facts(RNG(2), 6, score=0.9, domain=Domain.INDUSTRIAL)
    assert listed(facts.regions, load_knowledge(), False).endswith("two more")


def test_choices_of_a_line() -> None:
    assert expansions("[a|b]{c}") == ["a{c}", "b{c}"]
    assert expand("x[ y|]", RNG(0)) in {"x y", "x"}


def test_facts_of_both_kinds_of_rows(tmp_path) -> None:
    build(config(count=8, defect_probability=0.6), tmp_path / "set", families=fake_families())
    rows = list(read_rows(tmp_path / "set"))
    results = []
    for row in rows:
        facts = facts_of_sample(row, RNG(1))
        assert facts.verdict.value == row["verdict"]
        assert len(facts.regions) == len(row["defects"])
        told = inspection_row(facts.inspection) | {"source": f"elsewhere/{row['image_file_name']}", "width": 64}
        again = facts_of_inspection(json.loads(json.dumps(told)), facts.domain)
        assert again.regions == facts.regions
        assert "Verdict: " in evidence_text(again.inspection, load_knowledge())
        results.append(told)
    file = tmp_path / "results.jsonl"
    file.write_text("".join(json.dumps(r) + "\n" for r in results[:5]) + json.dumps({"source": "x", "error": "bad"}))
    out = tmp_path / "words" / "d.jsonl"
    assert main([str(tmp_path / "set"), "--inspections", str(file), "--out", str(out), "--per-picture", "2"]) == 0
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    assert [line["index"] for line in lines] == [0, 1, 2, 3, 4]
    assert all(len(line["conversations"]) == len(line["intents"]) == len(line["kind"]) == 2 for line in lines)
    assert lines[0] == json.loads(json.dumps(dialogue_row((rows[0], results[0]), DialogueSettings(2))))
    with pytest.raises(DataSetError, match=r"file names of their own.*twice"):
        by_file_name([results[0], results[0]])
    with pytest.raises(DataSetError, match="error row"):
        facts_of_inspection({"source": "x", "error": "bad"})


def test_the_command_line(tmp_path, capsys) -> None:
    build(config(count=6), tmp_path / "set", families=fake_families())
    one, two, held = (tmp_path / f"{n}.jsonl" for n in ("one", "two", "held"))
    assert write_dialogues(tmp_path / "set", one, DialogueSettings(1)) == 6
    assert write_dialogues(tmp_path / "set", two, DialogueSettings(1), workers=2) == 6
    assert one.read_bytes() == two.read_bytes()
    assert main([str(tmp_path / "set"), "--out", str(held), "--held-out", "--seed", "3"]) == 0
    assert "18 conversations" in capsys.readouterr().out
    assert main([str(tmp_path / "none"), "--out", str(held)]) == 1
    assert "metadata.jsonl" in capsys.readouterr().err
    (tmp_path / "r.jsonl").write_text('{"source": "other.png", "error": null}\n')
    assert main([str(tmp_path / "set"), "--inspections", str(tmp_path / "r.jsonl"), "--out", str(held)]) == 1
    assert "no file name in common" in capsys.readouterr().err
    with pytest.raises(SystemExit, match="2"):
        main([str(tmp_path / "set"), "--out", str(held), "--per-picture", "0"])


def test_general_prompts() -> None:
    kept, held = general_prompts(False), general_prompts(True)
    assert len(kept) >= 320
    assert len(held) == 100
    assert len({p.lower() for p in (*kept, *held)}) == len(kept) + len(held)
    assert all(5 <= len(p) <= 300 for p in (*kept, *held))
