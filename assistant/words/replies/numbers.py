"""Replies that explain a number or a rating of the picture: what it is made of, what it means and what it does not mean."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from assistant.reading.acts.act import Act, Family
from assistant.reading.spelling import plain
from assistant.types import THRESHOLD, Inspection, Region, Severity
from assistant.vision.regions import highest_region
from assistant.vocabulary.severity import COSMETIC, FROM, GRAVE, GRAVE_FROM, is_grave, points_of, severity_of
from assistant.words import wording
from assistant.words.replies.pictures import robust
from assistant.words.replies.tool import threshold
from assistant.words.scene import phrases
from assistant.words.scene.scene import Scene

RATED = 2
"""Regions whose ratings are explained in one reply."""
FRAGMENT = 6
"""Words of a piece of a message, at most, that lends what is asked of it from the rest of the message."""
RULE = (
    "The rule adds up to 0.60 points for size and up to 0.40 for strength, which count in full for grave kinds and by "
    "a quarter for "
    f"cosmetic ones; it takes {FROM[Severity.MAJOR]:.2f} points to become major, {FROM[Severity.CRITICAL]:.2f} to "
    f"become critical."
)
"""How regions are rated."""
_RATING = r"(?:minor|major|critical|severity|severe|rating|rated|graded?)"
_WHY_RATED = re.compile(
    rf"\b(?:why|how come)\b.*\b{_RATING}\b|\b(?:how|what) .*\b(?:determin|decid|calculat|comput|defin|work|arriv|set"
    rf"|assign|based|deriv)\w*"
    rf".*\b{_RATING}\b|\b{_RATING}\b.*\b(?:determin|decid|calculat|comput|defin|assign|based|deriv)\w*"
    r"|\bwhat (?:makes|made|does|do you mean|is meant|is the meaning).*\b(?:minor|major|critical)\b"
    r"|\b(?:minor|major|critical)\b.*\bmeans?\b|\bcriteri\w+\b.*\bseverity\b|\bseverity\b.*\bcriteri\w+"
)
_MEANING = re.compile(
    r"\bmean(?:s|ing)?\b|\bexplain\b|\binterpret\b|\bwhat(?:'s| is| are|s)\b|\bhow (?:do|should|can) i read\b|\bwhy\b"
    r"|\bhow come\b"
    r"|\b(?:much|high|low|a lot|little|good|bad|big|small|strong|weak|enough|normal|serious|exactly|same|close|worrying)\b"
    r"|\bunderestimat\w*|\boverestimat\w*|\btoo (?:small|large|low|high|little)\b|\baccura\w+|\bcertain\b"
    r"|\bwhere (?:does|do|is)\b"
    r"|\bhow (?:is|are|was|were|did|do|can|sure)\b|\breliab\w+|\btrust\w*"
)
_PROBABILITY = re.compile(
    r"\b(?:score|number|value|figure|it|that|this|0?[.,]\d+)\b.*\b(?:probabilit(?:y|ies)|percentages?|likelihood|odds|chance)\b"
    r"|\b(?:probability|likelihood|odds)\b.*\b(?:score|number|value)\b|\bconfidence (?:score|level|value)\b"
)
_TERMS = (
    r"\bscores?\b",
    r"\bpeaks?\b",
    r"\bsure\b|\bcertain\w*|\bconfiden\w*|\d ?%",
    r"\bseverity\b|\brat(?:ed|ing)\b",
)
_COMPARED = re.compile(
    r"\bsame\b|\bdifferen(?:ce|t)\b|\bdiffers?\b|\bcontradict\w*|\bwhen\b|\bversus\b|\bvs\b|\bthough\b|\bhow (?:is|can"
    r"|come)\b|\bbut\b"
)
_NEEDED = re.compile(
    r"\b(?:what|which|how (?:high|much|big))\b.*\b(?:score|value|number)\b.*\b(?:have to|need|must|should|would)\b"
    r"|\bscore\b.*\b(?:have to be|need to be|needed|must be)\b|\bhow (?:high|far)\b.*\b(?:must|need|have to)\b"
)
_TOP = re.compile(r"\btop (?:1 ?%|one per ?cent|hundredth|percent)|\bhighest hundredth\b")
_AFFECTS = re.compile(
    r"\b(?:affect|influenc|chang|alter|distort|bias|impact|matter)\w*\b.{0,20}\b(?:score|verdict|rating)\b"
)
_P_VALUE = re.compile(r"\bp[- ]?values?\b|\bp ?=|\bsignifican\w+\b.*\b(?:statistic\w*|score)|\bstatistically\b")
_DECIDES = re.compile(
    r"\b(?:decid|driv|determin|caus|mak|trigger|dominat|weigh|contribut|push|behind|respons)\w*\b.*\b(?:verdict|score|reject\w*|result|decision)"
    r"|\b(?:verdict|score|result)\b.*\b(?:based on|comes? from|depends? on|driven|decided|due to|rests? on|made of|made up of)\b"
)
_BASED = re.compile(
    r"\bthreshold\b.*\b(?:based|come|comes|from|set|chosen|defined|picked|why|mean\w*|who|how|what)\b"
    r"|\b(?:who|how|why|what|where)(?:'s|s)?\b(?! the highest).{0,24}\b(?<!below )(?<!above )(?<!under )(?<!over )threshold\b"
)
_NUMBER = re.compile(
    r"(?<![\d.,x])(?P<value>\d{1,3}(?:[.,]\d+)?)\s?(?P<percent>%|per ?cent|percent)?(?![\d]|\s?(?:mm|cm|px|pixels?|x \d"
    r"|m\b|kg|bar))"
)
_SEVERITIES = re.compile(r"\b(?:minor|major|critical)\b")


def explained(scene: Scene) -> list[str] | None:
    """The explanation that a sentence asks for; None for others."""
    said = plain(scene.question.text)
    if _AFFECTS.search(said):
        return affects(scene)
    if scene.asked.act.family in (Family.SUMMARY, Family.KNOWLEDGE) or scene.asked.act in (
        Act.SCALE,
        Act.COUNT,
        Act.CHANGE_THRESHOLD,
    ):
        return None
    if sum(re.search(term, said) is not None for term in _TERMS[:3]) > 1 and _COMPARED.search(said):
        return apart(scene)
    for pattern, say in _TOPICS:
        if pattern.search(said):
            return say(scene)
    told = _number(scene, said)
    return threshold(scene) if told is None and _BASED.search(said) else told


def rated(scene: Scene) -> list[str]:
    """Why regions are rated as they are: the points of size and strength, from the rule."""
    regions = scene.regions or scene.inspection.regions
    if not regions:
        return [f"Only what is marked is rated, and nothing is. {RULE}"]
    asked = {severity for severity in ("minor", "major", "critical") if severity in plain(scene.question.text)}
    named = [r for r in regions if r.severity.value in asked] if not scene.numbers else list(regions)
    chosen = (named or list(regions))[:RATED]
    said = [_points(scene.inspection, region) for region in chosen]
    return [*said, RULE, "It is a rule for sorting, and no acceptance limit: your own rule decides."]


def _points(found: Inspection, region: Region) -> str:
    size, strength = points_of(region.area_fraction, region.peak_score, region.type)
    head = f"{phrases.capital(phrases.name(region))} is rated {region.severity.value}"
    if severity_of(region.area_fraction, region.peak_score, region.type) is not region.severity:
        return f"{head}, as it was told."
    weight = "" if region.type is None else (
        f", {region.type} counting as grave" if region.type in GRAVE else
        f", {region.type} counting as cosmetic" if region.type in COSMETIC else ""
    )  # fmt: skip
    sums = (
        f"{size:.2f} for its size ({wording.percent(region.area_fraction)} of the picture) and {strength:.2f} for its strength "
        f"(up to {wording.score(found, region.peak_score)}{weight}) make {size + strength:.2f}"
    )
    if is_grave(region.peak_score, region.type) and size + strength < FROM[region.severity]:
        return f"{head}: {sums}, and a grave kind is never minor from {wording.score(found, GRAVE_FROM)} on."
    return f"{head}: {sums}."


def probability(scene: Scene) -> list[str]:
    """That a score is no share of bad parts."""
    found, at = scene.inspection, wording.threshold(scene.inspection)
    moved = found.threshold != THRESHOLD
    set_so = f"was set before its threshold was moved to {at}" if moved else f"is set so that {at} is the threshold"
    return [
        f"The score of {wording.score(found)} is no probability that you can count on: it is a scale from 0 to 1 that "
        f"{set_so}.",
        f"It does not say that {100 * wording.measured(found):.0f} of 100 such pictures are bad: how often yours are bad it "
        f"does not know.",
    ]


def top(scene: Scene) -> list[str]:
    """How picture and map hang together."""
    return [
        f"The map is set so that its highest hundredth is, on average, the score of the picture: "
        f"{wording.score(scene.inspection)}.",
        "So one high spot alone does not turn the verdict, and the peak of a region may lie above that score.",
    ]


def p_value(scene: Scene) -> list[str]:
    """The share of the references that score as high."""
    found = scene.inspection
    if found.p_value is None:
        return [
            "There is no p-value here: it takes 20 normal reference pictures or more.",
            f"What there is: {phrases.scored(found)}.",
        ]
    return [
        f"The p-value is {found.p_value:.3f}: the share of normal pictures, this one counted among them, that score at "
        f"least as high.",
        "The smaller it is, the rarer such a picture is among normal ones.",
    ]


def needed(scene: Scene) -> list[str]:
    """How high the score has to be."""
    found = scene.inspection
    missing = found.threshold - wording.measured(found)
    far = f"{missing:.2f} more" if missing > 0 else f"it lies {-missing:.2f} above it"
    return [
        f"The score of the picture has to reach {wording.threshold(found)} to be called "
        f"anomalous; it is {wording.score(found)} ({far}).",
        "How close the threshold lies to good ones is set with --overkill, or moved on the page.",
    ]


def affects(scene: Scene) -> list[str]:
    """What moves the score: what the picture shows, and how it was taken."""
    found = scene.inspection
    made = f"The score is made of what the picture shows alone, and is {wording.score(found)}; what lies outside does not count."
    return [made, *robust(scene)]


def drives(scene: Scene) -> list[str]:
    """Which place the score rests on."""
    found = scene.inspection
    said = (
        f"The verdict follows from the score of the picture, {wording.score(found)}, "
        f"against the threshold of {wording.threshold(found)}."
    )
    made = "That score is the average of the highest hundredth of the map"
    if not found.regions:
        place = highest_region(found)
        at = (
            ""
            if place is None
            else f"; it is highest {phrases.place(place)}, with {wording.score(found, place.peak_score)}"
        )
        return [said, f"{made}{at}."]
    first = found.regions[0]
    most = (
        f"{made}, so {phrases.name(first)}, {phrases.mark_at(first, scene)}, weighs "
        f"most, with {wording.score(found, first.peak_score)}"
    )
    others = found.regions[1:]
    rest = (
        ""
        if not others
        else f"; the next, {phrases.name(others[0])}, reaches {wording.score(found, others[0].peak_score)}"
    )
    return [said, f"{most}{rest}."]


def apart(scene: Scene) -> list[str]:
    """That score, peak and the chance of a kind are different things."""
    found = scene.inspection
    said = [
        f"They are different things: {wording.score(found)} is the score of the whole picture, which makes the verdict"
    ]
    if not found.regions:
        return [f"{said[0]}; the map tells it place by place."]
    first = (scene.regions or found.regions)[0]
    said[0] += f"; {wording.score(found, first.peak_score)} is the highest value of the map in {phrases.name(first)}"
    if first.type_probability is None:
        return [f"{said[0]}."]
    return [
        f"{said[0]}; {100 * first.type_probability:.0f} % is how sure its kind is, {first.type}.",
        "The first two say how much it differs; the last says what it looks most like, and is the weakest.",
    ]


def _number(scene: Scene, said: str) -> list[str] | None:
    """What a number in the sentence is, where it is one of the picture's; None where none is, or it is not asked for."""
    fragment = len(said.split()) <= FRAGMENT
    if _MEANING.search(plain(scene.message.text) if fragment else said) is None:
        return None
    for match in _NUMBER.finditer(said):
        typed = match["value"].replace(",", ".")
        told = _told(scene, float(typed), len(typed.partition(".")[2]), bool(match["percent"]), said)
        if told is not None:
            return told
    return None


