"""Adapters, heads, anchors, memory bank: invariants on small random parts."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from assistant.errors import ConfigError, ProfileError
from assistant.towers.encoder import PatchFeatures
from assistant.vision.adapters import FeatureAdapter
from assistant.vision.calibration import Affine
from assistant.vision.experts.normal_range import conformal_p_value
from assistant.vision.heads import subspace_residual
from assistant.vision.localizer import Localizer, novelty
from assistant.vision.references.growing_bank import build_bank, coreset, near, principal_subspace
from assistant.vision.text_anchors import StatePrompts, TypePrompts, state_anchors, state_texts, type_anchors

GRID = (4, 7)
PATCHES = GRID[0] * GRID[1]


def localizer(levels: int = 2) -> Localizer:
    torch.manual_seed(0)
    return Localizer(levels, width=16, text_width=8, joint_width=8, hidden=12, head_width=4, match_width=6).eval()


def features(seed: int, batch: int = 1, levels: int = 2) -> PatchFeatures:
    generator = torch.Generator().manual_seed(seed)
    tokens = tuple(torch.randn(batch, PATCHES, 16, generator=generator) for _ in range(levels))
    return PatchFeatures(tokens, torch.randn(batch, 16, generator=generator), GRID)


def test_an_untrained_adapter_leaves_the_stream_as_it_is_and_a_trained_one_keeps_the_norm() -> None:
    torch.manual_seed(0)
    adapter = FeatureAdapter(16, 8, 12)
    tokens = torch.randn(2, PATCHES, 16)
    torch.testing.assert_close(adapter.write_back(tokens, adapter(tokens, GRID)), tokens)
    torch.nn.init.normal_(adapter.seg_up.weight)
    written = adapter.write_back(tokens, adapter(tokens, GRID))
    assert not torch.allclose(written, tokens, atol=1e-2)
    torch.testing.assert_close(written.norm(dim=-1), tokens.norm(dim=-1))


def test_heads_start_as_plain_averaging_of_the_levels() -> None:
    model = localizer()
    anchors = F.normalize(torch.randn(1, 2, 8), dim=-1)
    evidence = model.text_evidence(features(1).levels, anchors, GRID)
    logits = model.zero_shot(evidence)
    torch.testing.assert_close(logits.map, evidence.planes[:, :2].mean(1))
    top = logits.map.flatten(1).amax(-1)
    torch.testing.assert_close(logits.image, top)


def test_scores_of_a_picture_do_not_depend_on_the_batch() -> None:
    model = localizer()
    anchors = F.normalize(torch.randn(1, 2, 8), dim=-1)
    many = features(2, batch=3)
    one = PatchFeatures(tuple(t[1:2] for t in many.levels), many.pooled[1:2], GRID)
    bank = build_bank(model, [features(5), features(6)])
    together = model(
        model.text_evidence(many.levels, anchors.expand(3, -1, -1), GRID), many.levels, bank.match(model, many)
    )
    alone = model(model.text_evidence(one.levels, anchors, GRID), one.levels, bank.match(model, one))
    torch.testing.assert_close(together.map[1:2], alone.map, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(together.image[1:2], alone.image, atol=1e-5, rtol=1e-5)


def test_coarse_products_leave_the_evidence_nearly_as_it_is_and_in_float32() -> None:
    model = localizer()
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    anchors, seen = F.normalize(torch.randn(1, 2, 8), dim=-1), features(2)
    match = build_bank(model, [features(5), features(6)]).match(model, seen)
    made = []
    for products in (None, torch.float32, torch.bfloat16):
        model.products = products
        evidence = model.text_evidence(seen.levels, anchors, GRID)
        made.append((evidence.planes, evidence.hidden, model.reference(seen.levels, match, GRID).map))
    exact, same, coarse = made
    for a, b, c in zip(exact, same, coarse, strict=True):
        assert c.dtype == torch.float32
        assert torch.equal(a, b)
        assert 0 < (a - c).abs().max() < 0.05 * a.abs().max()


def test_an_untrained_reference_expert_says_nothing_and_both_are_a_sum() -> None:
    model = localizer()
    anchors = F.normalize(torch.randn(1, 2, 8), dim=-1)
    query = features(3)
    evidence, match = (
        model.text_evidence(query.levels, anchors, GRID),
        build_bank(model, [features(4)]).match(model, query),
    )
    text = model.zero_shot(evidence)
    untrained = model.reference(query.levels, match, GRID)
    assert not untrained.map.any()
    assert not untrained.image.any()
    for parameter in (*model.reference_head.parameters(), *model.reference_image_head.parameters()):
        torch.nn.init.normal_(parameter)
    alone, both = model.reference(query.levels, match, GRID), model(evidence, query.levels, match)
    assert alone.image.detach().abs().item() > 0.01
    torch.testing.assert_close(both.image, text.image + alone.image)
    torch.testing.assert_close(both.map, text.map + alone.map)


def test_the_plain_distance_is_that_of_raw_tokens_at_the_plain_levels() -> None:
    model = localizer()
    model.plain = (1,)
    query, known = features(3), features(4)
    match = build_bank(model, [known]).match(model, query)
    found = model.plain_distance(query.levels, match)
    nearest = known.levels[1][0, match.row[0, 1]]
    torch.testing.assert_close(found[0], 1 - F.cosine_similarity(query.levels[1][0], nearest, dim=-1))
    same = model.plain_distance(query.levels, build_bank(model, [query]).match(model, query))
    torch.testing.assert_close(same, torch.zeros_like(same), atol=1e-5, rtol=0)


def test_a_picture_in_the_bank_is_at_distance_zero_unless_it_is_left_out() -> None:
    model = localizer()
    known, other = features(1), features(2)
    bank = build_bank(model, [known, other])
    assert bank.match(model, known).distance.max() < 1e-5
    assert bank.match(model, known, leave_out=0).distance.mean() > 0.05
    assert set(bank.owner[bank.match(model, known, leave_out=0).row].flatten().tolist()) == {1}
    left_out = bank.match(model, known, leave_out=0).class_distance[0, 0]
    assert left_out == pytest.approx(1 - F.cosine_similarity(known.pooled, other.pooled).item(), abs=1e-5)
    assert bank.match(model, known).class_distance[0, 0] == pytest.approx(0, abs=1e-5)
    owners = torch.tensor([7, 7])
    assert bank.match(model, known, leave_out=7, class_owner=owners).class_distance[0, 0] == pytest.approx(0, abs=1e-5)
    assert bank.match(model, other, leave_out=7, class_owner=torch.tensor([3, 7])).class_distance[0, 0] == left_out


def test_distances_equal_a_brute_force_search() -> None:
    model = localizer()
    query, known = features(3), features(4)
    bank = build_bank(model, [known])
    found = bank.match(model, query)
    for level in range(2):
        q = model.project_for_match(level, query.levels[level][0])
        k = model.project_for_match(level, known.levels[level][0])
        brute = torch.cdist(q, k).square() / 2
        torch.testing.assert_close(found.distance[0, level], brute.amin(-1), atol=1e-5, rtol=1e-4)
        torch.testing.assert_close(found.token[0, level], known.levels[level][0][brute.argmin(-1)])


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("many", [1, 9, 10, 20, 60])
def test_the_search_finds_the_nearest_of_any_number_of_rows(
    dtype: torch.dtype, many: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("assistant.vision.references.memory_bank.best_dtype", lambda *_: dtype)
    model = localizer()
    bank = build_bank(model, [features(10 + i) for i in range(many)])
    assert (bank.coarse is not None) == (dtype == torch.bfloat16 and many > 18)
    query = features(3)
    for level in range(2):
        distance, row = bank.nearest(model, level, query.levels[level])
        cosines = model.project_for_match(level, query.levels[level]) @ bank.keys[level].T
        best, of_row = cosines.max(-1), cosines.gather(-1, row[..., None])[..., 0]
        torch.testing.assert_close(distance, (1 - of_row).clamp_min(0), atol=1e-6, rtol=0)
        torch.testing.assert_close(of_row, best.values, atol=1e-6, rtol=0)


def test_rows_that_fill_up_a_block_are_never_found() -> None:
    model = localizer()
    bank = build_bank(model, [features(i) for i in range(5)])
    assert len(bank.owner) == 5 * PATCHES < bank.whole.shape[1]
    last = features(4)
    assert int(bank.match(model, last).row.max()) == 5 * PATCHES - 1
    assert bank.match(model, last, leave_out=4).row.max() < 4 * PATCHES


def test_a_patch_without_any_row_to_compare_is_as_far_as_can_be() -> None:
    model = localizer()
    bank = build_bank(model, [features(1)])
    assert (bank.match(model, features(1), leave_out=0).distance == 2).all()


def test_a_fixed_camera_compares_like_places_only() -> None:
    model = localizer()
    known = features(4)
    turned = PatchFeatures(tuple(t.flip(1) for t in known.levels), known.pooled, GRID)
    bank = build_bank(model, [known])
    assert bank.match(model, turned).distance.max() < 1e-5
    assert bank.match(model, turned, window=0.1).distance.mean() > 0.05
    assert bank.match(model, known, window=0.1).distance.max() < 1e-5


def test_the_coreset_covers_a_rare_patch() -> None:
    model = localizer()
    torch.manual_seed(1)
    common = torch.randn(1, 2, 16) + 0.01 * torch.randn(600, 2, 16)
    rare = -common[:1]
    tokens = torch.cat([common, rare])
    kept = coreset(model, tokens, 100, torch.Generator().manual_seed(0))
    assert len(kept) == 100
    assert 600 in kept.tolist()


def test_the_subspace_keeps_the_asked_variance_and_sees_what_lies_outside() -> None:
    torch.manual_seed(0)
    inside = torch.randn(400, 3) @ torch.randn(3, 16)
    mean, basis = principal_subspace(inside + 1e-4 * torch.randn(400, 16), 0.99)
    assert basis.shape[1] <= 3
    outside = torch.linalg.svd(basis.T, full_matrices=True).Vh[-1]
    clean = subspace_residual(inside[None, :5], mean, basis)
    moved = subspace_residual(inside[None, :5] + 3 * outside, mean, basis)
    assert (moved - clean).min() > 1.0


def test_no_reference_is_refused() -> None:
    with pytest.raises(ProfileError, match="at least one reference picture"):
        build_bank(localizer(), [])


def test_novelty_marks_the_odd_patch_out() -> None:
    tokens = torch.ones(1, 100, 16) + 0.05 * torch.randn(1, 100, 16, generator=torch.Generator().manual_seed(0))
    tokens[0, :, :8] += 2
    tokens[0, 37] = -tokens[0, 37]
    assert int(novelty(tokens, (10, 10)).argmax()) == 37


def test_near_is_a_five_by_five_neighbourhood() -> None:
    assert int(near((9, 9))[40].sum()) == 25
    assert int(near((9, 9))[0].sum()) == 9


def test_anchors_are_unit_vectors_and_follow_their_prompts() -> None:
    torch.manual_seed(0)
    project = torch.nn.Identity()
    prompts = StatePrompts(torch.randn(5, 8), torch.randn(7, 8))
    anchors = state_anchors(prompts, project)
    torch.testing.assert_close(anchors.norm(dim=-1), torch.ones(2))
    swapped = state_anchors(StatePrompts(prompts.anomalous, prompts.normal), project)
    torch.testing.assert_close(swapped.flip(0), anchors)
    types = type_anchors(TypePrompts(("a", "b"), torch.eye(8)[:3], (0, 0, 1)), project)
    torch.testing.assert_close(types[1], torch.eye(8)[2])


def test_user_phrases_join_the_anomalous_state_only() -> None:
    plain, with_phrase = state_texts("nut"), state_texts("nut", ["missing solder"])
    assert plain[0] == with_phrase[0]
    assert any("missing solder" in t for t in with_phrase[1])
    with pytest.raises(ConfigError, match="1 to 200 characters"):
        state_texts("nut", ["x" * 300])
    with pytest.raises(ConfigError, match="1 to 200 characters"):
        state_texts("nut", ["  "])


def test_a_calibration_keeps_order() -> None:
    with pytest.raises(ConfigError, match="positive finite scale"):
        Affine(-1.0, 0.0)


def test_the_conformal_p_value_is_uniform_on_normals() -> None:
    rng = np.random.default_rng(0)
    normals = list(rng.normal(size=200))
    p = np.array([conformal_p_value(float(s), normals) for s in rng.normal(size=2000)])
    assert abs((p <= 0.1).mean() - 0.1) < 0.04
