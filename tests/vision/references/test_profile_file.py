"""Saved profiles: what was written is read, and nothing else is."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

from assistant.errors import ProfileError
from assistant.inquiry import SCORES
from assistant.pipeline import Assistant
from assistant.types import QueryImage
from assistant.vision.experts.normal_range import NormalRange
from assistant.vision.references.profile import AnomalousReference, Profile
from assistant.vision.references.profile_file import _AXES, _digest

RANGE = NormalRange(location=-1.0, scale=1.0, freedom=4.0, even=0.5, slope=0.6)

Tensors = dict[str, Tensor]


def textured(seed: int) -> QueryImage:
    pixels = np.random.default_rng(seed).normal(128, 10, (64, 80, 3)).clip(0, 255).astype(np.uint8)
    return QueryImage(pixels, f"texture {seed}")


@pytest.fixture(scope="module")
def assistant() -> Assistant:
    return Assistant.load("tiny")


@pytest.fixture(scope="module")
def profile(assistant: Assistant) -> Profile:
    known = [AnomalousReference(textured(9), np.ones((64, 80), bool))]
    return assistant.build_profile([textured(i) for i in range(3)], object_name="plate", anomalous_references=known)


@pytest.fixture
def path(profile: Profile, tmp_path: Path) -> Path:
    profile.save(tmp_path / "plate.safetensors")
    return tmp_path / "plate.safetensors"


def rewritten(path: Path, change: Callable[[Tensors, dict[str, Any]], object], *, signed: bool = True) -> Path:
    """The file with its content changed; ``signed`` with the hash that then is right."""
    tensors = load_file(path)
    with safe_open(path, "pt") as handle:
        about = json.loads(handle.metadata()["about"])
    change(tensors, about)
    if signed:
        about["sha256"] = _digest({k: v for k, v in about.items() if k != "sha256"}, tensors)
    save_file(tensors, path, metadata={"about": json.dumps(about)})
    return path


def refused(path: Path, message: str = "") -> None:
    with pytest.raises(ProfileError, match=f"^expected .*{message}.*, got .*; build the profile again$") as told:
        Profile.load(path)
    assert "\n" not in str(told.value)


def test_what_was_written_is_read(profile: Profile, path: Path) -> None:
    again = Profile.load(path)
    assert again.bank is not None
    assert profile.bank is not None
    torch.testing.assert_close(again.bank.tokens, profile.bank.tokens, atol=5e-3, rtol=1e-3)
    assert again.bank.keys.dtype == torch.float32
    assert torch.equal(again.bank.owner, profile.bank.owner)
    assert again.normal_logits == profile.normal_logits
    assert (again.ranges, again.window, again.object_name) == (profile.ranges, profile.window, "plate")
    assert again.weights_of_experts == profile.weights_of_experts
    again.save(path)
    assert Profile.load(path).normal_logits == profile.normal_logits


@pytest.mark.parametrize("kind", ["one", "fixed", "anomalous", "twice the same"])
def test_every_kind_of_profile_can_be_read_again(assistant: Assistant, tmp_path: Path, kind: str) -> None:
    if kind == "anomalous":
        known = [AnomalousReference(textured(9))]
        made = assistant.comparison(assistant_inquiry(), anomalous_references=known)
        assert made is not None
    else:
        references = {"one": [textured(0)], "twice the same": [textured(0)] * 2}.get(kind, [textured(0), textured(1)])
        made = assistant.build_profile(references, fixed_camera=kind == "fixed")
    made.save(tmp_path / "p.safetensors")
    assert Profile.load(tmp_path / "p.safetensors").summary() == made.summary()


def assistant_inquiry() -> Any:
    from assistant.inquiry import Inquiry

    return Inquiry()


def test_not_a_number_is_refused_when_read_and_when_written(profile: Profile, path: Path) -> None:
    """Also under a hash that is right: another program may write a file."""
    refused(rewritten(path, lambda t, _: t["bank.keys"].fill_(torch.nan)), "sound")
    assert profile.bank is not None
    broken = replace(profile, bank=replace(profile.bank, tokens=profile.bank.tokens * 1e9))
    with pytest.raises(ProfileError, match=r"got numbers in bank\.tokens that are not finite"):
        broken.save(path)


def test_any_flipped_bit_is_refused(path: Path) -> None:
    good = path.read_bytes()
    rng = np.random.default_rng(0)
    header = 8 + int.from_bytes(good[:8], "little")
    places = [*rng.integers(0, header, 60), *rng.integers(header, len(good), 60)]
    for place in map(int, places):
        bad = bytearray(good)
        bad[place] ^= 1 << int(rng.integers(8))
        path.write_bytes(bad)
        with pytest.raises(ProfileError, match=r"^[^\n]*; build the profile again$"):
            Profile.load(path)


@pytest.mark.parametrize("kept", [0, 7, 8, 100, 0.5, 0.999])
def test_a_cut_file_is_refused(path: Path, kept: float) -> None:
    good = path.read_bytes()
    path.write_bytes(good[: int(kept * len(good)) if 0 < kept < 1 else int(kept)])
    refused(path)


def test_random_bytes_are_refused(path: Path) -> None:
    rng = np.random.default_rng(0)
    for size in (1, 64, 4096):
        path.write_bytes(rng.bytes(size))
        refused(path)
    path.write_bytes(b"")
    refused(path)
    with pytest.raises(ProfileError):
        Profile.load(path.parent)
    with pytest.raises(ProfileError):
        Profile.load(path.with_name("none.safetensors"))


def test_a_file_without_a_hash_or_of_another_schema_is_refused(path: Path) -> None:
    good = path.read_bytes()
    refused(rewritten(path, lambda _, about: about.pop("sha256"), signed=False))
    path.write_bytes(good)
    refused(rewritten(path, lambda _, about: about.update(schema="anomaly-assistant/profile@2")), "profile@4")
    path.write_bytes(good)
    refused(rewritten(path, lambda _, about: about.update(weights="sha256:1"), signed=False), "as it was written")


def _put(name: str, change: Callable[[Tensor], Tensor]) -> Callable[[Tensors, dict[str, Any]], object]:
    return lambda tensors, _: tensors.update({name: change(tensors[name]).contiguous()})


def _say(**said: Any) -> Callable[[Tensors, dict[str, Any]], object]:
    return lambda _, about: about.update(said)


@pytest.mark.parametrize(
    "change",
    [
        _put("bank.owner", lambda t: t + 1),
        _put("bank.owner", lambda t: t - 1),
        _put("bank.owner", lambda t: t.int()),
        _put("bank.owner", lambda t: t[1:]),
        _put("bank.tokens", lambda t: t.float()),
        _put("bank.tokens", lambda t: t[:, 1:]),
        _put("bank.tokens", lambda t: t[..., :0]),
        _put("bank.keys", lambda t: t * 2),
        _put("bank.keys", lambda t: t[0]),
        _put("bank.position", lambda t: t + 1),
        _put("bank.position", lambda t: t.repeat(1, 2)),
        _put("bank.statistics", lambda t: t * 0),
        _put("bank.statistics", lambda t: -t),
        _put("bank.subspace_statistics", lambda t: t * 0),
        _put("bank.subspace_mean", lambda t: t[:-1]),
        _put("bank.subspace_basis", lambda t: t / 0),
        _put("bank.class_tokens", lambda t: t[:1]),
        _put("anomalous_keys", lambda t: t[..., :-1]),
        _put("anomalous_keys", lambda t: t[:1]),
        lambda tensors, _: tensors.pop("bank.owner"),
        lambda tensors, _: tensors.clear(),
        lambda tensors, _: tensors.update(more=torch.zeros(2)),
        _say(weights_of_experts=[1.0, 1.0, 1.0]),
        _say(weights_of_experts=[1.0, -1.0, 1.0, 1.0]),
        _say(weights_of_experts=[1.0, float("nan"), 1.0, 1.0]),
        _say(ranges={}),
        _say(ranges=None),
        _say(ranges={s: {**vars(RANGE), "scale": 0.0} for s in SCORES}),
        _say(ranges=dict.fromkeys(SCORES, 1.0)),
        _say(window=0),
        _say(window=3),
        _say(class_spread=None),
        _say(class_spread=9),
        _say(preset=None),
        _say(object_name=4),
        _say(normal_logits=[1, 2, 3]),
        _say(normal_logits={"blend": [1.0, 2.0]}),
        _say(normal_logits={"blend": [1.0, 2.0, float("inf")]}),
        _say(normal_logits={"median": [1.0, 2.0, 3.0]}),
    ],
)
def test_what_no_profile_holds_is_refused(path: Path, change: Callable[[Tensors, dict[str, Any]], object]) -> None:
    refused(rewritten(path, change), "sound")


def test_every_tensor_of_a_bank_has_named_axes(path: Path) -> None:
    assert set(load_file(path)) == set(_AXES)
    assert _AXES["bank.tokens"] == ("rows", "levels", "width")


def test_tokens_of_other_levels_or_widths_are_refused(assistant: Assistant, profile: Profile) -> None:
    profile.require_fit(assistant.detector.localizer)
    assert profile.bank is not None
    assert profile.anomalous_keys is not None
    other = replace(profile, bank=replace(profile.bank, keys=profile.bank.keys[..., :8]))
    with pytest.raises(
        ProfileError, match="3 levels, tokens of 64 and keys of 16 numbers, got one of 3 levels, 64 and 8"
    ):
        assistant.inspect(textured(4), profile=other)
    narrow = replace(profile, bank=None, normal_logits={}, anomalous_keys=profile.anomalous_keys[:2])
    with pytest.raises(ProfileError, match="got one of 2 levels"):
        assistant.inspect(textured(4), profile=narrow)
