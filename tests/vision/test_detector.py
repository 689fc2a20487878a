"""The detector: p-values that mean what they say, presets that may not judge, nothing global, anchors kept within bounds."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy import stats

from assistant.config import VISION, load_preset
from assistant.errors import ConfigError
from assistant.inquiry import SCORES, Inquiry
from assistant.types import QueryImage
from assistant.vision import detector as detection
from assistant.vision.build_profile import build_profile, with_anomalous
from assistant.vision.detector import Detector
from assistant.vision.references.profile import AnomalousReference
from assistant.vision.regions import highest_place
from assistant.vision.text_anchors import KEPT, AnchorCache

DRAWS, NORMALS, POOL = 500, 20, 60


@pytest.fixture(scope="module")
def detector() -> Detector:
    return Detector.load("tiny")


def textured(seed: int) -> QueryImage:
    rng = np.random.default_rng(seed)
    pixels = rng.normal(rng.uniform(90, 160), rng.uniform(5, 40), (56, 56, 3)).clip(0, 255).astype(np.uint8)
    return QueryImage(pixels, f"texture {seed}")


def test_p_values_of_normal_pictures_are_uniform_by_every_score(
    detector: Detector, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kolmogorov-Smirnov: each draw takes 20 normals and a query from exchangeable pictures; ties are broken at random."""
    monkeypatch.setattr(detection, "find_regions", lambda _: [])  # they cost most and say nothing about p-values
    pictures = [textured(seed) for seed in range(POOL)]
    whole = build_profile(detector, pictures)
    whole = replace(whole, ranges={score: replace(found, variety=1.0) for score, found in whole.ranges.items()})
    encoded = [detector.encode(picture) for picture in pictures]
    bank = whole.bank
    assert bank is not None
    among_others = [bank.match(detector.localizer, e.features, leave_out=i) for i, e in enumerate(encoded)]
    rng = np.random.default_rng(7)
    values: dict[str, list[float]] = {score: [] for score in SCORES}
    for draw in range(DRAWS):
        score = SCORES[draw % len(SCORES)]
        query, *normals = rng.permutation(POOL)[: NORMALS + 1]
        logits = whole.normals(score)
        drawn = replace(whole, normal_logits={score: tuple(logits[i] for i in normals)})
        asked = replace(encoded[query], inquiry=Inquiry(score=score), match=among_others[query])
        found = detector.score(asked, drawn).p_value
        assert found is not None
        values[score].append(found - rng.random() / (NORMALS + 1))
    for score, drawn_values in values.items():
        assert stats.kstest(drawn_values, "uniform").pvalue > 0.01, score
    assert stats.kstest([*chain.from_iterable(values.values())], "uniform").pvalue > 0.01


def test_a_preset_whose_localizer_is_untrained_may_not_judge(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> None:
        raise AssertionError("towers are not fetched for it")

    monkeypatch.setattr(detection, "load_clip", never)
    with pytest.raises(ConfigError, match="a preset whose localizer is trained, got clip-large, which has none"):
        Detector.load("clip-large")


@pytest.mark.parametrize("name", ["base", "large"])
def test_presets_for_a_hub_see_as_mini_does(name: str) -> None:
    (mini, at), (other, there) = load_preset("mini"), load_preset(name)
    assert [getattr(other, part) for part in VISION if part != "checkpoint"] == [
        getattr(mini, part) for part in VISION if part != "checkpoint"
    ]
    assert (there / str(other.checkpoint)).resolve() == (at / str(mini.checkpoint)).resolve()
    assert other.language.is_told
    assert not other.language.reads_patch_tokens


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("name: a\nvision: nothing\n", "a preset"),
        ("name: a\nvision: base\n", "which has that of mini"),
        ("name: a\nvision: mini\ncalibration: identity\n", "calibration beside it"),
        ("name: a\n", "tower"),
    ],
)
def test_a_vision_of_another_preset_is_that_and_no_more(text: str, told: str, tmp_path: Path) -> None:
    (tmp_path / "preset.yaml").write_text(text)
    with pytest.raises(ConfigError, match=told):
        load_preset(tmp_path)


