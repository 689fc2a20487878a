"""Multiple-choice evaluation: the file, the rules, the scores as published, bad rows, what is written."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest

from assistant.config import LanguageConfig
from assistant.errors import ConfigError, DataSetError
from assistant.evaluation.answerers import Inspections, LanguageAnswerer, Rules, nearest_place, option_cells
from assistant.evaluation.question_report import RULES
from assistant.evaluation.question_scores import AnsweredQuestion, chance, scores_of
from assistant.evaluation.questions import AskedPicture, ChoiceQuestion, domain_knowledge, read_questions
from assistant.evaluation.questions_command import Asking, QaOptions, run, talkers
from assistant.language.choice import chosen_language
from assistant.language.writers import requests as tries
from assistant.pipeline import Assistant
from assistant.types import AnomalyMap, Answer, Inspection
from tests.inspections import inspection, region
from tests.language.writers.chat_server import Said, serving

DETECTION = {"Question": "Is there any defect in the object?", "Options": {"A": "Yes.", "B": "No."}}
PLACE = {
    "Question": "Where is the defect in the image?",
    "Options": {"A": "top right", "B": "bottom left", "C": "In the center.", "D": "Along the left side"},
    "Answer": "A",
    "type": "Defect Localization",
}
KIND = {
    "Question": "What is the type of the defect?",
    "Options": {"A": "a hole", "B": "a stain (dark)", "C": "A scratch."},
    "Answer": "A",
    "type": "Defect Classification",
}
THING = {
    "Question": "What is the object in the image?",
    "Options": {"A": "Tile", "B": "Cable"},
    "Answer": "A",
    "type": "Object Classification",
}


def detection(anomalous: bool) -> dict[str, Any]:
    return {**DETECTION, "Answer": "A" if anomalous else "B", "type": "Anomaly Detection"}


@pytest.fixture
def root(tmp_path: Path, pixels: np.ndarray) -> Path:
    """Two normal and two anomalous pictures with two templates."""
    folder = tmp_path / "tiles"
    for name, values in {
        "test/good/0.png": pixels, "test/good/1.png": np.roll(pixels, 9, 1),
        "test/hole/0.png": 255 - pixels, "test/hole/1.png": 255 - np.roll(pixels, 9, 1),
        "train/good/0.png": np.roll(pixels, 3, 1), "train/good/1.png": np.roll(pixels, 5, 1),
    }.items():  # fmt: skip
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(folder / name), values)
    return folder


@pytest.fixture
def file(root: Path, tmp_path: Path) -> Path:
    rows = {
        name: {
            "conversation": [detection("hole" in name), *([PLACE, KIND, THING] if "hole" in name else [])],
            "mask_path": None,
            "random_templates": ["train/good/0.png", "train/good/1.png"],
            "similar_templates": ["train/good/1.png"],
        }
        for name in ("test/good/0.png", "test/good/1.png", "test/hole/0.png", "test/hole/1.png")
    }
    path = tmp_path / "tiles.json"
    path.write_text(json.dumps(rows))
    return path


class Fake:
    """Answers by a table of question and picture; remembers what it was shown."""

    def __init__(self, *answers: str) -> None:
        self.answers, self.shown = list(answers), list[tuple[str, int]]()

    def answer(
        self, image_path: Path, references: Sequence[Path], question_text: str, options: Mapping[str, str]
    ) -> str:
        self.shown.append((image_path.name, len(references)))
        return self.answers.pop(0)


def test_the_file_is_read(file: Path, root: Path) -> None:
    pictures = read_questions(file, root, shots=1, templates="similar")
    assert [len(p.questions) for p in pictures] == [1, 1, 4, 4]
    assert pictures[0].path == root / "test/good/0.png"
    assert pictures[0].references == (root / "train/good/1.png",)
    assert [q.anomalous for q in pictures[2].questions] == [True, None, None, None]
    assert pictures[0].questions[0].anomalous is False
    assert pictures[0].group == "tiles"
    assert [p.key for p in read_questions(file, root, limit=2)] == ["test/good/0.png", "test/hole/0.png"]
    assert read_questions(file, root, shots=0)[0].references == ()
    assert "got 1; ask with fewer" in read_questions(file, root, shots=2, templates="similar")[0].problems[0]


@pytest.mark.parametrize(
    ("content", "match"),
    [("[1]", "one JSON object"), ("{}", "one JSON object"), ("{", "no JSON"), ('{"a": 1}', "JSON object")],
)
def test_a_file_of_another_form_is_one_line(tmp_path: Path, content: str, match: str) -> None:
    path = tmp_path / "bad.json"
    path.write_text(content)
    with pytest.raises(DataSetError, match=match) as caught:
        read_questions(path, tmp_path)
    assert "\n" not in str(caught.value)
    with pytest.raises(DataSetError, match="check the path"):
        read_questions(tmp_path / "absent.json", tmp_path)


def test_published_names_and_sets(tmp_path: Path) -> None:
    turn = {**THING, "type": "Object Structure"}
    path = tmp_path / "mmad.json"
    path.write_text(json.dumps({"DS-MVTec/bottle/image/broken/0.png": {"conversation": [turn]}}))
    picture = read_questions(path, tmp_path, shots=0)[0]
    assert (picture.group, picture.questions[0].subtask) == ("DS-MVTec", "Object Analysis")


def test_domain_knowledge_follows_the_path(tmp_path: Path) -> None:
    path = tmp_path / "known.json"
    path.write_text(json.dumps({"MVTec": {"bottle": {"good": "Round.", "broken": "Gaps."}}}))
    keys = ["DS-MVTec/bottle/image/broken/0.png", "VisA/pcb/0.png"]
    assert domain_knowledge(path, keys) == {keys[0]: "Round.\nGaps.", keys[1]: ""}
    path.write_text("[]")
    with pytest.raises(DataSetError, match="JSON object"):
        domain_knowledge(path, keys)


def answered(group: str, turn: dict[str, Any], choice: str | None) -> AnsweredQuestion:
    question = ChoiceQuestion(turn["Question"], turn["Options"], turn["Answer"], turn["type"])
    return AnsweredQuestion("i.png", group, question, choice or "", choice)


def test_scores_are_made_as_published() -> None:
    answers = [
        *[answered("a", detection(True), "A")] * 3,
        answered("a", detection(True), "B"),
        answered("a", detection(False), "B"),
        answered("a", PLACE, "B"),
        answered("a", PLACE, None),
        answered("b", detection(True), "A"),
        answered("b", PLACE, "A"),
    ]
    found = scores_of(answers)
    assert found["groups"]["a"]["subtasks"] == {"Anomaly Detection": (0.75 + 1) / 2, "Defect Localization": 0.0}
    assert found["groups"]["a"]["average"] == 0.875 / 2
    assert found["average"] == (0.875 / 2 + 1) / 2
    assert found["subtasks"]["Defect Localization"] == {"accuracy": 0.5, "questions": 3, "unparsed": 1}
    assert (found["questions"], found["unparsed"]) == (9, 1)
    assert (found["miss_rate"], found["overkill_rate"]) == (1 / 5, 0.0)
    assert chance(answers) == {"Anomaly Detection": 0.5, "Defect Localization": 0.25}


def test_answers_are_parsed_and_a_missing_picture_is_one_failure(file: Path, root: Path) -> None:
    class Strict(Fake):
        def answer(
            self, image_path: Path, references: Sequence[Path], question_text: str, options: Mapping[str, str]
        ) -> str:
            from assistant.pictures.images import load_image

            load_image(image_path)
            return super().answer(image_path, references, question_text, options)

    (root / "test/good/1.png").unlink()
    fake = Strict("No defect is visible.", "A. Yes", "In the center", "Who knows?", "B", "A", "A", "A", "A")
    asked = Asking({"fake": fake}).all(read_questions(file, root))
    assert [one.choice for one in asked.answers["fake"]] == ["B", "A", "C", None, "B", "A", "A", "A", "A"]
    assert [one.right for one in asked.answers["fake"]] == [True, True, False, False, False, *[True] * 4]
    assert [f.image for f in asked.failures] == ["test/good/1.png"]
    assert "\n" not in asked.failures[0].error
    assert {shown for _, shown in fake.shown} == {1}


def test_a_bad_question_is_one_failure_and_the_others_are_asked(root: Path, tmp_path: Path) -> None:
    path = tmp_path / "bad.json"
    bad = [{**PLACE, "Answer": "E"}, {"Question": "?"}, "text"]
    path.write_text(json.dumps({"test/hole/0.png": {"conversation": [PLACE, *bad]}, "test/hole/1.png": {}}))
    asked = Asking({"fake": Fake("A")}).all(read_questions(path, root, shots=0))
    assert [one.right for one in asked.answers["fake"]] == [True]
    assert [f.error.partition(":")[0] for f in asked.failures] == [
        "question 2",
        "question 3",
        "question 4",
        "question 1",
    ]
    assert "of A, B, C, D, got 'E'" in asked.failures[0].error


@pytest.mark.parametrize(
    ("words", "cells"),
    [
        ("top left", {"top left"}),
        ("In the center of the image", {"centre"}),
        ("The upper right corner.", {"top right"}),
        ("Bottom", {"bottom left", "bottom centre", "bottom right"}),
        ("Along the left side", {"top left", "middle left", "bottom left"}),
        ("A cable", set()),
    ],
)
def test_cells_of_options(words: str, cells: set[str]) -> None:
    assert option_cells(words) == cells


def test_the_place_of_the_strongest_region_is_chosen() -> None:
    options = PLACE["Options"]
    for cells, letter in (
        (("top right",), "A"),
        (("top left", "centre"), "D"),
        (("centre",), "C"),
        (("bottom centre",), "B"),
    ):
        assert nearest_place(inspection(0.9, (region(1, cells), region(2, ("top right",)))), options) == letter
    scores = np.zeros((30, 60), np.float32)
    scores[25, 5] = 0.3
    bare = inspection(0.2)
    unnoticed = Inspection(**{**vars(bare), "anomaly_map": AnomalyMap(scores)})
    assert nearest_place(unnoticed, options) == "B"
    assert nearest_place(unnoticed, {"A": "red", "B": "blue"}) is None


def test_rules_use_the_verdict_and_the_options_as_kinds(file: Path, root: Path) -> None:
    inspections = Inspections(Assistant.load("tiny"))
    rules = Rules(inspections)
    path, references = root / "test/hole/0.png", (root / "train/good/0.png",)
    seen = inspections.of(path, references)
    yes_no = rules.answer(path, references, DETECTION["Question"], DETECTION["Options"])
    assert yes_no == ("A" if seen.verdict == "anomalous" else "B")
    assert rules.answer(path, references, KIND["Question"], KIND["Options"]) in KIND["Options"]
    assert rules.answer(path, references, PLACE["Question"], PLACE["Options"]) in PLACE["Options"]
    assert rules.answer(path, references, THING["Question"], THING["Options"]) == ""
    assert inspections.of(path, references) is seen
    assert inspections.of(path, ()) is not seen


class Speaks:
    """An assistant's questions and switches, nothing else."""

    def __init__(self, assistant: Assistant) -> None:
        self.asked: list[tuple[str, str]] = []
        self.detector = assistant.detector

    def ask(self, inspection: Inspection, questions: Sequence[str], *, evidence: str = "both") -> list[Answer]:
        self.asked.append((questions[0], evidence))
        return [Answer(questions[0], "The answer is A.")]


