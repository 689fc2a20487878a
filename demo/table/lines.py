"""One picture as a line of the table: what was last said of it, and what a person says it is."""

from __future__ import annotations

from dataclasses import dataclass

from assistant.types import Verdict


@dataclass(frozen=True, slots=True)
class Line:
    """A picture of a project, or one of its folder.

    Args:
        id: of the line, for the browser; another one a picture.
        name: to show.
        score: calibrated, as measured; None where it was not judged, or could not be.
        spoken: verdict that a person's corrections decide, whatever the threshold; None where the score decides.
        by_person: whether they said it of the picture itself, or marked a defect in it, and not of regions found in it alone.
        place: cells of the worst region; empty without one.
        kind: of the worst region; empty without one.
        regions: how many were found.
        found_at: threshold that they were found at.
        corrected: whether a person corrected it.
        good: what a person marked it as; None where nobody did.
        learned: it is a reference itself, or was learned from: its own score says nothing of other pictures.
        outdated: it was judged under other references or another inquiry.
        error: why it could not be judged; empty where it could.
        in_folder: it is of the folder, and not opened.
        severity: the worst of all regions; empty without one.
        warnings: what speaks against relying on the verdict, each a sentence without its subject, the picture.
        compared: whether it, one of the folder, was judged with references.
    """

    id: str
    name: str
    score: float | None = None
    spoken: Verdict | None = None
    place: str = ""
    kind: str = ""
    regions: int = 0
    found_at: float = 0.5
    corrected: bool = False
    good: bool | None = None
    learned: bool = False
    outdated: bool = False
    error: str = ""
    in_folder: bool = False
    severity: str = ""
    warnings: tuple[str, ...] = ()
    compared: bool = False
    by_person: bool = False

    def verdict(self, at: float) -> Verdict | None:
        """Under a threshold; a person's word stands at any. None where it was not judged.

        >>> Line("p1", "lid.png", 0.7).verdict(0.5), Line("p1", "lid.png", 0.7).verdict(0.8)
        (<Verdict.ANOMALOUS: 'anomalous'>, <Verdict.NORMAL: 'normal'>)
        """
        if self.spoken is not None or self.score is None:
            return self.spoken
        return Verdict.ANOMALOUS if self.score >= at else Verdict.NORMAL

    def whose(self, at: float) -> str:
        """Whose the verdict is, where it is not the score's alone; empty where it is.

        >>> Line("p1", "lid.png", 0.7, Verdict.NORMAL).whose(0.5), Line("p1", "lid.png", 0.7, Verdict.ANOMALOUS).whose(0.5)
        ('by your corrections', '')
        """
        if self.spoken is None:
            return ""
        if self.by_person:
            return "by you"
        by_score = None if self.score is None else Verdict.ANOMALOUS if self.score >= at else Verdict.NORMAL
        return "" if by_score is self.spoken else "by your corrections"

    def mistaken(self, at: float) -> bool:
        """Whether the score under a threshold says other than the person's mark does."""
        if self.good is None or self.score is None or self.learned:
            return False
        return (self.score >= at) is self.good
