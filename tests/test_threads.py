"""One assistant in several threads: what it says of a picture is what it says alone, and nothing stays changed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest
import torch

from assistant.config import load_preset
from assistant.pipeline import Assistant
from assistant.towers.encoder import PatchFeatures, VisualEncoder
from assistant.types import Inspection, QueryImage
from tests.tiny_language import talking_preset

THREADS = 8
T = TypeVar("T")


def pictures(count: int, side: int = 60) -> list[QueryImage]:
    """Pictures of different shapes, each with a spot of its own."""
    rng = np.random.default_rng(0)
    made = []
    for number in range(count):
        height, width = side + 7 * (number % 5), side + 11 * (number % 7)
        pixels = rng.integers(90, 160, (height, width, 3), dtype=np.uint8)
        top, left = rng.integers(0, side // 2, 2)
        pixels[top : top + 14, left : left + 14] = rng.integers(0, 255, 3, dtype=np.uint8)
        made.append(QueryImage(pixels, f"{number}.png"))
    return made


def same(one: Inspection, other: Inspection) -> bool:
    return (
        one.image_score == other.image_score
        and one.p_value == other.p_value
        and one.regions == other.regions
        and np.array_equal(one.anomaly_map.scores, other.anomaly_map.scores)
    )


def at_once(work: Callable[[QueryImage], T], images: Sequence[QueryImage]) -> list[T]:
    """Results in several threads that begin together."""
    start = threading.Barrier(THREADS)

    def begun(images: Sequence[QueryImage]) -> list[T]:
        start.wait()
        return [work(image) for image in images]

    with ThreadPoolExecutor(THREADS) as pool:
        shares = list(pool.map(begun, [images[i::THREADS] for i in range(THREADS)]))
    found: dict[int, T] = {}
    for first, share in enumerate(shares):
        found |= dict(zip(range(first, len(images), THREADS), share, strict=True))
    return [found[i] for i in range(len(images))]


@pytest.fixture
def tiny() -> Assistant:
    """Fresh, so that its caches are filled by several threads at once."""
    return Assistant.load("tiny")


@pytest.fixture(scope="module")
def residual(tmp_path_factory: pytest.TempPathFactory) -> Assistant:
    """A preset whose adapters write into the stream, and do."""
    folder = tmp_path_factory.mktemp("residual")
    (folder / "preset.yaml").write_text(
        (load_preset("tiny")[1] / "preset.yaml").read_text().replace("adapters:", "adapters:\n  mode: residual")
    )
    assistant = Assistant.load(folder)
    for parameter in assistant.detector.localizer.adapters.parameters():
        torch.nn.init.normal_(parameter, std=0.2, generator=torch.Generator().manual_seed(1))
    return assistant


@pytest.mark.parametrize("mode", ["zero-shot", "profile"])
def test_eight_threads_say_what_one_says(tiny: Assistant, mode: str) -> None:
    images = pictures(32)
    profile = tiny.build_profile(images[:3]) if mode == "profile" else None
    threaded = at_once(lambda image: tiny.inspect(image, profile=profile, object_name="metal lid"), images)
    other = Assistant.load("tiny")
    alone = [other.inspect(image, profile=profile, object_name="metal lid") for image in images]
    assert len({one.image_score for one in alone}) > 16
    assert all(same(a, b) for a, b in zip(alone, threaded, strict=True))
    again = [tiny.inspect(image, profile=profile, object_name="metal lid") for image in images]
    assert all(same(a, b) for a, b in zip(alone, again, strict=True)), "nothing stays changed"


def test_a_writer_stays_in_its_own_call(residual: Assistant) -> None:
    images = pictures(16)

    def both(image: QueryImage) -> tuple[PatchFeatures, PatchFeatures]:
        pixels = residual.detector.clip.encoder.prepare(image, 112).pixels[None]
        with torch.inference_mode():
            return residual.detector.clip.encoder(pixels), residual.detector.clip.encoder(
                pixels, residual.detector.localizer.writer()
            )

    alone, threaded = [both(image) for image in images], at_once(both, images)
    assert not torch.equal(alone[0][0].levels[-1], alone[0][1].levels[-1])
    for one, other in zip(alone, threaded, strict=True):
        for a, b in zip(one, other, strict=True):
            assert all(torch.equal(x, y) for x, y in zip(a.levels, b.levels, strict=True))


def test_residual_inspections_are_the_same_in_threads(residual: Assistant) -> None:
    images = pictures(16)
    alone, threaded = [residual.inspect(image) for image in images], at_once(residual.inspect, images)
    assert all(same(a, b) for a, b in zip(alone, threaded, strict=True))


@pytest.mark.parametrize("writing", [False, True])
def test_a_forward_leaves_the_tower_as_it_is_even_while_it_runs(tiny: Assistant, writing: bool) -> None:
    encoder: VisualEncoder = tiny.detector.clip.encoder
    before = {name: (id(value), value._version) for name, value in encoder.visual.named_parameters()}
    blocks = list(encoder.blocks)
    seen: list[bool] = []

    def looks() -> bool:
        now = {name: (id(value), value._version) for name, value in encoder.visual.named_parameters()}
        others = any(b._forward_hooks or b._forward_pre_hooks for b in encoder.visual.modules() if b is not blocks[1])
        return now == before and list(encoder.blocks) == blocks and not others

    handle = blocks[1].register_forward_hook(lambda *_: seen.append(looks()))
    try:
        with torch.inference_mode():
            encoder(torch.zeros(1, 3, 42, 70), (lambda level, tokens, grid: tokens) if writing else None)
    finally:
        handle.remove()
    assert seen == [True]


def test_a_language_model_that_loads_meanwhile_changes_nothing(tiny: Assistant) -> None:
    """While transformers makes a model it sets torch's default type, which all threads share."""
    images = pictures(4)
    kept = [{}, {"references": images[:2], "fixed_camera": True}, {"references": images[:1]}]
    alone = [tiny.inspect(images[3], **given) for given in kept]  # type: ignore[arg-type]
    fresh = Assistant.load("tiny")
    torch.set_default_dtype(torch.bfloat16)
    try:
        meanwhile = [fresh.inspect(images[3], **given) for given in kept]  # type: ignore[arg-type]
        bank = fresh.build_profile(images[:2]).bank
        assert bank is not None
        assert bank.position.dtype == torch.float32
    finally:
        torch.set_default_dtype(torch.float32)
    assert all(same(a, b) for a, b in zip(alone, meanwhile, strict=True))