def test_the_language_model_is_asked_with_options_knowledge_and_evidence(root: Path) -> None:
    speaks = Speaks(Assistant.load("tiny"))
    path = root / "test/hole/0.png"
    answerer = LanguageAnswerer(Inspections(speaks), "off", {path: "Tiles are square."})  # type: ignore[arg-type]
    assert answerer.answer(path, (), KIND["Question"], KIND["Options"]) == "The answer is A."
    prompt, evidence = speaks.asked[0]
    assert prompt.splitlines()[0].endswith("Tiles are square.")
    assert "B. a stain (dark)" in prompt.splitlines()
    assert evidence == "off"


def test_evidence_without_a_switch_is_refused() -> None:
    class Plain(Speaks):
        def ask(self, inspection: Inspection, questions: Sequence[str]) -> list[Answer]:  # type: ignore[override]
            return []

    with pytest.raises(ConfigError, match="evidence can be switched"):
        LanguageAnswerer(Inspections(Plain(Assistant.load("tiny"))), "text")  # type: ignore[arg-type]


def test_the_command_writes_scores_and_answers(
    file: Path, root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Assistant, "ask", lambda _, __, asked: [Answer(q, "B") for q in asked])
    options = QaOptions(file, root, ("0", "1"), output=tmp_path / "out/qa.md")
    assert run(Assistant.load("tiny"), options, as_json=True) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(r["shots"], r["answerer"]) for r in rows] == [
        (shots, name) for shots in ("0", "1") for name in ("language model", "rules")
    ]
    assert rows[0]["subtasks"]["Anomaly Detection"]["accuracy"] == 0.5
    assert rows[0]["average"] == 0.5 / 4
    assert rows[0]["seconds"] > 0
    assert rows[0]["tokens"] is None
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["qa.json", "qa.md"]
    assert rows[1]["subtasks"]["Object Classification"]["accuracy"] is None
    record = json.loads((tmp_path / "out/qa.json").read_text())
    assert len(record["answers"]) == 2 * (10 + 8)
    assert "| rules | 1 |" in (tmp_path / "out/qa.md").read_text()
    (root / "test/good/0.png").unlink()
    assert run(Assistant.load("tiny"), QaOptions(file, root, language=False), as_json=False) == 1
    out, err = capsys.readouterr()
    assert err.splitlines()[-1].startswith("error: test/good/0.png: expected")
    assert "language model" not in out


