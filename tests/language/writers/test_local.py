"""A transformers model of a folder as a writer of chats, whatever family it is of, and behind every door of the program."""

from __future__ import annotations

import json
import threading
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
import pytest

from assistant.batch import run
from assistant.errors import ConfigError, WeightsError
from assistant.language.chat_model import ChatLanguageModel
from assistant.language.choice import chosen_language
from assistant.language.writers.local import LocalWriter, is_vision_model
from assistant.language.writers.message import Message
from assistant.pipeline import Assistant
from tests.inspections import inspection, region
from tests.tiny_families import TOLD, save_family
from tests.tiny_language import tiny_folder, tiny_model, tiny_tokenizer

SHOWN = np.random.default_rng(0).integers(0, 255, (40, 60, 3), np.uint8)
CHAT = (Message("system", "Be brief."), Message("user", "What is it?", (SHOWN, SHOWN[:20])))
WHY = "What could have caused it?"


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Models by family; ``words`` is one of words alone."""
    made = {name: save_family(name, tmp_path_factory.mktemp(name)) for name in TOLD}
    return {**made, "words": tiny_folder(tmp_path_factory.mktemp("words"))}


def writer(folder: Path, **options: str) -> LocalWriter:
    return LocalWriter(chosen_language(str(folder), **options), "float32")


def written(talk: LocalWriter, messages: tuple[Message, ...] = CHAT) -> str:
    return "".join(talk.write(messages, stop=threading.Event(), most_tokens=12))


@pytest.mark.parametrize("family", TOLD)
def test_every_family_is_shown_every_picture(family: str, folders: dict[str, Path]) -> None:
    talk = writer(folders[family])
    assert talk.sees()
    text = written(talk)
    assert text == written(talk), "greedy"
    _, processor = talk._load()
    with_two, with_none = (talk._inputs(processor, m) for m in (CHAT, (CHAT[0], Message("user", "What is it?"))))
    assert "pixel_values" in with_two
    assert "pixel_values" not in with_none
    assert with_two["input_ids"].shape[1] > with_none["input_ids"].shape[1]


@pytest.mark.parametrize("family", [*TOLD, "words"])
def test_an_assistant_with_a_model_of_ones_own(family: str, folders: dict[str, Path]) -> None:
    assistant = Assistant.load("tiny", language=str(folders[family]))
    found = inspection(0.93, (region(1, ("top left",), "crack"),))
    lead, alone = assistant.open(found), assistant.open(found, "both")
    assert isinstance(lead.model, ChatLanguageModel)
    assert "overload" in lead.ask(WHY).text, "random words hold against nothing"
    lettered = alone.ask("What kind is it?\nA. crack\nB. stain")
    assert lettered.text
    assert not lettered.contradictory
    assert [len(answers) for answers in assistant.ask_together([found, found], [WHY, "How big is it?"])] == [2, 2]


def test_a_model_of_words_alone_is_told_in_words(folders: dict[str, Path]) -> None:
    assert not is_vision_model(chosen_language(str(folders["words"])))
    assert not writer(folders["words"]).sees()
    assert written(writer(folders["words"]), CHAT) == written(writer(folders["words"]), CHAT)
    with pytest.raises(ConfigError, match="words alone"):
        _ = writer(folders["words"], pictures="yes").sees()
    assert not writer(folders["smolvlm"], pictures="no").sees()


@pytest.mark.skipif(find_spec("bitsandbytes") is None, reason="needs the extra quantized")
@pytest.mark.parametrize(("family", "bits"), [("smolvlm", "nf4"), ("qwen2_5_vl", "int8")])
def test_in_fewer_bits(family: str, bits: str, folders: dict[str, Path]) -> None:
    assert written(writer(folders[family], quantization=bits)) is not None


def test_a_reader_who_leaves_ends_the_writing(folders: dict[str, Path]) -> None:
    stop = threading.Event()
    pieces = writer(folders["words"]).write(CHAT, stop=stop, most_tokens=4000)
    next(pieces)
    pieces.close()
    assert stop.is_set()


def test_a_folder_with_something_else_is_refused_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="language model in safetensors"):
        _ = writer(tmp_path).sees()
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "dinov2"}))
    with pytest.raises(WeightsError, match="dinov2"):
        _ = writer(tmp_path).sees()
    mute, tokenizer = tmp_path / "mute", tiny_tokenizer()
    tokenizer.chat_template = None
    tokenizer.save_pretrained(mute)
    tiny_model(len(tokenizer)).save_pretrained(mute)
    with pytest.raises(WeightsError, match="instruction-tuned"):
        written(writer(mute))


def test_a_run_with_a_model_of_ones_own(folders: dict[str, Path], tmp_path: Path, pictures: Path) -> None:
    chosen = chosen_language(str(folders["smolvlm"]))
    options = {"preset": "tiny", "language": chosen, "questions": (WHY,), "workers": 0}
    rows = list(run([pictures], tmp_path / "out", **options))
    assert len(rows) == 3
    assert all(row["answers"][0]["answer"] for row in rows)
    assert list(run([pictures], tmp_path / "out", **options)) == []
    with pytest.raises(ConfigError, match="language"):
        list(run([pictures], tmp_path / "out", **{**options, "language": None}))


def test_a_picture_that_is_larger_than_anything_a_model_takes(folders: dict[str, Path], tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), np.full((60, 3000, 3), 90, np.uint8))
    assistant = Assistant.load("tiny", language=str(folders["qwen2_5_vl"]))
    (answer,) = assistant.ask(assistant.inspect(str(tmp_path / "a.png")), ["Describe it in your words."])
    assert answer.text
