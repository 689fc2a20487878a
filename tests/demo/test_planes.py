"""Planes of scans on the bench: chosen, judged anew, kept with the session, and nothing of their metadata shown."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from assistant.errors import AssistantError
from assistant.inquiry import Inquiry
from assistant.pictures.images import load_image
from assistant.pictures.medical import WINDOWS
from assistant.types import Domain, QueryImage
from demo.bench.judging import CHANGED
from demo.bench.sessions import Session, Setup
from demo.bench.workbench import Workbench
from demo.export import exports
from demo.incoming import planes
from demo.incoming.planes import Plane
from demo.view import painting
from tests.scan_files import dicom_file, nifti_file


@pytest.fixture
def volume(bench: Workbench, tmp_path: Path) -> Session:
    """A session with a volume of 40 x 30 x 20 in view."""
    return opened(bench, nifti_file(tmp_path / "head.nii.gz", (40, 30, 20)))


def opened(bench: Workbench, path: Path) -> Session:
    session = bench.store.new()
    image, plane = planes.open_upload(path, path.parent, session.project.files, bench.settings.limits)
    bench.add(session, image, plane=plane)
    return session


def in_view(session: Session) -> tuple[Plane, QueryImage]:
    assert session.picture is not None
    assert session.picture.plane is not None
    assert session.picture.view is not None
    assert session.picture.view.inspection.image is session.picture.image
    return session.picture.plane, session.picture.image


def test_the_middle_slice_is_in_view_first(volume: Session) -> None:
    plane, image = in_view(volume)
    assert (plane.axis, plane.index, plane.count) == (2, 10, 20)
    assert image.source == "head.nii.gz::axis=2,slice=10"
    assert image.pixels.shape == (30, 40, 3)
    assert image.domain is Domain.MEDICAL
    assert plane.file.parent == volume.project.files


def test_another_plane_is_judged_anew_and_said_in_the_conversation(bench: Workbench, volume: Session) -> None:
    list(bench.ask(volume, "Is it fine?"))
    before = in_view(volume)[1]
    bench.move_plane(volume, 3, 2, "bone")
    plane, image = in_view(volume)
    assert image.source == "head.nii.gz::axis=2,slice=3,window=bone"
    assert (image.pixels != before.pixels).any()
    assert volume.picture is not None
    assert volume.picture.messages[-1]["content"] == CHANGED
    bench.move_plane(volume, 3, 0, "bone")
    plane, image = in_view(volume)
    assert (plane.axis, plane.index, plane.count) == (0, 20, 40), "along another axis the middle is shown"
    assert image.pixels.shape == (20, 30, 3)


@pytest.mark.parametrize(
    ("index", "axis", "window", "source"),
    [
        (999, 2, "", "::axis=2,slice=19"),
        (-5, 2, "", "::axis=2,slice=0"),
        (None, None, None, "::axis=2,slice=10"),
        (4, 77, "::frame=1", "::axis=2,slice=4"),
        (4, 2, "../../etc/passwd", "::axis=2,slice=4"),
    ],
)
def test_what_a_file_does_not_have_is_not_chosen(
    bench: Workbench, volume: Session, index: float | None, axis: float | None, window: str | None, source: str
) -> None:
    bench.move_plane(volume, index, axis, window)
    assert in_view(volume)[1].source == f"head.nii.gz{source}"


def test_a_plane_that_cannot_be_judged_leaves_the_one_before(
    bench: Workbench, volume: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = in_view(volume)

    def fail(picture: object) -> None:
        raise AssistantError("a", "b", "c")

    monkeypatch.setattr(bench, "judge", fail)
    with pytest.raises(AssistantError):
        bench.move_plane(volume, 2, 2, "")
    assert in_view(volume) == before


def test_files_go_with_their_pictures_and_sessions(bench: Workbench, part: QueryImage, volume: Session) -> None:
    plane, _ = in_view(volume)
    assert volume.picture is not None
    for number in range(3):
        bench.add(volume, QueryImage(np.roll(part.pixels, number, axis=0), "x"))
    assert plane.file.exists(), "a picture that leaves memory keeps its file"
    assert bench.choose(volume, 0).image.source == "head.nii.gz::axis=2,slice=10"
    bench.remove(volume, 0)
    assert not plane.file.exists()
    other = opened(bench, nifti_file(volume.folder / "b.nii", (20, 20, 20)))
    copied = in_view(other)[0].file
    bench.store.free(other.id)
    assert not copied.exists()


@pytest.mark.parametrize("frames", [1, 3])
def test_a_kept_file_names_nobody(bench: Workbench, tmp_path: Path, frames: int) -> None:
    import pydicom

    path = dicom_file(tmp_path / "a.dcm", frames=frames)
    file = pydicom.dcmread(path)
    file.PatientName, file.PatientID, file.StudyDate, file.InstitutionName = "DOE^JANE", "0815", "20200131", "Nowhere"
    file.StudyInstanceUID, file.RequestAttributesSequence = "1.2.3.4711", [pydicom.Dataset()]
    file.RequestAttributesSequence[0].ScheduledProcedureStepDescription = "for JANE"
    file.add_new(0x00091001, "LO", "private JANE")
    file.WindowCenter, file.WindowWidth, file.WindowCenterWidthExplanation = 40, 400, "as JANE likes it"
    file.PixelSpacing = [0.5, 0.7]
    file.save_as(path, enforce_file_format=True)
    before = load_image(path)
    plane, image = in_view(opened(bench, path))
    kept = plane.file.read_bytes()
    for secret in (b"JANE", b"0815", b"20200131", b"Nowhere", b"4711", b"onerror"):
        assert secret not in kept
    assert (image.pixels == before.pixels).all()
    assert image.spacing_mm == before.spacing_mm
    assert plane.scan.windows == ("full", *WINDOWS)
    session = bench.store.new()
    bench.add_references(session, [before], [path])
    (name, _), *rest = session.setup.files
    assert rest == []
    assert b"JANE" not in session.project.file(name).read_bytes(), "references name nobody either"
    assert (load_image(session.project.file(name)).pixels == before.pixels).all()


def test_nothing_of_a_scan_that_its_metadata_says_is_shown(bench: Workbench, tmp_path: Path) -> None:
    session = opened(bench, dicom_file(tmp_path / "scan.dcm", frames=2))
    list(bench.ask(session, "Whose picture is it?"))
    plane, image = in_view(session)
    written = "".join(p.read_text(encoding="utf-8", errors="ignore") for p in exports.write_all(session))
    assert "onerror" not in written + repr(plane) + image.source
    assert "not a diagnosis" in written


def test_choices_fit_the_file(bench: Workbench, tmp_path: Path, volume: Session) -> None:
    ct = in_view(opened(bench, dicom_file(tmp_path / "ct.dcm")))[0]
    assert painting.window_choices(ct)[:2] == [("of the file", ""), ("whole range", "full")]
    assert painting.window_choices(in_view(volume)[0])[0] == ("whole range", "")
    mr = in_view(opened(bench, dicom_file(tmp_path / "mr.dcm", modality="MR")))[0]
    assert len(painting.window_choices(mr)) == 2


def test_own_pictures_do_not_take_over_what_a_sample_brought(
    bench: Workbench, part: QueryImage, tmp_path: Path
) -> None:
    session = bench.store.new()
    setup = Setup(Inquiry("plate", domain=Domain.INDUSTRIAL), references=[part], of_sample=True)
    bench.add(session, QueryImage(np.roll(part.pixels, 4, axis=1), "sample"), setup)
    image, plane = planes.open_upload(
        dicom_file(tmp_path / "a.dcm"), tmp_path, session.folder, bench.settings.limits
    )  # fmt: skip
    picture = bench.add(session, image, plane=plane)
    assert picture.setup.inquiry.object_name is None
    assert picture.image.domain is Domain.MEDICAL
    assert picture.view is not None
    assert picture.view.measured.mode.value == "zero_shot"
    bench.choose(session, 0)
    assert bench.add(session, part).setup is picture.setup, "own pictures share one setup"
