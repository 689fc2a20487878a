"""One sample: picture, defects, references, all of one seed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from assistant.errors import ConfigError
from assistant.geometry import mask_box, mask_cells
from assistant.types import Domain
from assistant.vocabulary.defect_types import ALL_TYPES
from data_builders.config import load_config
from data_builders.families import Families, load_families, pools
from data_builders.framing import Orientation, draw_size
from data_builders.iterate import iter_samples
from data_builders.products import make_sample
from data_builders.sample import LEAST_CONTRAST, fade
from data_builders.types import Defect, Kind
from tests.data_builders.fakes import Nothing, PlainSource, Square, config, fake_families


def test_a_sample_depends_on_seed_and_index_only():
    whole = list(iter_samples(config(), families=fake_families()))
    alone = make_sample(config(count=999), 7, fake_families())
    assert np.array_equal(whole[7].pixels, alone.pixels)
    assert whole[7].defects == alone.defects
    assert all(np.array_equal(a, b) for a, b in zip(whole[7].references, alone.references, strict=True))
    other = make_sample(config(seed=1), 7, fake_families())
    assert other.pixels.shape != alone.pixels.shape or not np.array_equal(other.pixels, alone.pixels)


def test_records_describe_the_masks():
    samples = list(iter_samples(config(count=40, defect_probability=1.0), families=fake_families()))
    assert max(len(s.defects) for s in samples) >= 2
    for sample in samples:
        assert sample.defects
        for record, mask in zip(sample.defects, sample.defect_masks, strict=True):
            assert mask.shape == sample.pixels.shape[:2]
            assert record.box == mask_box(mask)
            assert record.cells == mask_cells(mask)
            assert record.area_fraction == pytest.approx(mask.mean())
            assert record.type in ("hole", "burn")
        assert np.array_equal(sample.mask, np.any(sample.defect_masks, axis=0))


def test_the_masks_lie_on_the_defects_in_every_orientation():
    quiet = config(count=40, defect_probability=1.0, capture_strength=0, benign_probability=0)
    for sample in iter_samples(quiet, families=fake_families()):
        dark = sample.pixels.max(-1) < 30
        assert np.array_equal(dark, sample.mask)


def test_half_of_the_samples_are_normal_and_have_an_empty_mask():
    samples = list(iter_samples(config(count=60), families=fake_families()))
    normal = [s for s in samples if not s.defects]
    assert 15 <= len(normal) <= 45
    assert not any(s.mask.any() for s in normal)


def test_references_show_the_same_design_and_size():
    clean = config(references=(0, 3), capture_strength=0, benign_probability=0, defect_probability=0)
    for sample in iter_samples(clean, families=fake_families()):
        assert 0 <= len(sample.references) <= 3
        for reference in sample.references:
            assert reference.shape == sample.pixels.shape
            assert np.abs(reference.mean((0, 1)) - sample.pixels.mean((0, 1))).max() < 2


def test_a_defect_that_finds_no_place_leaves_a_normal_sample():
    families = Families((PlainSource(),), (Nothing(),))
    sample = make_sample(config(defect_probability=1.0), 0, families)
    assert sample.defects == ()
    assert not sample.mask.any()


def test_invisible_defects_are_not_recorded():
    class Faint(Square):
        def apply(self, picture, rng):
            found = super().apply(picture, rng)
            return replace(found, pixels=np.where(found.mask[..., None], picture.pixels + 1, picture.pixels))

    sample = make_sample(config(defect_probability=1.0), 0, Families((PlainSource(),), (Faint(name="faint"),)))
    assert sample.defects == ()


def test_held_out_families_show_in_validation_only():
    held = config(count=80, defect_probability=1.0, validation_only={"sources": ["other"], "defects": ["dark"]})
    samples = list(iter_samples(held, families=fake_families()))
    assert {s.split for s in samples} == {"train", "validation"}
    for sample in samples:
        validation = sample.split == "validation"
        assert (sample.family == "other") == validation
        assert {d.family for d in sample.defects} == ({"dark"} if validation else {"square"})


def test_the_split_of_an_index_does_not_depend_on_the_count():
    splits = [config(count=n, validation_share=0.1).split_of(9) for n in (10, 1000)]
    assert splits == ["validation", "validation"]
    assert [config(validation_share=0.1).split_of(i) for i in range(100)].count("validation") == 10


def test_weights_choose_the_source():
    chosen = config(count=20, sources={"weights": {"plain": 0}})
    assert {s.family for s in iter_samples(chosen, families=fake_families())} == {"other"}


def test_shapes_of_surfaces_reach_one_to_three_and_keep_the_area():
    rng = np.random.default_rng(0)
    sizes = [draw_size(config(size=128), Kind.SURFACE, rng) for _ in range(400)]
    ratios = np.array([h / w for h, w in sizes])
    assert 0.15 < np.mean(ratios != 1) < 0.35
    assert ratios.max() > 2
    assert ratios.min() < 0.5
    assert all(abs(h * w / 128**2 - 1) < 0.03 for h, w in sizes)


def test_orientation_of_size_and_array_agree():
    turn = Orientation(1, True)
    assert turn.apply(np.zeros((*turn.before((20, 50)), 3), np.uint8)).shape == (20, 50, 3)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"colour": 3}, "known option.*'colour'"),
        ({"sources": {"inclde": []}}, "known option.*inclde"),
        ({"count": 0}, "sensible count"),
        ({"defect_probability": 1.5}, "defect_probability"),
        ({"references": [3, 1]}, "references must be"),
        ({"size": 8}, "size must be"),
        ({"validation_only": {"sources": ["other"]}, "validation_share": 0}, "positive validation_share"),
        ({"sources": {"include": ["nosuch"]}}, "nosuch.*choose from other, plain"),
        ({"defects": {"exclude": ["nosuch"]}}, "nosuch.*choose from dark"),
        ({"validation_only": {"defects": ["square", "dark", "nothing"]}}, "a defect family for industrial.*'train'"),
        ({"sources": {"exclude": ["plain", "other"]}}, "sources for the split 'train'"),
        ({"domains": ["medical"]}, "sources for the split"),
    ],
)  # fmt: skip
def test_bad_configurations_say_what_is_wrong(options, message):
    with pytest.raises(ConfigError, match=message):
        pools(config(**options), fake_families())


def test_a_configuration_file_that_is_no_mapping(tmp_path):
    (tmp_path / "bad.yaml").write_text("- 1\n")
    with pytest.raises(ConfigError, match="a mapping of options, got list"):
        load_config(tmp_path / "bad.yaml")
    (tmp_path / "bad.yaml").write_text("a: [")
    with pytest.raises(ConfigError, match="valid YAML"):
        load_config(tmp_path / "bad.yaml")
    with pytest.raises(ConfigError, match="a configuration file"):
        load_config(tmp_path / "absent.yaml")


def test_a_defect_outside_its_domain_is_never_painted():
    families = Families((PlainSource(),), (Square(), Square(name="lesion", domains=frozenset({Domain.MEDICAL}))))
    both = config(count=30, defect_probability=1.0, domains=["industrial", "medical"])
    assert {d.family for s in iter_samples(both, families=families) for d in s.defects} == {"square"}


def test_the_families_of_the_package_make_records_of_the_vocabulary():
    families = load_families(config())
    domains = sorted({domain.value for family in families.defects for domain in family.domains})
    everything = config(count=30, size=96, defect_probability=1.0, validation_share=0, domains=domains, seed=4)
    samples = list(iter_samples(everything, families=families))
    assert sum(not s.defects for s in samples) <= 3
    assert {d.type for s in samples for d in s.defects} <= set(ALL_TYPES)
    for sample in samples:
        assert sample.references[0].shape == sample.pixels.shape


def test_an_aligned_template_is_the_same_specimen_without_its_defects():
    families = fake_families()
    made = config(
        count=12, defect_probability=1.0, template_probability=1.0, capture_strength=0.0, benign_probability=0.0
    )
    for sample in iter_samples(made, families=families):
        assert sample.aligned
        assert len(sample.references) == 1
        changed = np.abs(sample.pixels.astype(int) - sample.references[0].astype(int)).max(-1) > 40
        edge = 6
        inside = np.zeros_like(changed)
        inside[edge:-edge, edge:-edge] = True
        assert changed[sample.mask & inside].mean() > 0.5
        assert changed[~sample.mask & inside].mean() < 0.05
    assert not any(s.aligned for s in iter_samples(config(count=5), families=families))


def test_faint_defects_are_those_of_the_same_seed_with_less_contrast():
    strong, faint = (
        list(iter_samples(config(count=30, defect_probability=1.0, faint_probability=p), families=fake_families()))
        for p in (0.0, 1.0)
    )
    firsts = [(a.defects[0], b.defects[0]) for a, b in zip(strong, faint, strict=True)]
    assert all("faded_to" not in a.parameters for a, _ in firsts)
    shares = [b.parameters["faded_to"] for _, b in firsts]
    assert min(shares) < 0.3
    assert max(shares) > 0.7
    assert all(b.contrast <= a.contrast and b.contrast >= LEAST_CONTRAST for a, b in firsts if a.type == b.type)
    assert np.mean([b.contrast for _, b in firsts]) < 0.7 * np.mean([a.contrast for a, _ in firsts])


def test_a_faded_defect_keeps_its_place_and_stays_visible_on_a_lively_texture():
    before = np.full((40, 40, 3), 120, np.uint8)
    before[::2] = 160
    mask = np.zeros((40, 40), bool)
    mask[10:20, 10:20] = True
    drawn = np.where(mask[..., None], 0, before).astype(np.uint8)
    defect = Defect(drawn, mask, "hole", "hole", {"depth": 1.0})
    least = fade(before, defect, contrast=140.0, least=6.0, amount=1.0)
    change = np.abs(least.pixels.astype(int) - before).max(-1)
    assert change[~mask].max() == 0
    assert 8 <= change[mask].min() <= change[mask].max() <= 16  # half of a deviation of 20 grey levels, about
    assert least.parameters["depth"] == 1.0
    assert np.array_equal(fade(before, defect, 140.0, 6.0, amount=0.0).pixels, drawn)
