"""The form that a message asks for, kept for any answer: a sentence, two lines, a number, a table, yes or no, short.

Shortening keeps what decides: the first sentence of a reply says what was asked, and numbers keep their units.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from assistant.reading.acts.act import Act
from assistant.reading.acts.slots import Form
from assistant.words import wording
from assistant.words.replies.verdicts import state
from assistant.words.scene import phrases
from assistant.words.scene.scene import Scene

WHOLE = frozenset({Act.REPORT, Act.SUMMARY, Act.DESCRIBE, Act.LIST_REGIONS})
"""Acts that are about the picture as a whole: what decides is the verdict and the strongest region."""
_QUANTITY = re.compile(r"\d[\d.]* (?:px²|mm²|px|mm|%|°)(?: by \d[\d.]* (?:px|mm))?")
_REGION = re.compile(r"^Region (\d+)\b")
_STOP = re.compile(r"(?<!\bYes)(?<!\bNo)\.\s+(?=[A-Z])")
_BEGUN = re.compile(r"(?:yes|no)\b", re.IGNORECASE)


def shaped(form: Form | None, sentences: Sequence[str], scene: Scene, acts: Sequence[Act]) -> list[str]:
    """The sentences in the form that is asked for; as they are where none is.

    Args:
        form: of the whole message.
        sentences: without cautions.
        scene: of the last act.
        acts: that were replied to.
    """
    if not sentences or form in (None, Form.CLOCK, Form.BULLETS, Form.SHORT):
        return list(sentences)
    whole = all(act in WHOLE for act in acts)
    if form is Form.TABLE and scene.inspection.regions:
        return _table(scene)
    if form is Form.ONE_SENTENCE:
        return [state(scene)] if whole else [first_of(sentences[0], scene)]
    if form is Form.TWO_SENTENCES:
        lines = _two_lines(scene) if whole else [part for sentence in sentences for part in _STOP.split(sentence)][:2]
        return ["\n".join(line if line.endswith((".", "?", "!")) else f"{line}." for line in lines)]
    if form is Form.NUMBER and len(acts) == 1:
        return _number(sentences, scene, acts[0])
    if form is Form.YES_NO:
        return [_yes_or_no(first_of(sentences[0], scene), scene, acts)]
    return list(sentences)


def first_of(sentence: str, scene: Scene) -> str:
    """The first sentence of a text; the verdict in place of the head of a list."""
    first = _STOP.split(sentence)[0].rstrip()
    if first.endswith(":") or first.startswith(("- ", "1.")):
        return state(scene)
    return first if first.endswith((".", "!", "?")) else f"{first}."


def _two_lines(scene: Scene) -> list[str]:
    """Verdict and what it rests on."""
    found = scene.inspection
    if not found.regions:
        return [state(scene), phrases.caveat(scene)]
    first = found.regions[0]
    return [
        state(scene),
        f"{phrases.capital(phrases.name(first))}: rated {first.severity.value}, {wording.percent(first.area_fraction)} of the "
        f"picture, box {phrases.box(first)}, score up to {wording.score(found, first.peak_score)}; "
        f"judged {phrases.judged_by(found)}.",
    ]


def _table(scene: Scene) -> list[str]:
    """The regions as a table in Markdown, the numbers with their units."""
    rows = [
        "| region | kind | place | size | share | severity | score |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for region in scene.inspection.regions:
        called = scene.state.called.get(region.id)
        chance = region.type_probability or 0.0
        kind = called or ("-" if region.type is None else f"{region.type} ({100 * chance:.0f} % sure)")
        measured = phrases.extents(region)
        size = "-" if measured is None else " by ".join(phrases.length(side, measured[1]) for side in measured[0].feret)
        rows.append(
            f"| {region.id} | {kind} | {wording.join(list(region.cells))} | {size} | {wording.percent(region.area_fraction)} | "
            f"{region.severity.value} | {wording.score(scene.inspection, region.peak_score)} |"
        )
    return ["\n".join([f"{state(scene)}\n", *rows])]


def _number(sentences: Sequence[str], scene: Scene, act: Act) -> list[str]:
    """The number that is asked for, with its unit; the sentences where there is none."""
    found = scene.inspection
    plain = {Act.SCORE: wording.score(found), Act.COUNT: str(len(found.regions)), Act.THRESHOLD: wording.threshold(found),
             Act.PRESENCE: str(len(found.regions)), Act.RATING: wording.score(found)}  # fmt: skip
    if act in plain:
        return [plain[act]]
    if act is Act.SURE and scene.regions and scene.regions[0].type_probability is not None:
        return [f"{100 * scene.regions[0].type_probability:.0f} % (kind); score {wording.score(found)}"]
    told: list[str] = []
    for sentence in sentences:
        region, quantity = _REGION.match(sentence), _QUANTITY.search(sentence)
        if quantity is not None and (region is not None or not told):
            told.append(f"{quantity.group()} (region {region[1]})" if region is not None else quantity.group())
    if len(told) == 1:
        told = [told[0].partition(" (region")[0]]
    return [", ".join(told)] if told else list(sentences)


def _yes_or_no(sentence: str, scene: Scene, acts: Sequence[Act]) -> str:
    """A sentence begun with yes or no, where the verdict tells which."""
    if (
        _BEGUN.match(sentence)
        or Act.ACCEPT not in acts
        or scene.medical
        or wording.borderline(scene.inspection.image_score)
    ):
        return sentence
    seen = scene.reported is not None and not scene.anomalous
    head = "No: " if scene.anomalous else "Not yet: " if seen else "Yes, by what I see: "
    return f"{head}{sentence if sentence.startswith('I ') else sentence[:1].lower() + sentence[1:]}"
