"""Heads of one product: each family finds what is not normal, and one is kept only where it helps."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from jaxtyping import Float
from torch import Tensor

from assistant.errors import ProfileError
from assistant.types import QueryImage
from assistant.vision.build_profile import build_profile
from assistant.vision.detector import Detector
from assistant.vision.localizer import Logits
from assistant.vision.one_class.choosing import Trial, separation, try_heads
from assistant.vision.one_class.discriminator import DiscriminatorHead
from assistant.vision.one_class.fitted import FAMILIES, Fitted, values_of
from assistant.vision.one_class.pasting import pasted
from assistant.vision.one_class.subspace import SubspaceHead
from assistant.vision.references.profile import Profile

WIDE, FLAT = 24, 4


@pytest.fixture(scope="module")
def detector() -> Detector:
    return Detector.load("tiny")


def flat(count: int, seed: int) -> Float[Tensor, "count wide"]:
    """Tokens of a product: of few dimensions, with a little noise."""
    rng = torch.Generator().manual_seed(seed)
    basis = torch.randn(FLAT, WIDE, generator=torch.Generator().manual_seed(99))
    return torch.randn(count, FLAT, generator=rng) @ basis + 0.05 * torch.randn(count, WIDE, generator=rng)


def odd(tokens: Tensor, seed: int, rows: int = 3) -> Tensor:
    """The same with a few tokens off the product's subspace."""
    changed = tokens.clone()
    changed[:rows] += 1.5 * torch.randn(rows, WIDE, generator=torch.Generator().manual_seed(seed))
    return changed


@pytest.mark.parametrize("family", list(FAMILIES))
def test_a_head_finds_tokens_off_the_product(family: str) -> None:
    head = FAMILIES[family].fit(flat(4000, 0))
    normal, strange = values_of(head, flat(300, 1)), values_of(head, odd(flat(300, 1), 2, 300))
    above = (strange[:, None] > normal).float().mean()
    assert above > (0.99 if family == "subspace" else 0.8), family
    again = FAMILIES[family].fit(flat(4000, 0))
    assert all(torch.equal(again.tensors()[name], value) for name, value in head.tensors().items())


@pytest.mark.parametrize("family", list(FAMILIES))
def test_a_head_says_the_same_when_it_was_kept_in_half_precision(family: str) -> None:
    head = FAMILIES[family].fit(flat(4000, 0))
    kept = Fitted(family, head.tensors(), 1.0, 1.0, 1.0, (0,), (0.0, 1.0)).rounded()
    tokens = odd(flat(64, 3), 4)
    before, after = values_of(head, tokens), values_of(kept.head, tokens)
    torch.testing.assert_close(after, before, rtol=0.02, atol=0.02 * float(before.abs().max()))


def trial(experts_see: float, heads_see: bool, count: int = 40) -> Trial:
    """Normals and pasted defects, with what the experts say of them."""
    rng = np.random.default_rng(0)
    defects = [(i, odd(flat(50, i), 100 + i) if heads_see else flat(50, 500 + i)) for i in range(20)]
    return Trial(
        tokens=lambda number: flat(50, number),
        count=count,
        pasted=defects,
        copies=[(0, flat(50, 0))],
        normal_logits=rng.normal(0, 1, count).tolist(),
        pasted_logits=rng.normal(experts_see, 1, 20).tolist(),
        levels=(0,),
    )


def test_a_head_is_kept_where_it_sets_defects_apart_and_only_there() -> None:
    kept = try_heads(trial(experts_see=0.5, heads_see=True))
    assert kept.chosen is not None
    assert kept.chosen.fitted.separation[0] == kept.alone < kept.chosen.fitted.separation[1]
    assert len(kept.chosen.normals) == 40
    assert try_heads(trial(experts_see=0.5, heads_see=False)).chosen is None
    assert try_heads(trial(experts_see=60.0, heads_see=True)).chosen is None, "there is nothing to gain"


def test_separation_is_in_standard_deviations_of_the_normals_and_bounded() -> None:
    assert separation(np.array([-1.0, 1.0]), np.array([2.0, 4.0])) == pytest.approx(3.0, abs=1e-4)
    assert separation(np.array([-1.0, 1.0]), np.array([1e9])) == 6.0


def test_a_head_never_lowers_a_map() -> None:
    head = SubspaceHead.fit(flat(2000, 0))
    fitted = Fitted("subspace", head.tensors(), 5.0, 1.0, 2.0, (0,), (0.0, 1.0))
    before = Logits(torch.zeros(1, 5, 10), torch.zeros(1))
    after = fitted.joined(before, values_of(head, flat(50, 7)))
    assert bool((after.map >= before.map).all())
    assert float(after.image) < 0, "an unremarkable picture scores lower"


@pytest.mark.parametrize("number", range(8))
def test_a_pasted_defect_is_small_and_always_the_same(number: int) -> None:
    rng = np.random.default_rng(1)
    one, other = (QueryImage(rng.integers(60, 190, (120, 160, 3)).astype(np.uint8), f"{i}.png") for i in range(2))
    found = pasted(one, other, number)
    changed = (found.pixels != one.pixels).any(-1).mean()
    assert 0 < changed < 0.2
    assert np.array_equal(found.pixels, pasted(one, other, number).pixels)
    assert found.pixels.dtype == np.uint8


def striped(seed: int) -> QueryImage:
    rng = np.random.default_rng(seed)
    rows = 128 + 60 * np.sin(np.arange(56) / 4 + rng.uniform(0, 6))[:, None, None]
    return QueryImage((rows + rng.normal(0, 4, (56, 56, 3))).clip(0, 255).astype(np.uint8), f"{seed}.png")


def test_a_profile_keeps_what_was_fitted_and_refuses_what_is_no_head(
    detector: Detector, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("assistant.vision.one_class.choosing.GAIN", -10.0)
    profile = build_profile(detector, [striped(i) for i in range(20)], fit=True)
    assert profile.fitted is not None
    assert profile.tried is not None
    assert len(profile.normals("blend")) == 20
    profile.save(tmp_path / "p.safetensors")
    again = Profile.load(tmp_path / "p.safetensors")
    assert again.fitted is not None
    assert again.fitted.about() == profile.fitted.about()
    query = detector.encode(striped(30))
    assert detector.score(query, again).image_score == pytest.approx(
        detector.score(query, profile).image_score, abs=0.01
    )
    bare = replace(profile, fitted=None)
    assert detector.score(query, bare).image_score != detector.score(query, profile).image_score
    assert f"{profile.fitted.family} head" in str(profile.summary()["fit"])
    wrong = replace(profile.fitted, numbers={"mean": torch.zeros(3)})
    with pytest.raises(ProfileError, match="a head that is none"):
        replace(profile, fitted=wrong).save(tmp_path / "q.safetensors")


def test_too_few_normals_for_a_head_are_refused_and_none_is_said_where_none_was_kept(
    detector: Detector, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ProfileError, match="at least 20 normal pictures to fit a head on, got 3"):
        build_profile(detector, [striped(i) for i in range(3)], fit=True)
    monkeypatch.setattr("assistant.vision.one_class.choosing.GAIN", 10.0)
    profile = build_profile(detector, [striped(i) for i in range(20)], fit=True)
    assert profile.fitted is None
    assert "no head was kept" in str(profile.summary()["fit"])
    assert build_profile(detector, [striped(i) for i in range(2)]).summary()["fit"] is None


def test_the_discriminator_trains_inside_inference_mode() -> None:
    with torch.inference_mode():
        head = DiscriminatorHead.fit(flat(600, 0))
        assert head(flat(5, 1)).shape == (5,)
