"""Replies about the assistant itself, and to small talk."""

from __future__ import annotations

import re

from assistant.reading.acts.act import Act, Family
from assistant.reading.acts.message import LONGEST, MessageKind
from assistant.reading.spelling import plain
from assistant.types import THRESHOLD, Mode
from assistant.words import wording
from assistant.words.replies.findings import worst
from assistant.words.replies.untold.refusals import name_of_unknown, nothing_known, verdict
from assistant.words.replies.verdicts import presence, state
from assistant.words.scene import phrases
from assistant.words.scene.scene import Scene

HELP = "Ask whether it is OK, what is wrong, where, how big, what kind, how sure I am, or what to do next."


REST = "The rest of what you ask I did not understand, or the picture does not tell it."


def score(scene: Scene) -> list[str]:
    """Score against threshold; a stricter or laxer one is worked out where it is named in percent."""
    found = scene.inspection
    said = [
        f"The image score is {wording.score(found)}, the threshold {wording.threshold(found)}: {found.verdict.value}."
    ]
    stricter = re.search(
        r"(\d+|ten|five|twenty)\s*(?:%|per ?cent)\s*(stricter|tighter|lower|higher|laxer|looser)",
        scene.message.text.lower(),
    )
    if stricter:
        share = {"five": 5.0, "ten": 10.0, "twenty": 20.0}.get(stricter[1]) or float(stricter[1])
        sign = -1 if stricter[2] in ("stricter", "tighter", "lower") else 1
        limit = found.threshold * (1 + sign * share / 100)
        said.append(
            f"With a threshold of {limit:.2f} it would be {'anomalous' if wording.measured(found) >= limit else 'normal'}."
        )
    elif found.p_value is not None:
        said.append(f"{100 * found.p_value:.0f} % of the references score as high.")
    return said


def threshold(scene: Scene) -> list[str]:
    """Where the threshold comes from, also once it was moved."""
    found = scene.inspection
    moved = found.threshold != THRESHOLD
    begins = "Before that it" if moved else "It"
    if found.mode is Mode.FEW_SHOT:
        basis = (
            f"{begins} {'was' if moved else 'is'} set from your references alone, each judged by the others, together with "
            "what is usual for other products: it is the higher of two points, one above which a chosen share of good "
            "pictures lies (--overkill), the other from which the odds turn against it."
        )
    else:
        basis = (
            f"{begins} was set once, on pictures built for training; references of your product would set it for this "
            "product."
        )
    if moved:
        return [
            f"The threshold was moved to {wording.threshold(found)}; this picture has {wording.score(found)}.",
            basis,
        ]
    return [f"The score shown is scaled so that the threshold is {wording.threshold(found)}; "
            f"this picture has {wording.score(found)}.", basis,
            *([] if found.guarantee is None else [f"{phrases.capital(found.guarantee)}."])]  # fmt: skip


def change_threshold(scene: Scene) -> list[str]:
    """How to make it stricter or laxer, and what would be marked first."""
    said = (
        "Move the threshold on the page, or give --overkill with references: a smaller share marks fewer good pictures."
    )
    return [said, *worst(scene)]


def how_it_works(scene: Scene) -> list[str]:
    """In two sentences."""
    return [
        "An image encoder looks at the picture in small patches; each is compared with descriptions in words and, "
        "where given, with reference pictures, which makes a map of scores.",
        f"The answers are made from that map. This one was judged {phrases.judged_by(scene.inspection)}.",
    ]


def model(scene: Scene) -> list[str]:
    """Preset and weights."""
    found = scene.inspection
    return [
        f"anomaly-assistant, preset {found.preset}, trained parts {found.weights[:19]}; it was judged {phrases.judged_by(found)}."
    ]


def accuracy(scene: Scene) -> list[str]:
    """What was measured, and that it says little of the user's own product."""
    head = "How often it is right depends on your product and pictures: measure it on some of your own with `evaluate`."
    small = (
        "No smallest size is guaranteed; the picture is looked at in patches, so marks of a few pixels can be missed."
    )
    return [head, small, phrases.scored(scene.inspection)[:1].upper() + phrases.scored(scene.inspection)[1:] + " here."]


def capabilities(scene: Scene) -> list[str]:
    """What can be asked."""
    return [
        f"I look for anomalies in one picture at a time and say where they are, how big, how bad and of which kind. {HELP}"
    ]


def greeting(scene: Scene) -> list[str]:
    """Hello, with the result."""
    return [f"Hello. {state(scene)}", HELP]


def thanks(scene: Scene) -> list[str]:
    """You are welcome."""
    return ["You are welcome."]


def goodbye(scene: Scene) -> list[str]:
    """Goodbye."""
    return ["Goodbye."]


def insult(scene: Scene) -> list[str]:
    """The result, calmly."""
    said = state(scene)
    return [f"I may be mistaken. What I have: {said[:1].lower()}{said[1:]}"]


def praise(scene: Scene) -> list[str]:
    """Thanks."""
    return ["Thank you. Ask on if anything is open."]


def chit_chat(scene: Scene) -> list[str]:
    """Back to the picture."""
    return [f"I only know about the picture: {state(scene)[:1].lower()}{state(scene)[1:]}"]


def off_topic(scene: Scene) -> list[str]:
    """Out of scope."""
    return [f"That is outside what I can tell; I look for anomalies in the picture. {state(scene)}"]


def nonsense(scene: Scene) -> list[str]:
    """Not understood."""
    return [f"I did not understand that. {HELP}"]


def not_understood(scene: Scene, nearest: tuple[Act, ...]) -> list[str]:
    """Said where no act is near enough: what is known of the place or kind named, else the verdict; and what can be asked."""
    if scene.cells or scene.point or scene.question.kinds or scene.numbers:
        return [*presence(scene), otherwise(scene, nearest)]
    name = name_of_unknown(plain(scene.question.text))
    if name is not None:
        return [nothing_known(name), *verdict(scene), otherwise(scene, nearest)]
    unsure = "I may not have understood that, or cannot tell it from the picture"
    return [f"{unsure}; I can answer {_offered(scene, nearest)}, for example.", *presence(scene)]


def otherwise(scene: Scene, nearest: tuple[Act, ...]) -> str:
    """What else can be asked, after a reply that may miss the question."""
    return f"If that is not what you ask: I can answer {_offered(scene, nearest)}, for example."


def _offered(scene: Scene, nearest: tuple[Act, ...]) -> str:
    """Two questions that can be answered: those nearest to what was asked, then others of the same family."""
    families = {Family.FINDING, Family.MEASURE, Family.KNOWLEDGE, Family.VERDICT, Family.SUMMARY}
    asked = scene.asked.act
    near = [
        act
        for act in nearest
        if act is not asked and (act.family in families or (scene.medical and act.family is Family.MEDICAL))
    ]
    alike = [act for act in Act if act is not asked and act.family is asked.family and asked.family in families]
    offered = [*dict.fromkeys([*near, *(alike if near else [Act.WHERE, Act.SURE])])]
    return wording.join([f'"{act.example}"' for act in offered[:2]], "or")


def no_sentence(kind: MessageKind) -> list[str]:
    """Said of a message that is none."""
    if kind is MessageKind.TOO_LONG:
        return [f"That is more than I read at once ({LONGEST} characters): please ask in a sentence or two."]
    if kind is MessageKind.MARKUP:
        return [f"That holds no question, only markup. {HELP}"]
    return [f"That is empty. {HELP}"]
