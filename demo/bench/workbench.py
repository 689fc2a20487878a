"""What a person says on the bench: corrections, which stand at once and may be undone, and questions. Knows no gradio."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from assistant.geometry import mask_box
from assistant.types import Answer, Box, Inspection
from assistant.vision.references.profile import AnomalousReference
from demo.bench import conversations, keeping, questions
from demo.bench.correcting import marks_under, region_mask
from demo.bench.judging import CHANGED, BenchError
from demo.bench.other_pictures import OtherPictures
from demo.bench.scans import Scans
from demo.bench.sessions import Asked, Correction, Picture, Said, Session
from demo.bench.setups import MAX_REFERENCES
from demo.bench.thresholds import View

MAX_WAITING = 8
"""Questions of a person that may wait."""
NO_QUESTION = ("a question", "an empty line", "type one, or choose a suggestion")
STOPPED, UNANSWERED = "(stopped)", "(no answer)"
"""Said where an answer ended early, or never began."""
TAKEN_UP = 6
"""Questions of an earlier conversation that one which goes on has heard."""
_WHOLE = re.compile(r"[.!?](?=\s|$)")


class Workbench(Scans):
    """The operations of the page on a session; see :class:`~demo.bench.judging.Judging` for the arguments."""

    def mark_normal(self, session: Session, picture: Picture | None = None) -> None:
        """A picture (that in view when None) is normal: it joins the references.

        Raises:
            BenchError: no room for it, or a profile that is loaded.
        """
        picture = self.correctable(session, picture)
        self.require_room(session, 1)
        picture.setup.references.append(picture.image)
        self._correct(session, Correction(picture, Said.NORMAL, learned=picture.image))
        self._changed(session, picture.setup)

    def mark_defect(
        self, session: Session, mask: np.ndarray, kind: str, number: int | None = None, picture: Picture | None = None
    ) -> None:
        """There is a defect under the mask: it joins the anomalous references, and stands with its very pixels.

        Args:
            session: whose.
            mask: bool, the size of the picture.
            kind: in the person's words; that of the region it replaces, or that is under it, when empty.
            number: of the region that it is drawn instead of; None for those under the mask.
            picture: with the defect; that in view when None.

        Raises:
            BenchError: an empty mask, no such region, or too many marked defects.
        """
        picture = self.correctable(session, picture)
        if mask.shape != picture.image.pixels.shape[:2] or not mask.any():
            raise BenchError("a marked defect", "nothing marked", "draw over it, or give its box")
        if len(picture.setup.anomalous) >= MAX_REFERENCES:
            raise BenchError(f"at most {MAX_REFERENCES} marked defects", "one more", "undo one of them first")
        was = None if number is None else self._region(picture, number)
        name = questions.clean_question(kind)[:60] or self._kind_under(picture, mask, number)
        picture.setup.anomalous.append(AnomalousReference(picture.image, mask))
        self._correct(session, Correction(picture, Said.DEFECT, mask, name, was=was, learned=picture.image))
        self._changed(session, picture.setup)

    def reject(self, session: Session, number: int, picture: Picture | None = None) -> bool:
        """A region of a picture is no defect; one that the person marked is taken back, as if it never was.

        What such a mark was drawn instead of is rejected in its place.

        Args:
            session: whose.
            number: of the region.
            picture: that it is of; that in view when None.

        Returns:
            Whether a mark was taken back.

        Raises:
            BenchError: no such region.
        """
        picture = self.correctable(session, picture)
        area = self._region(picture, number)
        marks = marks_under(picture.corrected, area)
        if marks:
            self._take_back(session, picture, marks)
        found = [area] if not marks else [one.was for one in marks if one.was is not None]
        for mask in found:
            self._correct(session, Correction(picture, Said.REJECTED, mask))
        if found:
            self.reviewed(session, picture)
        return bool(marks)

    def rename(self, session: Session, number: int, kind: str, picture: Picture | None = None) -> None:
        """A region of a picture is of another kind; regions of other pictures that are like it take the kind too.

        Args:
            session: whose.
            number: of the region.
            kind: in the person's words.
            picture: that it is of; that in view when None.

        Raises:
            BenchError: no such region, or no name.
        """
        picture = self.correctable(session, picture)
        if not (name := questions.clean_question(kind)[:60]):
            raise BenchError("a kind of defect", "an empty line", "type one, such as scratch")
        mask = self._region(picture, number)
        known = None if picture.view is None else picture.view.inspection.region_embeddings
        embedding = None if known is None or len(known) < number else np.asarray(known[number - 1], np.float32)
        correction = Correction(picture, Said.RENAMED, mask, name, embedding=embedding)
        if embedding is not None:
            picture.setup.examples.append(correction)
        self._correct(session, correction)
        if embedding is not None:
            self._changed(session, picture.setup, seen=True)
        else:
            self.reviewed(session, picture)

    def undo(self, session: Session, number: int | None = None) -> Correction:
        """Take a correction back, with what was learned from it.

        Args:
            session: whose.
            number: in the list of corrections, from 0; the last one when None.

        Raises:
            BenchError: none there.
        """
        with session.lock:
            at = len(session.corrections) - 1 if number is None else number
            if not 0 <= at < len(session.corrections):
                raise BenchError("a correction", "none there", "choose one of the list")
            gone = session.corrections[at]
        self._take_back(session, gone.picture, [gone])
        return gone

    def note(self, session: Session, question: str, picture: Picture | None = None) -> Picture:
        """Let a question about a picture (that in view when None) wait for its answer (:meth:`Session.begin_answering`).

        Raises:
            AssistantError: an empty question, too many that wait, or no picture.
        """
        picture = picture or self.in_view(session)
        if not questions.clean_question(question):
            raise BenchError(*NO_QUESTION)
        with session.lock:
            if len(session.waiting) >= MAX_WAITING:
                raise BenchError(f"at most {MAX_WAITING} questions that wait", "one more", "wait for an answer")
            session.waiting.append(Asked(picture, question[: questions.LONGEST_QUESTION]))
        keeping.keep_talk(session, picture)
        return picture

    def ask(self, session: Session, question: str, picture: Picture | None = None) -> Iterator[Answer]:
        """The answer about a picture as it grows; conversation and answers grow by it, on disk by whole sentences.

        Args:
            session: whose.
            question: as typed.
            picture: that in view when None.

        Raises:
            AssistantError: an empty question, or no picture.
        """
        picture = picture or self.in_view(session)
        asked = questions.clean_question(question)
        if not asked:
            raise BenchError(*NO_QUESTION)
        self.judge(picture)
        self._open(session, picture)
        assert picture.talk is not None, "opened"
        stop, last, answers = picture.stop, None, picture.answers
        stop.clear()
        pieces = picture.talk.stream(asked, stop=stop)
        picture.messages += [{"role": "user", "content": question.strip()[: questions.LONGEST_QUESTION]}]
        picture.messages += [{"role": "assistant", "content": "…", "open": "yes"}]
        place, whole = picture.messages[-1], -1
        try:
            for answer in pieces:
                last = answer
                place["content"] = conversations.shown(answer) or "…"
                if (told := len(_WHOLE.findall(answer.text))) > whole:
                    whole = told
                    keeping.keep_talk(session, picture)
                yield answer
        finally:
            if hasattr(pieces, "close"):
                pieces.close()
            place.pop("open", None)
            if stop.is_set():
                place["content"] = f"{place['content']}\n\n{STOPPED}" if last is not None and last.text else STOPPED
            elif last is None:
                place["content"] = UNANSWERED
            if last is not None and last.text:
                answers.append(replace(last, question=question.strip()[: questions.LONGEST_QUESTION]))
            keeping.keep_talk(session, picture)

    def take_back(self, session: Session, picture: Picture | None = None) -> str:
        """Remove the last question about a picture (that in view when None) and its answer; the question, for another try."""
        picture = picture or self.in_view(session)
        if session.answering:
            raise BenchError("an answer that is whole", "one being written", "stop it first")
        asked = [i for i, m in enumerate(picture.messages) if m["role"] == "user"]
        if not asked:
            raise BenchError("an earlier question", "none", "ask one first")
        question, *replies = [m["content"] for m in picture.messages[asked[-1] :]]
        del picture.messages[asked[-1] :]
        if picture.answers and replies and replies[0] not in (STOPPED, UNANSWERED):
            picture.answers.pop()
        if picture.talk is not None:
            picture.talk.undo()
        keeping.keep_talk(session, picture)
        return question

    def start_over(self, session: Session, picture: Picture | None = None) -> None:
        """Forget the conversation on a picture; that in view when None."""
        picture = picture or self.in_view(session)
        picture.stop.set()
        session.forget_waiting(picture)
        picture.talk, picture.messages, picture.answers = None, [], []
        keeping.keep_talk(session, picture)

    def _open(self, session: Session, picture: Picture) -> None:
        """Open the conversation on a picture where none is; one that was left goes on where it was."""
        if picture.talk is None:
            assert picture.view is not None, "a picture that is talked about was judged"
            assistant, others = self.engine.wait(timeout=600), OtherPictures(session, picture)
            picture.talk = conversations.open_conversation(assistant, _talked_about(picture, picture.view), others)
            conversations.take_up(picture.talk, _heard(picture)[-TAKEN_UP:])

    def _take_back(self, session: Session, of: Picture, gone: Sequence[Correction]) -> None:
        """Corrections of a picture and what was learned from them go; pictures are judged again."""
        with session.lock:
            session.corrections[:] = [one for one in session.corrections if one not in gone]
            of.corrected[:] = [one for one in of.corrected if one not in gone]
        self.remember(session, of.setup)
        since = of.setup.version
        for correction in gone:
            self.unlearn(correction)
            keeping.forget_correction(session, correction)
        if all(one.learned is None for one in gone):
            self.still_seen(session, of.setup, since)
        of.judged_version = -1
        if (picture := session.picture) is not None and picture.stale:
            self.settle(session, picture)
        self.redo(session)

    def _correct(self, session: Session, correction: Correction) -> None:
        correction.object_name = correction.picture.setup.inquiry.object_name or ""
        with session.lock:
            session.corrections.append(correction)
            correction.picture.corrected.append(correction)
        keeping.keep_correction(session, correction)
        correction.picture.judged_version = -1 if correction.learned is not None else correction.picture.judged_version

    def _region(self, picture: Picture, number: int) -> np.ndarray:
        """Pixels of a region of a picture.

        Raises:
            BenchError: no such region.
        """
        try:
            assert picture.view is not None, "a picture in view was judged"
            return region_mask(picture.view, number)
        except LookupError:
            raise BenchError("a region of the picture in view", f"number {number}", "choose one of the table") from None

    def _kind_under(self, picture: Picture, mask: np.ndarray, number: int | None) -> str:
        box: Box = mask_box(mask)
        regions = () if picture.view is None else picture.view.inspection.regions
        region = next((r for r in regions if r.id == number), None) or questions.pointed_region(regions, box)
        return region.type if region is not None and region.type else "defect"


def _talked_about(picture: Picture, view: View) -> Inspection:
    """What a conversation is about: of a scan its worst slice, by its number."""
    if picture.scan is None or picture.scan.at is None:
        return view.inspection
    source = f"{picture.scan.kept.name}::slice={picture.scan.at.worst_slice}"
    return replace(view.inspection, image=replace(view.inspection.image, source=source))


def _heard(picture: Picture) -> Sequence[str]:
    """Questions on the result as it is now."""
    messages = picture.messages
    since = max((i for i, m in enumerate(messages) if m["content"] == CHANGED), default=-1)
    return [m["content"] for m in messages[since + 1 :] if m["role"] == "user"]