@pytest.mark.parametrize(
    ("change", "match"),
    [({"shots": ("mutual",)}, "as a number"), ({"templates": "x"}, "random, similar"), ({"evidence": ("x",)}, "off, text"),
     ({"root": Path("absent")}, "name it as SET_DIR")],
)  # fmt: skip
def test_bad_options_are_refused(root: Path, change: dict[str, Any], match: str) -> None:
    with pytest.raises(ConfigError, match=match):
        QaOptions(**{"file": root / "x.json", "root": root, **change})


def letters(text: str, tokens: int) -> Said:
    """What a server streams that tells what it read and wrote."""
    told = {"choices": [{"delta": {"content": text}, "finish_reason": "stop"}]}
    used = {"choices": [], "usage": {"prompt_tokens": tokens - 10, "completion_tokens": 10}}
    return Said(raw="".join(f"data: {json.dumps(one)}\n\n" for one in (told, used)).encode() + b"data: [DONE]\n\n")


def test_a_servers_answers_with_the_map_and_without_side_by_side(
    file: Path, root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tries, "FIRST_WAIT", 0.01)
    monkeypatch.setattr(tries, "REST", 0.0)
    options = QaOptions(file, root, ("0",), output=tmp_path / "qa")
    partial = tmp_path / "qa.partial.jsonl"

    def asked(most: int) -> tuple[int, int]:
        """Exit code, and requests made to a server that is down after some."""
        with serving(lambda n, _: letters("B", 100) if n < most else Said(status=500)) as server:
            language = chosen_language(server.address, model="m", pictures="no")
            return run(Assistant.load("tiny", language=language), options, as_json=False), len(server.bodies)

    monkeypatch.setattr(LanguageConfig, "title", "m at a server")  # the port differs from one start to the next
    code, _ = asked(5)
    assert code == 1
    assert "error: " in capsys.readouterr().err
    done = [json.loads(line) for line in partial.read_text().splitlines()][1:]
    with partial.open("a") as cut_off:
        cut_off.write('{"shots": "0", "ima')
    code, second = asked(1000)
    assert code == 0
    table = capsys.readouterr().out
    record = json.loads((tmp_path / "qa.json").read_text())
    given = [one for one in record["answers"] if one["answerer"] != RULES]
    assert len(given) == 2 * 10
    assert len(done) > 0
    questions = sum(len(line["answers"]["language model"]) for line in done)
    assert second == 2 * (10 - questions), "what was answered is not asked again"
    assert {one["tokens"] for one in given} == {100}
    assert "| language model, evidence off | 0 |" in table
    assert "| brought by the map | 0 |" in table
    assert not partial.exists()


