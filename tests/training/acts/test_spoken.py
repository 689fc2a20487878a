"""Conversations written for training: read, cut both ways, refused where a line is none."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from assistant.errors import ConfigError
from assistant.reading.acts.act import Act
from training.acts.spoken import SPOKEN, load_spoken, spoken_hash


def write(folder: Path, **message: object) -> None:
    (folder / "some.jsonl").write_text(json.dumps(message) + "\n", encoding="utf-8")


def test_every_act_is_spoken_and_most_messages_are_of_one_or_two_pieces() -> None:
    pieces = load_spoken()
    counts = Counter(act for piece in pieces for act in piece.acts)
    assert [act for act in Act if counts[act] < 6] == []
    assert all(1 <= len(piece.acts) <= 2 for piece in pieces)
    assert 0.1 < counts[Act.CONTEXT] / len(pieces) < 0.4
    assert len({piece.talk for piece in pieces}) > 500


def test_the_pieces_of_a_message_lie_in_it_in_order() -> None:
    for path in sorted(SPOKEN.glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            message, at = json.loads(line), 0
            for text, _ in message["pieces"]:
                at = message["text"].index(text, at) + len(text)


def test_a_message_is_read_as_labelled_and_as_it_is_cut(tmp_path: Path) -> None:
    write(tmp_path, talk="t", text="We run these all day, is it ok to ship? Where is it",
          pieces=[["We run these all day,", ["context"]], ["is it ok to ship?", ["accept"]],
                  ["Where is it", ["where", "position"]]])  # fmt: skip
    found = {piece.text: piece.acts for piece in load_spoken(tmp_path)}
    assert found == {
        "We run these all day,": (Act.CONTEXT,),
        "We run these all day": (Act.CONTEXT,),
        "is it ok to ship?": (Act.ACCEPT,),
        "Where is it": (Act.WHERE, Act.POSITION),
    }


def test_a_part_that_does_two_things_is_left_out(tmp_path: Path) -> None:
    write(tmp_path, talk="t", text="hello there how long and is it bad",
          pieces=[["hello there how long", ["length"]], ["and is it bad", ["severity"]]])  # fmt: skip
    assert {piece.text for piece in load_spoken(tmp_path)} >= {"hello there how long", "and is it bad"}
    write(tmp_path, talk="t", text="rusty or dented", pieces=[["rusty", ["type"]], ["or dented", ["claim"]]])
    assert [piece.text for piece in load_spoken(tmp_path)] == ["rusty", "or dented"], "not the whole, which is both"


@pytest.mark.parametrize("pieces", [[["x", ["no_act"]]], [["x"]], "x"])
def test_a_line_that_is_no_message_is_named(tmp_path: Path, pieces: object) -> None:
    write(tmp_path, talk="t", text="x", pieces=pieces)
    with pytest.raises(ConfigError, match=r"some\.jsonl, line 1"):
        load_spoken(tmp_path)


def test_the_hash_is_of_all_files(tmp_path: Path) -> None:
    write(tmp_path, talk="t", text="x", pieces=[])
    before = spoken_hash(tmp_path)
    write(tmp_path, talk="t", text="y", pieces=[])
    assert len(before) == 64
    assert before != spoken_hash(tmp_path)
