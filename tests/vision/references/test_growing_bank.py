"""A bank that references join one by one: small sets as if all were in view, large ones in bounded memory."""

from __future__ import annotations

import shutil
import weakref
from pathlib import Path

import numpy as np
import pytest
import torch

from assistant.errors import ProfileError
from assistant.pipeline import Assistant
from assistant.request import Inspector, PictureFiles, Request
from assistant.towers.encoder import PatchFeatures
from assistant.types import QueryImage
from assistant.vision import build_profile as building
from assistant.vision.localizer import Localizer
from assistant.vision.references import reference_features
from assistant.vision.references.growing_bank import WAITING, GrowingBank, _Rows, build_bank, coreset

ROWS = 64
PATCHES = 20


@pytest.fixture(scope="module")
def localizer() -> Localizer:
    torch.manual_seed(0)
    return Localizer(2, 16, 8, 8, 4, 4, 8).eval()


def features(seed: int) -> PatchFeatures:
    generator = torch.Generator().manual_seed(seed)
    levels = tuple(torch.randn(1, PATCHES, 16, generator=generator) for _ in range(2))
    return PatchFeatures(levels, torch.randn(1, 16, generator=generator), (4, 5))


def textured(seed: int) -> QueryImage:
    pixels = np.random.default_rng(seed).normal(128, 10, (64, 80, 3)).clip(0, 255).astype(np.uint8)
    return QueryImage(pixels, f"texture {seed}")


@pytest.mark.parametrize("count", [1, 3, 4, WAITING * ROWS // PATCHES])
@torch.inference_mode()
def test_up_to_a_multiple_of_what_is_kept_the_choice_has_all_in_view(localizer: Localizer, count: int) -> None:
    seen = [features(i) for i in range(count)]
    bank = build_bank(localizer, seen, rows=ROWS, generator=torch.Generator().manual_seed(0))
    tokens = torch.cat([torch.stack(f.levels, 2)[0] for f in seen])
    kept = coreset(localizer, tokens, ROWS, torch.Generator().manual_seed(0))
    assert torch.equal(bank.tokens, tokens[kept])
    assert torch.equal(bank.owner, kept // PATCHES)
    assert bank.shots == count


@torch.inference_mode()
def test_of_many_references_no_more_wait_than_may_and_all_have_a_share(
    localizer: Localizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    most: list[int] = []
    add = _Rows.add

    def watched(self: _Rows, *columns: torch.Tensor) -> None:
        add(self, *columns)
        most.append(len(self))

    monkeypatch.setattr(_Rows, "add", watched)
    count = 300
    growing = GrowingBank(localizer, ROWS, generator=torch.Generator().manual_seed(0))
    for i in range(count):
        growing.add(features(i))
    bank = growing.bank()
    assert max(most) <= WAITING * ROWS + PATCHES
    assert len(bank.owner) == ROWS
    assert bank.owner.tolist() == sorted(bank.owner.tolist())
    early = float((bank.owner < count // 2).float().mean())
    assert 0.25 < early < 0.75, "the first references weigh as much as the last"
    assert bank.shots == count


def test_what_is_drawn_while_rows_come_is_a_uniform_draw_of_all() -> None:
    taken = np.zeros(10)
    for seed in range(200):
        rows = _Rows(torch.Generator().manual_seed(seed))
        for part in range(10):
            rows.add(torch.full((10,), part))
            if len(rows) > 40:
                rows.draw(20)
        rows.draw(20)
        taken += np.bincount(rows.columns()[0].numpy(), minlength=10)
    assert taken.sum() == 200 * 20
    assert abs(taken - 400).max() < 80, "four standard deviations of a share of a tenth"


@torch.inference_mode()
def test_the_same_references_make_the_same_bank(localizer: Localizer) -> None:
    one, other = (build_bank(localizer, [features(i) for i in range(40)], rows=ROWS) for _ in range(2))
    assert torch.equal(one.tokens, other.tokens)
    assert torch.equal(one.subspace_mean, other.subspace_mean)


def test_no_reference_is_refused(localizer: Localizer) -> None:
    with pytest.raises(ProfileError, match="at least one reference picture, got none"):
        GrowingBank(localizer, ROWS).bank()


def _full(*_: object, **__: object) -> None:
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize(
    ("limits", "times"),
    [
        ({}, 1),
        ({"HELD_BYTES": 0}, 1),
        ({"HELD_BYTES": 120_000}, 1),
        ({"HELD_BYTES": 0, "FILED_BYTES": 0}, 2),
        ({"HELD_BYTES": 0, "full": 1}, 2),
    ],
)
def test_references_are_scored_alike_wherever_their_features_wait(
    monkeypatch: pytest.MonkeyPatch, limits: dict[str, int], times: int
) -> None:
    assistant = Assistant.load("tiny")
    images = [textured(i) for i in range(4)]
    held = assistant.build_profile(images)
    encoded: list[str] = []
    encode = assistant.detector.patch_features
    monkeypatch.setattr(
        assistant.detector, "patch_features", lambda image: encoded.append(image.source) or encode(image)
    )
    for name in sorted(set(limits) - {"full"}):
        monkeypatch.setattr(reference_features, name, limits[name])
    if "full" in limits:
        monkeypatch.setattr(reference_features.tempfile, "TemporaryFile", _full)
    again = assistant.build_profile(images)
    assert len(encoded) == 4 * times + building.COPIES
    assert again.normal_logits == held.normal_logits
    assert again.bank is not None
    assert held.bank is not None
    assert torch.equal(again.bank.tokens, held.bank.tokens)


def test_references_are_decoded_one_at_a_time_and_too_many_are_refused(
    pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assistant = Assistant.load("tiny")
    decoded: list[weakref.ref[QueryImage]] = []
    alive: list[int] = []
    real = PictureFiles.__getitem__

    def asked(self: PictureFiles, index: int) -> QueryImage:
        image = real(self, index)
        decoded.append(weakref.ref(image))
        alive.append(sum(one() is not None for one in decoded))
        return image

    monkeypatch.setattr(PictureFiles, "__getitem__", asked)
    for number in range(9):
        shutil.copy(pictures / "a.png", pictures / f"more {number}.png")
    request = Request(references=(str(pictures),))
    profile = Inspector(assistant, request).profile
    assert profile is not None
    assert profile.summary()["references"] == 12
    assert max(alive) <= 2, "the one at hand and the next"
    monkeypatch.setattr(building, "MAX_REFERENCES", 11)
    with pytest.raises(ProfileError, match=r"^expected at most 11 reference pictures, got 12; give some that show"):
        Inspector(assistant, request)
