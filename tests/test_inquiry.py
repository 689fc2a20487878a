"""What is asked of a picture is one checked value, and one rule says what goes together at every door."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from assistant.errors import ConfigError
from assistant.inquiry import Inquiry
from assistant.pipeline import Assistant
from assistant.request import Request
from assistant.types import Domain, QueryImage
from assistant.vision.references.profile import AnomalousReference


@pytest.fixture(scope="module")
def assistant() -> Assistant:
    return Assistant.load("tiny")


def textured(seed: int, spot: bool = False) -> QueryImage:
    pixels = np.random.default_rng(seed).normal(128, 10, (112, 112, 3)).clip(0, 255).astype(np.uint8)
    if spot:
        pixels[70:98, 14:42] = 250
    return QueryImage(pixels, f"texture {seed}")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"score": "best"}, "an image score of blend, top1, max, p99, got best"),
        ({"mode": "guess"}, "a mode of auto, zero-shot, few-shot, got guess"),
        ({"object_name": "x" * 201}, "an object name of 1 to 200 characters, got 201"),
        ({"look_for": "missing solder"}, "several phrases for look_for, got one text"),
        ({"types": ["crack", " "]}, "a type of 1 to 200 characters, got 0"),
        ({"look_for": [3]}, "phrases for look_for, got int"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_is_encoded(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Inquiry.of(fields)  # type: ignore[arg-type]


def test_fields_become_one_value() -> None:
    told = Inquiry.of({"object_name": "lid", "look_for": ["a hair", "rust"], "fixed_camera": True})
    assert told == Inquiry("lid", ("a hair", "rust"), fixed_camera=True)
    assert hash(told) == hash(Inquiry("lid", ("a hair", "rust"), fixed_camera=True))


RULES = [
    ({"fixed_camera": True}, {}, "references with a fixed camera, got none"),
    ({"fixed_camera": True}, {"profile": True}, "references with a fixed camera, got a profile"),
    ({"mode": "zero-shot"}, {"references": True}, "no references in zero-shot mode, got some"),
    ({"mode": "zero-shot"}, {"profile": True}, "no references in zero-shot mode, got some"),
    ({"mode": "zero-shot"}, {"anomalous": True}, "no references in zero-shot mode, got some"),
    ({"mode": "few-shot"}, {"anomalous": True}, "references or a profile in few-shot mode, got none"),
    ({}, {"references": True, "profile": True}, "references or a profile, got both"),
]


@pytest.mark.parametrize(("fields", "given", "message"), RULES)
def test_library_and_command_refuse_the_same(
    assistant: Assistant, tmp_path: Path, fields: dict[str, Any], given: dict[str, bool], message: str
) -> None:
    picture = tmp_path / "normal.png"
    profile = tmp_path / "normal.safetensors"
    assistant.build_profile([textured(0)]).save(profile)
    library: dict[str, Any] = {
        "references": [textured(0)] if given.get("references") else [],
        "profile": profile if given.get("profile") else None,
        "anomalous_references": [AnomalousReference(textured(1, spot=True))] if given.get("anomalous") else [],
    }
    with pytest.raises(ConfigError, match=message):
        assistant.inspect(textured(2), **library, **fields)
    with pytest.raises(ConfigError, match=message):
        Request(
            Inquiry(**fields),
            references=(str(picture),) if given.get("references") else (),
            profile=str(profile) if given.get("profile") else None,
            anomalous_references=(str(picture),) if given.get("anomalous") else (),
        )


def test_anomalous_references_join_a_profile_as_they_join_references(assistant: Assistant) -> None:
    mask = np.zeros((112, 112), bool)
    mask[70:98, 14:42] = True
    known = [AnomalousReference(textured(2, spot=True), mask)]
    normal = [textured(7), textured(8)]
    profile = assistant.build_profile(normal)
    shown = textured(5, spot=True)
    joined = assistant.inspect(shown, profile=profile, anomalous_references=known)
    together = assistant.inspect(shown, references=normal, anomalous_references=known)
    assert joined.image_score == together.image_score > assistant.inspect(shown, profile=profile).image_score
    assert profile.anomalous_keys is None, "the profile given stays as it was"
    marked = assistant.build_profile(normal, anomalous_references=known)
    twice = assistant.comparison(Inquiry(), anomalous_references=known, profile=marked)
    assert marked.anomalous_keys is not None
    assert twice is not None
    assert twice.anomalous_keys is not None
    assert twice.anomalous_keys.shape[1] == 2 * marked.anomalous_keys.shape[1]


def test_an_overkill_without_references_is_refused_as_no_threshold_follows_from_it() -> None:
    asked = Inquiry(overkill=0.02)
    for anomalous in (False, True):
        with pytest.raises(ConfigError, match="references or a profile with an overkill, got none"):
            asked.require_comparable(references=False, profile=False, anomalous=anomalous)
    asked.require_comparable(references=True, profile=False, anomalous=False)
    asked.require_comparable(references=False, profile=True, anomalous=False)
    Inquiry().require_comparable(references=False, profile=False, anomalous=False)


def test_pictures_that_judge_each_other_are_looked_at_as_wholes() -> None:
    Inquiry().require_overview()
    with pytest.raises(ConfigError, match="overview in mutual mode, got full"):
        Inquiry.of({"detail": "full"}).require_overview()


def test_a_domain_may_be_told_as_a_text_and_an_unknown_one_is_refused() -> None:
    assert Inquiry.of({"domain": "medical"}).domain is Domain.MEDICAL
    with pytest.raises(ConfigError, match=r"a domain of industrial, medical.*dental"):
        Inquiry.of({"domain": "dental"})  # type: ignore[typeddict-item]