@pytest.mark.parametrize(
    ("language", "asked"),
    [
        (LanguageConfig(kind="none"), 1),
        (LanguageConfig(kind="embedded", name="smollm2"), 1),
        (LanguageConfig(kind="embedded", name="smollm2", parts="language"), 2),
        (LanguageConfig(kind="server", name="http://127.0.0.1:1/v1"), 2),
        (LanguageConfig(kind="hub", name="org/model"), 2),
    ],
)
def test_a_model_is_asked_without_the_map_where_it_has_words_of_its_own(
    language: LanguageConfig, asked: int, file: Path, root: Path
) -> None:
    assistant = SimpleNamespace(preset=SimpleNamespace(language=language))
    assert len(talkers(assistant, QaOptions(file, root))) == asked  # type: ignore[arg-type]
    assert [told for _, told in talkers(assistant, QaOptions(file, root, evidence=("text", "both")))] == [
        "text",
        "both",
    ]  # type: ignore[arg-type]


def test_answers_of_another_run_are_not_taken(file: Path, root: Path, tmp_path: Path) -> None:
    (tmp_path / "qa.partial.jsonl").write_text('{"run": {"preset": "mini"}}\n')
    with pytest.raises(ConfigError, match="those of a run with another answerers"):
        run(Assistant.load("tiny"), QaOptions(file, root, output=tmp_path / "qa.md", language=False), as_json=False)
    (tmp_path / "qa.partial.jsonl").write_text("notes\n")
    with pytest.raises(ConfigError, match="something else in qa"):
        run(Assistant.load("tiny"), QaOptions(file, root, output=tmp_path / "qa.md", language=False), as_json=False)


def test_the_rules_alone_are_left_out_where_they_cannot_answer() -> None:
    question = ChoiceQuestion(THING["Question"], THING["Options"], "A", "Object Classification")
    picture = AskedPicture("i.png", Path("i.png"), "a", (), (question,))
    asked = Asking({RULES: Fake("")}).all([picture])
    assert scores_of(asked.answers[RULES])["questions"] == 0
