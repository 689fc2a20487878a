"""A picture that is not like the references is told of in its inspection; ordinary ones are not, and no score changes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from assistant.errors import ProfileError
from assistant.pipeline import Assistant
from assistant.types import QueryImage
from assistant.vision.checks.known import Apart, Known
from assistant.vision.checks.look import Look, brightness, likeness, small_grey
from assistant.vision.references.profile import Profile
from tests.vision.checks.parts import part, stripes
from tests.vision.references.test_profile_file import rewritten


@pytest.fixture(scope="module")
def assistant() -> Assistant:
    return Assistant.load("tiny")


@pytest.fixture(scope="module")
def profile(assistant: Assistant) -> Profile:
    return assistant.build_profile([part(seed) for seed in range(5)])


def test_ordinary_pictures_are_judged_without_a_word(assistant: Assistant, profile: Profile) -> None:
    one = assistant.build_profile([part(0)])
    for seed in range(10, 18):
        assert assistant.inspect(part(seed, light=1 + 0.01 * (seed - 14)), profile=profile).warnings == ()
        assert assistant.inspect(part(seed), profile=one).warnings == ()


@pytest.mark.parametrize(
    ("picture", "told"),
    [
        (stripes(1), "other camera, focus or product (distance 0."),
        (part(9, light=0.5), "was taken in another light (lightness 25, of references"),
        (part(9, size=(128, 96)), "is of another shape (96x128, of references 128x96)"),
        (part(9, size=(48, 64)), "is of another size (64x48, of references 128x96)"),
    ],
)
def test_each_way_to_be_unlike_is_told(assistant: Assistant, profile: Profile, picture: QueryImage, told: str) -> None:
    warnings = assistant.inspect(picture, profile=profile).warnings
    assert any(told in one for one in warnings)
    assert all("\n" not in one and "): " in one for one in warnings)


def test_a_defect_is_no_other_product(profile: Profile) -> None:
    known = profile.known
    assert known is not None
    look = known.looks[0]
    assert known.warnings(look, Apart(0.5, 0.0005)) == ()  # the class token is as near as ever
    assert known.warnings(look, Apart(0.11, 0.9)) == ()  # few patches are far
    assert "shows another product" in known.warnings(look, Apart(0.5, 0.9))[0]
    assert "looks unlike the references all over" in known.warnings(look, Apart(0.5, 0.05))[0]


def test_warnings_change_no_score_and_need_references(assistant: Assistant, profile: Profile) -> None:
    told = assistant.inspect(stripes(1), profile=profile)
    silent = assistant.inspect(stripes(1), profile=replace(profile, known=None))
    assert silent.warnings == ()
    assert told.image_score == silent.image_score
    assert assistant.inspect(stripes(1)).warnings == ()


def test_a_profile_keeps_what_it_knows_and_old_ones_are_read(
    assistant: Assistant, profile: Profile, tmp_path: Path
) -> None:
    path = tmp_path / "part.safetensors"
    doubtful = assistant.build_profile([*(part(seed) for seed in range(4)), stripes(1)])
    doubtful.save(path)
    again = Profile.load(path)
    assert again.warnings == doubtful.warnings
    assert again.summary()["warnings"] == list(doubtful.warnings)
    assert again.warnings
    profile.save(path)
    again = Profile.load(path)
    assert assistant.inspect(stripes(1), profile=again).warnings
    assert not again.warnings
    rewritten(path, lambda _, about: about.pop("known"))
    assert Profile.load(path).known is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"looks": []}, {"distances": []}, {"distances": ["far"]}, {"class_distances": [0.1]}, {"findings": [{}]},
        {"findings": None}, {"looks": [{"width": 1}] * 5},
    ],
)  # fmt: skip
def test_checks_that_no_references_have_are_refused(profile: Profile, tmp_path: Path, wrong: dict[str, object]) -> None:
    path = tmp_path / "part.safetensors"
    profile.save(path)
    with pytest.raises(ProfileError, match="with checks of its references that are none; build the profile again"):
        Profile.load(rewritten(path, lambda _, about: about["known"].update(wrong)))


def test_looks_are_in_their_units() -> None:
    white, black = (QueryImage(np.full((8, 16, 3), value, np.uint8), "flat") for value in (255, 0))
    assert (brightness(white), brightness(black)) == (pytest.approx(1, abs=1e-3), 0)
    look = Look.of(white)
    assert (look.width, look.height, look.contrast) == (16, 8, 0)
    assert look.aspect == pytest.approx(np.log(2))
    assert Look.of(QueryImage(np.full((8, 8, 3), (200, 40, 40), np.uint8), "red")).red > 30
    assert likeness(small_grey(part(0)), small_grey(part(0))) == pytest.approx(1, abs=1e-5)
    assert likeness(small_grey(white), small_grey(part(0))) == 0
    assert isinstance(Known.from_json(Known((look,), (0.1,), ()).as_json(), 1), Known)