def _told(scene: Scene, value: float, digits: int, percent: bool, said: str) -> list[str] | None:
    """The explanation of a number with so many digits behind its point."""
    step, found = 0.5 * 10.0**-digits + 1e-9, scene.inspection
    first = scene.regions or scene.inspection.regions
    regions = (*first, *(r for r in scene.inspection.regions if r not in first))
    if percent:
        return _percentage(scene, regions, value, step)
    if digits < 1 or value > 1:
        return None
    of_region = re.search(r"\bpeak\b|\bregion \d", said) is not None
    is_score = abs(value - wording.measured(found)) <= step
    if is_score and not of_region:
        return score_of(scene)
    peaks = [region for region in regions if abs(value - wording.measured(found, region.peak_score)) <= step]
    if peaks:
        return peak_of(peaks[0], scene)
    if is_score:
        return score_of(scene)
    place = highest_region(scene.inspection)
    if place is not None and abs(value - wording.measured(found, place.peak_score)) <= step:
        return _highest(place, scene)
    return threshold(scene) if abs(value - found.threshold) <= step else None


def _percentage(scene: Scene, regions: Sequence[Region], value: float, step: float) -> list[str] | None:
    """The explanation of a percentage: of a kind's chance, of a share of the picture, or of the score."""
    for region in regions:
        if region.type_probability is not None and abs(value - 100 * region.type_probability) <= step:
            return chance_of_kind(region, scene)
        if abs(value - 100 * region.area_fraction) <= step:
            return _share(region, scene)
    return probability(scene) if abs(value - 100 * wording.measured(scene.inspection)) <= step else None


