"""What a sentence to the assistant does: the acts, their families, and an example of each."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Family(StrEnum):
    """Acts that are answered in one way; each has a file of phrasings."""

    VERDICT = "verdict"
    FINDING = "finding"
    MEASURE = "measure"
    KNOWLEDGE = "knowledge"
    DISPUTE = "dispute"
    SUMMARY = "summary"
    MEDICAL = "medical"
    UNANSWERABLE = "unanswerable"
    TOOL = "tool"
    TALK = "talk"


class Act(StrEnum):
    """What a sentence does: mostly a thing it asks for."""

    PRESENCE = "presence"
    ACCEPT = "accept"
    DANGEROUS = "dangerous"
    CUSTOMER_NOTICE = "customer_notice"
    SEVERITY = "severity"
    RATING = "rating"
    STANDARD = "standard"
    ESCALATE = "escalate"
    LEAVE_OUT = "leave_out"
    COUNT = "count"
    WHERE = "where"
    TYPE = "type"
    LIST_REGIONS = "list_regions"
    WORST_REGION = "worst_region"
    DESCRIBE = "describe"
    APPEARANCE = "appearance"
    IDENTIFY = "identify"
    SPREAD = "spread"
    ANYTHING_ELSE = "anything_else"
    HEAT_MAP = "heat_map"
    ALTERNATIVES = "alternatives"
    SHOW = "show"
    SIZE = "size"
    LENGTH = "length"
    WIDTH = "width"
    AREA = "area"
    POSITION = "position"
    DISTANCE_EDGE = "distance_edge"
    DISTANCE_REGION = "distance_region"
    ORIENTATION = "orientation"
    SHAPE = "shape"
    MARGIN = "margin"
    SCALE = "scale"
    CAUSE = "cause"
    EFFECT = "effect"
    NEXT_STEP = "next_step"
    REPAIR = "repair"
    PREVENT = "prevent"
    OTHER_METHOD = "other_method"
    KIND_MEANING = "kind_meaning"
    WHY = "why"
    CHECKED = "checked"
    NOT_CHECKED = "not_checked"
    SURE = "sure"
    DISAGREE = "disagree"
    CLAIM = "claim"
    MISSED = "missed"
    CONFIRM = "confirm"
    NAME_KIND = "name_kind"
    SUMMARY = "summary"
    REPHRASE = "rephrase"
    REPORT = "report"
    COMPARE_GOOD = "compare_good"
    COMPARE_PICTURE = "compare_picture"
    WHICH_BAD = "which_bad"
    MALIGNANT = "malignant"
    BIRADS = "birads"
    BIOPSY = "biopsy"
    DIAGNOSIS = "diagnosis"
    TREATMENT = "treatment"
    SLICE = "slice"
    SIDE = "side"
    SEQUENCE = "sequence"
    SCAN = "scan"
    PROGNOSIS = "prognosis"
    MEDICATION = "medication"
    DEPTH = "depth"
    AGE = "age"
    MATERIAL = "material"
    ORIGIN = "origin"
    PRICE = "price"
    SERIAL_NUMBER = "serial_number"
    DATE = "date"
    TEMPERATURE = "temperature"
    WEIGHT = "weight"
    SMELL_SOUND = "smell_sound"
    PERSON = "person"
    OTHER_SIDE = "other_side"
    TEXT = "text"
    RATE = "rate"
    PROGRESS = "progress"
    HISTORY = "history"
    SCORE = "score"
    THRESHOLD = "threshold"
    CHANGE_THRESHOLD = "change_threshold"
    HOW_IT_WORKS = "how_it_works"
    MODEL = "model"
    ACCURACY = "accuracy"
    CAPABILITIES = "capabilities"
    IMAGE_QUALITY = "image_quality"
    BETTER_PICTURE = "better_picture"
    ROBUST = "robust"
    REFERENCES = "references"
    LEARN = "learn"
    PRIVACY = "privacy"
    CARD_WORD = "card_word"
    SET_LIMIT = "set_limit"
    LOADED = "loaded"
    RERUN = "rerun"
    RECORD = "record"
    REPEATABLE = "repeatable"
    VALIDATE = "validate"
    EXPORT = "export"
    MANAGE_REFERENCES = "manage_references"
    GREETING = "greeting"
    THANKS = "thanks"
    GOODBYE = "goodbye"
    INSULT = "insult"
    PRAISE = "praise"
    NONSENSE = "nonsense"
    CHIT_CHAT = "chit_chat"
    OFF_TOPIC = "off_topic"
    CONTEXT = "context"

    @property
    def family(self) -> Family:
        """The acts it is answered like."""
        return TRAITS[self].family

    @property
    def answerable(self) -> bool:
        """Whether a picture, its inspection and what is known of kinds can tell what is asked."""
        return TRAITS[self].answerable

    @property
    def example(self) -> str:
        """The question to offer for it."""
        return TRAITS[self].example


@dataclass(frozen=True)
class Traits:
    """What is known of an act.

    Args:
        family: the acts it is answered like.
        answerable: a picture, its inspection and what is known of kinds can tell what is asked.
        example: the question, or the sentence, to offer for it.
    """

    family: Family
    answerable: bool
    example: str


_EXAMPLES: dict[Family, dict[Act, str]] = {
    Family.VERDICT: {
        Act.PRESENCE: "Is there a defect?",
        Act.ACCEPT: "Is it OK to ship?",
        Act.DANGEROUS: "Is it dangerous?",
        Act.CUSTOMER_NOTICE: "Would a customer notice it?",
        Act.SEVERITY: "How bad is it?",
        Act.RATING: "Rate it from 0 to 100.",
        Act.STANDARD: "Does it meet the standard?",
        Act.ESCALATE: "Should we stop the line?",
        Act.LEAVE_OUT: "Judge it without region 1.",
    },
    Family.FINDING: {
        Act.COUNT: "How many defects are there?",
        Act.WHERE: "Where is it?",
        Act.TYPE: "What kind of defect is it?",
        Act.LIST_REGIONS: "List all regions.",
        Act.WORST_REGION: "Which region is the worst?",
        Act.DESCRIBE: "What does the picture show?",
        Act.APPEARANCE: "What does the defect look like?",
        Act.IDENTIFY: "What is the dark thing in the middle?",
        Act.SPREAD: "Are they clustered or scattered?",
        Act.ANYTHING_ELSE: "Is there anything else?",
        Act.HEAT_MAP: "What does the heat map show?",
        Act.ALTERNATIVES: "Which other kinds did you consider?",
        Act.SHOW: "Show me the place enlarged.",
    },
    Family.MEASURE: {
        Act.SIZE: "How big is it?",
        Act.LENGTH: "How long is it?",
        Act.WIDTH: "How wide is it?",
        Act.AREA: "How much of the picture is affected?",
        Act.POSITION: "What are its coordinates?",
        Act.DISTANCE_EDGE: "How far is it from the edge?",
        Act.DISTANCE_REGION: "How far apart are the regions?",
        Act.ORIENTATION: "Which way does it run?",
        Act.SHAPE: "Is it round or elongated?",
        Act.MARGIN: "Are its edges sharp?",
        Act.SCALE: "The part is 60 mm wide.",
    },
    Family.KNOWLEDGE: {
        Act.CAUSE: "What could have caused it?",
        Act.EFFECT: "What can it lead to?",
        Act.NEXT_STEP: "What should I do next?",
        Act.REPAIR: "Can it be repaired?",
        Act.PREVENT: "How can it be avoided?",
        Act.OTHER_METHOD: "Which other test would confirm it?",
        Act.KIND_MEANING: "What is a cold shut?",
    },
    Family.DISPUTE: {
        Act.WHY: "Why do you think so?",
        Act.CHECKED: "What did you check?",
        Act.NOT_CHECKED: "What did you not check?",
        Act.SURE: "How sure are you?",
        Act.DISAGREE: "I think it is fine.",
        Act.CLAIM: "It is a reflection.",
        Act.MISSED: "You missed a defect.",
        Act.CONFIRM: "Yes, that is right.",
        Act.NAME_KIND: "Call it a cold shut.",
    },
    Family.SUMMARY: {
        Act.SUMMARY: "Summarise it in one sentence.",
        Act.REPHRASE: "Say it in simple words.",
        Act.REPORT: "Write it up for a report.",
        Act.COMPARE_GOOD: "How does it differ from a good one?",
        Act.COMPARE_PICTURE: "Compare it with the first picture.",
        Act.WHICH_BAD: "Which of my pictures are bad?",
    },
    Family.MEDICAL: {
        Act.SLICE: "Which slice is it on?",
        Act.SIDE: "Which side is it on?",
        Act.SCAN: "Is this a scan?",
    },
    Family.TOOL: {
        Act.SCORE: "What is the score?",
        Act.THRESHOLD: "What is the threshold?",
        Act.CARD_WORD: "What does borderline mean on the card?",
        Act.SET_LIMIT: "Our limit is 0.3 mm from now on.",
        Act.LOADED: "Which file is loaded?",
    },
}
_NOT_IN_A_PICTURE: dict[Family, dict[Act, str]] = {
    Family.MEDICAL: {
        Act.MALIGNANT: "Is it benign or malignant?",
        Act.BIRADS: "Which BI-RADS category is it?",
        Act.BIOPSY: "Is a biopsy needed?",
        Act.DIAGNOSIS: "What is the diagnosis?",
        Act.TREATMENT: "How is it treated?",
        Act.SEQUENCE: "Which sequence is it?",
        Act.PROGNOSIS: "What is the prognosis?",
        Act.MEDICATION: "Which medicine helps?",
    },
    Family.UNANSWERABLE: {
        Act.DEPTH: "How deep is it?",
        Act.AGE: "How old is it?",
        Act.MATERIAL: "What is it made of?",
        Act.ORIGIN: "Who made it?",
        Act.PRICE: "What does it cost?",
        Act.SERIAL_NUMBER: "What is the serial number?",
        Act.DATE: "When was the picture taken?",
        Act.TEMPERATURE: "How hot is it?",
        Act.WEIGHT: "How heavy is it?",
        Act.SMELL_SOUND: "What does it sound like?",
        Act.PERSON: "Who is the person?",
        Act.OTHER_SIDE: "What does the other side look like?",
        Act.TEXT: "What does the label say?",
        Act.RATE: "How many of them are bad?",
        Act.PROGRESS: "Is it getting worse?",
        Act.HISTORY: "Has it been cleaned or repaired before?",
    },
    Family.TOOL: {
        Act.CHANGE_THRESHOLD: "Be less strict.",
        Act.HOW_IT_WORKS: "How do you work?",
        Act.MODEL: "Which model are you?",
        Act.ACCURACY: "How accurate are you?",
        Act.CAPABILITIES: "What can you do?",
        Act.IMAGE_QUALITY: "Is the picture good enough?",
        Act.BETTER_PICTURE: "What picture would help?",
        Act.ROBUST: "Does the light matter?",
        Act.REFERENCES: "What did you compare it with?",
        Act.LEARN: "Can you learn from this?",
        Act.PRIVACY: "Do you keep my picture?",
        Act.RERUN: "Inspect it again.",
        Act.RECORD: "Note down that I disagree.",
        Act.REPEATABLE: "Would the same picture give the same result again?",
        Act.VALIDATE: "How do I test it on my own parts?",
        Act.EXPORT: "Can I have the result as a file?",
        Act.MANAGE_REFERENCES: "Which reference should I take out?",
    },
    Family.TALK: {
        Act.GREETING: "Hello.",
        Act.THANKS: "Thank you.",
        Act.GOODBYE: "Goodbye.",
        Act.INSULT: "You are useless.",
        Act.PRAISE: "Well done.",
        Act.NONSENSE: "Asdf.",
        Act.CHIT_CHAT: "How are you?",
        Act.OFF_TOPIC: "Write a poem.",
        Act.CONTEXT: "We run these at two hundred a minute.",
    },
}
TRAITS = MappingProxyType(
    {
        act: Traits(family, answerable, example)
        for answerable, families in ((True, _EXAMPLES), (False, _NOT_IN_A_PICTURE))
        for family, acts in families.items()
        for act, example in acts.items()
    }
)
"""Of every act."""
EVASIVE = frozenset({Act.NONSENSE, Act.OFF_TOPIC, Act.CHIT_CHAT})
"""Acts that have nothing to do with a picture: a sentence that is one of them is understood, and not answered."""
