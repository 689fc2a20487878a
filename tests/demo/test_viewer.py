"""The picture in view: drawings land on the very pixels, a click says what is there, corrections stand and are taken back."""

from __future__ import annotations

import json
import re
import zipfile
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from assistant.errors import ConfigError
from assistant.types import QueryImage, Verdict
from demo.bench.correcting import region_mask
from demo.bench.judging import BenchError
from demo.bench.sessions import Said
from demo.bench.workbench import Workbench
from demo.export import corrected_set
from demo.view import overview, strip, viewer, words
from demo.whole.listed import lines_of
from tests.demo.browser import choose_sample, idle, move_threshold
from tests.demo.conftest import settled


def test_shapes_land_on_the_very_pixels() -> None:
    box = {"kind": "box", "points": [[40, 20], [10, 5]]}
    polygon = {"kind": "polygon", "points": [[100, 100], [140, 100], [140, 130], [100, 130]]}
    stroke = {"kind": "brush", "points": [[300.5, 200.5], [320.5, 200.5]], "radius": 4}
    mask = viewer.drawn_mask([box], 3000, 4000)
    assert mask.sum() == 30 * 15
    assert mask[5:20, 10:40].all()
    assert viewer.drawn_mask([polygon], 3000, 4000)[100:130, 100:140].mean() == 1
    assert abs(int(viewer.drawn_mask([polygon], 3000, 4000).sum()) - 1200) < 80
    drawn = viewer.drawn_mask([stroke], 3000, 4000)
    assert drawn[200, 300:320].all()
    assert not drawn[:192].any()
    assert not drawn[209:].any(), "a thin stroke stays thin on twelve megapixels"
    assert viewer.drawn_mask([box, polygon], 3000, 4000).sum() > mask.sum()
    assert not viewer.drawn_mask([], 5, 5).any()


@pytest.mark.parametrize(
    "shapes",
    [
        "x", [7], [{"kind": "box"}], [{"kind": "star", "points": [[1, 1], [2, 2]]}], [{"kind": "box", "points": [["a", 1]]}],
        [{"kind": "box", "points": [[float("nan"), 1], [2, 2]]}], [{"kind": "brush", "points": [[1, 1]], "radius": "x"}],
        [{"kind": "polygon", "points": [[1e9, 1], [2, 2], [3, 3]]}], [{"kind": "box", "points": [[1, 1]]}] * 101,
    ],
)  # fmt: skip
def test_what_is_no_drawing_is_refused(shapes: Any) -> None:
    with pytest.raises(ConfigError, match="expected boxes, polygons or strokes"):
        viewer.drawn_mask(shapes, 60, 80)


def test_a_pixel_is_told_of(bench: Workbench, part: QueryImage) -> None:
    session = bench.store.new()
    picture = bench.add(session, part)
    bench.set_threshold(session, 0.1)
    assert picture.view is not None
    box = picture.view.inspection.regions[0].box
    y, x = np.argwhere(region_mask(picture.view, 1))[0]
    told = words.probe(picture.view, int(x), int(y), "crop.png")
    assert f"{picture.view.measured.anomaly_map.scores[y, x]:.2f}" in told
    assert "in region 1" in told
    assert box.x_min <= x < box.x_max
    assert viewer.pointed((1e9, -5), part) == (79, 0)
    with pytest.raises(ConfigError, match="a place in the picture"):
        viewer.pointed((None, "x"), part)
    pixels, where = viewer.around(part, 79, 0, 20)
    assert where.as_tuple() == (60, 0, 80, 20)
    assert (pixels == part.pixels[:20, 60:]).all()


def judged(bench: Workbench, part: QueryImage) -> Any:
    session = bench.store.new()
    bench.add(session, part)
    bench.set_threshold(session, 0.2)
    return session


def test_a_rejected_region_is_gone_until_it_is_taken_back(bench: Workbench, part: QueryImage) -> None:
    session = judged(bench, part)
    picture = session.picture
    before = picture.view.inspection.regions
    mask = region_mask(picture.view, 1)
    bench.reject(session, 1)
    left = picture.view.inspection.regions
    assert len(left) == len(before) - 1
    assert not picture.view.mask[mask].any()
    for _ in left:
        bench.reject(session, 1)
    assert picture.view.verdict is Verdict.NORMAL
    assert picture.view.score == picture.view.measured.image_score, "the measured score is not bent"
    told = "1 region is no defect" if len(before) == 1 else f"{len(before)} regions are no defects"
    assert picture.view.spoken == f"by you: {told}"
    assert f"By you: {told}." in words.verdict_card(picture.view)
    bench.set_threshold(session, 0.15)
    assert not picture.view.mask[mask].any(), "another threshold does not bring it back"
    bench.set_threshold(session, 0.2)
    with pytest.raises(BenchError, match="a region of the picture in view"):
        bench.reject(session, 1)
    for _ in before:
        bench.undo(session)
    assert picture.view.inspection.regions == before
    with pytest.raises(BenchError, match="expected a correction"):
        bench.undo(session)