def score_of(scene: Scene) -> list[str]:
    """What the score of the picture is, and on which side of the threshold it lies."""
    found = scene.inspection
    side = "above" if found.image_score >= THRESHOLD else "below"
    close = wording.borderline(found.image_score)
    how = f"only just {side}" if close else f"well {side}" if not 0.2 <= found.image_score < 0.8 else side
    verdict = f"the verdict is {found.verdict.value}{', but it could go either way' if close else ''}"
    return [
        f"{wording.score(found)} is the score of the picture, from 0 to 1: the higher, the more unusual.",
        f"It lies {how} the threshold of {wording.threshold(found)}, so {verdict}.",
        "It is the average of the highest hundredth of the map, and no probability.",
    ]


def peak_of(region: Region, scene: Scene) -> list[str]:
    """What the highest value of a region is."""
    high = "a little above" if region.peak_score < 0.65 else "clearly above" if region.peak_score < 0.9 else "far above"
    return [
        f"{wording.score(scene.inspection, region.peak_score)} is the highest value of the map in {phrases.name(region)}, "
        f"{phrases.mark_at(region, scene)}: on the "
        f"scale from 0 to 1 that is {high} the threshold of {wording.threshold(scene.inspection)}.",
        f"It says how unusual that place looks, not how grave it is; the verdict rests on the score of the whole picture, "
        f"{wording.score(scene.inspection)}.",
    ]


