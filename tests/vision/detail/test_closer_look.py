"""The closer look as a whole, on random towers: what was looked at is told, a mark is found once, odd pictures work."""

from __future__ import annotations

import math
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

import assistant.inquiry
import assistant.types
from assistant.errors import ConfigError, ProfileError
from assistant.inquiry import Detail, Inquiry
from assistant.types import Coverage, Inspection, QueryImage
from assistant.vision.build_profile import build_profile
from assistant.vision.checks.known import FRAMED, LIKE_WITH_LIKE
from assistant.vision.closer import closer_look, tile_references
from assistant.vision.closer.closer_look import (
    ALONE,
    ANYWHERE,
    OTHER_DETAIL,
    OTHER_SURFACE,
    UNEVEN,
    UNSURE,
    inspect_closely,
    planned_tiles,
)
from assistant.vision.detail import painted, promise
from assistant.vision.detail.layered_regions import layered_regions
from assistant.vision.detail.painted import LayeredMap, PaintedMap
from assistant.vision.detector import Detector
from assistant.vision.measuring import measures
from assistant.vision.references.profile import Profile

SIZE = (300, 400)
FULL, AUTO, OVERVIEW = (Inquiry(detail=Detail(look)) for look in ("full", "auto", "overview"))


@pytest.fixture(autouse=True)
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures of this size count as large ones."""
    monkeypatch.setattr(assistant.inquiry, "LARGE", SIZE[0] * SIZE[1] - 1)


@pytest.fixture(scope="module")
def detector() -> Detector:
    return Detector.load("tiny")


@pytest.fixture(scope="module")
def profile(detector: Detector) -> Profile:
    return build_profile(detector, [surface(1), surface(2)], FULL)


def surface(seed: int, size: tuple[int, int] = SIZE) -> QueryImage:
    plane = np.random.default_rng(seed).normal(128, 10, (*size, 1)).clip(0, 255).astype(np.uint8)
    return QueryImage(np.ascontiguousarray(plane.repeat(3, 2)), f"surface {seed}")


def pitted(seed: int, x: int, y: int) -> QueryImage:
    image = surface(seed)
    cv2.circle(image.pixels, (x, y), 9, (20, 20, 20), -1)
    return image


def inspected(detector: Detector, image: QueryImage, inquiry: Inquiry, profile: Profile | None = None) -> Inspection:
    return inspect_closely(detector, detector.encode(image, inquiry), profile)


def places(inspection: Inspection) -> list[tuple[float, float]]:
    boxes = [region.box for region in inspection.regions]
    return [((box.x_min + box.x_max) / 2, (box.y_min + box.y_max) / 2) for box in boxes]


def test_an_overview_is_what_the_detector_says(detector: Detector) -> None:
    image = surface(3)
    found, plain = inspected(detector, image, OVERVIEW), detector.score(detector.encode(image))
    assert found.image_score == plain.image_score
    assert found.coverage == plain.coverage
    assert found.coverage is not None
    assert (found.coverage.detail, found.coverage.tiles) == ("overview", 0)


@pytest.mark.parametrize("inquiry", [FULL, AUTO])
@pytest.mark.parametrize("x", [300, 88, 77])
def test_a_pit_is_found_once_wherever_it_lies(detector: Detector, profile: Profile, inquiry: Inquiry, x: int) -> None:
    """Among the columns are seams of tiles of both scales."""
    found = inspected(detector, pitted(3, x, 200), inquiry, profile)
    near = [place for place in places(found) if abs(place[0] - x) < 30 and abs(place[1] - 200) < 30]
    assert len(near) == 1
    region = found.regions[places(found).index(near[0])]
    assert region.box.area <= 66 * 66
    assert region.type is not None
    assert region.measures is not None
    assert found.image_score >= 0.5
    assert found.anomaly_map.scores.shape == SIZE
    assert found.region_embeddings is not None
    assert len(found.region_embeddings) == len(found.regions)
    assert [one.id for one in found.regions] == list(range(1, len(found.regions) + 1))
    assert found.anomaly_map.scores[200 - 12 : 200 + 12, x - 12 : x + 12].max() >= 0.5


def test_without_references_the_rest_of_the_picture_is_the_reference(detector: Detector) -> None:
    found = inspected(detector, pitted(3, 300, 200), FULL)
    assert any(abs(x - 300) < 30 and abs(y - 200) < 30 for x, y in places(found))


@pytest.mark.parametrize("inquiry", [FULL, AUTO])
def test_tiles_that_judge_each_other_are_encoded_once(
    detector: Detector, monkeypatch: pytest.MonkeyPatch, inquiry: Inquiry
) -> None:
    encoded: list[tuple[object, ...]] = []

    def noted(plain: Callable[..., object]) -> Callable[..., object]:
        return lambda of, image, lattice, tile: (encoded.append((lattice.cell, tile)), plain(of, image, lattice, tile))[
            1
        ]

    for module in (closer_look, tile_references):
        monkeypatch.setattr(module, "tile_features", noted(module.tile_features))
    found = inspected(detector, surface(3), inquiry)
    assert found.coverage is not None
    assert len(encoded) == len(set(encoded)) == found.coverage.tiles
    assert len({cell for cell, _ in encoded}) == (2 if inquiry is FULL else 1), "a quick look has one scale"


def test_a_picture_that_is_no_even_surface_is_not_judged_by_itself(detector: Detector) -> None:
    image = surface(3)
    image.pixels[:, 130:] //= 3
    image.pixels[:, 260:] = 255 - surface(4).pixels[:, 260:] // 8
    found, overview = inspected(detector, image, FULL), inspected(detector, image, OVERVIEW)
    assert UNEVEN in found.warnings
    assert found.coverage is not None
    assert found.coverage.tiles == 0
    assert found.image_score == overview.image_score
    assert UNEVEN not in inspected(detector, surface(3), FULL).warnings


def test_that_a_picture_is_not_even_is_told_by_a_few_of_its_tiles(
    detector: Detector, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three surfaces beside each other, of which a dozen tiles are enough."""
    parts = [surface(3, (600, 300)), striped(4, (600, 300)), surface(5, (600, 300))]
    parts[2].pixels[:] = 255 - parts[2].pixels // 8
    image = QueryImage(np.concatenate([one.pixels for one in parts], 1), "a thing")
    looked: list[object] = []
    plain = tile_references.tile_features
    monkeypatch.setattr(tile_references, "tile_features", lambda *given: (looked.append(given), plain(*given))[1])
    found = inspected(detector, image, FULL)
    assert UNEVEN in found.warnings
    assert len(looked) == 2 * tile_references.PROBES, "of each scale"