def test_a_mark_that_is_called_no_defect_was_never_made(bench: Workbench, part: QueryImage) -> None:
    session = judged(bench, part)
    picture = session.picture
    before, score = picture.view.inspection.regions, picture.view.score
    mask = np.zeros((60, 80), bool)
    mask[45:58, 2:14] = True
    bench.mark_defect(session, mask, "hole")
    assert (picture.view.score, len(picture.setup.anomalous)) != (score, 0)
    number = next(iter(picture.view.drawn))
    assert bench.reject(session, number)
    assert (session.corrections, picture.corrected, picture.setup.anomalous) == ([], [], [])
    assert session.project.documents("correction") == {}
    assert picture.view.inspection.regions == before
    assert picture.view.score == pytest.approx(score)
    bench.mark_defect(session, mask, "hole", number=1)
    bench.reject(session, next(iter(picture.view.drawn)))
    assert [one.said for one in picture.corrected] == [Said.REJECTED], "what was drawn anew is found no more"
    assert len(picture.view.inspection.regions) == len(before) - 1
    assert picture.setup.anomalous == []


def test_a_verdict_is_a_persons_where_they_spoke_of_the_picture(bench: Workbench, part: QueryImage) -> None:
    session = judged(bench, part)
    picture = session.picture
    bench.set_threshold(session, 0.42)
    assert len(picture.view.inspection.regions) > 1
    bench.reject(session, 1)
    (line,) = lines_of(session)
    assert (line.corrected, line.spoken, line.whose(0.42)) == (True, None, "")
    session.choice.open = True
    assert "by you" not in overview.value(session)["rows"]
    while picture.view.inspection.regions:
        bench.reject(session, 1)
    (line,) = lines_of(session)
    assert (line.verdict(0.05), line.whose(0.05)) == (Verdict.NORMAL, "by your corrections")
    bench.mark_normal(session)
    (line,) = lines_of(session)
    assert (line.verdict(0.05), line.whose(0.05)) == (Verdict.NORMAL, "by you")
    assert "normal, by you" in overview.value(session)["rows"]


def test_a_kind_that_was_told_is_obeyed_and_learned(bench: Workbench, part: QueryImage) -> None:
    session = judged(bench, part)
    kept = [(r.box, r.area_fraction) for r in session.picture.view.inspection.regions]
    bench.rename(session, 1, "crater")
    renamed = session.picture.view.inspection.regions
    assert "crater" in [r.type for r in renamed]
    assert {r.box for r in renamed} == {box for box, _ in kept}
    assert "crater" in {c.kind for c in session.corrections}
    with pytest.raises(BenchError, match="a kind of defect"):
        bench.rename(session, 1, "  ")
    like = bench.add(session, QueryImage(part.pixels.copy(), "like it"))
    bench.set_threshold(session, 0.2)
    if session.corrections[0].embedding is not None:
        assert "crater" in [r.type for r in like.view.inspection.regions], "regions like it take the kind"


def test_a_drawn_defect_stands_with_its_pixels_and_kind(bench: Workbench, part: QueryImage) -> None:
    session = judged(bench, part)
    mask = np.zeros((60, 80), bool)
    mask[2:9, 3:30] = True
    mask[4, 5] = False
    bench.mark_defect(session, mask, "spatter")
    view = session.picture.view
    own = next(r for r in view.inspection.regions if r.type == "spatter")
    assert (region_mask(view, own.id) == mask).all()
    assert own.box.as_tuple() == (3, 2, 30, 9)
    assert view.verdict is Verdict.ANOMALOUS
    again = np.zeros((60, 80), bool)
    again[3:8, 4:20] = True
    bench.mark_defect(session, again, "", own.id)
    regions = [r for r in session.picture.view.inspection.regions if r.type == "spatter"]
    assert [r.box.as_tuple() for r in regions] == [(4, 3, 20, 8)], "drawn anew, with the kind it had"
    bench.mark_normal(session)
    assert session.picture.view.verdict is Verdict.NORMAL
    assert session.picture.view.inspection.regions == ()
    bench.undo(session)
    bench.undo(session)
    assert [r.box.as_tuple() for r in session.picture.view.inspection.regions if r.type == "spatter"] == [(3, 2, 30, 9)]
    assert [c.said for c in session.corrections] == [Said.DEFECT]
    assert len(session.setup.anomalous) == 1
    assert session.setup.references == []