def _highest(place: Region, scene: Scene) -> list[str]:
    found = scene.inspection
    side = "at or above" if place.peak_score >= THRESHOLD else "below"
    return [
        f"{wording.score(found, place.peak_score)} is the highest value of the map, {side} the "
        f"threshold of {wording.threshold(found)} at that point.",
        f"Nothing is marked {phrases.place(place)}, where it lies: the verdict is made by the score of the picture, "
        f"{wording.score(found)}, the average of the highest hundredth of the map. A point alone does not make it, and "
        f"places are marked only where that score reaches {wording.threshold(found)}.",
        phrases.caveat(scene),
    ]


def chance_of_kind(region: Region, scene: Scene) -> list[str]:
    """What the percentage beside a kind is."""
    chance = region.type_probability or 0.0
    entry = scene.knowledge.find(region.type)
    alike = "" if entry is None or not entry.confusable else (
        f" It could also be {wording.join([wording.noun(n, scene.knowledge) for n in entry.confusable], 'or')}."
    )  # fmt: skip
    return [
        f"{100 * chance:.0f} % is how sure the kind of {phrases.name(region)} is: of the kinds that I know it looks most like "
        f"{wording.noun(region.type, scene.knowledge)}, the rest lies with other kinds.{alike}",
        "It does not say how much that place differs: for that the map stands, with "
        f"{wording.score(scene.inspection, region.peak_score)}.",
    ]


def _share(region: Region, scene: Scene) -> list[str]:
    return [
        f"{wording.percent(region.area_fraction)} of the picture is what the map marks as {phrases.name(region)}: all "
        f"pixels there that "
        f"reach the threshold of {wording.threshold(scene.inspection)}.",
        "The map is coarser than the mark, so its outline may cut a part off or take in what lies around: the true "
        "share may be smaller "
        "or larger.",
    ]


_TOPICS: tuple[tuple[re.Pattern[str], Callable[[Scene], list[str]]], ...] = (
    (_WHY_RATED, rated), (_TOP, top), (_P_VALUE, p_value), (_DECIDES, drives), (_PROBABILITY, probability), (_NEEDED, needed),
)  # fmt: skip
"""What a sentence asks about, and what is said on it; the first that fits."""
