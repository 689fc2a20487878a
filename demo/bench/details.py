"""What a person tells of all pictures in the fields of the page, and the inquiry and rule that it makes."""

from __future__ import annotations

from dataclasses import dataclass

from assistant.inquiry import SMALLEST, Detail, Inquiry, checked_spacing
from assistant.types import Domain
from demo.bench.questions import clean_question
from demo.bench.sessions import Setup


@dataclass(frozen=True)
class Details:
    """The fields as they were typed; an emptied one may be None. Their names are those of the page's components.

    Args:
        object_name: what the pictures show.
        look_for: phrases, separated by commas.
        mode: ``auto``, ``zero-shot`` or ``few-shot``.
        domain: name of one; empty takes the one of the file.
        fixed_camera: whether like places alone are compared.
        scale: millimetres a pixel; None or 0 takes the one of the file.
        rule: a sentence that says what is rejected; empty for none.
        detail: how closely pictures are looked at: ``overview``, ``auto`` or ``full``.
        smallest: thing looked for, pixels; None for the usual size.
    """

    object_name: str = ""
    look_for: str = ""
    mode: str = "auto"
    domain: str = ""
    fixed_camera: bool = False
    scale: float | None = None
    rule: str = ""
    detail: str = "overview"
    smallest: float | None = None

    @classmethod
    def of(cls, setup: Setup) -> Details:
        """The fields that make what a setup holds."""
        inquiry = setup.inquiry
        return cls(
            object_name=inquiry.object_name or "",
            look_for=", ".join(inquiry.look_for),
            mode=inquiry.mode,
            domain="" if inquiry.domain is None else inquiry.domain.value,
            fixed_camera=inquiry.fixed_camera,
            scale=None if inquiry.spacing_mm is None else inquiry.spacing_mm[1],
            rule=setup.rule_text,
            detail=inquiry.detail.look,
            smallest=inquiry.detail.smallest,
        )

    @property
    def inquiry(self) -> Inquiry:
        """What is asked of the pictures, texts cleaned and cut.

        Raises:
            ConfigError: a value that makes no sense.
        """
        phrases = (clean_question(part)[:80] for part in str(self.look_for or "").split(",")[:8])
        return Inquiry(
            object_name=clean_question(self.object_name or "")[:80] or None,
            look_for=tuple(phrase for phrase in phrases if phrase),
            domain=Domain(self.domain) if self.domain in tuple(Domain) else None,
            mode=self.mode,
            fixed_camera=bool(self.fixed_camera),
            spacing_mm=None if not self.scale else checked_spacing((self.scale,)),
            detail=Detail(str(self.detail or "overview"), SMALLEST if self.smallest is None else float(self.smallest)),
        )

    @property
    def rule_text(self) -> str:
        """The rule in one line, cut; empty for none."""
        return " ".join(str(self.rule or "").split())[:400]
