"""A message, understood -> sentences that follow from the inspection: one after the other for each of its acts."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from assistant.reading.acts.act import Act, Family
from assistant.reading.acts.languages import ENGLISH, notice_in
from assistant.reading.acts.message import MessageKind
from assistant.reading.acts.slots import Slots, slots_of
from assistant.reading.acts.understanding import AskedAct, Understanding
from assistant.reading.question import Question, read_question
from assistant.reading.told.scales import Scale
from assistant.types import Domain, Inspection
from assistant.vocabulary.knowledge import Knowledge
from assistant.words import wording
from assistant.words.replies import (
    disputes,
    findings,
    kinds,
    numbers,
    pictures,
    shapes,
    sizes,
    spots,
    summaries,
    tool,
    verdicts,
)  # fmt: skip
from assistant.words.replies.untold import refusals, scans
from assistant.words.replies.verdicts import state
from assistant.words.scene import phrases
from assistant.words.scene.acts_said import fitting, worth_saying
from assistant.words.scene.scene import Earlier, Scene
from assistant.words.scene.spots import Spot

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
        exact: it stands as it is: it answers what was named (a number, a thing that no picture tells, a place), whatever the acts.
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
            apart = "\n" if _item(sentence) or _item(last) or last.endswith(":") else " "
            lines += f"{apart if lines else ''}{sentence}"
        return lines


def reply(
    understanding: Understanding,
    question: Question,
    inspection: Inspection,
    knowledge: Knowledge,
    *,
    others: Sequence[Earlier] = (),
    told_scan: bool = False,
    told_scale: Scale | None = None,
    last: Reply | None = None,
    heard: Sequence[str] = (),
) -> Reply:
    """What follows from the inspection on a message.

    Args:
        understanding: of the message.
        question: the message, read.
        inspection: of the picture.
        knowledge: of kinds.
        others: further pictures of the session.
        told_scan: the user spoke of it as of a scan of a patient.
        told_scale: the last size that the user told before.
        heard: what was said before, so that it is not said again without need.
        last: the reply before, for "it" and "there", and for a message that only names other regions ("and region 2?").
    """
    scan = told_scan or wording.is_medical(inspection, knowledge)
    asked, guessed = _meant(understanding, scan)
    if last is not None and last.acts and _leans(question):
        asked = tuple(AskedAct(act, 1.0, slots_of(act, question, question), question.text) for act in last.acts)
    asked = _with_unclear(asked, understanding, question)
    sentences: list[str] = []
    answered = False
    spoken_of, spot, reported = (last.focus, last.spot, last.reported) if last is not None else ((), None, None)
    for one in asked:
        read = _of_domain(read_question(one.text), knowledge, scan)
        scene = Scene(inspection, read, one, question, knowledge, spoken_of, others, told_scan, told_scale, spot, reported)
        if refusals.is_refused_again(scene, sentences):
            continue
        named = _on_what_is_named(scene, guessed)
        if named is None and one.confidence == 0.0:
            continue
        answered = answered or named is not None
        new = [*SAYERS[scene.asked.act](scene), *refusals.beside(scene)] if named is None else named
        sentences += _not_yet_said(new, sentences, inspection)
        spoken_of, spot = tuple(r.id for r in scene.regions), _spot_after(scene, named is not None)
        reported = scene.spot if scene.sees_unmarked else reported
    if understanding.kind is not MessageKind.SENTENCE:
        return Reply(tuple(tool.no_sentence(understanding.kind)), (), (), spoken_of, spot, False, reported)
    if not asked:
        unclear = AskedAct(Act.NONSENSE, 0.0, Slots(), question.text)
        scene = Scene(inspection, question, unclear, question, knowledge, spoken_of, others, told_scan, None, spot, reported)
        named = _on_what_is_named(scene, guessed=True)
        answered = named is not None
        sentences += named or tool.not_understood(scene, understanding.nearest)
        spot = _spot_after(scene, answered)
        reported = scene.spot if scene.sees_unmarked else reported
    elif guessed and not answered:
        sentences.append(tool.otherwise(scene, understanding.nearest))
    told = _without_heard(_once(sentences, scene), heard, asked)
    if sentences and (foreign := notice_in(understanding.language)):
        told.insert(0, foreign)
    cautions = _cautioned(told, inspection, knowledge)
    return Reply((*told, *cautions), cautions, tuple(one.act for one in asked if one.confidence > 0), spoken_of, spot, answered, reported)


def _on_what_is_named(scene: Scene, guessed: bool) -> list[str] | None:
    """On what is named, which goes before what the act asks for: a number to be explained, a thing that no picture tells, a place."""
    if (number := numbers.explained(scene)) is not None:
        return number
    untold = refusals.named_untold(scene, guessed)
    return spots.on_spot(scene) if untold is None else untold


def _with_unclear(asked: tuple[AskedAct, ...], understanding: Understanding, question: Question) -> tuple[AskedAct, ...]:
    """The acts, in the order of the message, with the pieces of it whose act is not known, as far as they name something."""
    if understanding.kind is not MessageKind.SENTENCE or understanding.language != ENGLISH or not asked:
        return asked
    unclear = [
        AskedAct(UNCLEAR, 0.0, slots_of(UNCLEAR, read_question(piece), question), piece) for piece in understanding.unclear
    ]
    return tuple(sorted((*asked, *unclear), key=lambda one: question.text.find(one.text)))


_ASIDE = frozenset({Family.TOOL, Family.UNANSWERABLE, Family.TALK})
"""Families of acts after which "it" means what it meant before."""


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
    worth, limit = spots.NOT_ABSENT, phrases.LIMIT.lower()
    return [
        _without(sentence, phrases.LIMIT) if limit in told else sentence
        for sentence in new
        if sentence.lower() not in told and not any(again in told and again in sentence for again in (score, highest, worth))
    ]


def _once(sentences: Sequence[str], scene: Scene) -> list[str]:
    """Sentences once each, without what a refusal adds of the finding where another answer tells it."""
    told = [*dict.fromkeys(sentences)]
    if state(scene) not in told:
        return told
    return [sentence for sentence in told if not sentence.startswith(refusals.CAN_TELL)]


def _without(sentence: str, part: str) -> str:
    """A sentence without a part that was said, where something else is left."""
    return sentence.replace(part, "").strip() or sentence


_AS_A_WHOLE = frozenset({Act.SUMMARY, Act.REPORT, Act.REPHRASE, Act.LIST_REGIONS, Act.CHECKED, Act.PRESENCE, Act.DESCRIBE})
"""Acts whose answer is said whole, whatever was said before."""
_LEAD = re.compile(r"^(?:What I (?:can tell|can say of the picture|see|found|have)|Here|In short|By itself): ")


def _without_heard(sentences: list[str], heard: Sequence[str], asked: Sequence[AskedAct]) -> list[str]:
    """Sentences without those, behind the first, that were said before; what a normal verdict is worth is said each time."""
    if not heard or any(one.act in _AS_A_WHOLE for one in asked):
        return sentences
    before, here = " ".join(heard).lower(), " ".join(sentences)

    def again(sentence: str) -> bool:
        core = _LEAD.sub("", sentence).lower().rstrip(".")
        needed = sentence in (phrases.LIMIT, phrases.SCAN_LIMIT) and spots.NOT_ABSENT not in here
        return core in before and not needed and not _item(sentence) and spots.NOT_ABSENT not in sentence

    return [*sentences[:1], *(sentence for sentence in sentences[1:] if not again(sentence))]


def _cautioned(sentences: Sequence[str], inspection: Inspection, knowledge: Knowledge) -> tuple[str, ...]:
    """The research notice of a medical picture where nothing said it yet."""
    if not wording.is_medical(inspection, knowledge):
        return ()
    said = " ".join(sentences).lower()
    named = "diagnos" in said or "decides" in said or "doctor" in said or "radiologist" in said
    return () if named else (wording.RESEARCH_NOTICE,)


def _item(sentence: str) -> bool:
    """Whether it is an item of a list."""
    return sentence.startswith("- ") or (sentence[:1].isdigit() and sentence[1:3] == ". ")
