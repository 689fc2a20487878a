"""Replies to "what does that word mean?": words and signs of the verdict's card, each with the card's own value."""

from __future__ import annotations

import re
from collections.abc import Callable

from assistant.reading.spelling import plain
from assistant.types import MeasuredBy, Mode, Region
from assistant.words import wording
from assistant.words.replies import kinds, numbers, pictures, tool
from assistant.words.scene import phrases
from assistant.words.scene.scene import Scene

WARNINGS = 2
"""Warnings of a card that one reply repeats."""
_WHOLE = re.compile(
    r"\b(?:card|screen|page|it)\b (?:now )?(?:say|says|show|shows|tell|tells)\b\W*(?:now|then|me|here)?\W*$"
)
"""Asks for the card as a whole."""


def card_word(scene: Scene) -> list[str]:
    """What the word asked for means, with the card's value; of a number its meaning; of others what the card shows."""
    if (number := numbers.explained(scene)) is not None:
        return number
    said = plain(scene.question.text)
    for words, say in _WORDS:
        if words.search(said):
            return say(scene)
    if scene.question.kinds:
        return kinds.kind_meaning(scene)
    return _shown(scene)


def _shown(scene: Scene) -> list[str]:
    """What the card shows, for a word that is none of its own, or where it is asked for as a whole."""
    found = scene.inspection
    unknown = "" if _WHOLE.search(plain(scene.question.text)) else "That word I cannot place. "
    warned = "no warning" if not found.warnings else wording.counted(len(found.warnings), "warning")
    return [
        f"{unknown}The card shows the verdict ({found.verdict.value}), the score "
        f"{found.image_score:.2f} against the "
        f"threshold of 0.50, {wording.counted(len(found.regions), 'region')} and {warned}.",
        "Ask of one of them: score, threshold, borderline, region, severity, how sure a kind is, references, heat map, warning.",
    ]


def _band(scene: Scene) -> list[str]:
    found = scene.inspection
    band = wording.band(found.image_score, found.mode is not Mode.ZERO_SHOT)
    near = f"{0.5 - wording.NEAR:.2f} to {0.5 + wording.NEAR:.2f}"
    return [
        f"Such words say where the score lies: from {near} it is called borderline, below 0.20 or from 0.80 on clear, as far as "
        "references were given, and else probable.",
        f'Here the score is {found.image_score:.2f}, "{band}": {phrases.how_close(found.image_score)}.',
    ]


def _verdict(scene: Scene) -> list[str]:
    found = scene.inspection
    side = "reaches" if scene.anomalous else "stays below"
    worth = "" if scene.anomalous else ", not that it is harmless or that nothing is there"
    return [
        f'"{phrases.capital(found.verdict.value)}" says that the score of {found.image_score:.2f} {side} the threshold '
        f"of 0.50: it looks "
        f"{'unlike' if scene.anomalous else 'like'} what is usual{worth}.",
        f"It was judged {phrases.judged_by(found)}.",
    ]


def _region(scene: Scene) -> list[str]:
    count = len(scene.inspection.regions)
    here = f"here there {'is' if count == 1 else 'are'} {wording.counted(count, 'region')}"
    return [
        f"A region is one connected place of the map that reaches the threshold of 0.50; {here}.",
        "They are numbered from the strongest on; the number says nothing else.",
    ]


def _box(scene: Scene) -> list[str]:
    said = (
        "A box is the smallest upright rectangle that holds a region of the map, in pixels of the picture from its top "
        "left corner"
    )
    first = _first(scene)
    if first is None:
        return [f"{said}; here there is none."]
    measured = phrases.extents(first)
    size = "" if measured is None else (
        f" What is measured in it is {phrases.length(measured[0].length, measured[1])} long and "
        f"{phrases.length(measured[0].width, measured[1])} wide."
    )  # fmt: skip
    return [f"{said}: of {phrases.name(first)} it is {phrases.box(first)}. The mark itself is mostly smaller.{size}"]


def _severity(scene: Scene) -> list[str]:
    regions = scene.regions or scene.inspection.regions
    rated = (
        ""
        if not regions
        else f" Here {wording.join([f'{phrases.name(r)} is {r.severity.value}' for r in regions[:3]])}."
    )
    return [
        f"Minor, major and critical are a rule of this program for sorting, by size, strength and kind; no acceptance "
        f"limit.{rated}",
        numbers.RULE,
    ]


def _sure(scene: Scene) -> list[str]:
    first = _first(scene)
    if first is None or first.type is None:
        return ["A percentage beside a kind says how sure that name is; here no kind is given."]
    chance = 100 * (first.type_probability or 0.0)
    return [
        f"{chance:.0f} % is how sure the name {first.type} of {phrases.name(first)} is, among the kinds that I know: the rest "
        "lies with other kinds, not with its being fine.",
        f"How much it differs is another number: up to {first.peak_score:.2f}, against a threshold of 0.50.",
    ]


def _reference(scene: Scene) -> list[str]:
    return [
        "A reference is a picture that shows how good ones look; each place of this picture is held against them.",
        f"This one was judged {phrases.judged_by(scene.inspection)}.",
    ]


def _few(scene: Scene) -> list[str]:
    found = scene.inspection
    return [
        f"Few references means that little is known of how good ones vary: this one was judged {phrases.judged_by(found)}.",
        f"The score of {found.image_score:.2f} is not lowered by that, but counts for less: faint marks can be missed, "
        f"and rare but good "
        "looks can be marked. Each further good one that shows another piece narrows it.",
    ]


