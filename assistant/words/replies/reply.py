"""A message, understood -> sentences that follow from the inspection: one after the other for each of its acts."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from assistant.reading.acts.act import Act
from assistant.reading.acts.languages import notice_in
from assistant.reading.acts.message import MessageKind
from assistant.reading.acts.slots import Form, Slots, form_of, slots_of
from assistant.reading.acts.understanding import AskedAct, Understanding
from assistant.reading.question import Question, read_question
from assistant.reading.spelling import plain
from assistant.reading.told.posed import Pose
from assistant.reading.told.scales import Scale
from assistant.types import Domain, Inspection
from assistant.vocabulary.knowledge import Knowledge
from assistant.words import wording
from assistant.words.replies import (
    disputes,
    findings,
    kinds,
    pictures,
    refusals,
    scans,
    shapes,
    sizes,
    summaries,
    tool,
    verdicts,
)  # fmt: skip
from assistant.words.replies.posed import alternatives, choices, forms, objections, suppositions
from assistant.words.scene import phrases
from assistant.words.scene.acts_said import fitting, worth_saying
from assistant.words.scene.scene import Earlier, KindChances, Scene

Sayer = Callable[[Scene], list[str]]
SAYERS: dict[Act, Sayer] = {
    Act.PRESENCE: verdicts.presence,
    Act.ACCEPT: verdicts.accept,
    Act.DANGEROUS: verdicts.dangerous,
    Act.CUSTOMER_NOTICE: verdicts.customer_notice,
    Act.SEVERITY: verdicts.severity,
    Act.RATING: verdicts.rating,
    Act.STANDARD: verdicts.standard,
    Act.ESCALATE: verdicts.escalate,
    Act.COUNT: findings.count,
    Act.WHERE: findings.where,
    Act.TYPE: findings.kind,
    Act.LIST_REGIONS: findings.list_regions,
    Act.WORST_REGION: findings.worst,
    Act.DESCRIBE: findings.describe,
    Act.APPEARANCE: findings.appearance,
    Act.IDENTIFY: findings.identify,
    Act.SPREAD: shapes.spread,
    Act.ANYTHING_ELSE: findings.anything_else,
    Act.HEAT_MAP: pictures.heat_map,
    Act.SIZE: sizes.size,
    Act.LENGTH: sizes.length,
    Act.WIDTH: sizes.width,
    Act.AREA: sizes.area,
    Act.POSITION: findings.position,
    Act.DISTANCE_EDGE: sizes.distance_edge,
    Act.DISTANCE_REGION: sizes.distance_region,
    Act.ORIENTATION: shapes.orientation,
    Act.SHAPE: shapes.shape,
    Act.MARGIN: shapes.margin,
    Act.SCALE: sizes.scale,
    Act.CAUSE: kinds.cause,
    Act.EFFECT: kinds.effect,
    Act.NEXT_STEP: kinds.next_step,
    Act.REPAIR: kinds.repair,
    Act.PREVENT: kinds.prevent,
    Act.OTHER_METHOD: kinds.other_method,
    Act.KIND_MEANING: kinds.kind_meaning,
    Act.WHY: disputes.why,
    Act.CHECKED: disputes.checked,
    Act.NOT_CHECKED: disputes.not_checked,
    Act.SURE: disputes.sure,
    Act.DISAGREE: disputes.disagree,
    Act.CLAIM: disputes.claim,
    Act.MISSED: disputes.missed,
    Act.CONFIRM: disputes.confirm,
    Act.NAME_KIND: disputes.name_kind,
    Act.SUMMARY: summaries.summary,
    Act.REPHRASE: summaries.rephrase,
    Act.REPORT: summaries.report,
    Act.COMPARE_GOOD: summaries.compare_good,
    Act.COMPARE_PICTURE: summaries.compare_picture,
    Act.WHICH_BAD: summaries.which_bad,
    Act.SLICE: scans.plane,
    Act.SIDE: scans.side,
    Act.SCAN: scans.scan,
    **dict.fromkeys(
        (Act.MALIGNANT, Act.BIRADS, Act.BIOPSY, Act.DIAGNOSIS, Act.TREATMENT, Act.PROGNOSIS, Act.MEDICATION, Act.SEQUENCE),
        scans.who_decides,
    ),
    **dict.fromkeys(
        (
            Act.DEPTH, Act.AGE, Act.MATERIAL, Act.ORIGIN, Act.PRICE, Act.SERIAL_NUMBER, Act.DATE, Act.TEMPERATURE, Act.WEIGHT,
            Act.SMELL_SOUND, Act.PERSON, Act.OTHER_SIDE, Act.TEXT,
            Act.RATE, Act.PROGRESS,
        ),
        refusals.untold,
    ),
    Act.SCORE: tool.score,
    Act.THRESHOLD: tool.threshold,
    Act.CHANGE_THRESHOLD: tool.change_threshold,
    Act.HOW_IT_WORKS: tool.how_it_works,
    Act.MODEL: tool.model,
    Act.ACCURACY: tool.accuracy,
    Act.CAPABILITIES: tool.capabilities,
    Act.IMAGE_QUALITY: pictures.image_quality,
    Act.BETTER_PICTURE: pictures.better_picture,
    Act.ROBUST: pictures.robust,
    Act.REFERENCES: pictures.references,
    Act.LEARN: pictures.learn,
    Act.PRIVACY: pictures.privacy,
    Act.GREETING: tool.greeting,
    Act.THANKS: tool.thanks,
    Act.GOODBYE: tool.goodbye,
    Act.INSULT: tool.insult,
    Act.PRAISE: tool.praise,
    Act.NONSENSE: tool.nonsense,
    Act.CHIT_CHAT: tool.chit_chat,
    Act.OFF_TOPIC: tool.off_topic,
}  # fmt: skip
"""What is said on each act."""
POSED: dict[Pose, Sayer] = {
    Pose.KINDS: alternatives.kinds,
    Pose.REGIONS: choices.regions,
    Pose.DECIDING: choices.deciding,
    Pose.DECISIONS: choices.decisions,
    Pose.DEGREES: choices.degrees,
    Pose.SIDES: choices.sides,
    Pose.WHAT_ELSE: objections.what_else,
    Pose.OBJECTION: objections.objection,
    Pose.CORRECTION: objections.correction,
    Pose.CALLED: objections.called,
    Pose.WITHOUT: suppositions.without,
    Pose.OTHER_THRESHOLD: suppositions.other_threshold,
    Pose.OTHER_KIND: suppositions.other_kind,
}
"""What is said on what is put to the assistant."""
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
    """

    sentences: tuple[str, ...]
    cautions: tuple[str, ...]
    acts: tuple[Act, ...]
    focus: tuple[int, ...]

    @property
    def text(self) -> str:
        """As one text; list items on lines of their own."""
        lines = ""
        for sentence in self.sentences:
            last = lines.rsplit("\n", 1)[-1]
            apart = "\n" if _item(sentence) or _item(last) or last.endswith(":") else " "
            lines += f"{apart if lines else ''}{sentence}"
        return lines


