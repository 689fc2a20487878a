"""Whole scans on the bench: judged as one thing, leafed through without the encoder, lettered by their file, no patient in it."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest

from assistant.errors import AssistantError, ImageError
from assistant.pictures.pixels import DEFAULT_LIMITS, ImageLimits
from assistant.pipeline import Assistant
from assistant.vision.detector import Detector
from assistant.volumes.files.reading import read_volume
from assistant.volumes.joining import canonical_box
from assistant.words import wording
from demo.bench import keeping
from demo.bench.details import Details
from demo.bench.judging import BenchError
from demo.bench.sessions import Session
from demo.bench.workbench import Workbench
from demo.export import exports
from demo.scans import shown
from demo.scans.dropped import discard_drop, read_dropped, sorted_drop
from demo.view import overview, painting, scan_words, slices
from tests.demo.running import components
from tests.scan_files import HOSTILE
from tests.volumes.scans import dicom_series, nifti, solid

BALL = (12, 30, 8)


@pytest.fixture
def scanned(bench: Workbench, tmp_path: Path) -> Session:
    """A session with a scan of 40 x 48 x 12 in view, looked at; a bright ball lies at (12, 30, 8)."""
    return put(bench, nifti(tmp_path / "head.nii.gz", solid(ball=BALL)))


def put(bench: Workbench, path: Path) -> Session:
    session = bench.store.new()
    picture = bench.put_scan(session, read_volume(path), "head.nii.gz")
    bench.settle(session, picture)
    return session


def never(*given: Any, **named: Any) -> Any:
    raise AssertionError("the encoder was asked")


def test_a_scan_is_judged_as_one_thing(bench: Workbench, tiny: Assistant, scanned: Session, tmp_path: Path) -> None:
    picture = scanned.picture
    assert picture is not None
    assert picture.scan is not None
    assert picture.view is not None
    alone = tiny.inspect_volume(tmp_path / "head.nii.gz")
    assert picture.view.score == pytest.approx(alone.score)
    assert picture.scan.found is not None
    assert picture.scan.found.slice_scores == pytest.approx(alone.slice_scores)
    card = scan_words.scan_card(picture)
    assert f"{alone.looked_at} slices looked at" in card
    assert f"worst slice {alone.worst_slice + 1}" in card
    assert f"its worst slice, {alone.worst_slice + 1}." in card
    assert picture.scan.index == alone.worst_slice, "a scan opens at its worst slice"
    bench.set_threshold(scanned, 0.1)
    assert picture.scan.at is not None
    assert picture.scan.at.regions, "a lower threshold finds regions without another look"
    assert picture.view is not None
    assert picture.view.inspection.threshold == 0.1
    assert wording.measured(picture.view.inspection) == pytest.approx(picture.view.score, abs=1e-6)
    region = picture.scan.at.regions[0]
    text = scan_words.table(picture.scan, picture.view)
    assert f'data-slice="{region.worst_slice}"' in text
    assert f"{region.slices[0] + 1}–{region.slices[1] + 1}, worst {region.worst_slice + 1}</td>" in text
    assert " ml</td>" in text
    assert " mm</td>" in text
    row = exports.row(picture, picture.view)
    assert row["volume"]["regions"][0]["volume_ml"] == pytest.approx(region.volume_ml, rel=0.01)
    assert row["volume"]["regions"][0]["peak_score"] >= 0.1
    assert f"its worst slice, {alone.worst_slice}." in row["caption"], "rows count from 0"
    assert picture.mark is not None
    assert picture.mark.place == f"slice {region.worst_slice}"
    told = painting.everything(page := components(), scanned)
    assert "All pictures (1)" in told[page.everything]["label"], "a scan is one of all pictures"
    scanned.choice.open = True
    assert f">slice {region.worst_slice + 1}<" in overview.value(scanned)["rows"].replace(" and", "<")  # type: ignore[index]
    assert row["image_score"] == pytest.approx(alone.score)


def test_slices_are_leafed_through_without_the_encoder(bench: Workbench, scanned: Session) -> None:
    bench.set_threshold(scanned, 0.1)
    picture = scanned.picture
    assert picture is not None
    with patch.object(Detector, "encode", never):
        seen = []
        for index in (3, 99, -5, 7):
            bench.leaf(scanned, index)
            seen.append(slices.value(picture)["scan"]["index"])
        assert seen == [3, 11, 0, 7]
        bench.leaf(scanned, None, 0)
        told = slices.value(picture)
        worst = shown.worst(picture.scan.found, 0)  # type: ignore[union-attr, arg-type]
        assert (told["scan"]["index"], told["width"], told["height"]) == (worst, 48, 12)
        assert f"slice {worst + 1} of 40" in told["alt"]
        assert told["spacing"] == [4.0, 1.5], "pixels of this slice are not square"
        assert len(told["scan"]["scores"]) == 40
        assert bench.leaf(scanned, 5, 2, turn=7) is not None
        assert bench.leaf(scanned, 1, 2, turn=6) is None, "asked for before the slice in view"
        before = slices.value(picture)
        bench.window(scanned, "bone")
        assert slices.value(picture)["url"] != before["url"]
        bench.window(scanned, "", 100, 50)
        assert slices.value(picture)["scan"]["white"] > slices.value(picture)["scan"]["black"]
        assert slices.value(picture)["scan"]["scores"] == before["scan"]["scores"], "a window changes no score"
        bench.judge(picture)
    for index, axis in ((None, 7), ("x", "y")):
        bench.leaf(scanned, index, axis)
        assert picture.scan is not None
        assert (picture.scan.axis, picture.scan.index) == (2, 5)
    with pytest.raises(AssistantError, match="another window"):
        bench.window(scanned, "../../etc/passwd")


def test_a_scan_that_was_leafed_through_stays_there(bench: Workbench, tmp_path: Path) -> None:
    session = bench.store.new()
    volume = read_volume(nifti(tmp_path / "head.nii.gz", solid(ball=BALL)))
    picture = bench.put_scan(session, volume, "head.nii.gz")
    bench.leaf(session, 2)
    bench.settle(session, picture)
    assert picture.scan is not None
    assert picture.scan.found is not None
    assert picture.scan.found.worst_slice != 2
    assert picture.scan.index == 2


def test_regions_of_a_slice_lie_where_the_scan_says(bench: Workbench, scanned: Session) -> None:
    bench.set_threshold(scanned, 0.1)
    picture = scanned.picture
    assert picture is not None
    assert picture.scan is not None
    found = picture.scan.at
    assert found is not None
    for region in found.regions:
        low = canonical_box(found.volume, region.box)
        for axis in range(3):
            numbers = [
                n for n in range(found.volume.shape[axis]) if region in [r for r, _ in shown.regions(found, axis, n)]
            ]
            assert low[axis] <= numbers[0] <= numbers[-1] < low[axis + 3]
        held = {r.id: box for r, box in shown.regions(found, 2, region.worst_slice)}
        assert region.id in held, "a region is seen on its worst slice"
        height, width = found.volume.shape[1], found.volume.shape[0]
        assert 0 <= held[region.id].x_min < held[region.id].x_max <= width
        assert 0 <= held[region.id].y_min < held[region.id].y_max <= height


def turned(matrix: list[list[float]]) -> np.ndarray:
    affine = np.eye(4)
    affine[:3, :3] = matrix
    return affine


def test_letters_follow_the_file(tmp_path: Path) -> None:
    import nibabel

    plain = read_volume(nifti(tmp_path / "ras.nii", solid()))
    assert shown.letters(plain, 2) == {"left": "R", "right": "L", "top": "A", "bottom": "P"}
    assert shown.letters(plain, 1) == {"left": "R", "right": "L", "top": "S", "bottom": "I"}
    assert shown.letters(plain, 0) == {"left": "A", "right": "P", "top": "S", "bottom": "I"}
    flipped = read_volume(nifti(tmp_path / "lps.nii", solid()[::-1, ::-1], np.diag([-1.5, -1.5, 4.0, 1.0])))
    assert shown.letters(flipped, 2)["left"] == "R", "stored otherwise, seen alike"
    assert (flipped.slices(2)[5].pixels == plain.slices(2)[5].pixels).all()
    tilt = np.deg2rad(30)
    oblique = [[1, 0, 0], [0, np.cos(tilt), -np.sin(tilt)], [0, np.sin(tilt), np.cos(tilt)]]
    leaning = read_volume(nifti(tmp_path / "oblique.nii", solid(), turned(oblique)))
    assert shown.letters(leaning, 2)["top"] == "AS"
    image = nibabel.Nifti1Image(solid(), None)
    nibabel.save(image, tmp_path / "unplaced.nii")
    assert shown.letters(read_volume(tmp_path / "unplaced.nii"), 2) == {}, "the file does not say"
    series = sorted_drop(dicom_series(tmp_path / "ct", solid()), tmp_path, DEFAULT_LIMITS).scans[0].source.read()
    assert shown.letters(series, 2) == {"left": "R", "right": "L", "top": "A", "bottom": "P"}


@pytest.fixture
def series(tmp_path: Path) -> list[Path]:
    """A CT series whose headers name a patient, each file in a folder of its own as an upload lies."""
    import pydicom

    paths = []
    for number, path in enumerate(dicom_series(tmp_path / "ct", solid(), description=HOSTILE, number=7)):
        file = pydicom.dcmread(path)
        file.PatientName, file.PatientID, file.InstitutionName = "DOE^JANE", "0815-4711", "Clinic of Nowhere"
        (folder := tmp_path / "cache" / f"{number:02d}").mkdir(parents=True)
        file.save_as(folder / path.name, enforce_file_format=True)
        paths.append(folder / path.name)
    return paths


def test_nothing_of_a_patient_is_kept_or_shown(bench: Workbench, series: list[Path], tmp_path: Path) -> None:
    session, root = bench.store.new(), tmp_path / "cache"
    (found,) = sorted_drop(series, root, DEFAULT_LIMITS).scans
    assert found.name == "CT series 7, 12 slices"
    picture = bench.put_scan(session, read_dropped(found, root, DEFAULT_LIMITS), found.name)
    bench.settle(session, picture)
    discard_drop(series, root)
    assert not any(path.exists() for path in series)
    list(bench.ask(session, "Whose scan is it?"))
    kept = b"".join(path.read_bytes() for path in session.project.folder.rglob("*") if path.is_file())
    kept += b"".join(path.read_bytes() for path in bench.store.root.rglob("*") if path.is_file())
    made = "".join(path.read_text(encoding="utf-8", errors="ignore") for path in exports.write_all(session))
    told = f"{made}{slices.value(picture)}{scan_words.scan_card(picture)}{picture.messages}"
    for secret in ("DOE", "JANE", "0815-4711", "Nowhere", "onerror", str(tmp_path / "cache")):
        assert secret not in told
        assert secret.encode() not in kept


def test_a_series_comes_as_files_or_archive(series: list[Path], tmp_path: Path) -> None:
    root = tmp_path / "cache"
    assert [len(one.files) for one in sorted_drop(series, root, DEFAULT_LIMITS).scans] == [12]
    (folder := root / "zip").mkdir()
    with zipfile.ZipFile(folder / "all.zip", "w") as archive:
        for path in series:
            archive.write(path, f"../../{path.name}")
        archive.writestr("README.txt", "nothing to look at")
    found = sorted_drop([folder / "all.zip"], root, DEFAULT_LIMITS)
    assert ([one.name for one in found.scans], found.pictures) == (["CT series 7, 12 slices"], ())
    assert not list(tmp_path.glob("IM*")), "an archive writes beside its upload alone"
    discard_drop([folder / "all.zip"], root)
    assert not folder.exists()


def test_archives_that_harm_are_refused(tmp_path: Path) -> None:
    (folder := tmp_path / "up").mkdir()
    with zipfile.ZipFile(folder / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.png", bytes(9 * 2**20))
    small = ImageLimits(10**6, 2**20)
    with pytest.raises(ImageError, match="unpacks to at most"):
        sorted_drop([folder / "bomb.zip"], tmp_path, small)
    with zipfile.ZipFile(folder / "none.zip", "w") as archive:
        archive.writestr("a.txt", "words")
    with pytest.raises(ImageError, match="expected a folder with pictures") as told:
        sorted_drop([folder / "none.zip"], tmp_path, small)
    assert str(tmp_path) not in str(told.value)
    broken = io.BytesIO()
    with zipfile.ZipFile(broken, "w") as archive:
        archive.writestr("a.png", bytes(500))
    data = bytearray(broken.getvalue())
    data[40:60] = b"\xff" * 20
    (folder / "broken.zip").write_bytes(data)
    with pytest.raises(ImageError, match="expected an archive that can be unpacked"):
        sorted_drop([folder / "broken.zip"], tmp_path, small)
    assert sorted(path.name for path in folder.iterdir() if path.is_dir()) == [], "nothing half unpacked stays"


def test_reference_scans_are_compared_with(bench: Workbench, scanned: Session, tmp_path: Path) -> None:
    normal = [(read_volume(nifti(tmp_path / f"n{n}.nii.gz", np.roll(solid(), n, 0))), f"n{n}.nii.gz") for n in range(2)]
    bench.add_scan_references(scanned, normal)
    picture = scanned.picture
    assert picture is not None
    assert picture.scan is not None
    assert picture.scan.found is not None
    assert picture.scan.found.references == 2
    assert "with two reference scans" in scan_words.scan_card(picture)
    score = picture.scan.found.score
    bench.set_threshold(
        scanned, 0.3
    )  # a region that comes with it is named on its slice, which may have been let go of
    with patch.object(Detector, "encode", never):
        bench.set_threshold(scanned, 0.31)
        scanned.setup.changed()
        bench.settle(scanned, picture)
    files = [one.file for one in scanned.setup.scans]
    bench.clear_references(scanned)
    assert picture.scan.found.references is None
    assert picture.scan.found.score != score
    assert not any(file.exists() for file in files)


def test_what_counts_for_pictures_alone_is_told(bench: Workbench, part: Any, scanned: Session) -> None:
    bench.tell(scanned, Details("head", scale=0.5, rule="reject any crack over 2 mm"))
    bench.add_references(scanned, [part])
    card = scan_words.scan_card(scanned.picture) if scanned.picture is not None else ""
    assert "your own rule counts for pictures alone" in card
    assert "the reference pictures, marked defects and profiles in use count for pictures alone" in card
    assert "the millimetres told do not count" in card
    with pytest.raises(BenchError, match="which is not corrected"):
        bench.mark_normal(scanned)
    with pytest.raises(BenchError, match="which is not corrected"):
        bench.reject(scanned, 1)


def test_a_scan_comes_back_and_goes(bench: Workbench, scanned: Session, tmp_path: Path) -> None:
    bench.leaf(scanned, 3)
    picture = scanned.picture
    assert picture is not None
    assert picture.scan is not None
    keeping.keep_picture(scanned, picture)
    again = keeping.restored(scanned.project, tmp_path, bench.settings.limits)
    back = again.picture
    assert back is not None
    assert back.scan is not None
    assert (back.scan.axis, back.scan.index, back.name) == (2, 3, "head.nii.gz")
    assert (back.image.pixels == picture.image.pixels).all()
    assert back.mark is not None
    assert back.mark.score == pytest.approx(picture.mark.score if picture.mark else -1)
    picture.rest()
    with patch.object(Detector, "encode", never):
        assert slices.value(picture)["scan"]["index"] == 3
    file = picture.scan.kept.file
    bench.remove(scanned, 0)
    assert not file.exists()


@pytest.fixture
def waiting(bench: Workbench) -> Iterator[list[int]]:
    """Slices at which somebody else could have looked."""
    given: list[int] = []
    original = bench.engine.give_way

    def give_way() -> None:
        original()
        given.append(1)

    with patch.object(bench.engine, "give_way", give_way):
        yield given


def test_others_look_while_a_scan_is_looked_at(bench: Workbench, waiting: list[int], tmp_path: Path) -> None:
    session = put(bench, nifti(tmp_path / "head.nii.gz", solid()))
    assert session.picture is not None
    assert session.picture.scan is not None
    assert session.picture.scan.found is not None
    assert len(waiting) >= session.picture.scan.found.looked_at, "before each slice"
    session.picture.scan.gone = True
    session.picture.scan.evidence = None
    session.picture.judged_version = -1
    with pytest.raises(BenchError, match="one that was taken off"):
        bench.judge(session.picture)