def _warning(scene: Scene) -> list[str]:
    warnings = scene.inspection.warnings
    rough = scene.inspection.mode is Mode.ZERO_SHOT
    if not warnings:
        none = (
            "It is a rough guess, as no references show what normal looks like here" if rough else "Here there is none"
        )
        return [f"A warning says what speaks against relying on the verdict; it changes no score. {none}."]
    listed = "; ".join(one.rstrip(".") for one in warnings[:WARNINGS])
    more = len(warnings) - WARNINGS
    rest = f"; and {more} more" if more > 0 else ""
    return [
        f"A warning says what speaks against relying on the verdict; it changes no score. Here: the picture {listed}{rest}.",
    ]


def _product(scene: Scene) -> list[str]:
    told = [one for one in scene.inspection.warnings if "product" in one]
    here = f"Here it says: the picture {told[0].rstrip('.')}." if told else "This card does not say so."
    return [
        "Such a warning means that the picture lies further from the references than pictures of one product do, as "
        "another type, "
        f"revision or view may. {here}",
        "The score stands, but compares it with something else then: give references of this product.",
    ]


def _sign(scene: Scene) -> list[str]:
    sign = "!" if scene.anomalous else "✓"
    return [
        "Colour and sign of the card say only on which side of the threshold the score lies: ✓ below 0.50, ! from 0.50 on; here "
        f"{sign}, with {scene.inspection.image_score:.2f}.",
        "The colours of boxes show the severity, those of the heat map the score of each place.",
    ]


def _auroc(scene: Scene) -> list[str]:
    return [
        "AUROC is no value of one picture: over many labelled ones it is the chance that an anomalous one scores "
        "higher than a normal one, "
        "1 at best, 0.5 by guessing.",
        f"`evaluate` measures it on pictures of your own; this picture has a score, {scene.inspection.image_score:.2f}.",
    ]


def _mode(scene: Scene) -> list[str]:
    return [
        "Zero-shot means judged without pictures of good ones, few-shot means compared with some.",
        f"This one was judged {phrases.judged_by(scene.inspection)}.",
    ]


def _guarantee(scene: Scene) -> list[str]:
    promised = scene.inspection.guarantee
    here = f"Here: {promised}." if promised else "Here nothing is promised."
    return [f"A guarantee bounds how many normal pictures are called anomalous; it takes 20 references or more. {here}"]


def _measure(scene: Scene) -> list[str]:
    first = _first(scene)
    by = None if first is None or first.measures is None else first.measures.by
    here = "" if first is None or by is None else (
        f" {phrases.capital(phrases.name(first))} was measured on "
        f"{'the line found in the picture' if by is MeasuredBy.LINE else 'the outline of the map'}."
    )  # fmt: skip
    return [
        f'"About" is measured on the coarse outline of the map, "at least" may go on further; mm need a scale, px are '
        f"pixels.{here}"
    ]


def _first(scene: Scene) -> Region | None:
    regions = scene.regions or scene.inspection.regions
    return regions[0] if regions else None


_WORDS: tuple[tuple[re.Pattern[str], Callable[[Scene], list[str]]], ...] = tuple(
    (re.compile(words), say)
    for words, say in (
        (r"\bauroc\b|\bauc\b|\broc\b", _auroc),
        (r"\bp[- ]?value\b|\blook as unusual\b", numbers.p_value),
        (
            r"\bborderline\b|\bclose to\b|\bclearly\b|\bprobably\b|\bjust (?:above|below)\b|\bnearly (?:bad|good)\b",
            _band,
        ),
        (r"\bfew references?\b|\bonly (?:\w+) references?\b", _few),
        (r"\b(?:an)?other product\b|\banother part\b", _product),
        (r"\bwarn\w*\b|\btriangle\b|\bexclamation\b|\bsmall picture\b|\bnot looked\b|\brough guess\b", _warning),
        (r"\bminor\b|\bmajor\b|\bcritical\b|\bseverit\w*\b|\brat(?:ed|ing)\b", _severity),
        (r"\b(?:red|green|orange|amber|yellow|blue|grey|colou?r|tick|check ?mark|sign)\b(?!.*\b(?:map|heat)\b)", _sign),
        (r"\bheat\b|\bheat ?map\b|\bmap\b|\bcolou?rs\b", pictures.heat_map),
        (r"%|\bpercent\b|\bper cent\b|\bsure\b|\bcertain\b|\bconfiden\w+\b", _sure),
        (r"\bthreshold\b|\bcut-?off\b", tool.threshold),
        (r"\bpeak\b", numbers.apart),
        (r"\bscores?\b|\bout of\b|\bscale\b|\bnumbers?\b", numbers.probability),
        (r"\bguarantee\b|\bpromised?\b", _guarantee),
        (r"\b(?:zero|few)[- ]shot\b|\bmode\b", _mode),
        (r"\breferences?\b", _reference),
        (r"\bbox(?:es)?\b|\brectangles?\b|\bdiameters?\b|\bframes?\b", _box),
        (r"\bregions?\b|\bmarks?\b|\br\d\b", _region),
        (r"\babout\b|\bat least\b|\bmm\b|\bpx\b|~", _measure),
        (r"\bnormal\b|\banomal\w+\b|\bverdict\b|\bgood\b|\bbad\b", _verdict),
    )
)
"""Words of the card, and what is said on each; the first that fits."""
