"""Assistant end to end on the preset tiny: shapes, references, profiles, modes, refusals."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.special import logit

from assistant.errors import ConfigError, ProfileError
from assistant.inquiry import Inquiry
from assistant.pipeline import Assistant
from assistant.types import Domain, Mode, QueryImage, Verdict
from assistant.vision.references.profile import AnomalousReference, Profile
from assistant.vision.regions import highest_region


@pytest.fixture(scope="module")
def assistant() -> Assistant:
    return Assistant.load("tiny")


def picture(seed: int, height: int = 60, width: int = 180) -> QueryImage:
    rng = np.random.default_rng(seed)
    return QueryImage(rng.integers(0, 256, (height, width, 3), dtype=np.uint8), f"made {seed}")


def textured(seed: int, spot: bool = False) -> QueryImage:
    rng = np.random.default_rng(seed)
    pixels = rng.normal(128, 10, (112, 112, 3)).clip(0, 255).astype(np.uint8)
    if spot:
        pixels[70:98, 14:42] = 250
    return QueryImage(pixels, f"texture {seed}")


@pytest.mark.parametrize("size", [(60, 180), (180, 60), (33, 33), (400, 300)])
def test_the_map_is_in_source_pixels_and_calibrated(assistant: Assistant, size: tuple[int, int]) -> None:
    found = assistant.inspect(picture(1, *size))
    assert found.anomaly_map.scores.shape == size
    assert 0 <= found.anomaly_map.scores.min() <= found.anomaly_map.scores.max() <= 1
    assert found.mode is Mode.ZERO_SHOT
    assert found.p_value is None


def test_the_top_of_the_map_is_the_image_score(assistant: Assistant) -> None:
    found = assistant.inspect(picture(1, 112, 112))
    assert abs(float(found.anomaly_map.scores.max()) - found.image_score) < 0.2
    if found.verdict is Verdict.NORMAL:
        assert found.regions == ()


def test_another_kind_of_thing_is_farther_from_the_references(assistant: Assistant) -> None:
    profile = assistant.build_profile([textured(i) for i in range(3)])
    clean = textured(9)
    assert profile.bank is not None
    near, far = (
        float(
            profile.bank.match(assistant.detector.localizer, assistant.detector.patch_features(shown)).distance.mean()
        )
        for shown in (clean, picture(3, 112, 112))
    )
    assert far > 1.5 * near
    assert assistant.inspect(clean, profile=profile).mode is Mode.FEW_SHOT


def test_a_saved_profile_gives_the_same_scores(assistant: Assistant, tmp_path: Path) -> None:
    profile = assistant.build_profile([textured(i) for i in range(3)], object_name="plate")
    profile.save(tmp_path / "plate.safetensors")
    again = Profile.load(tmp_path / "plate.safetensors")
    assert again.summary() == profile.summary()
    one, other = (assistant.inspect(textured(5, spot=True), profile=p) for p in (profile, again))
    assert abs(one.image_score - other.image_score) < 1e-3
    assert np.abs(one.anomaly_map.scores - other.anomaly_map.scores).max() < 5e-3


def test_a_profile_of_other_weights_is_refused(assistant: Assistant) -> None:
    profile = assistant.build_profile([textured(0)])
    with pytest.raises(ProfileError, match="one made with preset tiny and untrained"):
        profile.check("mini", "sha256:0")
    with pytest.raises(ProfileError):
        profile.check("mini", "untrained")
    replace(profile, preset="mini", weights="sha256:0").check("base", "sha256:0")  # sees by the same parts


def test_what_is_no_profile_is_refused(assistant: Assistant, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.safetensors"
    wrong.write_bytes(b"not a profile")
    for path in (wrong, tmp_path / "missing.safetensors"):
        with pytest.raises(ProfileError, match="a profile written by `profile build`"):
            assistant.inspect(textured(0), profile=path)


def test_a_score_does_not_depend_on_what_was_inspected_before(assistant: Assistant) -> None:
    first = assistant.inspect(textured(1))
    assistant.inspect(picture(3), references=[picture(4)])
    assert assistant.inspect(textured(1)).image_score == first.image_score


def test_an_anomalous_reference_raises_what_looks_like_it(assistant: Assistant) -> None:
    mask = np.zeros((112, 112), bool)
    mask[70:98, 14:42] = True
    known = AnomalousReference(textured(2, spot=True), mask)
    normal = [textured(7)]
    with_known = assistant.inspect(textured(5, spot=True), references=normal, anomalous_references=[known])
    without = assistant.inspect(textured(5, spot=True), references=normal)
    assert with_known.image_score > without.image_score
    raised = [logit(found.anomaly_map.scores) for found in (with_known, without)]
    row, column = np.unravel_index((raised[0] - raised[1]).argmax(), (112, 112))
    assert mask[row, column]
    unmasked = assistant.inspect(textured(5, spot=True), anomalous_references=[AnomalousReference(known.image)])
    assert unmasked.mode is Mode.FEW_SHOT
    with pytest.raises(ProfileError, match="some pixels set"):
        assistant.inspect(textured(5), anomalous_references=[AnomalousReference(known.image, ~mask & mask)])


def test_mutual_mode_needs_two_and_finds_the_odd_one(assistant: Assistant) -> None:
    with pytest.raises(ProfileError, match="two or more pictures"):
        assistant.inspect_mutual([textured(0)])
    found = assistant.inspect_mutual([textured(0), textured(1), textured(2, spot=True)])
    assert [f.mode for f in found] == [Mode.MUTUAL] * 3


def test_types_come_from_the_words_given(assistant: Assistant) -> None:
    profile = assistant.build_profile([textured(0)])
    for types in ((), ("left", "right")):
        found = assistant.inspect(picture(1), profile=profile, domain=Domain.MEDICAL, types=types)
        names = {r.type for r in found.regions}
        assert not types or names <= set(types)
        assert "scratch" not in names


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"mode": "guess"}, "a mode of auto, zero-shot, few-shot, got guess"),
        ({"mode": "few-shot"}, "references or a profile in few-shot mode, got none"),
        ({"score": "median"}, "an image score of blend, top1, max, p99, got median"),
        ({"look_for": ["  "]}, "a phrase to look for of 1 to 200 characters"),
    ],
)
def test_options_that_make_no_sense_are_refused(assistant: Assistant, options: dict, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        assistant.inspect(picture(1), **options)


def test_an_unknown_preset_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ConfigError, match=r"a preset \(base, clip-large, large, mini, tiny\)"):
        Assistant.load("huge")


@pytest.mark.weights
def test_mini_finds_a_drawn_scratch_and_leaves_its_normal_twin_alone() -> None:
    rng = np.random.default_rng(0)
    plate = rng.normal(150, 6, (256, 256, 1)).repeat(3, 2).clip(0, 255).astype(np.uint8)
    scratched = plate.copy()
    for i in range(110):
        scratched[60 + i : 63 + i, 80 + i // 2 : 83 + i // 2] = 40
    assistant = Assistant.load("mini")
    encoded = assistant.detector.encode(QueryImage(scratched, "scratched"))
    zero = assistant.detector.score(encoded)
    assert zero.verdict is Verdict.ANOMALOUS
    row, column = np.unravel_index(zero.anomaly_map.scores.argmax(), (256, 256))
    assert 50 <= row <= 185
    assert 70 <= column <= 150
    clean = [QueryImage(np.roll(plate, 40 * i, 0), f"clean {i}") for i in range(3)]
    profile = assistant.build_profile(clean[:2])
    few, normal = assistant.detector.score(encoded, profile), assistant.inspect(clean[2], profile=profile)
    assert few.verdict is Verdict.ANOMALOUS
    assert few.image_score > normal.image_score + 0.2


def test_a_map_without_regions_tells_its_highest_place(assistant: Assistant) -> None:
    found = [assistant.inspect(textured(seed, spot=bool(seed % 2))) for seed in range(8)]
    assert all((highest_region(one) is None) == bool(one.regions) for one in found)
    bare = next(one for one in found if not one.regions)
    place, scores = highest_region(bare), bare.anomaly_map.scores
    assert place is not None
    assert place.type is None
    assert place.peak_score == pytest.approx(float(scores.max()), abs=0.011)
    box = place.box
    assert scores[box.y_min : box.y_max, box.x_min : box.x_max].max() == pytest.approx(place.peak_score)


def test_the_highest_place_is_named_when_asked(assistant: Assistant) -> None:
    detector = assistant.detector
    encoded = detector.encode(textured(0), Inquiry(types=("crack", "stain")))
    plain = detector.score(encoded)
    normal = replace(plain, regions=(), image_score=0.2)
    named = detector.name_highest(encoded, normal)
    assert named.highest is not None
    assert named.highest.type in ("crack", "stain")
    assert (named.regions, named.image_score) == ((), 0.2)
    if plain.regions:
        assert detector.name_highest(encoded, plain) is plain
