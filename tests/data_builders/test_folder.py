"""Folders of pictures as sources."""

from __future__ import annotations

import numpy as np
import pytest

from assistant.errors import ConfigError, DataSetError
from data_builders.config import FolderSource, load_config
from data_builders.families import Families, load_families, pools
from data_builders.files import encode_mask, encode_pixels, read_excluded_names, sha256, write_atomic
from data_builders.iterate import iter_samples
from data_builders.sources.folder import FolderFamily, find_normal_pictures
from data_builders.types import Kind
from tests.data_builders.fakes import PlainSource, Square, config


def _picture(seed: int) -> bytes:
    pixels = np.full((90, 140, 3), (200, 40 * seed, 60), np.uint8)
    pixels[30:60, 50:90] = (20, 220, 20)
    return encode_pixels(pixels, "png")


@pytest.fixture
def flat(tmp_path):
    for seed in range(3):
        write_atomic(tmp_path / "metal_nut" / f"{seed}.png", _picture(seed))
    return tmp_path / "metal_nut"


def test_the_mvtec_layout_reads_train_good_only(tmp_path):
    for name in ("train/good/0.png", "test/hole/0.png", "test/good/0.png", "ground_truth/hole/0_mask.png"):
        write_atomic(tmp_path / "nut" / name, _picture(0))
    assert [str(p.relative_to(tmp_path)) for p in find_normal_pictures(tmp_path / "nut")] == ["nut/train/good/0.png"]


@pytest.mark.parametrize("kind", [Kind.SURFACE, Kind.OBJECT])
@pytest.mark.parametrize("size", [(64, 64), (40, 120), (200, 150)])
def test_renders_have_the_size_and_the_contents_of_the_folder(flat, kind, size):
    family, rng = FolderFamily("nuts", flat, "nut", kind), np.random.default_rng(0)
    picture = family.render(family.design(rng), rng, size)
    assert picture.pixels.shape == (*size, 3)
    assert picture.object_mask.shape == size
    assert picture.object_mask.all()
    assert picture.pixels[..., 2].min() >= 15
    assert not np.array_equal(picture.pixels, family.render(family.design(rng), rng, size).pixels)


def test_object_masks_move_with_the_picture(flat, tmp_path):
    mask = np.zeros((90, 140), bool)
    mask[30:60, 50:90] = True
    for seed in range(3):
        write_atomic(tmp_path / "masks" / f"{seed}_mask.png", encode_mask(mask))
    family, rng = FolderFamily("nuts", flat, "nut", Kind.SURFACE, masks=tmp_path / "masks"), np.random.default_rng(1)
    for _ in range(5):
        picture = family.render(family.design(rng), rng, (80, 80))
        green = picture.pixels[..., 1].astype(int) - picture.pixels[..., 0] > 0
        assert np.mean(green != picture.object_mask) < 0.03


def test_a_mask_of_another_size_is_an_error(flat, tmp_path):
    write_atomic(tmp_path / "masks" / "0.png", encode_mask(np.ones((5, 5), bool)))
    family = FolderFamily("nuts", flat, "nut", masks=tmp_path / "masks")
    with pytest.raises(DataSetError, match=r"140x90 pixels .*got 5x5"):
        family._load(0)


def test_folders_without_pictures_are_errors(tmp_path):
    with pytest.raises(DataSetError, match="at least one picture"):
        find_normal_pictures(tmp_path)
    with pytest.raises(DataSetError, match="a folder of normal pictures"):
        find_normal_pictures(tmp_path / "absent")


def test_a_folder_of_the_configuration_becomes_a_source(flat):
    (flat.parent / "c.yaml").write_text(
        "count: 4\nsize: 64\nreferences: 2\nvalidation_share: 0\ndomains: [industrial]\n"
        "folders: [{path: metal_nut, kind: object}]\nsources: {include: [folder metal nut]}\n"
    )
    read = load_config(flat.parent / "c.yaml")
    loaded = load_families(read)
    folder = next(f for f in loaded.sources if f.name == "folder metal nut")
    samples = list(iter_samples(read, families=Families((folder,), (Square(),))))
    assert {s.object_name for s in samples} == {"metal nut"}
    assert all(len(s.references) == 2 for s in samples)


def test_evaluation_pictures_cannot_be_a_source(flat, tmp_path):
    (tmp_path / "list.txt").write_text(sha256(_picture(1)))
    folder = FolderSource(path=flat)
    with pytest.raises(DataSetError, match=r"outside the evaluation list, got .*1\.png"):
        load_families(config(folders=[folder.model_dump()], evaluation_hashes=str(tmp_path / "list.txt")))


def test_two_sources_of_one_name_are_an_error(flat):
    twice = Families((PlainSource(), FolderFamily("plain", flat, "nut")), (Square(),))
    with pytest.raises(ConfigError, match="one source family a name, got 'plain' twice"):
        pools(config(), twice)


def test_unlike_pictures_are_products_of_their_own(flat):
    apart = FolderFamily("piles", flat, "surface", Kind.SURFACE, together=False)
    rng = np.random.default_rng(0)
    for _ in range(6):
        design = apart.design(rng)
        red = {int(apart.render(design, rng, (40, 40)).pixels[..., 1].min()) for _ in range(4)}
        assert red <= {40 * design.first, 220}
    assert FolderFamily("one", flat, "nut").design(rng).zoom is None


def test_named_pictures_are_left_out(flat):
    (flat.parent / "out.yaml").write_text("cracked: [1.png, absent.png]\ndoors:\n  - 2.png\nnone:\n")
    (flat.parent / "c.yaml").write_text("folders: [{path: metal_nut, excluded: out.yaml}]\n")
    folder = next(f for f in load_families(load_config(flat.parent / "c.yaml")).sources if f.name == "folder metal nut")
    assert [path.name for path in folder.files] == ["0.png"]
    assert len(FolderFamily("all", flat, "nut").files) == 3


def test_a_folder_left_out_whole_is_an_error(flat):
    with pytest.raises(DataSetError, match=r"a picture that is not left out, got all of .*metal_nut"):
        FolderFamily("nuts", flat, "nut", excluded=frozenset({"0.png", "1.png", "2.png"}))


@pytest.mark.parametrize("text", ["- 1.png", "cracked: 1.png", "cracked: [1]", "cracked: [", ""])
def test_a_damaged_list_of_names_is_an_error(tmp_path, text):
    (tmp_path / "out.yaml").write_text(text)
    with pytest.raises(ConfigError, match=r"YAML file of names|list of file names"):
        read_excluded_names(tmp_path / "out.yaml")
    with pytest.raises(ConfigError, match=r"absent\.yaml"):
        read_excluded_names(tmp_path / "absent.yaml")