def test_normal_pictures_mostly_stay_normal(detector: Detector, profile: Profile) -> None:
    plain = [detector.score(detector.encode(surface(seed)), profile) for seed in range(10, 18)]
    closer = [inspected(detector, surface(seed), FULL, profile) for seed in range(10, 18)]
    more = [len(b.regions) - len(a.regions) for a, b in zip(plain, closer, strict=True)]
    assert sum(more) <= 3


def test_the_row_tells_how_much_was_looked_at(detector: Detector, profile: Profile) -> None:
    full, auto = (inspected(detector, surface(3), inquiry, profile).coverage for inquiry in (FULL, AUTO))
    assert full is not None
    assert auto is not None
    assert (full.detail, full.looked_at) == ("full", 1.0)
    assert auto.detail == "auto"
    assert 0 <= auto.tiles < full.tiles
    assert auto.looked_at < 1


def test_auto_takes_what_promises_most_first_and_keeps_to_its_share(
    detector: Detector, profile: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = inspected(detector, pitted(3, 300, 200), FULL, profile).coverage
    auto = inspected(detector, pitted(3, 300, 200), AUTO, profile)
    assert full is not None
    assert auto.coverage is not None
    assert auto.coverage.tiles == math.ceil(closer_look.AUTO_SHARE * full.tiles)
    assert any(abs(x - 300) < 30 and abs(y - 200) < 30 for x, y in places(auto))


def test_of_pictures_that_are_not_large_auto_is_the_overview(
    detector: Detector, profile: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(assistant.inquiry, "LARGE", SIZE[0] * SIZE[1])
    image = pitted(4, 300, 200)
    plain = detector.score(detector.encode(image), profile)
    found = inspected(detector, image, Inquiry(), profile)
    assert found.coverage == Coverage("auto")
    assert found.image_score == plain.image_score
    assert build_profile(detector, [surface(1)]).tiles is None
    assert inspected(detector, image, FULL, profile).image_score > plain.image_score


def test_a_profile_of_large_pictures_has_normal_tiles_unless_only_the_whole_is_looked_at(detector: Detector) -> None:
    assert build_profile(detector, [surface(1, (60, 80)), surface(2)]).tiles is not None
    assert build_profile(detector, [surface(1), surface(2)], OVERVIEW).tiles is None


@pytest.mark.parametrize("size", [(1, 1), (2, 3000), (3000, 2), (300, 300)])
@pytest.mark.parametrize("inquiry", [FULL, AUTO])
def test_no_tile_is_wasted_on_one_colour(detector: Detector, size: tuple[int, int], inquiry: Inquiry) -> None:
    even = QueryImage(np.full((*size, 3), 90, np.uint8), "even")
    found = inspected(detector, even, inquiry)
    assert found.coverage is not None
    assert found.coverage.tiles == 0
    assert found.anomaly_map.scores.shape == size
    noise = QueryImage(np.random.default_rng(0).integers(0, 255, (*size, 3), np.uint8), "noise")
    assert inspected(detector, noise, inquiry).anomaly_map.scores.shape == size


def test_a_profile_keeps_its_tiles(detector: Detector, profile: Profile, tmp_path: Path) -> None:
    profile.save(tmp_path / "p.safetensors")
    again = Profile.load(tmp_path / "p.safetensors")
    image = pitted(3, 300, 200)
    one, two = (inspected(detector, image, FULL, known) for known in (profile, again))
    assert again.tiles is not None
    assert again.summary()["smallest_px"] == 16
    assert abs(one.image_score - two.image_score) < 0.01
    assert len(one.regions) == len(two.regions)


def test_a_profile_with_broken_tiles_is_refused(profile: Profile, tmp_path: Path) -> None:
    assert profile.tiles is not None
    bank = profile.tiles.banks[0]
    broken = replace(bank, spread=replace(bank.spread, mean=torch.full_like(bank.spread.mean, float("nan"))))
    with pytest.raises(ProfileError, match="tiles"):
        replace(profile, tiles=replace(profile.tiles, banks=(broken,))).save(tmp_path / "p.safetensors")


def test_a_profile_without_tiles_says_what_they_were_judged_by(detector: Detector) -> None:
    plain = build_profile(detector, [surface(1), surface(2)], OVERVIEW)
    assert ALONE in inspected(detector, surface(3), FULL, plain).warnings


def striped(seed: int, size: tuple[int, int] = SIZE) -> QueryImage:
    """Another surface, as bright."""
    draws = np.random.default_rng(seed)
    waves = 40 * np.sin(np.arange(size[1]) / 6 + draws.uniform(0, 6))[None] + draws.normal(0, 2, size)
    plane = (128 + waves).clip(0, 255).astype(np.uint8)
    return QueryImage(np.ascontiguousarray(plane[..., None].repeat(3, 2)), f"stripes {seed}")


def test_references_of_another_surface_judge_no_tiles(detector: Detector, profile: Profile) -> None:
    image = striped(5)
    cv2.circle(image.pixels, (300, 200), 9, (20, 20, 20), -1)
    found, alone = inspected(detector, image, FULL, profile), inspected(detector, image, FULL)
    told = [one for one in found.warnings if "of another surface" in one]
    assert len(told) == 1
    assert float(told[0].split("(")[1].split()[0]) > closer_look.OTHER_FROM
    tiles = [(one.box, one.type) for one in alone.regions]
    assert tiles
    assert set(tiles) <= {(one.box, one.type) for one in found.regions}


@pytest.mark.parametrize("inquiry", [FULL, AUTO])
def test_references_of_the_same_surface_judge_a_picture_whatever_it_has(
    detector: Detector, profile: Profile, inquiry: Inquiry
) -> None:
    image = surface(6)
    for x in range(40, 400, 60):
        cv2.circle(image.pixels, (x, 150), 9, (20, 20, 20), -1)
    brighter = QueryImage(cv2.convertScaleAbs(surface(7).pixels, alpha=1.05, beta=4), "brighter")
    for one in (image, brighter):
        assert inspected(detector, one, inquiry, profile).warnings == ()


def test_a_profile_written_without_the_usual_distance_takes_that_of_the_gaussian(
    detector: Detector, profile: Profile
) -> None:
    assert profile.tiles is not None
    bank = profile.tiles.banks[0]
    told = bank.as_json()
    del told["usual"]
    again = type(bank).read(told, bank.tensors())
    assert again.usual == pytest.approx(math.sqrt(bank.spread.mean.shape[-1]))
    with pytest.raises(ProfileError, match="common patches"):
        type(bank).read({**told, "usual": math.nan}, bank.tensors())


@pytest.fixture(scope="module")
def fixed(detector: Detector) -> Profile:
    return build_profile(
        detector, [dotted(1, *DOTS), dotted(2, *DOTS)], Inquiry(detail=Detail("full"), fixed_camera=True)
    )


def dotted(seed: int, *at: tuple[int, int]) -> QueryImage:
    """A surface with dots: what is normal at some places."""
    image = surface(seed)
    for x, y in at:
        cv2.circle(image.pixels, (x, y), 9, (60, 60, 60), -1)
    return image


DOTS = ((50, 50), (50, 150), (50, 250), (110, 100), (110, 200), (150, 50), (150, 250))
MOVED = (320, 150)


def test_what_is_normal_elsewhere_is_found_under_a_fixed_camera_alone(detector: Detector, fixed: Profile) -> None:
    free = build_profile(detector, [dotted(1, *DOTS), dotted(2, *DOTS)], FULL)
    moved, in_place = dotted(3, *DOTS[1:], MOVED), dotted(4, *((x + 2, y - 1) for x, y in DOTS))
    assert places(inspected(detector, moved, FULL, free)) == []
    found = inspected(detector, moved, FULL, fixed)
    assert [(abs(x - MOVED[0]) < 15, abs(y - MOVED[1]) < 15) for x, y in places(found)] == [(True, True)]
    assert found.image_score >= 0.5
    assert found.warnings == ()
    assert places(inspected(detector, in_place, FULL, fixed)) == []


def test_a_single_reference_under_a_fixed_camera_is_judged_by_its_own_surroundings(detector: Detector) -> None:
    profile = build_profile(detector, [surface(1)], replace(FULL, fixed_camera=True))
    assert profile.tiles is not None
    assert all(bank.placed is not None for bank in profile.tiles.banks)
    assert inspected(detector, surface(3), FULL, profile).image_score < 0.5
    near = [
        place for place in places(inspected(detector, pitted(3, 300, 200), FULL, profile)) if abs(place[0] - 300) < 30
    ]
    assert len(near) == 1


def test_a_profile_of_a_fixed_camera_keeps_the_places_of_its_tiles(
    detector: Detector, fixed: Profile, tmp_path: Path
) -> None:
    fixed.save(tmp_path / "fixed.safetensors")
    back = Profile.load(tmp_path / "fixed.safetensors")
    assert list(tmp_path.iterdir()) == [tmp_path / "fixed.safetensors"]
    moved = dotted(3, *DOTS[1:], MOVED)
    one, other = (inspected(detector, moved, FULL, profile) for profile in (fixed, back))
    assert [region.box for region in other.regions] == [region.box for region in one.regions]
    assert other.image_score == pytest.approx(one.image_score, abs=0.02)
    assert fixed.tiles is not None
    first = fixed.tiles.banks[0]
    assert first.placed is not None
    outside = replace(first, placed=replace(first.placed, position=first.placed.position + 1))
    with pytest.raises(ProfileError, match="normal tiles that are none"):
        replace(fixed, tiles=replace(fixed.tiles, banks=(outside,))).save(tmp_path / "wrong.safetensors")


def test_a_profile_of_a_fixed_camera_without_places_is_used_and_says_so(
    detector: Detector, fixed: Profile, tmp_path: Path
) -> None:
    """As one that was written before places were kept."""
    assert fixed.tiles is not None
    banks = tuple(replace(bank, placed=None) for bank in fixed.tiles.banks)
    replace(fixed, tiles=replace(fixed.tiles, banks=banks)).save(tmp_path / "old.safetensors")
    found = inspected(detector, surface(3), FULL, Profile.load(tmp_path / "old.safetensors"))
    assert found.warnings == (ANYWHERE,)


def test_a_picture_of_another_size_is_compared_like_with_like_in_tiles(
    detector: Detector, profile: Profile, fixed: Profile
) -> None:
    large = surface(3, (600, 800))
    size = "is of another size (800x600, of references 400x300): "
    assert inspected(detector, large, FULL, profile).warnings == (size + LIKE_WITH_LIKE,)
    for framed, inquiry in ((profile, OVERVIEW), (fixed, FULL)):
        assert size + FRAMED in inspected(detector, large, inquiry, framed).warnings


def test_a_profile_of_another_detail_says_so(detector: Detector, profile: Profile) -> None:
    found = inspected(detector, surface(3), Inquiry(detail=Detail("full", 32)), profile)
    assert OTHER_DETAIL.format(16, 32) in found.warnings


@pytest.mark.parametrize("score", [0.2, 0.35, 0.45, 0.5, 0.9])
def test_a_large_picture_that_is_nearly_anomalous_is_worth_a_closer_look(
    detector: Detector, profile: Profile, monkeypatch: pytest.MonkeyPatch, score: float
) -> None:
    plain = Detector.score
    monkeypatch.setattr(Detector, "score", lambda *given: replace(plain(*given), image_score=score))
    large, small = surface(3, (900, 1200)), surface(3, (60, 80))
    nearly = 0.35 <= score < 0.5
    assert (UNSURE in inspected(detector, large, OVERVIEW).warnings) == nearly
    assert inspected(detector, small, OVERVIEW).warnings == ()
    assert not any("closely" in one for one in inspected(detector, surface(3), FULL, profile).warnings)


@pytest.mark.parametrize("words", [ALONE, OTHER_DETAIL, OTHER_SURFACE, UNEVEN, UNSURE])
def test_warnings_follow_the_words_it_and_the_picture(words: str) -> None:
    assert words.split()[0] in ("was", "is")


def test_scores_are_the_same_twice(detector: Detector, profile: Profile) -> None:
    one, two = (inspected(detector, pitted(3, 300, 200), FULL, profile) for _ in range(2))
    assert one.image_score == two.image_score
    assert [a.box for a in one.regions] == [b.box for b in two.regions]


@pytest.mark.parametrize(
    ("text", "detail"), [("auto", Detail("auto")), ("24", Detail("full", 24)), ("auto:24", Detail("auto", 24))]
)
def test_details_are_read_as_they_are_typed(text: str, detail: Detail) -> None:
    assert Detail.read(text) == detail
    assert str(detail) == text
    assert Inquiry.of({"detail": text}).detail == detail


@pytest.mark.parametrize("text", ["near", "1", "-3", "nan", "full:x", ""])
def test_other_details_are_refused(text: str) -> None:
    with pytest.raises(ConfigError, match=r"overview|pixels"):
        Detail.read(text)


@pytest.mark.parametrize("inquiry", [FULL, AUTO])
@pytest.mark.parametrize("known", [True, False])
def test_how_far_a_look_is_is_told_after_each_tile(
    detector: Detector, profile: Profile, inquiry: Inquiry, known: bool
) -> None:
    told: list[tuple[int, int]] = []
    encoded = detector.encode(pitted(3, 300, 200), inquiry)
    found = inspect_closely(detector, encoded, profile if known else None, lambda *at: told.append(at))
    planned = planned_tiles(detector, SIZE, inquiry.detail, 16 if known else None)
    assert [done for done, _ in told] == list(range(1, len(told) + 1))
    assert {most for _, most in told} == {planned}
    assert found.coverage is not None
    assert found.coverage.tiles == len(told) <= planned
    assert planned_tiles(detector, (60, 80), inquiry.detail) == planned_tiles(detector, SIZE, Detail("overview")) == 0


def test_a_look_holds_little_beside_a_large_picture(detector: Detector, monkeypatch: pytest.MonkeyPatch) -> None:
    """Arrays beside the picture take less than five bytes a pixel: a map in source pixels alone would take four."""
    monkeypatch.setattr(assistant.inquiry, "LARGE", 2.1e6)
    monkeypatch.setattr(assistant.types, "STRIP_PIXELS", 2**16)
    monkeypatch.setattr(painted, "PIECE", 2**14)
    monkeypatch.setattr(promise, "STRIP", 64)
    monkeypatch.setattr(measures, "LARGEST_SIDE", 256)
    monkeypatch.setattr(closer_look, "AUTO_SHARE", 0.001)
    image = QueryImage(surface(5, (1024, 1024)).pixels.repeat(2, 0).repeat(4, 1), "large")
    cv2.circle(image.pixels, (700, 900), 500, (255, 0, 0), -1)
    profile = build_profile(detector, [surface(1), surface(2)], Inquiry(detail=Detail("full")))
    encoded = detector.encode(image, AUTO)
    tracemalloc.start()
    try:
        found = inspect_closely(detector, encoded, profile)
        held = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert found.coverage is not None
    assert found.coverage.tiles > 0
    assert found.regions
    assert held < 5 * image.height * image.width
    assert isinstance(found.anomaly_map, PaintedMap)
    assert found.anomaly_map.size == (2048, 4096)


def test_normal_tiles_are_counted_and_a_look_ends_where_told(detector: Detector) -> None:
    told: list[tuple[int, int]] = []
    tile_references.tile_references(
        detector, [surface(1), surface(2, (90, 120))], 16, progress=lambda *at: told.append(at)
    )
    assert told[-1][0] == told[-1][1] == len(told)

    def stop(done: int, planned: int) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        inspect_closely(detector, detector.encode(surface(3), FULL), None, stop)


def test_regions_of_a_joined_map_are_found_again_under_any_threshold(detector: Detector, profile: Profile) -> None:
    encoded = detector.encode(pitted(3, 300, 200), FULL)
    found = inspect_closely(detector, encoded, profile)
    assert isinstance(found.anomaly_map, LayeredMap)
    again = layered_regions(found.anomaly_map, 0.5, encoded.features.grid)
    assert [one.box for one in again] == [one.box for one in found.regions]
    assert [one.peak_score for one in again] == pytest.approx([one.peak_score for one in found.regions])
    fewer = layered_regions(found.anomaly_map, 0.95, encoded.features.grid)
    assert {one.box for one in fewer} <= {one.box for one in again}
    assert all(one.peak_score >= 0.95 for one in fewer)
    assert len(layered_regions(found.anomaly_map, 0.1, encoded.features.grid)) >= len(again)