def test_loading_leaves_the_random_numbers_of_the_program_alone() -> None:
    torch.manual_seed(11)
    before = torch.random.get_rng_state()
    first = Detector.load("tiny")
    assert torch.equal(torch.random.get_rng_state(), before)
    torch.manual_seed(12)
    again = Detector.load("tiny").localizer.state_dict()
    assert all(torch.equal(value, again[name]) for name, value in first.localizer.state_dict().items())


def test_anchors_kept_are_bounded_and_told_apart_by_their_phrases(detector: Detector) -> None:
    kept = AnchorCache(detector.clip, detector.localizer.text_projection)
    for number in range(KEPT + 5):
        kept.states(f"part {number}")
    assert len(kept._states) == KEPT
    built_in = kept.kinds(None, Inquiry())
    names = built_in[0].names
    own = kept.kinds(None, Inquiry(types=names))
    assert own[0].names == names
    assert not torch.equal(own[1], built_in[1]), "the same names stand for other phrases"


def test_twenty_different_references_promise_what_ten_or_one_piece_do_not(detector: Detector) -> None:
    many = build_profile(detector, [textured(seed) for seed in range(24)])
    ranges = {score: replace(found, variety=1.0) for score, found in many.ranges.items()}
    many = replace(many, ranges=ranges)
    promise = many.guarantee("blend", 0.1)
    assert promise is not None
    assert promise.startswith("at most 10 % of normal pictures taken like these 24 references")
    found = detector.score(detector.encode(textured(30)), many)
    assert found.guarantee == promise
    assert found.p_value is not None
    assert 1 / 25 <= found.p_value <= 1
    ordered = sorted(many.normals("blend"))
    assert many.threshold("blend", 0.1) == max(ordered[22], ranges["blend"].even)
    assert many.guarantee("blend", 0.01) is None, "25 are too few for one in a hundred"
    alike = replace(many, ranges={score: replace(found, variety=0.4) for score, found in ranges.items()})
    assert alike.guarantee("blend", 0.1) is None
    assert alike.threshold("blend", 0.1) == max(ranges["blend"].even, ranges["blend"].limit(0.1))
    joined = with_anomalous(detector, many, [AnomalousReference(textured(40))])
    assert joined.guarantee("blend", 0.1) is None, "normals were not scored by likeness"
    for unfit in (alike, joined):
        assert detector.score(detector.encode(textured(30)), unfit).p_value is None
    few = build_profile(detector, [textured(seed) for seed in range(3)])
    assert few.guarantee("blend", 0.1) is None
    assert detector.score(detector.encode(textured(30)), few).guarantee is None


def test_chances_of_all_kinds_are_those_that_the_region_was_named_by(detector: Detector) -> None:
    encoded = detector.encode(textured(3), Inquiry(object_name="plate"))
    found = detector.score(encoded)
    place = highest_place(found.anomaly_map)
    assert place is not None
    with torch.inference_mode():
        named, looks = detector.name_regions(encoded, [place]), detector.embed_regions(encoded, [place])
    marked = replace(found, regions=named, region_embeddings=looks.float().cpu().numpy())
    (chances,) = detector.kind_chances(marked)
    assert chances[0] == (named[0].type, pytest.approx(named[0].type_probability, abs=1e-3))
    assert sum(chance for _, chance in chances) == pytest.approx(1)
    assert [chance for _, chance in chances] == sorted((chance for _, chance in chances), reverse=True)


def test_chances_are_not_told_of_a_kind_that_another_vocabulary_gave(detector: Detector) -> None:
    encoded = detector.encode(textured(3), Inquiry(types=("gizmo", "widget")))
    found = detector.score(encoded)
    place = highest_place(found.anomaly_map)
    assert place is not None
    with torch.inference_mode():
        named, looks = detector.name_regions(encoded, [place]), detector.embed_regions(encoded, [place])
    marked = replace(found, regions=named, region_embeddings=looks.float().cpu().numpy())
    assert detector.kind_chances(marked) == ((),)
    assert detector.kind_chances(replace(marked, region_embeddings=None)) == ((),)