def test_texts_are_embedded_once_whoever_asks(tiny: Assistant, monkeypatch: pytest.MonkeyPatch) -> None:
    embedded: list[str] = []
    inside: list[int] = []
    tokenize = tiny.detector.clip.tokenize

    def counting(texts: Sequence[str]) -> torch.Tensor:
        inside.append(1)
        assert len(inside) == 1, "a tokenizer keeps its settings in itself: one thread at a time"
        embedded.extend(texts)
        found = tokenize(texts)
        inside.pop()
        return found

    monkeypatch.setitem(tiny.detector.clip.__dict__, "tokenize", counting)
    at_once(lambda image: tiny.detector.clip.embed_texts(["a lid", "a cracked lid"]), pictures(32))
    assert sorted(embedded) == ["a cracked lid", "a lid"]


def test_several_threads_ask_and_get_the_answers_of_one(tmp_path: Path) -> None:
    assistant = Assistant.load(talking_preset(tmp_path))
    questions = ["Is anything wrong here?", "Where is it?"]
    inspections = [assistant.inspect(image) for image in pictures(4)]
    alone = [assistant.ask(inspection, questions) for inspection in inspections]
    fresh = Assistant.load(tmp_path)  # its language model is loaded by whoever comes first
    with ThreadPoolExecutor(4) as pool:
        threaded = list(pool.map(lambda inspection: fresh.ask(inspection, questions), inspections))
    assert threaded == alone
    assert len({answers[0].text for answers in alone}) > 1


@pytest.fixture(scope="module")
def mini() -> Assistant:
    return Assistant.load("mini", dtype="float32")


@pytest.mark.weights
def test_the_shipped_preset_says_in_threads_what_it_says_alone(mini: Assistant) -> None:
    images = pictures(3, side=120)
    profile = mini.build_profile(images[:1])
    for used in (None, profile):
        threaded = at_once(lambda image, used=used: mini.inspect(image, profile=used), images)  # type: ignore[misc]
        alone = [mini.inspect(image, profile=used) for image in images]
        assert all(same(a, b) for a, b in zip(alone, threaded, strict=True))


@pytest.mark.weights
def test_two_threads_ask_and_get_the_answers_of_one(mini: Assistant) -> None:
    questions = ["Is anything wrong here?", "Where is it?"]
    inspections = [mini.inspect(image) for image in pictures(2, side=120)]
    alone = [mini.ask(inspection, questions) for inspection in inspections]
    with ThreadPoolExecutor(2) as pool:
        threaded = list(pool.map(lambda inspection: mini.ask(inspection, questions), inspections))
    assert threaded == alone
