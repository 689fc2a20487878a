"""What is said on the pieces of a message, one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from assistant.reading.acts.act import Act, Family
from assistant.reading.acts.slots import Form, Slots
from assistant.reading.acts.understanding import AskedAct
from assistant.reading.question import Question, read_question
from assistant.reading.spelling import plain
from assistant.types import Domain, Inspection
from assistant.vocabulary.knowledge import Knowledge
from assistant.words.replies import spots, tool
from assistant.words.replies.posed import forms
from assistant.words.replies.telling.brevity import EACH, MOST, shortened
from assistant.words.replies.telling.named import by_words, on_what_is_named
from assistant.words.replies.telling.once import not_yet_said
from assistant.words.replies.telling.sayers import sayer_of
from assistant.words.replies.untold import refusals
from assistant.words.scene.acts_said import asks
from assistant.words.scene.dialogue_state import DialogueState
from assistant.words.scene.scene import Scene
from assistant.words.scene.spots import Spot

_ASIDE = frozenset({Family.TOOL, Family.UNANSWERABLE, Family.TALK})
"""Families of acts after which "it" means what it meant before."""


@dataclass(eq=False)
class Teller:
    """What was said on a message so far, and what "it" and "there" mean by then.

    Args: those of :func:`assistant.words.replies.reply.reply`.
        scan: it is a scan of a patient, told or by the inspection.
        focus: numbers of the regions that were spoken of last.
        spot: the place that was spoken of last.
        reported: the last place where the user said that he sees something which is not marked.
        exact: something that was named was replied to.
        left: something that was asked was not replied to.
        answered: pieces that were replied to.
        sentences: in their order.
    """

    inspection: Inspection
    question: Question
    knowledge: Knowledge
    state: DialogueState
    scan: bool
    focus: tuple[int, ...] = ()
    spot: Spot | None = None
    reported: Spot | None = None
    exact: bool = False
    left: bool = False
    answered: int = 0
    sentences: list[str] = field(default_factory=list)

    def scene(self, one: AskedAct) -> Scene:
        """What is at hand for an act."""
        read = _of_domain(read_question(one.text), self.knowledge, self.scan)
        return Scene(
            self.inspection, read, one, self.question, self.knowledge, self.focus, self.state, self.spot, self.reported
        )

    def on_each(self, pieces: Sequence[AskedAct], guessed: bool, form: Form | None) -> None:
        """Say what there is to say on each piece of a message: the shorter, the more of them there are."""
        several = sum(one.confidence > 0.0 or by_words(plain(one.text)) for one in pieces) > 1
        for one in pieces:
            self.on(one, guessed, 1 if form is Form.SHORT else EACH if several else MOST)

    def on(self, one: AskedAct, guessed: bool, most: int = MOST) -> None:
        """Say what there is to say on an act, in ``most`` sentences; nothing on a piece that names nothing."""
        scene = self.scene(one)
        if refusals.is_refused_again(scene, self.sentences):
            return
        named = on_what_is_named(scene, guessed)
        if named is None and one.confidence == 0.0:
            self.left = self.left or asks(one.text)
            return
        if named is None and guessed and self.exact:
            return
        new = (
            [*spots.measured_inside(scene), *sayer_of(one)(scene), *refusals.beside(scene)] if named is None else named
        )
        new = not_yet_said(new, self.sentences, self.inspection)
        if most == 1 and named is not None:
            self.sentences += new
        else:
            self.sentences += [forms.first_of(new[0], scene)] if most == 1 and new else shortened(new, most)
        self.answered += bool(new)
        self._goes_on(scene, named is not None)

    def on_unclear(self, nearest: tuple[Act, ...]) -> None:
        """Say what there is to say on a message that is not understood."""
        scene = self.scene(unclear(self.question))
        named = on_what_is_named(scene, guessed=True)
        self.sentences += named or tool.not_understood(scene, nearest)
        focus = self.focus
        self._goes_on(scene, named is not None)
        self.focus = focus

    def _goes_on(self, scene: Scene, named: bool) -> None:
        """What is meant from here on; ``named``: what a sentence names was replied to."""
        if scene.asked.act is Act.CONTEXT and not scene.places_one:
            return
        self.exact = self.exact or named
        reported = scene.spot if scene.sees_unmarked else self.reported
        self.focus, self.spot, self.reported = tuple(r.id for r in scene.regions), _spot_after(scene, named), reported


def unclear(question: Question) -> AskedAct:
    """A message whose act is not known."""
    return AskedAct(Act.NONSENSE, 0.0, Slots(), question.text)


def _spot_after(scene: Scene, named: bool) -> Spot | None:
    """The place that "it" and "there" mean after a sentence; ``named``: what it names was replied to."""
    if (spot := scene.spot) is not None and (named or spot is not scene.before):
        return spot
    return scene.before if scene.asked.act.family in _ASIDE and not scene.places_one else None


def _of_domain(question: Question, knowledge: Knowledge, scan: bool) -> Question:
    """The question without kinds of scans where the picture is none: shrinkage of a casting is no atrophy."""
    if scan:
        return question
    kept = tuple(k for k in question.kinds if (e := knowledge.find(k)) is None or e.domain is not Domain.MEDICAL)
    return question if kept == question.kinds else replace(question, kinds=kept)