def reply(
    understanding: Understanding,
    question: Question,
    inspection: Inspection,
    knowledge: Knowledge,
    *,
    focus: Sequence[int] = (),
    others: Sequence[Earlier] = (),
    told_scan: bool = False,
    told_scale: Scale | None = None,
    before: Sequence[Act] = (),
    kind_chances: Callable[[], Sequence[KindChances]] = tuple,
    called: Mapping[int, str] = MappingProxyType({}),
) -> Reply:
    """What follows from the inspection on a message.

    Args:
        understanding: of the message.
        question: the message, read.
        inspection: of the picture.
        knowledge: of kinds.
        focus: regions that the last reply was about.
        others: further pictures of the session.
        told_scan: the user spoke of it as of a scan of a patient.
        told_scale: the last size that the user told before.
        before: acts of the last reply, for a message that only names other regions ("and region 2?").
        kind_chances: gives the kinds of each region with their chances.
        called: what the user calls regions, by their numbers.
    """
    scan = told_scan or wording.is_medical(inspection, knowledge)
    asked, guessed = _meant(understanding, scan)
    if before and _leans(question):
        asked = tuple(AskedAct(act, 1.0, slots_of(act, question, question), question.text) for act in before)
    sentences: list[str] = []
    form = form_of(plain(question.text))
    spoken_of = tuple(focus)
    for one in asked:
        read = _of_domain(read_question(one.text), knowledge, scan)
        scene = Scene(inspection, read, one, question, knowledge, spoken_of, others, told_scan, told_scale,
                      kind_chances, called)  # fmt: skip
        new = _not_yet_said(_sayer_of(one)(scene), sentences, inspection)
        sentences += [forms.first_of(new[0], scene)] if form is Form.SHORT and new else new
        spoken_of = tuple(r.id for r in scene.regions)
    if not asked:
        unclear = AskedAct(Act.NONSENSE, 0.0, Slots(), question.text)
        scene = Scene(inspection, question, unclear, question, knowledge, tuple(focus), others, told_scan)
        sentences += (
            tool.not_understood(scene, understanding.nearest)
            if understanding.kind is MessageKind.SENTENCE
            else tool.no_sentence(understanding.kind)
        )
    else:
        sentences = forms.shaped(form, sentences, scene, [one.act for one in asked])
    if guessed and form in (None, Form.CLOCK, Form.BULLETS):
        sentences.append(tool.otherwise(scene, understanding.nearest))
    told = [*dict.fromkeys(sentences)]
    if sentences and (foreign := notice_in(understanding.language)):
        told.insert(0, foreign)
    cautions = _cautioned(told, inspection, knowledge)
    return Reply((*told, *cautions), cautions, tuple(one.act for one in asked), spoken_of)


