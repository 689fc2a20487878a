"""Scans on the bench: added, looked at once, leafed through without a look, compared with other scans."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from assistant.inquiry import Inquiry
from assistant.report import of_scan
from assistant.types import Verdict, as_measured
from assistant.volumes.reference_volumes import MOST, VolumeReferences
from assistant.volumes.volume import Volume
from demo.bench import keeping
from demo.bench.judging import BenchError, worst_of
from demo.bench.sessions import Mark, Picture, Session, Setup
from demo.bench.setups import Setups
from demo.bench.thresholds import View
from demo.scans import shown
from demo.scans.kept import keep_scan
from demo.scans.look import Scan, Turn, asked_of_scans, in_turns

if TYPE_CHECKING:
    from assistant.pipeline import Assistant

_NOT_COUNTED = "is judged by itself: {} for pictures alone"


class Scans(Setups):
    """The scans of a session; see :class:`~demo.bench.judging.Judging` for the arguments."""

    def put_scan(self, session: Session, volume: Volume, name: str, clicks: int | None = None) -> Picture:
        """Put a scan on the bench and bring it into view; it is looked at by :meth:`settle`.

        Args:
            session: whose bench.
            volume: read.
            name: to show.
            clicks: of the session when it came: it stays out of view where the person chose another picture since.

        Raises:
            AssistantError: no room for it.
        """
        self.require_space(session, volume.values.nbytes)
        scan = Scan.opened(keep_scan(session.project, volume, name))
        picture = Picture(scan.image, session.own, scan=scan)
        keeping.keep_picture(session, picture)
        with session.lock:
            session.pictures.append(picture)
            if clicks is None or clicks == session.clicks or session.picture is None:
                session.current = len(session.pictures) - 1
                session.use(picture.setup)
        keeping.keep_view(session)
        self.store.trim(session.id)
        return picture

    def remove(self, session: Session, index: int) -> None:
        """Take a picture off the bench, with all its files."""
        scan = session.pictures[index].scan if 0 <= index < len(session.pictures) else None
        super().remove(session, index)
        if scan is not None:
            scan.gone = True
            scan.kept.file.unlink(missing_ok=True)

    def leaf(self, session: Session, index: object = None, axis: object = None, turn: object = None) -> Picture | None:
        """Another slice of the scan in view, the worst one along another axis; no forward pass.

        Args:
            session: of the scan.
            index: of the slice.
            axis: canonical; the one in view when None.
            turn: number of the question; one that comes after a later one moves nothing, and gives None.
        """
        picture = self.scan_in_view(session)
        scan = picture.scan
        assert scan is not None, "a scan"
        with session.lock:
            if isinstance(turn, int):
                if turn < scan.turn:
                    return None
                scan.turn = turn
            other = isinstance(axis, int | float) and int(axis) in (0, 1, 2) and int(axis) != scan.axis
            if other and index is None and scan.found is not None:
                index = shown.worst(scan.found, int(str(axis)))
            scan.leafed = True
            scan.move(index, axis)
            picture.held = scan.image
        return picture

    def window(self, session: Session, name: object, black: object = None, white: object = None) -> Picture:
        """Other grey levels for the slices of the scan in view; what it was judged by stays.

        Raises:
            AssistantError: no window of this scan.
        """
        picture = self.scan_in_view(session)
        scan = picture.scan
        assert scan is not None, "a scan"
        if black is not None:
            scan.levels, scan.window = shown.dragged_levels(scan.kept.volume, black, white), ""
        else:
            scan.levels, scan.window = shown.window_levels(scan.kept.volume, str(name)), str(name)
        return picture

    def scan_in_view(self, session: Session) -> Picture:
        """The scan in view.

        Raises:
            BenchError: a picture, or nothing.
        """
        picture = self.in_view(session)
        if picture.scan is None:
            raise BenchError("a scan in view", "a picture", "choose a scan of the list")
        return picture

    def correctable(self, session: Session, picture: Picture | None = None) -> Picture:
        """A picture (that in view when None), where what a person says of it can be learned.

        Raises:
            BenchError: a scan, or nothing.
        """
        picture = picture or self.in_view(session)
        if picture.scan is not None:
            do = "drop a normal scan under References, or a slice saved as a picture to mark it"
            raise BenchError("a picture", f"the scan {picture.name}, which is not corrected", do)
        return picture

    def add_scan_references(self, session: Session, volumes: Sequence[tuple[Volume, str]]) -> None:
        """Normal scans for the setup in use.

        Raises:
            AssistantError: too many, or no room for them.
        """
        setup = session.setup
        if (total := len(setup.scans) + len(volumes)) > MOST:
            raise BenchError(f"at most {MOST} reference scans", str(total), "leave some out")
        self.require_space(session, sum(volume.values.nbytes for volume, _ in volumes))
        setup.scans += [keep_scan(session.project, volume, name) for volume, name in volumes]
        self._changed(session)

    def clear_references(self, session: Session) -> None:
        """No references of any kind."""
        gone, session.setup.scans, session.setup.built_scans = session.setup.scans, [], None
        for one in gone:
            one.file.unlink(missing_ok=True)
        super().clear_references(session)

    def judge(self, picture: Picture) -> None:
        """Verdict and regions of a picture or scan, where they are not known yet."""
        if picture.scan is None:
            super().judge(picture)
        elif picture.stale:
            self._judge_scan(picture, picture.scan)

    def set_threshold(self, session: Session, threshold: float, picture: Picture | None = None) -> Picture:
        """Verdict and regions of a picture or scan (that in view when None) under another threshold.

        A scan's new regions may need a slice again.
        """
        picture = picture or self.in_view(session)
        scan = picture.scan
        if scan is None:
            return super().set_threshold(session, threshold, picture)
        if scan.found is None or picture.view is None or threshold == picture.threshold:
            return picture
        assistant = self.engine.wait(timeout=1)
        before, picture.threshold = picture.threshold, float(threshold)
        try:
            with self.engine.looking:
                self._conclude(assistant, picture, scan)
        except BaseException:
            picture.threshold = before
            raise
        self._part(picture)
        keeping.keep_picture(session, picture)
        keeping.keep_talk(session, picture)
        return picture

    def _judge_scan(self, picture: Picture, scan: Scan) -> None:
        assistant, setup = self.engine.wait(timeout=600), picture.setup
        first = picture.view is None and picture.mark is None
        before = picture.mark
        with self.engine.looking:
            version = setup.version
            inquiry, _ = asked_of_scans(setup.inquiry)
            references = self._references(assistant, setup, inquiry, scan)
            asked = inquiry, tuple(one.file.name for one in setup.scans) if references is not None else ()

            def turn(number: int, count: int) -> None:
                if scan.gone:
                    raise BenchError("a scan on the bench", "one that was taken off", "drop it again")
                scan.progress = number + 1, count
                self.engine.give_way()

            try:
                scan.look(assistant.detector, inquiry, references, asked, turn)
            finally:
                scan.progress = 0, 0
            self._conclude(assistant, picture, scan)
            picture.judged_version = version
            if first and not scan.leafed:
                assert scan.found is not None, "looked at"
                scan.move(scan.found.worst_slice)
            picture.held = scan.image
        if not first and (before is None or picture.mark is None or picture.mark.differs(before)):
            self._part(picture)

    def _conclude(self, assistant: Assistant, picture: Picture, scan: Scan) -> None:
        """What the slices say under the picture's threshold becomes the picture's."""
        assert scan.found is not None, "looked at"
        inquiry, told = asked_of_scans(picture.setup.inquiry)
        at, built = picture.threshold, picture.setup.built_scans
        references = None if scan.found.references is None or built is None else built[1]
        scan.at = scan.found if at == 0.5 else scan.under(assistant.detector, at, inquiry, references)
        notes = (*told, *_left_out(picture.setup))
        inspection, measured = (
            replace(found, warnings=(*found.warnings, *notes)) for found in (of_scan(scan.at), of_scan(scan.found))
        )
        image = replace(inspection.image, source=scan.kept.name)
        inspection, measured = replace(inspection, image=image), replace(measured, image=image)
        peaks, means = (
            tuple(as_measured(getattr(region, name), at) for region in inspection.regions)
            for name in ("peak_score", "mean_score")
        )
        picture.view = View(inspection, measured, at, peaks, means)
        verdict = Verdict.ANOMALOUS if scan.found.score >= at else Verdict.NORMAL
        first = next(iter(scan.at.regions), None)
        worst, place = ("", "") if first is None else (first.type or "", f"slice {first.worst_slice}")
        severity = worst_of([region.severity for region in scan.at.regions])
        count, warnings = len(scan.at.regions), tuple(scan.found.warnings)
        picture.mark = Mark(scan.found.score, verdict, count, worst, place, at, severity, warnings)

    def _references(self, assistant: Assistant, setup: Setup, inquiry: Inquiry, scan: Scan) -> VolumeReferences | None:
        """What the reference scans of a setup became; built once for one inquiry and axis."""
        from assistant.volumes.reference_volumes import build_references

        compared = bool(setup.scans) and inquiry.mode != "zero-shot"
        if not compared:
            told = replace(inquiry, fixed_camera=False)
            told.require_comparable(references=False, profile=False, anomalous=False)
            return None
        axis = scan.kept.volume.main_axis
        key = inquiry, axis, tuple(one.file.name for one in setup.scans)
        if setup.built_scans is None or setup.built_scans[0] != key:
            turn: Turn = lambda number, count: self.engine.give_way()  # noqa: E731
            volumes = [in_turns(one.volume, turn) for one in setup.scans]
            setup.built_scans = key, build_references(assistant.detector, volumes, (axis,), inquiry)
        return setup.built_scans[1]


def _left_out(setup: Setup) -> list[str]:
    """What of a setup does not count for scans, a line each."""
    told = []
    if setup.rule is not None:
        told.append(_NOT_COUNTED.format("your own rule counts"))
    if (setup.references or setup.loaded is not None or setup.anomalous) and setup.inquiry.mode != "zero-shot":
        told.append(_NOT_COUNTED.format("the reference pictures, marked defects and profiles in use count"))
    if setup.lost:
        told.append(f"is judged without {', '.join(setup.lost)}, which could not be read again")
    return told
