"""Text explained away by references, and experts put together."""

from __future__ import annotations

from dataclasses import replace

import torch

from assistant.towers.encoder import PatchFeatures
from assistant.vision.experts.opinions import EXPERTS, opinions, said_nearby
from assistant.vision.localizer import Localizer, Logits
from assistant.vision.references.growing_bank import GrowingBank, build_bank
from assistant.vision.references.memory_bank import MemoryBank

GRID = (4, 5)
TEXT, EXPLAINED = EXPERTS.index("text"), EXPERTS.index("explained")


def localizer() -> Localizer:
    torch.manual_seed(0)
    return Localizer(2, 16, 8, 8, 4, 4, 8).eval()


def features(seed: int) -> PatchFeatures:
    generator = torch.Generator().manual_seed(seed)
    levels = tuple(torch.randn(1, 20, 16, generator=generator) for _ in range(2))
    return PatchFeatures(levels, torch.randn(1, 16, generator=generator), GRID)


def bank_of(model: Localizer, known: PatchFeatures, text: torch.Tensor) -> MemoryBank:
    growing = GrowingBank(model, 64)
    growing.add(known, text)
    return growing.bank()


def test_what_text_finds_in_the_reference_too_is_taken_away_and_what_it_does_not_find_there_stays() -> None:
    model, seen = localizer(), features(1)
    said = torch.full((1, *GRID), -2.0)
    said[0, 1, 1], said[0, 3, 4] = 6.0, 5.0
    known = torch.full((20,), -2.0)
    known[6] = 6.0
    text = Logits(said, torch.tensor([3.0]))
    match = bank_of(model, seen, known).match(model, seen)
    told = opinions(model, seen.levels, text, match)
    explained = told.maps[0, EXPLAINED]
    assert explained[1, 1] == 0
    assert explained[3, 4] == 5
    assert explained[0, 0] == -2, "calm text about a reference adds nothing"
    assert torch.equal(told.maps[0, TEXT], said[0])


def test_a_bank_without_text_explains_nothing_away() -> None:
    model, seen = localizer(), features(1)
    text = Logits(torch.randn(1, *GRID), torch.tensor([3.0]))
    match = build_bank(model, [features(2)]).match(model, seen)
    told = opinions(model, seen.levels, text, match)
    assert torch.equal(told.maps[:, EXPLAINED], told.maps[:, TEXT])


def test_a_finding_a_patch_beside_the_match_counts() -> None:
    said = torch.full((1, *GRID), -1.0)
    said[0, 2, 2] = 4.0
    near = said_nearby(said).reshape(GRID)
    assert int((near == 4).sum()) == 9
    assert near[0, 0] == -1


def test_opinions_are_added_by_their_weights() -> None:
    model, seen = localizer(), features(1)
    match = build_bank(model, [features(2)]).match(model, seen)
    text = Logits(torch.randn(1, *GRID), torch.tensor([3.0]))
    told = opinions(model, seen.levels, text, match)
    one = told.weighed(torch.tensor([1.0, 0.0, 0.0, 0.0]))
    assert torch.equal(one.map, text.map)
    assert torch.equal(one.image, text.image)
    many = told.weighed(torch.tensor([[0.5, 1.0, 2.0, 0.0]]))
    torch.testing.assert_close(many.image[0], 1.5 + told.images[0, 1] + 2 * told.images[0, 2])
    twice = opinions(model, seen.levels, replace(text, image=text.image * 2), match)
    assert torch.equal(twice.images[:, 1:], told.images[:, 1:])
