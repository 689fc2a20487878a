"""The plain intents: presence, count, where, type, size, severity, appearance, cause, effect, next step and more."""

from __future__ import annotations

import re
from dataclasses import replace

from assistant.reading.question import read_question
from assistant.types import Mode, Region, Severity
from assistant.words import wording
from data_builders.words import nouns
from data_builders.words.phrases import Unsayable, pick, sentence_case
from data_builders.words.teller import NOTHING_TO, Exchange, Teller

ABOUT_ONE = ("where", "type", "size", "severity", "appearance", "cause", "effect")
"""Intents with a region as their subject."""
PLURAL = frozenset({"where", "type", "size", "severity"})
"""Intents that can be asked of all regions at once."""


def presence(teller: Teller) -> Exchange:
    """Is anything wrong, is it normal, what do you see."""
    style = pick(("asks_bad", "asks_bad", "asks_good", "open", "open"), teller.rng)
    question = teller.ask("presence", style)
    return teller.finish("presence", question, describe(teller, question))


def describe(teller: Teller, question: str) -> str:
    """The state of the picture in words, led by yes or no where the question asks for it; sometimes that alone."""
    asked = read_question(question).yes_verdict
    yes = None if asked is None else "Yes" if asked is teller.facts.verdict else "No"
    if yes and teller.chance(0.12) and not teller.doubtful and teller.situation != "spots":
        return f"{yes}."
    keys = ("diffuse", "any") if teller.situation == "diffuse" else ("presence", teller.situation)
    if yes is None or teller.chance(0.3):
        return teller.tell(question, *keys, nothing_to="show")
    for _ in range(20):
        text = teller.tell(question, *keys, nothing_to="show")
        led = f"{yes}, {text if text.startswith('I ') else text[0].lower() + text[1:]}"
        if teller.agrees(led, question):
            return led
    return f"{yes}."


def of_kind(teller: Teller) -> Exchange:
    """Is there a crack? Of a kind that is there or not."""
    there = [r for r in teller.regions if teller.knowledge.find(r.type) is not None]
    if there and teller.chance(0.5):
        region = pick(there, teller.rng)
        question = teller.ask("presence", "kind", given={"a_kind": wording.noun(region.type, teller.knowledge)})
        answer = teller.tell(question, "presence", "kind_yes", focus=region)
        if teller.chance(0.6):
            answer = sentence_case(f"Yes, {lower(answer)}")
        return teller.finish("presence", question, answer, region)
    wrong = absent_kind(teller)
    question = teller.ask("presence", "kind", given={"a_kind": wording.noun(wrong, teller.knowledge)})
    answer = deny(teller, question, "presence", "kind_no", wrong)
    if teller.chance(0.5) and not answer.startswith("No "):
        led = f"No, {lower(answer)}"
        answer = led if teller.agrees(led, question) else answer
    return teller.finish("presence", question, answer)


def deny(teller: Teller, question: str, intent: str, key: str, wrong: str) -> str:
    """An answer that says a kind is not there."""
    return teller.tell(question, intent, key, wrong_kind=wrong, a_wrong_kind=wording.noun(wrong, teller.knowledge))


def absent_kind(teller: Teller) -> str:
    """A kind of the same domain that is neither there nor easily taken for one that is."""
    if any(teller.knowledge.find(r.type) is None for r in teller.regions) or teller.situation == "diffuse":
        raise Unsayable("the kinds are not all known")
    medical = teller.scene().medical
    near = {r.type for r in teller.regions}
    for region in teller.regions:
        entry = teller.knowledge.find(region.type)
        near |= set(entry.confusable) if entry is not None else set()
    entries = teller.knowledge.entries.values()
    names = [e.name for e in entries if (e.domain.value == "medical") is medical and e.name not in near]
    if not names:
        raise Unsayable("no kind is left")
    return pick(names, teller.rng)


def lower(text: str) -> str:
    """A sentence to follow a comma."""
    return text if text.startswith(("I ", "X-")) else text[:1].lower() + text[1:]


def count(teller: Teller) -> Exchange:
    """How many."""
    question = teller.ask("count", "asks")
    if not teller.regions:
        return nothing_there(teller, "count", question)
    key = "one" if len(teller.regions) == 1 else "several"
    return teller.finish("count", question, teller.tell(question, "count", key))


def nothing_there(teller: Teller, intent: str, question: str) -> Exchange:
    """What is said of regions that are not there."""
    keys = ("diffuse", "any") if teller.situation == "diffuse" else (intent, "clear")
    answer = teller.tell(question, *keys, nothing_to=NOTHING_TO.get(intent, "show"))
    return teller.finish(intent, question, answer)


