"""The nearest reference beside a picture: the one whose patches are matched, laid over it, told when it does not fit."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

import cv2
import numpy as np
import pytest

from assistant.errors import AssistantError
from assistant.types import QueryImage
from assistant.vision.detector import Detector
from demo.bench.alongside import ALIKE, laid_over
from demo.bench.workbench import Workbench
from tests.demo.browser import choose_sample


@pytest.fixture(scope="module")
def textured() -> np.ndarray:
    """A picture with something to hold on to, 180 x 240."""
    noise = np.random.default_rng(3).random((180, 240, 3)) * 255
    shown: np.ndarray = cv2.normalize(cv2.GaussianBlur(noise, (0, 0), 4), None, 0, 255, cv2.NORM_MINMAX)
    return shown.astype(np.uint8)


@pytest.mark.parametrize(("angle", "shift"), [(0, 0), (3, 9), (90, 0), (25, 10)])
def test_a_reference_is_laid_over_the_picture(textured: np.ndarray, angle: float, shift: float) -> None:
    way = cv2.getRotationMatrix2D((120, 90), angle, 1)
    way[:, 2] += shift
    reference = np.asarray(cv2.warpAffine(textured, way, (240, 180)), np.uint8)
    pixels, likeness = laid_over(reference, textured)
    middle = np.s_[60:120, 80:160]
    assert likeness > 0.85
    assert np.abs(pixels[middle].astype(int) - textured[middle]).mean() < 4
    if angle or shift:
        assert np.abs(reference[middle].astype(int) - textured[middle]).mean() > 10, "it lay elsewhere before"


def test_what_does_not_fit_is_told(textured: np.ndarray) -> None:
    unlike = np.random.default_rng(9).integers(0, 255, textured.shape, np.uint8)
    assert laid_over(unlike, textured)[1] < ALIKE


def test_the_nearest_reference_is_the_one_that_is_matched(bench: Workbench, textured: np.ndarray) -> None:
    session = bench.store.new()
    damaged = textured.copy()
    damaged[40:60, 100:130] = 0
    picture = bench.add(session, QueryImage(damaged, "damaged.png"))
    with pytest.raises(AssistantError, match="judged by references"):
        bench.alongside(picture, 500)
    others = [np.roll(cv2.flip(textured, 0)[..., ::-1], 31 * n, 1) for n in (1, 2)]
    shown = [np.ascontiguousarray(one) for one in (others[0], textured, others[1])]
    bench.add_references(session, [QueryImage(one, f"/srv/secret/r{n}.png") for n, one in enumerate(shown, 1)])
    bench.settle(session, picture)
    with patch.object(Detector, "encode", side_effect=AssertionError("the encoder was asked")):
        found = bench.alongside(picture, 120)
    assert (found.number, found.name, found.fits) == (2, "r2.png", True)
    assert found.pixels.shape == (90, 120, 3)


@pytest.mark.filterwarnings("ignore")
def test_side_by_side_and_in_turns(page: Any) -> None:
    files: list[tuple[str, int]] = []
    page.on("response", lambda one: files.append((one.url, one.status)) if "/beside-" in one.url else None)
    choose_sample(page, 2)
    page.locator("#boxes [data-beside=side]").click()
    page.wait_for_function(
        "document.querySelector('#boxes .which').innerText.includes('Nearest reference: 1 (r2.png)')"
    )
    page.wait_for_function("document.querySelector('#boxes .twin img').naturalWidth === 128")
    page.locator("#boxes [data-do=in]").click()
    one, other = (page.locator(f"#boxes {name}").evaluate("e => e.style.transform") for name in (".stage", ".twin img"))
    assert one == other, "both are moved and zoomed alike"
    page.locator("#boxes [data-beside=flicker]").click()
    assert not page.locator("#boxes .twin").is_visible()
    for seen in ("Reference", "Picture", "Reference"):
        page.wait_for_function("t => document.querySelector('#boxes .turn').innerText === t", arg=seen)
        assert page.locator("#boxes .other").is_visible() == (seen == "Reference")
    page.locator("#boxes [data-beside=flicker]").press("r")
    held = page.locator("#boxes .turn").inner_text()
    page.wait_for_timeout(900)
    assert page.locator("#boxes .turn").inner_text() == held, "by hand alone from now on"
    choose_sample(page, 3)
    page.wait_for_function("document.querySelector('#boxes .which').innerText.includes('r3.png')")
    page.wait_for_function("document.querySelector('#boxes .other').naturalWidth === 128")
    assert [status for _, status in files] == [200, 200], "each reference is made, and fetched, once"
    page.locator("#boxes [data-beside=flicker]").click()
    assert page.locator("#boxes .which").inner_text() == ""
    assert page.locator("#boxes .legend").is_visible()
    heat = page.locator("#boxes .heat")
    page.locator("#boxes [data-set=warm]").uncheck()
    assert not heat.is_visible()