def _sayer_of(one: AskedAct) -> Sayer:
    """Who replies: to what is put, where something is; else to the act."""
    return SAYERS[one.act] if one.slots.posed is None else POSED[one.slots.posed.pose]


def _of_domain(question: Question, knowledge: Knowledge, scan: bool) -> Question:
    """The question without kinds of scans where the picture is none: shrinkage of a casting is no atrophy."""
    if scan:
        return question
    kept = tuple(k for k in question.kinds if (e := knowledge.find(k)) is None or e.domain is not Domain.MEDICAL)
    return question if kept == question.kinds else replace(question, kinds=kept)


def _meant(understanding: Understanding, scan: bool) -> tuple[tuple[AskedAct, ...], bool]:
    """The acts to reply to, and whether they are a guess."""
    asked = worth_saying(fitting(understanding.acts, scan))
    if asked or understanding.guess is None:
        return asked, False
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


def _not_yet_said(new: Sequence[str], said: Sequence[str], inspection: Inspection) -> list[str]:
    """Sentences without those that tell a second time the score, the highest place of the map, or what was said word for word."""
    told = " ".join(said).lower()
    score, highest = phrases.scored(inspection), "the map is highest"
    return [
        sentence
        for sentence in new
        if sentence.lower() not in told and not any(again in told and again in sentence for again in (score, highest))
    ]


def _cautioned(sentences: Sequence[str], inspection: Inspection, knowledge: Knowledge) -> tuple[str, ...]:
    """The research notice of a medical picture where nothing said it yet."""
    if not wording.is_medical(inspection, knowledge):
        return ()
    said = " ".join(sentences).lower()
    named = "diagnos" in said or "decides" in said or "doctor" in said or "radiologist" in said
    return () if named else (wording.RESEARCH_NOTICE,)


def _item(sentence: str) -> bool:
    """Whether it is an item of a list."""
    head = sentence[:2]
    return head == "- " or head == "| " or (head[:1].isdigit() and head[1:] == ".")