@pytest.mark.parametrize("layout", ["coco", "labelme"])
def test_the_corrected_set_is_what_annotation_tools_read(
    bench: Workbench, part: QueryImage, tmp_path: Path, layout: str
) -> None:
    session = judged(bench, part)
    mask = np.zeros((60, 80), bool)
    mask[2:9, 3:30] = True
    bench.mark_defect(session, mask, "spatter")
    with zipfile.ZipFile(corrected_set.write_corrections(session, layout)) as archive:
        names = archive.namelist()
        told = next(n for n in names if n.endswith(".json"))
        content = json.loads(archive.read(told))
    if layout == "coco":
        shape = content["annotations"][0]
        assert (shape["bbox"], shape["area"]) == ([3, 2, 27, 7], int(mask.sum()))
        assert [c["name"] for c in content["categories"]] == ["spatter"]
    else:
        assert [s["label"] for s in content["shapes"]] == ["spatter"]
        assert content["shapes"][0]["points"] == [[3, 2], [29, 8]]
    assert any(n.endswith(".png") for n in names)
    with pytest.raises(BenchError, match="expected one of"):
        corrected_set.write_corrections(session, "word")


def test_pages_of_small_pictures(bench: Workbench, part: QueryImage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strip, "PAGE", 2)
    session = bench.store.new()
    for number in range(5):
        bench.add(session, QueryImage(np.roll(part.pixels, number, axis=1), f"<b>{number}"))
    session.first = 2
    text = strip.strip(session)
    assert re.findall(r'data-index="(\d)"', text) == ["2", "3"]
    assert "3–4 of 5" in text
    assert "<b>" not in text
    session.first = 99
    assert re.findall(r'data-index="(\d)"', strip.strip(session)) == ["4"]
    session.pictures[4].setup.changed()
    assert "outdated" in strip.strip(session)
    assert sum(p.held is not None for p in session.pictures) <= 3, "small pictures bring no pixels back"


def test_pictures_of_earlier_references_are_judged_again_behind_the_scenes(bench: Workbench, part: QueryImage) -> None:
    session = bench.store.new()
    for number in range(5):
        bench.add(session, QueryImage(np.roll(part.pixels, number, axis=1), str(number)))
    bench.add_references(session, [QueryImage(np.roll(part.pixels, 30, axis=1), "normal")])
    settled(session)
    assert sum(p.held is not None for p in session.pictures) <= 3


@pytest.mark.filterwarnings("ignore")
def test_look_draw_reject_rename_and_undo_in_a_browser(page: Any, tmp_path: Path) -> None:
    choose_sample(page, 2)
    move_threshold(page, 0.3)
    page.wait_for_selector("#boxes .labels button")
    page.locator("#boxes .stage").scroll_into_view_if_needed()
    stage = page.locator("#boxes .stage").bounding_box()
    page.mouse.click(stage["x"] + stage["width"] * 75 / 128, stage["y"] + stage["height"] * 35 / 96)
    page.wait_for_selector("#probe .probe")
    assert re.search(r"Column 7[45], row 3[45]", page.locator("#probe").inner_text())
    assert "in region 1" in page.locator("#probe").inner_text()

    page.locator("#boxes [data-tool=polygon]").click()
    for x, y in ((5, 60), (25, 60), (25, 80), (5, 80)):
        page.mouse.click(stage["x"] + stage["width"] * x / 128, stage["y"] + stage["height"] * y / 96)
    page.mouse.dblclick(stage["x"] + stage["width"] * 5 / 128, stage["y"] + stage["height"] * 80 / 96)
    page.wait_for_selector("#boxes .drawn polygon")
    page.locator("#kind textarea, #kind input").fill("spatter")
    page.locator("#is-defect").click()
    page.wait_for_function("document.querySelector('#boxes .labels').innerText.includes('spatter')")
    idle(page)
    assert page.locator("#boxes .drawn polygon").count() == 0
    assert "spatter marked" in page.locator("#said").inner_text()

    before = page.locator("#boxes .labels button").count()
    page.locator("#reject").click()
    page.wait_for_function("!document.querySelector('#boxes .labels').innerText.includes('spatter')")
    page.wait_for_function("document.querySelector('#status').innerText.includes('what you had marked there')")
    assert page.locator("#said li").count() == 0, "a mark that is no defect was never made"

    found = page.locator("#boxes .labels button").count()
    assert found >= before - 1
    for taken_back in ("#undo", "#said button"):
        page.locator("#reject").click()
        page.wait_for_function(f"document.querySelectorAll('#boxes .labels button').length === {found - 1}")
        idle(page)
        page.locator(taken_back).first.click()
        page.wait_for_function(f"document.querySelectorAll('#boxes .labels button').length === {found}")
        idle(page)
    assert page.locator("#said li").count() == 0


@pytest.mark.filterwarnings("ignore")
def test_large_pictures_are_seen_pixel_by_pixel(page: Any, tmp_path: Path) -> None:
    large = np.full((1000, 1900, 3), 150, np.uint8)
    large[500, 950] = 0
    cv2.imwrite(str(tmp_path / "large.png"), large)
    page.locator("#drop input[type=file]").set_input_files(tmp_path / "large.png")
    page.wait_for_function("document.querySelector('#card').innerText.includes('large.png')")
    idle(page)
    page.wait_for_function("document.querySelector('#boxes .picture').naturalWidth === 1200")
    for _ in range(3):
        page.locator("#boxes [data-do=in]").click()
    page.wait_for_function("document.querySelector('#boxes .picture').naturalWidth === 1900")
