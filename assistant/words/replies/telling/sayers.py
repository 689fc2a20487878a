"""What is said on each act."""

from __future__ import annotations

from collections.abc import Callable

from assistant.reading.acts.act import Act
from assistant.reading.acts.understanding import AskedAct
from assistant.reading.told.posed import Pose
from assistant.words.replies import (
    disputes,
    findings,
    kinds,
    pictures,
    shapes,
    sizes,
    summaries,
    tool,
    verdicts,
)  # fmt: skip
from assistant.words.replies.handling import (
    candidates,
    files,
    gravity,
    leaving_out,
    limits,
    reference_set,
    remarks,
    trust,
)
from assistant.words.replies.meaning import card_words
from assistant.words.replies.posed import alternatives, choices, objections, suppositions
from assistant.words.replies.untold import refusals, scans
from assistant.words.scene.scene import Scene

Sayer = Callable[[Scene], list[str]]
SAYERS: dict[Act, Sayer] = {
    Act.PRESENCE: verdicts.presence,
    Act.ACCEPT: verdicts.accept,
    Act.DANGEROUS: verdicts.dangerous,
    Act.CUSTOMER_NOTICE: gravity.customer_notice,
    Act.SEVERITY: gravity.severity,
    Act.RATING: gravity.rating,
    Act.STANDARD: gravity.standard,
    Act.ESCALATE: gravity.escalate,
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
    Act.CONTEXT: remarks.context,
    Act.LEAVE_OUT: leaving_out.leave_out,
    Act.ALTERNATIVES: candidates.alternatives,
    Act.HISTORY: candidates.history,
    Act.CARD_WORD: card_words.card_word,
    Act.SET_LIMIT: limits.set_limit,
    Act.SHOW: files.show,
    Act.RECORD: files.record,
    Act.EXPORT: files.export,
    Act.LOADED: files.loaded,
    Act.RERUN: trust.rerun,
    Act.REPEATABLE: trust.repeatable,
    Act.VALIDATE: trust.validate,
    Act.MANAGE_REFERENCES: reference_set.manage_references,
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
AS_ASKED = frozenset(
    {
        Act.CONTEXT, Act.LEAVE_OUT, Act.ALTERNATIVES, Act.HISTORY, Act.CARD_WORD, Act.SET_LIMIT, Act.SHOW, Act.RECORD,
        Act.EXPORT, Act.LOADED, Act.RERUN, Act.REPEATABLE, Act.VALIDATE, Act.MANAGE_REFERENCES,
    }
)  # fmt: skip
"""Acts whose sayers look themselves at the numbers, places and things that are named."""


def sayer_of(one: AskedAct) -> Sayer:
    """Who replies: to what is put, where something is; else to the act."""
    return SAYERS[one.act] if one.slots.posed is None else POSED[one.slots.posed.pose]