def about_one(teller: Teller, intent: str) -> Exchange:
    """Where, what kind, how large, how grave, what it looks like, why, and what it may do."""
    alone = len(teller.regions) == 1
    all_at_once = intent in PLURAL and not (alone and intent in {"size", "severity"}) and teller.chance(0.4)
    if all_at_once:
        question = teller.ask(intent, "plural")
        if len(teller.regions) > 1:
            return teller.finish(intent, question, tell_all(teller, intent, question))
        if alone:
            return teller.finish(intent, question, teller.tell(question, "worst", "only"))
        region = teller.regions[0] if teller.regions else None
    else:
        words, region = teller.target(by_place=intent != "where", by_kind=intent != "type")
        question = _ask_target(teller, intent, words)
    if region is None:
        return nothing_there(teller, intent, question)
    answer = tell_one(teller, intent, question, region)
    return teller.finish(intent, question, answer, region)


def _ask_target(teller: Teller, intent: str, words: str) -> str:
    """A question that names its region; where there are several, one that leaves no doubt which."""
    flaw = pick(nouns.flaw_words(teller.facts.inspection, teller.scene().medical), teller.rng)[0]
    words = words.replace("{flaw}", flaw)
    for _ in range(40):
        question = teller.ask(intent, "asks", given={"target": words})
        if words.lower() in question.lower() or len(teller.regions) < 2:
            return question
    raise Unsayable("every question leaves open which region is meant")


def tell_one(teller: Teller, intent: str, question: str, region: Region) -> str:
    """An answer about one region."""
    if intent in {"cause", "effect", "appearance"} and teller.knowledge.find(region.type) is None:
        return teller.tell(question, intent, "unknown", focus=region)
    if intent == "type" and region.type is None:
        return teller.tell(question, "type", "unknown", focus=region)
    if intent == "severity" and re.match(r"is .* serious\?|.* worry ", question.lower()):
        return teller.tell(question, "follow_up", _GRADES[region.severity], focus=region)
    return teller.tell(question, intent, "one", focus=region)


_GRADES = {Severity.MINOR: "mild", Severity.MAJOR: "middling", Severity.CRITICAL: "grave"}
"""Lists of answers to "is it serious?"."""


def tell_all(teller: Teller, intent: str, question: str) -> str:
    """An answer about all regions."""
    if intent == "type" and all(r.type is None for r in teller.regions):
        return teller.tell(question, "type", "unknown")
    return teller.tell(question, intent, "several")


def next_step(teller: Teller) -> Exchange:
    """What to do."""
    question = teller.ask("next_step", "asks")
    if not teller.regions:
        if teller.situation == "clear" and teller.doubtful:
            return teller.finish("next_step", question, teller.tell(question, "next_step", "doubtful"))
        return nothing_there(teller, "next_step", question)
    region = teller.strongest()
    key = "one" if teller.knowledge.find(region.type) else "unknown"
    return teller.finish("next_step", question, teller.tell(question, "next_step", key, focus=region), region)


def worst(teller: Teller) -> Exchange:
    """Which region stands out most."""
    question = teller.ask("worst", "asks")
    if not teller.regions:
        return nothing_there(teller, "worst", question)
    region = teller.strongest()
    key = "only" if len(teller.regions) == 1 else "one"
    return teller.finish("worst", question, teller.tell(question, "worst", key, focus=region), region)


def compare(teller: Teller) -> Exchange:
    """Against the reference pictures, if there were any."""
    question = teller.ask("compare", "asks")
    key = {Mode.ZERO_SHOT: "zero_shot", Mode.MUTUAL: "mutual"}.get(teller.facts.mode)
    if key is None:
        key = {"clear": "same", "one": "differs", "several": "differs"}.get(teller.situation, "overall")
    return teller.finish("compare", question, teller.tell(question, "compare", key))


def follow_up(teller: Teller, focus: Region | None) -> Exchange:
    """A question that leans on what was said: the other one, is it serious, where exactly, why, are you sure."""
    others = 5 if len(teller.regions) > 1 else 2
    leaning = (*["other"] * others, "serious", "bad", "exactly", "why", "sure")
    kind = "sure" if focus is None else pick(leaning, teller.rng)
    question = teller.ask("follow_up", kind)
    made = teller.finish("follow_up", question, _lean(teller, kind, question, focus))
    return replace(made, focus=_moved(teller, kind, focus))


def _moved(teller: Teller, kind: str, focus: Region | None) -> Region | None:
    """The region spoken of after a follow-up."""
    if kind != "other" or focus is None:
        return focus
    rest = [r for r in teller.regions if r != focus]
    return rest[0] if len(rest) == 1 else None if rest else focus


def _lean(teller: Teller, kind: str, question: str, focus: Region | None) -> str:
    if kind == "sure":
        return teller.tell(question, "follow_up", "unsure" if teller.doubtful else "sure")
    if focus is None:
        raise Unsayable("nothing to lean on")
    if kind == "other":
        rest = [r for r in teller.regions if r != focus]
        if not rest:
            return teller.tell(question, "follow_up", "no_other")
        if len(rest) == 1:
            return teller.tell(question, "follow_up", "other", focus=rest[0])
        return teller.tell(question, "follow_up", "others", focus=focus)
    if kind == "serious":
        return teller.tell(question, "follow_up", _GRADES[focus.severity], focus=focus)
    return tell_one(teller, {"exactly": "where", "bad": "severity"}.get(kind, "cause"), question, focus)
