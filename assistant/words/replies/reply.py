"""A message, understood -> sentences that follow from the inspection: one after the other for each of its acts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from assistant.reading.acts.act import Act
from assistant.reading.acts.languages import ENGLISH, load_languages, notice_in
from assistant.reading.acts.message import MessageKind
from assistant.reading.acts.slots import Form, Slots, form_of, slots_of
from assistant.reading.acts.understanding import KNOWN, AskedAct, Understanding
from assistant.reading.question import Question, read_question
from assistant.reading.spelling import plain
from assistant.types import Inspection
from assistant.vocabulary.knowledge import Knowledge
from assistant.words import wording
from assistant.words.replies import tool
from assistant.words.replies.posed import forms
from assistant.words.replies.telling.all_clear import with_worth
from assistant.words.replies.telling.brevity import EACH, MOST, shortened
from assistant.words.replies.telling.named import by_words
from assistant.words.replies.telling.once import is_item, once, without_heard
from assistant.words.replies.telling.teller import Teller, unclear
from assistant.words.scene.acts_said import act_by_words, asks, fitting, worth_saying
from assistant.words.scene.dialogue_state import NOTHING_TOLD, DialogueState
from assistant.words.scene.scene import Scene
from assistant.words.scene.spots import Spot

UNCLEAR = Act.MISSED
"""What a piece of a message whose act is not known is taken as, where it names a place, a number or a thing."""
LEANING = 6
"""Words of a message that leans on the one before it, at most."""


@dataclass(frozen=True)
class Reply:
    """What is said on a message.

    Args:
        sentences: in their order.
        cautions: the last of them, which go with any other words as well.
        acts: that were replied to; empty where none was near enough.
        focus: numbers of the regions it is about.
        spot: the place that the user pointed to, where it is about one.
        exact: it stands as it is: it answers what was named (a number, a thing, a place), whatever the acts.
        reported: the last place where the user said that he sees something which is not marked.
    """

    sentences: tuple[str, ...]
    cautions: tuple[str, ...]
    acts: tuple[Act, ...]
    focus: tuple[int, ...]
    spot: Spot | None = None
    exact: bool = False
    reported: Spot | None = None

    @property
    def text(self) -> str:
        """As one text; list items on lines of their own."""
        lines = ""
        for sentence in self.sentences:
            last = lines.rsplit("\n", 1)[-1]
            apart = "\n" if is_item(sentence) or is_item(last) or last.endswith(":") else " "
            lines += f"{apart if lines else ''}{sentence}"
        return lines


def reply(
    understanding: Understanding,
    question: Question,
    inspection: Inspection,
    knowledge: Knowledge,
    *,
    state: DialogueState = NOTHING_TOLD,
    last: Reply | None = None,
) -> Reply:
    """What follows from the inspection on a message.

    Args:
        understanding: of the message.
        question: the message, read.
        inspection: of the picture.
        knowledge: of kinds.
        state: of the conversation.
        last: the reply before, for "it" and "there", and for a message that only names other regions ("and region 2?").
    """
    scan = state.told_scan or wording.is_medical(inspection, knowledge)
    told = Teller(inspection, question, knowledge, state, scan)
    told.left = any(one.act is Act.OFF_TOPIC and asks(one.text) for one in understanding.acts)
    form = form_of(plain(question.text))
    if last is not None:
        told.focus, told.spot, told.reported = last.focus, last.spot, last.reported
    if understanding.kind is not MessageKind.SENTENCE:
        return Reply(tuple(tool.no_sentence(understanding.kind)), (), (), told.focus, told.spot, False, told.reported)
    if last is not None and last.sentences and _only_asks_language(understanding):
        return _said_again(last, understanding)
    asked, guessed = _meant(understanding, scan)
    asked = _leaning(question, understanding, last) or asked
    told.on_each(_with_unclear(asked, understanding, question), guessed, form)
    if not asked:
        told.on_unclear(understanding.nearest)
    said = _finished(told, asked, guessed, form, understanding)
    cautions = _cautioned(said, inspection, knowledge)
    exact = told.exact or understanding.asked_language is not None
    acts = tuple(one.act for one in asked)
    return Reply((*said, *cautions), cautions, acts, told.focus, told.spot, exact, told.reported)


def _finished(
    told: Teller,
    asked: tuple[AskedAct, ...],
    guessed: bool,
    form: Form | None,
    understanding: Understanding,
) -> list[str]:
    """What was told, once, in the form that is asked for, as short as it should be, with what is left of the message."""
    scene = told.scene(asked[-1] if asked else unclear(told.question))
    said, acts = without_heard(once(told.sentences, scene), told.state.heard, asked), [one.act for one in asked]
    said = _in_form(said if told.exact or not asked else forms.shaped(form, said, scene, acts), form, scene)
    if asked and guessed and not told.exact and form in (None, Form.CLOCK, Form.BULLETS):
        said.append(tool.otherwise(scene, understanding.nearest))
    said = shortened(said, max(MOST, EACH * told.answered))
    left = told.left and asked and asked[-1].act is not Act.OFF_TOPIC and form is None and not told.exact
    said, notice = [*said, tool.REST] if left else said, _notice(understanding)
    return [notice, *said] if said and notice else said


def _in_form(said: Sequence[str], form: Form | None, scene: Scene) -> list[str]:
    """The sentences with what a normal verdict is worth, where the form leaves room for it."""
    roomy = form in (None, Form.YES_NO, Form.CLOCK, Form.BULLETS) and scene.asked.act is not Act.CONTEXT
    return with_worth(said, scene) if roomy else list(said)


def _only_asks_language(understanding: Understanding) -> bool:
    return understanding.asked_language is not None and understanding.asked_language.alone


def _leaning(question: Question, understanding: Understanding, last: Reply | None) -> tuple[AskedAct, ...]:
    """The acts of a message that names only regions, those of the message before, or only a language; empty for others."""
    if _only_asks_language(understanding):
        return (AskedAct(Act.SUMMARY, 1.0, Slots(), question.text),)
    if last is None or not _leans(question):
        return ()
    return tuple(AskedAct(act, 1.0, slots_of(act, question, question), question.text) for act in last.acts)


def _notice(understanding: Understanding) -> str | None:
    """That the answer is in English, where another language is written or asked for."""
    wanted = understanding.asked_language
    if (foreign := notice_in(understanding.language)) or wanted is None:
        return foreign
    return (notice_in(wanted.code) if wanted.native else None) or f"I answer in English only, not in {wanted.name}."


def _said_again(last: Reply, understanding: Understanding) -> Reply:
    """The last answer, with a sentence that it is in English: a message that asks for a language and nothing else."""
    notices = {known.notice for known in load_languages().values()}
    said = [s for s in last.sentences if s not in notices and not s.startswith("I answer in English only")]
    notice = _notice(understanding)
    return replace(last, sentences=(*([] if notice is None else [notice]), *said), exact=True)


def _with_unclear(
    asked: tuple[AskedAct, ...], understanding: Understanding, question: Question
) -> tuple[AskedAct, ...]:
    """The acts, in the order of the message, with the pieces of it whose act is not known, as far as they name something."""
    if understanding.kind is not MessageKind.SENTENCE or understanding.language != ENGLISH or not asked:
        return asked
    unknown = [
        _unclear_piece(piece, question) for piece in understanding.unclear if all(piece != one.text for one in asked)
    ]
    found = all(one.text in question.text for one in (*asked, *unknown))
    return tuple(sorted((*asked, *unknown), key=lambda one: question.text.find(one.text) if found else 0))


def _unclear_piece(piece: str, question: Question) -> AskedAct:
    """A piece whose act is not known, with the act that its words tell, where they do."""
    read = read_question(piece)
    act = act_by_words(UNCLEAR, plain(piece)) or UNCLEAR
    return AskedAct(act, 0.0 if act is UNCLEAR else KNOWN, slots_of(act, read, question), piece)


def _meant(understanding: Understanding, scan: bool) -> tuple[tuple[AskedAct, ...], bool]:
    """The acts to reply to, and whether they are a guess."""
    asked = worth_saying(fitting(understanding.acts, scan), by_words)
    if asked or understanding.guess is None:
        return asked, False
    if (act := act_by_words(understanding.guess.act, plain(understanding.guess.text))) is not None:
        return (replace(understanding.guess, act=act, confidence=KNOWN),), False
    guess = fitting((understanding.guess,), scan)
    return guess, bool(guess)


_LEANING = re.compile(
    r"\W*(?:and|what about|how about|same for|now|also)\b|\W*(?:the )?(?:other|next|second|third)(?: one)?\W*$"
)


def _leans(question: Question) -> bool:
    """Whether a message says only which regions it is about, and leaves what is asked to the message before."""
    named = bool(question.numbers or question.rank or question.cells) and not question.intents
    short = len(question.text.split()) <= LEANING
    return named and short and _LEANING.match(question.text.lower()) is not None


def _cautioned(sentences: Sequence[str], inspection: Inspection, knowledge: Knowledge) -> tuple[str, ...]:
    """The research notice of a medical picture where nothing said it yet."""
    if not wording.is_medical(inspection, knowledge):
        return ()
    said = " ".join(sentences).lower()
    named = "diagnos" in said or "decides" in said or "doctor" in said or "radiologist" in said
    return () if named else (wording.RESEARCH_NOTICE,)
